"""Row accounting over a whole build: the funnel, every row's end, and one row's way."""

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from srllm_data.errors import AccountingError, StoreError
from srllm_data.ledger import TRANSIENT
from srllm_data.schema import STAGES
from srllm_data.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa


def funnel(workspace: Workspace, keys: dict[str, str]) -> list[dict[str, Any]]:
    """The manifests of the stages in ``keys``, in order; each stage gets what the last kept."""
    manifests = []
    for stage in STAGES:
        if stage not in keys:
            continue
        manifest = workspace.manifest(stage, keys[stage])
        if manifest is None:
            raise StoreError(
                f"The output of stage '{stage}' is gone from {workspace.root}; run 'srllm build'."
            )
        manifests.append(manifest)
    for before, after in pairwise(manifests):
        if before["rows_kept"] != after["rows_in"]:
            raise AccountingError(
                f"Stage {before['stage']} handed on {before['rows_kept']:,} rows but "
                f"{after['stage']} got {after['rows_in']:,}; run 'srllm build --force'."
            )
    return manifests


def dispositions(workspace: Workspace, keys: dict[str, str]) -> "pa.Table":
    """One line for each gathered row: its end, and where, why and in favour of which row.

    Columns: id, source, disposition, stage, reason, detail, duplicate_of, similarity, split;
    sorted by id. AccountingError unless every gathered row has exactly one end.
    """
    import pyarrow as pa

    first = workspace.kept("gather", keys["gather"])
    source = dict(zip(first["id"].to_pylist(), first["source"].to_pylist(), strict=True))
    ends: list[dict[str, Any]] = []
    for stage in STAGES:
        dropped = workspace.dropped(stage, keys[stage]).to_pylist()
        for row in dropped:
            # What an endpoint said may name machines; it stays with the stage's own output.
            detail = None if row["reason"] in TRANSIENT else row["detail"]
            ends.append({"stage": stage, "split": None, **row, "detail": detail})
    last = workspace.kept("release", keys["release"]).select(["id", "disposition", "split"])
    empty = {"reason": None, "detail": None, "duplicate_of": None, "similarity": None}
    ends += [{"stage": "release", **empty, **row} for row in last.to_pylist()]
    counts = Counter(row["id"] for row in ends)
    gathered = set(source) | set(workspace.dropped("gather", keys["gather"])["id"].to_pylist())
    if counts.keys() != gathered or max(counts.values(), default=1) > 1:
        raise AccountingError(
            f"{len(gathered):,} rows were gathered but {len(ends):,} ends are on record; "
            "please report this: every row must end exactly once."
        )
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("source", pa.string()),
            ("disposition", pa.string()),
            ("stage", pa.string()),
            ("reason", pa.string()),
            ("detail", pa.string()),
            ("duplicate_of", pa.string()),
            ("similarity", pa.float64()),
            ("split", pa.string()),
        ]
    )
    rows = [{**row, "source": source.get(row["id"])} for row in sorted(ends, key=_by_id)]
    return pa.Table.from_pylist(rows, schema=schema)


def trace(workspace: Workspace, keys: dict[str, str], row_id: str) -> list[dict[str, Any]]:
    """One row's way: for each stage that saw it, what it kept (``row``) or why it ended (``end``).

    row_id: an id or the start of one. StoreError where no row, or more than one, matches.
    """
    import pyarrow.compute as pc

    full = _complete(workspace, keys, row_id)
    way: list[dict[str, Any]] = []
    for stage in [s for s in STAGES if s in keys]:
        dropped = workspace.dropped(stage, keys[stage])
        for end in dropped.filter(pc.equal(dropped["id"], full)).to_pylist():
            return [*way, {"stage": stage, "end": end}]
        kept = workspace.kept(stage, keys[stage])
        way += [
            {"stage": stage, "row": row}
            for row in kept.filter(pc.equal(kept["id"], full)).to_pylist()
        ]
    return way


def _complete(workspace: Workspace, keys: dict[str, str], start: str) -> str:
    ids = [
        i
        for table in (
            workspace.kept("gather", keys["gather"]),
            workspace.dropped("gather", keys["gather"]),
        )
        for i in table["id"].to_pylist()
        if i.startswith(start)
    ]
    if start in ids:
        return start
    if not ids:
        raise StoreError(f"No row of the newest run has the id '{start}'; copy it from the report.")
    if len(ids) > 1:
        raise StoreError(
            f"{len(ids)} rows have an id that starts with '{start}'; give more of its characters."
        )
    return str(ids[0])


def _by_id(row: dict[str, Any]) -> str:
    return str(row["id"])
