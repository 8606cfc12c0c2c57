"""Several opinions become one score; and how far raters agree."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from srllm_data.errors import ConfigError
from srllm_data.labellers.opinion import AXES, Axis

if TYPE_CHECKING:
    from srllm_data.config import LabelConfig


#: Weights by axis and labeller.
Weights = Mapping[Axis, Mapping[str, float]]


def logistic(score: float, scale: float, shift: float) -> float:
    """Probability that a score stands for."""
    return 0.5 + 0.5 * math.tanh((scale * score + shift) / 2)


def platt(probability: float, scale: float, shift: float) -> float:
    """Probability with its log-odds scaled and shifted (Platt 1999)."""
    bound = min(max(probability, 1e-9), 1 - 1e-9)
    return logistic(math.log(bound / (1 - bound)), scale, shift)


def weights_of(config: "LabelConfig") -> Weights:
    """The weight of every labeller of ``config``, by axis and its name."""
    joined = {c.name: c.weight for c in config.transformers}
    joined |= {r.name: r.weight for r in config.raters}
    return {
        axis: {name: config.weights.get(axis, {}).get(name, 1.0) for name in config.embedded}
        | joined
        for axis in AXES
    }


def weighted(opinions: Sequence[Mapping[str, Any]], weights: Weights) -> dict[Axis, float]:
    """Mean score of each axis over the opinions that have one, by the weight of their labeller.

    Where those that answered weigh nothing, they count alike.
    """
    scores: dict[Axis, float] = {}
    for axis in AXES:
        told = [(o[axis], weights[axis][o["labeller"]]) for o in opinions if o[axis] is not None]
        total = sum(w for _, w in told)
        if told and not total:
            told, total = [(s, 1.0) for s, _ in told], float(len(told))
        if told:
            scores[axis] = round(sum(s * w for s, w in told) / total, 4)
    return scores


def dawid_skene(votes: Any, answers: int) -> Any:
    """Probability of each answer for each text, float64 [texts, answers]: Dawid and Skene 1979.

    votes: int [texts, raters], the place of the answer, -1 for none. How often each rater takes
    one answer for another is learned from all texts together. A text without votes gets NaN.
    """
    try:
        import pandas as pd
        from crowdkit.aggregation import DawidSkene
    except ImportError:
        raise ConfigError(
            "label.combine dawid_skene needs crowd-kit, which is not installed; run 'pip install "
            "srllm[local]', or set it to weighted."
        ) from None
    texts, raters = np.nonzero(votes >= 0)
    out = np.full((len(votes), answers), np.nan)
    if not len(texts):
        return out
    table = pd.DataFrame({"task": texts, "worker": raters, "label": votes[texts, raters]})
    found = DawidSkene(n_iter=100).fit_predict_proba(table)
    out[found.index] = 0.0
    for answer in found.columns:
        out[found.index, int(answer)] = found[answer].to_numpy()
    return out


def answers_of(scores: Any, cuts: Sequence[float]) -> Any:
    """Place of the answer that each score means, int; -1 where the score is NaN."""
    places = np.digitize(scores, cuts)
    return np.where(np.isnan(scores), -1, places)


def agreement(votes: Any, answers: int, ordered: bool) -> dict[str, float | int]:
    """Fleiss' kappa and Krippendorff's alpha of raters, never of people.

    votes: int [texts, raters], -1 for none. Kappa (Fleiss 1971) is over the texts that all raters
    answered; alpha (Krippendorff 2011) over all with two answers, ordinal where ``ordered``.
    NaN where there is nothing to compare, or nobody ever differs because only one answer occurs.
    """
    import krippendorff

    raters = int(votes.shape[1])
    whole = votes[(votes >= 0).all(1)]
    pairable = int(((votes >= 0).sum(1) >= 2).sum())
    alpha = float("nan")
    if pairable and len(np.unique(votes[votes >= 0])) > 1:
        alpha = krippendorff.alpha(
            reliability_data=np.where(votes < 0, np.nan, votes).T,
            value_domain=list(range(answers)),
            level_of_measurement="ordinal" if ordered else "nominal",
        )
    return {
        "raters": raters,
        "texts": pairable,
        "fleiss_kappa": round(_fleiss(whole, answers), 4),
        "krippendorff_alpha": round(float(alpha), 4),
    }


def _fleiss(votes: Any, answers: int) -> float:
    texts, raters = votes.shape
    if not texts or raters < 2:
        return float("nan")
    counts = np.stack([(votes == a).sum(1) for a in range(answers)], axis=1)
    observed = ((counts**2).sum(1) - raters) / (raters * (raters - 1))
    share = counts.sum(0) / (texts * raters)
    chance = float((share**2).sum())
    return float((observed.mean() - chance) / (1 - chance)) if chance < 1 else float("nan")
