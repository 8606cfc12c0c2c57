import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.config import LabelConfig
from srllm_data.label import label, rater_agreement
from srllm_data.lexicon import LABELLER
from srllm_data.schema import BIAS, HARM, SENTIMENT, TARGET_GROUPS, TOXICITY, schema_after

NEUTRAL = "The council meets on Tuesday at nine."
LOADED = "The regime's shameful plan was rammed through on Monday."
SLUR = "Some kike bought the corner shop."
MILD = "The damn bus was a bit crap today."
STEREOTYPE = "Women are too emotional to run a company, everybody knows that."
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
    assert (row["bias"], row["control"]) == ("No", False)
    assert row["toxicity"] in ("Mild", "High")


def test_a_quoted_slur_is_recorded_but_does_not_count():
    (quoted, neutral) = labelled(QUOTED, NEUTRAL)
    assert [s["use"] for s in quoted["biased_spans"] if s["use"] != "learned"] == ["quoted"]
    assert opinion_of(quoted, "lexicon")["bias"] == opinion_of(neutral, "lexicon")["bias"]
    assert quoted["target_groups"] == ["orientation"]
    assert quoted["look_alike_score"] > 0.8 > 0.2 > neutral["look_alike_score"]


def opinion_of(row, labeller):
    return next(o for o in row["opinions"] if o["labeller"] == labeller)


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
    (loose,) = labelled(LOADED, bias_threshold=0.0)
    assert (strict["bias"], loose["bias"]) == ("No", "Yes")
    assert strict["bias_score"] == loose["bias_score"]
    assert strict["opinions"] == loose["opinions"]
    assert labelled(MILD, toxicity_mild=1.0, toxicity_high=1.0)[0]["toxicity"] == "No"
    assert labelled(SLUR, harm_high=1.0, harm_medium=0.0)[0]["harm"] == "Medium"
    assert labelled("What a wonderful day.", sentiment_neutral=1.0)[0]["sentiment"] == "Neutral"


def test_an_implicit_stereotype_is_biased_although_no_word_is_loaded():
    (row,) = labelled(STEREOTYPE)
    assert row["bias"] == "Yes"
    assert not row["control"]
    assert "gender" in row["target_groups"]


def test_learned_spans_are_told_from_those_of_the_lexicon():
    (row,) = labelled(
        "The so-called experts cynically whipped up hysteria about the shameful bill."
    )
    assert row["bias"] == "Yes"
    for span in row["biased_spans"]:
        assert 0 <= span["score"] <= 1
        if span["use"] == "learned":
            assert span["entry"] is None


def test_every_labeller_has_its_opinion_and_its_version():
    (row,) = labelled(NEUTRAL)
    said = {o["labeller"]: o for o in row["opinions"]}
    assert set(said) == {"lexicon", "vader", "ngrams", "encoder"}
    assert {o["outcome"] for o in said.values()} == {"answered"}
    assert said["vader"]["bias"] is None
    assert row["bias_by"] == "encoder-1+lexicon-1+ngrams-1"
    assert row["sentiment_by"].startswith("encoder-1+vader-3.")


def test_the_lexicon_alone_labels_by_its_findings():
    (row,) = labelled(SLUR, embedded=["lexicon", "vader"])
    assert (row["bias"], row["toxicity"]) == ("Yes", "High")
    assert row["bias_by"] == LABELLER


def test_an_axis_that_nobody_scores_is_refused():
    with pytest.raises(ValueError, match="nobody scores sentiment"):
        LabelConfig(embedded=["lexicon", "ngrams"])


def test_weights_say_who_counts():
    only = {"bias": {"lexicon": 1.0, "ngrams": 0.0, "encoder": 0.0}}
    (row,) = labelled(LOADED, weights=only)
    (said,) = (o for o in row["opinions"] if o["labeller"] == "lexicon")
    assert row["bias_score"] == said["bias"]


def test_dawid_skene_labels_too():
    found = labelled(NEUTRAL, LOADED, SLUR, STEREOTYPE, QUOTED, combine="dawid_skene")
    assert [r["bias"] for r in found][:3] == ["No", "Yes", "Yes"]
    assert all(r["bias"] in BIAS and 0 <= r["bias_score"] <= 1 for r in found)


def test_advertisements_and_noise_are_dropped_and_named():
    texts = (
        "CLICK HERE to win a FREE iPhone!!! Follow us and visit www.freegifts.example NOW",
        "asdkjh qwlekj zxcmnb asdlkj qwoieu zmxncb",
        NEUTRAL,
    )
    output = label(rows(*texts), LabelConfig())
    ends = [(r["id"], r["disposition"], r["reason"]) for r in output.dropped.to_pylist()]
    assert ends == [("r0", "filtered", "spam"), ("r1", "filtered", "unintelligible")]
    assert output.kept["id"].to_pylist() == ["r2"]


def test_only_as_many_rows_as_wanted_go_on_and_controls_all_do():
    output = label(rows(NEUTRAL, LOADED, SLUR, STEREOTYPE), LabelConfig(most_rows=1))
    assert output.kept.num_rows == 2
    assert [r["reason"] for r in output.dropped.to_pylist()] == ["not_selected"] * 2
    assert "r0" in output.kept["id"].to_pylist()


def test_agreement_is_of_labellers():
    kept = label(rows(NEUTRAL, LOADED, SLUR, STEREOTYPE, MILD), LabelConfig()).kept
    found = rater_agreement(kept, LabelConfig())
    assert found["bias"]["raters"] == 3
    assert found["sentiment"]["raters"] == 2
    assert found["toxicity"]["texts"] == 5
    assert rater_agreement(kept.select(["opinions"]).slice(0, 0), LabelConfig()) == {}


def test_a_rater_that_fails_costs_no_row(tmp_path):
    from openai_server import OpenAIServer, error

    with OpenAIServer(lambda request, nth: error(400, "no such thing")) as server:
        config = LabelConfig(
            raters=[{"name": "judge", "kind": "chat", "model": "m", "base_url": server.url}]
        )
        output = label(rows(NEUTRAL, LOADED), config, tmp_path / "requests.sqlite")
    assert output.kept.num_rows == 2
    said = [o for o in output.kept["opinions"][0].as_py() if o["labeller"] == "judge"]
    assert [o["outcome"] for o in said] == ["refused"]
    assert output.facts["judge:refused"] == 2
    assert output.kept["bias"].to_pylist() == ["No", "Yes"]


def test_raters_are_asked_only_where_it_is_worth_it(tmp_path):
    from openai_server import OpenAIServer, answer

    said = {"bias": "No", "toxicity": "No", "sentiment": "Neutral", "harm": "Low"}
    text = json.dumps(said | {"groups": [], "confidence": 1.0})
    with OpenAIServer(lambda request, nth: answer(text)) as server:
        config = LabelConfig(
            raters=[{"name": "judge", "kind": "chat", "model": "m", "base_url": server.url}],
            ask_from=0.3,
        )
        kept = label(rows(NEUTRAL, LOADED, SLUR), config, tmp_path / "requests.sqlite").kept
        asked = len(server.requests)
    judged = {
        row["id"]: next(o for o in row["opinions"] if o["labeller"] == "judge")
        for row in kept.to_pylist()
    }
    assert 0 < asked < 3
    assert sum(o["outcome"] == "answered" for o in judged.values()) == asked
    assert judged["r0"]["outcome"] == "not_asked"


def test_no_labeller_with_an_answer_ends_the_row(tmp_path):
    output = label(rows(" ... "), LabelConfig())
    (end,) = output.dropped.to_pylist()
    assert (end["disposition"], end["reason"]) == ("failed", "unlabelled")
    assert "encoder empty" in end["detail"]


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
def test_every_row_ends_once_with_values_of_the_schema(texts):
    source = rows(*texts)
    output = label(source, LabelConfig())
    assert output.kept.schema.equals(schema_after("label"))
    ends = output.kept["id"].to_pylist() + output.dropped["id"].to_pylist()
    assert sorted(ends) == source["id"].to_pylist()
    assert output.kept["id"].to_pylist() == sorted(output.kept["id"].to_pylist())
    for row in output.kept.to_pylist():
        assert row["bias"] in BIAS
        assert row["toxicity"] in TOXICITY
        assert row["sentiment"] in SENTIMENT
        assert row["harm"] in HARM
        assert set(row["target_groups"]) <= set(TARGET_GROUPS)
        assert 0 <= row["priority"] <= 1
        calm = (row["bias"], row["toxicity"], row["harm"]) == ("No", "No", "Low")
        assert row["control"] == calm
