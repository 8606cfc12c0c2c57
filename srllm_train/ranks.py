"""Several processes that train one model together, as ``accelerate launch`` starts them.

All of them do the same on their share of the rows; the main one alone prints, writes and saves.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from srllm_data.errors import ConfigError, SrllmError
from srllm_train import outputs
from srllm_train.pairs import Pair
from srllm_train.recipe import Recipe

Value = TypeVar("Value")

#: How long one process waits for another, as transformers does.
_LONGEST_WAIT = timedelta(minutes=30)
#: Seconds in which the process that knows the cause of an error ends, and the launcher the others.
_TURN = 10.0


def count() -> int:
    """Processes that train together; 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "LOCAL_RANK" in os.environ else 1


def is_main() -> bool:
    """Whether this process is the one that prints, writes and saves."""
    return count() == 1 or os.environ.get("RANK") == "0"


@contextmanager
def together() -> Iterator[None]:
    """Meet the other processes before anything is loaded: each gets its own GPU by that."""
    if count() == 1:
        yield
        return
    import torch
    from accelerate import PartialState  # type: ignore[import-untyped]

    PartialState(cpu=not torch.cuda.is_available(), timeout=_LONGEST_WAIT)
    try:
        yield
    except Exception as error:
        if not is_main() or not isinstance(error, SrllmError):
            # It may be what all have found, or that another one is gone. The first process that
            # ends makes the launcher stop the others, so the cause is said once.
            time.sleep(_TURN)
        raise
    torch.distributed.destroy_process_group()


def told(value: Value) -> Value:
    """The main process's ``value``, for which the others wait."""
    if count() == 1:
        return value
    import torch.distributed

    box = [value]
    torch.distributed.broadcast_object_list(box)
    return box[0]


def prepared(prepare: Callable[[], Value]) -> Value:
    """What ``prepare`` returns; only the main process calls it."""
    return told(prepare() if is_main() else None)  # type: ignore[return-value]


def check(recipe: Recipe) -> None:
    """Refuse what does not train in shards; ConfigError says what to do instead."""
    if not _sharded() or count() == 1:
        return
    if recipe.method == "prefix" or recipe.quantize:
        name = "method prefix" if recipe.method == "prefix" else f"quantize {recipe.quantize}"
        raise ConfigError(
            f"{name} does not train in shards; launch it by 'accelerate launch --multi_gpu', "
            f"without FSDP."
        )


def rewrites(
    trainer: Any,
    dev: Sequence[Pair],
    tokenizer: Any,
    recipe: Recipe,
    done: Callable[[int], None] = lambda rows: None,
) -> list[str]:
    """The greedy rewrite of each of ``dev`` by the trainer's model, the same on all processes.

    Where the model is sharded, all processes generate in step: none has room for the whole of it.
    """
    network = trainer.model
    if not trainer.is_fsdp_enabled:
        return told(outputs.rewrites(dev, network, tokenizer, recipe, done))
    plain = network.generate
    network.generate = partial(plain, synced_gpus=True)
    try:
        return told(outputs.rewrites(dev, network, tokenizer, recipe, done))
    finally:
        network.generate = plain


def gathered(trainer: Any) -> dict[str, Any] | None:
    """The whole weights of a sharded model by name, on the main process; {} on the others.

    None where every process has the whole model anyway.
    """
    if not trainer.is_fsdp_enabled:
        return None
    found: dict[str, Any] = trainer.accelerator.get_state_dict(trainer.model)
    return found


def _sharded() -> bool:
    return os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"
