from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srllm_train.evaluation.cache import Cache
from srllm_train.evaluation.contract import Measure, Outcome, Row
from srllm_train.evaluation.joint import chrf, edit_f1, joint, pan_2025, referenced, sari
from srllm_train.evaluation.scorers import Scorers
from srllm_train.evaluation.statistics import Statistics

TEXT = "those idiots at the council closed the pool again"
REFERENCE = "the council closed the pool again"


@pytest.fixture(scope="module")
def scorers(tmp_path_factory: pytest.TempPathFactory) -> Scorers:
    return Scorers(Cache(tmp_path_factory.mktemp("cache") / "c.sqlite"))


def test_j_is_the_mean_of_products_and_not_the_product_of_means() -> None:
    # (0.9 x 0.8 x 1.0 + 0.5 x 1.0 x 0.2) / 2 = (0.72 + 0.1) / 2; of means: 0.7 x 0.9 x 0.6 = 0.378.
    values = {"a": {"j": 0.9 * 0.8 * 1.0}, "b": {"j": 0.5 * 1.0 * 0.2}}
    outcome = Outcome((), [Row("a", ""), Row("b", "")], {"s": [values]})
    found = Statistics(outcome).estimate(Measure("J", "", ("j",)), "s")
    assert found is not None
    assert found.value == pytest.approx(0.41)


def test_j_of_a_rewrite_is_the_product_of_its_parts(scorers: Scorers) -> None:
    text, rewrite_ = "this fucking idiot closed the pool again", "they closed the pool again"
    parts = joint(scorers, [text] * 2, [rewrite_, text], ["paradetox"] * 2)
    for one in parts:
        assert one["j"] == pytest.approx(one["sta"] * one["sim"] * one["fl"])
    rewrite, copy = parts
    assert rewrite["sta"] > copy["sta"]
    assert copy["sim"] == pytest.approx(1.0, abs=1e-5)
    assert rewrite["j"] > copy["j"]


@pytest.mark.parametrize("said", ["", "  ", None, "…"])
def test_an_empty_or_failed_answer_scores_0_on_everything(
    scorers: Scorers, said: str | None
) -> None:
    parts = joint(scorers, [TEXT], [said], ["own"])
    more = referenced(scorers, [TEXT], [said], [[REFERENCE]], ["own"], parts)
    if said != "…":
        assert set(more[0].values()) == {0.0}
    assert set(parts[0].values()) == {0.0}
    assert more[0]["j_2024"] == more[0]["j_2025"] == 0.0


def test_pan_2025_worked_by_hand() -> None:
    parts = {"sta": 0.6, "sim": 0.9, "fl": 0.5}
    # Less neutral than the reference, more than the text: STA' = (0.6 + 1) / 2 = 0.8;
    # SIM' = 0.4 x 0.9 + 0.6 x 0.7 = 0.78; J = 0.8 x 0.78 x 0.5.
    assert pan_2025(parts, text=0.2, reference=0.8, near=0.7) == pytest.approx(0.312)
    # Less neutral than both: STA' = 0.3.
    assert pan_2025(parts, text=0.7, reference=0.8, near=0.7) == pytest.approx(0.117)
    # As neutral as the reference: STA' = 1.
    assert pan_2025(parts, text=0.7, reference=0.6, near=0.7) == pytest.approx(0.39)


def test_sari_of_its_authors_examples() -> None:
    # The three examples that come with the script of Xu et al. 2016, and what it prints.
    text = "About 95 species are currently accepted ."
    references = [
        "About 95 species are currently known .",
        "About 95 species are now accepted .",
        "95 species are now accepted .",
    ]
    assert sari(text, "About 95 you now get in .", references) == pytest.approx(0.26827824)
    assert sari(text, "About 95 species are now agreed .", references) == pytest.approx(0.58899954)
    assert sari(text, "About 95 species are currently agreed .", references) == pytest.approx(
        0.50716089
    )


def test_sari_worked_by_hand() -> None:
    # Words: keep "a b" of "a b c" (both sides agree: 1), delete "c" (1), nothing to add (1).
    # Pairs: keep "a b" 1, delete "b c" 1; triples: delete "a b c" 1, nothing to keep. So 1.
    assert sari("a b c", "a b", ["a b"]) == pytest.approx(1.0)
    # A copy: words: of the kept a b c two are right, F1 of 2/3 and 1 = 0.8; c stays, so deleting
    # is 0; nothing to add: 1. (0.8 + 0 + 1) / 3 = 0.6.
    # Pairs: kept "a b", "b c", right is one: F1 of 1/2 and 1 = 2/3; (2/3 + 0 + 1) / 3 = 5/9.
    # Triples: nothing is right of what is kept: 0; deleting 0; adding 1: 1/3. Fours: none has any.
    assert sari("a b c", "a b c", ["a b"]) == pytest.approx((0.6 + 5 / 9 + 1 / 3) / 3)


def test_edit_f1_worked_by_hand() -> None:
    # Wanted: out c, in d. Made: out c, out b. Shared: one of 2 + 2, so 2 x 1 / 4.
    assert edit_f1("a b c", "a", "a b d") == pytest.approx(0.5)
    assert edit_f1("a b c", "a b d", "a b d") == 1.0
    assert edit_f1("a b c", "a b c", "a b d") == 0.0
    assert edit_f1("a b c", "", "a b d") == 0.0


def test_chrf_is_a_share() -> None:
    assert chrf(REFERENCE, [REFERENCE]) == pytest.approx(1.0)
    assert 0 < chrf(TEXT, [REFERENCE]) < 1


words = st.lists(st.sampled_from("a b c d".split()), min_size=1, max_size=6).map(" ".join)


@given(words, words, st.lists(words, min_size=1, max_size=3))
def test_sari_and_edit_f1_are_shares(text: str, answer: str, references: list[str]) -> None:
    assert 0 <= sari(text, answer, references) <= 1 + 1e-12
    assert 0 <= edit_f1(text, answer, references[0]) <= 1
    assert sari(text, references[0], references[:1]) == pytest.approx(1.0)


def test_the_cache_keeps_scores(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    first = joint(Scorers(Cache(path)), [TEXT], [REFERENCE], ["own"])
    assert joint(Scorers(Cache(path)), [TEXT], [REFERENCE], ["own"]) == first
