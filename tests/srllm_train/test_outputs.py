"""What rewrites of dev rows show, worked by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_train.outputs import edit_f1, health, loops, scores, unfit
from srllm_train.pairs import Pair
from srllm_train.recipe import Limits

#: Out: stupid; in: nothing.
DELETED = Pair("d", "The stupid mayor left", "The mayor left")
#: Out: idiots; in: people.
REPLACED = Pair("r", "Those idiots voted again", "Those people voted again")
CONTROL = Pair("c", "The council meets today", "The council meets today")
WORDS = st.lists(st.sampled_from("a b c d".split()), min_size=1, max_size=8).map(" ".join)


@pytest.mark.parametrize(
    ("pair", "said", "f1"),
    [
        (DELETED, "The mayor left", 1.0),
        (DELETED, "the MAYOR left", 1.0),
        (DELETED, "The stupid mayor left", 0.0),
        (DELETED, "", 0.0),
        (DELETED, "  ", 0.0),
        # Out: stupid, left. One of two is right, and none is missing: 2 * 1 / (1 + 2).
        (DELETED, "The mayor", 2 / 3),
        # Out: idiots; in: citizens. Of two wanted and two made, one is shared: 2 * 1 / (2 + 2).
        (REPLACED, "Those citizens voted again", 0.5),
        (REPLACED, "Those voted again", 2 / 3),
        (REPLACED, "Those people voted again", 1.0),
        (CONTROL, "The council meets today", 1.0),
        (CONTROL, "The council meets", 0.0),
    ],
)
def test_edit_f1_by_hand(pair, said, f1):
    assert edit_f1(pair, said) == pytest.approx(f1)


@settings(deadline=None)
@given(WORDS, WORDS, WORDS)
def test_edit_f1_is_a_share_and_whole_for_the_reference(text, rewrite, said):
    pair = Pair("p", text, rewrite)
    assert 0 <= edit_f1(pair, said) <= 1
    assert edit_f1(pair, rewrite) == 1
    assert edit_f1(pair, said) == pytest.approx(edit_f1(Pair("p", text, said), rewrite))


def test_scores_are_means_of_their_own_rows():
    pairs = [DELETED, REPLACED, CONTROL, CONTROL]
    said = ["The mayor left", "Those citizens voted again", "The council meets  today", "No"]
    assert scores(pairs, said) == pytest.approx(
        {"edit_f1": 0.75, "unchanged": 0.5, "eq": 2 * 0.75 * 0.5 / 1.25}
    )


def test_eq_is_what_there_is_where_a_kind_is_missing():
    """A mean with nothing would be 0 for every state of a model, and choose the first."""
    assert scores([DELETED], ["The mayor"])["eq"] == pytest.approx(2 / 3)
    assert scores([CONTROL], ["The council meets today"])["eq"] == 1
    assert scores([DELETED, CONTROL], ["The mayor left", "No"])["eq"] == 0
    assert scores([], [])["eq"] == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", 0),
        ("one two three", 0),
        ("no no no no", 0),
        ("no no no no no no", 1),
        ("one two three one two three", 1),
        ("One two three, one two three,", 1),
        ("one two three four one two three", 0),
        ("a b c a b c a b c", 2),
        ("a b a b", 0),
        ("x a b c d a b c d y", 1),
    ],
)
def test_loops_by_hand(text, found):
    assert loops(text) == found


def test_health_by_hand():
    long = "The mayor closed the old bridge over the river on Monday morning"
    swedish = "Borgmästaren stängde den gamla bron över floden på måndag morgon igen"
    pairs = [Pair(str(n), long, long) for n in range(4)]
    found = health(pairs, [long, "... !", f"{long}{' again and' * 4}", swedish])
    assert found == {"empty": 0.25, "repeated": 0.25, "foreign": pytest.approx(1 / 3)}


def test_a_loop_that_the_text_has_is_no_loop_of_the_rewrite():
    text = "go on now go on now he said"
    assert health([Pair("p", text, text)], [text])["repeated"] == 0


def test_no_rows_are_healthy():
    assert health([], []) == {"empty": 0, "repeated": 0, "foreign": 0}


def test_unfit_names_what_is_over_its_limit():
    limits = Limits(max_empty=0.1, max_repeated=0.1, max_foreign=0.1)
    assert unfit({"empty": 0.1, "repeated": 0.1, "foreign": 0.0}, limits) == []
    assert unfit({"empty": 0.25, "repeated": 0.1, "foreign": 0.5}, limits) == [
        "25.0% of its rewrites are empty (at most 10.0%)",
        "50.0% of its rewrites change language (at most 10.0%)",
    ]
