"""The encoder tier: windows, words, and independence of what is read beside a text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.labellers.encoder import Encoder

STEREOTYPE = "Women are far too emotional to be trusted with a board seat."
FACT = "Women held 31 % of board seats last year, the register shows."


@pytest.fixture(scope="module")
def encoder():
    return Encoder()


def test_a_stereotype_without_loaded_words_scores_over_a_fact(encoder):
    said, fact = encoder.opinions([STEREOTYPE, FACT])
    assert said.scores["bias"] > 0.5 > fact.scores["bias"]


def test_a_text_without_words_has_no_scores(encoder):
    assert [o.outcome for o in encoder.opinions(["", " ... "])] == ["empty"] * 2


def test_a_long_text_is_read_in_windows_to_its_end(encoder):
    filler = "The harbour office opens at nine and closes at five on weekdays. " * 40
    plain, long = encoder.opinions([filler, filler + "Those people are vermin, throw them out."])
    assert len(encoder.margins([filler])[0]) > 3
    assert long.scores["bias"] > plain.scores["bias"] + 0.2


@pytest.mark.parametrize("other", ["Muslim", "Polish", "disabled"])
def test_which_group_is_named_moves_no_score(encoder, other):
    frame = "My {} neighbour says that every {} boss is too lazy to work."
    first, second = encoder.opinions([frame.format(g, g) for g in ("gay", other)])
    assert first == second


def test_words_lie_in_the_text(encoder):
    text = "That shameless regime rammed its disastrous bill through. " * 30
    (reading,) = encoder.readings([text])
    assert reading.words
    for start, end, p in reading.words:
        assert text[start:end].isalpha()
        assert 0 <= p <= 1


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.one_of(st.sampled_from([STEREOTYPE, FACT, "ok", FACT * 9]), st.text(max_size=60)),
        max_size=9,
    )
)
def test_a_score_depends_on_no_other_text(shared, texts):
    together = shared.readings(texts)
    assert together == [shared.readings([text])[0] for text in texts]


@pytest.fixture(scope="session")
def shared():
    return Encoder()
