"""What a run of training says, records and refuses, through the command line."""

import json
import shutil
import sys
from importlib.util import find_spec
from math import cos, pi

import pytest
from training import FIT, ROWS, checkpoints, digests, record, weights, write_rows


def test_a_seed_decides_every_byte(train, pairs, tmp_path):
    sets = (*FIT, "dropout=0.1")
    for name, seed in {"one": 5, "two": 5, "three": 6}.items():
        assert train("sft", pairs, tmp_path / name, *sets, f"seed={seed}").code == 0
    one, two, three = (digests(tmp_path / n) for n in ("one", "two", "three"))
    same = ("adapter_model.safetensors", "adapter_config.json")
    assert [one[n] for n in same] == [two[n] for n in same]
    assert one[same[0]] != three[same[0]]


@pytest.mark.parametrize(
    ("scheduler", "rates"),
    [
        ("constant_with_warmup", [0, 0.5, 1, 1, 1, 1, 1, 1]),
        ("cosine", [0, 0.5, *((1 + cos(pi * n / 6)) / 2 for n in range(6))]),
    ],
)
def test_the_learning_rate_goes_as_the_recipe_says(train, pairs, tmp_path, scheduler, rates):
    sets = (f"scheduler={scheduler}", "warmup=0.25", "max_steps=8", "learning_rate=1e-3")
    assert train("sft", pairs, tmp_path / "out", *FIT, *sets).code == 0
    history = json.loads((checkpoints(tmp_path / "out")[-1] / "trainer_state.json").read_bytes())
    rates_used = [e["learning_rate"] for e in history["log_history"] if "loss" in e]
    assert rates_used == pytest.approx([rate * 1e-3 for rate in rates])


def test_training_stops_where_nothing_is_gained_and_keeps_the_best(train, pairs, tmp_path):
    sets = ("evaluations=8", "patience=2", "max_steps=8", "learning_rate=1e-9", "epochs=9")
    ended = train("sft", pairs, tmp_path / "out", *FIT, *sets)
    assert ended.code == 0, ended.err
    found = record(tmp_path / "out")
    # The first is the best; two without a gain follow.
    assert found["steps"] == 3
    assert [p["step"] for p in found["curve"] if "dev_eq" in p] == [1, 2, 3]
    assert [p.name for p in checkpoints(tmp_path / "out")] == ["checkpoint-1", "checkpoint-3"]
    kept, best = weights(tmp_path / "out"), weights(checkpoints(tmp_path / "out")[0])
    assert all(kept[n].equal(best[n].to(kept[n].dtype)) for n in kept)
    assert ended.out.count("dev rows: loss") == 3


def test_a_loss_that_is_no_number_ends_the_run(train, pairs, tmp_path):
    wild = ("learning_rate=1e30", "max_grad_norm=1e30", "optimizer=sgd", "max_steps=6")
    ended = train("sft", pairs, tmp_path / "out", *wild)
    assert ended.code == 1
    assert ended.err.startswith("srllm: The loss is no number; lower learning_rate")
    assert not (tmp_path / "out" / "srllm.json").exists()


def test_weights_that_the_last_step_broke_are_not_saved(train, pairs, tmp_path):
    wild = ("learning_rate=1e38", "max_grad_norm=1e38", "optimizer=sgd", "max_steps=2")
    ended = train("sft", pairs, tmp_path / "out", *wild, "method=full")
    assert ended.code == 1
    assert "The loss is no number" in ended.err
    assert not list((tmp_path / "out").glob("*.safetensors"))


def test_an_unfit_adapter_says_so(train, pairs, tmp_path):
    sets = ("limits.max_empty=0", "limits.max_repeated=0", "method=prefix", "learning_rate=9")
    ended = train("sft", pairs, tmp_path / "out", *sets)
    found = record(tmp_path / "out")
    assert ended.code == 3
    assert f"Unfit: {found['unfit'][0]}" in ended.out
    assert "one is **unfit**: " in (tmp_path / "out" / "README.md").read_text()


def test_json_is_all_that_is_printed(train, pairs, tmp_path):
    ended = train("sft", pairs, tmp_path / "out", *FIT, options=("--json",))
    assert ended.code == 0
    assert json.loads(ended.out) == record(tmp_path / "out")
    assert ended.err == ""


def test_people_read_an_example_progress_and_a_summary(train, pairs, tmp_path):
    sets = ("evaluations=1", "packing=true", "quantize=null")
    ended = train("sft", pairs, tmp_path / "out", *FIT, *sets)
    assert ended.err == ""
    lines = ended.out.splitlines()
    assert lines[0] == "One of 8 rows as the model sees it; what is learned is marked:"
    progress = [line for line in lines if line.startswith("step ")]
    assert len(progress) == 2
    assert all("  loss " in p and " tokens/s  0:0" in p and p.endswith(" left") for p in progress)
    assert any(line.startswith("dev rows: loss ") for line in lines)
    tail = lines[lines.index(progress[-1]) :]
    assert any(line.startswith("Trained 2 steps in ") for line in tail)
    assert tail[-1] == f"Card     {tmp_path / 'out' / 'README.md'}"


def test_energy_is_plausible_and_co2_needs_a_country(train, pairs, tmp_path):
    pytest.importorskip("codecarbon")
    assert train("sft", pairs, tmp_path / "a", *FIT, "country=SWE", "max_steps=4").code == 0
    spent = record(tmp_path / "a")["measured"]
    watts = spent["energy_kwh"] * 3.6e6 / spent["seconds"]
    assert 0.5 < watts < 1000
    # Grams of CO2 a kilowatt-hour: Sweden's is one of the lowest.
    assert 1 < spent["co2_kg"] / spent["energy_kwh"] * 1000 < 100
    assert train("sft", pairs, tmp_path / "b", *FIT).code == 0
    assert record(tmp_path / "b")["measured"]["co2_kg"] is None


@pytest.fixture
def asked_for():
    """Hosts beyond this machine that this process looks up or connects to."""
    found = []
    watching = True

    def watch(event, arguments):
        if not watching or event not in ("socket.getaddrinfo", "socket.connect"):
            return
        place = arguments if event == "socket.getaddrinfo" else arguments[1]
        # The address of a socket in the file system is no tuple.
        if isinstance(place, tuple) and place[0] not in (None, "127.0.0.1", "::1", "localhost"):
            found.append(place[0])

    sys.addaudithook(watch)
    yield found
    watching = False


@pytest.mark.parametrize("method", ["lora", "full"])
def test_nothing_is_asked_of_a_network(train, pairs, tmp_path, monkeypatch, asked_for, method):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    ended = train("sft", pairs, tmp_path / "out", *FIT, f"method={method}", "evaluations=1")
    assert ended.code == 0
    assert asked_for == []


def test_tensorboard_is_told_unless_it_is_not_to_be(train, pairs, tmp_path, finished):
    assert list(finished.rglob("events.out.tfevents.*"))
    assert train("sft", pairs, tmp_path / "out", *FIT, "track=none").code == 0
    assert not list((tmp_path / "out").rglob("events.out.tfevents.*"))


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_tracker_that_is_not_installed_is_named(train, pairs, tmp_path, name):
    if find_spec(name):
        pytest.skip(f"{name} is installed")
    ended = train("sft", pairs, tmp_path / "out", f"track={name}")
    assert ended.code == 2
    assert ended.err == (
        f"srllm: track: {name} is not installed; run 'pip install {name}', or set track to none.\n"
    )


@pytest.mark.parametrize(
    ("sets", "code", "said"),
    [
        (("max_length=16",), 1, "No pair is left to train on"),
        (("optimizer=adam9",), 2, "The recipe cannot be trained here (adam9 is not a valid"),
        (
            ("attention=flash_attention_2",),
            2,
            "needs a package that is not installed (FlashAttention",
        ),
        (("system=The mayor closed the bridge on Monday.",), 1, "has its rewrite in its prompt"),
        (("learning_rate=1e-45", "precision=fp32"), 1, "Training changed no weight"),
    ],
)
def test_what_cannot_be_trained_ends_in_one_sentence(train, pairs, tmp_path, sets, code, said):
    ended = train("sft", pairs, tmp_path / "out", *sets)
    assert (ended.code, ended.err.count("\n")) == (code, 1)
    assert said in ended.err


def test_a_folder_that_is_no_model_is_no_base(srllm, pairs, tmp_path):
    (tmp_path / "empty").mkdir()
    ended = srllm(
        *("train", "sft", pairs, "--out", tmp_path / "out", "--set", f"base={tmp_path / 'empty'}")
    )
    assert ended.code == 2
    assert "cannot be loaded" in ended.err
    assert ended.err.count("\n") == 1


def test_a_model_without_a_chat_template_is_no_base(train, pairs, tmp_path, llama):
    base = tmp_path / "plain"
    shutil.copytree(llama, base)
    (base / "chat_template.jinja").unlink()
    ended = train("sft", pairs, tmp_path / "out", f"base={base}")
    assert ended.code == 2
    assert "has no chat template or no end token" in ended.err


def test_a_folder_without_dev_rows_is_refused(train, tmp_path):
    write_rows(tmp_path / "few" / "train.jsonl", [{"text": t, "rewrite": r} for t, r in ROWS])
    ended = train("sft", tmp_path / "few", tmp_path / "out")
    assert ended.code == 1
    assert "few has no validation split" in ended.err


def test_dpo_needs_preferences(train, pairs, tmp_path):
    ended = train("dpo", pairs, tmp_path / "out")
    assert ended.code == 1
    assert "has no preference pairs in its train split; they come from candidates" in ended.err


def test_a_folder_with_other_files_is_left_alone(train, pairs, tmp_path):
    (tmp_path / "README.md").write_text("Mine.")
    ended = train("sft", pairs, tmp_path)
    assert ended.code == 1
    assert "holds other files; name a new folder as --out" in ended.err
    assert (tmp_path / "README.md").read_text() == "Mine."
    ended = train("sft", pairs, tmp_path / "README.md")
    assert ended.code == 1
    assert "README.md cannot be made (File exists)" in ended.err


def test_a_failure_before_training_leaves_the_folder_free(train, pairs, tmp_path):
    assert train("sft", pairs, tmp_path / "out", "max_length=16").code == 1
    assert train("sft", pairs, tmp_path / "out", *FIT).code == 0
