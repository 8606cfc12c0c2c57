"""Publishing: the accepted rows as a versioned dataset that ``datasets.load_dataset`` opens.

``releases/v<N>-<digest8>/`` holds ``data/<split>-*.parquet``, ``preferences/<split>-*.parquet``
(pairs of a better and a worse answer), ``README.md`` (the dataset card),
``ledger.parquet`` (the end of every gathered row) and ``manifest.json``. The digest is over every
file but the manifest: content that is unchanged since the newest release makes no new version.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data import __version__
from srllm_data.account import dispositions, funnel
from srllm_data.card import dataset_card
from srllm_data.config import Config
from srllm_data.plan import Plan
from srllm_data.preferences import pairs
from srllm_data.schema import COLUMNS
from srllm_data.workspace import (
    Workspace,
    digest,
    explained,
    file_digest,
    write_atomically,
    write_table,
)

if TYPE_CHECKING:
    import pyarrow as pa

SPLITS = ("train", "validation", "test")

#: Columns that stay in the workspace: how a row was found and made, not what it says.
WITHHELD = ("source_key", "location", "candidates", "reasons", "review_note", "split")


@dataclass(frozen=True)
class Release:
    """A published release: its folder, whether this call made it, and its manifest."""

    path: Path
    new: bool
    manifest: dict[str, Any]


def publish(config: Config, workspace: Workspace, plan: Plan) -> Release:
    """Write the rows of the release stage as the next version, unless nothing changed."""
    draft = workspace.releases / f".draft-{os.getpid()}"
    with explained(workspace.releases):
        shutil.rmtree(draft, ignore_errors=True)
        (draft / "data").mkdir(parents=True)
    try:
        rows = workspace.kept("release", plan.keys["release"])
        counts = _write_splits(_released(rows), rows, draft / "data")
        ordered = pairs(rows, config.validate_)
        preferences = _write_splits(ordered, rows, draft / "preferences")
        ends = dispositions(workspace, plan.keys)
        write_table(draft / "ledger.parquet", ends)
        stages = funnel(workspace, plan.keys)
        write_atomically(
            draft / "README.md",
            dataset_card(config, rows, counts, preferences, stages, WITHHELD).encode(),
        )
        files = {
            str(p.relative_to(draft)): file_digest(p)
            for p in sorted(draft.rglob("*"))
            if p.is_file()
        }
        content = digest(files)
        existing = workspace.published()
        if existing and existing[-1].name.endswith(f"-{content[:8]}"):
            manifest = json.loads((existing[-1] / "manifest.json").read_bytes())
            return Release(existing[-1], False, manifest)
        number = int(existing[-1].name.split("-")[0][1:]) + 1 if existing else 1
        manifest = {
            "name": config.release.name,
            "version": number,
            "digest": content,
            "srllm": __version__,
            "rows": counts,
            "preference_pairs": preferences,
            "dispositions": _count(ends["disposition"].to_pylist()),
            "files": files,
            "stages": {
                s["stage"]: {"key": s["key"], "components": s["components"]} for s in stages
            },
        }
        write_atomically(draft / "manifest.json", (json.dumps(manifest, indent=2) + "\n").encode())
        target = workspace.releases / f"v{number}-{content[:8]}"
        with explained(target):
            draft.rename(target)
        return Release(target, True, manifest)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _released(rows: "pa.Table") -> "pa.Table":
    """What is published of each row; what endpoints said of failed calls may name machines."""
    import pyarrow as pa

    table = rows.sort_by("id").select([n for n in COLUMNS if n not in WITHHELD])
    said = [[o | {"detail": None} for o in of_row] for of_row in table["opinions"].to_pylist()]
    at = table.schema.get_field_index("opinions")
    return table.set_column(at, "opinions", pa.array(said, COLUMNS["opinions"].type))


def _write_splits(table: "pa.Table", rows: "pa.Table", folder: Path) -> dict[str, int]:
    """Write ``table``, whose ids are those of ``rows``, one file for each split of ``rows``."""
    import pyarrow.compute as pc

    counts = {}
    for split in SPLITS:
        ids = rows.filter(pc.equal(rows["split"], split))["id"]
        part = table.filter(pc.is_in(table["id"], value_set=ids))
        if part.num_rows:
            write_table(folder / f"{split}-00000-of-00001.parquet", part)
        counts[split] = part.num_rows
    return counts


def _count(values: list[str]) -> dict[str, int]:
    return {value: values.count(value) for value in sorted(set(values))}
