"""Which facts of the text the rewrite loses or adds: names, amounts, times, quotations."""

import re
from itertools import combinations
from typing import TYPE_CHECKING

from srllm_data.lexicon.groups import mentioned
from srllm_data.validate.amounts import PLACEHOLDER, dates, is_date, numbers
from srllm_data.validate.pair import Pair, Ranges, inside

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_NAMED = frozenset("PERSON ORG GPE LOC FAC EVENT WORK_OF_ART PRODUCT LAW".split())
#: Capitals of no name: offices that a rewrite may spell out, and what people exclaim.
_NO_NAMES = frozenset(
    "ceo cfo cto mp mps pm md vp hr it phd tv id ok omg lol wtf god lord jesus christ".split()
)
_QUOTATION = re.compile(r"[“\"]([^“”\"]+)[”\"]|(?<!\w)[‘']([^‘’']{12,})[’'](?!\w)")
#: Shorter quotations are often scare quotes, which a rewrite may well drop.
_QUOTED_WORDS = 3
_WORD = re.compile(r"\w+")
#: How much of a whole a word says; two of different ranks do not mean the same.
_SHARES = {
    word: rank
    for rank, words in enumerate(
        ("none neither", "few hardly", "some several", "half", "most majority", "all both every")
    )
    for word in words.split()
} | {"one": 1}


def facts(pair: Pair) -> dict[str, float]:
    """Counts of the facts outside biased spans that the rewrite loses, adds or swaps.

    names, numbers, dates, quotations and placeholders lost and added; amounts_changed: numbers
    that changed places, and shares of a whole that became others ("half", "most").
    """
    text, rewrite = pair.text, pair.rewrite
    said = _quotations(pair.before, least=1)
    lost = dates(pair.told, pair.before) - dates(pair.new, pair.after, loosely=True)
    added = dates(pair.new, pair.after) - dates(pair.old, pair.before, loosely=True)
    return {
        "names_lost": len({t.lower_ for t in _names(text, pair.biased, True) if _lost(t, pair)}),
        "names_added": len({t.lower_ for t in _names(rewrite, [], False) if t not in pair.source}),
        "numbers_lost": len(numbers(pair.before, pair.biased) - pair.kept.numbers),
        "numbers_added": len(numbers(pair.after) - pair.source.numbers),
        "amounts_changed": len(_exchanged(pair, numbers_only=True)) + _shares_changed(pair),
        "dates_lost": len(lost),
        "dates_added": len(added),
        "quotations_lost": _unsaid(_quotations(pair.before, pair.biased), pair.after),
        "quotations_added": sum(
            not any(f" {q} " in f" {known} " for known in said)
            for q in _quotations(pair.after, least=1)
        ),
        "placeholders_lost": len(_placeholders(pair.before) - _placeholders(pair.after)),
        "placeholders_added": len(_placeholders(pair.after) - _placeholders(pair.before)),
    }


def exchanged(pair: Pair) -> int:
    """Pairs of words other than numbers that have changed places ("from A to B", "from B to A")."""
    return len(_exchanged(pair, numbers_only=False))


def _names(doc: "Doc", skip: Ranges, openers: bool) -> "list[Token]":
    """Words of proper names outside ``skip``; words for the members of a group are none.

    openers: also names that open a sentence, where any word has a capital.
    """
    members = {i for m in mentioned(doc) for i in range(m.first, m.last + 1)}
    return [
        t
        for t in doc
        if t.text[:1].isupper()
        and len(t) > 1
        and not t.is_stop
        and t.lower_ not in _NO_NAMES
        and not is_date(t)
        and t.i not in members
        and (t.ent_type_ in _NAMED or (t.pos_ == "PROPN" and not t.ent_type_))
        and not (_opens(t) and not (openers and t.ent_type_ and not _continues(t)))
        and not inside(t.idx, skip)
    ]


def _opens(token: "Token") -> bool:
    return token.i == 0 or token.is_sent_start or token.nbor(-1).tag_ in (".", "``", ":")


def _continues(token: "Token") -> bool:
    return token.i + 1 < len(token.doc) and token.nbor().ent_iob_ == "I"


def _lost(name: "Token", pair: Pair) -> bool:
    """Whether the rewrite lacks ``name``, or has one of as many letters that only resembles it."""
    if name not in pair.kept:
        return True
    if name.lower_ in pair.kept.words or name.lemma_.lower() in pair.kept.words:
        return False
    alike = [t for t in pair.new if t.lower_[:5] == name.lower_[:5]]
    return all(len(t) == len(name) and t.lower_[-1] + name.lower_[-1] not in "aoa" for t in alike)


def _exchanged(pair: Pair, numbers_only: bool) -> list[tuple[str, str]]:
    """Words, each once in both texts, of which one stands where the other stood."""
    moved = {i for a, b, *_ in pair.edits for i in range(a, b)} - pair.marked
    words = [
        t
        for t in pair.facts
        if (t.like_num if numbers_only else t.pos_ in ("NOUN", "PROPN"))
        and pair.source.once(t)
        and pair.kept.once(t)
    ]
    if moved.isdisjoint(t.i for t in words):
        return []
    there = {t.lower_: t for t in pair.new}
    found = []
    for one, other in combinations(words, 2):
        now, then = there[one.lower_], there[other.lower_]
        touched = (one.i in moved) + (other.i in moved)
        changed = now.i > then.i and touched > (0 if numbers_only else 1)
        if changed and _stands_as(one, then) and _stands_as(other, now):
            found.append((one.lower_, other.lower_))
    return found


def _stands_as(one: "Token", other: "Token") -> bool:
    """Whether ``one`` and ``other``, of two texts, have the same word before or after them."""
    for step in (-1, 1):
        a, b = _beside(one, step), _beside(other, step)
        if a and a == b and a not in ("and", "or", ",", ".", ";"):
            return True
    return False


def _beside(token: "Token", step: int) -> str:
    at = token.i + step
    while 0 <= at < len(token.doc):
        word = token.doc[at]
        if not (word.is_currency or word.pos_ == "DET" or word.text in ("£", "€", "#", "kg")):
            return str(word.lemma_.lower())
        at += step
    return ""


def _shares_changed(pair: Pair) -> int:
    """Edits outside biased spans that put another share in the place of one."""
    found = 0
    for a, b, c, d in pair.edits:
        if pair.plain((a, b, c, d)) and b - a <= 3 and d - c <= 3:
            before = {_SHARES[t.lower_] for t in pair.old[a:b] if t.lower_ in _SHARES}
            after = {_SHARES[t.lower_] for t in pair.new[c:d] if t.lower_ in _SHARES}
            found += bool(before and after and before.isdisjoint(after))
    return found


def _quotations(text: str, skip: Ranges | None = None, least: int = _QUOTED_WORDS) -> list[str]:
    """Quoted words of ``text`` outside ``skip``, ``least`` words or more, or a title of fewer."""
    found = []
    for m in _QUOTATION.finditer(text):
        words = _WORD.findall(m[1] or m[2])
        title = len(words) > 1 and all(w[:1].isupper() for w in words)
        if (len(words) >= least or title) and not any(
            start < m.end() and m.start() < end for start, end in skip or []
        ):
            found.append(" ".join(words).casefold())
    return found


def _unsaid(quotations: list[str], text: str) -> int:
    """How many of ``quotations`` are not in ``text`` word for word."""
    said = f" {' '.join(_WORD.findall(text.casefold()))} "
    return sum(f" {quotation} " not in said for quotation in quotations)


def _placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))
