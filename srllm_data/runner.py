"""Runs one stage over the workspace: parts, progress, row accounting, manifest.

A part that is already there is not computed again, so a killed stage goes on where it stopped.
"""

import json
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data import engine, progress, stages
from srllm_data.config import Config
from srllm_data.errors import AccountingError
from srllm_data.schema import STAGES, schema_after
from srllm_data.workspace import Workspace, explained, file_digest, write_atomically, write_table

if TYPE_CHECKING:
    import pyarrow as pa

    from srllm_data.schema import StageOutput

_FACTS = b"srllm.facts"
_INPUT = b"srllm.input"


def run_stage(
    stage: str,
    key: str,
    components: dict[str, Any],
    config: Config,
    workspace: Workspace,
    force: bool = False,
) -> dict[str, Any]:
    """Compute ``stage`` unless its output under ``key`` is complete; return the manifest.

    components: what the key was made of (``stages.components``); ``components["input"]`` is the
    key of the stage before. force: forget a finished output first.
    """
    if force:
        workspace.forget(stage, key)
    elif manifest := workspace.manifest(stage, key):
        return manifest
    folder = workspace.folder(stage, key)
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    if stage == "gather":
        rows_in = _run_gather(folder, config, workspace)
    else:
        before = STAGES[STAGES.index(stage) - 1]
        inputs = workspace.parts(before, components["input"])
        rows_in = sum(_rows(p) for p in inputs)
        with progress.bar(stage, rows_in):
            if stages.whole_table(stage, config):
                _run_table(stage, before, folder, components["input"], config, workspace)
            else:
                _run_parts(stage, folder, inputs, config, workspace)
    manifest = _manifest(stage, key, components, folder, workspace)
    manifest["seconds"] = round(time.monotonic() - start, 3)
    if manifest["rows_in"] != rows_in:
        raise AccountingError(
            f"Stage {stage} got {rows_in:,} rows but kept and dropped {manifest['rows_in']:,}; "
            "please report this: no row may get lost."
        )
    write_atomically(folder / "manifest.json", json.dumps(manifest, indent=2).encode())
    return manifest


def _run_gather(folder: Path, config: Config, workspace: Workspace) -> int:
    _clear(folder)
    rows_in = 0
    seen: set[str] = set()
    with progress.bar("gather", None):
        for index, output in enumerate(stages.gathered(config, workspace)):
            ids = output.kept["id"].to_pylist() + output.dropped["id"].to_pylist()
            if len(set(ids)) != len(ids) or not seen.isdisjoint(ids):
                raise AccountingError(
                    "Stage gather gave two rows the same id; please report this with the sources."
                )
            seen.update(ids)
            rows_in += len(ids)
            _write_part(folder, index, "gather", output)
    return rows_in


def _run_table(
    stage: str, before: str, folder: Path, key: str, config: Config, workspace: Workspace
) -> None:
    _clear(folder)
    rows = workspace.kept(before, key)
    output = stages.compute(stage, rows, config, workspace)
    _check(stage, rows, output)
    size = config.engine.part_rows
    for index in range(max(1, -(-output.kept.num_rows // size))):
        part = type(output)(
            output.kept.slice(index * size, size),
            output.dropped if index == 0 else output.dropped.slice(0, 0),
            output.facts if index == 0 else {},
        )
        _write_part(folder, index, stage, part)


def _run_parts(
    stage: str, folder: Path, inputs: list[Path], config: Config, workspace: Workspace
) -> None:
    jobs: list[engine.Job] = []
    for index, path in enumerate(inputs):
        if _made_from(_part(folder, index), path):
            progress.advance(_rows(path))
        else:
            jobs.append((stage, index, path, folder, config, workspace))
    # An endpoint's concurrency limit holds for a whole stage, so one process sends its requests.
    alone = (
        (stage == "rewrite" and config.rewrite.model is not None)
        or (stage == "label" and bool(config.label.raters))
        or (stage == "validate" and config.validate_.judge is not None)
    )
    run = (
        config.engine.model_copy(update={"name": "local", "workers": 1}) if alone else config.engine
    )
    here = run.name == "local" and min(run.workers, len(jobs)) <= 1
    for rows in engine.map_parts(run_part, jobs, run):
        if not here:
            progress.advance(rows)


def run_part(
    stage: str, index: int, path: Path, folder: Path, config: Config, workspace: Workspace
) -> int:
    """Compute one part of a row-wise stage, in whatever process; returns its rows."""
    rows = read_part(path)
    output = stages.compute(stage, rows, config, workspace)
    _check(stage, rows, output)
    _write_part(folder, index, stage, output, file_digest(path))
    return int(rows.num_rows)


def read_part(path: Path) -> "pa.Table":
    """The rows of a part."""
    import pyarrow.parquet as pq

    table: pa.Table = pq.read_table(path, partitioning=None).replace_schema_metadata(None)
    return table


def _check(stage: str, rows: "pa.Table", output: "StageOutput") -> None:
    got = rows["id"].to_pylist()
    gave = output.kept["id"].to_pylist() + output.dropped["id"].to_pylist()
    if Counter(got) != Counter(gave):
        lost = next(iter((Counter(got) - Counter(gave)) or (Counter(gave) - Counter(got))))
        raise AccountingError(
            f"Stage {stage} lost, doubled or invented row {lost}; please report this: "
            "each row must be kept or dropped exactly once."
        )


def _part(folder: Path, index: int) -> Path:
    return folder / f"part-{index:05}.parquet"


def _made_from(part: Path, source: Path) -> bool:
    import pyarrow.parquet as pq

    if not part.is_file():
        return False
    metadata = pq.read_schema(part).metadata or {}
    return metadata.get(_INPUT) == file_digest(source).encode()


def _clear(folder: Path) -> None:
    for path in folder.glob("*.parquet"):
        path.unlink()


def _write_part(
    folder: Path, index: int, stage: str, output: "StageOutput", source: str = ""
) -> None:
    schema = schema_after(stage)
    kept = output.kept.select(schema.names).cast(schema)
    metadata = {_FACTS: json.dumps(output.facts).encode(), _INPUT: source.encode()}
    write_table(folder / f"dropped-{index:05}.parquet", output.dropped)
    # The part is written last: it marks both files as finished.
    write_table(_part(folder, index), kept.replace_schema_metadata(metadata))


def _rows(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def _manifest(
    stage: str, key: str, components: dict[str, Any], folder: Path, workspace: Workspace
) -> dict[str, Any]:
    import pyarrow.parquet as pq

    parts = workspace.parts(stage, key)
    dropped = workspace.dropped(stage, key)
    kept = sum(_rows(p) for p in parts)
    facts: dict[str, Any] = {}
    for part in parts:
        _add(facts, json.loads(pq.read_schema(part).metadata[_FACTS]))
    reasons = Counter(
        zip(dropped["disposition"].to_pylist(), dropped["reason"].to_pylist(), strict=True)
    )
    return {
        "stage": stage,
        "key": key,
        "components": components,
        "rows_in": kept + dropped.num_rows,
        "rows_kept": kept,
        "rows_dropped": dropped.num_rows,
        "dropped": [
            {"disposition": d, "reason": r, "rows": n} for (d, r), n in sorted(reasons.items())
        ],
        "facts": facts,
        "files": {p.name: file_digest(p) for p in sorted(folder.glob("*.parquet"))},
    }


def _add(total: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, int | float):
            total[name] = total.get(name, 0) + value
        elif isinstance(value, list):
            total[name] = total.get(name, []) + value
        else:
            total[name] = value
