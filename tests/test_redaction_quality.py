"""The goals of redaction, on the hand-written hard cases of ``benchmarks/redaction_cases``."""

import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def scores() -> dict[str, Any]:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        from redaction_quality import HALVES, read_cases, score
    finally:
        sys.path.remove(str(BENCHMARKS))
    cases = read_cases()
    if not cases:
        pytest.skip("benchmarks/redaction_cases is not here")
    return {
        "all": score(cases),
        **{half: score([c for c in cases if c.half == half]) for half in HALVES},
    }


def test_there_are_a_thousand_cases(scores: dict[str, Any]) -> None:
    assert scores["all"]["cases"] >= 1000


def test_the_goals_hold_on_the_half_that_the_rules_were_made_with(scores: dict[str, Any]) -> None:
    tuning = scores["tuning"]
    assert tuning["recall_patterned"]["share"] >= 0.98
    assert tuning["recall"]["PERSON"]["share"] >= 0.90
    assert tuning["precision_overall"]["share"] >= 0.95


def test_the_half_that_was_held_back_does_not_get_worse(scores: dict[str, Any]) -> None:
    # Below the goals (0.98, 0.90 and 0.95): docs/privacy.md says by how much.
    held_back = scores["held_back"]
    assert held_back["recall_patterned"]["share"] >= 0.93
    assert held_back["recall"]["PERSON"]["share"] >= 0.81
    assert held_back["precision_overall"]["share"] >= 0.90
    assert held_back["kept"]["share"] >= 0.87
