"""What the gates of *validate* say of rewrites, remembered."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from srllm_data.stages import components
from srllm_data.workspace import Workspace, digest

if TYPE_CHECKING:
    from srllm_train.evaluation.bench import Bench


def verdicts(bench: "Bench", pairs: Sequence[tuple[str, str]]) -> list[dict[str, float]]:
    """For each text and rewrite whether the gates accept it: ``accepted``, ``kept``.

    accepted: as the configuration sets them; kept: with ``accept_deletions``. Every text counts as
    one that needs a rewrite. No endpoint is asked. An empty rewrite is neither.
    """
    from srllm_data.config import LabelConfig
    from srllm_data.progress import quiet
    from srllm_data.validate import judge, measure
    from srllm_train.gated import labelled, rewritten

    config = bench.config
    lenient = config.validate_.model_copy(update={"accept_deletions": True})

    def compute(some: list[list[str]]) -> list[dict[str, float]]:
        with quiet():
            rows = labelled([text for text, _ in some])
            signals = measure(
                rewritten(rows, [r for _, r in some]), config.redact, None, config.validate_
            )
        found = []
        for of_row in signals["signals"].to_pylist():
            values = {s["name"]: s["value"] for s in of_row}
            found.append(
                {
                    "accepted": float(judge(values, config.validate_).verdict == "accept"),
                    "kept": float(judge(values, lenient).verdict == "accept"),
                }
            )
        return found

    parts = components("validate", config, Workspace(Path(config.workspace)), None)
    by = digest([parts, LabelConfig().model_dump()])
    usable = [list(p) for p in pairs if p[1].strip()]
    said = iter(bench.cache.many("gates", by, usable, compute, says="the gates"))
    none = {"accepted": 0.0, "kept": 0.0}
    return [next(said) if p[1].strip() else dict(none) for p in pairs]
