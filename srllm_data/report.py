"""The page of one run: what came out, what went wrong, and where every row ended.

The page stands alone (no script, nothing loaded) and holds ids and figures, never a text: the
sources are offensive.
"""

import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from srllm_data import __version__
from srllm_data.config import Config
from srllm_data.explain import warnings
from srllm_data.ledger import OUTCOMES
from srllm_data.quality import BOUNDARIES
from srllm_data.schema import BIAS, DISPOSITIONS, HARM, SENTIMENT, STAGES, TOXICITY, VERDICTS
from srllm_data.workspace import Workspace

#: How many waiting rows and failing rows are named; the counts are always complete.
MAX_HELD = 100
MAX_FAILING = 10

#: The first stage that can end a row so.
_FIRST = {
    "duplicate": "deduplicate",
    "filtered": "gather",
    "failed": "label",
    "rejected": "validate",
    "held": "review",
}

_LABELS = {"bias": BIAS, "toxicity": TOXICITY, "sentiment": SENTIMENT, "harm": HARM}

#: How the rewrite stage counts what was paid in this run and what it took from the ledger.
_COSTS = (
    ("requests", "requests_sent", "requests_from_ledger"),
    ("tokens sent", "tokens_in", "ledger_tokens_in"),
    ("tokens received", "tokens_out", "ledger_tokens_out"),
    ("US dollars", "cost", "ledger_cost"),
)


_USED = ("requests", "tokens", "cost")
_ROUND = ("tried", "kept", "accepted")


def render_report(config: Config, workspace: Workspace, run: dict[str, Any]) -> str:
    """One self-contained HTML page about ``run``, a record as ``runs.finish`` builds it.

    Stages that the run did not reach are left out of every section.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("srllm_data"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number, "share": _share, "words": _words, "money": _money}
    environment.filters["coefficient"] = _coefficient
    page = environment.get_template("report.html")
    return page.render(**_content(config, _Rows(workspace, run), run)) + "\n"


@dataclass(frozen=True)
class _Rows:
    """The tables of one run's finished stages."""

    workspace: Workspace
    run: dict[str, Any]

    def has(self, stage: str) -> bool:
        return stage in self.run["stages"]

    @property
    def published(self) -> bool:
        return bool(self.run["release"])

    def kept(self, stage: str, *columns: str) -> list[list[Any]]:
        """The values of the given columns of the rows that ``stage`` handed on."""
        table = self.workspace.kept(stage, self.run["stages"][stage]["key"])
        return [table[c].to_pylist() for c in columns]

    def ends(self) -> dict[str, str]:
        """Disposition by id of every row that a stage dropped."""
        found: dict[str, str] = {}
        for stage, stored in self.run["stages"].items():
            table = self.workspace.dropped(stage, stored["key"])
            found |= zip(table["id"].to_pylist(), table["disposition"].to_pylist(), strict=True)
        return found


def _content(config: Config, rows: _Rows, run: dict[str, Any]) -> dict[str, Any]:
    stages = {s["stage"]: s for s in run["funnel"]}
    ends = rows.ends()
    return {
        "name": config.release.name,
        "run": run,
        "release": _release(rows, run),
        "warnings": warnings(run),
        "gathered": run["funnel"][0]["rows_in"] if run["funnel"] else 0,
        "ends": _dispositions(rows),
        "waiting": _waiting(run),
        "missing": [s for s in STAGES if not rows.has(s)],
        "sources": _sources(config, rows, stages),
        "labels": _labels(rows),
        "labelling": _labelling(config, rows, stages),
        "acceptance": _acceptance(rows, ends),
        "rewriting": _rewriting(rows, stages),
        "gates": _gates(stages),
        "boundaries": _boundaries(run),
        "held": _held(rows, ends),
        "max_held": MAX_HELD,
        "max_failing": MAX_FAILING,
        "figures": _figures(run),
        "settings": _settings(config),
        "libraries": _libraries(run),
    }


def _release(rows: _Rows, run: dict[str, Any]) -> dict[str, Any] | None:
    if not run["release"]:
        return None
    path = Path(run["release"])
    page = rows.workspace.root / "runs" / run["run"]
    docs = os.path.relpath(path.with_name(f"{path.name}.data_docs") / "index.html", page)
    splits = Counter(*rows.kept("release", "split"))
    return {
        "name": path.name,
        "data_docs": quote(docs),
        "card": quote(os.path.relpath(path / "README.md", page)),
        "splits": [(s, splits[s]) for s in ("train", "validation", "test")],
    }


def _dispositions(rows: _Rows) -> list[tuple[str, int]]:
    """Rows by disposition; without a release, none is released or a control yet."""
    counts: Counter[str] = Counter()
    for stage in rows.run["funnel"]:
        for dropped in stage["dropped"]:
            counts[dropped["disposition"]] += dropped["rows"]
    possible = {end for end, stage in _FIRST.items() if rows.has(stage)}
    if rows.published:
        counts.update(*rows.kept("release", "disposition"))
        possible |= {"released", "control"}
    return [(d, counts[d]) for d in DISPOSITIONS if d in possible or counts[d]]


def _waiting(run: dict[str, Any]) -> dict[str, Any] | None:
    """Without a release, the rows that the last stage handed on have no end yet."""
    if run["release"] or not run["funnel"]:
        return None
    last = run["funnel"][-1]
    return {"stage": last["stage"], "rows": last["rows_kept"]}


def _sources(
    config: Config, rows: _Rows, stages: dict[str, dict[str, Any]]
) -> list[dict[str, Any]] | None:
    if "gather" not in stages:
        return None
    licences: dict[str, set[str]] = {}
    for source, licence in zip(*rows.kept("gather", "source", "licence"), strict=True):
        licences.setdefault(source, set()).add(licence)
    ended = rows.kept("release", "source", "disposition") if rows.published else []
    published = Counter(zip(*ended, strict=True))
    configured = {s.name: s.licence for s in config.gather.sources}
    return [
        {
            **fact,
            "licences": sorted(licences.get(fact["name"], {configured[fact["name"]]})),
            "released": published[fact["name"], "released"],
            "controls": published[fact["name"], "control"],
        }
        for fact in stages["gather"]["facts"]["sources"]
    ]


def _labels(rows: _Rows) -> dict[str, Any] | None:
    """Rows by label value and target group: labelled ones, and those of the release."""
    if not rows.has("label"):
        return None
    before, then = _values(rows, "label")
    after, now = _values(rows, "release") if rows.published else (None, None)
    tables = []
    for name, counts in then.items():
        values = _LABELS.get(name) or sorted(counts, key=lambda v: (v == "none", -counts[v], v))
        lines = [(value, counts[value], now and now[name][value]) for value in values]
        tables.append((name, lines))
    return {"before": before, "after": after, "tables": tables}


def _values(rows: _Rows, stage: str) -> tuple[int, dict[str, Counter[str]]]:
    *columns, groups = rows.kept(stage, *_LABELS, "target_groups")
    counts = {name: Counter(values) for name, values in zip(_LABELS, columns, strict=True)}
    named = Counter(group for of_row in groups for group in of_row or ["none"])
    return len(groups), counts | {"target group": named}


def _labelling(
    config: Config, rows: _Rows, stages: dict[str, dict[str, Any]]
) -> dict[str, Any] | None:
    """Opinions by labeller and outcome, how far labellers agree, and what asking raters came to."""
    if not rows.has("label"):
        return None
    from srllm_data.label import rater_agreement

    table = rows.workspace.kept("label", rows.run["stages"]["label"]["key"])
    ended: dict[str, Counter[str]] = {}
    for of_row in table["opinions"].to_pylist():
        for opinion in of_row or ():
            ended.setdefault(opinion["labeller"], Counter())[opinion["outcome"]] += 1
    facts = stages["label"]["facts"]
    return {
        "by": sorted((name, counts.most_common()) for name, counts in ended.items()),
        "agreement": list(rater_agreement(table, config.label).items()),
        "costs": [(said, facts[n], facts[old]) for said, n, old in _COSTS if n in facts],
        "from_store": rows.run["stages"]["label"]["from_store"],
        "ask_again": facts.get("ask_again", 0),
    }


def _acceptance(rows: _Rows, ends: dict[str, str]) -> dict[str, Any] | None:
    """Ends of the rows that needed a rewrite, by source and by target group."""
    if not rows.has("review"):
        return None
    sources: dict[str, Counter[str]] = {}
    groups: dict[str, Counter[str]] = {}
    labelled = rows.kept("label", "id", "source", "control", "target_groups")
    for row_id, source, control, named in zip(*labelled, strict=True):
        if control:
            continue
        end = ends.get(row_id, "accepted")
        sources.setdefault(source, Counter())[end] += 1
        for group in named or ["none"]:
            groups.setdefault(group, Counter())[end] += 1
    found = set().union(*sources.values())
    return {
        "ends": ["accepted", *(d for d in DISPOSITIONS if d in found)],
        "tables": [
            ("source", sorted(sources.items())),
            ("target group", sorted(groups.items(), key=lambda g: (g[0] == "none", *_by_rows(g)))),
        ],
    }


def _by_rows(group: tuple[str, Counter[str]]) -> tuple[int, str]:
    return -group[1].total(), group[0]


def _rewriting(rows: _Rows, stages: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    if "rewrite" not in stages:
        return None
    facts = stages["rewrite"]["facts"]
    kept = zip(*rows.kept("rewrite", "rewrite_by", "control"), strict=True)
    return {
        "by": Counter(by for by, control in kept if not control).most_common(),
        "outcomes": [(n, facts[n]) for n in ("control", "unchanged", *OUTCOMES) if facts.get(n)],
        "ask_again": facts.get("ask_again", 0),
        "costs": [(said, facts[n], facts[old]) for said, n, old in _COSTS if n in facts],
        "purposes": [
            (n.removesuffix("_requests"), *(facts[n.replace("requests", v)] for v in _USED))
            for n in facts
            if n.endswith("_requests")
        ],
        "rounds": [
            (n.removesuffix("_tried"), *(facts[n.replace("tried", v)] for v in _ROUND))
            for n in facts
            if n.endswith("_tried")
        ],
        "rows": stages["rewrite"]["rows_in"],
        "from_store": rows.run["stages"]["rewrite"]["from_store"],
    }


def _gates(stages: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Rows by verdict, and by gate that they fail; a row may fail several."""
    if "validate" not in stages:
        return None
    from srllm_data.validate.gates import CONTROL_GATES, GATES

    facts = stages["validate"]["facts"]
    gates = [(g, facts.get(f"gate={g.name}", 0)) for g in (*GATES, *CONTROL_GATES)]
    return {
        "verdicts": [(v, facts.get(f"verdict={v}", 0)) for v in VERDICTS],
        "rows": stages["validate"]["rows_in"],
        "failed": [
            (g.name, g.verdict, n)
            for g, n in sorted(gates, key=lambda gate: (-gate[1], gate[0].name))
            if n
        ],
        "passed": [g.name for g, n in gates if not n],
    }


def _boundaries(run: dict[str, Any]) -> list[dict[str, Any]]:
    """Every boundary, with its result where it was checked; failed expectations first."""
    checks = {check["boundary"]: check for check in run["checks"]}
    unchecked: dict[str, Any] = {"rows": None, "expectations": []}
    found = []
    for name, stage in BOUNDARIES.items():
        check = checks.get(name, unchecked)
        told = sorted(check["expectations"], key=lambda e: bool(e["success"]))
        failed = sum(not e["success"] for e in told)
        found.append(
            {
                "name": name,
                "stage": stage,
                "rows": check["rows"],
                "failed": failed,
                "expectations": told,
            }
        )
    return found


def _held(rows: _Rows, ends: dict[str, str]) -> dict[str, Any] | None:
    if not rows.has("review"):
        return None
    validated = rows.kept("validate", "id", "source", "location", "reasons")
    found = [row for row in zip(*validated, strict=True) if ends.get(row[0]) == "held"]
    return {"rows": found[:MAX_HELD], "total": len(found)}


def _figures(run: dict[str, Any]) -> list[tuple[str, list[tuple[str, Any]]]]:
    """What else the stages counted; labels, rewriting and gates have their own sections."""
    found = [
        (s["stage"], [(n, v) for n, v in s["facts"].items() if isinstance(v, int | float)])
        for s in run["funnel"]
        if s["stage"] not in ("label", "rewrite", "validate")
    ]
    return [(stage, figures) for stage, figures in found if figures]


_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.I)


def _settings(config: Config) -> str:
    import yaml

    from srllm_data.errors import shown

    def safe(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: safe(v) for name, v in value.items()}
        if isinstance(value, list):
            return [safe(v) for v in value]
        return shown(value) if isinstance(value, str) and _ADDRESS.match(value) else value

    settings = safe(config.model_dump(by_alias=True))
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)


def _libraries(run: dict[str, Any]) -> list[tuple[str, str]]:
    versions = {"srllm": __version__}
    for stage in run["funnel"]:
        versions |= stage["components"]["libraries"]
    return sorted(versions.items())


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _money(value: float) -> str:
    return f"{value:,.4f}"


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _coefficient(value: float) -> str:
    """A coefficient of agreement; it has no value where nobody ever differed."""
    return "none" if value != value else f"{value:.2f}"
