"""Live progress of a training run, and its learning curve."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from transformers import TrainerCallback

from srllm_data.errors import SrllmError
from srllm_train import ranks
from srllm_train.recipe import Recipe

#: Most bf16 operations a second of GPUs, without sparsity, from their makers' data sheets.
_PEAKS = {"A100": 312e12, "A40": 149.7e12, "H100": 989e12, "H200": 989e12, "L4": 121e12}

#: What evaluations tell of dev rows.
SCORES = ("loss", "edit_f1", "unchanged", "eq", "empty", "repeated", "foreign")
NO_NUMBER = (
    "The loss is no number; lower learning_rate or set precision to bf16 in the recipe, and name "
    "another --out."
)


class Progress(TrainerCallback):
    """Says step, loss, tokens a second and the time left; stops at a loss that is no number.

    tokens: read since the start, or since the checkpoint that a run went on from; no padding.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.tokens = 0
        self._say = say
        self._began = 0.0
        self._first = self._read = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._began = time.monotonic()
        self._first, self._read = state.global_step, state.num_input_tokens_seen

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        # The loss is looked at before a state is saved, and at the end.
        control.should_log |= control.should_save or state.global_step >= state.max_steps

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        logs = logs or {}
        seen = state.num_input_tokens_seen - self._read
        self.tokens = int(logs.get("num_tokens", seen or self.tokens))
        if "loss" in logs:
            if not math.isfinite(logs["loss"]):
                raise SrllmError(NO_NUMBER)
            self._say(self._line(state, float(logs["loss"])))
        elif "eval_eq" in logs:
            scores = {n: float(logs[f"eval_{n}"]) for n in SCORES if f"eval_{n}" in logs}
            self._say("dev rows: " + ", ".join(f"{n} {v:.3f}" for n, v in scores.items()))

    def _line(self, state: Any, loss: float) -> str:
        passed = time.monotonic() - self._began
        done = max(1, state.global_step - self._first)
        left = passed / done * (state.max_steps - state.global_step)
        rate = f"  {self.tokens / passed:,.0f} tokens/s" if self.tokens and passed else ""
        return (
            f"step {state.global_step:>5}/{state.max_steps}  loss {loss:.4f}{rate}  "
            f"{int(left // 60)}:{int(left % 60):02} left"
        )

    def mfu(self, model: Any, seconds: float, recipe: Recipe) -> float | None:
        """Model FLOPs utilisation on a GPU whose peak is known; None elsewhere.

        A token costs two operations a weight forward and two backward for its inputs, and two more
        for the weights that are trained (Chowdhery et al. 2022, appendix B, without attention).
        """
        import torch

        if not torch.cuda.is_available() or not seconds:
            return None
        name = torch.cuda.get_device_name()
        peak = next((p for n, p in _PEAKS.items() if n in name), None)
        if peak is None:
            return None
        weights = sum(p.numel() for p in model.parameters())
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        share: float = (4 * weights + 2 * trained) * self.tokens / seconds / peak / ranks.count()
        return round(share, 4)


def curve(history: Sequence[dict[str, Any]]) -> list[dict[str, float]]:
    """The learning curve in a trainer's history: the loss since the step before, or dev scores."""
    found = []
    for logs in history:
        if "loss" in logs:
            found.append({"step": logs["step"], "loss": round(float(logs["loss"]), 6)})
        elif "eval_eq" in logs:
            scores = {n: logs[f"eval_{n}"] for n in SCORES if f"eval_{n}" in logs}
            found.append(
                {"step": logs["step"]} | {f"dev_{n}": round(v, 6) for n, v in scores.items()}
            )
    return found


def mean_loss(curve: Sequence[dict[str, float]]) -> float:
    """Mean training loss over all steps of a curve."""
    total, before = 0.0, 0.0
    for point in curve:
        if "loss" in point:
            total += point["loss"] * (point["step"] - before)
            before = point["step"]
    return round(total / before, 6) if before else 0.0
