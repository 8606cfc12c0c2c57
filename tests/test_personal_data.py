"""Personal data is found whatever its format; words for groups and insults never are."""

import socket
from importlib.resources import files
from itertools import product

import pytest
import tldextract
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data import nlp
from srllm_data.config import RedactConfig
from srllm_data.errors import ConfigError
from srllm_data.lexicon.entry import identity_terms
from srllm_data.personal_data import find
from srllm_data.personal_data.entities import entities

CONFIG = RedactConfig()


def found(text: str, config: RedactConfig = CONFIG) -> list[tuple[str, str]]:
    (findings,) = find([text], config)
    return [(f.type, text[f.start : f.end]) for f in findings]


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("EMAIL_ADDRESS", "jane.doe@example.com"),
        ("EMAIL_ADDRESS", "j_doe+news@mail.uni.example"),
        ("EMAIL_ADDRESS", "jane@intranet.corp.local"),
        ("EMAIL_ADDRESS", "jane dot doe at example dot com"),
        ("EMAIL_ADDRESS", "jane at example dot co dot uk"),
        ("EMAIL_ADDRESS", "jane (at) example.org"),
        ("EMAIL_ADDRESS", "jane[at]example[dot]org"),
        ("EMAIL_ADDRESS", "jane AT example.org"),
        ("EMAIL_ADDRESS", "jane -at- example -dot- co -dot- uk"),
        ("EMAIL_ADDRESS", "jane|at|example.com"),
        ("EMAIL_ADDRESS", "--jane--@example.com"),
        ("PHONE_NUMBER", "01632/960441"),
        ("PHONE_NUMBER", "01632 - 960441"),
        ("PHONE_NUMBER", "555.0132"),
        ("PHONE_NUMBER", "+1 202 555 0143"),
        ("PHONE_NUMBER", "202-555-0143"),
        ("PHONE_NUMBER", "(202) 555-0143"),
        ("PHONE_NUMBER", "202.555.0143"),
        ("PHONE_NUMBER", "1-800-555-0199"),
        ("PHONE_NUMBER", "555-0142"),
        ("PHONE_NUMBER", "(020) 7946 0958"),
        ("PHONE_NUMBER", "020 7946 0958"),
        ("PHONE_NUMBER", "07700 900123"),
        ("PHONE_NUMBER", "01632 960001"),
        ("PHONE_NUMBER", "+44 20 7946 0958"),
        ("PHONE_NUMBER", "+49 30 901820"),
        ("PHONE_NUMBER", "+33 1 23 45 67 89"),
        ("CREDIT_CARD", "4111 1111 1111 1111"),
        ("CREDIT_CARD", "5555-5555-5555-4444"),
        ("CREDIT_CARD", "378282246310005"),
        ("IBAN_CODE", "GB82 WEST 1234 5698 7654 32"),
        ("IBAN_CODE", "DE89370400440532013000"),
        ("IP_ADDRESS", "192.168.10.4"),
        ("IP_ADDRESS", "2001:db8:85a3::8a2e:370:7334"),
        ("US_SSN", "536-22-1234"),
        ("US_SSN", "536 22 1234"),
        ("STREET_ADDRESS", "12 Elm Street"),
        ("STREET_ADDRESS", "221B Baker St."),
        ("STREET_ADDRESS", "742 Evergreen Terrace, Springfield, IL 62704"),
        ("STREET_ADDRESS", "8 N. Oak Ave, Apt 4B"),
        ("STREET_ADDRESS", "400 West 42nd Street"),
        ("STREET_ADDRESS", "Flat 3, 19 Mill Lane, Leeds LS1 4AB"),
        ("STREET_ADDRESS", "1450 maple avenue"),
        ("STREET_ADDRESS", "P.O. Box 1182"),
        ("STREET_ADDRESS", "12/47 Wattle Parade"),
        ("STREET_ADDRESS", "60 Route 9 North, Lot 31"),
        ("STREET_ADDRESS", "9 Ridgeway"),
        ("STREET_ADDRESS", "5 The Green"),
        ("STREET_ADDRESS", "18 Ffordd Gwynedd"),
        ("STREET_ADDRESS", "B-14, Sector 62, Noida 201301"),
        ("STREET_ADDRESS", "12 rue de la Paix, 75002 Paris"),
        ("USERNAME", "@night_owl77"),
        ("USERNAME", "@owl@forum.example"),
        ("USERNAME", "u/night-owl"),
        ("PERSON", "Sarah Johnson"),
        ("PERSON", "Priya Raman"),
        ("PERSON", "Jean-Luc Moreau"),
        ("PERSON", "Ana de Souza"),
        ("PERSON", "James O'Brien"),
        ("PERSON", "Fatima Khan"),
    ],
)
@pytest.mark.parametrize("sentence", ["Yesterday {} was posted there.", "You know it: {}"])
def test_each_type_in_its_formats(type: str, value: str, sentence: str) -> None:
    assert found(sentence.format(value)) in ([(type, value)], [(type, value.rstrip("."))])


@pytest.mark.parametrize(
    "text",
    [
        "In 2016, 65,844,610 people voted.",
        "Between 1939-1945 and 2001-2010 it cost $1,200,000.",
        "The score was 21-14 at 12/11/2020 10:30.",
        "Version 3.11 is faster than 3.10 by 10-60 percent.",
        "We need 100-2000 volunteers.",
        "Look at example dot com for more.",
        "Meet us @ 5pm, everyone is at home.",
        "Hey @everyone and @here, read this.",
        "It is a 2 way street and a 50 mile road.",
        "There are 12 Main Street shops and 5 Wall Street banks.",
        "Nobody at 10 Downing Street answered.",
        "LOL this is SO FUNNY, Lmaoo, Wow, OMG!!!",
        "Wtf. Nah. Yikes. Hun, Babe, Bro.",
        "Dr Pepper on a Monday in May, Merry Christmas.",
        "My Twitter and Facebook feeds are full of Brexit.",
        "Jim Crow laws, Uncle Tom, Boko Haram and Parkinson's.",
        "By Muslim Voters\nBy Election Day",
        "Such a Karen. Every Karen is like this, and Karens too.",
        "Dawn broke over the city. Hope dies last. Faith moves mountains.",
        "Bolton Wanderers fans sang. Durham Cathedral let women in.",
        "Don't be a Debbie Downer. They saw John Doe.",
        "Ruth Ellis House is a hostel. Rosa Parks Day should be a thing here.",
        "Alice Springs has a curfew, Tel Aviv has none.",
        "The Londoners and the Parisians met the Lakers.",
        "Order number 4471 209 338, ticket 0771 209 3388, invoice 2024-03-1187.",
        "Rolled back from 5.15.2.1 to 5.15.1.9, then 10.4.2.1-beta.",
        "@SpringBootApplication and @GetMapping do it, @mods.",
    ],
)
def test_false_friends_stay(text: str) -> None:
    assert found(text) == []


TERMS = """Muslim Muslims Jew Jewish Christian Catholic Hindu Sikh Buddhist Atheist Islam Mexican
Mexicans American Somali Chinese Pakistani Irish Black White Asian Latina Latino Arab Indigenous
Roma Gypsy Navajo Dalit Democrat Democrats Republican Liberal Conservative Tory Communist Feminist
Gay Lesbian Queer queer Trans Transgender Bisexual Nonbinary Autistic Deaf Disabled Boomer
Millennial Immigrant Refugee Zionist Sunni Mormon Karens January Monday April June""".split()
TEMPLATES = [
    "{} people are everywhere.",
    "{} are like that.",
    "My {} boss never listens.",
    "She is {}.",
    "As a {} man, I agree.",
    "lol {} logic",
    "Typical {}.",
    "A {} Teacher Spoke To The Class",
    "Stop it {}, just stop.",
    "Go home, {}!",
    "I met {} yesterday",
    "{}: the {} vote decided it",
]


def test_identity_terms_survive() -> None:
    texts = [template.format(*[term] * 2) for term, template in product(TERMS, TEMPLATES)]
    changed = [t for t, findings in zip(texts, find(texts, CONFIG), strict=True) if findings]
    assert changed == []


CARRIERS = [
    "{} people are everywhere.",
    "They hate {} and nobody says so.",
    "I met a {} man at work.",
    "A letter from {} voters came.",
    "Hi {}, welcome.",
    "She asked {} friends.",
]


@pytest.mark.parametrize("group", identity_terms())
def test_every_identity_term_of_the_lexicon_survives(group: str) -> None:
    terms = {
        form
        for term in identity_terms()[group]
        for form in (term, term.capitalize(), term.title(), term.upper())
    }
    texts = [carrier.format(term) for term, carrier in product(sorted(terms), CARRIERS)]
    changed = [t for t, findings in zip(texts, find(texts, CONFIG), strict=True) if findings]
    assert changed == []


INSULTS = """Bitch Bastard Asshole Retard Nigga Niggas Faggot Dyke Tranny Slut Whore Cunt Spic Kike
Paki Redneck Libtard Simp Thot Wanker Coon Bitchhh Nigggas Dumbass Weirdo Idiot Moron Snowflake"""


def test_insults_are_not_names() -> None:
    templates = ["{} everywhere!", "You {}", "Shut up {}.", "I know {} trash", "dear {}, no"]
    texts = [template.format(word) for word, template in product(INSULTS.split(), templates)]
    changed = [t for t, findings in zip(texts, find(texts, CONFIG), strict=True) if findings]
    assert changed == []


def test_an_insult_beside_a_name_stays() -> None:
    assert found("Stupid Bitch Sarah Johnson lied.") == [("PERSON", "Sarah Johnson")]


def test_lists_do_not_contradict_each_other() -> None:
    folder = files("srllm_data") / "lexicon"
    given_names, not_names = (
        set((folder / name).read_text(encoding="utf-8").splitlines()) - {""}
        for name in ("given_names.txt", "not_names.txt")
    )
    assert not given_names & not_names


@pytest.mark.parametrize(
    "text",
    [
        "Barack Obama met Angela Merkel.",
        "Obama and Trump disagree.",
        "Senator Brenda Coleman voted no. Coleman gave no reason.",
        "Mayor Ana Ruiz said so.",
        "The prime minister of France, Henri Dubois, resigned.",
        "Lena Vogel, the mayor of Springfield, resigned.",
        "Rosa Delgado (D-Ariz.) objected.",
        "Rep. Alexandria Ocasio-Cortez spoke.",
    ],
)
def test_public_figures_stay(text: str) -> None:
    assert found(text) == []
    assert found(text, RedactConfig(keep_public_figures=False))[0][0] == "PERSON"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Dr Okafor and Mrs. Patel said no.", ["Okafor", "Patel"]),
        ("The student president Brenda Coleman left.", ["Brenda Coleman"]),
        ("My aunt Helen Trump wrote it. Later Trump denied that.", ["Helen Trump", "Trump"]),
        ("By Brenda Coleman\nThe council met.", ["Brenda Coleman"]),
        ("By Jane Austen, Staff Writer\nThe council met.", ["Jane Austen"]),
        ("Karen Miller lied. Then Karen left.", ["Karen Miller", "Karen"]),
        ("Grace says grace before every meal.", ["Grace"]),
        ("Brook can't swim, she says.", ["Brook"]),
        ("Harmony and Serenity were late.", ["Harmony", "Serenity"]),
        ("Thanks for coming, Nancy.", ["Nancy"]),
        ("The Adeyemis next door are kind.", ["Adeyemis"]),
        ("A.K. Bhattacharya wrote in.", ["A.K. Bhattacharya"]),
        ("William H. Pruitt III inherited it.", ["William H. Pruitt III"]),
        ("Seo-yeon Bae got a B.", ["Seo-yeon Bae"]),
        ("Mieke van 't Hof was turned away.", ["Mieke van 't Hof"]),
        ("Van der Linden said no.", ["Van der Linden"]),
        ("Lt. Hargrove called her that.", ["Hargrove"]),
        ("Linda Hall was on the council.", ["Linda Hall"]),
        ("my mate gaz says so, and mrs henderson", ["gaz", "henderson"]),
        ("me and shaz got told off", ["shaz"]),
    ],
)
def test_private_people_are_found(text: str, names: list[str]) -> None:
    assert found(text) == [("PERSON", name) for name in names]


def test_what_is_redacted_already_is_left_alone() -> None:
    text = "<PERSON_1> wrote to <EMAIL_ADDRESS_2> about <PERSON_12>."
    assert found(text) == []


def test_results_come_in_order_whatever_the_batch() -> None:
    texts = [f"No. {n}: ask user{n}@example.com" if n % 3 else "" for n in range(1100)]
    for n, (text, findings) in enumerate(zip(texts, find(texts, CONFIG), strict=True)):
        assert [text[f.start : f.end] for f in findings] == ([f"user{n}@example.com"] * (n % 3 > 0))


def test_a_text_too_long_for_one_parse() -> None:
    text = "Nothing to see here. " * 2_000 + "Sarah Johnson lives in Leeds."
    assert found(text) == [("PERSON", "Sarah Johnson")]


def test_min_score_and_entities_choose() -> None:
    text = "Sarah Johnson, sarah@example.com"
    assert found(text, RedactConfig(min_score=0.9)) == [("EMAIL_ADDRESS", "sarah@example.com")]
    assert found(text, RedactConfig(entities=["PERSON"])) == [("PERSON", "Sarah Johnson")]


def test_an_unknown_entity_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"redact\.entities names 'SHOE_SIZE'"):
        list(find(["text"], RedactConfig(entities=["SHOE_SIZE"])))


def test_nothing_asks_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from srllm_data.personal_data import search

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("tried to connect")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    search._patterns.cache_clear()
    assert len(found("Sarah Johnson: sarah@example.com, http://example.com, 10.0.0.1")) == 3
    # The public suffix list is the bundled one, whoever asks.
    assert tldextract.extract("http://forums.example.co.uk/a").suffix == "co.uk"


def test_entities_are_those_of_the_parser() -> None:
    pipeline = nlp.load("parser", "lemmatizer", "attribute_ruler")
    texts = [
        *(f"{t} {value}" for t in TEMPLATES for value in ("\n\n", "Sarah Johnson of Leeds")),
        "",
    ]
    texts += ["The Bank of England met Ana de Souza on 3 May 2020 in New York.", "  \n", "Leeds"]
    expected = list(pipeline.pipe(texts, disable=["tok2vec", "tagger"]))
    decoded = [pipeline.make_doc(text) for text in texts]
    entities(pipeline)(decoded)
    for theirs, ours in zip(expected, decoded, strict=True):
        assert [(t.ent_iob_, t.ent_type_) for t in ours] == [
            (t.ent_iob_, t.ent_type_) for t in theirs
        ]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_searched(text: str) -> None:
    (findings,) = find([text], CONFIG)
    ends = [0, *(f.end for f in findings)]
    assert all(end <= f.start < f.end <= len(text) for end, f in zip(ends, findings, strict=False))
    assert all(CONFIG.min_score <= f.score <= 1 for f in findings)


def test_phrases_to_keep_and_to_redact() -> None:
    text = "Sarah Johnson of Acme Mill met Priya Raman, and Sarah left."
    config = RedactConfig(keep=["sarah johnson"], always=["ORGANIZATION: Acme Mill", "raman"])
    assert found(text, config) == [
        ("ORGANIZATION", "Acme Mill"),
        ("PERSON", "Priya"),
        ("PERSON", "Raman"),
        ("PERSON", "Sarah"),
    ]


def test_a_word_for_a_group_cannot_be_redacted() -> None:
    with pytest.raises(ConfigError, match="must not name 'the Muslims'"):
        found("text", RedactConfig(always=["the Muslims"]))


def test_one_phrase_cannot_be_kept_and_redacted() -> None:
    with pytest.raises(ValueError, match="both name 'Acme'"):
        RedactConfig(keep=["acme"], always=["ORGANIZATION: Acme"])


def test_places_and_bodies_are_redacted_where_asked_for() -> None:
    text = "The Muslims of Leeds wrote to the BBC about Black Lives Matter."
    assert found(text) == []
    config = RedactConfig(entities=["PERSON", "LOCATION", "ORGANIZATION"])
    assert ("LOCATION", "Leeds") in found(text, config)
    assert ("ORGANIZATION", "BBC") in found(text, config)
    changed = " ".join(value for _, value in found(text, config))
    assert "Muslims" not in changed
    assert "Black" not in changed
