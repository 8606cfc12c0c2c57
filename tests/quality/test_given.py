"""Drift against the last release: what is compared, and when nothing can be."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from quality_rows import broken

from srllm_data.config import Config
from srllm_data.quality import check_boundary, try_rows
from srllm_data.schema import schema_after
from srllm_data.workspace import Workspace


def publish(workspace: Workspace, number: int, rows: pa.Table, key: str) -> Path:
    """A release folder with ``rows``, made from the release stage's output under ``key``."""
    path = workspace.releases / f"v{number}-{number:08x}"
    (path / "data").mkdir(parents=True)
    pq.write_table(rows.drop_columns(["split"]), path / "data" / "train-00000-of-00001.parquet")
    pq.write_table(rows.select(["id", "source"]), path / "ledger.parquet")
    stages = {s: {"key": key} for s in ("gather", "release")}
    (path / "manifest.json").write_text(json.dumps({"stages": stages}))
    return path


def output(workspace: Workspace, rows: pa.Table, key: str) -> None:
    """``rows`` as the release stage's output under ``key``."""
    folder = workspace.folder("release", key)
    folder.mkdir(parents=True)
    pq.write_table(rows, folder / "part-00000.parquet")
    pq.write_table(rows.select(["id"]).slice(0, 0), folder / "dropped-00000.parquet")
    components = {"input": "none"}
    manifest = {"files": {}, "components": components, "rows_in": len(rows)}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def drifts(result: dict[str, object]) -> dict[str, tuple[bool, bool, str]]:
    found = [e for e in result["expectations"] if e["type"] == "expect_column_drift_to_be_at_most"]
    return {e["column"]: (e["success"], bool(e["skipped"]), e["sentence"]) for e in found}


def test_a_shift_of_labels_shows_and_names_what_moved(tmp_path: Path, config: Config) -> None:
    rows = broken(lambda rows: None)
    before = publish(Workspace(tmp_path), 1, rows, "k")
    same = drifts(try_rows("released", rows, config, before))
    assert all(success and not skipped for success, skipped, _ in same.values())
    shifted = broken(lambda rows: [row.update(bias="Yes", target_groups=["age"]) for row in rows])
    result = try_rows("released", shifted, config, before)
    moved = {column for column, (success, *_) in drifts(result).items() if not success}
    assert moved == {"bias", "target_groups"}
    assert "Yes +50.0 points" in drifts(result)["bias"][2]
    assert all(
        e["severity"] == "warning" for e in result["expectations"] if e["column"] in ("bias_score",)
    )


def test_sources_are_compared_with_what_was_gathered_for_the_last_release(
    tmp_path: Path, config: Config
) -> None:
    rows = broken(lambda rows: None)
    before = publish(Workspace(tmp_path), 1, rows, "k")
    gathered = broken(lambda rows: [row.update(source="blogs", weight=1.0) for row in rows])
    result = try_rows("gathered", gathered.select(schema_after("gather").names), config, before)
    assert drifts(result)["source"][0] is False
    assert "blogs +100.0 points" in drifts(result)["source"][2]


def test_a_release_is_compared_with_the_one_before_it_even_after_it_is_out(
    tmp_path: Path, config: Config
) -> None:
    workspace = Workspace(tmp_path)
    rows = broken(lambda rows: None)
    output(workspace, rows, "first")
    alone = check_boundary("released", "first", config, workspace)
    assert all(skipped for _, skipped, _ in drifts(alone).values())
    publish(workspace, 1, rows, "first")
    assert check_boundary("released", "first", config, workspace) == alone

    shifted = broken(lambda rows: [row.update(bias="Yes") for row in rows])
    output(workspace, shifted, "second")
    second = check_boundary("released", "second", config, workspace)
    assert drifts(second)["bias"][:2] == (False, False)
    publish(workspace, 2, shifted, "second")
    assert check_boundary("released", "second", config, workspace) == second
    stored = list((workspace.root / "checks" / "released").iterdir())
    assert len(stored) == 2


def test_another_last_release_is_another_check(tmp_path: Path, config: Config) -> None:
    workspace = Workspace(tmp_path)
    rows = broken(lambda rows: None)
    output(workspace, rows, "k")
    publish(workspace, 1, rows, "other")
    assert drifts(check_boundary("released", "k", config, workspace))["bias"][0]
    publish(workspace, 2, broken(lambda rows: [r.update(bias="No") for r in rows]), "another")
    assert not drifts(check_boundary("released", "k", config, workspace))["bias"][0]


@pytest.mark.parametrize("missing", ["manifest.json", "ledger.parquet"])
def test_a_damaged_release_is_one_sentence(tmp_path: Path, config: Config, missing: str) -> None:
    from srllm_data.errors import StoreError

    workspace = Workspace(tmp_path)
    rows = broken(lambda rows: None)
    output(workspace, rows, "k")
    (publish(workspace, 1, rows, "other") / missing).unlink()
    with pytest.raises(StoreError, match=rf"{missing} is damaged"):
        check_boundary("released", "k", config, workspace)
