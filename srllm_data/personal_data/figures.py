"""Public figures: names that are context in news and stay where the configuration says so."""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc

_FILE = Path(__file__).parent.parent / "lexicon" / "public_figures.txt"

_OFFICE = (
    r"(?:(?i:(?:vice[ -])?president|prime minister|first minister|chancellor|senator|governor|mayor"
    r"|congress(?:man|woman)|attorney general|secretary of state|supreme leader|chief justice"
    r"|first lady|sheriff|(?:majority|minority|opposition) leader|house speaker|ambassador"
    r"|(?:foreign|finance|home|interior|health|education|justice|defen[cs]e|treasury) "
    r"(?:minister|secretary))|Sens?\.?|Reps?\.?|Govs?\.?|Pres\.?|PM|MP|King|Queen|Prince|Princess"
    r"|Pope"
    r"|Emperor|Empress|Prophet|Apostle|Guru|Lord|Ayatollah|Justice|Judge|Minister|Secretary"
    r"|Speaker|Councill?or|Alderman"
    r"|Council(?:man|woman)|Commissioner|Representative|District Attorney)"
)
#: A part of every office above: nothing else needs a closer look.
_MAY_BE_OFFICE = re.compile(
    r"[Pp]re|[Mm]inist|[Cc]hance|[Ss]en|[Gg]ov|[Mm]ayor|[Cc]ong|[Aa]ttor|[Ss]ecre|[Ll]eade|[Jj]ust"
    r"|[Ll]ady|[Ss]peak|[Aa]mbas|Rep|P[MREO]|MP|King|Queen|Pr|Pope|Emp|Judge|[Ss]heri|Counc|Alder"
    r"|Commis|Distr|Apost|Guru|Lord|Ayat|[A-Z]{5}"
)
_PRIVATE = (
    r"(?:student|class|club|company|firm|bank|team|union|board|body|university|college|school"
    r"|association|society|league|chapter|fraternity|sorority|prom|drag|beauty|homecoming|drama)"
)
_BEFORE = re.compile(
    rf"(?<![\w-])(?<!\bassistant to the )(?P<office>{_OFFICE})(?:[- ]elect)?"
    r"(?:\s(?:of|to|for|in)\s(?:the\s)?(?P<place>[A-Z][\w.]*(?:\s[A-Z][\w.]*){0,3}))?,?\s+$"
)
_PRIVATE_BEFORE = re.compile(rf"\b{_PRIVATE}(?:'s|’s)?\s(?:vice[ -])?$", re.IGNORECASE)
_AFTER = re.compile(
    r"^(?:,? the (?:[Pp]rophet|[Aa]postle|[Ee]vangelist|[Bb]aptist|Great|Conqueror|Terrible)\b"
    r"|,? \(?[RDI](?:[-–][A-Z][\w.]*|\))|,? MPs?\b"
    r"|, (?:(?i:the|then|now|a|former|current|acting|newly|elected|longtime|deputy) )"
    r"{0,3}(?:[A-Z][\w.]+ ){0,2}(?i:(?:vice[ -])?president|mayor"
    r"|prime minister|governor|senator|chancellor|secretary of state|attorney general"
    r"|congress(?:man|woman)|member of (?:parliament|congress)"
    r"|(?:foreign|finance|home|health) (?:minister|secretary))\b"
    rf"(?! (?:of|at) (?:(?:the|a|an|our|his|her|their|my) )?(?:\w+ )?{_PRIVATE}))"
)


def is_listed(name: str) -> bool:
    """True if ``name`` alone stands for a person of the list."""
    folded = fold(name)
    return folded in _listed() or _without_initials(folded) in _listed()


def holds_office(doc: "Doc", start: int, end: int) -> bool:
    """True if a public office is named with the name at ``text_of(doc)[start:end]``."""
    after = _AFTER.match(text_of(doc)[end : end + 80])
    if after:
        return True
    head = max(0, start - 80)
    if not _MAY_BE_OFFICE.search(text_of(doc), head, start):
        return False
    before = _BEFORE.search(text_of(doc), head, start)
    if not before or _PRIVATE_BEFORE.search(text_of(doc)[head : before.start()]):
        return False
    if not before["place"]:
        return True
    place = doc.char_span(*before.span("place"), alignment_mode="expand")
    return any(t.ent_type_ in ("GPE", "LOC", "NORP") for t in place or ())


def text_of(doc: "Doc") -> str:
    """The text of ``doc``, which spaCy puts together anew each time."""
    text: str | None = doc.user_data.get("text")
    if text is None:
        text = doc.user_data["text"] = doc.text
    return text


@lru_cache(maxsize=50_000)
def fold(name: str) -> str:
    """``name`` without case, accents, full stops and hyphens, words set apart by one space."""
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c)
    )
    return " ".join(re.sub(r"[-\s]+", " ", plain.replace("’", "'").replace(".", "")).split())


def _without_initials(folded: str) -> str:
    words = folded.split(" ")
    return " ".join(w for n, w in enumerate(words) if len(w) > 1 or n in (0, len(words) - 1))


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(
        fold(name) for line in lines if line and line[0] != "#" for name in line.split(";")
    )
