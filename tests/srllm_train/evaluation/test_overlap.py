"""Runs of words that texts share."""

from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_train.evaluation.overlap import MOST, Corpus, recited, shared, words_of

texts = st.lists(st.lists(st.sampled_from("abcd"), max_size=10).map(" ".join), max_size=5)
said = st.lists(st.sampled_from("abcde"), max_size=10)


@given(texts, said)
@settings(max_examples=200)
def test_runs_are_those_that_trying_all_finds(corpus: list[str], words: list[str]) -> None:
    padded = [f" {t} " for t in corpus]

    def longest(start: int) -> int:
        return max(
            n
            for n in range(len(words) - start + 1)
            if n == 0 or any(f" {' '.join(words[start : start + n])} " in t for t in padded)
        )

    assert Corpus(corpus).runs(words) == [longest(i) for i in range(len(words))]


def test_runs_by_hand() -> None:
    corpus = Corpus(["The cat sat on the mat.", "A dog, on the mat!"])
    # "the cat" 2, "cat" 1, "slept" 0, "on the mat" 3, "the mat" 2, "mat" 1; none over a text's end.
    assert corpus.runs(words_of("the CAT slept, on the mat a")) == [2, 1, 0, 3, 2, 1, 1]
    assert Corpus([]).runs(["a"]) == [0]
    assert corpus.runs([]) == []


def test_what_the_source_has_does_not_count() -> None:
    corpus = Corpus(["one two three four five six seven eight nine"])
    ngrams = (3, 8)
    # All from the source.
    assert shared("one two three", "zero one two three", corpus, ngrams) == (
        0,
        {3: False, 8: False},
    )
    # Three of the source and a fourth: a run of 4, and "two three four" is new.
    assert shared("one two three four", "one two three", corpus, ngrams) == (4, {3: True, 8: False})
    # Nothing of the source: eight words in a row.
    whole = "two three four five six seven eight nine"
    assert shared(whole, "other words", corpus, ngrams) == (8, {3: True, 8: True})
    # Two and two, not in a row.
    assert shared("one two six seven", "", corpus, ngrams) == (2, {3: False, 8: False})
    assert shared("", "one", corpus, ngrams) == (0, {3: False, 8: False})


def test_a_run_has_at_most_64_words() -> None:
    text = " ".join(f"w{i}" for i in range(100))
    assert Corpus([text]).runs(words_of(text))[0] == MOST == 64


def test_more_words_than_there_are_characters_below_the_surrogates() -> None:
    text = " ".join(f"w{i}" for i in range(60_000))
    assert Corpus([text]).runs(["w59998", "w59999", "w0"]) == [2, 1, 1]


def test_words_recited_from_the_start() -> None:
    assert recited("The cat sat there", "the cat, sat on the mat") == 3
    assert recited("A cat", "the cat") == 0
    assert recited("", "the cat") == 0
    assert recited("the cat", "the") == 1
