"""What merging makes of an adapter, and what it refuses."""

import json
import shutil

import pytest
import yaml
from typer.testing import CliRunner

from srllm_data import cli
from srllm_data.errors import SrllmError, StoreError
from srllm_train.merge import merge

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PAIRS = [
    {"text": f"The stupid {who} closed the bridge.", "rewrite": f"The {who} closed the bridge."}
    for who in ("mayor", "clerk", "baker", "nurse")
]
#: Quick, and with updates that 16 bits show; a random model says nothing that is fit.
RECIPE = {
    "system": "Mend it.",
    "rank": 4,
    "max_steps": 4,
    "learning_rate": 0.05,
    "scheduler": "constant",
    "batch": 4,
    "dev_rows": 1,
    "track": "none",
    "limits": {"max_empty": 1.0, "max_repeated": 1.0, "max_foreign": 1.0},
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A small random model with the embedded one's tokenizer."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from srllm_data.local_models.language_model import unpacked

    folder = tmp_path_factory.mktemp("base")
    tokenizer = AutoTokenizer.from_pretrained(unpacked())
    tokenizer.save_pretrained(folder)
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
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def trained(base, tmp_path_factory):
    """Trains with changes to the recipe, once each; the adapter's folder."""
    folder = tmp_path_factory.mktemp("adapters")
    for split in ("train", "validation"):
        (folder / f"{split}.jsonl").write_text("\n".join(json.dumps(p) for p in PAIRS))
    recipe = folder / "recipe.yaml"
    recipe.write_text(yaml.safe_dump({"base": str(base), **RECIPE}))

    def train(*changes):
        out = folder / "-".join(["adapter", *changes]).replace("=", "-")
        if not out.exists():
            told = [x for change in changes for x in ("--set", change)]
            arguments = ["sft", folder, "--recipe", recipe, "--out", out, *told]
            done = CliRunner().invoke(cli.app, ["train", *map(str, arguments)])
            assert done.exit_code in (0, 3), done.output
        return out

    return train


@pytest.fixture
def copied(trained, tmp_path):
    """A copy of the adapter that may be spoilt, and its record."""
    shutil.copytree(trained(), tmp_path / "copy")
    return tmp_path / "copy", json.loads((tmp_path / "copy" / "srllm.json").read_text())


def logits(network):
    import torch

    with torch.inference_mode():
        return network(torch.arange(3, 40).unsqueeze(0)).logits


def plain(folder):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype="float32")


def test_the_merged_model_is_plain_and_computes_what_the_adapter_does(base, trained, tmp_path):
    from peft import PeftModel

    before = logits(plain(base))
    out = tmp_path / "merged"
    done = CliRunner().invoke(cli.app, ["train", "merge", str(trained()), "--out", str(out)])
    assert done.exit_code == 0
    assert f"transformers serve {out}" in done.stdout
    assert not (out / "adapter_config.json").exists()
    wanted = logits(PeftModel.from_pretrained(plain(base), trained()))
    moved = (wanted - before).abs().max()
    assert (logits(plain(out)) - wanted).abs().max() < 0.1 * moved


def test_servers_and_converters_find_what_they_read(trained, tmp_path):
    """llama.cpp's converter reads these files, the special tokens as its package does here."""
    from gguf import SpecialVocab
    from safetensors import safe_open
    from transformers import AutoTokenizer, GenerationConfig

    merge(trained(), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert (config["dtype"], config["tie_word_embeddings"]) == ("bfloat16", True)
    with safe_open(tmp_path / "model.safetensors", "pt") as weights:
        kinds = {weights.get_slice(name).get_dtype() for name in weights.keys()}  # noqa: SIM118
        assert kinds == {"BF16"}
        assert "lm_head.weight" not in weights.keys()  # noqa: SIM118
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    told = GenerationConfig.from_pretrained(tmp_path)
    assert told.eos_token_id == tokenizer.eos_token_id != told.pad_token_id
    assert not told.do_sample
    read = SpecialVocab(tmp_path, load_merges=True, n_vocab=config["vocab_size"])
    assert read.special_token_ids["eos"] == tokenizer.eos_token_id
    assert len(read.merges) > 1000
    assert read.chat_template == tokenizer.chat_template


def test_its_record_says_where_it_comes_from_and_its_prompt_is_the_adapters(trained, tmp_path):
    record = json.loads((trained() / "srllm.json").read_text())
    merged = merge(trained(), tmp_path)
    assert merged == json.loads((tmp_path / "srllm.json").read_text())
    assert merged["adapter"] == record["weights"] != merged["weights"]
    assert merged["material"] == record["material"]
    prompt = (tmp_path / "prompt.md").read_text()
    assert prompt == (trained() / "prompt.md").read_text()
    assert record["weights"][:12] in prompt
    assert record["weights"] in (tmp_path / "README.md").read_text()
    with pytest.raises(SrllmError, match="merged already"):
        merge(tmp_path, tmp_path / "again")


def test_a_fully_trained_model_is_written_in_16_bits(trained, tmp_path):
    whole = trained("method=full", "learning_rate=0.001")
    merge(whole, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["dtype"] == "bfloat16"
    assert (logits(plain(tmp_path)) - logits(plain(whole))).abs().max() < 0.05


def test_what_was_trained_on_4_bits_goes_into_the_whole_base(base, trained, tmp_path):
    from peft import PeftModel

    pytest.importorskip("bitsandbytes")
    adapter = trained("quantize=nf4")
    merge(adapter, tmp_path)
    assert "quantization_config" not in json.loads((tmp_path / "config.json").read_text())
    wanted = logits(PeftModel.from_pretrained(plain(base), adapter))
    moved = (wanted - logits(plain(base))).abs().max()
    assert (logits(plain(tmp_path)) - wanted).abs().max() < 0.1 * moved


def test_what_cannot_be_merged_is_one_sentence(trained, tmp_path):
    with pytest.raises(SrllmError, match=r"holds a prefix.*train with method: lora"):
        merge(trained("method=prefix"), tmp_path / "a")
    with pytest.raises(SrllmError, match="for which its base has one weight"):
        merge(trained('targets=["embed_tokens"]'), tmp_path / "b")
    with pytest.raises(StoreError, match="holds no adapter that srllm trained"):
        merge(tmp_path, tmp_path / "c")


def test_an_unfit_adapter_is_merged_only_by_force(copied, tmp_path):
    folder, record = copied
    record["unfit"] = ["12.0% of its rewrites are empty (at most 1.0%)"]
    (folder / "srllm.json").write_text(json.dumps(record))
    with pytest.raises(SrllmError, match=r"is unfit: 12\.0% of its.* --force"):
        merge(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    merge(folder, tmp_path / "out", force=True)
    assert "**unfit**" in (tmp_path / "out" / "README.md").read_text()


def test_altered_weights_and_a_folder_in_use_are_refused(copied, trained, tmp_path):
    folder, _ = copied
    with (folder / "adapter_model.safetensors").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(StoreError, match="are not those that its srllm"):
        merge(folder, tmp_path / "out")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").write_text("mine")
    with pytest.raises(SrllmError, match="holds something already"):
        merge(trained(), tmp_path / "used")
    assert [p.name for p in (tmp_path / "used").iterdir()] == ["mine.txt"]
