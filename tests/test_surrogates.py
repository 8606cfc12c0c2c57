"""Stand-ins: nobody's, of the same kind, the same on both sides, and of no use to find a value."""

import ipaddress
import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.config import RedactConfig
from srllm_data.export import with_surrogates
from srllm_data.personal_data import PLACEHOLDER
from srllm_data.personal_data.known_names import origins
from srllm_data.personal_data.surrogates import surrogates
from srllm_data.redact import redact
from srllm_data.schema import schema_after


def one(surface: str, type_: str, row: str = "row") -> str:
    return surrogates(row, [(f"<{type_}_1>", type_, surface)])[0]


def origins_of(name: str) -> set[str]:
    return {o for o, known in origins().items() if name in known.surnames}


@pytest.mark.parametrize(
    ("name", "origin", "gender"),
    [
        ("Sarah Johnson", "english", "female"),
        ("José García", "hispanic", "male"),
        ("Agnieszka Kowalska", "slavic", "female"),
        ("Priya Patel", "south_asian", "female"),
        ("Fatima Khan", "south_asian", "female"),
        ("Mohammed Al-Masri", "arabic", "male"),
    ],
)
def test_a_person_gets_one_of_the_same_gender_and_origin(
    name: str, origin: str, gender: str
) -> None:
    for row in map(str, range(5)):
        given, surname = one(name, "PERSON", row).split()
        assert given in getattr(origins()[origin], gender)
        assert origin in origins_of(surname)


def test_a_surname_stands_first_where_it_stood_first() -> None:
    surname, given = one("Kim Min-jun", "PERSON").split()
    assert surname in origins()["korean"].surnames
    assert given in origins()["korean"].male


def test_a_part_of_a_name_gets_that_part() -> None:
    mentions = [("<PERSON_1>", "PERSON", s) for s in ("Sarah Johnson", "Johnson", "sarah", "SARAH")]
    full, surname, lower, upper = surrogates("row", mentions)
    assert full.split() == [lower.capitalize(), surname]
    assert upper == lower.upper()


def test_two_people_of_a_text_are_not_one() -> None:
    mentions = [(f"<PERSON_{n}>", "PERSON", "Sarah Johnson") for n in range(1, 9)]
    assert len(set(surrogates("row", mentions))) == 8


@pytest.mark.parametrize(
    ("type_", "surface", "form"),
    [
        ("EMAIL_ADDRESS", "jane@corp.com", r"[\w'.-]+@example\.(?:com|net|org)"),
        ("EMAIL_ADDRESS", "jane dot doe at corp dot com", r".+ at example dot (?:com|net|org)"),
        ("PHONE_NUMBER", "020 7946 0958", r"01632 960\d{3}"),
        ("PHONE_NUMBER", "07911 123456", r"07700 900\d{3}"),
        ("PHONE_NUMBER", "+44 7911 123456", r"\+44 7700 900\d{3}"),
        ("PHONE_NUMBER", "(212) 736-5000", r"\(\d{3}\) 555-01\d\d"),
        ("PHONE_NUMBER", "736-5000", r"555-01\d\d"),
        ("CREDIT_CARD", "4539-1488-0343-6467", r"4\d{3}-\d{4}-\d{4}-\d{4}"),
        ("IBAN_CODE", "GB82 WEST 1234 5698 7654 32", r"GB29 NWBK 6016 1331 9268 19"),
        ("US_SSN", "536-22-1234", r"987-65-432\d"),
        ("STREET_ADDRESS", "12 Elm Street", r"\d+ \w+ Street"),
        ("STREET_ADDRESS", "P.O. Box 12", r"PO Box \d{5}"),
        ("USERNAME", "@night_owl", r"@example_\w{16,}"),
        ("USERNAME", "u/night-owl", r"u/example_\w{16,}"),
        ("LOCATION", "Leeds", r"\w+"),
        ("SHOE_SIZE", "44", r"the shoe size"),
    ],
)
def test_other_values_keep_their_form(type_: str, surface: str, form: str) -> None:
    assert re.fullmatch(form, one(surface, type_))


def test_addresses_are_of_ranges_for_documentation() -> None:
    documented = [
        ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
    ]
    assert any(ipaddress.ip_address(one("10.1.2.3", "IP_ADDRESS")) in n for n in documented)
    six = ipaddress.ip_address(one("fe80::1:2", "IP_ADDRESS"))
    assert six in ipaddress.ip_network("2001:db8::/32")


def test_values_of_one_form_are_told_apart_by_nothing() -> None:
    for type_, pair in {
        "EMAIL_ADDRESS": ("jane@corp.com", "x.y@z.org"),
        "PHONE_NUMBER": ("(212) 736-5000", "(415) 111-2222"),
        "US_SSN": ("536-22-1234", "111-22-3333"),
        "PERSON": ("Sarah Johnson", "Emily Wilson"),
        "USERNAME": ("@night_owl", "@x"),
    }.items():
        assert one(pair[0], type_) == one(pair[1], type_)


PIECES = [
    *(
        "Sarah Johnson",
        "Johnson",
        "Priya",
        "@owl",
        "sarah@example.com",
        "555-0142",
        "12 Elm Street",
    ),
    *("<PERSON_3>", "<USERNAME_1>", "met", "said", "hates", "Muslims", ".", ",", "\n"),
]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=15),
    st.lists(st.sampled_from([*PIECES, "<PERSON_1>", "<PERSON_2>", "<IBAN_CODE_7>"]), max_size=15),
)
def test_no_placeholder_remains_and_both_sides_agree(text: list[str], rewrite: list[str]) -> None:
    table = pa.Table.from_pylist(
        [{"id": "row", "text": " ".join(text)}], schema=schema_after("deduplicate")
    )
    (row,) = redact(table, RedactConfig()).kept.to_pylist()
    row |= {"rewrite": " ".join(rewrite), "candidates": [{"text": row["text"]}]}
    filled = with_surrogates(row)
    assert filled == with_surrogates(row)
    for value in (filled["text"], filled["rewrite"], filled["candidates"][0]["text"]):
        assert not PLACEHOLDER.search(value)
    assert filled["candidates"][0]["text"] == filled["text"]
    same = with_surrogates({**row, "rewrite": row["text"]})
    assert same["rewrite"] == same["text"] == filled["text"]


def test_a_rewrite_may_lack_or_repeat_a_placeholder() -> None:
    entities = [
        {"placeholder": "<PERSON_1>", "type": "PERSON", "surrogate": "Ann Lee"},
        {"placeholder": "<PERSON_1>", "type": "PERSON", "surrogate": "Lee"},
        {"placeholder": "<USERNAME_1>", "type": "USERNAME", "surrogate": "@example"},
    ]
    row = {
        "id": "row",
        "text": "<PERSON_1> saw <PERSON_1> and <USERNAME_1>",
        "rewrite": "<PERSON_1>, <PERSON_1>, <PERSON_1>",
        "entities": entities,
    }
    assert with_surrogates(row)["rewrite"] == "Ann Lee, Lee, Lee"
