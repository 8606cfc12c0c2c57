"""``srllm expectations``: which suites there are, what they expect, and how rows fare by them."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data.config import Config
from srllm_data.drift import last_release
from srllm_data.errors import SrllmError
from srllm_data.quality import (
    BOUNDARIES,
    DERIVED,
    SEVERITIES,
    columns,
    read_suite,
    try_boundary,
    try_rows,
)
from srllm_data.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

#: Failing rows that a line names; ``--json`` names all.
_NAMED = 5


def listed(config: Config) -> list[dict[str, Any]]:
    """Each suite: its name, stage, purpose, file, and expectations by severity."""
    found = []
    for boundary, stage in BOUNDARIES.items():
        suite = read_suite(boundary, config)
        counts = Counter(e["severity"] for e in suite.expectations)
        found.append(
            {
                "suite": boundary,
                "stage": stage,
                "purpose": suite.purpose,
                "file": str(suite.path),
                "expectations": {s: counts[s] for s in SEVERITIES},
            }
        )
    return found


def explained(boundary: str, config: Config) -> list[dict[str, Any]]:
    """Each expectation of a suite: its sentence, type, columns, severity, meta and settings."""
    return [
        {
            "says": e["meta"]["says"],
            "type": e["type"],
            "columns": sorted(columns(e)),
            "severity": e["severity"],
            "hold": bool(e["meta"].get("hold")),
            "from_rows": e["meta"].get("from_rows", 0),
            "settings": e["kwargs"],
        }
        for e in read_suite(boundary, config).expectations
    ]


def tried(boundary: str, config: Config, rows: Path | None) -> dict[str, Any]:
    """The result of a suite on ``rows``, or on the newest run's output; nothing is stored."""
    read_suite(boundary, config)
    workspace = Workspace(Path(config.workspace))
    if rows is not None:
        result = try_rows(boundary, _read(rows), config, last_release(workspace))
    else:
        stage = BOUNDARIES[boundary]
        run = workspace.last_run()["stages"]
        if stage not in run or workspace.manifest(stage, run[stage]["key"]) is None:
            raise SrllmError(
                f"The newest run in {workspace.root} has no output of '{stage}'; run 'srllm build' "
                "first, or name a Parquet file with --rows."
            )
        result = try_boundary(boundary, run[stage]["key"], config, workspace)
    return {name: value for name, value in result.items() if name != "gx"}


def print_listed(suites: list[dict[str, Any]]) -> None:
    """One line for each suite."""
    for s in suites:
        counts = ", ".join(f"{n} {severity}" for severity, n in s["expectations"].items() if n)
        print(f"{s['suite']:<14}{counts:<26}{s['purpose']}")
    print("\nsrllm expectations SUITE explains one; --run tries it on the newest run's output.")


def print_explained(boundary: str, expectations: list[dict[str, Any]]) -> None:
    """Two lines for each expectation, then what its derived columns are."""
    for e in expectations:
        more = "; rows that fail wait for a curator" if e["hold"] else ""
        more += f"; from {e['from_rows']:,} rows on" if e["from_rows"] else ""
        print(f"{e['severity']:<10}{e['says']}{more}")
        print(f"{'':<10}{e['type']}{': ' if e['columns'] else ''}{', '.join(e['columns'])}")
    derived = {c for e in expectations for c in e["columns"] if c in DERIVED}
    if derived:
        print("\nDerived columns:")
        for name in sorted(derived):
            print(f"  {name:<22}{DERIVED[name].doc}")
    stage = BOUNDARIES[boundary]
    print(f"\nChecked when '{stage}' is done. A critical failure stops the release, others show.")


def print_tried(result: dict[str, Any]) -> None:
    """One line for each expectation, with some failing rows, and a summary."""
    counts: Counter[str] = Counter()
    for e in result["expectations"]:
        state = "skipped" if e["skipped"] else "passed" if e["success"] else e["severity"]
        counts[state] += 1
        print(f"{state:<10}{e['sentence']}")
        if e["row_ids"]:
            more = f" and {len(e['row_ids']) - _NAMED:,} more" if len(e["row_ids"]) > _NAMED else ""
            print(f"{'':<10}rows {', '.join(e['row_ids'][:_NAMED])}{more}")
    told = ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))
    print(f"\n{result['boundary']}: {result['rows']:,} rows; {told}. Nothing was stored.")


def _read(path: Path) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = [path]
    if path.is_dir():
        # Beside the rows that go on, a stage's output has those that ended.
        files = sorted(path.glob("part-*.parquet")) or sorted(path.rglob("*.parquet"))
    if not files or not files[0].is_file():
        raise SrllmError(f"{path} holds no Parquet file; name one, or a stage's output folder.")
    try:
        tables = [pq.read_table(f, partitioning=None).replace_schema_metadata(None) for f in files]
        rows = pa.concat_tables(tables)
    except (OSError, pa.ArrowInvalid) as error:
        said = str(error).splitlines()[0]
        raise SrllmError(f"{path} cannot be read as one Parquet table ({said}).") from None
    if "id" not in rows.column_names:
        raise SrllmError(f"{path} has no column 'id'; name the output of a stage.")
    return rows
