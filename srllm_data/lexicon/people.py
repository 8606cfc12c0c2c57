"""Whether a word is said of people, or to them, by the parse."""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from srllm_data.lexicon.entry import identity_terms, people_nouns

if TYPE_CHECKING:
    from spacy.tokens import Token

SUBJECTS = ("nsubj", "nsubjpass")
_PRONOUNS = frozenset(
    "i you u ya he she we they me him her us them who these those myself yourself".split()
)
_HUMAN_VERBS = frozenset(
    "say tell think know want drive moan complain believe vote deserve talk read write wear whine "
    "scream shout yell ask answer refuse demand lie argue laugh cry swear curse drink gossip nag "
    "steal rob beg queue tweet post reply marry divorce love hate hope pretend claim admit "
    "apologise apologize forget remember understand learn teach vandalise protest riot".split()
)
_HUMAN_ADJECTIVES = frozenset(
    "old silly stupid fat fit dumb crazy posh lazy rude poor bloody fucking ignorant spoilt "
    "selfish miserable grumpy jealous smelly greedy entitled bitter arrogant angry drunk drunken "
    "filthy dirty useless thieving lying ungrateful cheating foreign rich ugly young teenage sad "
    "racist disgusting pathetic sexist scheming two-faced moody skinny brainless mouthy toxic "
    "nosy".split()
)


def said_of_people(token: "Token") -> bool:
    """True if ``token`` modifies, names, or is done by or to a person or a group."""
    return any(is_person(other) for other in _described(token)) or _acts_human(token)


def is_person(token: "Token") -> bool:
    """True for a personal pronoun, a noun for people, a person's name or an identity term.

    A redacted name (``<PERSON_1>``) is one too; so is any proper noun, since names are many.
    """
    return (
        token.lower_ in _PRONOUNS
        or token.pos_ == "PROPN"
        or token.lemma_.lower() in people_nouns()
        or token.lower_ in _group_words()
    )


def addressed(token: "Token") -> bool:
    """True if ``token`` stands alone beside its clause: "Calm down, love." or "Listen, hon"."""
    doc = token.doc
    left = doc[token.left_edge.i - 1] if token.left_edge.i else None
    right = doc[token.i + 1] if token.i + 1 < len(doc) else None
    if token.pos_ == "VERB" and token.dep_ in ("ROOT", "conj") and token.n_rights:
        return False
    closed = right is None or right.is_punct or right.is_space
    return closed and (left is None or left.is_space or left.text in (",", "“", '"', "-", "–", "—"))


def subjects(verb: "Token") -> Iterator["Token"]:
    """Subjects of ``verb``, those that it shares with the verb it hangs on included."""
    while True:
        own = [c for c in verb.children if c.dep_ in SUBJECTS]
        if own or verb.dep_ not in ("conj", "xcomp", "advcl"):
            yield from own
            return
        verb = verb.head


def _described(token: "Token") -> Iterator["Token"]:
    yield from (c for c in token.children if c.dep_ in (*SUBJECTS, "appos", "compound", "amod"))
    for preposition in (c for c in token.children if c.lower_ in ("of", "by", "from")):
        yield from (c for c in preposition.children if c.dep_ == "pobj")
    if token.dep_ in ("amod", "compound", "nmod", "appos"):
        yield token.head
    if token.dep_ in ("acomp", "attr", "oprd", "advmod", "ccomp", "xcomp", "conj"):
        yield from subjects(token.head)
        yield from (c for c in token.head.children if c.dep_ == "dobj")
    if token.dep_ == "pobj" and token.head.lower_ in ("like", "as"):
        yield from subjects(token.head.head)
    if token.dep_ in SUBJECTS and token.head.lemma_ == "be":
        yield from (c for c in token.head.children if c.dep_ == "attr")


def _acts_human(token: "Token") -> bool:
    if token.pos_ not in ("NOUN", "PROPN"):
        return False
    if token.dep_ in SUBJECTS and token.head.lemma_ in _HUMAN_VERBS:
        return True
    before = token.doc[token.i - 1].lower_ if token.i else ""
    return before in {"you", *_HUMAN_ADJECTIVES} or any(
        c.dep_ == "relcl" and any(w.lower_ == "who" for w in c.subtree) for c in token.children
    )


@lru_cache(maxsize=1)
def _group_words() -> frozenset[str]:
    return frozenset(f for forms in identity_terms().values() for f in forms if " " not in f)
