"""Whether one system beats another on the same rows, or only by chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_SAMPLES = 10_000


@dataclass(frozen=True)
class Paired:
    """How often two systems were right on the same rows.

    only_new, only_old: rows on which one was right and the other not. difference, low, high: new
    minus old in shares of rows, with its 95 % interval. p: probability of a difference as large by
    chance.
    """

    rows: int
    new: int
    old: int
    only_new: int
    only_old: int
    difference: float
    low: float
    high: float
    p: float


def compare(new: Sequence[bool], old: Sequence[bool], seed: int = 1) -> Paired:
    """Compare what two systems got right, row by row."""
    only_new = sum(n and not o for n, o in zip(new, old, strict=True))
    only_old = sum(o and not n for n, o in zip(new, old, strict=True))
    low, high = _interval(only_new, only_old, len(new), seed)
    return Paired(
        len(new),
        sum(new),
        sum(old),
        only_new,
        only_old,
        round((only_new - only_old) / len(new), 6) if new else 0.0,
        low,
        high,
        mcnemar(only_new, only_old),
    )


def mcnemar(only_new: int, only_old: int) -> float:
    """Two-sided p of McNemar's exact test: rows that differ went either way with the same chance.

    Source: the exact conditional test in Fagerland, Lydersen and Laake 2013, BMC Medical Research
    Methodology 13:91.
    """
    differ = only_new + only_old
    tail = sum(math.comb(differ, k) for k in range(min(only_new, only_old) + 1))
    return min(1.0, 2 * tail / (1 << differ))


def _interval(only_new: int, only_old: int, rows: int, seed: int) -> tuple[float, float]:
    """Percentile bootstrap of the difference, 95 %; rows are drawn again in pairs.

    A pair counts 1, -1 or 0, so drawing pairs is drawing how many there are of each.
    """
    import numpy as np

    if not rows:
        return 0.0, 0.0
    shares = [only_new / rows, only_old / rows, (rows - only_new - only_old) / rows]
    drawn = np.random.default_rng(seed).multinomial(rows, shares, _SAMPLES)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / rows, [2.5, 97.5])
    return round(float(low), 6), round(float(high), 6)
