import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srllm_train.paired import compare, mcnemar


@pytest.mark.parametrize(
    ("only_new", "only_old", "p"),
    [
        # Of 10 rows that differ at most 1 goes one way in 1 + 10 of 2^10 cases, on either side.
        (9, 1, 2 * 11 / 1024),
        (1, 9, 2 * 11 / 1024),
        # 1 + 5 + 10 of 2^5 cases on either side: all of them.
        (3, 2, 1.0),
        (6, 0, 2 / 64),
        (0, 0, 1.0),
        # Both tails hold the middle, which counts once.
        (4, 4, 1.0),
    ],
)
def test_mcnemar_worked_by_hand(only_new: int, only_old: int, p: float) -> None:
    assert mcnemar(only_new, only_old) == pytest.approx(p)


@given(st.integers(0, 300), st.integers(0, 300))
def test_p_is_a_probability_for_any_counts(only_new: int, only_old: int) -> None:
    assert 0 <= mcnemar(only_new, only_old) <= 1
    assert mcnemar(only_new, only_old) == mcnemar(only_old, only_new)


def test_what_both_get_right_or_wrong_counts_for_neither() -> None:
    new = [True] * 8 + [False] * 2 + [True] * 50 + [False] * 40
    old = [False] * 8 + [True] * 2 + [True] * 50 + [False] * 40
    found = compare(new, old)
    assert (found.only_new, found.only_old, found.new, found.old) == (8, 2, 58, 52)
    assert found.difference == pytest.approx(0.06)
    assert found.p == pytest.approx(2 * (1 + 10 + 45) / 1024)


def test_the_interval_is_that_of_the_normal_approximation_on_many_rows() -> None:
    new = [True] * 300 + [False] * 200 + [True] * 1500
    old = [False] * 300 + [True] * 200 + [True] * 1500
    found = compare(new, old)
    error = 1.96 * math.sqrt((500 - 100**2 / 2000) / 2000**2)
    assert found.low == pytest.approx(0.05 - error, abs=0.001)
    assert found.high == pytest.approx(0.05 + error, abs=0.001)
    assert compare(new, old) == found


def test_no_rows_are_no_difference() -> None:
    found = compare([], [])
    assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_systems_are_compared_on_the_same_rows() -> None:
    with pytest.raises(ValueError, match="zip"):
        compare([True], [True, False])
