"""Rows that fail an expectation which holds wait for a curator."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from quality_rows import sound

from srllm_data.config import Config, load_config
from srllm_data.decisions import DecisionLog
from srllm_data.explain import held_rows
from srllm_data.quality import to_hold
from srllm_data.quality.suites import suite_path
from srllm_data.review import review
from srllm_data.runner import run_stage
from srllm_data.schema import schema_after
from srllm_data.stages import components, key_of
from srllm_data.workspace import Workspace

REPEATS = "expected: no two texts have the same rewrite"


def validated(count: int = 200, **values: Any) -> pa.Table:
    """Accepted rewrites, all the same."""
    rows = [
        {
            **sound()[n % 30],
            "id": f"{n:016x}",
            "text": f"text number {n} {n * 7} {n * 13}",
            **values,
        }
        for n in range(count)
    ]
    for row in rows:
        row["rewrite"] = "One and the same rewrite."
    return pa.Table.from_pylist(rows, schema=schema_after("validate"))


def test_all_but_one_of_the_rows_with_one_rewrite_are_held(config: Config) -> None:
    rows = validated()
    held = to_hold(rows, config)
    assert set(held) == set(rows["id"].to_pylist()[1:])
    assert set(held.values()) == {REPEATS}
    output = review(rows, config.review, {}, held)
    assert output.kept["id"].to_pylist() == rows["id"].to_pylist()[:1]
    ends = output.dropped.to_pylist()
    assert {(d["disposition"], d["reason"], d["detail"]) for d in ends} == {
        ("held", "expectation", REPEATS)
    }


@pytest.mark.parametrize(("policy", "kept"), [("hold", 1), ("accept", 4), ("reject", 1)])
def test_the_policy_decides_about_them(config: Config, policy: str, kept: int) -> None:
    rows = validated(4)
    settings = config.review.model_copy(update={"undecided": policy})
    assert review(rows, settings, {}, to_hold(rows, config)).kept.num_rows == kept


def test_what_the_gates_hold_keeps_their_reason(config: Config) -> None:
    rows = validated(2, verdict="hold", reasons=["is short"])
    output = review(rows, config.review, {}, to_hold(rows, config))
    assert output.dropped["reason"].to_pylist() == ["undecided_hold"] * 2
    assert output.dropped["detail"].to_pylist() == ["is short", f"is short; {REPEATS}"]


@pytest.fixture
def workspace(tmp_path: Path, config: Config) -> tuple[Config, Workspace]:
    """A workspace whose validate stage gave three rows with one rewrite."""
    shutil.copytree(suite_path("rewritten", config).parent, tmp_path / "suites")
    (tmp_path / "srllm.yaml").write_text(
        "gather: {sources: [{name: a, path: a.csv, licence: x}]}\n"
        "validate: {expectations: suites}\n"
    )
    place = Workspace(tmp_path / "workspace")
    folder = place.folder("validate", "k")
    folder.mkdir(parents=True)
    pq.write_table(validated(3), folder / "part-00000.parquet")
    (folder / "manifest.json").write_text('{"files": {}}')
    return load_config(tmp_path / "srllm.yaml"), place


def reviewed(config: Config, workspace: Workspace) -> tuple[str, dict[str, Any]]:
    made_of = components("review", config, workspace, "k")
    key = key_of("review", made_of)
    return key, run_stage("review", key, made_of, config, workspace)


def test_a_held_row_is_listed_decided_and_then_released(
    workspace: tuple[Config, Workspace],
) -> None:
    config, place = workspace
    key, manifest = reviewed(config, place)
    assert (manifest["rows_in"], manifest["rows_kept"], manifest["rows_dropped"]) == (3, 1, 2)
    assert manifest["dropped"] == [{"disposition": "held", "reason": "expectation", "rows": 2}]
    waiting = held_rows(place, {"validate": "k", "review": key})
    assert [row["reasons"] for row in waiting] == [[REPEATS]] * 2
    row = waiting[0]
    log = DecisionLog(place.decisions)
    log.add(row["id"], "accept", row["text"], row["rewrite"], "ann")
    decided, manifest = reviewed(config, place)
    assert decided != key
    assert manifest["rows_kept"] == 2
    assert row["id"] in place.kept("review", decided)["id"].to_pylist()


def test_what_holds_is_part_of_the_key_and_what_only_shows_is_not(
    workspace: tuple[Config, Workspace],
) -> None:
    config, place = workspace
    path = suite_path("rewritten", config)
    suite = json.loads(path.read_text())
    key, _ = reviewed(config, place)
    suite["expectations"][0]["meta"]["says"] = "in other words"
    path.write_text(json.dumps(suite))
    assert reviewed(config, place)[0] == key
    for expectation in suite["expectations"]:
        expectation["meta"].pop("hold", None)
    path.write_text(json.dumps(suite))
    other, manifest = reviewed(config, place)
    assert other != key
    assert manifest["rows_kept"] == 3
