"""Scores of a text from its findings."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from srllm_data.lexicon.entry import Span
from srllm_data.lexicon.groups import mentioned
from srllm_data.lexicon.match import find_spans
from srllm_data.schema import TARGET_GROUPS

if TYPE_CHECKING:
    from spacy.tokens import Doc

#: Share of a finding's severity that counts towards bias, toxicity and harm, by label.
_WEIGHTS = {
    "loaded": (1.0, 0.0, 0.2),
    "condescension": (1.0, 0.3, 0.4),
    "stereotype": (1.0, 0.3, 0.6),
    "generalisation": (1.0, 0.3, 0.6),
    "dehumanising": (1.0, 0.9, 1.0),
    "insult": (1.0, 1.0, 0.6),
    "slur": (1.0, 1.0, 1.0),
    "profanity": (0.0, 1.0, 0.3),
}


@dataclass(frozen=True)
class Scores:
    """Scores of one text: bias, toxicity and harm from 0 to 1, sentiment from -1 to 1."""

    bias: float
    toxicity: float
    harm: float
    sentiment: float
    groups: tuple[str, ...]
    spans: tuple[Span, ...]


def score(doc: "Doc") -> Scores:
    """Scores of ``doc`` (from ``srllm_data.nlp.parse``), rounded to 4 decimals.

    Each used finding counts severity x weight of its label; findings add up as a noisy-or,
    1 - product of (1 - severity x weight). Quoted and reclaimed findings count nothing, and
    identity terms name groups but never raise a score. Sentiment is VADER's compound value.
    """
    spans = find_spans(doc)
    bias, toxicity, harm = (
        round(_noisy_or([s.severity * _WEIGHTS[s.label][i] for s in spans if s.use == "used"]), 4)
        for i in range(3)
    )
    sentiment = round(_vader().polarity_scores(doc.text)["compound"], 4)
    return Scores(bias, toxicity, harm, sentiment, _groups(doc, spans), spans)


def _noisy_or(probabilities: list[float]) -> float:
    none = 1.0
    for p in probabilities:
        none *= 1 - p
    return 1 - none


def _groups(doc: "Doc", spans: tuple[Span, ...]) -> tuple[str, ...]:
    named = {g for s in spans for g in s.groups} | {m.group for m in mentioned(doc)}
    return tuple(g for g in TARGET_GROUPS if g in named)


@lru_cache(maxsize=1)
def _vader() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
