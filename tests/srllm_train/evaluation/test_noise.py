"""The six families of noise, through ``noise``."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_train.evaluation.noise import FAMILIES, Edit, Noisy, noise

TEXT = (
    "You absolute idiots blocked the drive of 12 Mill Lane at 9pm again, and Mr. Okafor of "
    "@council says see www.example.org/parking for the fine of £60."
)
LETTERS = [family for family in FAMILIES if family not in ("spaces", "evasion")]
words = st.lists(st.from_regex(r"[A-Za-z]{1,9}", fullmatch=True), min_size=1, max_size=12)
sentences = words.map(" ".join)
anything = st.text(max_size=60)
families = st.sampled_from(sorted(FAMILIES))
shares = st.floats(0, 1)
seeds = st.integers(0, 5)


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """The parser and the lexicon, which the first evasion would wait for."""
    noise("What an idiot.", "evasion", 1.0)


def letters_of(text: str) -> int:
    return sum(c.isalpha() for c in text)


@given(anything, families, seeds)
@settings(deadline=None, max_examples=60)
def test_no_share_is_the_text_itself(text: str, family: str, seed: int) -> None:
    assert noise(text, family, 0.0, seed).text == text


@given(anything, families, shares, seeds)
@settings(deadline=None, max_examples=60)
def test_the_same_arguments_give_the_same_noise(
    text: str, family: str, share: float, seed: int
) -> None:
    assert noise(text, family, share, seed) == noise(text, family, share, seed)


@given(anything.filter(str.strip), families, shares, seeds)
@settings(deadline=None, max_examples=100)
def test_a_text_never_gets_empty(text: str, family: str, share: float, seed: int) -> None:
    assert noise(text, family, share, seed).text.strip()


@given(anything, families, seeds)
@settings(deadline=None, max_examples=60)
def test_what_a_smaller_share_changes_a_larger_one_changes_too(
    text: str, family: str, seed: int
) -> None:
    less, more = noise(text, family, 0.1, seed), noise(text, family, 0.2, seed)
    assert set(less.edits) <= set(more.edits)


@given(sentences, st.sampled_from(LETTERS), shares, seeds)
@settings(deadline=None, max_examples=100)
def test_at_most_the_share_of_letters_is_hit_rounded_up(
    text: str, family: str, share: float, seed: int
) -> None:
    edits = noise(text, family, share, seed).edits
    assert len(edits) <= share * letters_of(text) + 1
    if family in ("keyboard", "substitution"):
        assert len(edits) > share * letters_of(text) - 1 - 1e-9


@given(sentences, st.sampled_from(["keyboard", "substitution"]), shares, seeds)
@settings(deadline=None, max_examples=100)
def test_letters_are_replaced_by_other_letters_of_the_same_case(
    text: str, family: str, share: float, seed: int
) -> None:
    noisy = noise(text, family, share, seed)
    changed = [(a, b) for a, b in zip(text, noisy.text, strict=True) if a != b]
    assert len(changed) == len(noisy.edits)
    assert all(b.isalpha() and a.isupper() == b.isupper() for a, b in changed)


@given(sentences, shares, seeds)
@settings(deadline=None, max_examples=60)
def test_deletion_leaves_out_letters_and_keeps_first_ones(
    text: str, share: float, seed: int
) -> None:
    noisy = noise(text, "deletion", share, seed)
    assert len(noisy.text) == len(text) - len(noisy.edits)
    assert [w[0] for w in noisy.text.split()] == [w[0] for w in text.split()]


@given(anything, shares, seeds)
@settings(deadline=None, max_examples=60)
def test_split_and_joined_words_keep_every_character_but_spaces(
    text: str, share: float, seed: int
) -> None:
    noisy = noise(text, "spaces", share, seed)
    assert noisy.text.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_numbers_links_and_mentions_stay(family: str) -> None:
    for seed in range(10):
        said = noise(TEXT, family, 1.0, seed).text
        for fact in ("12", "9pm", "@council", "www.example.org/parking", "£60."):
            assert fact in said


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_short_texts_get_their_share_on_average(family: str) -> None:
    # Twenty letters in four words of five: a tenth is two letters, or four tenths of a word.
    text = "maned rated mines tired"
    counts = [len(noise(text, family, 0.1, seed).edits) for seed in range(400)]
    expected = 0.4 if family in ("spaces", "evasion") else 2.0
    assert sum(counts) / len(counts) == pytest.approx(expected, abs=0.1)


def test_biased_words_are_disguised_first() -> None:
    # Fifteen words: a share of .07 is one word, now and then two.
    text = "Please tell the idiots next door that the bins go out on Monday before noon."
    for seed in range(10):
        noisy = noise(text, "evasion", 0.07, seed)
        assert "idiots" not in noisy.text
        assert "bins" in noisy.text or len(noisy.edits) == 2


def test_the_forms_of_evasion_are_those_that_the_lexicon_undoes() -> None:
    from srllm_data.lexicon.evasion import evasive_spellings

    text = "What an idiot."
    seen = {noise(text, "evasion", 0.34, seed).text for seed in range(60)}
    assert any(re.search(r"i[ .-]d[ .-]i", said) for said in seen)
    assert any("*" in said for said in seen)
    assert any(re.search(r"(.)\1\1", said) for said in seen)
    found = [any(e.forms for *_, e in evasive_spellings(said)) for said in seen]
    assert sum(found) / len(found) > 0.8


def test_a_repeated_noisy_word_is_put_back_and_what_was_mended_stays() -> None:
    # "fvcking" stands for "fucking", "thatjoke" for "that joke"; "he" is a word of the text.
    clean = "He told that joke and the fucking end"
    noisy = Noisy(clean, (Edit(12, 13, ""), Edit(22, 23, ""), Edit(27, 28, "v")))
    assert noisy.text == "He told thatjoke and he fvcking end"
    assert noisy.undone("He told thatjoke; he laughed at the FVCKING end") == (
        "He told that joke; he laughed at the fucking end"
    )
    assert noisy.undone("A clean rewrite") == "A clean rewrite"
    assert Noisy(clean, ()).undone("Anything") == "Anything"


@given(sentences, families, shares, seeds)
@settings(deadline=None, max_examples=60)
def test_undoing_never_touches_a_text_of_other_words(
    text: str, family: str, share: float, seed: int
) -> None:
    assert noise(text, family, share, seed).undone("Ω – 42!") == "Ω – 42!"
