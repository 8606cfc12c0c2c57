"""The suite of robustness, with real scorers and systems that are plain functions."""

from collections.abc import Callable
from pathlib import Path

import pytest

from srllm_data.config import without_sources
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.cache import Cache
from srllm_train.evaluation.contract import Member, Outcome, Row, System
from srllm_train.evaluation.noise import FAMILIES
from srllm_train.evaluation.scorers import Scorers
from srllm_train.evaluation.statistics import Statistics
from srllm_train.evaluation.suites import robustness

CLEAN = "The members are late again."
ROWS = [
    Row("a", "Those idiots are late again.", (CLEAN,), source="own"),
    Row("c", "The bus is late again.", control=True, source="own"),
]
COLUMNS = {f"j_{family}_{level}" for family in FAMILIES for level in (5, 10, 20)}


def system(name: str, say: Callable[[str], str | None]) -> System:
    return System(name, "system", "", (Member(name, lambda texts: [say(t) for t in texts]),))


def bench_of(folder: Path, systems: list[System], rows: list[Row] = ROWS) -> Bench:
    cache = Cache(folder / "cache.sqlite")
    return Bench(systems, cache, Scorers(cache), without_sources(), rows=rows)


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """Texts that the system "steady" was asked about."""
    return []


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, asked: list[str]) -> Bench:
    def steady(text: str) -> str:
        asked.append(text)
        return CLEAN

    systems = [
        System("people", "human", "", (Member("people"),)),
        system("steady", steady),
        system("thrown", lambda text: CLEAN if text == ROWS[0].text else None),
        system("mute", lambda text: ""),
        System("masked", "system", "", (Member("masked", causal=False),)),
    ]
    return bench_of(tmp_path_factory.mktemp("bench"), systems)


@pytest.fixture(scope="module")
def outcome(bench: Bench) -> Outcome:
    return robustness.run(bench)


def test_every_family_and_level_has_a_value(outcome: Outcome) -> None:
    assert [r.id for r in outcome.rows] == ["a"]
    for name in ("steady", "thrown", "mute"):
        assert outcome.values[name][0]["a"].keys() - {"base"} == COLUMNS | {"j_0", "j_10"}
    of = {c for m in outcome.measures for c in m.columns}
    assert of == COLUMNS | {"j_0", "j_10", "base"}
    assert [m.name for m in outcome.measures if m.headline] == ["J at 10 % noise"]


def test_who_says_the_same_whatever_the_noise_keeps_all(outcome: Outcome) -> None:
    values = outcome.values["steady"][0]["a"]
    assert values["j_0"] > 0.05
    assert all(v == pytest.approx(values["j_0"]) for v in values.values())
    assert _estimate(outcome, "steady") == pytest.approx(1.0)


def test_failed_answers_to_noisy_texts_keep_only_what_had_no_noise(outcome: Outcome) -> None:
    values = outcome.values["thrown"][0]["a"]
    whole = values["j_0"]
    assert whole > 0
    hit = {c: v for c, v in values.items() if c in COLUMNS}
    # Where so little noise left the short text as it was, the answer is the same.
    assert set(hit.values()) <= {0.0, whole}
    assert 0.0 in hit.values()
    expected = sum(hit[f"j_{family}_10"] for family in FAMILIES) / 6
    assert _estimate(outcome, "thrown") == pytest.approx(expected / whole)


def test_an_empty_answer_has_nothing_to_keep(outcome: Outcome) -> None:
    assert set(outcome.values["mute"][0]["a"].values()) == {0.0}
    assert _estimate(outcome, "mute") is None
    assert "nothing to keep" in outcome.left_out["mute, J kept"]


def test_who_cannot_take_part_is_named_with_the_reason(outcome: Outcome) -> None:
    assert set(outcome.left_out) == {"people", "masked", "mute, J kept"}
    assert all(reason.endswith(".") for reason in outcome.left_out.values())


def test_a_table_has_every_system_and_family(outcome: Outcome) -> None:
    table = outcome.tables[0]
    assert {(r[0], r[1]) for r in table.rows} == {
        (s, f) for s in ("steady", "thrown", "mute") for f in FAMILIES
    }
    assert table.head[2:] == ("0 %", "5 %", "10 %", "20 %")


def test_a_second_run_asks_nobody_and_says_the_same(
    bench: Bench, outcome: Outcome, asked: list[str]
) -> None:
    before = len(asked)
    assert robustness.run(bench) == outcome
    assert len(asked) == before


def test_no_biased_text_is_said(tmp_path: Path) -> None:
    found = robustness.run(bench_of(tmp_path, [system("x", str)], [ROWS[1]]))
    assert found.values == {}
    assert "texts" in found.left_out


def _estimate(outcome: Outcome, name: str) -> float | None:
    found = Statistics(outcome).estimate(outcome.measures[0], name)
    return found and found.value
