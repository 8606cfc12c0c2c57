"""Realistic stand-ins for redacted values, for training: nobody's, and of the same kind.

What is drawn depends on the row's id and the placeholder alone. Of the value itself only its form
is looked at, and of a name its likely gender and origin, so that the swap adds no bias. Numbers are
from ranges that are kept for fiction, documentation and tests.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from srllm_data.personal_data.figures import fold
from srllm_data.personal_data.known_names import Origin, origins
from srllm_data.personal_data.words import is_clear_name

T = TypeVar("T")

_NEUTRAL = "Alex Ariel Charlie Jamie Jordan Kai Morgan Nico Noor Robin Sam Sasha Taylor Wen".split()
#: Origins whose surnames are in the English lists too.
_ELSEWHERE = "arabic chinese hispanic korean portuguese slavic south_asian vietnamese".split()
_MIXED = ("english", "french", "german", "irish", "nordic")
_SURNAME_FIRST = ("chinese", "hungarian", "korean", "vietnamese")
#: Endings of surnames that fit one gender only.
_GENDERED = re.compile(r"(?:ov[áa]|ev[áa]|á|sk[ay]a?|ck[ay]|aya|ienė|aitė|ytė|ova|ovna)$")
_WORDS = "amber brisk calm dapper early fuzzy gentle hazel ivory jolly mellow quiet rusty".split()
_BEASTS = "badger beaver curlew ferret heron ibis lapwing marten otter puffin tapir weasel".split()
_STREETS = "Ashgrove Brindlecombe Cawthwaite Dunmarrow Elderwick Fennimore Larkhollow".split()
_TOWNS = "Ashmarrow Brindleford Cawdale Dunwick Elderhurst Fenmarrow Larkminster".split()
_BODIES = "Ashmarrow Brindle Cawdale Dunwick Elderhurst Fenmarrow Larkminster".split()
#: Numbers that the card schemes publish for tests.
_CARDS = {
    "3": "378282246310005 371449635398431 30569309025904 38520000023237",
    "4": "4111111111111111 4242424242424242 4012888888881881 4000056655665556",
    "5": "5555555555554444 5105105105105100 5200828282828210",
    "6": "6011111111111117 6011000990139424",
    "2": "2223003122003222 2223000048400011",
}
#: IBANs that SWIFT's registry prints as examples.
_IBANS = (
    "DE89370400440532013000 GB29NWBK60161331926819 FR1420041010050500013M02606 "
    "ES9121000418450200051332 IT60X0542811101000000123456 NL91ABNA0417164300 "
    "IE29AIBK93115212345678 BE68539007547034 SE4550000000058398257466 CH9300762011623852957 "
    "PL61109010140000071219812874 AT611904300234573201 DK5000400440116243 NO9386011117947"
).split()
_AREA_CODES = "202 212 303 312 404 415 503 512 617 702".split()


@dataclass(frozen=True)
class _Draw:
    """Choices that depend on a row, a placeholder and a purpose only."""

    row: str
    placeholder: str
    attempt: int = 0

    def pick(self, options: Sequence[T], purpose: str = "") -> T:
        seed = "\0".join((self.row, self.placeholder, str(self.attempt), purpose))
        number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])
        return options[number % len(options)]

    def number(self, first: int, last: int, purpose: str = "number") -> int:
        return self.pick(range(first, last + 1), purpose)


def surrogates(row: str, mentions: Sequence[tuple[str, str, str]]) -> list[str]:
    """A stand-in for each of ``mentions`` (placeholder, type, surface) of the text of ``row``.

    Mentions with one placeholder stand for one person or value: a given name or a surname alone
    gets that part of the person's stand-in.
    """
    surfaces: dict[str, list[str]] = {}
    for placeholder, _, surface in mentions:
        surfaces.setdefault(placeholder, []).append(surface)
    people: dict[str, _Person] = {}
    found = []
    for placeholder, type_, surface in mentions:
        draw = _Draw(row, placeholder)
        if type_ == "PERSON":
            if placeholder not in people:
                people[placeholder] = _person(draw, surfaces[placeholder], people)
            found.append(people[placeholder].named(surface))
        else:
            found.append(_MAKERS.get(type_, _anything)(draw, surface or "", type_))
    return found


def surrogate(row: str, placeholder: str, type_: str) -> str:
    """A stand-in for a placeholder of which nothing else is known."""
    (found,) = surrogates(row, [(placeholder, type_, "")])
    return found


@dataclass(frozen=True)
class _Person:
    """A stand-in for a person: a name for each word of the fullest mention."""

    roles: dict[str, str]
    given: str
    surname: str

    def named(self, surface: str) -> str:
        """The stand-in in the words, and with the capitals, of ``surface``."""
        words = re.findall(r"\S+", surface) or ["x"]
        parts = []
        for place, word in enumerate(words):
            last = place == len(words) - 1 and len(words) > 1
            part = self.roles.get(fold(word)) or (self.surname if last else self.given)
            if surface and word.islower():
                part = part.lower()
            elif word.isupper() and len(word) > 2:
                part = part.upper()
            parts.append(part)
        return " ".join(parts)


def _person(draw: _Draw, surfaces: list[str], others: dict[str, _Person]) -> _Person:
    fullest = max(surfaces, key=lambda s: (len(s.split()), len(s)))
    spelt = fullest.split() or ["x"]
    words = [fold(word) for word in spelt]
    # Chinese, Korean, Vietnamese and Hungarian names begin with the surname.
    origin, surname_first = _origin(draw, spelt)
    known = origins()[origin]
    female, male = _genders(words[-1] if surname_first else words[0], origin)
    if female != male:
        given_names = known.female if female else known.male
    else:
        given_names = tuple(sorted({*known.female} & {*known.male}))
    if len(given_names) < 5:
        given_names = tuple(_NEUTRAL)
    surnames = [n for n in known.surnames if not _GENDERED.search(n)]
    taken = {fold(n) for p in others.values() for n in (p.given, p.surname)} | set(words)
    given = _first_free(draw, given_names, "given", taken)
    surname = _first_free(draw, surnames, "surname", taken)
    roles: dict[str, str] = {}
    for place, word in enumerate(words):
        last = place == len(words) - 1
        if len(word) == 1:
            roles[word] = f"{draw.pick('ABCDEFGHJKLMNPRSTW', f'initial {place}')}."
        elif len(words) == 1:
            roles[word] = surname if _is_surname(word) else given
        elif last or place == 0:
            roles[word] = given if last == surname_first else surname
        else:
            roles[word] = _first_free(draw, given_names, f"middle {place}", taken | {fold(given)})
    return _Person(roles, given, surname)


def _first_free(draw: _Draw, pool: Sequence[str], purpose: str, taken: set[str]) -> str:
    """A name of ``pool`` that nobody of the text has and that is no other word, if there is one."""
    tries = [draw.pick(pool, f"{purpose} {attempt}") for attempt in range(20)]
    free = (name for name in tries if fold(name) not in taken and is_clear_name(name))
    return next(free, tries[0])


def _origin(draw: _Draw, spelt: list[str]) -> tuple[str, bool]:
    """The origin that has most of the words, and whether its surname stands first.

    A surname counts twice, its exact spelling once more. English comes before other origins that
    have as much; if none has a word, any is drawn.
    """
    words = [fold(word) for word in spelt]
    points: dict[str, tuple[int, bool]] = {}
    for name, of in origins().items():
        surnames, given = _folded(of.surnames), _folded((*of.female, *of.male))
        common = name in _MIXED and any(
            words[-1] in _folded(origins()[other].surnames) for other in _ELSEWHERE
        )
        variants = {words[-1], re.sub(r"([sc]k)a$", r"\1i", words[-1])}
        western = 2 * (not surnames.isdisjoint(variants) and not common) + (words[0] in given)
        western += spelt[-1] in of.surnames and spelt[-1] != words[-1].capitalize()
        eastern = 0
        if name in _SURNAME_FIRST and len(words) > 1 and words[-1] not in surnames:
            eastern = 2 * (words[0] in surnames) + (words[-1] in given)
        points[name] = max(western, eastern), eastern > western
    most = max(n for n, _ in points.values())
    best = [name for name, (n, _) in points.items() if n == most]
    # Of several, the one with the shortest lists: long ones hold names from elsewhere.
    found = (
        min(best, key=lambda n: (n != "english", len(origins()[n].surnames), n))
        if most
        else draw.pick(best, "origin")
    )
    return found, points[found][1]


def _genders(given: str, origin: str) -> tuple[bool, bool]:
    """Whether the name is a woman's and a man's: in its origin, else in any."""
    for known in ([origins()[origin]], origins().values()):
        female, male = (
            any(given in _folded(getattr(of, gender)) for of in known)
            for gender in ("female", "male")
        )
        if female or male:
            return female, male
    return False, False


@lru_cache(maxsize=256)
def _folded(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold, names))


def _is_surname(word: str) -> bool:
    surname = any(word in _folded(o.surnames) for o in origins().values())
    given = any(word in _folded(n) for o in origins().values() for n in (o.female, o.male))
    return surname and not given


def _email(draw: _Draw, surface: str, _: str) -> str:
    english: Origin = origins()["english"]
    given = draw.pick((*english.female, *english.male), "given")
    box = f"{given}.{draw.pick(english.surnames, 'sur')}{draw.number(10, 99)}".lower()
    domain = f"example.{draw.pick(('com', 'net', 'org'), 'domain')}"
    if surface and "@" not in surface:
        return f"{box} at {domain}".replace(".", " dot ")
    return f"{box}@{domain}"


def _phone(draw: _Draw, surface: str, _: str) -> str:
    digits = re.sub(r"\D", "", surface)
    if surface.startswith("+44") or digits.startswith("0"):
        national = (
            f"7700 900{draw.number(0, 999):03}"
            if digits.removeprefix("44").removeprefix("0").startswith("7")
            else f"1632 960{draw.number(0, 999):03}"
        )
        return f"+44 {national}" if surface.startswith("+44") else f"0{national}"
    if surface.startswith("+61"):
        return f"+61 491 570 {draw.pick(('006', '156', '157', '158', '159', '110'))}"
    line = f"555-{draw.number(100, 199):04}"
    if 0 < len(digits) <= 7:
        return line
    area = draw.pick(_AREA_CODES, "area")
    if surface.startswith("("):
        return f"({area}) {line}"
    return f"+1 {area}-{line}" if surface.startswith(("+", "00")) else f"{area}-{line}"


def _card(draw: _Draw, surface: str, _: str) -> str:
    known = _CARDS.get(surface[:1], _CARDS["4"]).split()
    return _spaced(surface, draw.pick([n for n in known if _fits(surface, n)] or known))


def _iban(draw: _Draw, surface: str, _: str) -> str:
    same = [n for n in _IBANS if n[:2] == surface[:2].upper()]
    number = draw.pick(same or _IBANS)
    if " " in surface:
        number = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    return number.lower() if surface.islower() else number


def _fits(surface: str, number: str) -> bool:
    return len(re.sub(r"\D", "", surface)) == len(number)


def _spaced(surface: str, number: str) -> str:
    """``number`` with the separators of ``surface`` where both have as many digits."""
    if not _fits(surface, number):
        return number
    digits = iter(number)
    return re.sub(r"\d", lambda _: next(digits), surface)


def _address(draw: _Draw, surface: str, _: str) -> str:
    if surface.count(":") > 1:
        return f"2001:db8::{draw.number(0x1000, 0xFFFF):x}"
    return f"{draw.pick(('192.0.2', '198.51.100', '203.0.113'), 'net')}.{draw.number(1, 254)}"


def _ssn(draw: _Draw, surface: str, _: str) -> str:
    """Of the ten that the Social Security Administration keeps for advertisements."""
    return _spaced(surface, f"98765432{draw.number(0, 9)}") if surface else "987-65-4320"


def _street(draw: _Draw, surface: str, _: str) -> str:
    if re.search(r"\bBox\b", surface):
        return f"PO Box {draw.number(10_000, 99_999)}"
    kinds = ("Street", "Road", "Avenue", "Lane", "Drive", "Court", "Place", "Close", "Terrace")
    kind = next((k for k in kinds if k.lower() in surface.lower()), draw.pick(kinds, "kind"))
    address = f"{draw.number(1, 99)} {draw.pick(_STREETS, 'street')} {kind}"
    if "," in surface:
        address += f", {draw.pick(_TOWNS, 'town')}"
    return address.lower() if surface.islower() else address


def _username(draw: _Draw, surface: str, _: str) -> str:
    """Longer than the networks allow, so that nobody has it."""
    words = draw.pick(_WORDS, "word"), draw.pick(_BEASTS, "beast")
    name = f"example_{'_'.join(words)}_{draw.number(0, 99_999):05}"
    if "@" in surface[1:]:
        return f"@{name}@social.example"
    return f"u/{name}" if re.match(r"/?u/", surface) else f"@{name}"


def _location(draw: _Draw, surface: str, _: str) -> str:
    return draw.pick(_TOWNS)


def _organization(draw: _Draw, surface: str, _: str) -> str:
    return f"{draw.pick(_BODIES)} {draw.pick(('Group', 'Institute', 'Trust', 'Works'), 'kind')}"


def _anything(draw: _Draw, surface: str, type_: str) -> str:
    return f"the {type_.replace('_', ' ').lower()}"


_MAKERS: dict[str, Callable[[_Draw, str, str], str]] = {
    "EMAIL_ADDRESS": _email,
    "PHONE_NUMBER": _phone,
    "CREDIT_CARD": _card,
    "IBAN_CODE": _iban,
    "IP_ADDRESS": _address,
    "US_SSN": _ssn,
    "STREET_ADDRESS": _street,
    "USERNAME": _username,
    "LOCATION": _location,
    "ORGANIZATION": _organization,
}
