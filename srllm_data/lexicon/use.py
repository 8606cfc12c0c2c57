"""How a finding is used: by the author, quoted or rejected by the author, or said of oneself."""

import re
from typing import TYPE_CHECKING

from srllm_data.lexicon.entry import Use

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_QUOTATION = re.compile(r"“[^”]*”|\"[^\"]*\"|‘[^’]*’(?!\w)|(?<!\w)'[^']*'(?!\w)")
_REPORTING = frozenset(
    "say tell call shout chant write describe label dub brand use yell scream tweet post remark "
    "paint read reply comment scrawl spray claim add argue insist mutter mock taunt trace wish "
    "apologise apologize condemn report word term slur insult phrase name epithet graffiti send "
    "message statement sentence joke slogan language expression".split()
)
_NAMING = frozenset("call label brand dub name describe".split())
_STATING = frozenset("say claim believe think write suggest argue threaten mean pretend".split())
_MENTION = frozenset("word term slur insult epithet phrase label name".split())
_FIRST = frozenset("i we".split())
_SELF = frozenset("me us myself ourselves himself herself themselves".split())
_PERSONAL = ("slur", "insult", "dehumanising", "condescension", "stereotype")
_REACH = 200


class Uses:
    """Judges every finding of one text."""

    def __init__(self, doc: "Doc") -> None:
        self._doc = doc
        self._quotations = [m.span() for m in _QUOTATION.finditer(doc.text)]

    def of(self, start: int, end: int, label: str) -> Use:
        """The use of the finding with ``label`` at characters ``start`` to ``end``."""
        tokens = self._doc.char_span(start, end, alignment_mode="expand")
        assert tokens is not None  # expanding, only an empty span has no tokens
        root = tokens.root
        if label in _PERSONAL and _of_oneself(root, label):
            return "reclaimed"
        named = _named_by_others(root) or _mentioned(self._doc, tokens.start)
        if self._attributed(start, end) or named or _denied(root) or _stated_by_others(root):
            return "quoted"
        return "used"

    def _attributed(self, start: int, end: int) -> bool:
        """Inside quotation marks, with a word of saying outside them and near by."""
        for left, right in self._quotations:
            if left < start and end < right:
                return any(
                    t.lemma_.lower() in _REPORTING
                    for t in self._doc
                    if (t.idx < left or t.idx >= right) and left - _REACH < t.idx < right + _REACH
                )
        return False


def _mentioned(doc: "Doc", first: int) -> bool:
    """Right after "the word", "the slur" and the like."""
    before = first - 1
    while before >= 0 and doc[before].is_quote:
        before -= 1
    return before > 0 and doc[before].lemma_.lower() in _MENTION and doc[before - 1].lower_ == "the"


def _named_by_others(token: "Token") -> bool:
    """What somebody, not the author, calls somebody."""
    verb = token.head
    if token.dep_ in ("amod", "compound", "conj") and verb.pos_ in ("NOUN", "PROPN"):
        token, verb = verb, verb.head
    if verb.dep_ == "prep" and verb.lower_ == "as":
        verb = verb.head
    if token.dep_ not in ("oprd", "pobj", "dobj", "ccomp", "attr") or verb.lemma_ not in _NAMING:
        return False
    return not _author_does(verb)


def _denied(token: "Token") -> bool:
    """ "They are not thugs", "nobody deserves to die"."""
    clause = token.head if token.dep_ in ("attr", "acomp") else token
    if clause.pos_ not in ("VERB", "AUX"):
        return False
    refused = clause.lemma_ in ("be", "deserve", "have", "think") or clause is not token
    negated = any(
        c.dep_ == "neg" and c.lower_ != "never" and not _pause_between(c, token)
        for c in clause.children
    )
    nobody = any(
        c.dep_ in ("nsubj", "nsubjpass")
        and (
            c.lower_ in ("nobody", "none")
            or any(d.lower_ in ("no", "not") for d in c.children)
            or (c.left_edge.i and c.doc[c.left_edge.i - 1].lower_ == "not")
        )
        for c in clause.children
    )
    return refused and (negated or nobody) and not any(c.lower_ == "if" for c in clause.children)


def _pause_between(one: "Token", other: "Token") -> bool:
    first, last = sorted((one.i, other.i))
    return any(t.is_punct and t.text not in "-\"“”'" for t in one.doc[first:last])


def _stated_by_others(token: "Token") -> bool:
    """In a clause that the author reports as denied, disbelieved or as what others go round saying.

    "I never said that they are scum", "Writing that they are idiots says a lot about you".
    """
    for verb in token.ancestors:
        if verb.lemma_ not in _STATING or verb.pos_ != "VERB":
            continue
        negated = any(c.dep_ == "neg" for c in verb.children)
        gerund = verb.tag_ == "VBG" and verb.dep_ in ("csubj", "ccomp", "advcl", "pcomp", "ROOT")
        progressive = any(c.dep_ == "aux" for c in verb.children)
        if negated or (gerund and not progressive and not _author_does(verb)):
            return True
    return False


def _of_oneself(token: "Token", label: str) -> bool:
    """Said of the author, alone or with others: "I'm such an idiot", "proud queers like us"."""
    children = {c.lower_ for c in token.children}
    if "proud" in children and not any(t.lower_ in ("they", "you") for t in token.sent):
        return True
    if label == "slur" and children & {"my", "our"} and token.tag_ in ("NNS", "NNPS"):
        return True
    if any(c.lower_ == "like" and any(o.lower_ in _SELF for o in c.children) for c in token.rights):
        return True
    if token.dep_ == "pobj" and token.head.lower_ in ("of", "like"):
        token = token.head.head
    verb = token.head
    if verb.lemma_ in _NAMING and any(c.lower_ in _SELF for c in verb.children):
        return True
    if token.dep_ not in ("attr", "acomp") and token.pos_ not in ("VERB", "AUX"):
        return False
    clause = verb if token.dep_ in ("attr", "acomp") else token
    while True:
        if any(c.dep_ in ("nsubj", "nsubjpass") for c in clause.children):
            return token.dep_ in ("attr", "acomp") and _author_does(clause)
        if clause.dep_ not in ("xcomp", "ccomp", "pcomp", "prep", "conj"):
            return False
        clause = clause.head


def _author_does(verb: "Token") -> bool:
    return any(c.dep_ == "nsubj" and c.lower_ in _FIRST for c in verb.children)
