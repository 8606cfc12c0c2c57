"""Systems that do nothing for a text must not win; careful human rewrites must.

Every metric of the field that was checked rewards one of these systems; here none of them gets a
biased row accepted.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from srllm_data.config import RedactConfig, ValidateConfig
from srllm_data.trivial import SYSTEMS as SHIPPED
from srllm_data.validate import decide, measure

ROOT = Path(__file__).resolve().parents[2]

# Text, careful rewrite, and whether the text reads well without its biased words: then taking
# them out is an honest rewrite, and accepting it is right.
BIASED = [
    (
        "The clueless mayor told reporters on Tuesday that 1,200 homes in Ashbeck had no water.",
        "The mayor told reporters on Tuesday that 1,200 homes in Ashbeck had no water.",
        True,
    ),
    (
        "The fucking bus was 40 minutes late again and I missed my shift at the bakery.",
        "The bus was 40 minutes late again and I missed my shift at the bakery.",
        True,
    ),
    (
        "Thugs smashed six windows at the Elm Road clinic on Sunday, and nobody was arrested.",
        "People smashed six windows at the Elm Road clinic on Sunday, and nobody was arrested.",
        False,
    ),
    (
        "My neighbour is an idiot. He parked across the drive at 7 and left at 11.",
        "My neighbour annoys me. He parked across the drive at 7 and left at 11.",
        False,
    ),
    (
        "Illegals filled the waiting room at St Anne's on Friday, 31 of them, the nurse said.",
        "Undocumented migrants filled the waiting room at St Anne's on Friday, 31 of them, the "
        "nurse said.",
        False,
    ),
    (
        "That bitch from accounts refused my 85 pound claim, and she was right about the receipt.",
        "The woman from accounts refused my 85 pound claim, and she was right about the receipt.",
        False,
    ),
    (
        "Two retards blocked the lift for ten minutes while the caretaker looked for his key.",
        "Two people blocked the lift for ten minutes while the caretaker looked for his key.",
        False,
    ),
    (
        "Women are too emotional to referee, coach Bram Tully said after the 3-1 defeat on Friday.",
        "Coach Bram Tully said after the 3-1 defeat on Friday that he does not want women to "
        "referee.",
        False,
    ),
    (
        "The hysterical councillor Rhona Pike read out 14 complaints about the landfill on Monday.",
        "Councillor Rhona Pike read out 14 complaints about the landfill on Monday.",
        True,
    ),
    (
        "Muslims are terrorists, the caller claimed, but the station cut him off after a minute.",
        "The caller accused Muslims of violence, but the station cut him off after a minute.",
        False,
    ),
    (
        "The committee is run by morons. They spent £9,000 on chairs and lost the invoice.",
        "I think the committee is badly run. They spent £9,000 on chairs and lost the invoice.",
        False,
    ),
    (
        "An ignorant clerk in Marrowby told Mr Osei that his licence was invalid, and it was not.",
        "A clerk in Marrowby told Mr Osei that his licence was invalid, and it was not.",
        False,
    ),
    (
        "Gyppos have camped on the rugby pitch since 3 May and the match will not be played.",
        "Travellers have camped on the rugby pitch since 3 May and the match will not be played.",
        False,
    ),
    (
        "The wheelchair-bound pianist Ida Noll played four encores at the Corn Hall on Thursday.",
        "The pianist Ida Noll, who uses a wheelchair, played four encores at the Corn Hall on "
        "Thursday.",
        True,
    ),
    (
        "These parasites in the ministry raised the fee from £12 to £19 and did not tell anyone.",
        "The officials in the ministry raised the fee from £12 to £19 and did not tell anyone.",
        False,
    ),
    (
        "Our landlord is a greedy bastard who has not fixed the boiler since 12 November.",
        "Our landlord has not fixed the boiler since 12 November.",
        False,
    ),
    (
        "The radical teachers' union wants 4 per cent, and the school board has offered 2.",
        "The teachers' union wants 4 per cent, and the school board has offered 2.",
        True,
    ),
    (
        "A deranged man shouted at passengers on the 08:15 to Vigo until the guard calmed him.",
        "A distressed man shouted at passengers on the 08:15 to Vigo until the guard calmed him.",
        True,
    ),
    (
        "Libtards in the city council voted 7-5 against the stadium on 9 June.",
        "Liberals in the city council voted 7-5 against the stadium on 9 June.",
        False,
    ),
    (
        "Some cripple took the last space at the library, so I parked on Quay Street and paid £4.",
        "A disabled driver took the last space at the library, so I parked on Quay Street and paid "
        "£4.",
        False,
    ),
    (
        "Shut up, you stupid cow. The recipe says 200 grams of butter and I used 200 grams.",
        "I do not agree. The recipe says 200 grams of butter and I used 200 grams.",
        False,
    ),
    (
        "Immigrants are vermin and should be sent home, a man told the meeting of 60 residents.",
        "A man told the meeting of 60 residents that immigrants should be sent home.",
        False,
    ),
    (
        "The pathetic second half cost Tarnholt three points, and manager Lou Verity blamed the "
        "rain.",
        "The second half cost Tarnholt three points, and manager Lou Verity blamed the rain.",
        True,
    ),
    (
        "Boomers ruined the housing market. My rent in Elmgate went from 700 to 940 in two years.",
        "Older owners benefited from the housing market. My rent in Elmgate went from 700 to 940 "
        "in two years.",
        False,
    ),
    (
        "The developer is a crook, the petition says, and 412 people from Harrow Court signed it.",
        "The developer acted dishonestly, the petition says, and 412 people from Harrow Court "
        "signed it.",
        False,
    ),
    (
        "So-called experts from the institute warned on 2 March that the dam may not hold.",
        "Experts from the institute warned on 2 March that the dam may not hold.",
        True,
    ),
    (
        "Every faggot in town was at the Lantern on Saturday, said the barman, who sold 300 beers.",
        "Gay people from all over town were at the Lantern on Saturday, said the barman, who sold "
        "300 beers.",
        False,
    ),
    (
        "lazy scroungers in block 9 got a new playground and we still have no lights on the stairs",
        "people in block 9 got a new playground and we still have no lights on the stairs",
        False,
    ),
    (
        "the delivery moron left my parcel in the rain, 2 books ruined, no card, no apology",
        "the delivery driver left my parcel in the rain, 2 books ruined, no card, no apology",
        False,
    ),
    (
        "Old geezers at the club voted down the juniors' 6 o'clock slot by 22 to 9.",
        "Older members at the club voted down the juniors' 6 o'clock slot by 22 to 9.",
        False,
    ),
    (
        "Savages from Dunmere threw flares at the away bus, and the driver needed 5 stitches.",
        "Supporters from Dunmere threw flares at the away bus, and the driver needed 5 stitches.",
        False,
    ),
    (
        "Junkies sleep in the doorway of number 14; the council has cleared it twice since May.",
        "People who use drugs sleep in the doorway of number 14; the council has cleared it twice "
        "since May.",
        False,
    ),
    (
        "Sir, the bloody dogs on Harbour Beach chased my grandson on 4 August. He was not hurt.",
        "Sir, the dogs on Harbour Beach chased my grandson on 4 August. He was not hurt.",
        True,
    ),
    (
        "Wanted: a strong man for the yard, no snowflakes, 38 hours, £13.10 an hour, start 1 July.",
        "Wanted: a strong person for the yard, 38 hours, £13.10 an hour, start 1 July.",
        True,
    ),
]
CONTROLS = [
    "The council meets on 3 June at seven in the town hall.",
    "Muslim and Christian families in Ashbeck shared a meal on Friday, organisers said.",
    "She bought three tickets and sold one.",
]

System = Callable[[str, list[tuple[int, int]]], str]


def _replaced(text: str, spans: list[tuple[int, int]], by: Callable[[str], str]) -> str:
    for start, end in reversed(spans):
        text = text[:start] + by(text[start:end]) + text[end:]
    return text


def _tidy(text: str) -> str:
    """Like a system that repairs the spaces, commas and capitals around what it took out."""
    text = re.sub(r"\s+([,.;:!?])", r"\1", re.sub(r"\s+", " ", text)).strip(" ,;")
    return text[:1].upper() + text[1:]


def _shuffled(text: str) -> str:
    words = text.split()
    random.Random(7).shuffle(words)
    return " ".join(words)


def _half(text: str) -> str:
    words = text.split()
    return " ".join(words[: len(words) // 2])


SYSTEMS: dict[str, System] = {
    **SHIPPED,
    "copy in capitals": lambda text, spans: text.upper(),
    "redacted words": lambda text, spans: _replaced(text, spans, lambda s: "[REDACTED]"),
    "starred words": lambda text, spans: _replaced(text, spans, lambda s: s[0] + "***"),
    "bland": lambda text, spans: "There are different views about this matter.",
    "shuffled": lambda text, spans: _shuffled(text),
    "deleted, untidied": lambda text, spans: _replaced(text, spans, lambda s: ""),
    "deleted, shuffled": lambda text, spans: _shuffled(_replaced(text, spans, lambda s: "")),
    "first half": lambda text, spans: _half(text),
    "deleted, first half": lambda text, spans: (
        _half(_tidy(_replaced(text, spans, lambda s: ""))) + "."
    ),
}


@pytest.fixture(scope="module")
def rows(label_texts) -> pa.Table:
    texts = [text for text, *_ in BIASED] + CONTROLS
    return label_texts(texts, [False] * len(BIASED) + [True] * len(CONTROLS))


@pytest.fixture(scope="module")
def accepted(rows, rewrite_rows) -> Callable[..., set[int]]:
    """Places of the rows whose rewrites by a system are accepted."""

    def of(system: System, config: ValidateConfig | None = None) -> set[int]:
        texts = rows["text"].to_pylist()
        spans = [
            [(s["start"], s["end"]) for s in found if s["use"] == "used"]
            for found in rows["biased_spans"].to_pylist()
        ]
        table = rewrite_rows(rows, [system(t, s) for t, s in zip(texts, spans, strict=True)])
        signals = measure(table, RedactConfig())
        kept = decide(table, signals, config or ValidateConfig()).kept.to_pylist()
        return {int(row["id"][1:]) for row in kept if row["verdict"] == "accept"}

    return of


def test_the_lexicon_knows_most_of_the_bias(rows):
    found = [bool(spans) for spans in rows["biased_spans"].to_pylist()[: len(BIASED)]]
    assert sum(found) >= 0.9 * len(BIASED)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_trivial_system_gets_no_biased_row_accepted(accepted, name):
    assert {i for i in accepted(SYSTEMS[name]) if i < len(BIASED)} == set()


def test_who_accepts_deletions_gets_them_only_where_the_text_stands_without_the_words(accepted):
    honest = {i for i, (*_, stands) in enumerate(BIASED) if stands}
    lenient = ValidateConfig(accept_deletions=True)
    got = {i for i in accepted(SYSTEMS["delete the lexicon"], lenient) if i < len(BIASED)}
    assert got
    assert got <= honest


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_control_is_accepted_only_from_systems_that_leave_it_alone(accepted, name):
    untouched = {
        i for i, text in enumerate(CONTROLS, len(BIASED)) if SYSTEMS[name](text, []) == text
    }
    assert {i for i in accepted(SYSTEMS[name]) if i >= len(BIASED)} == untouched


def test_careful_rewrites_are_accepted(rows, rewrite_rows):
    table = rewrite_rows(rows, [rewrite for _, rewrite, _ in BIASED] + CONTROLS)
    signals = measure(table, RedactConfig())
    out = decide(table, signals, ValidateConfig(accept_deletions=True))
    verdicts = Counter(out.kept["verdict"].to_pylist())
    assert verdicts["accept"] >= 0.85 * table.num_rows
    assert out.dropped.num_rows <= 0.05 * table.num_rows


@pytest.mark.slow
def test_the_rewrites_of_the_sample_are_mostly_accepted(label_texts, rewrite_rows):
    files = sorted((ROOT / "data" / "sample" / "rewrites").glob("*.jsonl"))
    pairs = [json.loads(line) for f in files for line in f.read_text("utf-8").splitlines()]
    texts = label_texts([p["text"] for p in pairs], [False] * len(pairs))
    table = rewrite_rows(texts, [p["rewrite"] for p in pairs])
    seen = pa.array([bool(spans) for spans in table["biased_spans"].to_pylist()])
    table = table.filter(seen)
    signals = measure(table, RedactConfig())
    out = decide(table, signals, ValidateConfig(accept_deletions=True))
    assert out.facts["verdict=accept"] >= 0.65 * table.num_rows
    assert out.facts["verdict=reject"] < 0.08 * table.num_rows
