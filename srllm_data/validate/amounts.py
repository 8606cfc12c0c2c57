"""Numbers in a text, and times of the day and of the year, written alike."""

import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Token

PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*_\d+>")

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
#: "First" and "second" are words of order and of time as often as numbers.
_ORDINALS = "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_VALUES = (
    {w: n for n, w in enumerate(_UNITS)}
    | {w: 10 * n for n, w in enumerate(_TENS, 2)}
    | {w: n for n, w in enumerate(_ORDINALS, 3)}
    | {"first": 1, "second": 2, "twice": 2, "thrice": 3, "dozen": 12}
)
#: Words that name a number, or another thing.
_LOOSE = frozenset("one first second dozen".split())
_SCALES = {"hundred": 2, "thousand": 3, "k": 3, "million": 6, "m": 6, "billion": 9, "bn": 9}
_NUMBER = re.compile(
    rf"(?P<code>\b[a-z]+\d\w*)|(?<![A-Za-z_\d.])(?:(?P<digits>\d+(?:,\d{{3}})*(?:\.\d+)*)"
    rf"|(?P<tens>{'|'.join(_TENS)})(?:[- ](?P<ones>{'|'.join(_UNITS[1:10])}))?\b"
    rf"|(?P<units>{'|'.join(sorted(_VALUES.keys() - set(_TENS), key=len, reverse=True))})\b)"
    rf"(?:[ -]?(?P<scale>{'|'.join(_SCALES)})\b)?",
    re.IGNORECASE,
)
#: "The second floor", but not "a second later".
_ORDERED = re.compile(r"\b(?:the|his|her|its|their|our|my|came|finished|placed|in|every) $", re.I)
#: Days and months in digits, where one of the two can only be the day.
_NUMERIC = re.compile(r"(?<![\d/.,])(\d\d?)([/.])(\d\d?)(?:\2(?:\d{4}|\d\d))?(?![\d/])")

_MONTHS = (
    "january february march april may june july august september october november december"
).split()
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_SHORT = (
    {m[:3]: m for m in _MONTHS}
    | {d[:3]: d for d in _DAYS}
    | {"sept": "september", "tues": "tuesday", "thur": "thursday", "thurs": "thursday"}
)
#: Short forms that are words of their own.
_SHORT_WORDS = frozenset("mar may sat sun wed jan".split())
_RELATIVE = frozenset("today tomorrow yesterday tonight".split())
#: Parts of the day and seasons, and times of the clock that say the same.
_TIMES = {
    w: w
    for w in (
        "dawn morning midday afternoon evening dusk night midnight lunchtime overnight "
        "summer autumn winter"
    ).split()
} | {"noon": "midday", "nighttime": "night", "tonight": "night", "sunrise": "dawn"}
_ALIKE = {
    "a.m.": ("morning", "night"),
    "p.m.": ("afternoon", "evening", "night"),
    "morning": ("a.m.",),
    "afternoon": ("p.m.",),
    "evening": ("p.m.", "night"),
    "night": ("a.m.", "p.m.", "evening"),
    "tonight": ("today",),
}
_FEASTS = frozenset(
    "easter christmas xmas ramadan eid diwali hanukkah passover lent advent pentecost whitsun "
    "halloween thanksgiving epiphany juneteenth yule".split()
)
_FEAST = re.compile(
    r"\b(new year|boxing|mother|father|valentine|labou?r|independence|may|memorial|all saints|"
    r"good)(?:['’]?s)?['’]? (?:day|eve|friday|monday)\b",
    re.IGNORECASE,
)
_SPANS = {w: w for w in "second minute hour day week month quarter year decade century".split()} | {
    "fortnight": "week",
    "weekend": "weekend",
    "term": "term",
    "semester": "term",
}
_POINTING = frozenset("last next this past previous following coming every each".split())
_AGO = frozenset("later ago earlier late early before after".split())


def numbers(
    text: str, skip: list[tuple[int, int]] | None = None, loosely: bool = False
) -> set[str]:
    """Numbers in ``text`` outside ``skip``, written alike: "4.2m", "third", "twice" as decimals.

    Words with a number in them ("ps5") count as they are; placeholders do not.

    loosely: also those written in words that are no number as often, such as "one".
    """
    text = PLACEHOLDER.sub(lambda m: " " * len(m.group()), text)
    months = {m.start(part) for m in _NUMERIC.finditer(text) for part in _month_in(m)}
    found = set()
    for match in _NUMBER.finditer(text):
        if any(start <= match.start() < end for start, end in skip or []):
            continue
        word = match.group().lower()
        loose = text[: match.start()].lower().endswith("no ") and word in _ORDINALS
        loose |= word in _LOOSE and not (
            word == "second" and _ORDERED.search(text[: match.start()])
        )
        if loosely or not (loose or match.start() in months):
            found.add(_plain(match))
    return found


def _month_in(match: re.Match[str]) -> list[int]:
    """Which group of a date in digits is its month; none where that cannot be said."""
    one, other = int(match[1]), int(match[3])
    if 12 < one <= 31 and 1 <= other <= 12:
        return [3]
    return [1] if 12 < other <= 31 and 1 <= one <= 12 and match[2] == "/" else []


def _plain(match: re.Match[str]) -> str:
    if match["code"]:
        return match["code"].lower()
    digits = match["digits"]
    if digits and digits.count(".") > 1:
        return digits
    value = (
        Decimal(digits.replace(",", ""))
        if digits
        else Decimal(sum(_VALUES[w.lower()] for w in match.group("tens", "ones", "units") if w))
    )
    return f"{value.scaleb(_SCALES.get((match['scale'] or '').lower(), 0)).normalize():f}"


def is_date(token: "Token") -> bool:
    """Whether ``token`` names a day, a month, a feast or a time of the day or year."""
    return bool(_named(token)) or token.lower_ in _FEASTS


def dates(tokens: "list[Token]", text: str, loosely: bool = False) -> set[str]:
    """Days, months, feasts and other times that ``tokens`` of ``text`` name, written alike.

    loosely: also what is no time as often ("sun"), for looking up those of another text.
    """
    found = set()
    for token in tokens:
        word = token.lower_
        if name := _named(token, loosely):
            found.add(name)
        if word in _FEASTS:
            found.add({"xmas": "christmas"}.get(word, word))
        if (unit := _SPANS.get(token.lemma_.lower())) and (loosely or _is_pointed_at(token)):
            found.add(f"a {unit}")
    named = [m for pattern in (_FEAST, _NUMERIC) for m in pattern.finditer(text)]
    places = {t.idx for t in tokens} if named else set()
    for match in named:
        if match.start() not in places:
            continue
        if match.re is _FEAST:
            found.add(match[1].lower())
            continue
        found |= {_MONTHS[int(match[part]) - 1] for part in _month_in(match)}
        if loosely:
            parts = (int(match[1]), int(match[3]))
            found |= {_MONTHS[n - 1] for n in parts if 1 <= n <= 12}
    if loosely:
        found |= {same for name in found for same in _ALIKE.get(name, ())}
    return found


def _named(token: "Token", loosely: bool = False) -> str:
    word = token.lower_.rstrip(".")
    if word in ("am", "a.m", "pm", "p.m"):
        clock = token.i > 0 and token.nbor(-1).text[-1:].isdigit()
        return f"{word[0]}.m." if clock or loosely else ""
    if word in _RELATIVE or (word in _DAYS and word != "may"):
        return word
    if word in _TIMES or token.lemma_.lower() in _TIMES:
        return _TIMES.get(word) or _TIMES[token.lemma_.lower()]
    if word in ("march", "may"):
        return word if loosely or (token.text[:1].isupper() and _is_month(token)) else ""
    if word in _MONTHS:
        return word
    if word in ("spring", "fall"):
        pointed = token.i > 0 and token.nbor(-1).lower_ in (*_POINTING, "in", "the")
        name = "autumn" if word == "fall" else word
        return name if (pointed and token.pos_ == "NOUN") or loosely else ""
    if word in _SHORT and (loosely or (token.text[:1].isupper() and word not in _SHORT_WORDS)):
        return _SHORT[word] if loosely or len(word) > 2 else ""
    return ""


def _is_month(token: "Token") -> bool:
    around = [token.doc[i].lower_ for i in (token.i - 1, token.i + 1) if 0 <= i < len(token.doc)]
    if any(w[:1].isdigit() for w in around):
        return True
    before = token.nbor(-1).lower_ if token.i else ""
    return before in "in since until till by from to of last next this early late mid".split()


def _is_pointed_at(unit: "Token") -> bool:
    """Whether "week" and the like say when: "last week", "a week later", "two weeks"."""
    doc = unit.doc
    before = [doc[i] for i in range(max(0, unit.i - 2), unit.i)]
    after = [doc[i].lower_ for i in range(unit.i + 1, min(len(doc), unit.i + 3))]
    return any(t.lower_ in _POINTING or t.like_num or t.lower_ == "per" for t in before[-1:]) or (
        bool(before) and before[-1].lower_ in ("a", "an", "in") and not _AGO.isdisjoint(after)
    )
