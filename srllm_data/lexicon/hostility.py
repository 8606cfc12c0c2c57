"""Hatred of a group and calls for violence against it, by the parse."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Token

_HATRED = frozenset("hate loathe detest despise abhor".split())
_DISTASTE = frozenset("disgust sicken repulse revolt".split())
_FEELING = frozenset("hatred disdain contempt disgust loathing revulsion compassion".split())
_VIOLENCE = frozenset(
    "kill shoot hang murder stab gas lynch exterminate eradicate execute torture rape burn bomb "
    "behead slaughter massacre castrate sterilise sterilize beat whip flog smash hurt attack "
    "eliminate annihilate deport jail imprison intern drown strangle poison nuke".split()
)
_CALLS = frozenset("should must ought shall will 'll gonna wo need want deserve let".split())
_AUTHOR = frozenset("i we".split())


def hostile_to(subject: "Token") -> "Iterator[tuple[Token, Token, float]]":
    """First and last word and severity of a hostility whose object is ``subject``, if any."""
    verb = _governor(subject)
    if verb is None:
        return
    who = {c.lower_ for c in verb.children if c.dep_ == "nsubj"}
    negated = any(c.dep_ == "neg" for c in verb.children)
    if verb.lemma_ in _HATRED and who & {*_AUTHOR, "everyone", "everybody"} and not negated:
        yield verb, subject, 0.75
    elif _disliked(verb, who, negated):
        yield verb, subject, 0.7
    elif verb.lemma_ in _VIOLENCE and not negated and _called_for(verb):
        yield min(verb, subject, key=_place), max(verb, subject, key=_place), 0.9


def _disliked(verb: "Token", who: set[str], negated: bool) -> bool:
    """ "I can't stand them", "I am disgusted by them", "I feel contempt for them"."""
    if verb.lemma_ == "stand":
        return negated and bool(who & _AUTHOR)
    if verb.lemma_ in _DISTASTE:
        passive = {c.lower_ for c in verb.children if c.dep_ == "nsubjpass"}
        return not negated and bool((who | passive) & _AUTHOR)
    if verb.lemma_ in _FEELING and verb.pos_ == "NOUN":
        return any(c.lower_ in _AUTHOR for c in verb.head.children if c.dep_ == "nsubj")
    return False


def _governor(subject: "Token") -> "Token | None":
    """The verb or noun that is done to ``subject``, or to a part of its members' bodies."""
    if subject.dep_ in ("dobj", "nsubjpass"):
        return subject.head
    if subject.dep_ == "pobj" and subject.head.lower_ in ("of", "for", "by", "with"):
        outer = subject.head.head
        return outer.head if outer.dep_ == "dobj" and outer.lemma_ not in _FEELING else outer
    if subject.dep_ == "poss" and subject.head.dep_ == "dobj":
        return subject.head.head
    return None


def _called_for(verb: "Token") -> bool:
    if verb.tag_ == "VBD" and not any(c.lower_ == "if" for c in verb.head.children):
        return False
    words = {c.lower_ for c in verb.children} | {c.lemma_ for c in verb.children}
    above = {verb.head.lemma_, verb.head.lower_} if verb.dep_ in ("xcomp", "ccomp") else set()
    author = any(c.lower_ in _AUTHOR for c in verb.children if c.dep_ == "nsubj")
    if (words | above) & (_CALLS - {"will", "'ll", "want", "need"}):
        return True
    if author and words & {"will", "'ll"}:
        return True
    planning = verb.dep_ == "xcomp" and verb.head.lemma_ in ("go", "want", "have", "need")
    if planning and any(c.lower_ in _AUTHOR for c in verb.head.children):
        return True
    return verb.dep_ == "ROOT" and verb.tag_ == "VB" and verb.i == verb.sent.start


def _place(token: "Token") -> int:
    return int(token.i)
