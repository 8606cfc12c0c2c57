"""What rewrites are scored with: style, similarity, fluency, and the labels of the label stage.

All are remembered by text. They are small models that come with srllm, so that a report can be made
anywhere: compare systems of one report, never its figures with published ones.
"""

import json
import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from srllm_data.workspace import digest, file_digest
from srllm_train.evaluation.cache import Cache

#: Style classifier and calibration of fluency; ``srllm train scorers`` makes them.
FOLDER = Path(__file__).parent / "scorers"


class Scorers:
    """Scores of texts, each 0 to 1 unless said otherwise; a text without a letter or digit is 0."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def style(self, texts: Sequence[str], kinds: Sequence[str] | None = None) -> list[float]:
        """Probability that each text is neutral (STA of ParaDetox, Logacheva et al. 2022).

        kinds: of each text, one of ``style.KINDS``; any other is judged by the general head.
        """
        from srllm_data.labellers.ngrams import Ngrams
        from srllm_train.evaluation.style import GENERAL, KINDS, normal

        def compute(some: list[list[str]]) -> list[float]:
            judge = Ngrams(FOLDER)
            found = judge.probabilities([normal(text) for text, _ in some])
            at = [judge.heads.index(head) for _, head in some]
            return [_round(row[n]) for row, n in zip(found, at, strict=True)]

        heads = [k if k in KINDS else GENERAL for k in kinds or [GENERAL] * len(texts)]
        items = [[t, h] for t, h in zip(texts, heads, strict=True) if _says(t)]
        found = iter(self._cache.many("style", self.versions["style"], items, compute))
        return [next(found) if _says(t) else 0.0 for t in texts]

    def similarity(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Cosine of the embeddings of each pair's texts, at least 0 (SIM)."""
        from srllm_data.local_models.embedding import embed

        def cosines(some: list[list[str]]) -> list[float]:
            each = list(dict.fromkeys(t for pair in some for t in pair))
            at = {t: n for n, t in enumerate(each)}
            vectors = embed(each, setting="evaluate")
            return [_round(max(0.0, float(vectors[at[a]] @ vectors[at[b]]))) for a, b in some]

        usable = [i for i, (a, b) in enumerate(pairs) if _says(a) and _says(b)]
        found = self._cache.many(
            "similarity", self.versions["similarity"], [list(pairs[i]) for i in usable], cosines
        )
        scores = [0.0] * len(pairs)
        for i, score in zip(usable, found, strict=True):
            scores[i] = score
        return scores

    def fluency(self, texts: Sequence[str]) -> list[float]:
        """Probability that each text is well formed, from its surprise under SmolLM2 (FL)."""
        scale, shift = self._calibration
        return [
            0.0 if nats is None else 1 / (1 + math.exp(-scale * nats - shift))
            for nats in self.surprise(texts)
        ]

    def surprise(self, texts: Sequence[str]) -> list[float | None]:
        """Mean negative log-likelihood of each text's tokens under SmolLM2, nats; None if empty."""
        from srllm_data.local_models.language_model import SMOLLM2, surprise

        def compute(some: list[str]) -> list[float | None]:
            found = [surprise(t, SMOLLM2, "evaluate") for t in some]
            return [_round(nats / tokens) if tokens else None for nats, tokens in found]

        return self._said("surprise", self.versions["surprise"], texts, compute, None)

    def labels(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """What the label stage's classifiers say: bias, toxicity, harm, and sentiment (-1 to 1)."""
        from srllm_train.gated import labelled

        def compute(some: list[str]) -> list[dict[str, float]]:
            rows = labelled(some)
            axes = ("bias", "toxicity", "harm", "sentiment")
            columns = [rows[f"{axis}_score"].to_pylist() for axis in axes]
            return [dict(zip(axes, values, strict=True)) for values in zip(*columns, strict=True)]

        empty = {"bias": 0.0, "toxicity": 0.0, "harm": 0.0, "sentiment": 0.0}
        return self._said("labels", self.versions["labels"], texts, compute, empty)

    @cached_property
    def versions(self) -> dict[str, str]:
        """What the scores depend on, by scorer: a digest of files and versions of models."""
        from srllm_data import local_models
        from srllm_data.labellers.files import OWN

        installed = local_models.versions()
        record = file_digest(FOLDER / "manifest.json")
        classifiers = {p.name: file_digest(p) for p in sorted(OWN.iterdir()) if p.is_file()}
        return {
            "style": digest(record),
            "similarity": digest(installed),
            "surprise": digest(installed),
            "fluency": digest([record, installed]),
            "labels": digest([classifiers, installed]),
        }

    @cached_property
    def _calibration(self) -> tuple[float, float]:
        scale, shift = self.manifest["fluency"]["logit"]
        return float(scale), float(shift)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the style classifier and the calibration were made from, and how well they tell."""
        found: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_bytes())
        return found

    def _said(
        self, what: str, by: str, texts: Sequence[str], compute: Any, empty: Any = 0.0
    ) -> list[Any]:
        usable = [t for t in dict.fromkeys(texts) if _says(t)]
        found = dict(zip(usable, self._cache.many(what, by, usable, compute), strict=True))
        return [found.get(t, empty) for t in texts]


def _says(text: str) -> bool:
    return any(c.isalnum() for c in text)


def _round(value: float) -> float:
    return round(float(value), 6)
