"""One variant of ``train_gpu.py``: trains in this process, measures, and returns a record."""

import gc
import tempfile
import types
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from train_gpu_meter import Meter, memory, mfu

from srllm_train.examples import IGNORED, Example, make_examples, prompt_of, set_pad
from srllm_train.pairs import Pair, read
from srllm_train.recipe import EMBEDDED, Recipe, load_recipe

#: Llama-like; the vocabulary is SmolLM2's, as its tokenizer reads the rows.
SHAPES: dict[str, dict[str, Any]] = {
    "tiny": {
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 128,
        "tie_word_embeddings": True,
    },
    "1.5B": {
        "hidden_size": 1536,
        "num_hidden_layers": 28,
        "num_attention_heads": 12,
        "num_key_value_heads": 2,
        "intermediate_size": 8960,
        "tie_word_embeddings": True,
    },
    "7B": {
        "hidden_size": 4096,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "intermediate_size": 11008,
        "tie_word_embeddings": False,
    },
}
#: No row is longer, in TRL's default and in ours.
_LONGEST = 1024


@dataclass(frozen=True)
class Variant:
    """What is run. rows: a step; way: how rows lie in a batch; seconds stops big shapes early."""

    name: str
    shape: str
    who: Literal["plain", "ours", "qlora"] = "ours"
    rows: int = 64
    checkpointing: bool = False
    base: Literal["fp32", "bf16"] = "bf16"
    way: Literal["padded", "packed", "padding-free"] = "packed"
    attention: str = "varlen"
    compile: Literal["", "layers", "whole"] = ""
    fused: bool = True
    deterministic: bool = False
    precision: Literal["bf16", "fp16"] = "bf16"


@dataclass(frozen=True)
class Setting:
    """Where the rows and the base are, and how long to train."""

    folder: Path
    work: Path
    base: str
    rows: int
    epochs: float
    steps: int
    seconds: float
    tiny: bool


def prepare(setting: Setting) -> tuple[list[Pair], list[Pair]]:
    """Rows to train on and dev rows; nothing here touches the GPU."""
    material = read(setting.folder)
    return material.pairs["train"][: setting.rows], material.pairs["validation"][:512]


def run(variant: Variant, setting: Setting, train: list[Pair], dev: list[Pair]) -> dict[str, Any]:
    """Train ``variant`` and measure it."""
    import torch

    recipe = _recipe(variant, setting)
    real = variant.shape == "135M"
    meter = Meter(_skip(setting, variant, len(train)), None if real else setting.seconds)
    out = Path(tempfile.mkdtemp(dir=setting.work))
    build = {"plain": _plain, "ours": _ours, "qlora": _qlora}[variant.who]
    trainer = build(variant, setting, recipe, train, out)
    _same_end(trainer.processing_class)
    trainer.data_collator = meter.counting(trainer.data_collator)
    trainer.add_callback(meter.callback())
    # Writing checkpoints is no part of what is compared.
    trainer.args.save_strategy = "no"
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    trainer.train()
    record = meter.found() | memory()
    model = trainer.model
    weights = model.get_base_model().num_parameters()
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    record |= {
        "weights": weights,
        "trained": trained,
        "mfu": mfu(weights, trained, record["tokens_per_second"]),
    }
    if real or setting.tiny:
        record["dev_loss"] = _dev_loss(model, variant, setting, recipe, dev, trainer)
    return record


def _same_end(tokenizer: Any) -> None:
    """Refuse a comparison where TRL, by the template, would teach another end than ours."""
    turn = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    shown = str(tokenizer.apply_chat_template(turn, tokenize=False))
    if not shown.rstrip().endswith(tokenizer.eos_token):
        raise RuntimeError(f"the template does not end a turn with {tokenizer.eos_token}")


def _skip(setting: Setting, variant: Variant, rows: int) -> int:
    if setting.tiny:
        return 1
    steps = rows * setting.epochs / variant.rows if variant.shape == "135M" else setting.steps
    return max(5, round(steps / 10))


def _recipe(variant: Variant, setting: Setting) -> Recipe:
    """The embedded recipe's model, rank, rate and schedule, with what the variant changes."""
    fixed = variant.shape != "135M"
    changes: dict[str, Any] = {
        "base": setting.base,
        "max_steps": (4 if setting.tiny else setting.steps) if fixed else None,
        "epochs": setting.epochs,
        "evaluations": 0,
        "track": "none",
        "max_length": _LONGEST,
        "accumulation": 1,
    }
    if variant.who == "qlora":
        changes |= {"precision": variant.precision, "deterministic": False}
        return load_recipe("sr-llm").model_copy(update=changes)
    changes |= {
        "warmup": 0.03,
        "optimizer": "adamw_torch_fused",
        "batch": 1 if variant.way == "packed" else variant.rows,
        "packing": variant.way == "packed",
        "attention": variant.attention,
        "gradient_checkpointing": variant.checkpointing,
        "compile": variant.compile == "whole",
        "deterministic": variant.deterministic,
        "precision": "bf16",
    }
    # Some attention kernels are no choice of a recipe, so nothing is validated.
    return load_recipe("embedded").model_copy(update=changes)


def _plain(variant: Variant, setting: Setting, recipe: Recipe, train: list[Pair], out: Path) -> Any:
    """What TRL's script for supervised fine-tuning does with a model, data and LoRA given."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    rows = [
        {
            "prompt": prompt_of(p.text, p.marked, recipe),
            "completion": [{"role": "assistant", "content": p.rewrite}],
        }
        for p in train
    ]
    dtype = "float32" if variant.base == "fp32" else "bfloat16"
    given: dict[str, Any] = {"model": _folder(setting)}
    args: dict[str, Any] = {"model_init_kwargs": {"dtype": dtype}}
    if variant.shape != "135M":
        tokenizer = _tokenizer(setting)
        network = _random(variant, tokenizer, getattr(torch, dtype), "sdpa")
        given, args = {"model": network, "processing_class": tokenizer}, {}
    if variant.rows != 8:
        args["per_device_train_batch_size"] = variant.rows
    if not variant.checkpointing:
        args["gradient_checkpointing"] = False
    return SFTTrainer(
        **given,
        args=SFTConfig(
            output_dir=str(out),
            learning_rate=recipe.learning_rate,
            lr_scheduler_type=recipe.scheduler,
            warmup_steps=recipe.warmup,
            num_train_epochs=recipe.epochs,
            max_steps=recipe.max_steps or -1,
            seed=recipe.seed,
            report_to="none",
            disable_tqdm=True,
            use_cpu=not torch.cuda.is_available(),
            **args,
        ),
        train_dataset=Dataset.from_list(rows),
        peft_config=LoraConfig(
            task_type="CAUSAL_LM",
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            lora_dropout=recipe.dropout,
            target_modules=recipe.targets,
        ),
    )


def _ours(variant: Variant, setting: Setting, recipe: Recipe, train: list[Pair], out: Path) -> Any:
    """srllm's own way, with the one thing changed that the variant names."""
    import torch

    from srllm_train.base import load_base

    if variant.shape == "135M":
        tokenizer, network = load_base(recipe)
    else:
        tokenizer = _tokenizer(setting)
        network = _random(variant, tokenizer, torch.bfloat16, variant.attention)
    if variant.compile == "layers":
        for layer in network.model.layers:
            layer.compile(dynamic=True)
    examples, _ = make_examples(train, tokenizer, recipe)
    if variant.way == "packed":
        # One packed sequence holds about as many rows as a step of the others.
        mean = sum(len(e.input_ids) for e in examples) / len(examples)
        recipe = recipe.model_copy(update={"max_length": round(variant.rows * mean)})
    trainer = _sft(network, tokenizer, examples, recipe, out)
    if variant.way == "padding-free":
        trainer.padding_free = trainer.data_collator.padding_free = True
        trainer.args.train_sampling_strategy = "random"
    if not variant.fused:
        trainer.compute_loss = types.MethodType(_unfused, trainer)
    return trainer


def _qlora(variant: Variant, setting: Setting, recipe: Recipe, train: list[Pair], out: Path) -> Any:
    """The paper's recipe on random weights, which have to be read from files to be quantized."""
    import torch

    from srllm_train.base import load_base

    folder = setting.work / f"random-{variant.shape}"
    if not (folder / "config.json").is_file():
        draft = folder.with_suffix(".draft")
        tokenizer = _tokenizer(setting)
        made = _random(variant, tokenizer, torch.bfloat16, "sdpa")
        made.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
        draft.rename(folder)
        del made
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    recipe = recipe.model_copy(update={"base": str(folder)})
    tokenizer, network = load_base(recipe)
    examples, _ = make_examples(train, tokenizer, recipe)
    return _sft(network, tokenizer, examples, recipe, out)


def _sft(
    network: Any, tokenizer: Any, examples: Sequence[Example], recipe: Recipe, out: Path
) -> Any:
    from srllm_train.base import trained_part
    from srllm_train.trainers import sft_trainer

    return sft_trainer(
        network,
        tokenizer,
        examples,
        examples[:8],
        recipe=recipe,
        out=out,
        dev=[],
        part=trained_part(recipe, network),
        callbacks=[],
    )


def _unfused(
    trainer: Any,
    model: Any,
    inputs: dict[str, Any],
    return_outputs: bool = False,
    num_items_in_batch: Any = None,
) -> Any:
    """The loss from all logits, as transformers' own trainer has it."""
    found = model(**inputs, use_cache=False, num_items_in_batch=num_items_in_batch)
    return (found.loss, found) if return_outputs else found.loss


def _folder(setting: Setting) -> str:
    from srllm_data.local_models.language_model import unpacked

    return unpacked() if setting.base == EMBEDDED else setting.base


def _tokenizer(setting: Setting) -> Any:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(_folder(setting))
    set_pad(tokenizer)
    return tokenizer


def _random(variant: Variant, tokenizer: Any, dtype: Any, attention: str) -> Any:
    """A network of the variant's shape with random weights, the same for every variant."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    from srllm_train import varlen

    varlen.register()
    torch.manual_seed(1)
    config = LlamaConfig(
        **SHAPES[variant.shape],
        vocab_size=len(tokenizer),
        max_position_embeddings=4096,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        made: Any = AutoModelForCausalLM.from_config(
            config, dtype=dtype, attn_implementation=attention
        )
    return made


def _dev_loss(
    model: Any, variant: Variant, setting: Setting, recipe: Recipe, dev: list[Pair], trainer: Any
) -> dict[str, Any]:
    """Nats a learned token of the dev rows, by the adapter on a fresh float32 base.

    Every variant is judged the same way, whatever it was trained with: padded rows, no autocast.
    words, ends: the same of the tokens before the end of each answer, and of the end alone.
    """
    import torch
    from peft import get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict

    weights = {n: w.detach().float().cpu() for n, w in get_peft_model_state_dict(model).items()}
    part = model.peft_config["default"]
    part.inference_mode = False
    trainer.model = trainer.model_wrapped = None
    gc.collect()
    tokenizer = _tokenizer(setting)
    fresh = recipe.model_copy(update={"attention": "sdpa", "precision": "fp32"})
    if variant.shape == "135M":
        from srllm_train.base import load_base

        network = load_base(fresh)[1]
    else:
        network = _random(variant, tokenizer, torch.float32, "sdpa")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = get_peft_model(network.to(device), part)
    lost = set_peft_model_state_dict(network, weights).unexpected_keys
    if lost:
        raise RuntimeError(f"weights without a place: {lost[:3]}")
    network.to(device).eval()
    examples, _ = make_examples(dev, tokenizer, fresh)
    examples.sort(key=lambda e: len(e.input_ids))
    nats, tokens, ends = 0.0, 0, 0.0
    for first in range(0, len(examples), 32):
        some = examples[first : first + 32]
        width = max(len(e.input_ids) for e in some)

        def padded(rows: list[list[int]], value: int, width: int = width) -> Any:
            return torch.tensor([r + [value] * (width - len(r)) for r in rows], device=device)

        ids = padded([e.input_ids for e in some], tokenizer.pad_token_id)
        labels = padded([e.labels for e in some], IGNORED)
        mask = padded([[1] * len(e.input_ids) for e in some], 0)
        with torch.inference_mode():
            logits = network(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
        target = labels[:, 1:].flatten()
        each = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), target, ignore_index=IGNORED, reduction="none"
        )
        ends += float(each[target == tokenizer.eos_token_id].double().sum())
        nats += float(each.double().sum())
        tokens += int((target != IGNORED).sum())
    moved = sum(float(w.abs().sum()) for n, w in weights.items() if "lora_B" in n)
    return {
        "nats": round(nats / tokens, 4),
        "tokens": tokens,
        "words": round((nats - ends) / (tokens - len(examples)), 4),
        "ends": round(ends / len(examples), 4),
        "lora_b": round(moved, 2),
    }
