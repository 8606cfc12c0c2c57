"""What a curator is warned of."""

from srllm_data.explain import warnings


def test_raters_without_an_answer_are_told():
    label = {"stage": "label", "facts": {"ask_again": 3}}
    (said,) = warnings({"funnel": [label], "checks": []})
    assert said.startswith("3 text(s) got no answer from a rater")
    assert warnings({"funnel": [{"stage": "label", "facts": {"ask_again": 0}}], "checks": []}) == []


def test_a_judge_without_an_answer_is_told():
    validate = {"stage": "validate", "facts": {"ask_again": 2}}
    (said,) = warnings({"funnel": [validate], "checks": []})
    assert said.startswith("2 rewrite(s) got no answer from the judge and are held")
