"""Preference pairs keep the order of the answers to a text."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.config import RedactConfig, ValidateConfig
from srllm_data.preferences import KINDS, pairs, ranked
from srllm_data.schema import schema_after
from srllm_data.validate import Gatekeeper

TEXT = "The stupid mayor closed the damn bridge on Monday."
GOOD = "The mayor closed the bridge on Monday."
PARTLY = "The mayor closed the damn bridge on Monday."
LOST = "A mayor did something."


@pytest.fixture(scope="module")
def signals():
    """What the gates measure of each answer."""
    row = {
        "id": "r",
        "text": TEXT,
        "language": "en",
        "opinions": [
            {"labeller": "encoder", "bias": 0.6, "toxicity": 0.8, "sentiment": None, "harm": None}
        ],
        "biased_spans": [
            {"start": 4, "end": 10, "text": "stupid", "label": "insult", "entry": "stupid"}
            | {"use": "used", "score": 0.8},
            {"start": 28, "end": 32, "text": "damn", "label": "profanity", "entry": "damn"}
            | {"use": "used", "score": 0.8},
        ],
        "control": False,
    }
    gatekeeper = Gatekeeper(RedactConfig(), ValidateConfig())
    answers = [GOOD, PARTLY, LOST]
    return {
        answer: [{"name": n, "value": v} for n, v in judgement.signals.items()]
        for answer, judgement in zip(answers, gatekeeper([(row, a) for a in answers]), strict=True)
    }


def candidate(text, outcome="ok", signals=None):
    return {"text": text, "outcome": outcome, "signals": signals}


def row_of(candidates, rewrite=GOOD, signals=None, **columns):
    return {
        "id": "r0",
        "text": TEXT,
        "rewrite": rewrite,
        "candidates": candidates,
        "signals": signals or [],
        "control": False,
        **columns,
    }


def made(row):
    schema = schema_after("release")
    rows = pa.Table.from_pylist([{n: row.get(n) for n in schema.names}], schema=schema)
    found = pairs(rows, ValidateConfig())
    assert set(found["prompt"].to_pylist()) <= {TEXT}
    return {
        (r["chosen"], r["rejected"]): (r["chosen_kind"], r["rejected_kind"])
        for r in found.to_pylist()
    }


def test_every_kind_is_ordered(signals):
    row = row_of(
        [
            candidate(GOOD, signals=signals[GOOD]),
            candidate(PARTLY, signals=signals[PARTLY]),
            candidate(LOST, signals=signals[LOST]),
            candidate("I'm sorry, but I can't help with that.", "refused"),
            candidate('{"rewrite": ""}', "malformed"),
            candidate(TEXT, "unchanged"),
        ]
    )
    assert [r.kind for r in ranked(row, ValidateConfig())] == [
        "rewrite",
        "partly_mended",
        "source",
        "over_edited",
        "no_rewrite",
        "no_rewrite",
    ]
    assert made(row) == {
        (GOOD, PARTLY): ("rewrite", "partly_mended"),
        (PARTLY, TEXT): ("partly_mended", "source"),
        (GOOD, TEXT): ("rewrite", "source"),
        (GOOD, LOST): ("rewrite", "over_edited"),
        (GOOD, "I'm sorry, but I can't help with that."): ("rewrite", "no_rewrite"),
        (GOOD, '{"rewrite": ""}'): ("rewrite", "no_rewrite"),
    }


def test_a_curators_edit_is_better_than_what_it_mended(signals):
    """A row's only candidate is measured as the row."""
    row = row_of([candidate(PARTLY)], signals=signals[PARTLY])
    assert made(row)[GOOD, PARTLY] == ("rewrite", "partly_mended")


def test_a_rewrite_by_itself_is_better_than_the_source(signals):
    row = row_of([candidate(GOOD)], signals=signals[GOOD])
    assert made(row) == {(GOOD, TEXT): ("rewrite", "source")}


def test_controls_have_no_pairs():
    assert made(row_of([], rewrite=TEXT, control=True)) == {}


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([GOOD, PARTLY, LOST, TEXT, "No."]),
            st.sampled_from(["ok", "unchanged", "refused", "malformed"]),
        ),
        max_size=6,
    )
)
def test_no_pair_turns_the_order_round(signals, said):
    row = row_of([candidate(t, o, signals.get(t, signals[LOST])) for t, o in said])
    order = {r.text: KINDS.index(r.kind) for r in ranked(row, ValidateConfig())}
    for chosen, rejected in made(row):
        assert chosen != rejected
        assert order[chosen] < order[rejected]
        assert rejected.strip()
