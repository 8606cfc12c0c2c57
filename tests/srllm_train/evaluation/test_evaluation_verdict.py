"""Better, worse or no difference, against whom; and which measures are flagged."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_report import made_up_report

from srllm_train.evaluation.contract import Measure, Outcome, Row
from srllm_train.evaluation.record import Report
from srllm_train.evaluation.summary import summary
from srllm_train.evaluation.verdict import findings

KINDS = {"people": "human", "copy": "trivial", "empty": "trivial"}
J = Measure("J", "", ("j",), rewriting=True, headline=True)


def report(
    values: dict[str, list[float]], *measures: Measure, baseline: str | None = None
) -> Report:
    """A suite whose columns all have the same value in a row."""
    measures = measures or (J,)
    rows = [Row(f"r{n}", "") for n in range(len(next(iter(values.values()))))]
    columns = {c for m in measures for c in m.columns}
    told = {
        name: [{r.id: dict.fromkeys(columns, v) for r, v in zip(rows, found, strict=True)}]
        for name, found in values.items()
    }
    systems: list[dict[str, Any]] = [
        {"name": n, "kind": KINDS.get(n, "system"), "says": "", "members": ["x"]} for n in values
    ]
    settings_of = {"baseline": baseline, "seed": 1, "most": None}
    return Report(settings_of, systems, {"one": Outcome(measures, rows, told)})


def only(found: Report) -> Any:
    [verdict] = findings(found).verdicts
    return verdict


def test_a_system_that_is_right_where_the_baseline_is_wrong_is_better() -> None:
    verdict = only(report({"base": [0.0] * 40, "new": [1.0] * 40}, baseline="base"))
    d = verdict.difference
    assert (verdict.says, d.new, d.old, d.value, d.low, d.high) == (
        "better",
        "new",
        "base",
        1,
        1,
        1,
    )
    # All 40 rows went one way: 2 / 2^40 by McNemar, and hardly a permutation comes up to it.
    assert d.mcnemar == pytest.approx(2 / 2**40)
    assert d.odds == float("inf")
    assert d.adjusted == d.p == pytest.approx(1 / 10_001, abs=2e-4)
    assert verdict.sentence == (
        "new is better than base on J: +1.000 [1.000, 1.000], corrected p < 0.001, 40 rows."
    )


def test_where_low_is_good_more_is_worse() -> None:
    lower = Measure("toxicity", "", ("j",), better="lower", headline=True)
    verdict = only(report({"base": [0.0] * 40, "new": [1.0] * 40}, lower, baseline="base"))
    assert verdict.says == "worse"


def test_equal_systems_do_not_differ() -> None:
    verdict = only(report({"base": [0.0, 1.0] * 20, "new": [0.0, 1.0] * 20}))
    assert (verdict.says, verdict.difference.p) == ("no difference", 1)
    assert verdict.sentence.startswith("No difference between new and base on J: 0.000")


def test_a_difference_by_chance_is_none_and_says_what_would_have_shown() -> None:
    # Five rows each way of 40: the difference is 0, its standard error sqrt(10)/40 = 0.079, and
    # 2.8 of these are 0.221.
    base = [1.0] * 5 + [0.0] * 35
    new = [0.0] * 5 + [1.0] * 5 + [0.0] * 30
    verdict = only(report({"base": base, "new": new}))
    assert verdict.says == "no difference"
    assert verdict.difference.detectable == pytest.approx(0.221, abs=0.015)
    assert verdict.sentence.endswith(f"would show {verdict.difference.detectable:.3f} or more.")


def test_45_and_55_are_as_far_from_50() -> None:
    near = Measure("SS", "", ("j",), better="near", ideal=50, digits=1, headline=True)
    values = {
        "base": [100.0] * 45 + [0.0] * 55,
        "new": [100.0] * 55 + [0.0] * 45,
        "far": [100.0] * 95 + [0.0] * 5,
    }
    same, worse = findings(report(values, near)).verdicts
    # |55 - 50| - |45 - 50| = 0 and |95 - 50| - |45 - 50| = 40.
    assert (same.says, same.difference.value) == ("no difference", 0)
    assert (worse.says, worse.difference.value) == ("worse", 40)
    assert worse.difference.odds is None
    assert "distance from 50 +40.0" in worse.sentence


def test_two_seeds_that_disagree_say_nothing_of_a_row() -> None:
    # On ten rows both seeds are right and on ten they disagree, on ten only the baseline is right.
    found = report({"base": [0.0] * 10 + [1.0] * 10 + [1.0] * 10, "new": [1.0] * 20 + [0.0] * 10})
    members = found.outcomes["one"].values["new"]
    members.append({r: dict(v) for r, v in members[0].items()})
    for n in range(10, 20):
        members[1][f"r{n}"]["j"] = 0.0
    d = only(found).difference
    # Ten for, ten against, and ten undecided, which are no votes for the baseline.
    assert (d.odds, d.mcnemar) == (1, 1)


def test_where_low_is_good_odds_are_of_staying_low() -> None:
    lower = Measure("toxic", "", ("j",), better="lower", headline=True)
    found = only(report({"base": [1.0] * 6 + [0.0] * 2, "new": [0.0] * 6 + [1.0] * 2}, lower))
    # Six rows that only the new one kept low, two that only the old one did.
    assert (found.difference.odds, found.difference.value) == (3, -0.5)


def test_correction_counts_all_tests_of_a_suite() -> None:
    # Holm: the smaller p times 2, the larger one times 1, but no less than the smaller's.
    values = {"base": [0.0] * 30, "a": [1.0] * 8 + [0.0] * 22, "b": [1.0] * 30}
    a, b = findings(report(values)).verdicts
    assert b.difference.adjusted == pytest.approx(2 * b.difference.p)
    assert a.difference.adjusted == pytest.approx(max(a.difference.p, 2 * b.difference.p))


@pytest.mark.parametrize(
    ("systems", "baseline", "pairs"),
    [
        ("a b people", "b", [("a", "b")]),
        ("a b people", None, [("b", "a")]),
        ("a b people copy", "copy", [("a", "copy"), ("b", "copy")]),
        ("a people copy", None, [("a", "people")]),
        ("a people copy", "a", [("a", "people")]),
        ("a copy empty", None, [("a", "empty")]),
        ("a", None, []),
        ("people copy", None, []),
    ],
)
def test_who_is_compared_with_whom(systems: str, baseline: str | None, pairs: list[Any]) -> None:
    values = {"a": 0.5, "b": 0.5, "people": 0.9, "copy": 0.1, "empty": 0.2}
    found = report({n: [values[n]] * 4 for n in systems.split()}, baseline=baseline)
    assert [(v.difference.new, v.difference.old) for v in findings(found).verdicts] == pairs


def test_nothing_is_tested_where_the_baseline_has_no_values() -> None:
    found = report({"a": [0.5] * 4, "b": [0.5] * 4}, baseline="c")
    assert findings(found).verdicts == []
    assert summary(findings(found)).startswith("Nothing was compared")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 0.5, 1]), st.sampled_from([0, 0.5, 1])), min_size=2))
def test_who_is_called_new_does_not_matter(pairs: list[tuple[float, float]]) -> None:
    values = {"a": [p[0] for p in pairs], "b": [p[1] for p in pairs]}
    one, other = (only(report(values, baseline=name)) for name in ("a", "b"))
    turned = {"better": "worse", "worse": "better", "no difference": "no difference"}
    assert turned[one.says] == other.says
    assert one.difference.value == pytest.approx(-other.difference.value)


def test_a_trivial_system_above_people_is_flagged() -> None:
    values = {"people": [0.5] * 30, "copy": [1.0] * 30, "empty": [0.0] * 30}
    found = findings(report(values))
    [flag] = found.flags
    assert (flag.system, flag.certain, flag.difference.value) == ("copy", True, 0.5)
    [(suite, measure, why)] = found.distrusted
    assert (suite, measure.name) == ("one", "J")
    assert why == (
        "J puts copy (+0.500 [0.500, 0.500]) above people: do not rank systems by it alone."
    )


def test_a_trivial_system_above_people_by_chance_is_not_told_apart() -> None:
    values = {"people": [1.0, 0.0] * 15, "copy": [0.0, 1.0] * 14 + [1.0, 1.0]}
    found = findings(report(values))
    [flag] = found.flags
    # 16 of 30 against 15 of 30.
    assert not flag.certain
    assert flag.difference.value == pytest.approx(1 / 30)
    assert found.distrusted[0][2].startswith("J does not tell copy (+0.033 [")


def test_measures_of_the_headline_are_flagged_first_and_once() -> None:
    part = Measure("SIM", "", ("j",), rewriting=True)
    values = {"people": [0.5] * 9, "copy": [1.0] * 9, "empty": [0.7] * 9}
    told = [why for *_, why in findings(report(values, part, J)).distrusted]
    gaps = "copy (+0.500 [0.500, 0.500]) and empty (+0.200 [0.200, 0.200])"
    assert [why.split(" above")[0] for why in told] == [f"{m} puts {gaps}" for m in ("J", "SIM")]


def test_a_tie_with_people_is_no_flag_and_low_may_be_good() -> None:
    assert findings(report({"people": [1.0] * 9, "copy": [1.0] * 9})).flags == []
    lower = Measure("toxicity", "", ("j",), better="lower", rewriting=True)
    [flag] = findings(report({"people": [0.1] * 9, "empty": [0.0] * 9}, lower)).flags
    assert (flag.system, flag.certain) == ("empty", True)


def test_a_system_that_is_no_better_than_doing_nothing_is_named() -> None:
    people, copy, half = [1.0] * 30, [0.0, 1.0] * 15, [1.0, 0.0] * 15
    values = {"people": people, "good": people, "half": half, "bad": [0.0] * 30, "copy": copy}
    told = [why for _, why in findings(report(values)).idle]
    # Of 30 rows half and copy get 15 each; bad gets none.
    assert len(told) == 2
    assert told[0].startswith("On J, half is not told apart from copy: ")
    assert told[1].startswith("On J, bad is worse than copy: −0.500")


def test_where_people_do_no_better_than_nothing_a_system_may_do_worse() -> None:
    values = {"people": [1.0] * 30, "new": [0.5] * 30, "copy": [1.0] * 30}
    assert findings(report(values)).idle == []


def test_measures_of_other_things_are_not_flagged() -> None:
    other = Measure("speed", "", ("j",), headline=True)
    assert findings(report({"people": [0.1] * 9, "copy": [1.0] * 9}, other)).flags == []


def test_the_summary_says_it_all_in_100_columns() -> None:
    told = summary(findings(made_up_report()))
    assert max(len(line) for line in told.split("\n")) <= 100
    assert told.startswith("tuned against base: better on 2")
    assert "! similarity puts copy (+" in told
    lines = [line.split()[0] for line in told.split("\nRewriting\n")[1].split("\n")[1:7]]
    assert lines == ["people", "base", "tuned", "k-shot", "copy", "empty"]
    assert "wiki: It is not here and on no hub." in told


def test_a_summary_of_many_long_names_stays_within_100_columns() -> None:
    measures = [Measure(f"a long name {n} " * 4, "", ("j",), headline=True) for n in range(7)]
    found = report({"x" * 80: [0.5] * 4, "y y" * 50: [0.1] * 4}, *measures)
    told = summary(findings(found))
    assert max(len(line) for line in told.split("\n")) <= 100
    assert told.count("  system") >= 3
