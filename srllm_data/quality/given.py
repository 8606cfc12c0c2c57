"""What a check has to know beside its rows: the stages before them, and the last release."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data.drift import SCORES, distributions, released_rows, shares
from srllm_data.errors import StoreError
from srllm_data.quality.suites import BOUNDARIES
from srllm_data.schema import STAGES
from srllm_data.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

#: Why a parameter may be unknown.
WHY_UNKNOWN = {
    "rows_due": "only a build knows the stages before",
    "labelled": "only a build knows the stages before",
    "last_release": "there is no earlier release to compare with",
    "last_gathered": "there is no earlier release to compare with",
}
#: Parameters that the last release gives.
OF_RELEASE = ("last_release", "last_gathered")
#: Columns by which acceptance is looked at.
_ACCEPTED_BY = ("source", "bias")


@dataclass(frozen=True)
class Given:
    """What is known beside the rows.

    parameters: values for ``{"$PARAMETER": name}`` in suites; unknown ones are missing.
        rows_due: rows of the boundary before, less those that ended since.
        labelled: rows that were labelled, by column and value.
        last_release: shares by column and value in the last release (``drift.distributions``);
        last_gathered: likewise, of the rows gathered for it.
    came: ids that the boundary before handed on. ended: ids that ended since the first stage.
    Both are None where only the rows are known.
    """

    parameters: dict[str, Any]
    came: "pa.Array | None" = None
    ended: "pa.Array | None" = None


def given(boundary: str, key: str, workspace: Workspace, before: Path | None) -> Given:
    """What is known at a boundary of a build; before: the release to compare with."""
    import pyarrow as pa

    found = of_release(before)
    keys = _keys_behind(boundary, key, workspace)
    stage = BOUNDARIES[boundary]
    if len(keys) <= STAGES.index(stage):
        return Given(found)
    ended = {s: workspace.dropped(s, k)["id"] for s, k in keys.items()}
    came = None
    place = list(BOUNDARIES).index(boundary)
    if place:
        last = list(BOUNDARIES.values())[place - 1]
        came = workspace.kept(last, keys[last], ["id"])["id"]
        between = STAGES[STAGES.index(last) + 1 : STAGES.index(stage) + 1]
        found["rows_due"] = len(came) - sum(len(ended[s]) for s in between)
    if "label" in keys:
        labelled = workspace.kept("label", keys["label"], list(_ACCEPTED_BY))
        found["labelled"] = {n: dict(Counter(labelled[n].to_pylist())) for n in _ACCEPTED_BY}
    return Given(found, came, pa.chunked_array([c for i in ended.values() for c in i.chunks]))


def of_release(before: Path | None) -> dict[str, Any]:
    """Parameters that the release in ``before`` gives; none where it is None."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if before is None:
        return {}
    rows = distributions(released_rows(before))
    ledger = before / "ledger.parquet"
    try:
        ends = pq.read_table(ledger, columns=["source"])
    except OSError as error:
        raise StoreError(
            f"{ledger} is damaged ({error}); restore the release from a backup."
        ) from None
    sources = pc.drop_null(ends["source"]).combine_chunks()
    return {
        "last_release": {f"{n}_class" if n in SCORES else n: s for n, s in rows.items()},
        "last_gathered": {"source": shares(sources)},
    }


def release_before(boundary: str, key: str, workspace: Workspace) -> Path | None:
    """The newest release that was not made from the rows under ``key``; None where there is none.

    So a check says the same before and after its own rows are released.
    """
    for path in reversed(workspace.published()):
        try:
            stages = json.loads((path / "manifest.json").read_bytes())["stages"]
        except (OSError, ValueError, KeyError) as error:
            raise StoreError(
                f"{path / 'manifest.json'} is damaged ({error}); restore it from a backup."
            ) from None
        if stages[BOUNDARIES[boundary]]["key"] != key:
            return path
    return None


def _keys_behind(boundary: str, key: str, workspace: Workspace) -> dict[str, str]:
    """Keys of the boundary's stage and of all before it, as far back as manifests are there."""
    stage = BOUNDARIES[boundary]
    keys = {}
    for name in reversed(STAGES[: STAGES.index(stage) + 1]):
        manifest = workspace.manifest(name, key)
        if manifest is None:
            break
        keys[name] = key
        key = manifest["components"]["input"]
    return keys
