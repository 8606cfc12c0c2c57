"""What a curator is warned of."""

from srllm_data.explain import warnings


def test_raters_without_an_answer_are_told():
    label = {"stage": "label", "facts": {"ask_again": 3}}
    (said,) = warnings({"funnel": [label], "checks": []})
    assert said.startswith("3 text(s) got no answer from a rater")
    assert warnings({"funnel": [{"stage": "label", "facts": {"ask_again": 0}}], "checks": []}) == []
