import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_train.evaluation.contract import Measure, Outcome, Row, Values
from srllm_train.evaluation.statistics import Statistics, holm, odds_ratio

MEAN = Measure("m", "", ("x",))
EQ = Measure("EQ", "", ("a", "b"), "harmonic")


def outcome(values: dict[str, list[list[float | None]]], column: str = "x") -> Outcome:
    """Values by system, member and row."""
    rows = [Row(f"r{i}", "") for i in range(len(next(iter(values.values()))[0]))]
    told: dict[str, list[Values]] = {
        system: [
            {r.id: {column: v} for r, v in zip(rows, member, strict=True) if v is not None}
            for member in members
        ]
        for system, members in values.items()
    }
    return Outcome((), rows, told)


def test_an_estimate_is_the_mean_inside_its_interval() -> None:
    found = Statistics(outcome({"s": [[0.0, 1.0, 1.0, 0.0, 1.0]]})).estimate(MEAN, "s")
    assert found is not None
    assert found.value == pytest.approx(0.6)
    assert found.low < 0.6 < found.high
    assert (found.rows, found.seeds) == (5, 1)


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    inside = 0
    for draw in range(100):
        values = rng.binomial(1, 0.3, 120).astype(float).tolist()
        found = Statistics(outcome({"s": [values]}), seed=draw).estimate(MEAN, "s")
        assert found is not None
        inside += found.low <= 0.3 <= found.high
    assert inside >= 88


def test_a_share_in_which_all_rows_agree_has_exact_limits() -> None:
    found = Statistics(outcome({"s": [[0.0] * 31], "t": [[1.0] * 31]}))
    none, every = found.estimate(MEAN, "s"), found.estimate(MEAN, "t")
    assert none is not None
    assert every is not None
    # 1 - 0.025^(1/31)
    assert (none.low, none.high) == (0.0, pytest.approx(0.1122, abs=1e-4))
    assert (every.low, every.high) == (pytest.approx(0.8878, abs=1e-4), 1.0)
    # What is no share, such as a product that came out as 0 everywhere, has none.
    mixed = Statistics(outcome({"s": [[0.0] * 31], "t": [[0.5] * 31]})).estimate(MEAN, "s")
    assert mixed is not None
    assert mixed.high == 0.0


def test_no_rows_no_estimate() -> None:
    statistics = Statistics(outcome({"s": [[None, None]], "t": [[1.0, 0.0]]}))
    assert statistics.estimate(MEAN, "s") is None
    assert statistics.estimate(MEAN, "nobody") is None
    assert statistics.difference(MEAN, "s", "t") is None


def test_a_harmonic_mean_of_columns_over_different_rows() -> None:
    rows = [Row("1", ""), Row("2", ""), Row("3", "")]
    values: Values = {"1": {"a": 1.0}, "2": {"a": 0.0}, "3": {"b": 1.0}}
    found = Statistics(Outcome((), rows, {"s": [values]})).estimate(EQ, "s")
    assert found is not None
    # 2 x 0.5 x 1 / 1.5
    assert found.value == pytest.approx(2 / 3)


def test_rows_of_a_cluster_are_drawn_together() -> None:
    values: list[float | None] = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0] * 20
    alone = outcome({"s": [values]})
    tied = outcome({"s": [values]})
    tied.rows = [Row(r.id, "", cluster=f"c{i // 3}") for i, r in enumerate(tied.rows)]
    a, b = (Statistics(o).estimate(MEAN, "s") for o in (alone, tied))
    assert a is not None
    assert b is not None
    assert b.high - b.low > 1.4 * (a.high - a.low)


def test_seeds_are_drawn_as_well() -> None:
    rng = np.random.default_rng(1)
    base = rng.random(200)
    same = Statistics(outcome({"s": [base.tolist()] * 3}))
    apart = Statistics(outcome({"s": [(base + d).tolist() for d in (-0.2, 0.0, 0.2)]}))
    a, b = same.estimate(MEAN, "s"), apart.estimate(MEAN, "s")
    assert a is not None
    assert b is not None
    assert b.value == pytest.approx(a.value)
    assert b.high - b.low > 3 * (a.high - a.low)
    assert b.seeds == 3


def test_a_clear_difference_and_none() -> None:
    rng = np.random.default_rng(5)
    old = rng.random(100)
    statistics = Statistics(
        outcome({"old": [old.tolist()], "new": [(old + 0.1).tolist()], "same": [old.tolist()]})
    )
    found = statistics.difference(MEAN, "new", "old")
    assert found is not None
    assert found.value == pytest.approx(0.1)
    assert found.low > 0
    assert found.p < 0.001
    none = statistics.difference(MEAN, "same", "old")
    assert none is not None
    assert none.value == 0
    assert none.p == 1.0
    assert none.detectable is None


def test_only_rows_that_both_have_are_compared() -> None:
    found = Statistics(outcome({"a": [[1.0, None, 0.0]], "b": [[0.0, 1.0, None]]})).difference(
        MEAN, "a", "b"
    )
    assert found is not None
    assert (found.value, found.rows) == (1.0, 1)


def test_yes_or_no_values_get_mcnemar_and_odds() -> None:
    new = [1.0] * 12 + [0.0] * 2 + [1.0] * 6
    old = [0.0] * 12 + [1.0] * 2 + [1.0] * 6
    found = Statistics(outcome({"new": [new], "old": [old]})).difference(MEAN, "new", "old")
    assert found is not None
    assert found.odds == pytest.approx(6.0)
    # 2 x (1 + 14 + 91) / 2^14
    assert found.mcnemar == pytest.approx(2 * 106 / 2**14)
    assert found.odds_low is not None
    assert found.odds_low > 1


def test_a_p_of_the_permutation_test_by_hand() -> None:
    # Five rows, all in one direction: of 2^5 swaps two are as extreme.
    found = Statistics(outcome({"new": [[1.0] * 5], "old": [[0.0] * 5]})).difference(
        MEAN, "new", "old"
    )
    assert found is not None
    assert found.p == pytest.approx(2 / 32, abs=0.01)


def test_detectable_is_2_8_standard_errors() -> None:
    rng = np.random.default_rng(2)
    gaps = rng.normal(0, 1, 400)
    found = Statistics(outcome({"new": [gaps.tolist()], "old": [[0.0] * 400]})).difference(
        MEAN, "new", "old"
    )
    assert found is not None
    assert found.detectable == pytest.approx(2.8 * gaps.std() / 20, rel=0.1)
    assert found.effect == pytest.approx(gaps.mean() / gaps.std(ddof=1))


def test_holm_by_hand() -> None:
    # Sorted: .01 x 4, .02 x 3, .03 x 2, .2 x 1, each at least the one before.
    assert holm([0.03, 0.01, 0.2, 0.02]) == pytest.approx([0.06, 0.04, 0.2, 0.06])
    assert holm([]) == []


def test_odds_of_nothing() -> None:
    assert odds_ratio(0, 0) == (1.0, 0.0, math.inf)
    ratio, low, high = odds_ratio(5, 0)
    assert ratio == high == math.inf
    # Clopper-Pearson: (0.025)^(1/5) = 0.478; its odds are 0.917.
    assert low == pytest.approx(0.917, abs=0.002)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=20))
def test_a_difference_the_other_way_round(pairs: list[tuple[float, float]]) -> None:
    a, b = ([p[i] for p in pairs] for i in (0, 1))
    statistics = Statistics(outcome({"a": [list(a)], "b": [list(b)]}))
    one, other = statistics.difference(MEAN, "a", "b"), statistics.difference(MEAN, "b", "a")
    assert one is not None
    assert other is not None
    assert one.value == pytest.approx(-other.value)
    assert one.low == pytest.approx(-other.high)
    assert one.p == pytest.approx(other.p, abs=1e-9)
