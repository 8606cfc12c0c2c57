"""What the console says about runs and rows."""

import sys
from typing import Any

from srllm_data.errors import StoreError
from srllm_data.schema import COLUMNS
from srllm_data.workspace import Workspace

_TEXTS = ("text", "rewrite", "candidates", "biased_spans")


def print_funnel(run: dict[str, Any]) -> None:
    """Rows in, kept and dropped for each stage, with the reasons, as a table on stdout."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Rows by stage", title_justify="left")
    table.add_column("stage")
    for name in ("in", "kept", "dropped"):
        table.add_column(name, justify="right")
    table.add_column("reasons", overflow="fold")
    table.add_column("time", justify="right")
    for stage in run["funnel"]:
        reasons = "\n".join(
            f"{d['reason']} {d['rows']:,} ({d['disposition']})"
            for d in sorted(stage["dropped"], key=lambda d: -d["rows"])
        )
        stored = run["stages"][stage["stage"]]["from_store"]
        table.add_row(
            stage["stage"],
            *(f"{stage[k]:,}" for k in ("rows_in", "rows_kept", "rows_dropped")),
            reasons,
            "stored" if stored else f"{stage['seconds']:.1f} s",
        )
    width = None if sys.stdout.isatty() else 100
    console = Console(width=width)
    console.print(table)
    for warning in warnings(run):
        console.print(f"Warning: {warning}", markup=False, highlight=False)


#: What it means that a stage has rows about which an endpoint is asked again.
_UNANSWERED = {
    "label": "text(s) got no answer from a rater and are labelled without it; the report says how "
    "many of each end",
    "validate": "rewrite(s) got no answer from the judge and are held",
}


def warnings(run: dict[str, Any]) -> list[str]:
    """What a curator should know about a run: broken sources, failed expectations, odd figures."""
    found = []
    for stage in run["funnel"]:
        sources = stage["facts"].get("sources", [])
        found += [f"Source '{s['name']}': {s['error']}" for s in sources if s["error"]]
        found += stage["facts"].get("warnings", [])
        if stage["stage"] in _UNANSWERED and stage["facts"].get("ask_again"):
            rows = f"{stage['facts']['ask_again']:,}"
            found.append(f"{rows} {_UNANSWERED[stage['stage']]}, and the next build asks again.")
        if stage["facts"].get("outdated_decisions"):
            found.append(
                f"{stage['facts']['outdated_decisions']} decision(s) were made about rewrites that "
                "have changed since and do not apply; review those rows again."
            )
    for check in run["checks"]:
        found += [
            f"Expectation at '{check['boundary']}': {e['sentence']}"
            for e in check["expectations"]
            if not e["success"]
        ]
    return found


def held_rows(workspace: Workspace, keys: dict[str, str]) -> list[dict[str, Any]]:
    """Rows that the newest run held for a curator: id, source, location, reasons and texts.

    Those that teach most come first: unsure ones, disputed ones, ones about a rare group.
    StoreError where that run did not get to the review, or a build is making it anew.
    """
    import pyarrow.compute as pc

    from srllm_data.labellers.select import worthiest_first

    for stage in ("validate", "review"):
        if stage not in keys or workspace.manifest(stage, keys[stage]) is None:
            raise StoreError(
                f"The newest run in {workspace.root} has no output of stage '{stage}', so no row "
                "waits yet; run 'srllm build'."
            )
    dropped = workspace.dropped("review", keys["review"])
    held = dropped.filter(pc.equal(dropped["disposition"], "held"))
    waiting = dict(zip(held["id"].to_pylist(), held["detail"].to_pylist(), strict=True))
    names = ["id", "source", "location", "reasons", "text", "rewrite", "priority", "target_groups"]
    rows = workspace.kept("validate", keys["validate"]).select(names).to_pylist()
    rows = [row for row in rows if row["id"] in waiting]
    for row in rows:
        # An expectation that holds the row comes after what the gates say.
        found = waiting[row["id"]].removeprefix("; ".join(row["reasons"])).removeprefix("; ")
        row["reasons"] += [found] if found else []
    return worthiest_first(rows)


def hide_texts(way: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same way without anything that the source or a model said."""
    return [
        {**step, "row": {k: v for k, v in step["row"].items() if k not in _TEXTS}}
        if "row" in step
        else step
        for step in way
    ]


def lines(way: list[dict[str, Any]]) -> list[str]:
    """One row's way, a line for each column that a stage wrote or changed."""
    out: list[str] = []
    before: dict[str, Any] = {}
    for step in way:
        stage = step["stage"]
        if "end" in step:
            end = step["end"]
            out.append(f"{stage}: ended as {end['disposition']}, because {end['reason']}")
            if end["duplicate_of"]:
                out.append(f"    duplicate of {end['duplicate_of']}, {end['similarity']:.2f} alike")
            if end["detail"]:
                out.append(f"    {end['detail']}")
            continue
        row = step["row"]
        changed = {
            n: v
            for n, v in row.items()
            if COLUMNS[n].stage == stage or (n in before and before[n] != v)
        }
        out.append(f"{stage}: " + ("kept" if stage != "release" else row["disposition"]))
        out += [f"    {n}: {_shown(v)}" for n, v in changed.items() if v not in (None, [], "")]
        before = row
    return out


def _shown(value: Any) -> str:
    if isinstance(value, list):
        if value and isinstance(value[0], dict) and value[0].keys() == {"name", "value"}:
            return ", ".join(f"{v['name']} {v['value']:g}" for v in value)
        return "; ".join(_shown(v) for v in value)
    if isinstance(value, dict):
        return ", ".join(f"{k} {v}" for k, v in value.items() if v is not None)
    return str(value)
