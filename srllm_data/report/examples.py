"""A few rows to read: the best and the worst accepted rewrites, and held and rejected ones.

Their texts come from the rewrite stage, which lies behind redaction: no raw text is shown.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from srllm_data.config import Config, ValidateConfig
from srllm_data.diff import Change, word_diff
from srllm_data.report.labels import measured
from srllm_data.report.outcome import dropped, reasons
from srllm_data.report.tables import Tables

#: Examples of each kind.
MOST = 5

#: Gates' reasons that speak of personal data in a rewrite; such a rewrite is not shown.
PRIVATE = ("personal data that the text lacks", "people that the text does not name")

_SIGNALS = ["bias_before", "bias_after", "toxicity_before", "toxicity_after", "content_kept"]

#: How far a signal may go: its threshold, whether that is the most or the least, and its name.
_THRESHOLDS = (
    ("bias_after", "max_bias", True, "bias"),
    ("toxicity_after", "max_toxicity", True, "toxicity"),
    ("content_kept", "min_content_kept", False, "content kept"),
    ("added", "max_added", True, "new words"),
    ("order", "min_order", False, "order kept"),
)

#: Characters that a reader cannot see, or that turn the order of what follows.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


@dataclass(frozen=True)
class Example:
    """One row; changes: runs of words that stayed, went or came (``diff.word_diff``)."""

    id: str
    source: str
    reasons: list[str]
    changes: list[tuple[Change, str]]


def examples(config: Config, tables: Tables) -> list[tuple[str, list[Example]]]:
    """Examples by kind: best, worst, held, rejected; none before the review.

    Rows on which a curator decided are left out, and rewrites with personal data of their own.
    """
    if not tables.has("review"):
        return []
    from srllm_data.decisions import DecisionLog

    decided = set(DecisionLog(tables.workspace.decisions).current())
    best, worst = _accepted(config.validate_, tables, decided)
    chosen = {
        "best": best,
        "worst": worst,
        "held": _ended(tables, "review", "held", decided),
        "rejected": _ended(tables, "validate", "rejected", decided),
    }
    texts = _texts(tables, {row_id for found in chosen.values() for row_id, _ in found})
    return [
        (
            kind,
            [
                Example(
                    row_id,
                    texts[row_id]["source"],
                    told,
                    word_diff(*(seen(texts[row_id][n]) for n in ("text", "rewrite"))),
                )
                for row_id, told in found
            ],
        )
        for kind, found in chosen.items()
    ]


_Chosen = list[tuple[str, list[str]]]


def _accepted(config: ValidateConfig, tables: Tables, decided: set[str]) -> tuple[_Chosen, _Chosen]:
    """Those that lost most bias and kept most content, and those nearest to a threshold."""
    names = [*_SIGNALS, *(signal for signal, *_ in _THRESHOLDS if signal not in _SIGNALS)]
    best: list[tuple[float, str, list[str]]] = []
    worst: list[tuple[float, str, list[str]]] = []
    for part in tables.parts("validate", "id", "control", "signals"):
        signals = measured(part, names)
        rows = zip(part["id"].to_pylist(), part["control"].to_pylist(), strict=True)
        for at, (row_id, control) in enumerate(rows):
            if control or row_id in tables.ends or row_id in decided:
                continue
            told = {n: float(values[at]) for n, values in signals.items()}
            if any(value != value for value in told.values()):
                continue
            margin, near = _nearest(told, config)
            removed = told["bias_before"] - told["bias_after"]
            removed += told["toxicity_before"] - told["toxicity_after"]
            best.append((-removed - told["content_kept"], row_id, [_effect(told)]))
            worst.append((margin, row_id, [near, _effect(told)]))
        # Only the few at the front are shown, whatever the rest are.
        best, worst = sorted(best)[:MOST], sorted(worst)[: 2 * MOST]
    shown = {row_id for _, row_id, _ in best}
    return (
        [(row_id, told) for _, row_id, told in best],
        [(row_id, told) for _, row_id, told in worst if row_id not in shown][:MOST],
    )


def _nearest(told: dict[str, float], config: ValidateConfig) -> tuple[float, str]:
    """The smallest distance to a threshold, and which one that is, in words."""
    margins = []
    for signal, threshold, most, name in _THRESHOLDS:
        limit = float(getattr(config, threshold))
        distance = limit - told[signal] if most else told[signal] - limit
        bound = "at most" if most else "at least"
        margins.append((distance, f"{name} {told[signal]:.3f}, {bound} {limit:.3f} wanted"))
    return min(margins)


def _effect(told: dict[str, float]) -> str:
    return (
        f"bias {told['bias_before']:.2f} to {told['bias_after']:.2f}, "
        f"toxicity {told['toxicity_before']:.2f} to {told['toxicity_after']:.2f}, "
        f"content kept {told['content_kept']:.0%}".replace("%", " %")
    )


def _ended(tables: Tables, stage: str, end: str, decided: set[str]) -> _Chosen:
    """Rows that ``stage`` ended so, of every kind of first reason."""
    found = []
    for row in dropped(tables, stage, end):
        told = reasons(row)
        if row["id"] not in decided and _public(told):
            kind = re.sub(r"\d+", "", told[0]) if told else row["reason"]
            found.append((kind, row["id"], told))
    return _of_every_kind(found)


def _public(told: list[str]) -> bool:
    return not any(private in reason for reason in told for private in PRIVATE)


def _of_every_kind(found: list[tuple[str, str, list[str]]]) -> _Chosen:
    """The first row of each of the most common kinds, then the second of each, and so on."""
    counts = Counter(kind for kind, *_ in found)
    turns: Counter[str] = Counter()
    ordered = []
    for kind, row_id, told in sorted(found):
        ordered.append((turns[kind], -counts[kind], kind, row_id, told))
        turns[kind] += 1
    return [(row_id, told) for *_, row_id, told in sorted(ordered)[:MOST]]


def _texts(tables: Tables, wanted: set[str]) -> dict[str, dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = pa.array(sorted(wanted), pa.string())
    found: list[dict[str, Any]] = []
    for part in tables.parts("rewrite", "id", "source", "text", "rewrite"):
        found += part.filter(pc.is_in(part["id"], value_set=ids)).to_pylist()
    return {row["id"]: row for row in found}


def seen(text: str | None) -> str:
    """``text`` with what cannot be seen spelled out, so that it cannot disturb the page."""
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text or "")
