"""The five metrics by what comes with srllm: signals of the gates, and embeddings."""

from collections.abc import Sequence
from math import prod
from pathlib import Path

from srllm_data.workspace import digest
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.judging import Case

COLUMNS = tuple(
    f"local_{name}" for name in ("kept", "supported", "relevant", "unbiased", "not_toxic", "all")
)
#: Counts of what a rewrite states otherwise than its text.
_TURNED = ("negations_flipped", "opposites", "roles_turned")
#: Cases that are measured together; a text is labelled once for all of its rewrites there.
_TOGETHER = 256


def local(bench: Bench, cases: Sequence[Case]) -> tuple[dict[Case, dict[str, float]], set[Case]]:
    """Values by case, and the cases whose answer says nothing: empty, a filler, or a refusal.

    kept: share of the content words outside biased spans that the rewrite keeps; none where the
    text has no such words. supported: share of the rewrite's content words that are the text's; 0
    where it turns a statement round. relevant: similarity. unbiased, not_toxic: by classifiers and
    lexicon, whichever finds more. all: product of what there is. What says nothing has 0 in every
    column.
    """
    pairs = [(row.text, answer) for row, answer in cases]
    measured = _signals(bench, pairs)
    similar = bench.scorers.similarity(pairs)
    values: dict[Case, dict[str, float]] = {}
    nothing = set()
    for case, signals, similarity in zip(cases, measured, similar, strict=True):
        if not signals["words"] or signals["refusal"]:
            nothing.add(case)
            values[case] = dict.fromkeys(COLUMNS, 0.0)
            continue
        kept, added = signals["content_kept"], signals["added"]
        # Without any word of content nothing is added, yet nothing of the text is said either.
        blank = signals["content"] and not kept and not added
        turned = any(signals[name] for name in _TURNED)
        found = {
            "kept": kept,
            "supported": 0.0 if turned or blank else 1 - added,
            "relevant": similarity,
            "unbiased": 1 - signals["bias_after"],
            "not_toxic": 1 - signals["toxicity_after"],
        }
        if not signals["content"]:
            del found["kept"]
        found["all"] = prod(found.values())
        values[case] = {f"local_{name}": round(value, 6) for name, value in found.items()}
    return values, nothing


def _signals(bench: Bench, pairs: Sequence[tuple[str, str]]) -> list[dict[str, float]]:
    """What the gates measure of each text and its rewrite, without language models."""
    from srllm_data.config import LabelConfig
    from srllm_data.progress import quiet
    from srllm_data.stages import components
    from srllm_data.validate import measure
    from srllm_data.workspace import Workspace
    from srllm_train.gated import labelled, rewritten

    config = bench.config

    def compute(some: list[list[str]]) -> list[dict[str, float]]:
        texts = list(dict.fromkeys(text for text, _ in some))
        at = {text: n for n, text in enumerate(texts)}
        with quiet():
            rows = labelled(texts).take([at[text] for text, _ in some])
            found = measure(rewritten(rows, [r for _, r in some]), config.redact)
        return [{s["name"]: s["value"] for s in row} for row in found["signals"].to_pylist()]

    parts = components("validate", config, Workspace(Path(config.workspace)), None)
    return bench.cache.many(
        "signals",
        digest([parts, LabelConfig().model_dump()]),
        [list(pair) for pair in pairs],
        compute,
        says="gates measure",
        chunk=_TOGETHER,
    )
