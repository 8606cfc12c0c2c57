"""A text and its rewrite leave the machine with the same placeholders."""

import pytest
from judge_bench import bench

from srllm_train.evaluation.judging.masking import masked


@pytest.mark.parametrize(
    ("text", "rewrite", "expected"),
    [
        (
            "Gareth Pritchard rang Anna Kowalska on Monday.",
            "Gareth Pritchard rang Anna Kowalska on Monday.",
            ("<PERSON_1> rang <PERSON_2> on Monday.",) * 2,
        ),
        # The first person is gone, and the second one keeps the number.
        (
            "Gareth Pritchard rang Anna Kowalska on Monday.",
            "On Monday Anna Kowalska was rung.",
            ("<PERSON_1> rang <PERSON_2> on Monday.", "On Monday <PERSON_2> was rung."),
        ),
        # A part of the name is the same person.
        (
            "Gareth Pritchard rang on Monday.",
            "Pritchard rang on Monday.",
            ("<PERSON_1> rang on Monday.", "<PERSON_1> rang on Monday."),
        ),
        # What the rewrite brings in gets a number of its own.
        (
            "Write to anna@example.com today.",
            "Write to ben@example.com today.",
            ("Write to <EMAIL_ADDRESS_1> today.", "Write to <EMAIL_ADDRESS_2> today."),
        ),
        # Rows of a release hold placeholders already.
        (
            "<PERSON_1> rang on Monday.",
            "<PERSON_1> rang.",
            ("<PERSON_1> rang on Monday.", "<PERSON_1> rang."),
        ),
        ("Buses ran late.", "", ("Buses ran late.", "")),
    ],
)
def test_the_same_person_is_the_same_placeholder(text, rewrite, expected, tmp_path):
    assert masked(bench(tmp_path, []), [(text, rewrite)]) == [expected]


def test_what_is_masked_does_not_depend_on_the_other_pairs(tmp_path):
    pairs = [
        ("Gareth Pritchard rang on Monday.", "Pritchard rang."),
        ("Anna Kowalska rang Gareth Pritchard.", "Kowalska rang Pritchard."),
    ]
    together = masked(bench(tmp_path / "a", []), pairs)
    assert together == [masked(bench(tmp_path / "b", []), [pair])[0] for pair in pairs]
    assert together[1] == ("<PERSON_1> rang <PERSON_2>.", "<PERSON_1> rang <PERSON_2>.")
