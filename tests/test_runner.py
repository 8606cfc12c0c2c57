from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from srllm_data import stages
from srllm_data.account import funnel, trace
from srllm_data.config import Config, load_config
from srllm_data.errors import AccountingError, StoreError
from srllm_data.plan import Plan, check_inputs, freshness, make_plan, stage_range
from srllm_data.runner import run_stage
from srllm_data.schema import STAGES
from srllm_data.workspace import Workspace

TEXTS = [
    "The council met on Monday and approved the budget of 3 million.",
    "The shameless mayor rammed through a disastrous budget on Monday.",
    "ok",
    "The council met on Monday and approved the budget of 3 million.",
    "The bus to Mill Lane was late again, and nobody told us why.",
    "Der Stadtrat hat am Montag nach langer Debatte den Haushalt beschlossen.",
]


def project(tmp_path: Path, texts: list[str] = TEXTS, **settings: Any) -> tuple[Config, Workspace]:
    (tmp_path / "a.csv").write_text("\n".join(["text", *(f'"{t}"' for t in texts)]) + "\n")
    lines = ["gather: {sources: [{name: a, path: a.csv, licence: CC0-1.0}]}"]
    lines += [f"{k}: {v}" for k, v in settings.items()]
    (tmp_path / "srllm.yaml").write_text("\n".join(lines) + "\n")
    config = load_config(tmp_path / "srllm.yaml")
    return config, Workspace(Path(config.workspace))


def run(
    config: Config, workspace: Workspace, until: str = "deduplicate", force: bool = False
) -> Plan:
    plan = make_plan(config, workspace)
    for stage in stage_range(None, until, None):
        run_stage(stage, plan.keys[stage], plan.components[stage], config, workspace, force)
    return plan


def test_every_stage_accounts_for_every_row(tmp_path: Path) -> None:
    config, workspace = project(tmp_path)
    plan = run(config, workspace)
    manifests = funnel(workspace, {s: plan.keys[s] for s in STAGES[:3]})
    assert [(m["rows_in"], m["rows_kept"]) for m in manifests] == [(6, 6), (6, 4), (4, 3)]
    reasons = {d["reason"]: d["rows"] for m in manifests for d in m["dropped"]}
    assert reasons == {"too_short": 1, "other_language": 1, "exact_duplicate": 1}


@pytest.mark.parametrize("part_rows", [1, 2, 4, 5000])
def test_the_size_of_parts_changes_no_row(tmp_path: Path, part_rows: int) -> None:
    config, workspace = project(tmp_path, engine=f"{{part_rows: {part_rows}}}")
    plan = run(config, workspace)
    whole = tmp_path / "whole"
    whole.mkdir()
    other, other_workspace = project(whole)
    other_plan = run(other, other_workspace)
    assert plan.keys == other_plan.keys
    for stage in STAGES[:3]:
        mine = workspace.kept(stage, plan.keys[stage])
        assert mine.equals(other_workspace.kept(stage, plan.keys[stage]))


def test_several_processes_give_the_same_bytes(tmp_path: Path) -> None:
    config, workspace = project(tmp_path, engine="{part_rows: 2, workers: 2}")
    plan = run(config, workspace, "clean")
    alone = config.model_copy(update={"engine": config.engine.model_copy(update={"workers": 1})})
    other = Workspace(tmp_path / "other")
    run(alone, other, "clean")
    for path in workspace.parts("clean", plan.keys["clean"]):
        assert (
            path.read_bytes()
            == (other.folder("clean", plan.keys["clean"]) / path.name).read_bytes()
        )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ray_gives_the_same_bytes(tmp_path: Path) -> None:
    ray = pytest.importorskip("ray", reason="needs the extra [ray]")
    config, workspace = project(tmp_path, engine="{name: ray, part_rows: 2, workers: 2}")
    try:
        plan = run(config, workspace, "clean")
    finally:
        ray.shutdown()
    local = config.model_copy(update={"engine": config.engine.model_copy(update={"name": "local"})})
    other = Workspace(tmp_path / "other")
    run(local, other, "clean")
    for path in workspace.parts("clean", plan.keys["clean"]):
        assert (
            path.read_bytes()
            == (other.folder("clean", plan.keys["clean"]) / path.name).read_bytes()
        )


def test_a_finished_stage_is_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, workspace = project(tmp_path)
    plan = run(config, workspace)
    before = {p: p.stat().st_mtime_ns for p in workspace.root.rglob("*.parquet")}
    run(config, workspace)
    assert {p: p.stat().st_mtime_ns for p in workspace.root.rglob("*.parquet")} == before
    run(config, workspace, force=True)
    assert all(p.stat().st_mtime_ns > t for p, t in before.items())
    assert make_plan(config, workspace).keys == plan.keys


def test_a_killed_stage_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, workspace = project(tmp_path, engine="{part_rows: 2}")
    real, calls = stages.compute, []

    def dying(stage: str, rows: pa.Table, *rest: Any) -> Any:
        calls.append(rows.num_rows)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(stage, rows, *rest)

    monkeypatch.setattr(stages, "compute", dying)
    with pytest.raises(KeyboardInterrupt):
        run(config, workspace, "clean")
    plan = make_plan(config, workspace)
    assert workspace.manifest("clean", plan.keys["clean"]) is None
    assert len(workspace.parts("clean", plan.keys["clean"])) == 2
    calls.append(0)
    run(config, workspace, "clean")
    assert calls == [2, 2, 2, 0, 2]
    assert workspace.manifest("clean", plan.keys["clean"])["rows_in"] == 6


def test_a_stage_that_loses_a_row_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, workspace = project(tmp_path)
    real = stages.compute

    def losing(*arguments: Any) -> Any:
        output = real(*arguments)
        return type(output)(output.kept.slice(1), output.dropped, output.facts)

    monkeypatch.setattr(stages, "compute", losing)
    with pytest.raises(AccountingError, match="Stage clean lost"):
        run(config, workspace, "clean")
    assert workspace.manifest("clean", make_plan(config, workspace).keys["clean"]) is None


def test_a_changed_input_changes_every_key_but_a_new_path_does_not(tmp_path: Path) -> None:
    config, workspace = project(tmp_path)
    plan = make_plan(config, workspace)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved, other = project(elsewhere)
    assert make_plan(moved, other).keys == plan.keys
    changed, other = project(elsewhere, [*TEXTS, "One more sentence about the council."])
    assert not set(make_plan(changed, other).keys.values()) & set(plan.keys.values())


def test_a_setting_changes_its_stage_and_those_after_it(tmp_path: Path) -> None:
    config, workspace = project(tmp_path)
    plan = run(config, workspace)
    changed, workspace = project(tmp_path, redact="{min_score: 0.9}")
    new = make_plan(changed, workspace)
    same = [s for s in STAGES if new.keys[s] == plan.keys[s]]
    assert same == ["gather", "clean", "deduplicate"]


def test_a_stage_in_the_middle_needs_what_comes_before(tmp_path: Path) -> None:
    config, workspace = project(tmp_path)
    plan = make_plan(config, workspace)
    with pytest.raises(StoreError, match="srllm build --until clean"):
        check_inputs(plan, stage_range("deduplicate", None, None), workspace)
    run(config, workspace, "clean")
    check_inputs(plan, stage_range("deduplicate", None, None), workspace)


def test_a_damaged_part_is_one_sentence(tmp_path: Path) -> None:
    config, workspace = project(tmp_path)
    plan = run(config, workspace, "gather")
    workspace.parts("gather", plan.keys["gather"])[0].write_bytes(b"PAR1 nonsense")
    with pytest.raises(StoreError, match="is damaged"):
        workspace.kept("gather", plan.keys["gather"])


def test_a_missing_part_makes_the_stage_stale(tmp_path: Path) -> None:
    config, workspace = project(tmp_path)
    plan = run(config, workspace, "clean")
    workspace.parts("clean", plan.keys["clean"])[0].unlink()
    states = {f["stage"]: f["state"] for f in freshness(plan, workspace)}
    assert (states["gather"], states["clean"]) == ("fresh", "missing")
    run(config, workspace, "clean")
    assert workspace.manifest("clean", plan.keys["clean"])["rows_kept"] == 4


def test_a_row_can_be_traced_to_its_end(tmp_path: Path) -> None:
    config, workspace = project(tmp_path)
    plan = run(config, workspace)
    keys = {s: plan.keys[s] for s in STAGES[:3]}
    rows = workspace.kept("gather", keys["gather"]).to_pylist()
    ways = [trace(workspace, keys, row["id"]) for row in rows]
    assert [w[-1].get("end", {}).get("reason") for w in ways] == [
        None,
        None,
        "too_short",
        "exact_duplicate",
        None,
        "other_language",
    ]
    assert ways[3][-1]["end"]["duplicate_of"] == rows[0]["id"]
    assert [step["stage"] for step in ways[2]] == ["gather", "clean"]
    with pytest.raises(StoreError, match="No row"):
        trace(workspace, keys, "zzzz")
    with pytest.raises(StoreError, match="more of its characters"):
        trace(workspace, keys, "")


def test_the_workspace_is_locked_against_a_second_build(tmp_path: Path) -> None:
    _, workspace = project(tmp_path)
    with (
        workspace.locked(),
        pytest.raises(StoreError, match="Another build"),
        workspace.locked(),
    ):
        pass
