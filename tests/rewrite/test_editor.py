import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from srllm_data.lexicon import entries, find_spans
from srllm_data.nlp import parse
from srllm_data.rewrite import grammar
from srllm_data.rewrite.editor import edit, rewrite_doc, rewrite_text


def edited(text):
    doc = next(parse([text]))
    return edit(doc, find_spans(doc))


@pytest.mark.parametrize(
    ("text", "rewrite"),
    [
        ("The fucking, stupid bus was late.", "The bus was late."),
        ("The council pushed its shameful and costly plan.", "The council pushed its costly plan."),
        (
            "The council dropped its long, costly and shameful plan.",
            "The council dropped its long and costly plan.",
        ),
        (
            "The mayor's disgraceful, costly and shameful scheme cost £3m.",
            "The mayor's costly scheme cost £3m.",
        ),
        ("He shamelessly and repeatedly lied.", "He repeatedly lied."),
        ("Shamelessly, the mayor took £400.", "The mayor took £400."),
        ("Outrageous prices for a shameful hour.", "Prices for an hour."),
        ("It was a shameful 14 per cent rise.", "It was a 14 per cent rise."),
        ("They acted in a shameful way.", "They acted."),
        ("Four months for five fucking dollars?", "Four months for five dollars?"),
        ("She throws well for a girl, said <PERSON_2>.", "She throws well, said <PERSON_2>."),
        (
            "The minister, despite being a woman, won 14 seats.",
            "The minister won 14 seats.",
        ),
    ],
)
def test_loaded_modifiers_go_with_their_commas_and_coordinators(text, rewrite):
    assert edited(text)[0] == rewrite


@pytest.mark.parametrize(
    ("text", "rewrite"),
    [
        ("You idiots voted for this.", "You voted for this."),
        ("Listen, idiot, the bus is late.", "Listen, the bus is late."),
        ("That idiot Smith said no.", "Smith said no."),
        ("John Smith, that idiot, said no.", "John Smith said no."),
        ("Idiots! The 7.40 is late again 😂", "The 7.40 is late again 😂"),
        ("fuck you, the bus left at 7.40", "the bus left at 7.40"),
        ("oh shit, i forgot my bag", "i forgot my bag"),
        ("what the fuck are they doing?", "what are they doing?"),
        ("Get the fuck out of here", "Get out of here"),
        ("now i am reporting you, moron.", "now i am reporting you."),
    ],
)
def test_abuse_beside_the_sentence_goes(text, rewrite):
    assert edited(text)[0] == rewrite


@pytest.mark.parametrize(
    ("text", "rewrite"),
    [
        ("An illegal alien was arrested.", "An undocumented immigrant was arrested."),
        (
            "The judge freed two Illegal Aliens on Monday.",
            "The judge freed two Undocumented Immigrants on Monday.",
        ),
        ("The moron's car was towed.", "The person's car was towed."),
        ("The morons' cars were towed.", "The people's cars were towed."),
        ("Those morons cheered.", "Those people cheered."),
        ("Some idiot parked here.", "Someone parked here."),
        ("Idiots, morons and fools voted for it.", "People voted for it."),
        ("The mayor slammed the plan.", "The mayor criticised the plan."),
        ("The mayor ranted for an hour.", "The mayor spoke for an hour."),
        ("He ranted that the bus was late.", "He said that the bus was late."),
        ("She suffers from autism.", "She has autism."),
        ("i don't give a shit about it", "i don't care about it"),
    ],
)
def test_replacements_take_the_form_of_what_they_replace(text, rewrite):
    assert edited(text)[0] == rewrite


@pytest.mark.parametrize(
    ("text", "rewrite"),
    [
        ("He is an idiot.", "He is unwise."),
        ("He is a complete and utter idiot.", "He is unwise."),
        ("They are morons.", "They are unwise."),
        ("She is a rich idiot.", "She is a rich person."),
        ("The plan is stupid and late.", "The plan is late."),
        ("The plan is stupid.", "The plan is unwise."),
    ],
)
def test_a_predicate_is_never_left_empty_or_void(text, rewrite):
    assert edited(text)[0] == rewrite


@pytest.mark.parametrize(
    ("text", "rewrite"),
    [
        ("All nurses always know best.", "Some nurses always know best."),
        ("Old people never use apps.", "Some old people never use apps."),
        ("Every estate agent always talks a lot.", "Some estate agents always talk a lot."),
        (
            "Asians are naturally good with numbers, said the chairman.",
            "Some Asians are good with numbers, said the chairman.",
        ),
        ("The French are always late for lunch.", "Some French people are always late for lunch."),
    ],
)
def test_a_claim_over_a_group_is_scoped(text, rewrite):
    assert edited(text)[0] == rewrite


@pytest.mark.parametrize(
    "text",
    [
        "Women are too emotional to lead.",
        "Northerners are lazy.",
        "Refugees are vermin.",
        "Women are bitches.",
        "Immigrants should be deported.",
        "Every cop is a thug.",
        "Romanians cannot be trusted with a till.",
        "Only an idiot would pay £45.",
        "Disgraceful!",
        "He slammed into a wall.",
        "The minister has failed to pay £40.",
        "The board called him an “idiot” in a report on 4 May.",
    ],
)
def test_where_no_edit_is_honest_the_text_stays(text):
    rewrite, _ = edited(text)
    assert rewrite.replace("police officer", "cop") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  The  bus left at 7.40 .",
        "older residents met <PERSON_1> at https://example.org/a on 4 May\n\n#ferry @harbour 😂",
        "Women hold 41 per cent of board seats.",
    ],
)
def test_without_findings_the_text_comes_back_byte_for_byte(text):
    assert edited(text) == (text, ())


def test_a_text_of_nothing_but_abuse_is_not_emptied():
    assert edited("You stupid idiot!")[0].strip("! ")


@pytest.mark.parametrize(
    ("word", "article"),
    [
        ("hour", "an"),
        ("honest", "an"),
        ("unicorn", "a"),
        ("undocumented", "an"),
        ("unimportant", "an"),
        ("one", "a"),
        ("European", "a"),
        ("MP", "an"),
        ("NHS", "an"),
        ("UN", "a"),
        ("NATO", "a"),
        ("8", "an"),
        ("11", "an"),
        ("18th", "an"),
        ("110", "a"),
        ("14", "a"),
    ],
)
def test_articles_follow_the_sound(word, article):
    assert grammar.article(word) == article


def test_the_editor_knows_what_every_replacement_can_stand_for():
    for entry in entries().values():
        for new in entry.replacements:
            assert grammar.kinds(new), (entry.id, new)


SUBJECTS = ["The council", "Our mayor", "<PERSON_1>", "Those morons", "The idiot from <LOCATION_2>"]
ASIDES = ["", ", you idiot", ", despite being a woman,", " shamelessly", " fucking"]
VERBS = ["slammed", "approved", "rammed through", "lost"]
MODIFIERS = [
    "",
    "shameful ",
    "stupid, ",
    "long and shameless ",
    "so-called “independent” ",
    "fucking ",
]
NOUNS = ["plan", "offer", "hour", "illegal aliens", "piece of shit"]
ENDS = [" on 4 May 2026.", " for £3.50!", " at 7.40 😂", ", said <PERSON_3>.", " (12 of 30)."]
OPENINGS = ["", "Fuck. ", "Shit, ", "“Quoted idiots,” he said. ", "@bob_1 "]

sentences = st.builds(
    lambda o, s, a, v, m, n, e: f"{o}{s}{a} {v} {grammar.article(m or n)} {m}{n}{e}",
    *map(st.sampled_from, (OPENINGS, SUBJECTS, ASIDES, VERBS, MODIFIERS, NOUNS, ENDS)),
)
few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@few
@given(sentences)
def test_the_edits_are_the_difference(text):
    rewrite, edits = edited(text)
    replayed, last = "", 0
    for one in edits:
        assert text[one.start : one.end] == one.before
        assert last <= one.start
        replayed += text[last : one.start] + one.after
        last = one.end
    assert replayed + text[last:] == rewrite


@few
@given(st.lists(sentences, min_size=1, max_size=2).map(" ".join))
def test_facts_and_form_survive_and_nothing_is_left_to_edit(text):
    rewrite = rewrite_text(text)
    facts = re.compile(r"<[A-Z]+_\d>|@\w+|[\d.:]*\d")
    assert facts.findall(rewrite) == facts.findall(text)
    assert not re.search(r" [,.!?;)]|  |,,|\( |^\W*,", rewrite), rewrite
    assert not re.search(r"\b(?:and|a|an|the)[ ]*[.!?]", rewrite), rewrite
    assert not re.search(r"\ba [aeio]|\ban [bcdfgjklmnpqrstvwxyz]", rewrite), rewrite
    assert rewrite.count("“") == rewrite.count("”")
    assert rewrite_text(rewrite) == rewrite


@few
@given(st.lists(sentences, min_size=1, max_size=3))
def test_a_text_is_edited_alike_alone_and_in_a_batch(texts):
    assert [rewrite_doc(doc) for doc in parse(texts)] == [rewrite_text(t) for t in texts]


def test_real_texts_keep_every_number_and_stay_put_when_edited_again(shared_data):
    import json

    lines = (shared_data / "pairs" / "paradetox.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["toxic"] for line in lines[::200]]
    for doc in parse(texts):
        rewrite = rewrite_doc(doc)
        assert re.findall(r"\d+", rewrite) == re.findall(r"\d+", doc.text)
        assert any(c.isalnum() for c in rewrite)
        assert rewrite_text(rewrite) == rewrite


@pytest.mark.parametrize(
    "text",
    [
        "Both are quick, so the gold is gone, it's just in their blood.",
        "what kind of moron books a train for the wrong month",
        "I cried at the descant and I'm a heathen.",
    ],
)
def test_no_edit_leaves_a_sentence_dangling(text):
    assert edited(text)[0] == text


def test_one_of_two_alternatives_is_not_the_claim():
    assert edited("Anyone who saw it is blind or stupid.")[0] != "Anyone who saw it is blind."


def test_a_scoped_claim_keeps_its_capital_inside_quotation_marks():
    assert edited("'The French don't queue,' said the owner.")[0].startswith("'Some French people")
