"""TRL's and transformers' trainers as a recipe sets them up; what can go wrong, in one sentence."""

import errno
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data.errors import ConfigError, SrllmError, StoreError
from srllm_train import ranks
from srllm_train.base import no_memory
from srllm_train.examples import IGNORED, Example
from srllm_train.outputs import health, scores
from srllm_train.pairs import Pair
from srllm_train.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: What a checkpoint tells of the run so far.
_STATE = "trainer_state.json"
#: Checkpoints of a run without evaluations.
_CHECKPOINTS = 2
#: What a disk says that takes no more; some file systems name the file instead.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
    from trl import SFTConfig, SFTTrainer

    config = _config(
        SFTConfig,
        **_arguments(recipe, out),
        max_length=recipe.max_length if recipe.packing else None,
        packing=recipe.packing,
        eval_packing=False,
    )
    # Processes that train together add up gradients in a forward that this loss goes round.
    on_cpu = not torch.cuda.is_available() and recipe.method != "prefix" and ranks.count() == 1
    trainer = _learned_only(SFTTrainer) if on_cpu else SFTTrainer
    return _evaluating(trainer, dev, tokenizer, recipe)(
        model=network,
        args=config,
        train_dataset=_table([_row(e.input_ids, e.labels) for e in examples]),
        eval_dataset=_table([_row(e.input_ids, e.labels) for e in dev_examples]),
        processing_class=tokenizer,
        peft_config=part,
        callbacks=[*callbacks, *_stopping(recipe)],
    )


def dpo_trainer(
    network: Any,
    tokenizer: "PreTrainedTokenizerBase",
    ordered: Sequence[tuple[Example, Example]],
    *,
    recipe: Recipe,
    out: Path,
    dev: list[Pair],
    part: Any,
    callbacks: list[Any],
) -> Any:
    """TRL's trainer for direct preference optimisation on ``ordered``: better and worse answers."""
    from trl import DPOConfig, DPOTrainer

    class Tokenized(DPOTrainer):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *args: Any) -> Any:
            # Rows are tokens already: a text would lose where its prompt ends.
            return dataset

    rows = _table(
        [
            {"prompt_ids": b.asked, "chosen_ids": b.learned, "rejected_ids": w.learned}
            | {"length": len(b.asked) + max(len(b.learned), len(w.learned))}
            for b, w in ordered
        ]
    )
    usual = _arguments(recipe, out) | {
        "learning_rate": recipe.dpo.learning_rate,
        "num_train_epochs": recipe.dpo.epochs,
        "per_device_train_batch_size": recipe.dpo.batch,
    }
    config = _config(DPOConfig, **usual, beta=recipe.dpo.beta, max_length=None)
    return _evaluating(Tokenized, dev, tokenizer, recipe)(
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
    examples: Sequence[Example],
    dev_examples: Sequence[Example],
    *,
    recipe: Recipe,
    out: Path,
    dev: list[Pair],
    part: Any,
    callbacks: list[Any],
) -> Any:
    """transformers' trainer for encoder-decoder baselines (T5, BART) on ``examples``."""
    from peft import get_peft_model
    from transformers import DataCollatorForSeq2Seq, Seq2SeqTrainer, Seq2SeqTrainingArguments

    if part is not None:
        network = get_peft_model(network, part)
    return _evaluating(Seq2SeqTrainer, dev, tokenizer, recipe)(
        model=network,
        args=_config(
            Seq2SeqTrainingArguments,
            **_arguments(recipe, out),
            include_num_input_tokens_seen="non_padding",
        ),
        train_dataset=_table([_row(e.asked, e.learned) for e in examples]),
        eval_dataset=_table([_row(e.asked, e.learned) for e in dev_examples]),
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=network, label_pad_token_id=IGNORED),
        processing_class=tokenizer,
        callbacks=[*callbacks, *_stopping(recipe)],
    )


def _row(read: list[int], labels: list[int]) -> dict[str, Any]:
    return {"input_ids": read, "labels": labels, "length": len(read)}


def _table(rows: list[dict[str, Any]]) -> Any:
    """``rows`` as the trainers read them; None where there are none."""
    import datasets

    datasets.disable_progress_bars()
    return datasets.Dataset.from_list(rows) if rows else None


def _config(kind: Any, **settings: Any) -> Any:
    """The trainer's own settings; ConfigError where they do not go with this machine."""
    try:
        return kind(**settings)
    except (ValueError, ImportError) as error:
        said = " ".join(str(error).split())[:200]
        raise ConfigError(f"The recipe cannot be trained here ({said}); change it.") from None


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
        "seed": recipe.seed,
        "full_determinism": recipe.deterministic,
        "logging_strategy": "steps",
        "logging_steps": 0.05 if not recipe.max_steps or recipe.max_steps > 20 else 1,
        "logging_first_step": True,
        # A loss that is no number must show.
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
        "report_to": _tracker(recipe, out),
        "save_strategy": "steps",
        "save_steps": every,
        "save_total_limit": 2,
        # The evaluations without a gain, of which patience allows so many.
        "restore_callback_states_from_checkpoint": True,
        "eval_strategy": "steps" if recipe.evaluations else "no",
        "eval_steps": every if recipe.evaluations else None,
        "load_best_model_at_end": bool(recipe.evaluations),
        "metric_for_best_model": "eq" if recipe.evaluations else None,
        "greater_is_better": True if recipe.evaluations else None,
    }


def _tracker(recipe: Recipe, out: Path) -> str:
    """Who is told how training goes; nothing leaves this machine unless the user set it so."""
    if recipe.track != "none" and find_spec(recipe.track) is None:
        raise ConfigError(
            f"track: {recipe.track} is not installed; run 'pip install {recipe.track}', or set "
            f"track to none."
        )
    usual = {
        "wandb": {"WANDB_MODE": "offline", "WANDB_DIR": str(out)},
        "mlflow": {"MLFLOW_TRACKING_URI": f"sqlite:///{out.resolve() / 'mlflow.db'}"},
    }
    for name, value in usual.get(recipe.track, {}).items():
        os.environ.setdefault(name, value)
    return recipe.track


def _stopping(recipe: Recipe) -> list[Any]:
    from transformers import EarlyStoppingCallback

    return [EarlyStoppingCallback(recipe.patience)] if recipe.evaluations else []


def _evaluating(
    trainer: type, dev: list[Pair], tokenizer: "PreTrainedTokenizerBase", recipe: Recipe
) -> Any:
    """``trainer`` that adds what its rewrites of ``dev`` show to every evaluation."""
    from transformers import PrinterCallback, TrainerState

    from srllm_train.order import ByLength

    class Evaluating(trainer):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            # Progress says the same in one line.
            self.remove_callback(PrinterCallback)

        def train(self, resume_from_checkpoint: str | None = None, **kwargs: Any) -> Any:
            if resume_from_checkpoint and _ended(resume_from_checkpoint):
                # transformers would train a step more.
                self.state = TrainerState.load_from_json(f"{resume_from_checkpoint}/{_STATE}")
                best = Path(self.args.output_dir) / f"checkpoint-{self.state.best_global_step}"
                kept = best if best.is_dir() else resume_from_checkpoint
                return self._load_from_checkpoint(str(kept))
            return super().train(resume_from_checkpoint=resume_from_checkpoint, **kwargs)

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            rows = self.train_dataset
            if "length" not in rows.column_names:
                # Packed sequences are of one length.
                return super()._get_train_sampler(train_dataset)
            batch = self.args.train_batch_size * self.args.gradient_accumulation_steps
            batch *= ranks.count()
            return ByLength(rows["length"], batch, recipe.seed)

        def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
            output = super().evaluation_loop(*args, **kwargs)
            said = ranks.rewrites(self, dev, tokenizer, recipe)
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


def _ended(checkpoint: str) -> bool:
    """Whether training ended with ``checkpoint``, at the last step or by patience."""
    state = json.loads((Path(checkpoint) / _STATE).read_bytes())
    return bool(state["stateful_callbacks"]["TrainerControl"]["args"]["should_training_stop"])


def last_checkpoint(out: Path) -> Path | None:
    """The newest checkpoint of a run that was written to its end."""
    from safetensors import SafetensorError, safe_open

    found = (out / "checkpoints").glob("checkpoint-*")
    for path in sorted(found, key=lambda p: -int(p.name.rsplit("-")[-1])):
        weights = list(path.glob("*.safetensors"))
        if not weights:
            continue
        try:
            # The trainer's state is written after everything else.
            json.loads((path / _STATE).read_bytes())
            for file in weights:
                with safe_open(file, "pt") as opened:
                    opened.keys()
        except (SafetensorError, OSError, ValueError):
            continue
        return path
    return None


@contextmanager
def explained(recipe: Recipe, out: Path, kind: str = "sft") -> Iterator[None]:
    """Say in one sentence that memory or disk did not do, and which setting helps."""
    try:
        yield
    except SrllmError:
        raise
    except Exception as error:
        if no_memory(error):
            raise SrllmError(_smaller(recipe, kind)) from None
        if _disk_full(error):
            raise StoreError(
                f"The disk of {out} is full; free some space, then go on with --resume: what was "
                f"saved before is whole."
            ) from None
        raise


def _disk_full(error: Exception) -> bool:
    said = str(error)
    number = getattr(error, "errno", None)
    # safetensors and torch say it in words only.
    return number in _FULL or any(
        words in said for words in (*map(os.strerror, _FULL), "inline_container")
    )


def _smaller(recipe: Recipe, kind: str) -> str:
    name, batch = ("dpo.batch", recipe.dpo.batch) if kind == "dpo" else ("batch", recipe.batch)
    if batch > 1:
        do = f"set {name} to {batch // 2} and accumulation to {recipe.accumulation * 2}"
    elif not recipe.gradient_checkpointing and recipe.method != "prefix":
        do = "set gradient_checkpointing to true"
    elif not recipe.quantize and recipe.method != "full":
        do = "set quantize to nf4"
    else:
        do = "lower max_length, or name a smaller base"
    return f"The model and {name} {batch} do not fit in memory; {do} in the recipe."
