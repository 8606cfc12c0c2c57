"""TRL's and transformers' trainers as a recipe sets them up; what can go wrong, in one sentence."""

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data.errors import SrllmError, StoreError
from srllm_data.local_models.chat import prompt_ids
from srllm_train.examples import IGNORED, Example, prompt_of
from srllm_train.outputs import health, rewrites, scores
from srllm_train.pairs import Pair, Preference
from srllm_train.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Checkpoints of a run without evaluations.
_CHECKPOINTS = 2


def sft_trainer(
    network: Any,
    tokenizer: "PreTrainedTokenizerBase",
    examples: Sequence[Example],
    dev_examples: Sequence[Example],
    *,
    recipe: Recipe,
    out: Path,
    dev: list[Pair],
    part: Any,
    callbacks: list[Any],
) -> Any:
    """TRL's trainer for supervised fine-tuning on ``examples``."""
    import torch
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    def table(some: Sequence[Example]) -> Any:
        return Dataset.from_list([{"input_ids": e.input_ids, "labels": e.labels} for e in some])

    config = SFTConfig(
        **_arguments(recipe, out),
        max_length=recipe.max_length if recipe.packing else None,
        packing=recipe.packing,
        eval_packing=False,
    )
    on_cpu = not torch.cuda.is_available() and recipe.method != "prefix"
    trainer = _learned_only(SFTTrainer) if on_cpu else SFTTrainer
    return _evaluating(trainer, dev, tokenizer, recipe)(
        model=network,
        args=config,
        train_dataset=table(examples),
        eval_dataset=table(dev_examples),
        processing_class=tokenizer,
        peft_config=part,
        callbacks=[*callbacks, *_stopping(recipe)],
    )


def dpo_trainer(
    network: Any,
    tokenizer: "PreTrainedTokenizerBase",
    ordered: Sequence[Preference],
    *,
    recipe: Recipe,
    out: Path,
    dev: list[Pair],
    part: Any,
    callbacks: list[Any],
) -> Any:
    """TRL's trainer for direct preference optimisation on ``ordered``."""
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer

    if not ordered:
        raise SrllmError(
            "The release has no preference pairs in its train split; they come from candidates, so "
            "build with rewrite.samples over 1 or rewrite.editor_too, or train by sft."
        )
    end = tokenizer.eos_token

    def row(p: Preference) -> dict[str, str]:
        asked = prompt_ids(tokenizer, prompt_of(p.text, p.marked, recipe))
        prompt = str(tokenizer.decode(asked, clean_up_tokenization_spaces=False))
        return {"prompt": prompt, "chosen": p.chosen + end, "rejected": p.rejected + end}

    rows = Dataset.from_list([row(p) for p in ordered])
    usual = _arguments(recipe, out) | {
        "learning_rate": recipe.dpo.learning_rate,
        "num_train_epochs": recipe.dpo.epochs,
        "per_device_train_batch_size": recipe.dpo.batch,
    }
    config = DPOConfig(**usual, beta=recipe.dpo.beta, max_length=recipe.max_length)
    return _evaluating(DPOTrainer, dev, tokenizer, recipe)(
        model=network,
        args=config,
        train_dataset=rows,
        eval_dataset=rows.select(range(min(len(rows), 8))),
        processing_class=tokenizer,
        peft_config=part,
        callbacks=[*callbacks, *_stopping(recipe)],
    )


def seq2seq_trainer(
    network: Any,
    tokenizer: "PreTrainedTokenizerBase",
    pairs: dict[str, list[Pair]],
    *,
    recipe: Recipe,
    out: Path,
    dev: list[Pair],
    part: Any,
    callbacks: list[Any],
) -> Any:
    """transformers' trainer for encoder-decoder baselines (T5, BART)."""
    from datasets import Dataset
    from peft import get_peft_model
    from transformers import DataCollatorForSeq2Seq, Seq2SeqTrainer, Seq2SeqTrainingArguments

    from srllm_train.seq2seq import rows_of

    found = {split: rows_of(some, tokenizer, recipe) for split, some in pairs.items()}
    if not found["train"]:
        raise SrllmError(
            "No pair is left to train on; name a release with rows in its train split, or raise "
            "the recipe's max_length."
        )
    if any(row["labels"][-1] != tokenizer.eos_token_id for row in found["train"]):
        raise SrllmError(
            "base: its tokenizer does not end an answer, so a model would not learn to stop; name "
            "another model."
        )
    if part is not None:
        network = get_peft_model(network, part)
    return _evaluating(Seq2SeqTrainer, dev, tokenizer, recipe)(
        model=network,
        args=Seq2SeqTrainingArguments(**_arguments(recipe, out)),
        train_dataset=Dataset.from_list(found["train"]),
        eval_dataset=Dataset.from_list(rows_of(dev, tokenizer, recipe)),
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=network, label_pad_token_id=IGNORED),
        processing_class=tokenizer,
        callbacks=[*callbacks, *_stopping(recipe)],
    )


def _arguments(recipe: Recipe, out: Path) -> dict[str, Any]:
    """Settings that every trainer has."""
    import torch

    share = 1 / (recipe.evaluations or _CHECKPOINTS)
    # A ratio of one would be read as one step.
    every = share if share < 1 else 0.999
    return {
        "output_dir": str(out / "checkpoints"),
        "use_cpu": not torch.cuda.is_available(),
        "num_train_epochs": recipe.epochs,
        "max_steps": recipe.max_steps or -1,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": recipe.scheduler,
        "warmup_steps": recipe.warmup,
        "optim": recipe.optimizer,
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.max_grad_norm,
        "per_device_train_batch_size": recipe.batch,
        "per_device_eval_batch_size": recipe.batch,
        "gradient_accumulation_steps": recipe.accumulation,
        "gradient_checkpointing": recipe.gradient_checkpointing,
        "bf16": recipe.precision == "bf16",
        "fp16": recipe.precision == "fp16",
        "torch_compile": recipe.compile,
        "train_sampling_strategy": "random" if recipe.packing else "group_by_length",
        "seed": recipe.seed,
        "full_determinism": recipe.deterministic,
        "logging_strategy": "steps",
        "logging_steps": 0.05 if not recipe.max_steps or recipe.max_steps > 20 else 1,
        "logging_first_step": True,
        "disable_tqdm": True,
        "report_to": recipe.track,
        "save_strategy": "steps",
        "save_steps": every,
        "save_total_limit": 2,
        "eval_strategy": "steps" if recipe.evaluations else "no",
        "eval_steps": every if recipe.evaluations else None,
        "load_best_model_at_end": bool(recipe.evaluations),
        "metric_for_best_model": "eq" if recipe.evaluations else None,
        "greater_is_better": True if recipe.evaluations else None,
    }


def _stopping(recipe: Recipe) -> list[Any]:
    from transformers import EarlyStoppingCallback

    return [EarlyStoppingCallback(recipe.patience)] if recipe.evaluations else []


def _evaluating(
    trainer: type, dev: list[Pair], tokenizer: "PreTrainedTokenizerBase", recipe: Recipe
) -> Any:
    """``trainer`` that adds what its rewrites of ``dev`` show to every evaluation."""

    from transformers import PrinterCallback

    class Evaluating(trainer):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            # Progress says the same in one line.
            self.remove_callback(PrinterCallback)

        def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
            output = super().evaluation_loop(*args, **kwargs)
            said = rewrites(dev, self.model, tokenizer, recipe)
            found = scores(dev, said) | health(dev, said)
            output.metrics.update({f"eval_{name}": value for name, value in found.items()})
            return output

    return Evaluating


def _learned_only(trainer: type) -> Any:
    """TRL's ``trainer`` with the same loss, computed only where something is learned.

    TRL computes the vocabulary of every token, in chunks, twice: that saves a GPU's memory and
    takes a CPU twice as long (``benchmarks/train_cpu.py``).
    """
    import torch

    class LearnedOnly(trainer):  # type: ignore[misc]
        def compute_loss(
            self,
            model: Any,
            inputs: dict[str, Any],
            return_outputs: bool = False,
            num_items_in_batch: Any = None,
        ) -> Any:
            network = self.accelerator.unwrap_model(model)
            network = getattr(network, "get_base_model", lambda: network)()
            labels = inputs["labels"][:, 1:]
            learned = labels != IGNORED
            given = {k: v for k, v in inputs.items() if k not in ("labels", "seq_lengths")}
            with self.accelerator.autocast():
                hidden = network.get_decoder()(**given, use_cache=False).last_hidden_state
                logits = network.get_output_embeddings()(hidden[:, :-1][learned])
            many = learned.sum() if num_items_in_batch is None else num_items_in_batch
            loss = torch.nn.functional.cross_entropy(
                logits.float(), labels[learned], reduction="sum"
            ) / torch.as_tensor(many).clamp(min=1)
            if self.model.training:
                read = inputs.get("attention_mask")
                self._total_train_tokens += int(
                    inputs["input_ids"].numel() if read is None else read.sum()
                )
                self._metrics["train"]["num_tokens"] = [self._total_train_tokens]
            return loss

    return LearnedOnly


def last_checkpoint(out: Path) -> Path | None:
    """The newest checkpoint of a run that was written to its end."""
    from safetensors import SafetensorError, safe_open

    found = (out / "checkpoints").glob("checkpoint-*")
    for path in sorted(found, key=lambda p: -int(p.name.rsplit("-")[-1])):
        # The trainer's state is written after everything else.
        weights = list(path.glob("*.safetensors"))
        if not weights or not (path / "trainer_state.json").is_file():
            continue
        try:
            for file in weights:
                with safe_open(file, "pt") as opened:
                    opened.keys()
        except (SafetensorError, OSError):
            continue
        return path
    return None


@contextmanager
def explained(recipe: Recipe, out: Path) -> Iterator[None]:
    """Say in one sentence that memory or disk did not do, and which setting helps."""
    try:
        yield
    except (RuntimeError, MemoryError, OSError) as error:
        said = str(error)
        if _no_memory(error):
            raise SrllmError(_smaller(recipe)) from None
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        if full or "No space left" in said or "PytorchStreamWriter" in said:
            raise StoreError(
                f"The disk of {out} is full; free some space, then go on with --resume: what was "
                f"saved before is whole."
            ) from None
        raise
    except Exception as error:
        if "No space left" in str(error):
            raise StoreError(
                f"The disk of {out} is full; free some space, then go on with --resume: what was "
                f"saved before is whole."
            ) from None
        raise


def _no_memory(error: BaseException) -> bool:
    said = str(error)
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and ("out of memory" in said or "can't allocate memory" in said)
    )


def _smaller(recipe: Recipe) -> str:
    if recipe.batch > 1:
        half = recipe.batch // 2
        do = f"set batch to {half} and accumulation to {recipe.accumulation * 2}"
    elif not recipe.gradient_checkpointing:
        do = "set gradient_checkpointing to true"
    elif not recipe.quantize and recipe.method != "full":
        do = "set quantize to nf4"
    else:
        do = "lower max_length, or name a smaller base"
    return f"The model and batch {recipe.batch} do not fit in memory; {do} in the recipe."
