"""One training run, from pairs to a saved adapter: ``srllm train sft`` and ``srllm train dpo``."""

import json
import shutil
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from srllm_data.errors import SrllmError, StoreError
from srllm_data.progress import advance
from srllm_data.workspace import write_atomically
from srllm_train import adapter, energy
from srllm_train.balance import balanced
from srllm_train.base import load_base, trained_part
from srllm_train.examples import IGNORED, check, make_examples, shown
from srllm_train.outputs import health, rewrites, scores, unfit
from srllm_train.pairs import Material, Pair, read
from srllm_train.progress import Progress
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
    ``out``, to the same weights. say: told what happens, one line or example at a time.

    Raises SrllmError where nothing would be learned, where ``out`` holds another run, where memory
    or disk does not do, and where the loss is no number.
    """
    import torch
    from transformers import set_seed

    # The libraries warn of each other's old names.
    warnings.filterwarnings("ignore", category=FutureWarning)
    material = balanced(read(place), recipe.max_controls)
    started = {
        "kind": kind,
        "recipe": recipe.model_dump(),
        "material": material.digest,
        "start": adapter.weights_digest(start) if start else None,
    }
    checkpoint = _prepare(out, started, resume)
    set_seed(recipe.seed)
    with explained(recipe, out):
        tokenizer, network = load_base(recipe)
        encoder = bool(network.config.is_encoder_decoder)
        part = trained_part(recipe, network)
        if start:
            network, part = adapter.loaded(start, network), None
        dev = _dev(material, recipe)
        progress = Progress(say)
        rows: dict[str, int] = {"train": len(material.pairs["train"]), "dev": len(dev)}
        given: dict[str, Any] = {
            "recipe": recipe,
            "out": out,
            "dev": dev,
            "part": part,
            "callbacks": [progress],
        }
        if encoder:
            if kind == "dpo":
                raise SrllmError("base: an encoder-decoder model learns by sft only.")
            trainer = seq2seq_trainer(network, tokenizer, material.pairs, **given)
        elif kind == "sft":
            examples, left_out = make_examples(material.pairs["train"], tokenizer, recipe)
            check(examples, tokenizer, recipe)
            rows["left_out"] = left_out
            rows["controls"] = sum(e.pair.control for e in examples)
            rows["learned_tokens"] = sum(t != IGNORED for e in examples for t in e.labels)
            say(f"One of {len(examples):,} rows as the model sees it; what is learned is marked:")
            say(shown(examples[0], tokenizer))
            dev_examples, _ = make_examples(dev, tokenizer, recipe)
            trainer = sft_trainer(network, tokenizer, examples, dev_examples, **given)
        else:
            ordered = material.preferences.get("train", [])
            rows["preferences"] = len(ordered)
            trainer = dpo_trainer(network, tokenizer, ordered, **given)
        before = adapter.trained_digest(trainer.model)
        began = time.monotonic()
        with energy.measured(recipe.country) as spent:
            result = trainer.train(resume_from_checkpoint=checkpoint)
        seconds = time.monotonic() - began
        if adapter.trained_digest(trainer.model) == before and not checkpoint:
            raise SrllmError(
                "Training changed no weight; raise learning_rate or epochs in the recipe."
            )
        loss = float(result.training_loss)
        if loss != loss:
            raise SrllmError(
                "The loss is no number; lower learning_rate, or set precision to bf16."
            )
        trained = trainer.model
        trained.eval()
        if recipe.method != "full":
            adapter.round_off(trained)
        say(f"Rewriting {len(dev):,} dev rows.")
        said = rewrites(dev, trained, tokenizer, recipe, lambda n: advance(n))
        well = health(dev, said)
        record: dict[str, Any] = {
            **started,
            "material": {"name": material.name, "digest": material.digest},
            "base": adapter.base_of(recipe),
            "rows": rows,
            "steps": trainer.state.global_step,
            "loss": round(loss, 6),
            "curve": progress.curve,
            "dev": scores(dev, said),
            "health": well,
            "unfit": unfit(well, recipe.limits),
            "measured": {
                "seconds": round(seconds, 1),
                "tokens": progress.tokens,
                "tokens_per_second": round(progress.tokens / seconds, 1) if seconds else None,
                "mfu": progress.mfu(trained, seconds, recipe),
                "peak_memory_gib": _peak(torch),
                **adapter.hardware(),
                **spent,
            },
        }
        adapter.save(trained, tokenizer, recipe, record, out)
    if record["unfit"]:
        say(f"Unfit: {'; '.join(record['unfit'])}.")
    return record


def _prepare(out: Path, started: dict[str, Any], resume: bool) -> str | None:
    """Make ``out`` ready; the checkpoint to go on from, None for the start."""
    mark = out / _STARTED
    if not resume:
        if (out / adapter.RECORD).exists() or mark.exists():
            raise SrllmError(
                f"{out} holds a run already; go on with --resume, or name another --out."
            )
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{out} cannot be made ({error.strerror}); name another.") from None
        write_atomically(mark, (json.dumps(started, indent=2) + "\n").encode())
        return None
    if not mark.exists():
        raise SrllmError(f"{out} holds no run to resume; leave --resume out.")
    if (out / adapter.RECORD).exists():
        raise SrllmError(f"{out} is finished already; name another --out for another run.")
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


def _peak(torch: Any) -> float:
    """Most memory that was used at once: of the GPU, or of the process."""
    if torch.cuda.is_available():
        most: int = torch.cuda.max_memory_allocated()
        return round(most / 2**30, 2)
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(used / 2**20, 2)
