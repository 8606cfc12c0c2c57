from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from srllm_data.diff import word_diff

PHRASES = st.lists(st.sampled_from(["they", "are", "all", "lazy", ",", "-", " ", "\n", "é"]))


def test_what_went_stands_before_what_came() -> None:
    assert word_diff("They are lazy.", "They are late.") == [
        ("same", "They are "),
        ("del", "lazy"),
        ("ins", "late"),
        ("same", "."),
    ]


def test_a_phrase_that_was_replaced_is_one_run() -> None:
    told = word_diff("Those lazy bums came.", "Those two men came.")
    assert told == [
        ("same", "Those "),
        ("del", "lazy bums"),
        ("ins", "two men"),
        ("same", " came."),
    ]


def test_texts_that_share_nothing_or_everything() -> None:
    assert word_diff("", "") == []
    assert word_diff("a b", "a b") == [("same", "a b")]
    assert word_diff("", "new") == [("ins", "new")]
    assert word_diff("old", "") == [("del", "old")]


@given(PHRASES, PHRASES)
def test_both_texts_can_be_read_back(old: list[str], new: list[str]) -> None:
    before, after = " ".join(old), "".join(new)
    runs = word_diff(before, after)
    assert "".join(text for change, text in runs if change != "ins") == before
    assert "".join(text for change, text in runs if change != "del") == after
    assert all(text for _, text in runs)
    assert all(a[0] != b[0] for a, b in pairwise(runs))
