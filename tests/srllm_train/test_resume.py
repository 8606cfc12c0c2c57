"""A run that was stopped goes on to the same weights, whatever stopped it."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from training import FIT, ROWS, checkpoints, record, write_rows

from srllm_train.recipe import load_recipe
from srllm_train.run import train as run

#: Four rows give two steps an epoch; a state is saved at half of the steps.
EPOCHS = (*FIT, "dropout=0.2", "batch=1", "accumulation=2", "max_steps=null")
RESUME = ("--resume",)


def stop(kind, place, out, base, sets, at, **more):
    """Start a run, and break it off where it says a line that starts with ``at``."""

    def say(line):
        if line.startswith(at):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(kind, place, load_recipe("smoke", [f"base={base}", *sets]), out, say=say, **more)
    assert not (out / "srllm.json").exists()


def same(one, other):
    """Whether two finished runs made the same: weights, steps, loss and curve."""
    kept = ("weights", "steps", "loss", "curve", "dev", "health", "rows")
    first, second = record(one), record(other)
    return [n for n in kept if first[n] != second[n]] == []


CASES = {
    "in a later epoch": ((*EPOCHS, "epochs=3"), "step     5/6", 3),
    "between epochs": ((*EPOCHS, "epochs=2"), "step     3/4", 2),
    "packed, in a later epoch": (
        (*FIT, "packing=true", "max_length=100", "batch=1", "max_steps=null", "epochs=3"),
        "step     5/6",
        3,
    ),
    "a whole model": ((*FIT, "method=full"), "step     2", 1),
    "after the last step": ((*FIT, "max_steps=3"), "Rewriting", 3),
    "waiting for a gain": (
        (*FIT, "evaluations=8", "patience=2", "max_steps=8", "learning_rate=1e-9"),
        "step     3",
        2,
    ),
    "after a stop by patience": (
        (*FIT, "evaluations=8", "patience=1", "max_steps=8", "learning_rate=1e-9"),
        "Rewriting",
        2,
    ),
}


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Four rows to learn from, and one to rewrite."""
    folder = tmp_path_factory.mktemp("few")
    rows = [{"text": text, "rewrite": rewrite} for text, rewrite in ROWS[:4]]
    write_rows(folder / "train.jsonl", rows)
    write_rows(folder / "validation.jsonl", rows[:1])
    return folder


@pytest.mark.parametrize("case", CASES)
def test_a_run_goes_on_to_the_same_weights(train, few, tmp_path, llama, case):
    sets, at, step = CASES[case]
    assert train("sft", few, tmp_path / "whole", *sets).code == 0
    stop("sft", few, tmp_path / "broken", llama, sets, at)
    ended = train("sft", few, tmp_path / "broken", *sets, options=RESUME)
    assert ended.code == 0, ended.err
    assert ended.out.startswith(f"Going on from step {step}.\n")
    assert same(tmp_path / "whole", tmp_path / "broken")


def test_a_dpo_run_from_an_adapter_goes_on(train, release, tmp_path, llama):
    sets = (*FIT, "dropout=0.1")
    assert train("sft", release, tmp_path / "sft", *sets).code == 0
    start = tmp_path / "sft"
    assert train("dpo", release, tmp_path / "whole", *sets, options=("--start", start)).code == 0
    stop("dpo", release, tmp_path / "broken", llama, sets, "step     2", start=start)
    options = ("--start", start, *RESUME)
    assert train("dpo", release, tmp_path / "broken", *sets, options=options).code == 0
    assert same(tmp_path / "whole", tmp_path / "broken")


def test_what_another_run_left_is_not_taken_on(train, pairs, release, tmp_path, llama):
    out = tmp_path / "out"
    assert "holds no run to resume" in train("sft", pairs, out, *FIT, options=RESUME).err
    stop("sft", pairs, out, llama, FIT, "step     2")
    for place, sets in ((pairs, ("seed=2",)), (release, ())):
        ended = train("sft", place, out, *FIT, *sets, options=RESUME)
        assert ended.code == 1
        assert "was started with other pairs or another recipe; give the same" in ended.err
    ended = train("sft", pairs, out, *FIT)
    assert ended.code == 1
    assert "holds a run already; go on with --resume, or name another --out" in ended.err
    assert train("sft", pairs, out, *FIT, options=RESUME).code == 0
    for options in (RESUME, ()):
        ended = train("sft", pairs, out, *FIT, options=options)
        assert ended.code == 1
        assert "holds a finished run; name another --out" in ended.err


@contextmanager
def started(pairs, out, base, *sets):
    """The command line in a process of its own."""
    changes = [part for s in (f"base={base}", *sets) for part in ("--set", s)]
    program = Path(sys.executable).with_name("srllm")
    with subprocess.Popen(
        [program, "train", "sft", pairs, "--out", out, "--recipe", "smoke", *changes],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def running(pairs, out, base, *sets):
    """The same, as soon as it has saved a state."""
    with started(pairs, out, base, *sets) as process:
        while not list(out.glob("checkpoints/*/trainer_state.json")):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        yield process


#: A state at step 7, and time enough to stop it before the next.
LONG = (*FIT, "max_steps=14", "dropout=0.2")


@pytest.fixture(scope="module")
def whole(tmp_path_factory, pairs, llama):
    """The run of which the others are parts."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("whole") / "out"
    run("sft", pairs, load_recipe("smoke", [f"base={llama}", *LONG]), out, say=lambda line: None)
    torch.set_num_threads(before)
    return out


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_run_goes_on_and_passes_over_what_was_torn(train, pairs, tmp_path, llama, whole):
    out = tmp_path / "out"
    with running(pairs, out, llama, *LONG) as process:
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    (good,) = checkpoints(out)
    assert good.name == "checkpoint-7"
    torn = {n: good.with_name(f"checkpoint-{n}") for n in (8, 9, 10)}
    for path in torn.values():
        shutil.copytree(good, path)
    file = torn[8] / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    (torn[9] / "trainer_state.json").unlink()
    state = torn[10] / "trainer_state.json"
    state.write_bytes(state.read_bytes()[:100])
    ended = train("sft", pairs, out, *LONG, options=RESUME)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("Going on from step 7.\n")
    assert same(whole, out)
    assert (out / "adapter_model.safetensors").read_bytes() == (
        whole / "adapter_model.safetensors"
    ).read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ctrl_c_stops_and_says_how_to_go_on(train, pairs, tmp_path, llama, whole):
    out = tmp_path / "out"
    with running(pairs, out, llama, *LONG) as process:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130
    assert said == (
        "srllm: Stopped; everything finished so far is kept, and the same command (of train, with "
        "--resume) goes on from there.\n"
    )
    assert train("sft", pairs, out, *LONG, options=RESUME).code == 0
    assert same(whole, out)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux")
def test_a_disk_that_takes_no_more_ends_the_run_in_one_sentence(
    train, pairs, tmp_path, llama, whole
):
    out = tmp_path / "out"
    with running(pairs, out, llama, *LONG) as process:
        # No file may be longer: the tokenizer of the next state is.
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (10**6, 10**6))
        _, said = process.communicate()
    assert process.returncode == 1
    assert said == (
        f"srllm: The disk of {out} is full; free some space, then go on with --resume: what was "
        "saved before is whole.\n"
    )
    assert train("sft", pairs, out, *LONG, options=RESUME).code == 0
    assert same(whole, out)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux")
def test_memory_that_does_not_do_ends_the_run_in_one_sentence(train, tmp_path, llama):
    """Attention between all words of many long texts takes more than there is left."""
    long = "word " * 400
    rows = [{"text": f"bad {long}", "rewrite": long}] * 48
    for split in ("train", "validation"):
        write_rows(tmp_path / "long" / f"{split}.jsonl", rows)
    out, sets = (
        tmp_path / "out",
        (*FIT, "batch=48", "max_length=1024", "attention=eager", "dev_rows=1"),
    )
    with started(tmp_path / "long", out, llama, *sets) as process:
        # What is printed before the first step.
        assert process.stdout.readline().startswith("One of 48 rows")
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + 300 * 2**20
        resource.prlimit(process.pid, resource.RLIMIT_AS, (most, most))
        _, said = process.communicate()
    assert process.returncode == 1
    assert said == (
        "srllm: The model and batch 48 do not fit in memory; set batch to 24 and accumulation to 2 "
        "in the recipe.\n"
    )
    # Nothing was saved, so the folder is free for a smaller batch.
    ended = train("sft", tmp_path / "long", out, "max_length=16")
    assert "No pair is left" in ended.err
