"""Builds that train on their release: a tiny random model, through the real command line."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect_server import ROOT, completed, deployed

from flows.build_dataset import prepare
from srllm_data.config import TrainConfig, load_config
from srllm_data.errors import ConfigError, StoreError
from srllm_data.workspace import Workspace, locked
from srllm_train.adapter import read_record
from srllm_train.adapters import Adapters
from srllm_train.held_back import rows_to_test
from srllm_train.promotion import Job, decide, judgement, make_job, train_step

SRLLM = str(Path(sys.executable).parent / "srllm")
SOURCE = {
    "name": "news",
    "path": str(ROOT / "data" / "sample" / "news.csv"),
    "columns": {"text": "text", "key": "key"},
    "licence": "CC0-1.0",
    "limit": 60,
}


def srllm(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SRLLM, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model of two layers with SmolLM2's tokenizer; what it says is of no use."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from srllm_data.local_models.language_model import unpacked

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = AutoTokenizer.from_pretrained(unpacked())
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(shape).save_pretrained(folder)
    return folder


def write_config(home: Path, base: Path, **train: Any) -> None:
    # A random model's rewrites are unfit for anything else than being compared.
    changes = [f"limits.max_{name}=1" for name in ("empty", "repeated", "foreign")]
    config = {
        "gather": {"sources": [SOURCE]},
        "train": {
            "recipe": "smoke",
            "set": [f"base={base}", "track=none", *changes],
            "min_rows": 2,
            **train,
        },
    }
    (home / "srllm.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Path:
    """A folder with a configuration and the workspace of a build that was killed after training."""
    home = tmp_path_factory.mktemp("built")
    write_config(home, tiny)
    process = subprocess.Popen([SRLLM, "build"], cwd=home, start_new_session=True)
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and not list(home.glob("workspace/adapters/*/srllm.json")):
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return home


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path / "copy")
    return tmp_path / "copy"


def job(home: Path, **train: Any) -> Job:
    config = load_config(home / "srllm.yaml")
    return make_job(config.model_copy(update={"train": config.train.model_copy(update=train)}))


def training(home: Path) -> Any:
    return Workspace(home / "workspace").last_run()["training"]


def quiet(line: str) -> None:
    pass


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_one_is_not_trained_again_and_a_decided_one_not_decided_again(built: Path) -> None:
    (weights,) = built.glob("workspace/adapters/*/adapter_model.safetensors")
    trained = weights.stat().st_mtime_ns
    adapters = Adapters(built / "workspace" / "adapters")
    assert [a["state"] for a in adapters.listed()] == ["not decided"]
    # The report of the build was there before the training that died.
    assert training(built) is None

    done = srllm("build", cwd=built)
    assert done.returncode == 0, done.stderr
    assert weights.stat().st_mtime_ns == trained
    (decision,) = adapters.history()
    assert decision["adapter"] == weights.parent.name
    assert decision["release_digest"].startswith(decision["release"].split("-")[1])
    assert not decision["promoted"]
    assert decision["against"] == "editor-1"
    assert "does not beat editor-1 with p under 0.05" in decision["why"]
    assert adapters.current() is None
    assert training(built)["promoted"] is False
    assert decision["why"] in training(built)["why"]
    assert decision["why"] in done.stdout
    rows = [json.loads(r) for r in (weights.parent / "evaluation.jsonl").open()]
    figures = decision["figures"]
    assert len(rows) == figures["all"]["rows"] == 2 * figures["biased"]["rows"]
    assert sum(r["old_right"] for r in rows) == figures["all"]["old"]

    again = srllm("build", cwd=built)
    assert again.returncode == 0, again.stderr
    assert adapters.history() == [decision]
    assert decision["why"] in again.stdout
    assert "step" not in again.stderr

    listed = srllm("train", "list", cwd=built)
    assert listed.stdout.startswith(f"{decision['adapter']}  not promoted  It does not beat")
    assert "None was promoted yet" in listed.stdout
    found = json.loads(srllm("train", "list", "--json", cwd=built).stdout)
    assert found == [decision | {"state": "not promoted"}]


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_failing_to_train_fails_no_build_and_is_tried_again(copy: Path) -> None:
    write_config(copy, copy / "nowhere")
    done = srllm("build", cwd=copy)
    assert done.returncode == 0, done.stderr
    why = training(copy)["why"]
    assert why.startswith("Training failed, and the next build tries again: base: ")
    assert training(copy)["promoted"] is None
    assert "Traceback" not in done.stderr + why
    assert why in done.stdout
    states = {a["adapter"]: a["state"] for a in Adapters(copy / "workspace" / "adapters").listed()}
    assert states[training(copy)["adapter"]] == "unfinished"


def test_a_wrong_recipe_is_told_before_anything_is_built(tmp_path: Path) -> None:
    write_config(tmp_path, tmp_path, recipe="smoked")
    with pytest.raises(ConfigError, match="There is no recipe 'smoked'"):
        prepare(load_config(tmp_path / "srllm.yaml"), None, None, None, False)
    write_config(tmp_path, tmp_path, preferences=True, set=["method=full"])
    with pytest.raises(ConfigError, match=r"train\.preferences needs a recipe of method"):
        prepare(load_config(tmp_path / "srllm.yaml"), None, None, None, False)
    write_config(tmp_path, tmp_path, min_rows=300)
    with pytest.raises(ConfigError, match=r"train\.min_rows is over train\.max_rows"):
        load_config(tmp_path / "srllm.yaml")


@pytest.mark.slow
def test_all_texts_of_the_test_split_count_not_only_released_ones(built: Path) -> None:
    this = job(built)
    rows = rows_to_test(this.manifest, this.workspace, 1000)
    biased = rows["control"].to_pylist().count(False)
    assert 0 < rows.num_rows - biased <= biased
    released = this.manifest["rows"]["test"] - sum(
        r for r in read_table(this.release / "data", "test", "control")
    )
    assert biased > released
    learned = {
        c for split in ("train", "validation") for c in read_table(
            this.release / "data", split, "cluster")
    }  # fmt: skip
    assert not learned & set(rows["cluster"].to_pylist())
    few = rows_to_test(this.manifest, this.workspace, 2)
    assert few["control"].to_pylist() == [False, False, True, True]
    assert few["id"].to_pylist()[:2] == rows["id"].to_pylist()[:2]


def read_table(folder: Path, split: str, column: str) -> list[Any]:
    import pyarrow.parquet as pq

    return pq.read_table(next(folder.glob(f"{split}-*.parquet")), columns=[column])[
        column
    ].to_pylist()


@pytest.mark.slow
def test_why_nothing_is_compared(copy: Path) -> None:
    few = job(copy, min_rows=100)
    train_step(few, 0, quiet)
    decision = decide(few)
    assert not decision["promoted"]
    assert decision["figures"] is None
    assert "3 biased texts" in decision["why"]
    assert "train.min_rows asks for 100" in decision["why"]
    # Under other rules it is decided again, without another training.
    assert few.decision == decision
    assert job(copy).decision is None

    unfit = job(copy, set=[c for c in few.config.train.set if "limits" not in c])
    assert unfit.adapter != few.adapter
    train_step(unfit, 0, quiet)
    decision = decide(unfit)
    assert not decision["promoted"]
    assert decision["why"].startswith("It is unfit: ")
    assert decision["figures"] is None


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_the_next_adapter_is_compared_with_the_one_in_use(copy: Path) -> None:
    first = job(copy)
    weights = read_record(first.adapter)["weights"]
    promoted = {"adapter": first.adapter.name, "weights": weights, "promoted": True, "why": "Why."}
    first.adapters.decide(promoted)
    assert first.adapters.current() == promoted
    # A promotion stands, whatever the rules are now.
    assert job(copy, alpha=0.5).decision == promoted

    second = job(copy, set=[*first.config.train.set, "seed=2"])
    train_step(second, 0, quiet)
    decision = decide(second)
    assert decision["against"] == first.adapter.name
    assert f"does not beat {first.adapter.name}" in decision["why"]
    states = {a["adapter"]: a["state"] for a in second.adapters.listed()}
    assert states == {first.adapter.name: "in use", second.adapter.name: "not promoted"}

    shutil.rmtree(first.adapter)
    with pytest.raises(StoreError, match=r"is gone; restore it, or remove current\.json"):
        decide(job(copy, set=[*first.config.train.set, "seed=2"], min_rows=1))


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_preferences_are_trained_on_after_the_pairs(copy: Path) -> None:
    changes = [*load_config(copy / "srllm.yaml").train.set, "max_steps=1"]
    both = job(copy, preferences=True, set=changes)
    if not both.manifest["preference_pairs"]["train"]:
        pytest.skip("the release has no preference pairs")
    assert [kind for kind, _ in both.steps] == ["sft", "dpo"]
    # The first adapter is the one that is made without preferences.
    assert both.steps[0] == job(copy, set=changes).steps[0]
    for step in range(2):
        train_step(both, step, quiet)
    first, second = (read_record(folder) for _, folder in both.steps)
    assert (second["kind"], second["start"]) == ("dpo", first["weights"])
    assert not list(both.adapter.glob("checkpoints/checkpoint-*"))
    assert decide(both)["kind"] == "dpo"


@pytest.mark.slow
def test_one_training_at_a_time(built: Path) -> None:
    folder = built / "workspace" / "adapters"
    with (
        locked(folder, "training"),
        pytest.raises(StoreError, match="Another training is using"),
        locked(folder, "training"),
    ):
        pass


@pytest.mark.slow
def test_a_release_that_is_not_there_or_has_lost_its_texts(copy: Path) -> None:
    config = load_config(copy / "srllm.yaml")
    with pytest.raises(StoreError, match="v9-00000000 is no whole release"):
        make_job(config, "v9-00000000")
    shutil.rmtree(copy / "workspace" / "stages" / "label")
    with pytest.raises(StoreError, match=r"texts .* are gone .* run 'srllm build --force'"):
        make_job(config)
    shutil.rmtree(copy / "workspace" / "releases")
    with pytest.raises(StoreError, match=r"no release in .* yet; run 'srllm build'"):
        make_job(config)


RULES = TrainConfig(recipe="smoke")


def test_what_truly_beats_is_promoted() -> None:
    controls = [False] * 60 + [True] * 60
    new = [True] * 50 + [False] * 10 + [True] * 60
    old = [False] * 20 + [True] * 30 + [False] * 10 + [True] * 60
    promoted, why, figures = judgement(new, old, controls, "editor-1", RULES)
    assert promoted
    assert why.startswith(
        "It beats editor-1: the gates accept 50 of 60 rewrites of biased texts (editor-1: 30), and "
        "60 of 60 neutral texts stay as they are (60); in all +16.7 points, 95 % interval +"
    )
    assert why.endswith("p = 1.9e-06.")
    assert figures["all"]["only_new"] == 20
    assert figures["neutral"]["difference"] == 0


def test_what_is_better_by_chance_is_not_promoted() -> None:
    controls = [False] * 60 + [True] * 60
    new = [True] * 5 + [False] * 55 + [True] * 60
    old = [False] * 60 + [True] * 60
    promoted, why, _ = judgement(new, old, controls, "editor-1", RULES)
    assert not promoted
    assert "does not beat editor-1 with p under 0.05" in why
    assert "p = 0.062." in why
    assert judgement(new, old, controls, "editor-1", RULES.model_copy(update={"alpha": 0.1}))[0]


def test_leaving_everything_as_it_is_beats_nobody() -> None:
    controls = [False] * 60 + [True] * 60
    new = [False] * 60 + [True] * 60
    old = [True] * 20 + [False] * 40 + [False] * 45 + [True] * 15
    promoted, why, figures = judgement(new, old, controls, "editor-1", RULES)
    assert figures["all"]["p"] < 0.05
    assert figures["all"]["difference"] > 0
    assert not promoted
    assert why.startswith("It is worse than editor-1 on biased texts (p = 1.9e-06): ")


def test_a_promotion_that_was_killed_half_way_is_one(tmp_path: Path) -> None:
    adapters = Adapters(tmp_path)
    first = {"adapter": "a", "weights": "0", "promoted": False, "why": "No."}
    second = {"adapter": "b", "weights": "1", "promoted": True, "why": "Yes."}
    adapters.decide(first)
    # It had written this file, and not the history.
    (tmp_path / "current.json").write_text(json.dumps(second))
    assert adapters.history() == [first, second]
    assert adapters.decision("b") == second
    adapters.decide(first)
    lines = (tmp_path / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["adapter"] for line in lines] == ["a", "b", "a"]


def test_damaged_records_are_named(tmp_path: Path) -> None:
    adapters = Adapters(tmp_path)
    (tmp_path / "history.jsonl").write_text("{")
    with pytest.raises(StoreError, match=r"history\.jsonl is damaged; take out"):
        adapters.history()
    (tmp_path / "current.json").write_text("[]")
    with pytest.raises(StoreError, match=r"current\.json is damaged; restore it, or remove it"):
        adapters.current()


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_with_a_server_the_gpu_pool_trains(tmp_path: Path, tiny: Path) -> None:
    write_config(tmp_path, tiny, work_pool="gpu")
    deployments = (ROOT / "prefect.yaml").read_text(encoding="utf-8")
    with deployed(tmp_path, deployments, ("local", "gpu")) as server:
        demand = server.ask("/deployments/name/build-dataset/on-demand")["id"]
        trains = server.ask("/deployments/name/train-and-evaluate/gpu")["id"]
        server.ask(f"/deployments/{demand}/create_flow_run", {"state": {"type": "SCHEDULED"}})
        server.until(lambda: completed(server, demand), 180, "The build")
        ran = server.until(lambda: completed(server, trains), 180, "The training")
        sent = training(tmp_path)
        assert sent["promoted"] is None
        assert sent["why"] == f"Sent to the work pool gpu as flow run {ran['name']}."
        assert ran["parent_task_run_id"]
        (decision,) = Adapters(tmp_path / "workspace" / "adapters").history()
        assert decision["adapter"] == sent["adapter"]
        found = server.ask(
            "/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [ran["id"]]}}}
        )
        assert decision["why"] in found[0]["data"]
        logs = server.ask("/logs/filter", {"logs": {"flow_run_id": {"any_": [ran["id"]]}}})
        assert any("loss" in line["message"] for line in logs)
