"""Two processes that train one model, as ``accelerate launch`` starts them."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from srllm_train.recipe import load_recipe, names
from srllm_train.run import train

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

#: accelerate takes --cpu for one process; this is two on a CPU.
ON_CPU = {
    "compute_environment": "LOCAL_MACHINE",
    "distributed_type": "MULTI_GPU",
    "use_cpu": True,
    "num_machines": 1,
    "num_processes": 2,
    "mixed_precision": "no",
}
RECIPE = {
    "system": "Mend it.",
    "rank": 4,
    "epochs": 2,
    "learning_rate": 0.01,
    "scheduler": "constant",
    "precision": "fp32",
    "evaluations": 2,
    "dev_rows": 2,
    "track": "none",
    "limits": {"max_empty": 1.0, "max_repeated": 1.0, "max_foreign": 1.0},
}
WHO = "mayor clerk baker nurse pilot judge cook guard".split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pairs, a small random model with the embedded one's tokenizer, and a recipe for it."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from srllm_data.local_models.language_model import unpacked

    folder = tmp_path_factory.mktemp("ranks")
    tokenizer = AutoTokenizer.from_pretrained(unpacked())
    tokenizer.save_pretrained(folder / "base")
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder / "base")
    pairs = [
        {"text": f"The stupid {w} closed the bridge.", "rewrite": f"The {w} closed the bridge."}
        for w in WHO
    ]
    for split in ("train", "validation"):
        (folder / f"{split}.jsonl").write_text("\n".join(map(json.dumps, pairs)))
    (folder / "recipe.yaml").write_text(yaml.safe_dump(RECIPE | {"base": str(folder / "base")}))
    (folder / "cpu.yaml").write_text(yaml.safe_dump(ON_CPU))
    return folder


#: The command, with another recipe in the second process.
SECOND_FAILS = """
import os, sys
from srllm_data.cli import main

if os.environ["RANK"] == "1":
    sys.argv[sys.argv.index("--recipe") + 1] = "none"
main()
"""


def launched(
    folder: Path, *arguments: str, start: Sequence[str] = ("-m", "srllm_data")
) -> subprocess.CompletedProcess[str]:
    """``srllm train sft`` in two processes."""
    command = [sys.executable, "-m", "accelerate.commands.launch", "--main_process_port", "0"]
    command += ["--config_file", str(folder / "cpu.yaml"), *start, "train", "sft"]
    command += [str(folder), "--recipe", str(folder / "recipe.yaml"), *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=250)


def test_two_processes_learn_what_one_learns_with_twice_the_batch(folder):
    from safetensors.torch import load_file

    out = folder / "two"
    done = launched(folder, "--set", "batch=2", "--out", str(out))
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert sum("as the model sees it" in line for line in said) == 1
    assert sum(line.startswith("step ") for line in said) == 4
    assert sum(line.startswith("Trained 4 steps") for line in said) == 1
    record = json.loads((out / "srllm.json").read_bytes())
    assert record["measured"]["processes"] == 2

    alone = train(
        "sft",
        folder,
        load_recipe(str(folder / "recipe.yaml"), ["batch=4"]),
        folder / "one",
        say=lambda line: None,
    )
    assert alone["measured"]["processes"] == 1
    assert record["measured"]["tokens"] == alone["measured"]["tokens"]
    assert [p["loss"] for p in record["curve"] if "loss" in p] == pytest.approx(
        [p["loss"] for p in alone["curve"] if "loss" in p], abs=1e-4
    )
    together, single = (
        load_file(folder / name / "adapter_model.safetensors") for name in ("two", "one")
    )
    assert together.keys() == single.keys()
    for name, weights in together.items():
        assert (weights - single[name]).abs().max() < 2e-3, name
    assert any(weights.any() for name, weights in together.items() if "lora_B" in name)


def test_an_error_of_all_processes_ends_them_with_one_sentence(folder):
    (folder / "taken").mkdir()
    (folder / "taken" / "srllm.json").write_text("{}")
    done = launched(folder, "--out", str(folder / "taken"))
    assert done.returncode
    assert [line for line in done.stderr.splitlines() if line.startswith("srllm:")] == [
        f"srllm: {folder / 'taken'} holds a finished run; name another --out for another one."
    ]
    assert done.stdout == ""


def test_an_error_of_one_process_ends_all_with_its_sentence(folder):
    script = folder / "second.py"
    script.write_text(SECOND_FAILS)
    done = launched(folder, "--out", str(folder / "ended"), start=[str(script)])
    assert done.returncode
    assert [line for line in done.stderr.splitlines() if line.startswith("srllm:")] == [
        f"srllm: There is no recipe 'none'; name one of {', '.join(names())}, or a YAML file."
    ]
