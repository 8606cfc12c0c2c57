"""The label stage: bias, toxicity, sentiment and harm of every row, with the words behind them."""

from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from srllm_data.lexicon import LABELLER, Scores, score
from srllm_data.nlp import parse
from srllm_data.progress import advance
from srllm_data.schema import StageOutput, dropped_table, schema_after

if TYPE_CHECKING:
    from srllm_data.config import LabelConfig


def label(rows: pa.Table, config: "LabelConfig") -> StageOutput:
    """Write the columns of the label stage beside every row; no row is dropped.

    Scores go from 0 to 1, sentiment from -1 to 1; the thresholds of ``config`` make labels of
    them. A control is a row without bias and toxicity and with low harm: it needs no rewrite.
    facts: rows by label value, target group, use of a finding, and controls.
    """
    labels = [_labels(doc_scores, config) for doc_scores in _scores(rows["text"].to_pylist())]
    written = pa.Table.from_pylist(labels, schema=_written_schema())
    kept = rows
    for field in written.schema:
        kept = kept.append_column(field, written[field.name])
    return StageOutput(kept.select(schema_after("label").names), dropped_table([]), _facts(labels))


def _scores(texts: list[str | None]) -> list[Scores]:
    scores = []
    for doc in parse([text or "" for text in texts], "ner"):
        scores.append(score(doc))
        advance()
    return scores


def _labels(scores: Scores, config: "LabelConfig") -> dict[str, Any]:
    toxic, harmful = scores.toxicity, scores.harm
    bias = "Yes" if scores.bias >= config.bias_threshold else "No"
    toxicity = _level(toxic, ("No", "Mild", "High"), config.toxicity_mild, config.toxicity_high)
    harm = _level(harmful, ("Low", "Medium", "High"), config.harm_medium, config.harm_high)
    return {
        "bias": bias,
        "bias_score": scores.bias,
        "bias_by": LABELLER,
        "toxicity": toxicity,
        "toxicity_score": toxic,
        "toxicity_by": LABELLER,
        "sentiment": _sentiment(scores.sentiment, config.sentiment_neutral),
        "sentiment_score": scores.sentiment,
        "sentiment_by": _vader(),
        "harm": harm,
        "harm_score": harmful,
        "harm_by": LABELLER,
        "target_groups": list(scores.groups),
        "biased_spans": [
            {
                "start": s.start,
                "end": s.end,
                "text": s.text,
                "label": s.label,
                "entry": s.entry,
                "use": s.use,
            }
            for s in scores.spans
        ],
        "control": bias == "No" and toxicity == "No" and harm == "Low",
    }


def _level(value: float, names: tuple[str, str, str], middle: float, high: float) -> str:
    return names[(value >= middle) + (value >= high)]


def _sentiment(compound: float, neutral: float) -> str:
    if abs(compound) < neutral:
        return "Neutral"
    return "Positive" if compound > 0 else "Negative"


def _vader() -> str:
    return f"vader-{version('vaderSentiment')}"


def _written_schema() -> pa.Schema:
    before = set(schema_after("redact").names)
    return pa.schema([f for f in schema_after("label") if f.name not in before])


def _facts(labels: list[dict[str, Any]]) -> dict[str, object]:
    counts: Counter[str] = Counter()
    for row in labels:
        counts.update(f"{k}={row[k]}" for k in ("bias", "toxicity", "sentiment", "harm"))
        counts.update(f"group={g}" for g in row["target_groups"])
        counts.update(f"use={u}" for u in {s["use"] for s in row["biased_spans"]})
        counts["control"] += bool(row["control"])
    return dict(sorted(counts.items()))
