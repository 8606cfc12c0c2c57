"""Rates, memory and model FLOPs utilisation of a training run; used by ``train_gpu.py``."""

import time
from collections.abc import Callable
from typing import Any

from srllm_train.examples import IGNORED

#: bf16 operations a second without sparsity, from the maker's data sheets.
PEAKS = {"H100": 989e12, "H200": 989e12}


class Meter:
    """Counts what batches hold and times the steady steps, with the GPU waited for at both ends."""

    def __init__(self, skip: int, seconds: float | None) -> None:
        self.batches: list[tuple[int, int, int, int]] = []
        self.stamps: list[tuple[int, float]] = []
        self.losses: list[float] = []
        self.began = 0.0
        self.skip, self.seconds = skip, seconds

    def counting(self, collate: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        """``collate`` that also notes tokens, slots, rows and learned tokens of each batch."""

        def count(rows: Any) -> dict[str, Any]:
            batch = collate(rows)
            slots = int(batch["input_ids"].numel())
            if "attention_mask" in batch:
                tokens, many = int(batch["attention_mask"].sum()), len(batch["input_ids"])
            else:
                tokens, many = slots, int((batch["position_ids"] == 0).sum())
            learned = int((batch["labels"] != IGNORED).sum())
            self.batches.append((tokens, slots, many, learned))
            return batch

        return count

    def callback(self) -> Any:
        """What the trainer tells of its steps."""
        from transformers import TrainerCallback

        meter = self

        class Steps(TrainerCallback):
            def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                meter.began = time.monotonic()
                meter.skip = min(meter.skip, state.max_steps // 2)

            def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                step = state.global_step
                long = bool(meter.seconds) and time.monotonic() - meter.began > (meter.seconds or 0)
                done = step >= state.max_steps or (long and step >= meter.skip + 3)
                if step == meter.skip or done:
                    _wait()
                    meter.stamps.append((step, time.monotonic()))
                control.should_training_stop = control.should_training_stop or done

            def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                if "loss" in (kwargs.get("logs") or {}):
                    meter.losses.append(round(float(kwargs["logs"]["loss"]), 4))

        return Steps()

    def found(self) -> dict[str, Any]:
        """Rates over the steady steps."""
        (first, start), (last, end) = self.stamps[0], self.stamps[-1]
        tokens, slots, rows, learned = (
            sum(b[i] for b in self.batches[first:last]) for i in range(4)
        )
        seconds = end - start
        return {
            "steps": last,
            "steady_steps": last - first,
            "steady_seconds": round(seconds, 3),
            "tokens_per_second": round(tokens / seconds, 1),
            "rows_per_second": round(rows / seconds, 1),
            "learned_tokens_per_second": round(learned / seconds, 1),
            "rows_per_step": round(rows / (last - first), 1),
            "tokens_per_step": round(tokens / (last - first)),
            "padding": round(1 - tokens / slots, 3),
            "seconds": round(end - self.began, 2),
            "curve": self.losses[:: max(1, len(self.losses) // 20)],
        }


def mfu(weights: int, trained: int, tokens_per_second: float) -> float | None:
    """Model FLOPs utilisation as in ``srllm_train.progress``; None where the peak is unknown."""
    import torch

    name = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    peak = next((p for n, p in PEAKS.items() if n in name), None)
    return round((4 * weights + 2 * trained) * tokens_per_second / peak, 4) if peak else None


def _wait() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def memory() -> dict[str, float]:
    """GiB: of the GPU while training, or of the process where there is none."""
    import resource

    import torch

    if not torch.cuda.is_available():
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"peak_gib": round(used / 2**20, 2)}
    return {
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2),
        "reserved_gib": round(torch.cuda.max_memory_reserved() / 2**30, 2),
    }
