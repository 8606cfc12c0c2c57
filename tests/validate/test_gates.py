import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.config import RedactConfig, ValidateConfig
from srllm_data.schema import DROPPED, schema_after
from srllm_data.validate import decide, measure
from srllm_data.validate.gates import CONTROL_GATES, GATES

TEXT = "The clueless mayor told reporters on Tuesday that 1,200 homes in Ashbeck had no water."
GOOD = "The mayor told reporters on Tuesday that 1,200 homes in Ashbeck had no water."


def test_a_careful_rewrite_is_accepted_without_reasons(judge):
    assert judge(TEXT, GOOD) == ("accept", "", [])


def test_a_mere_deletion_is_held_unless_the_setting_says_otherwise(judge):
    text = "That was an idiotic plan, and the mayor signed it on Tuesday."
    for rewrite in (
        "That was a plan, and the mayor signed it on Tuesday.",
        "The mayor signed it on Tuesday.",
    ):
        verdict, _, reasons = judge(text, rewrite, config=ValidateConfig())
        assert verdict == "hold"
        assert any("only takes words out" in reason for reason in reasons)
    better = "That was a poor plan, and the mayor signed it on Tuesday."
    assert judge(text, better, config=ValidateConfig())[0] == "accept"


@pytest.mark.parametrize(
    ("rewrite", "reason"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("1,200.", "empty"),
        (TEXT, "copied"),
        (TEXT.upper() + "!", "copied"),
        ("I'm sorry, but I can't help with that.", "refusal"),
        ("As an AI language model, I have no opinion on the mayor.", "refusal"),
        (f"Sure, {GOOD}", "preamble"),
        (f"Rewritten: {GOOD}", "preamble"),
        (f"Here is a neutral version of it: {GOOD}", "preamble"),
        (f"I suggest the following rephrased text: {GOOD}", "preamble"),
        ("You should be respectful to others.", "advice"),
        ("TOREMOVE", "blanks"),
        (GOOD.replace("mayor", "[removed]"), "blanks"),
        (GOOD.replace("mayor", "XXX"), "blanks"),
        (f"```\n{GOOD}\n```", "markup"),
        (f'{{"rewrite": "{GOOD}"}}', "markup"),
        (GOOD.replace("mayor", "[[mayor]]"), "markup"),
        (f"Edit the following text. {GOOD}", "prompt_echo"),
        ("Der Bürgermeister sagte, dass in der Stadt viele Häuser kein Wasser hatten.", "language"),
        (
            GOOD.replace("The mayor", "The mayor (0171 555 0142, mayor@ashbeck.org)"),
            "personal_data",
        ),
        (GOOD.replace("The mayor", "<PERSON_1>"), "invented_placeholder"),
        (GOOD.replace("The mayor", "The fucking mayor"), "hostile_added"),
        (TEXT.replace("1,200", "about 1,200"), "bias_unchanged"),
        ("The mayor spoke.", "content_lost"),
    ],
)
def test_what_is_no_rewrite_is_rejected_with_the_first_reason(judge, rewrite, reason):
    verdict, first, reasons = judge(TEXT, rewrite)
    assert (verdict, first) == ("reject", reason)
    assert all(reasons)


@pytest.mark.parametrize(
    ("rewrite", "words"),
    [
        (GOOD.replace("1,200", "1,300"), "loses 1 number and adds 1"),
        (GOOD.replace("had no water", "had water"), "opposite"),
        (GOOD.replace(" on Tuesday", ""), "loses 1 date"),
        (GOOD.replace("in Ashbeck", "in Marrowby"), "loses 1 name and adds 1"),
        (GOOD.replace("in Ashbeck", "in"), "lacks"),
        (GOOD.replace("homes in", "homes homes in"), "not well formed (1 defect"),
        ("Tuesday told 1,200 the mayor in reporters homes water Ashbeck that on.", "order"),
        (GOOD + " Nothing was planned and residents organised deliveries.", "adds 1 sentence"),
        (
            GOOD.replace("had no water", "depended entirely on bottles bought by volunteers"),
            "new for",
        ),
    ],
)
def test_doubtful_rewrites_are_held_for_a_curator(judge, rewrite, words):
    verdict, _, reasons = judge(TEXT, rewrite)
    assert verdict == "hold"
    assert any(words in r for r in reasons)


def test_reasons_give_the_value_and_the_threshold_and_no_row_text(judge):
    rewrite = "The mayor told reporters in Ashbeck about water."
    _, _, reasons = judge(TEXT, rewrite, config=ValidateConfig(min_content_kept=0.8))
    assert "keeps 62 % of the content words (at least 80 % wanted)" in reasons
    assert all("Ashbeck" not in r and "mayor" not in r for r in reasons)


def test_thresholds_decide_over_stored_signals(label_texts, rewrite_rows):
    rows = rewrite_rows(label_texts([TEXT], [False]), ["The mayor told reporters of no water."])
    signals = measure(rows, RedactConfig())
    loose = ValidateConfig(min_content_kept=0.2, hold_content_kept=0.1, min_length_ratio=0.1)
    strict = ValidateConfig(hold_content_kept=0.9, min_content_kept=0.95)
    assert "gate=content_thin" not in decide(rows, signals, loose).facts
    assert decide(rows, signals, strict).dropped["reason"].to_pylist() == ["content_lost"]


@pytest.mark.parametrize(
    ("rewrite", "expected"),
    [
        ("Buses ran late.", "accept"),
        ("", "reject"),
        ("Buses ran late. ", "reject"),
        ("The buses ran late.", "reject"),
    ],
)
def test_a_control_must_stay_as_it_is(judge, rewrite, expected):
    verdict, first, _ = judge("Buses ran late.", rewrite, control=True)
    assert verdict == expected
    assert first == ("" if expected == "accept" else "control_changed")


def test_one_sentence_for_all_texts_is_held(label_texts, rewrite_rows):
    texts = [f"The stupid lift broke again on {d}." for d in ("Monday", "Tuesday", "Friday")]
    rows = rewrite_rows(label_texts(texts, [False] * 3), ["The lift broke again."] * 3)
    out = decide(rows, measure(rows, RedactConfig()), ValidateConfig())
    reasons = out.kept["reasons"].to_pylist()
    assert [any("3 different texts" in r for r in reason) for reason in reasons] == [True] * 3
    assert out.kept["verdict"].to_pylist() == ["hold"] * 3


def test_a_lost_placeholder_is_held_and_an_invented_one_rejected(judge):
    text = "That idiot <PERSON_1> closed the library in Ashbeck on 4 June without notice."
    good = "<PERSON_1> closed the library in Ashbeck on 4 June without notice."
    assert judge(text, good)[0] == "accept"
    assert judge(text, good.replace("<PERSON_1>", "Somebody"))[0] == "hold"
    assert judge(text, good.replace("PERSON_1", "PERSON_2"))[1] == "invented_placeholder"


def test_a_short_text_that_loses_most_of_its_words_is_for_a_curator(judge):
    assert judge("Kelly, you idiot, you sicken me.", "Kelly, you upset me.")[0] == "hold"


def test_a_word_for_an_insult_is_no_addition(judge):
    assert judge("Who gives a shit about karma?", "Who cares about karma?")[0] == "accept"


def test_names_of_gates_are_distinct_and_reject_before_hold():
    names = [g.name for g in GATES + CONTROL_GATES]
    assert len(names) == len(set(names))
    verdicts = [g.verdict for g in GATES]
    assert verdicts == sorted(verdicts, key=("reject", "hold").index)


def test_signals_of_other_rows_are_refused(label_texts, rewrite_rows):
    rows = rewrite_rows(label_texts(["a b", "c d"], [True, True]), ["a b", "c d"])
    signals = measure(rows, RedactConfig())
    with pytest.raises(ValueError, match="signals"):
        decide(rows, signals.take(pa.array([1, 0])), ValidateConfig())


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([TEXT, "Those idiots left.", "", "Buses ran late."]),
            st.sampled_from([GOOD, "", "They left.", TEXT, "[REDACTED]", "Buses ran late."]),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_every_row_is_kept_or_dropped_once_in_order(label_texts, rewrite_rows, rows):
    texts, rewrites, controls = ([r[i] for r in rows] for i in range(3))
    table = rewrite_rows(label_texts(texts, controls), rewrites)
    out = decide(table, measure(table, RedactConfig()), ValidateConfig())
    kept, dropped = out.kept["id"].to_pylist(), out.dropped["id"].to_pylist()
    ids = table["id"].to_pylist()
    assert [i for i in ids if i in kept] == kept
    assert [i for i in ids if i in dropped] == dropped
    assert sorted(kept + dropped) == sorted(ids)
    assert out.kept.schema.equals(schema_after("validate"))
    assert out.dropped.schema.equals(DROPPED)
    assert set(out.kept["verdict"].to_pylist()) <= {"accept", "hold"}
    assert set(out.dropped["disposition"].to_pylist()) <= {"rejected"}
    for verdict, reasons in zip(out.kept["verdict"], out.kept["reasons"], strict=True):
        assert (verdict.as_py() == "hold") == bool(reasons.as_py())
