"""How sure a figure is: bootstrap intervals, paired tests, effect sizes, and what n can show.

Everything is computed from values by row, with draws that depend on the rows' number and the seed,
so a saved report gives the same figures again.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from srllm_train.evaluation.contract import Measure, Outcome
from srllm_train.paired import mcnemar

#: Bootstrap draws, and permutations of a test.
DRAWS = 2000
PERMUTATIONS = 10_000
#: 1.96 + 0.84: two-sided 5 % and a power of 80 % (Cohen 1988).
_DETECTABLE = 2.8
_TOGETHER = 500


def _harmonic(means: Any) -> Any:
    total = (1 / np.maximum(means, 1e-12)).sum(0)
    return np.where((means <= 0).any(0), 0.0, len(means) / total)


def _icat(means: Any) -> Any:
    lms, ss = means
    return lms * np.minimum(ss, 100 - ss) / 50


#: From the means of a measure's columns, shape (columns, draws), to its value.
AGGREGATES: dict[str, Callable[[Any], Any]] = {
    "mean": lambda means: means[0],
    "harmonic": _harmonic,
    "icat": _icat,
    "difference": lambda means: means[0] - means[1],
    "max": lambda means: means.max(0),
    "spread": lambda means: np.nanmax(means, axis=0) - np.nanmin(means, axis=0),
    "ratio": lambda means: means[0] / np.maximum(means[1], 1e-12),
    # Of nats and tokens: that of all texts together, not a mean of each text's.
    "perplexity": lambda means: np.exp(means[0] / np.maximum(means[1], 1e-12)),
}


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, over how many rows and seeds; None where there are none."""

    value: float
    low: float
    high: float
    rows: int
    seeds: int


@dataclass(frozen=True)
class Difference:
    """How ``new`` differs from ``old`` on the same rows, in the measure's own unit.

    value, low, high: new minus old with its 95 % interval; of a measure that is best near its
    ideal, how much farther from that ``new`` is. p: paired permutation test, corrected by Holm
    where ``adjusted`` is set. effect: mean difference over its standard deviation (d_z).
    detectable: the difference that these rows would show with a power of 80 %, None where all of
    them agree. odds, odds_low,
    odds_high: of yes-or-no values, how many rows only ``new`` got right (no, where lower is better)
    for each that only ``old`` did; mcnemar: p of McNemar's exact test.
    """

    new: str
    old: str
    measure: str
    value: float
    low: float
    high: float
    rows: int
    p: float
    effect: float | None
    detectable: float | None
    odds: float | None = None
    odds_low: float | None = None
    odds_high: float | None = None
    mcnemar: float | None = None
    adjusted: float | None = None


class Statistics:
    """Figures of one suite's outcome."""

    def __init__(self, outcome: Outcome, seed: int = 1) -> None:
        self._outcome = outcome
        self._seed = seed
        names = [r.cluster or r.id for r in outcome.rows]
        order = {name: n for n, name in enumerate(dict.fromkeys(names))}
        self._cluster = np.array([order[name] for name in names], dtype=np.int64)
        self._clusters = len(order)
        self._groups = np.array([r.group for r in outcome.rows], dtype=object)
        # The same columns and counts come up in every measure, pair and group.
        self._read: dict[tuple[str, str], list[Any]] = {}
        self._counted: dict[bytes, Any] = {}

    def estimate(self, measure: Measure, system: str, group: str | None = None) -> Estimate | None:
        """The measure of ``system`` over all rows, or those of ``group``."""
        members = self._columns(system, measure, group)
        if not members or any(np.isnan(m).all(1).any() for m in members):
            return None
        values = [float(self._whole(m, measure)) for m in members]
        drawn = self._resampled(self._drawn(members, measure), 1)
        value, (low, high) = float(np.mean(values)), np.nanpercentile(drawn, [2.5, 97.5])
        if low == high and value in (0.0, 1.0) and self._yes_or_no(measure):
            low, high = self._agreed(members[0], value)
        rows = int((~np.isnan(members[0])).any(0).sum())
        return Estimate(value, float(low), float(high), rows, len(members))

    def difference(self, measure: Measure, new: str, old: str) -> Difference | None:
        """``new`` minus ``old``, over rows that both have values for."""
        both = [self._columns(s, measure) for s in (new, old)]
        if not all(both):
            return None
        missing = np.isnan(np.stack([m for members in both for m in members])).any(0)
        for members in both:
            for columns in members:
                columns[missing] = np.nan
        if missing.all(1).any():
            return None
        whole = [np.mean([self._whole(m, measure) for m in members]) for members in both]
        drawn = [
            self._resampled(self._drawn(members, measure), at) for at, members in enumerate(both)
        ]
        if near := measure.better == "near":
            # 45 and 55 are as good as each other where 50 is best, however far apart they are.
            whole, drawn = ([np.abs(v - measure.ideal) for v in vs] for vs in (whole, drawn))
        spread = drawn[0] - drawn[1]
        low, high = np.nanpercentile(spread, [2.5, 97.5])
        value = float(whole[0] - whole[1])
        means = [np.mean(members, axis=0) for members in both]
        found = Difference(
            new,
            old,
            measure.name,
            value,
            float(low),
            float(high),
            int((~missing).any(0).sum()),
            self._permuted(means[0], means[1], measure),
            self._effect(means[0], means[1], measure),
            float(_DETECTABLE * np.nanstd(spread)) or None,
        )
        return found if measure.aggregate != "mean" or near else _with_odds(found, means, measure)

    def _yes_or_no(self, measure: Measure) -> bool:
        """Whether the measure is a share of rows, to go by what all systems have."""
        if measure.aggregate != "mean":
            return False
        every = [c for s in self._outcome.values for c in self._column(s, measure.columns[0])]
        values = np.concatenate(every) if every else np.zeros(0)
        return bool(np.isin(values[~np.isnan(values)], (0.0, 1.0)).all())

    def _agreed(self, columns: Any, value: float) -> tuple[float, float]:
        """Exact 95 % limits (Clopper and Pearson 1934) of a share in which all rows agree.

        Drawing them again can show no other; a bootstrap's interval would have no width.
        """
        clusters = len(np.unique(self._cluster[~np.isnan(columns[0])]))
        bound = 0.025 ** (1 / clusters)
        return (0.0, 1 - bound) if value == 0 else (bound, 1.0)

    def groups(self) -> list[str]:
        """The groups of rows, in the order of their names."""
        return sorted({r.group for r in self._outcome.rows if r.group})

    def _columns(self, system: str, measure: Measure, group: str | None = None) -> list[Any]:
        """By member the values by column and row, float64, NaN where a row has none."""
        by_column = [self._column(system, column) for column in measure.columns]
        found = [np.stack(columns) for columns in zip(*by_column, strict=True)]
        if group is not None:
            for columns in found:
                columns[:, self._groups != group] = np.nan
        return found

    def _column(self, system: str, column: str) -> list[Any]:
        if (system, column) not in self._read:
            rows = self._outcome.rows
            self._read[system, column] = [
                np.array([values.get(r.id, {}).get(column, np.nan) for r in rows], dtype=np.float64)
                for values in self._outcome.values.get(system, [])
            ]
        return self._read[system, column]

    def _sums(self, columns: Any) -> tuple[Any, Any]:
        """Sums and counts by column and cluster."""
        sums, counts = [], []
        for column in columns:
            there = ~np.isnan(column)
            clusters = self._cluster[there]
            sums.append(np.bincount(clusters, column[there], self._clusters))
            counts.append(np.bincount(clusters, minlength=self._clusters).astype(np.float64))
        return np.stack(sums), np.stack(counts)

    def _whole(self, columns: Any, measure: Measure) -> Any:
        return AGGREGATES[measure.aggregate](np.nanmean(columns, axis=1))

    def _drawn(self, members: list[Any], measure: Measure) -> list[Any]:
        """The measure in every draw, by member."""
        found = [self._sums(columns) for columns in members]
        sums, counts = (np.concatenate(part) for part in zip(*found, strict=True))
        # A group has few of the clusters.
        there = counts.any(0)
        times = _times(self._clusters, self._seed)
        times = times if there.all() else times[there]
        with np.errstate(invalid="ignore", divide="ignore"):
            means = (sums[:, there] @ times) / self._weights(counts[:, there], times, there)
        return [AGGREGATES[measure.aggregate](m) for m in np.split(means, len(members))]

    def _weights(self, counts: Any, times: Any, there: Any) -> Any:
        """How many values each draw has, by column."""
        found = []
        for count in counts:
            key = there.tobytes() + count.tobytes()
            if key not in self._counted:
                self._counted[key] = count @ times
            found.append(self._counted[key])
        return np.stack(found)

    def _resampled(self, drawn: list[Any], stream: int) -> Any:
        """Means over seeds, which are drawn again like rows."""
        if len(drawn) == 1:
            return drawn[0]
        stack = np.stack(drawn)
        rng = np.random.default_rng([self._seed, stream, len(drawn)])
        picked = rng.integers(0, len(drawn), stack.shape)
        return np.take_along_axis(stack, picked, axis=0).mean(0)

    def _permuted(self, new: Any, old: Any, measure: Measure) -> float:
        """Two-sided p of a paired permutation test: in each cluster the systems may be swapped."""

        def gap(a: Any, b: Any) -> Any:
            values = [AGGREGATES[measure.aggregate](v) for v in (a, b)]
            if measure.better == "near":
                values = [np.abs(v - measure.ideal) for v in values]
            return values[0] - values[1]

        (a, count), (b, _) = self._sums(new), self._sums(old)
        whole = count.sum(1, keepdims=True)
        seen = abs(float(gap(a.sum(1, keepdims=True) / whole, b.sum(1, keepdims=True) / whole)[0]))
        extreme = 0
        for swap in _swaps(self._clusters, self._seed):
            moved = (b - a) @ swap.astype(np.float64)
            one = (a.sum(1, keepdims=True) + moved) / whole
            other = (b.sum(1, keepdims=True) - moved) / whole
            extreme += int((np.abs(gap(one, other)) >= seen - 1e-12).sum())
        return (extreme + 1) / (PERMUTATIONS + 1)

    def _effect(self, new: Any, old: Any, measure: Measure) -> float | None:
        if measure.aggregate != "mean" or measure.better == "near":
            return None
        (a, count), (b, _) = self._sums(new), self._sums(old)
        there = count[0] > 0
        gaps = (a[0, there] - b[0, there]) / count[0, there]
        spread = float(np.std(gaps, ddof=1)) if len(gaps) > 1 else 0.0
        return float(gaps.mean() / spread) if spread else None


def holm(ps: Sequence[float]) -> list[float]:
    """``ps`` corrected for being several tests (Holm 1979), in their order."""
    found, most = [0.0] * len(ps), 0.0
    for rank, at in enumerate(sorted(range(len(ps)), key=lambda i: (ps[i], i))):
        most = max(most, min(1.0, (len(ps) - rank) * ps[at]))
        found[at] = most
    return found


def odds_ratio(only_new: int, only_old: int) -> tuple[float, float, float]:
    """Odds ratio of matched pairs with its exact 95 % interval; infinite where one side is 0.

    Source: conditional maximum likelihood and Clopper-Pearson limits as in Fagerland, Lydersen and
    Laake 2013, BMC Medical Research Methodology 13:91.
    """
    from scipy.stats import beta

    differ = only_new + only_old
    if not differ:
        return 1.0, 0.0, math.inf
    low = float(beta.ppf(0.025, only_new, only_old + 1)) if only_new else 0.0
    high = float(beta.ppf(0.975, only_new + 1, only_old)) if only_old else 1.0
    ratio = only_new / only_old if only_old else math.inf
    return ratio, low / (1 - low), high / (1 - high) if high < 1 else math.inf


def _with_odds(found: Difference, means: list[Any], measure: Measure) -> Difference:
    from dataclasses import replace

    there = ~np.isnan(means[0][0])
    values = [m[0][there] for m in means]
    raw = np.concatenate(values)
    if not np.isin(raw, (0.0, 1.0)).all() and (found.rows == 0 or not _votes(raw)):
        return found
    # Of several seeds, what most of them say; where as many say yes as no, they say neither.
    decided = (np.abs(values[0] - 0.5) > 1e-9) & (np.abs(values[1] - 0.5) > 1e-9)
    lower = measure.better == "lower"
    new, old = (((v < 0.5) if lower else (v > 0.5))[decided] for v in values)
    only_new, only_old = int((new & ~old).sum()), int((old & ~new).sum())
    ratio, low, high = odds_ratio(only_new, only_old)
    return replace(
        found,
        odds=ratio,
        odds_low=low,
        odds_high=high,
        mcnemar=mcnemar(only_new, only_old),
    )


def _votes(values: Any) -> bool:
    """Whether all of ``values`` are means of yes and no over a few seeds."""
    return any(np.allclose(values * n, np.round(values * n), atol=1e-9) for n in range(2, 6))


@lru_cache(maxsize=8)
def _times(clusters: int, seed: int) -> Any:
    """How often each cluster is drawn, float64 [clusters, draws]."""
    rng = np.random.default_rng([seed, clusters])
    found = np.zeros((clusters, DRAWS))
    for draw in range(DRAWS):
        found[:, draw] = np.bincount(rng.integers(0, clusters, clusters), minlength=clusters)
    return found


@lru_cache(maxsize=1)
def _swaps(clusters: int, seed: int) -> list[Any]:
    """Which clusters' systems are swapped in each permutation, int8 [clusters, _TOGETHER]."""
    rng = np.random.default_rng([seed, 7])
    shape = clusters, _TOGETHER
    return [rng.integers(0, 2, shape, dtype=np.int8) for _ in range(PERMUTATIONS // _TOGETHER)]
