import json
import string
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.lexicon import LABELLER, Scores, Span, digest, entries, find_spans, score
from srllm_data.lexicon.entry import ACTIONS, LABELS, identity_terms
from srllm_data.nlp import parse
from srllm_data.schema import TARGET_GROUPS


@cache
def scored(text: str) -> Scores:
    return score(next(parse([text])))


def found(text: str) -> dict[str, str]:
    """Use of every finding by its lower-case text."""
    return {s.text.lower(): s.use for s in scored(text).spans}


def labels(text: str) -> set[str]:
    return {s.label for s in scored(text).spans if s.use == "used"}


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("loaded", "The council's disastrous scheme was rammed through on Monday."),
        ("loaded", "The so-called experts will report in June."),
        ("condescension", "She reversed the lorry very well for a girl."),
        ("condescension", "Calm down, sweetheart, it is only a form."),
        ("stereotype", "The paper ran a piece about a welfare queen in Dunmere."),
        ("generalisation", "Women are too timid to lead a team."),
        ("generalisation", "All estate agents are dishonest."),
        ("dehumanising", "They are vermin, and they come over every summer."),
        ("dehumanising", "Go back to your own country."),
        ("insult", "The manager is an idiot."),
        ("slur", "Some kike bought the shop."),
        ("profanity", "The fucking bus was late again."),
    ],
)
def test_every_label_is_found(label, text):
    assert label in labels(text)


@pytest.mark.parametrize(
    "text",
    [
        "Cold water retarded the growth of the crystals.",
        "The crazy paving needs new mortar.",
        "The clinic treats children with spastic diplegia.",
        "The band was killing it on stage.",
        "We bought new dumb-bells for the gym.",
        "A Maine coon won the cat show.",
        "Mr Savage mowed the lawn with Mrs Thugwell.",
        "The dentist said the bitch had six healthy puppies.",
        "The old dyke kept the sea out for a century.",
        "She slammed the door and left.",
        "Their training regime starts at six.",
        "I love the honey from that hive.",
        "Dick Turpin and Moby Dick are on the reading list.",
        "The plague of locusts ruined the harvest.",
        "He put on his flannel shirt and shifted the pallets.",
        "The class assessed the Scunthorpe passage in Essex.",
    ],
)
def test_look_alikes_are_left_alone(text):
    result = scored(text)
    assert (result.bias, result.toxicity) == (0.0, 0.0), result.spans


@pytest.mark.parametrize(
    "text",
    [
        "Women are under-represented on boards.",
        "Older residents are eligible for a free pass.",
        "Three migrants were injured in the crash.",
        "Muslims make up four per cent of the town.",
        "Disabled people can apply until Friday.",
        "Nurses have always worked nights here.",
        "Not all immigrants are lazy.",
        "It is a myth that women are bad drivers.",
        "Gay couples married at the town hall on Saturday.",
        "The police shot two teenagers, the inquest heard.",
        "Elderly people do not pay for the bus.",
    ],
)
def test_reports_about_groups_are_no_claims(text):
    assert scored(text).bias < 0.5, scored(text).spans


@pytest.mark.parametrize(
    "text",
    [
        "Immigrants are lazy.",
        "Women are naturally worse at this, and women panic.",
        "Atheists have no morals.",
        "Teenagers can't concentrate.",
        "The French are rude.",
        "Pensioners never think about anybody else.",
        "What do you expect from a Tory?",
        "A man cannot be trusted with small children.",
        "I hate foreigners.",
        "Somebody should shoot those immigrants.",
        "All Romanians should be deported.",
    ],
)
def test_claims_over_whole_groups_are_biased(text):
    result = scored(text)
    assert result.bias >= 0.5
    assert result.groups


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ('He was fined for shouting "faggot" at a steward.', "quoted"),
        ("“They are vermin,” the heckler said.", "quoted"),
        ("A man on the bus called my mother a paki.", "quoted"),
        ("The word nigger appears twice in the letter.", "quoted"),
        ("I never said that they are scum.", "quoted"),
        ("The strikers are not thugs.", "quoted"),
        ("I'm such an idiot, I forgot the keys.", "reclaimed"),
        ("As a proud dyke I joined the march.", "reclaimed"),
        ("My grandad called himself a hillbilly.", "reclaimed"),
        ("They are vermin.", "used"),
        ('Those "illegals" take up every bed.', "used"),
        ("The strikers are thugs, the mayor claimed on Monday.", "used"),
    ],
)
def test_use_decides_what_counts(text, use):
    result = scored(text)
    assert {s.use for s in result.spans} == {use}
    assert (result.bias > 0) == (use == "used")


@pytest.mark.parametrize(
    "spelling",
    ["f u c k", "f.u.c.k", "f-u-c-k", "fuuuuck", "f*ck", "f**k", "f***", "phuck"],
)
def test_profanity_in_disguise(spelling):
    text = f"Oh {spelling} the bus has gone"
    assert "profanity" in labels(text)


@pytest.mark.parametrize(
    ("written", "entry"),
    [
        ("sh1t", "shit"),
        ("b1tch", "bitch"),
        ("n1gger", "nigger"),
        ("fаggot", "faggot"),
        ("$lut", "slut"),
    ],
)
def test_leetspeak_and_look_alike_letters(written, entry):
    text = f"What a {written} he is, she said to nobody"
    spans = [s for s in find_spans(next(parse([text]))) if s.entry == entry]
    assert [s.text for s in spans] == [written]


def test_numbers_and_handles_are_no_disguise():
    assert not scored("Flight A55 left gate 4 at 17:45, see example.org/455 and #1.").spans


def test_severity_adds_up_and_stays_within_bounds():
    one = scored("The regime met on Monday.")
    more = scored("The disastrous, shameless regime met on Monday.")
    assert 0 < one.bias < more.bias <= 1
    assert one.toxicity == 0


def test_sentiment_is_vaders_compound():
    assert scored("What a wonderful, happy day.").sentiment > 0.5
    assert scored("The bus left at nine.").sentiment == 0


_TEMPLATES = (
    "{} live on our street.",
    "The survey asked {} about their commute.",
    "{} have been invited to the meeting on Tuesday.",
    "A new centre for {} opens in May.",
    "{} said that the service was good.",
    "Two books about {} were published in June.",
    "{} and their friends won the quiz.",
    "The council works with {} in the north.",
)
_TERMS = [(g, t) for g, terms in identity_terms().items() for t in terms]


@pytest.mark.parametrize("template", _TEMPLATES)
def test_identity_terms_alone_never_flip_a_label(template):
    texts = [template.format(term) for _, term in _TERMS]
    for (group, term), doc in zip(_TERMS, parse(texts), strict=True):
        result = score(doc)
        assert result.bias < 0.5, (term, result.spans)
        assert result.toxicity < 0.3, (term, result.spans)
        assert result.harm < 0.3, (term, result.spans)
        assert group in result.groups or result.groups, term


def test_every_group_has_identity_terms():
    assert list(identity_terms()) == [g for g in identity_terms() if g in TARGET_GROUPS]
    assert set(identity_terms()) == set(TARGET_GROUPS)


def test_entries_are_well_formed():
    lines = _file("terms.jsonl")
    assert [json.loads(line)["id"] for line in lines] == list(entries())
    assert list(entries()) == sorted(entries())
    assert len(entries()) >= 700
    for entry in entries().values():
        assert entry.label in LABELS
        assert entry.action in ACTIONS
        assert entry.pos in ("ADJ", "NOUN", "VERB", "ADV", "ANY")
        assert set(entry.groups) <= set(TARGET_GROUPS)
        assert 0 < entry.severity <= 1
        assert entry.forms, entry.id
        assert all(f == f.lower().strip() and f for f in entry.forms), entry.id
        assert (entry.action == "replace") <= bool(entry.replacements), entry.id
        assert entry.why, entry.id
        assert entry.of in ("", "people", "address")


def test_no_form_belongs_to_two_entries_of_one_kind():
    seen: dict[tuple[str, str], str] = {}
    for entry in entries().values():
        for form in entry.forms:
            assert seen.setdefault((form, entry.pos), entry.id) == entry.id, form


_FRAMES = {
    "NOUN": (
        "You {}, you are nothing.",
        "The man is a {}.",
        "We met the {} there.",
        "Calm down, {}.",
    ),
    "ADJ": ("They are {} people.", "She is {}.", "A {} man spoke.", "The {} plan passed."),
    "VERB": ("They {} them.", "Those people {} here.", "You {} it.", "They will {} the people."),
    "ADV": ("They {} spoke about it.", "It was {} done.", "He {} refused."),
    "ANY": ("They said {} there.", "They {} people.", "{}!", "You are {} people."),
}


@pytest.mark.slow
def test_every_entry_is_found_in_a_sentence_that_holds_it():
    missing = set(entries())
    frames = [
        (entry.id, frame.index("{}"), entry.forms[0], frame.format(entry.forms[0]))
        for entry in entries().values()
        for frame in _FRAMES[entry.pos]
    ]
    docs = parse(text for *_, text in frames)
    for (id_, start, form, _), doc in zip(frames, docs, strict=True):
        covered = (s.start < start + len(form) and start < s.end for s in find_spans(doc))
        if id_ in missing and any(covered):
            missing.discard(id_)
    assert not missing


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=string.printable + "“”’‘é🙂а*#", max_size=120))
def test_spans_index_the_text_and_never_overlap(text):
    _check_spans(text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted(entries())), min_size=1, max_size=8), st.data())
def test_spans_of_lexicon_words_index_the_text_and_never_overlap(ids, data):
    words = [data.draw(st.sampled_from(entries()[i].forms)) for i in ids]
    _check_spans(" ".join(words) + ".")


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "🙂🙂", "a", "\u200b", "***", "“"])
def test_empty_and_odd_texts(text):
    result = _check_spans(text)
    assert (result.bias, result.toxicity, result.harm) == (0.0, 0.0, 0.0)


def _check_spans(text: str) -> Scores:
    result = score(next(parse([text])))
    end = 0
    for span in result.spans:
        assert isinstance(span, Span)
        assert end <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == span.text
        assert span.label in LABELS
        assert span.entry is None or span.entry in entries()
        end = span.end
    assert all(0 <= v <= 1 for v in (result.bias, result.toxicity, result.harm))
    assert -1 <= result.sentiment <= 1
    return result


def test_the_same_text_gives_the_same_scores():
    text = "The so-called experts slammed the regime; lazy immigrants, they said, are vermin."
    assert score(next(parse([text]))) == score(next(parse([text])))


def test_digest_names_the_data():
    assert len(digest()) == 64
    assert LABELLER == "lexicon-1"


def _file(name: str) -> list[str]:
    from srllm_data.lexicon import entry

    return (Path(entry.__file__).parent / name).read_text(encoding="utf-8").splitlines()
