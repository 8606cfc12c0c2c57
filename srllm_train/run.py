"""One training run, from pairs to a saved adapter: ``srllm train sft`` and ``srllm train dpo``."""

import json
import shutil
import time
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Literal

from srllm_data.errors import ConfigError, SrllmError, StoreError
from srllm_data.progress import advance
from srllm_data.workspace import write_atomically
from srllm_train import adapter, energy, ranks, seq2seq
from srllm_train.balance import balanced
from srllm_train.base import load_base, trained_part
from srllm_train.examples import check, make_examples, make_preferences, shown
from srllm_train.outputs import health, scores, unfit
from srllm_train.pairs import Material, Pair, Preference, read
from srllm_train.progress import NO_NUMBER, Progress, curve, mean_loss
from srllm_train.recipe import Recipe
from srllm_train.trainers import (
    dpo_trainer,
    explained,
    last_checkpoint,
    seq2seq_trainer,
    sft_trainer,
)

Kind = Literal["sft", "dpo"]

#: What a run was started with; a resumed one must agree.
_STARTED = "started.json"


def train(
    kind: Kind,
    place: Path,
    recipe: Recipe,
    out: Path,
    start: Path | None = None,
    resume: bool = False,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Train on the pairs in ``place`` and write the adapter to ``out``; return its record.

    kind: sft learns rewrites, dpo learns from preference pairs. start: an adapter to go on from
    instead of the bare base. resume: go on from the newest whole checkpoint of the same run in
    ``out``, to the same weights. say: told what happens, one line or example at a time; of several
    processes that train together (:mod:`srllm_train.ranks`), only the main one says it.

    Raises SrllmError where nothing would be learned, where ``out`` holds another run, where memory
    or disk does not do, and where the loss is no number.
    """
    import torch
    from transformers import set_seed

    ranks.check(recipe)
    say = say if ranks.is_main() else _silent
    material = balanced(read(place), recipe.max_controls)
    started = {
        "kind": kind,
        "recipe": recipe.model_dump(),
        "material": material.digest,
        "start": adapter.weights_digest(start) if start else None,
    }
    checkpoint = ranks.prepared(lambda: _prepare(out, started, resume))
    if checkpoint:
        say(f"Going on from step {checkpoint.rsplit('-')[-1]}.")
    elif resume:
        say("No state was saved; beginning again.")
    set_seed(recipe.seed)
    with warnings.catch_warnings(), explained(recipe, out, kind):
        # The libraries warn of each other's old names, and of what our settings mean to do.
        warnings.simplefilter("ignore")
        tokenizer, network = load_base(recipe)
        part = trained_part(recipe, network)
        if start:
            network, part = adapter.loaded(start, network, recipe), None
        dev = _dev(material, recipe)
        progress = Progress(say)
        given = {"recipe": recipe, "out": out, "dev": dev, "part": part, "callbacks": [progress]}
        trainer, rows = _trainer(kind, network, tokenizer, material, given, say)
        before = adapter.trained_digest(trainer.model)
        began = time.monotonic()
        with _energy(recipe) as spent:
            trainer.train(resume_from_checkpoint=checkpoint)
        seconds = time.monotonic() - began
        trained = trainer.model
        weights = ranks.gathered(trainer)
        if ranks.is_main():
            if adapter.trained_digest(trained, weights) == before and not checkpoint:
                raise SrllmError(
                    "Training changed no weight; raise learning_rate or epochs in the recipe."
                )
            if not adapter.finite(trained, weights):
                raise SrllmError(NO_NUMBER)
        trained.eval()
        if recipe.method != "full":
            adapter.round_off(trained)
        kept = trainer.state.best_global_step
        if kept:
            say(f"The state of step {kept} is kept, the best on dev rows.")
        say(f"Rewriting {len(dev):,} dev rows.")
        said = ranks.rewrites(trainer, dev, tokenizer, recipe, lambda n: advance(n))
        well = health(dev, said)
        learning = curve(trainer.state.log_history)
        record: dict[str, Any] = {
            **started,
            "material": {
                "name": material.name,
                "digest": material.digest,
                "about": material.about,
            },
            "base": adapter.base_of(recipe),
            "rows": rows,
            "steps": trainer.state.global_step,
            "kept_step": kept or trainer.state.global_step,
            "loss": mean_loss(learning),
            "curve": learning,
            "dev": scores(dev, said),
            "health": well,
            "unfit": unfit(well, recipe.limits),
            "measured": {
                "seconds": round(seconds, 1),
                "tokens": progress.tokens,
                "tokens_per_second": round(progress.tokens / seconds, 1) if seconds else None,
                "mfu": progress.mfu(trained, seconds, recipe),
                "peak_memory_gib": _peak(torch),
                "processes": ranks.count(),
                **adapter.hardware(),
                **spent,
            },
        }
        if ranks.is_main():
            adapter.save(trained, tokenizer, recipe, record, out, weights)
        record = ranks.told(record)
    if record["unfit"]:
        say(f"Unfit: {'; '.join(record['unfit'])}.")
    return record


def _trainer(
    kind: Kind,
    network: Any,
    tokenizer: Any,
    material: Material,
    given: dict[str, Any],
    say: Callable[[str], None],
) -> tuple[Any, dict[str, int]]:
    """The trainer with its examples, of which one is shown, and how many rows it has of which."""
    recipe, dev = given["recipe"], given["dev"]
    encoder = bool(network.config.is_encoder_decoder)
    make = seq2seq.make_examples if encoder else make_examples
    rows = {"train": len(material.pairs["train"]), "dev": len(dev)}
    if kind == "dpo":
        if encoder:
            raise ConfigError("base: an encoder-decoder model learns by sft only; name another.")
        ordered, left_out = make_preferences(_preferences(material), tokenizer, recipe)
        examples = [better for better, _ in ordered]
        rows["preferences"] = len(ordered)
    else:
        examples, left_out = make(material.pairs["train"], tokenizer, recipe)
        rows["controls"] = sum(e.pair.control for e in examples)
    rows["left_out"] = left_out
    rows["learned_tokens"] = sum(len(e.learned) for e in examples)
    check(examples, tokenizer, exact=not encoder)
    say(f"One of {len(examples):,} rows as the model sees it; what is learned is marked:")
    say(shown(examples[0], tokenizer))
    if kind == "dpo":
        return dpo_trainer(network, tokenizer, ordered, **given), rows
    dev_examples, _ = make(dev, tokenizer, recipe)
    if recipe.evaluations and not dev_examples:
        raise SrllmError("No dev row fits max_length; raise it in the recipe.")
    learn = seq2seq_trainer if encoder else sft_trainer
    return learn(network, tokenizer, examples, dev_examples, **given), rows


def _prepare(out: Path, started: dict[str, Any], resume: bool) -> str | None:
    """Make ``out`` ready; the checkpoint to go on from, None for the start."""
    mark = out / _STARTED
    if (out / adapter.RECORD).exists():
        raise SrllmError(f"{out} holds a finished run; name another --out for another one.")
    if not resume:
        if mark.exists() and last_checkpoint(out):
            raise SrllmError(
                f"{out} holds a run already; go on with --resume, or name another --out."
            )
        if not mark.exists() and out.is_dir() and any(out.iterdir()):
            raise SrllmError(f"{out} holds other files; name a new folder as --out.")
        if mark.exists():
            # It was stopped before it had saved anything.
            shutil.rmtree(out / "checkpoints", ignore_errors=True)
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{out} cannot be made ({error.strerror}); name another.") from None
        write_atomically(mark, (json.dumps(started, indent=2) + "\n").encode())
        return None
    if not mark.exists():
        raise SrllmError(f"{out} holds no run to resume; leave --resume out.")
    if json.loads(mark.read_bytes()) != json.loads(json.dumps(started)):
        raise SrllmError(
            f"{out} was started with other pairs or another recipe; give the same again, or name "
            f"another --out."
        )
    found = last_checkpoint(out)
    for path in (out / "checkpoints").glob("checkpoint-*"):
        if found is None or int(path.name.rsplit("-")[-1]) > int(found.name.rsplit("-")[-1]):
            # It was torn by a kill or a full disk.
            shutil.rmtree(path)
    return str(found) if found else None


def _dev(material: Material, recipe: Recipe) -> list[Pair]:
    """The dev rows that are rewritten: spread evenly over the validation split."""
    rows = material.pairs.get("validation") or []
    if not rows:
        raise SrllmError(
            f"{material.name} has no validation split to check an adapter on; raise "
            f"release.validation, or add validation.jsonl."
        )
    step = max(1.0, len(rows) / recipe.dev_rows)
    return [rows[int(i * step)] for i in range(min(recipe.dev_rows, len(rows)))]


def _preferences(material: Material) -> list[Preference]:
    """The preferences to learn from; SrllmError says where they would come from."""
    found = material.preferences.get("train") or []
    if not found:
        raise SrllmError(
            f"{material.name} has no preference pairs in its train split; they come from "
            f"candidates, so build with rewrite.samples over 1 or rewrite.editor_too, or train by "
            f"sft."
        )
    return found


def _energy(recipe: Recipe) -> AbstractContextManager[dict[str, float | None]]:
    return energy.measured(recipe.country) if ranks.is_main() else nullcontext({})


def _silent(line: str) -> None:
    pass


def _peak(torch: Any) -> float:
    """Most memory that was used at once: of the GPU, or of the process."""
    if torch.cuda.is_available():
        most: int = torch.cuda.max_memory_allocated()
        return round(most / 2**30, 2)
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(used / 2**20, 2)
