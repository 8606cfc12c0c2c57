"""Every method through the command line, with tiny models: what it learns, and what it saves."""

import json
from math import log

import pytest
from training import FIT, checkpoints, record, weights

from srllm_data.local_models import rewriter
from srllm_data.local_models.chat import answers
from srllm_train.adapter import round_off, save
from srllm_train.base import load_base, trained_part
from srllm_train.examples import make_examples
from srllm_train.outputs import rewrites, scores
from srllm_train.pairs import Pair, read
from srllm_train.recipe import Recipe, load_recipe

# peft asks transformers for what has a new name.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

FP32 = "precision=fp32"

SFT = {
    "lora": (),
    "lora fp16": ("precision=fp16",),
    "lora, less memory": ("gradient_checkpointing=true", "batch=1", "accumulation=2"),
    "prefix": ("method=prefix",),
    "full": ("method=full",),
    "packed": ("packing=true",),
    "packed, varlen": ("packing=true", "attention=varlen"),
}


def moved(out):
    """Whether training changed weights between the two states that it saved."""
    import torch

    first, second = (weights(path) for path in checkpoints(out))
    assert first.keys() == second.keys()
    return any(not torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("method", ["lora", "prefix"])
def test_a_build_can_write_with_what_was_trained(train, pairs, tmp_path, method):
    ended = train("sft", pairs, tmp_path / "out", *FIT, *SFT[method])
    assert ended.code == 0, ended.err
    said = rewriter.write("The stupid mayor closed the bridge.", ("stupid",), str(tmp_path / "out"))
    pair = Pair("", "The stupid mayor closed the bridge.", "", ("stupid",))
    tokenizer, network, found = rewriter.load(str(tmp_path / "out"))
    recipe = Recipe.model_validate(found["recipe"])
    assert rewrites([pair], network, tokenizer, recipe) == [said]


@pytest.mark.parametrize("method", SFT)
def test_two_steps_move_weights(train, pairs, tmp_path, method):
    ended = train("sft", pairs, tmp_path / "out", *FIT, *SFT[method])
    assert ended.code == 0, ended.err
    found = record(tmp_path / "out")
    assert found["steps"] == 2
    assert found["rows"] == {
        "train": 8,
        "dev": 4,
        "controls": 2,
        "left_out": 0,
        "learned_tokens": found["rows"]["learned_tokens"],
    }
    assert found["rows"]["learned_tokens"] > 50
    # Nothing is known yet: every token of the vocabulary is as likely.
    assert found["loss"] == pytest.approx(log(49152), rel=0.02)
    assert moved(tmp_path / "out")
    assert found["weights"] in (tmp_path / "out" / "README.md").read_text()
    assert not (tmp_path / "out" / "started.json").exists()


def test_four_bit_weights_train_a_lora(train, pairs, tmp_path):
    pytest.importorskip("bitsandbytes", reason="needs the extra qlora")
    ended = train(
        "sft", pairs, tmp_path / "out", *FIT, "quantize=nf4", "optimizer=paged_adamw_8bit"
    )
    assert ended.code == 0, ended.err
    assert ended.err == ""
    assert moved(tmp_path / "out")
    assert "QLoRA (nf4)" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize("method", ["full", "lora", "prefix"])
@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_an_encoder_decoder_learns_too(train, pairs, tmp_path, request, kind, method):
    base = request.getfixturevalue(kind)
    sets = (f"base={base}", f"method={method}", "evaluations=2", "learning_rate=1e-2")
    ended = train("sft", pairs, tmp_path / "out", *FIT, *sets)
    assert ended.code == 0, ended.err
    found = record(tmp_path / "out")
    assert found["rows"]["learned_tokens"] > 50
    assert found["measured"]["tokens"] > 0
    assert moved(tmp_path / "out")


def test_an_encoder_decoder_does_not_learn_by_dpo(train, release, tmp_path, t5):
    ended = train("dpo", release, tmp_path / "out", f"base={t5}")
    assert (ended.code, ended.out) == (2, "")
    assert "an encoder-decoder model learns by sft only" in ended.err


@pytest.mark.parametrize("method", ["lora", "prefix", "full"])
def test_dpo_learns_from_preferences(train, release, tmp_path, method):
    ended = train("dpo", release, tmp_path / "out", *FIT, f"method={method}")
    assert ended.code == 0, ended.err
    found = record(tmp_path / "out")
    assert found["rows"]["preferences"] == 6
    assert found["measured"]["tokens"] > 0
    assert moved(tmp_path / "out")
    if method != "prefix":
        # Before the first step, the model prefers nothing more than it did at its start.
        assert found["curve"][0]["loss"] == pytest.approx(log(2), abs=1e-3)


def test_sft_then_dpo_prefers_beyond_what_sft_made(train, release, tmp_path):
    sets = (*FIT, FP32, "learning_rate=0.05", "max_steps=4")
    assert train("sft", release, tmp_path / "sft", *sets).code == 0
    start = ("--start", tmp_path / "sft")
    ended = train("dpo", release, tmp_path / "dpo", *sets, options=start)
    assert ended.code == 0, ended.err
    found = record(tmp_path / "dpo")
    # The reference is the adapter that it started from, not the bare base.
    assert found["curve"][0]["loss"] == pytest.approx(log(2), abs=1e-4)
    assert found["start"] == record(tmp_path / "sft")["weights"]
    before, after = weights(tmp_path / "sft"), weights(tmp_path / "dpo")
    assert before.keys() == after.keys()
    assert any(not before[n].equal(after[n]) for n in before)
    # It stays near: one tenth of the steps' size.
    assert all((before[n] - after[n]).abs().max() < 0.01 for n in before)


def test_an_adapter_of_another_kind_is_no_start(train, pairs, tmp_path, bart, finished):
    start = ("--start", finished)
    for sets, said in {
        ("rank=8",): "was trained with rank 4, not 8; add --set rank=4.",
        ("method=prefix",): "was trained with method lora, not prefix; add --set method=lora.",
        (f"base={bart}",): "was trained on llama",
    }.items():
        ended = train("sft", pairs, tmp_path / "out", *sets, options=start)
        assert ended.code == 2
        assert said in ended.err
    ended = train("sft", pairs, tmp_path / "out", options=("--start", tmp_path))
    assert ended.code == 1
    assert "holds no" in ended.err


@pytest.mark.parametrize("attention", ["sdpa", "varlen"])
def test_packed_rows_teach_what_padded_ones_do(train, pairs, tmp_path, attention, llama):
    """One step over all rows: side by side with padding, and in one sequence."""
    one = (*FIT, FP32, "max_steps=1")
    padded = train("sft", pairs, tmp_path / "a", *one, "batch=8")
    packed = train(
        "sft",
        pairs,
        tmp_path / "b",
        *one,
        "batch=1",
        "packing=true",
        "max_length=512",
        f"attention={attention}",
    )
    assert (padded.code, packed.code) == (0, 0), packed.err
    one, other = record(tmp_path / "a"), record(tmp_path / "b")
    assert one["loss"] == pytest.approx(other["loss"], abs=2e-6)
    a, b = weights(checkpoints(tmp_path / "a")[-1]), weights(checkpoints(tmp_path / "b")[-1])
    assert all(a[n].allclose(b[n], atol=1e-6) for n in a)
    tokenizer, _ = load_base(load_recipe("smoke", [f"base={llama}"]))
    examples, _ = make_examples(read(pairs).pairs["train"], tokenizer, load_recipe("smoke"))
    every = sum(len(e.input_ids) for e in examples)
    assert one["measured"]["tokens"] == other["measured"]["tokens"] == every


def test_what_is_measured_holds_for_what_is_saved(train, pairs, tmp_path, llama):
    from peft import PeftModel

    sets = (*FIT, FP32, "learning_rate=0.02", "max_steps=6", "evaluations=3", "dev_rows=4")
    assert train("sft", pairs, tmp_path / "out", *sets).code == 0
    found = record(tmp_path / "out")
    recipe = load_recipe("smoke", [f"base={llama}", *sets])
    tokenizer, network = load_base(recipe)
    again = PeftModel.from_pretrained(network, tmp_path / "out")
    dev = read(pairs).pairs["validation"]
    assert scores(dev, rewrites(dev, again, tokenizer, recipe)) == found["dev"]


@pytest.mark.parametrize("method", ["lora", "prefix"])
@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_an_adapter_of_16_bits_generates_the_same_again(
    pairs, tmp_path, llama, finished, method, precision
):
    import torch
    from peft import PeftModel, get_peft_model

    recipe = load_recipe("smoke", [f"base={llama}", f"method={method}", f"precision={precision}"])
    tokenizer, network = load_base(recipe)
    model = get_peft_model(network, trained_part(recipe, network))
    torch.manual_seed(1)
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data.normal_(std=0.5)
    round_off(model)
    dev = read(pairs).pairs["validation"]
    said = rewrites(dev, model, tokenizer, recipe)
    assert all(said)
    save(model, tokenizer, recipe, record(finished), tmp_path / "saved")
    assert {t.dtype for t in weights(tmp_path / "saved").values()} == {torch.bfloat16}
    _, fresh = load_base(recipe)
    again = PeftModel.from_pretrained(fresh, tmp_path / "saved")
    assert rewrites(dev, again, tokenizer, recipe) == said


def test_a_whole_model_keeps_32_bits_and_is_a_base(train, pairs, tmp_path):
    import torch

    sets = (*FIT, "method=full")
    assert train("sft", pairs, tmp_path / "one", *sets).code == 0
    assert {t.dtype for t in weights(tmp_path / "one").values()} == {torch.float32}
    settings = json.loads((tmp_path / "one" / "config.json").read_bytes())
    assert settings["dtype"] == "float32"
    assert train("sft", pairs, tmp_path / "two", *sets, f"base={tmp_path / 'one'}").code == 0


def test_generation_ends_at_the_tokenizers_end(llama):
    tokenizer, network = load_base(load_recipe("smoke", [f"base={llama}", FP32]))
    assert network.generation_config.eos_token_id == tokenizer.eos_token_id == 2
    assert network.generation_config.pad_token_id == tokenizer.pad_token_id == 0
    prompt = tokenizer("a", add_special_tokens=False)["input_ids"]
    assert len(answers(network, tokenizer, [prompt], [4])) == 1
