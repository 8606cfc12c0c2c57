import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.config import LabelConfig
from srllm_data.label import label
from srllm_data.lexicon import LABELLER
from srllm_data.schema import BIAS, HARM, SENTIMENT, TARGET_GROUPS, TOXICITY, schema_after

NEUTRAL = "The council meets on Tuesday at nine."
LOADED = "The regime's shameful plan was rammed through on Monday."
SLUR = "Some kike bought the corner shop."
MILD = "The damn bus was a bit crap today."
QUOTED = 'He was fined for shouting "faggot" at a steward.'


def rows(*texts):
    table = [{"id": f"r{i}", "text": text, "source": "s"} for i, text in enumerate(texts)]
    return pa.Table.from_pylist(table, schema=schema_after("redact"))


def labelled(*texts, **settings):
    return label(rows(*texts), LabelConfig(**settings)).kept.to_pylist()


def test_a_neutral_row_is_a_control():
    (row,) = labelled(NEUTRAL)
    assert (row["bias"], row["toxicity"], row["harm"]) == ("No", "No", "Low")
    assert (row["sentiment"], row["control"], row["biased_spans"]) == ("Neutral", True, [])


def test_loaded_words_make_a_row_biased_and_not_toxic():
    (row,) = labelled(LOADED)
    assert (row["bias"], row["toxicity"], row["control"]) == ("Yes", "No", False)
    assert "politics" in row["target_groups"]
    for span in row["biased_spans"]:
        assert LOADED[span["start"] : span["end"]] == span["text"]


def test_a_slur_is_toxic_and_harmful():
    (row,) = labelled(SLUR)
    assert (row["bias"], row["toxicity"], row["harm"]) == ("Yes", "High", "High")
    assert "religion" in row["target_groups"]


def test_mild_profanity_is_mild_and_unbiased():
    (row,) = labelled(MILD)
    assert (row["bias"], row["toxicity"], row["control"]) == ("No", "Mild", False)


def test_a_quoted_slur_is_recorded_but_does_not_count():
    (row,) = labelled(QUOTED)
    assert [s["use"] for s in row["biased_spans"]] == ["quoted"]
    assert row["control"]
    assert row["target_groups"] == ["orientation"]


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("What a wonderful, happy day.", "Positive"),
        ("What a horrible, sad day.", "Negative"),
        (NEUTRAL, "Neutral"),
    ],
)
def test_sentiment(text, sentiment):
    assert labelled(text)[0]["sentiment"] == sentiment


def test_thresholds_move_labels_and_not_scores():
    (strict,) = labelled(LOADED, bias_threshold=1.0)
    (loose,) = labelled(LOADED, bias_threshold=0.1)
    assert (strict["bias"], loose["bias"]) == ("No", "Yes")
    assert strict["bias_score"] == loose["bias_score"]
    assert labelled(MILD, toxicity_mild=0.9, toxicity_high=0.95)[0]["toxicity"] == "No"
    assert labelled(SLUR, harm_high=1.0, harm_medium=1.0)[0]["harm"] == "High"
    assert labelled("What a wonderful day.", sentiment_neutral=1.0)[0]["sentiment"] == "Neutral"


def test_labellers_are_named_with_their_versions():
    (row,) = labelled(NEUTRAL)
    assert row["bias_by"] == row["toxicity_by"] == row["harm_by"] == LABELLER
    assert row["sentiment_by"].startswith("vader-3.")


def test_facts_count_rows():
    facts = label(rows(NEUTRAL, LOADED, SLUR, QUOTED), LabelConfig()).facts
    assert facts["bias=Yes"] == 2
    assert facts["bias=No"] == 2
    assert facts["control"] == 2
    assert facts["group=orientation"] == 1
    assert facts["use=quoted"] == 1
    assert all(isinstance(v, int) for v in facts.values())


def test_no_rows():
    output = label(rows(), LabelConfig())
    assert output.kept.schema.equals(schema_after("label"))
    assert output.kept.num_rows == output.dropped.num_rows == 0


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.sampled_from([NEUTRAL, LOADED, SLUR, MILD]), st.text(max_size=60)),
        max_size=6,
    )
)
def test_every_row_is_kept_in_order_with_values_of_the_schema(texts):
    source = rows(*texts)
    output = label(source, LabelConfig())
    assert output.kept.schema.equals(schema_after("label"))
    assert output.dropped.num_rows == 0
    assert output.kept.select(source.column_names).equals(source)
    for row in output.kept.to_pylist():
        assert row["bias"] in BIAS
        assert row["toxicity"] in TOXICITY
        assert row["sentiment"] in SENTIMENT
        assert row["harm"] in HARM
        assert set(row["target_groups"]) <= set(TARGET_GROUPS)
        calm = (row["bias"], row["toxicity"], row["harm"]) == ("No", "No", "Low")
        assert row["control"] == calm
