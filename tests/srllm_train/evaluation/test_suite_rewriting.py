"""Suites 1, 2 and 11 on a few rows, with systems of known behaviour."""

from pathlib import Path

import pytest

from srllm_data.config.load import without_sources
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.cache import Cache
from srllm_train.evaluation.contract import Member, Outcome, System
from srllm_train.evaluation.rows import own_rows
from srllm_train.evaluation.scorers import Scorers
from srllm_train.evaluation.statistics import Statistics
from srllm_train.evaluation.suites import locality, matrix, rewriting
from srllm_train.evaluation.systems import systems

BIASED = [r for r in own_rows() if not r.control][:4]
CONTROLS = [r for r in own_rows() if r.control][:3]
PEOPLE = {r.text: r.references[0] for r in own_rows()}


def by_people() -> System:
    """A system that writes what people did, except for one text that it leaves empty."""

    def rewrite(texts):  # type: ignore[no-untyped-def]
        return [None if t == BIASED[0].text else PEOPLE[t] for t in texts]

    return System("by people", "system", "", (Member("by people", rewrite),), "none", "none")


def by_halves() -> System:
    """Two seeds: one copies, the other writes what people did."""
    members = (
        Member("copies", lambda texts: list(texts)),
        Member("writes", lambda texts: [PEOPLE[t] for t in texts]),
    )
    return System("halves", "system", "", members, "as trained", "lora")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench")
    config = without_sources().model_copy(update={"workspace": str(folder)})
    cache = Cache(folder / "evaluation.sqlite")
    found = [*systems(["editor"], config), by_people(), by_halves()]
    return Bench(found, cache, Scorers(cache), config, rows=[*BIASED, *CONTROLS])


@pytest.fixture(scope="module")
def outcomes(bench: Bench) -> dict[str, Outcome]:
    return {m.NAME: m.run(bench) for m in (rewriting, locality, matrix)}


def figure(outcome: Outcome, measure: str, system: str) -> float:
    (found,) = [m for m in outcome.measures if m.name == measure]
    estimate = Statistics(outcome).estimate(found, system)
    assert estimate is not None
    return estimate.value


def test_people_trivial_systems_and_systems_are_on_the_same_rows(
    outcomes: dict[str, Outcome],
) -> None:
    found = outcomes["rewriting"]
    assert {r.id for r in found.rows} == {r.id for r in BIASED}
    for system in ("reference", "editor", "copy", "empty", "by people"):
        assert set(found.values[system][0]) == {r.id for r in BIASED}


def test_a_failed_answer_scores_0_on_every_content_metric(outcomes: dict[str, Outcome]) -> None:
    values = outcomes["rewriting"].values["by people"][0][BIASED[0].id]
    assert set(values.values()) == {0.0}
    assert figure(outcomes["rewriting"], "answered", "by people") == pytest.approx(3 / 4)
    for measure in (m.name for m in rewriting.MEASURES if m.name != "span F1"):
        assert figure(outcomes["rewriting"], measure, "empty") == 0.0


def test_who_writes_what_people_wrote_is_as_good(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["rewriting"]
    for row in BIASED[1:]:
        assert found.values["by people"][0][row.id] == found.values["reference"][0][row.id]
    assert figure(found, "exact", "reference") == 1.0
    assert figure(found, "exact", "copy") == figure(found, "edit F1", "copy") == 0.0


def test_seeds_are_averaged(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["rewriting"]
    mean = (figure(found, "J", "copy") + figure(found, "J", "reference")) / 2
    assert figure(found, "J", "halves") == pytest.approx(mean)
    assert figure(outcomes["locality"], "preserved", "halves") == 1.0


def test_eq_rewards_neither_copying_nor_changing_everything(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["locality"]
    assert figure(found, "preserved", "copy") == 1.0
    assert figure(found, "success", "copy") == 0.0
    for system in ("copy", "empty", "refusal", "polite sentence", "[REDACTED]"):
        assert figure(found, "EQ", system) == 0.0
    success = figure(found, "success", "reference")
    assert success > 0
    assert figure(found, "EQ", "reference") == pytest.approx(2 * success / (1 + success))


def test_every_pair_of_the_matrix_is_tested(outcomes: dict[str, Outcome]) -> None:
    table, pairs = outcomes["matrix"].tables
    assert [row[0] for row in table.rows] == ["reference", "editor", "by people", "halves"]
    assert len(pairs.rows) == 6
    assert "by people" in {row[0] for row in pairs.rows}


def test_a_second_run_finds_the_same(bench: Bench, outcomes: dict[str, Outcome]) -> None:
    again = rewriting.run(bench)
    assert again.values == outcomes["rewriting"].values


def test_span_f1_worked_by_hand() -> None:
    text, marked = "the radical senator slammed a bill", ("radical", "slammed")
    # Gone: radical, slammed, a; wanted: radical, slammed. 2 x 2 / 5.
    assert rewriting.span_f1(text, "the senator opposed bill", marked) == pytest.approx(0.8)
    assert rewriting.span_f1(text, "the senator opposed a bill", marked) == 1.0
    assert rewriting.span_f1(text, text, marked) == 0.0
    assert rewriting.span_f1(text, "", marked) == 0.0
    assert rewriting.span_f1(text, text, ("absent",)) == 1.0


def test_token_f1_worked_by_hand() -> None:
    assert locality.token_f1("a b c d", "a b c e") == pytest.approx(0.75)
    assert locality.token_f1("a a b", "a b b") == pytest.approx(2 / 3)
    assert locality.token_f1("a", "") == 0.0


def test_babes_sentences_have_no_human_row(tmp_path: Path, shared_data: Path) -> None:
    config = without_sources().model_copy(update={"workspace": str(tmp_path)})
    cache = Cache(tmp_path / "evaluation.sqlite")
    bench = Bench(systems([], config), cache, Scorers(cache), config, data=shared_data, most=2)
    found = rewriting.run(bench)
    marked = [r for r in found.rows if r.source == "babe biased"]
    assert len(marked) == 2
    assert {r.source for r in found.rows} == {"own", "paradetox", "wiki_neutrality", "babe biased"}
    assert not {r.id for r in marked} & set(found.values["reference"][0])
    assert all("span_f1" in found.values["copy"][0][r.id] for r in marked)
