import math

import pytest

from srllm_train.evaluation.contract import Table
from srllm_train.evaluation.words import cell, count, flat, interval, numeric, probability, shown


@pytest.mark.parametrize(
    ("value", "digits", "sign", "told"),
    [
        (0.1234, 3, False, "0.123"),
        (-0.5, 1, False, "−0.5"),
        (0.5, 2, True, "+0.50"),
        (-0.0004, 3, True, "0.000"),
        (12345.6, 0, False, "12,346"),
        (None, 3, False, "–"),
        (math.nan, 3, False, "–"),
        (math.inf, 3, False, "∞"),
    ],
)
def test_figures(value: float | None, digits: int, sign: bool, told: str) -> None:
    assert shown(value, digits, sign) == told


def test_what_stands_beside_figures() -> None:
    assert interval(-0.1, 2, 1) == "[−0.1, 2.0]"
    assert interval(None, None, 1) == ""
    assert [probability(p) for p in (0.0001, 0.0123, 1.0, None)] == [
        "< 0.001",
        "0.012",
        "1.000",
        "–",
    ]
    assert [count(n, "row") for n in (0, 1, 1200)] == ["0 rows", "1 row", "1,200 rows"]
    assert [cell(c) for c in ("a", 1200, 0.5, None, True)] == ["a", "1,200", "0.500", "–", "True"]


def test_nested_facts_are_named_by_their_path() -> None:
    facts = {"style": {"model": "m", "layers": [1, 2]}, "none": None, "parts": [{"a": 1}, {"a": 2}]}
    assert flat(facts) == [
        ("style.model", "m"),
        ("style.layers", "1, 2"),
        ("none", "–"),
        ("parts 1.a", "1"),
        ("parts 2.a", "2"),
    ]


def test_columns_of_figures_are_told_from_those_of_words() -> None:
    rows = ((1, "base", 0.5, "0.5 [0.4, 0.6]", None), (2, "–", 1, "–", 3))
    table = Table("t", "", ("no", "name", "value", "interval", "rows"), rows)
    assert numeric(table) == [False, False, True, True, True]
    assert numeric(Table("t", "", ("a", "b"), ())) == [False, False]
