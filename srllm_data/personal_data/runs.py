"""Runs of tokens that may be a name, and how sure that is."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from srllm_data.personal_data import cues
from srllm_data.personal_data.figures import fold
from srllm_data.personal_data.words import (
    is_certain_word,
    is_common_word,
    is_ruled_out,
    listed_names,
    not_names,
    places,
    surnames,
)

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*\.?")
INITIAL = re.compile(r"(?:[A-Z]\.?){1,3}")
_PARTICLES = {"al", "bin", "bint", "da", "das", "de", "del", "della", "den", "der", "di", "dos"}
_PARTICLES |= {"ab", "af", "ap", "av", "bar", "ben", "ferch", "zu"}
_PARTICLES |= {"'t", "’t", "du", "el", "ibn", "la", "le", "ten", "ter", "van", "von", "y"}
_SUFFIXES = {"II", "III", "IV", "Jr", "Jr.", "Sr", "Sr."}
#: "a Karen", "every Chad": a kind of person, nobody in particular.
_GENERIC = {"a", "an", "another", "any", "every", "no", "some", "such", "these", "those", "typical"}
#: Ruled out, but surnames behind a given name.
_SURNAMES = {"black", "bishop", "brown", "duke", "english", "french", "gray", "green", "grey"}
_SURNAMES |= {
    "ford",
    "holland",
    "honda",
    "ireland",
    "jain",
    "king",
    "welsh",
    "church",
    "norman",
    "law",
    "love",
    "pope",
    "savage",
    "suzuki",
    "kawasaki",
    "white",
    "wolf",
}


def runs(doc: "Doc", start: int, end: int) -> Iterator[list["Token"]]:
    """Maximal runs of name words in ``doc[start:end]``, particles and hyphens inside."""
    run: list[Token] = []
    for token in doc[start:end]:
        link = token.text in _PARTICLES or (token.text == "-" and not token.whitespace_)
        if is_name_word(token) or (run and (link or INITIAL.fullmatch(token.text))):
            run.append(token)
        elif INITIAL.fullmatch(token.text) and token.i + 1 < end:
            run = [token]
        else:
            yield from _trimmed(run)
            run = []
    yield from _trimmed(run)


def _trimmed(run: list["Token"]) -> Iterator[list["Token"]]:
    while run and not is_name_word(run[-1]):
        run = run[:-1]
    if run:
        yield run


def extended(doc: "Doc", run: list["Token"], labels: tuple[str, ...] = ()) -> list["Token"]:
    """The run with the names beside it that the model left out or, in ``labels``, mistook."""
    if run[0].i > 1 and doc[run[0].i - 1].text == "-" and not doc[run[0].i - 2].whitespace_:
        run = [*(t for t in doc[run[0].i - 2 : run[0].i] if is_name_word(doc[run[0].i - 2])), *run]
    elif run[0].i:
        before = doc[run[0].i - 1]
        if not before.ent_type_ and is_given(before) and is_name_word(before):
            run = [before, *run]
    while follower := _follower(doc, run[-1], labels):
        run = [*run, *follower]
    last = run[-1].i + 1
    if last < len(doc) and doc[last].text in _SUFFIXES:
        run = [*run, doc[last]]
    return run


def _follower(doc: "Doc", last: "Token", labels: tuple[str, ...]) -> list["Token"]:
    """The next name word after ``last``, with the particles or the hyphen before it; or nothing."""
    at = last.i + 1
    while at < len(doc) and (
        doc[at].text in _PARTICLES
        or INITIAL.fullmatch(doc[at].text)
        # "van 't Hof"
        or (doc[at].text in ("'", "’") and doc[at - 1].text in ("van", "in"))
        or (doc[at].text == "t" and doc[at - 1].text in ("'", "’"))
    ):
        at += 1
    if at == last.i + 1 and at < len(doc) and doc[at].text == "-" and not last.whitespace_:
        at += 1
    if at >= len(doc) or not (last.whitespace_ or at > last.i + 1):
        return []
    word = doc[at]
    if doc[at - 1].text == "-" and word.is_alpha and is_name_word(last):
        return list(doc[last.i + 1 : at + 1])
    same_entity = word.ent_iob_ == "I" and word.ent_type_ in labels
    surname = fold(word.text) in surnames() and fold(word.text) not in places()
    allowed = word.ent_type_ in ("", "PERSON", *labels) or (surname and word.ent_iob_ == "B")
    if not allowed or not is_name_word(word):
        return []
    if word.ent_type_ != "PERSON" and is_common(word) and not same_entity:
        known = is_capitalised(word) and surname and word.tag_ == "NNP"
        if not (known and any(map(is_certain, doc[max(0, last.i - 2) : last.i + 1]))):
            return []
    return list(doc[last.i + 1 : at + 1])


def certainty(run: list["Token"]) -> float:
    """How sure it is that ``run`` is a name, from 0 (it is not) to 1."""
    words = [t for t in run if is_name_word(t) and not INITIAL.fullmatch(t.text)]
    phrase = " ".join(t.lower_ for t in run)
    doc, start, end = run[0].doc, run[0].i, run[-1].i + 1
    phrases = {phrase, phrase.removesuffix("s")}
    phrases |= {doc[max(0, start - 1) : end].text.lower(), doc[start : end + 1].text.lower()}
    if not words or not phrases.isdisjoint(not_names()):
        return 0.0
    known = any(is_given(t) for t in words)
    if len(run) > 1:
        if INITIAL.fullmatch(run[0].text) and "." in run[0].text and is_capitalised(words[-1]):
            return 0.7
        if not known and all(is_common(t) or t.is_upper for t in words):
            return 0.0
        return 0.85
    return _single_score(words[0], known)


def _single_score(word: "Token", known: bool) -> float:
    if is_generic(word):
        return 0.0
    if is_common(word) or (word.is_upper and not known):
        return 0.5 if word.tag_ == "NNP" and is_capitalised(word) and known else 0.0
    if known:
        return 0.7
    return 0.5 if word.tag_ in ("NNP", "NNPS") and len(word.text) > 2 else 0.0


def is_generic(word: "Token") -> bool:
    return bool(word.i) and word.nbor(-1).lower_ in _GENERIC


def is_honorific(token: "Token") -> bool:
    return token.text[0].isupper() and token.lower_.rstrip(".") in cues.HONORIFICS


def offsets(run: list["Token"]) -> tuple[int, int]:
    start, last = run[0].idx, run[-1]
    text = re.sub(r"['’]s$", "", last.text) if len(last.text) > 3 else last.text
    return start, last.idx + len(text)


def is_name_word(token: "Token") -> bool:
    """True for a capitalised word that no list rules out."""
    text = token.text
    if not text[0].isupper() or not WORD.fullmatch(text):
        return False
    if token.i and token.nbor(-1).text[-1] in "#@_" and not token.nbor(-1).whitespace_:
        return False
    proper = token.tag_ in ("NNP", "NNPS")
    if token.lower_ in _SURNAMES and token.i and is_given(token.nbor(-1)):
        return proper and is_capitalised(token.nbor(-1))
    return not is_ruled_out(text.casefold()) and (proper or not is_common(token))


def is_capitalised(token: "Token") -> bool:
    """True for "Smith" and for "McGrath", not for "SMITH"."""
    return token.text[0].isupper() and not (token.is_upper and len(token.text) > 1)


def is_given(token: "Token") -> bool:
    folded = fold(token.text)
    return folded in listed_names() or is_certain_word(folded)


def is_common(token: "Token") -> bool:
    return is_common_word(token.lower_)


def is_certain(token: "Token") -> bool:
    """True for a given name that is no other word and no place."""
    return is_certain_word(fold(token.text))


def is_before_surname(token: "Token") -> bool:
    return token.i + 1 < len(token.doc) and fold(token.nbor().text) in surnames()
