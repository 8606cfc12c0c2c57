"""Live progress of a training run, and its learning curve."""

import time
from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback

from srllm_train.recipe import Recipe

#: Most bf16 operations a second of GPUs, without sparsity, from their makers' data sheets.
_PEAKS = {"A100": 312e12, "A40": 149.7e12, "H100": 989e12, "H200": 989e12, "L4": 121e12}


class Progress(TrainerCallback):
    """Says step, loss, tokens a second and the time that is left; keeps the curve.

    curve: one entry for each report, with step and loss or the scores of dev rows. tokens: read so
    far, padding left out.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.curve: list[dict[str, float]] = []
        self.tokens = 0
        self._say = say
        self._began = 0.0
        self._first = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._began = time.monotonic()
        self._first = state.global_step

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        logs = logs or {}
        self.tokens = int(logs.get("num_tokens", self.tokens))
        if "loss" in logs:
            self.curve.append({"step": state.global_step, "loss": float(logs["loss"])})
            self._say(self._line(state, float(logs["loss"])))
        elif "eval_eq" in logs:
            kept = ("loss", "edit_f1", "unchanged", "eq", "empty", "repeated", "foreign")
            scores = {n: float(logs[f"eval_{n}"]) for n in kept if f"eval_{n}" in logs}
            self.curve.append(
                {"step": state.global_step, **{f"dev_{n}": v for n, v in scores.items()}}
            )
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
        share: float = (4 * weights + 2 * trained) * self.tokens / seconds / peak
        return round(share, 4)
