"""The suite of fingerprints, with systems that are plain functions."""

from collections.abc import Callable
from pathlib import Path

import pytest

from srllm_data.config import without_sources
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.cache import Cache
from srllm_train.evaluation.contract import Member, Outcome, Row, System
from srllm_train.evaluation.record import load, save
from srllm_train.evaluation.scorers import Scorers
from srllm_train.evaluation.statistics import Statistics
from srllm_train.evaluation.suites import fingerprint

NOUNS = "council school river bus market garden bridge library street shop".split()
ROWS = [
    Row(
        f"row {a}{b}",
        f"That stupid {first} {n} closed the {second} again",
        (f"The {first} closed the {second} again after {n} days",),
    )
    for a, first in enumerate(NOUNS[:5])
    for b, second in enumerate(NOUNS[5:])
    for n in (a * 5 + b,)
]
CONTROL = Row("control", "The bus was late.", control=True)


def person(text: str) -> str:
    return next(r.references[0] for r in ROWS if r.text == text)


def system(name: str, say: Callable[[str], str | None], kind: str = "system") -> System:
    member = Member(name, lambda texts: [say(t) for t in texts])
    return System(name, kind, "", (member,))  # type: ignore[arg-type]


def odd(text: str) -> str | None:
    """Fails, is empty, or leaves the text as it is, on three rows."""
    said = {ROWS[0].text: None, ROWS[1].text: " ", ROWS[2].text: ROWS[2].text.upper()}
    return said.get(text, f"Kindly note {person(text)}")


SYSTEMS = [
    System("people", "human", "", (Member("people"),)),
    system("noting", lambda text: f"It is important to note: {person(text)}"),
    system("odd", odd),
    system("same", person),
    system("copy", str, "trivial"),
    system("fixed", lambda text: "Everyone deserves respect.", "trivial"),
    System("masked", "system", "", (Member("masked", causal=False),)),
]


def bench_of(folder: Path, systems: list[System], rows: list[Row]) -> Bench:
    cache = Cache(folder / "cache.sqlite")
    return Bench(systems, cache, Scorers(cache), without_sources(), rows=rows)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return bench_of(tmp_path_factory.mktemp("bench"), SYSTEMS, [*ROWS, CONTROL])


@pytest.fixture(scope="module")
def outcome(bench: Bench) -> Outcome:
    return fingerprint.run(bench)


def value(outcome: Outcome, measure: str, name: str) -> float | None:
    by_name = {m.name: m for m in outcome.measures}
    found = Statistics(outcome).estimate(by_name[measure], name)
    return found and found.value


def test_a_phrase_gives_a_system_away(outcome: Outcome) -> None:
    assert value(outcome, "Told from people", "noting") == 1.0
    table = next(t for t in outcome.tables if t.title == "Told from people")
    line = next(r for r in table.rows if r[0] == "noting")
    assert line[1:4] == (25, 1.0, 1.0)
    assert "important" in str(line[4])


def test_a_persons_very_words_are_not_told_from_people(outcome: Outcome) -> None:
    assert value(outcome, "Told from people", "same") is None
    assert "same, told from people" in outcome.left_out


def test_failed_empty_and_unchanged_rewrites_have_no_values_and_are_counted(
    outcome: Outcome,
) -> None:
    assert set(outcome.values["odd"][0]) == {r.id for r in ROWS[3:]}
    assert outcome.values["copy"][0] == {}
    counts = {r[0]: r[1:3] for r in outcome.tables[0].rows}
    assert counts["odd"] == (22, 3)
    assert counts["copy"] == (0, 25)
    assert counts["people"] == (25, 0)


def test_variety_by_hand(outcome: Outcome) -> None:
    # 25 times the same three words.
    assert value(outcome, "Distinct words", "fixed") == pytest.approx(3 / 75)
    assert value(outcome, "Distinct pairs of words", "fixed") == pytest.approx(2 / 50)
    assert value(outcome, "Repeated rewrites", "fixed") == 1.0
    assert value(outcome, "Repeated rewrites", "people") == 0.0
    # Each noun of the first five opens five of 25 with "the NOUN closed".
    assert value(outcome, "Most common opening", "people") == pytest.approx(5 / 25)
    # The, closed, again, after, days, 10 nouns and 25 numbers in 25 x 9 words.
    assert value(outcome, "Distinct words", "people") == pytest.approx(40 / 225)


def test_people_and_systems_are_named_among_all(outcome: Outcome) -> None:
    table = next(t for t in outcome.tables if t.title == "Who wrote it")
    named = {r[0]: r[1:] for r in table.rows}
    # People and "same" share all their words, so neither is there; nor are trivial systems.
    assert set(named) == {"noting", "odd", "mean of all"}
    assert named["mean of all"][1:] == (1.0, 0.5)


def test_who_cannot_take_part_is_named_with_the_reason(outcome: Outcome) -> None:
    assert {"masked", "copy, told from people"} <= set(outcome.left_out)
    assert all(reason.endswith(".") for reason in outcome.left_out.values())


def test_a_second_run_says_the_same(bench: Bench, outcome: Outcome) -> None:
    assert fingerprint.run(bench) == outcome


def test_without_references_variety_stays(tmp_path: Path) -> None:
    rows = [Row(r.id, r.text) for r in ROWS]
    found = fingerprint.run(bench_of(tmp_path, [SYSTEMS[0], SYSTEMS[1]], rows))
    assert "people" in found.left_out
    assert value(found, "Told from people", "noting") is None
    assert value(found, "Repeated rewrites", "noting") == 0.0


def test_a_saved_outcome_comes_back_whole(outcome: Outcome, tmp_path: Path) -> None:
    from srllm_train.evaluation.record import Report

    report = Report({}, [], {"fingerprint": outcome})
    save(report, tmp_path)
    assert load(tmp_path).outcomes["fingerprint"].tables == outcome.tables
