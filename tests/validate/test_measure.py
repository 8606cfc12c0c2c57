import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.config import RedactConfig
from srllm_data.progress import _listening
from srllm_data.validate import measure

TEXT = (
    "The clueless mayor told reporters on Tuesday that 1,200 homes in Ashbeck had no water, "
    'and she did not apologise. "We did all we could," said Dana Whitlock.'
)
GOOD = TEXT.replace("clueless ", "")


def test_a_careful_rewrite_loses_and_adds_nothing(signals):
    measured = signals(TEXT, GOOD)
    assert measured["content_kept"] == 1
    assert measured["bias_after"] < measured["bias_before"]
    assert {
        k for k, v in measured.items() if k.endswith(("_lost", "_added", "_flipped")) and v
    } == set()
    assert not any(measured[k] for k in ("copied", "defects", "cut", "holes", "misfits"))


@pytest.mark.parametrize(
    ("old", "new", "signal"),
    [
        ("1,200", "1,300", "numbers_lost"),
        ("1,200", "1,300", "numbers_added"),
        ("on Tuesday ", "", "dates_lost"),
        ("did not apologise", "did apologise", "negations_flipped"),
        ("had no water", "had water", "negations_flipped"),
        ("Whitlock", "Marsden", "names_lost"),
        ("Whitlock", "Marsden", "names_added"),
        ("We did all we could", "We tried", "quotations_lost"),
        ("in Ashbeck ", "in ashbeck  ", "defects"),
        ("reporters on", "reporters on on", "defects"),
        ("in Ashbeck", "in", "holes"),
        (" said Dana Whitlock.", " said Dana", "cut"),
        ("The mayor", "Here is the rewritten text: The mayor", "preamble"),
        ("The mayor", "**** mayor", "blanks"),
        ("The mayor", "[REDACTED] mayor", "blanks"),
        ("The mayor", '{"rewrite": "The mayor', "markup"),
        ("Dana Whitlock.", "Dana Whitlock. It is important to respect others.", "advice"),
        ("The mayor", "The stupid bitch", "hostile_added"),
        ("The mayor", "The sh1thead", "hostile_added"),
        ("Dana Whitlock.", "Dana Whitlock (dana@ashbeck.example).", "personal_data_added"),
        ("1,200 homes", "1,200 homes of <PERSON_1>", "placeholders_added"),
    ],
)
def test_each_change_moves_its_signal(signals, old, new, signal):
    assert old in GOOD
    assert signals(TEXT, GOOD)[signal] == 0
    assert signals(TEXT, GOOD.replace(old, new, 1))[signal] > 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It cost 1,200 pounds.", "It cost 1200 pounds."),
        ("Three of them left.", "3 of them left."),
        ("There were twenty-one cars.", "There were 21 cars."),
        ("A bill of $4.2 million came.", "A bill of $4.2m came."),
        ("It took 2,000 days.", "It took two thousand days."),
    ],
)
def test_numbers_may_be_written_in_another_way(signals, one, other):
    for text, rewrite in ((one, other), (other, one)):
        measured = signals(text, rewrite)
        assert (measured["numbers_lost"], measured["numbers_added"]) == (0, 0)


def test_attribution_and_hedges_are_missed(signals):
    text = "The pathetic council claimed that the bridge may close, Tripp said on Monday."
    measured = signals(text, "The bridge will close on Monday, and Tripp knows the council.")
    assert measured["attribution_lost"] > 0
    assert measured["hedges_lost"] == 1
    kept = signals(text, "According to Tripp on Monday, the council says the bridge may close.")
    assert (kept["attribution_lost"], kept["hedges_lost"]) == (0, 0)


def test_erasing_the_group_is_noticed_and_naming_it_otherwise_is_not(signals):
    text = "Filthy Muslims were outside the station again, 12 of them with leaflets."
    assert signals(text, "People were outside the station again, 12 of them.")["groups_lost"] == 1
    kept = "Muslim people were outside the station again, 12 of them with leaflets."
    assert signals(text, kept)["groups_lost"] == 0


def test_surviving_spans_are_counted_only_where_the_author_uses_them(signals):
    text = 'He called her "a stupid cow" in 2021. The stupid boss did not listen.'
    kept = 'He called her "a stupid cow" in 2021. The boss did not listen.'
    assert signals(text, kept)["spans_left"] == 0
    assert signals(text, text + " Indeed.")["spans_left"] > 0


def test_lost_placeholders_are_counted_and_are_no_markup(signals):
    text = "That clown <PERSON_1> sent <EMAIL_ADDRESS_1> to everyone in the office."
    measured = signals(text, "<PERSON_1> sent an address to everyone in the office.")
    assert measured["placeholders_lost"] == 1
    assert measured["markup"] == 0
    assert measured["personal_data_added"] == 0


def test_marks_that_the_text_has_itself_do_not_count(signals):
    text = "The f***ing train was late again and the idiots at the desk laughed. ****"
    rewrite = "The train was late again and the staff at the desk laughed. ****"
    assert signals(text, rewrite)["blanks"] == 0


def test_shuffled_words_lose_their_order(signals):
    words = GOOD.split()
    assert signals(TEXT, GOOD)["order"] == 1
    assert signals(TEXT, " ".join(words[::-1]))["order"] < 0.3


def test_another_language_is_noticed(signals):
    measured = signals(TEXT, "Die Bürgermeisterin sagte, dass viele Häuser kein Wasser hatten.")
    assert measured["language_changed"] == 1


def test_one_rewrite_for_many_texts_is_counted(label_texts, rewrite_rows):
    texts = [f"The stupid {a} broke on {d}." for a in ("bus", "lift") for d in ("Monday", "Friday")]
    rows = rewrite_rows(label_texts(texts, [False] * 4), ["It broke."] * 3 + ["The lift broke."])
    measured = measure(rows, RedactConfig())["signals"].to_pylist()
    assert [{s["name"]: s["value"] for s in m}["repeats"] for m in measured] == [3, 3, 3, 1]


def test_controls_are_only_compared(signals):
    assert signals("A calm text.", "A calm text.", control=True) == {"unchanged": 1}
    assert signals("A calm text.", "A calm text. ", control=True) == {"unchanged": 0}


def test_rows_keep_their_order_and_progress_is_reported(label_texts, rewrite_rows):
    texts = ["The stupid bus.", "The bus is late.", "Those idiots left.", ""]
    rows = rewrite_rows(
        label_texts(texts, [False, True, False, False]), ["The bus.", "", "They left.", ""]
    )
    seen: list[int] = []
    with _listening(seen.append):
        measured = measure(rows, RedactConfig())
    assert sum(seen) == 4
    assert measured["id"].to_pylist() == rows["id"].to_pylist()
    assert measured.schema.names == ["id", "signals"]


def test_no_rows(label_texts, rewrite_rows):
    rows = rewrite_rows(label_texts(["x"], [True]).slice(0, 0), [])
    assert measure(rows, RedactConfig()).num_rows == 0


@settings(max_examples=25, deadline=None)
@given(text=st.text(max_size=60), rewrite=st.text(max_size=60))
def test_any_text_can_be_measured(signals, text, rewrite):
    measured = signals(text, rewrite)
    assert all(v == round(v, 4) for v in measured.values())
    for share in ("content_kept", "added", "order", "bias_after", "toxicity_after"):
        assert 0 <= measured[share] <= 1
    assert measured == signals(text, rewrite)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.sampled_from(["The", "stupid", "bus", "in", "Ashbeck", "left", ",", "7"]), max_size=9
    )
)
def test_a_text_measured_against_itself_is_a_copy_without_defects(signals, words):
    text = " ".join(words)
    measured = signals(text, text)
    assert measured["copied"] == 1
    assert isinstance(measured["defects"], float)
    assert (measured["defects"], measured["cut"], measured["holes"]) == (0, 0, 0)
    assert measured["content_kept"] == 1
    assert measured["added"] == 0


def test_types_of_the_table(label_texts, rewrite_rows):
    rows = rewrite_rows(label_texts([TEXT], [False]), [GOOD])
    kind = measure(rows, RedactConfig()).schema.field("signals").type
    assert kind == pa.list_(pa.struct([("name", pa.string()), ("value", pa.float64())]))


LATE = (
    "Those lazy council workers took three weeks to fix the light on Dell Street, typical of them."
)
FIXED = "The council workers took three weeks to fix the light on Dell Street."


@pytest.mark.parametrize(
    ("rewrite", "signal"),
    [
        ("I cannot fulfill this request.", "refusal"),
        ("This text violates our usage policies.", "refusal"),
        ("I must respectfully decline to write this.", "refusal"),
        ("I do not feel comfortable rewriting this statement.", "refusal"),
        ("Request blocked due to content policy.", "refusal"),
        (f"Here you go: {FIXED}", "preamble"),
        (f"**Rewrite:** {FIXED}", "preamble"),
        (f"{FIXED}\n\nLet me know if you need anything else!", "preamble"),
        (f"{FIXED} (I replaced the insult with a neutral word.)", "preamble"),
        (f"One could write: {FIXED}", "preamble"),
        ("Stereotypes like this are harmful.", "advice"),
        (f"{FIXED} It is not fair to judge everyone by the actions of a few.", "advice"),
        ("Consider contacting your local office with your concerns.", "advice"),
        ("Those l**y council workers took three weeks.", "blanks"),
        ("Those [adjective] council workers took three weeks.", "blanks"),
        ("Those — council workers took three weeks.", "blanks"),
        ("Those @#$%! council workers took three weeks.", "blanks"),
        (FIXED.replace("three", "**three**"), "markup"),
        (FIXED.replace("light", "<em>light</em>"), "markup"),
        (FIXED + "</s>", "markup"),
        (f"rewrite = '{FIXED}'", "markup"),
        (f"{LATE} -> {FIXED}", "prompt_echo"),
        (f"Input: {LATE}\nOutput: {FIXED}", "prompt_echo"),
        (f"You are an assistant who rewrites text. {FIXED}", "prompt_echo"),
        (f"Remove stereotypes while keeping the facts. {FIXED}", "prompt_echo"),
    ],
)
def test_talk_about_the_rewrite_is_told_from_the_rewrite(signals, rewrite, signal):
    assert signals(LATE, FIXED)[signal] == 0
    assert signals(LATE, rewrite)[signal] > 0


@pytest.mark.parametrize(
    ("text", "rewrite"),
    [
        (
            "People should treat these pigs like pigs.",
            "People should treat the officers as they do.",
        ),
        ("I can't help it, the idiot makes me laugh.", "I can't help it, he makes me laugh."),
        ("The referee is a blind bat.", "I find the refereeing disrespectful to the players."),
        ("Sorry, the dumb printer ate the note.", "Sorry, the printer ate the note."),
        ('The clerk wrote "pay [him], moron".', 'The clerk wrote "pay [him]".'),
        ("* buy milk, damn it\n* call Jo", "* buy milk\n* call Jo"),
        ("What the f*** did the **** bus driver want?", "What did the bus driver want? ****"),
    ],
)
def test_what_the_text_says_itself_is_no_mark(signals, text, rewrite):
    measured = signals(text, rewrite)
    names = ("refusal", "preamble", "advice", "blanks", "markup", "prompt_echo")
    assert {n: measured[n] for n in names if measured[n]} == {}


@pytest.mark.parametrize(
    "rewrite",
    ["N/A", "none.", "-", '""', "<rewrite></rewrite>", "[no output]", "🙂🙂", "null", "x"],
)
def test_nothing_has_no_words(signals, rewrite):
    assert signals(LATE, rewrite)["words"] == 0


def test_a_short_answer_that_the_text_gives_has_words(signals):
    assert signals("No, you idiot.", "No.")["words"] == 1


@pytest.mark.parametrize(
    "rewrite",
    [
        "The council workers took took three weeks to fix the light on Dell Street.",
        "The council workers took three weeks took three weeks to fix the light on Dell Street.",
        "The council workers, took three weeks to fix the light, of the street.",
        "Those council worker took three weeks to fix the light on Dell Street.",
        "The council workers took three week to fix the light on Dell Street.",
        "A council workers took three weeks to fix the light on Dell Street.",
        "The council workers does not fix the light on Dell Street.",
        "The council workers did not fixed the light on Dell Street.",
        "The council workers were more slower with the light on Dell Street.",
        "The council workers took a unusual time to fix the light on Dell Street.",
        "The council workers took three weeks to fix the slowly light on Dell Street.",
        "I wonder why did the council take three weeks to fix the light on Dell Street.",
        "The council workers took three weeks, They fixed the light on Dell Street.",
        "the council workers took three weeks to fix the light on Dell Street.",
    ],
)
def test_errors_of_grammar_are_defects(signals, rewrite):
    assert signals(LATE, FIXED)["defects"] == 0
    assert signals(LATE, rewrite)["defects"] > 0


@pytest.mark.parametrize(
    ("rewrite", "cut"),
    [
        ("the workers took three weeks to fix the light on dell", False),
        ("the workers took three weeks to fix the light on dell street and", True),
        ("the workers took three weeks to fix the li", True),
        ("the workers took three weeks to fix the", True),
        ("the workers took three weeks to fix it because", True),
    ],
)
def test_the_end_of_a_text_without_stops_is_cut_where_it_wants_more(signals, rewrite, cut):
    text = "those lazy workers took three weeks to fix the light on dell street"
    assert signals(text, rewrite)["cut"] == cut


def test_a_stop_that_was_split_off_is_not_missed(signals):
    assert signals("the stupid bus was late .", "the bus was late")["cut"] == 0
    assert signals("The stupid bus was late.", "The bus was late")["cut"] == 1


@pytest.mark.parametrize(
    ("text", "rewrite", "holes"),
    [
        ("He brought idiots and friends.", "He brought friends.", False),
        ("The mob of the Ashbeck club paid.", "The Ashbeck club paid.", False),
        ("The idiot from accounts lost it.", "The from accounts lost it.", True),
    ],
)
def test_what_is_left_may_take_the_place_of_what_is_gone(signals, text, rewrite, holes):
    assert (signals(text, rewrite)["holes"] > 0) == holes
