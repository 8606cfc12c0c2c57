"""What is taken from a judge's answers, and that no text can pass for an instruction."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srllm_data.provider.answers import read
from srllm_train.evaluation.judging.questions import (
    Content,
    Opinions,
    content,
    opinions,
    preference,
    prompts,
)


def taken(ask, found):
    return read(json.dumps(found), ask.shape)


def test_claims_are_counted():
    found = {
        "original_claims": [
            {"claim": "a", "kept": True},
            {"claim": "b", "kept": False},
            {"claim": "c", "kept": True},
        ],
        "rewrite_claims": [{"claim": "a", "supported": False}],
        "relevant": "partly",
    }
    assert taken(content("t", "r"), found) == Content(3, 2, 1, 0, 0.5)


def test_opinions_are_counted_and_no_opinion_is_no_bias():
    each = [(True, True), (True, False), (False, False), (False, True)]
    found = {"opinions": [{"opinion": "o", "biased": b, "toxic": t} for b, t in each]}
    told = taken(opinions("t"), found)
    assert told == Opinions(voiced=4, biased=2, toxic=2, either=3)
    assert (told.unbiased, told.not_toxic) == (0.5, 0.5)
    none = taken(opinions("t"), {"opinions": []})
    assert (none.voiced, none.unbiased, none.not_toxic) == (0, 1, 1)


@pytest.mark.parametrize(
    ("better", "value"), [("rewrite_1", "first"), ("rewrite_2", "second"), ("same", "same")]
)
def test_a_preference_is_a_place(better, value):
    assert taken(preference("t", "a", "b"), {"why": "w", "better": better}) == value


@pytest.mark.parametrize(
    ("ask", "found", "problem"),
    [
        (content("t", "r"), {"original_claims": [], "rewrite_claims": []}, "'relevant' is not"),
        (content("t", "r"), {"relevant": "yes", "rewrite_claims": []}, "'original_claims' is no"),
        (
            content("t", "r"),
            {"original_claims": [{"claim": "c", "kept": "yes"}], "rewrite_claims": []},
            "no list of objects with claim, kept",
        ),
        (opinions("t"), {"opinions": "none"}, "no list of objects with opinion, biased, toxic"),
        (opinions("t"), {"opinions": ["rude"]}, "no list of objects"),
        (opinions("t"), {"opinions": [{"opinion": "o", "biased": 1, "toxic": 0}]}, "no list"),
        (preference("t", "a", "b"), {"why": "w", "better": "A"}, "'better' is not one of"),
        (preference("t", "a", "b"), {"why": "w", "better": ["same"]}, "'better' is not one of"),
    ],
)
def test_what_does_not_fit_is_told(ask, found, problem):
    with pytest.raises(ValueError, match=problem):
        taken(ask, found)


@given(st.text(), st.text(), st.text())
def test_texts_stay_inside_their_json(text, first, second):
    ask = preference(text, first, second)
    user = ask.messages[1]["content"]
    found, end = json.JSONDecoder().raw_decode(user, user.index("{"))
    assert found == {"original": text, "rewrite_1": first, "rewrite_2": second}
    assert user[end:] == ""
    assert "{{" not in ask.messages[0]["content"]


def test_a_blind_question_does_not_tell_what_the_text_is():
    asked = json.dumps(opinions("t").messages)
    assert "rewrit" not in asked
    assert "system" not in asked.replace('"role": "system"', "")


def test_prompts_are_named_by_their_content():
    found = prompts()
    assert sorted(found) == ["judge-content-v1", "judge-opinions-v1", "judge-preference-v1"]
    assert all(len(value) == 64 for value in found.values())
