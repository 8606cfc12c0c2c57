"""The redact stage: consistent placeholders, exact offsets, and nothing redacted twice."""

import re

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.config import RedactConfig
from srllm_data.redact import redact
from srllm_data.schema import schema_after

CONFIG = RedactConfig()


def rows(*texts: str) -> pa.Table:
    schema = schema_after("deduplicate")
    data = [{"id": str(n), "text": text} for n, text in enumerate(texts)]
    return pa.Table.from_pylist(data, schema=schema)


def redacted(*texts: str) -> list[str]:
    return redact(rows(*texts), CONFIG).kept.column("text").to_pylist()


def test_a_part_keeps_its_rows_and_columns() -> None:
    output = redact(rows("Sarah Johnson left.", "Nothing here.", ""), CONFIG)
    assert output.kept.schema.equals(schema_after("redact"))
    assert output.kept.column("id").to_pylist() == ["0", "1", "2"]
    assert output.dropped.num_rows == 0
    assert output.facts == {"PERSON": 1, "rows_with_personal_data": 1}


def test_an_empty_part() -> None:
    output = redact(rows(), CONFIG)
    assert output.kept.schema.equals(schema_after("redact"))
    assert output.facts == {"rows_with_personal_data": 0}


def test_the_same_person_has_one_placeholder() -> None:
    (text,) = redacted("Sarah Johnson met Priya Raman. Later Johnson left, and Sarah called Priya.")
    assert (
        text
        == "<PERSON_1> met <PERSON_2>. Later <PERSON_1> left, and <PERSON_1> called <PERSON_2>."
    )


def test_the_same_surface_has_one_placeholder_whatever_its_case() -> None:
    (text,) = redacted("Ask a@example.com, b@example.com or A@Example.com; @Owl, @owl, @fox.")
    assert text == (
        "Ask <EMAIL_ADDRESS_1>, <EMAIL_ADDRESS_2> or <EMAIL_ADDRESS_1>; "
        "<USERNAME_1>, <USERNAME_1>, <USERNAME_2>."
    )


def test_texts_are_numbered_each_by_itself() -> None:
    assert redacted("Sarah Johnson left.", "Priya Raman left.") == ["<PERSON_1> left."] * 2


def test_numbers_in_the_text_already_are_passed_over() -> None:
    (text,) = redacted("<PERSON_1> and <PERSON_3> met Sarah Johnson and Priya Raman.")
    assert text == "<PERSON_1> and <PERSON_3> met <PERSON_2> and <PERSON_4>."


def test_entities_say_where_the_placeholders_are() -> None:
    (row,) = redact(
        rows("So naïve 😀: Sarah Johnson, 555-0142, lives at 12 Elm Street. Sarah!"), CONFIG
    ).kept.to_pylist()
    assert [e["type"] for e in row["entities"]] == [
        "PERSON",
        "PHONE_NUMBER",
        "STREET_ADDRESS",
        "PERSON",
    ]
    for entity in row["entities"]:
        assert row["text"][entity["start"] : entity["end"]] == entity["placeholder"]
        assert entity["placeholder"].startswith(f"<{entity['type']}_")
        assert entity["score"] == round(entity["score"], 4)


PIECES = [
    *(
        "Sarah Johnson",
        "Johnson",
        "Priya",
        "Senator Brenda Coleman",
        "Coleman",
        "Obama",
        "Mr Patel",
    ),
    *("@owl", "sarah@example.com", "555-0142", "12 Elm Street", "10.0.0.1", "4111 1111 1111 1111"),
    *("<PERSON_1>", "<PERSON_2>", "<USERNAME_1>", "<PERSON_0>", "Muslim", "Mexican", "Karen", "RT"),
    *("lives at", "met", "said", "hates", "the", "women", "angry", "By", "Dr", "and"),
    *(".", ",", ":", "\n", "!", "'s", "-", "\ue000", "😀"),
]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25), st.sampled_from(["", " "]))
def test_redacting_twice_changes_nothing(pieces: list[str], joint: str) -> None:
    original = joint.join(pieces)
    once = redacted(original)
    assert redacted(*once) == once
    for literal in re.findall(r"<[A-Z_]+_\d+>", original):
        assert literal in once[0]


def test_two_runs_give_the_same_bytes() -> None:
    part = rows("Sarah Johnson, @owl, 555-0142, 12 Elm Street.", "Priya met Ana de Souza.")
    assert redact(part, CONFIG).kept.equals(redact(part, CONFIG).kept)
