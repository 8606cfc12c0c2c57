"""Bias that no word list sees: claims over all members of a group, by the parse.

A claim needs a generic subject ("women", "all estate agents", "the French", "a man") in the
present tense, and a predicate that makes it a judgement: a trait, a habit ("always", "never"),
an inability ("can't", "don't"). Reports about a group ("women are under-represented", "older
residents are eligible", "three migrants were injured") have neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srllm_data.lexicon.entry import traits
from srllm_data.lexicon.groups import Mention, mentioned
from srllm_data.lexicon.hostility import hostile_to

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_GENERIC = frozenset("all most every any these those you typical no".split())
_HABIT = frozenset("always naturally never constantly forever inherently invariably".split())
_DEGREE = frozenset("too so such just all basically simply notoriously".split())
_NEUTRAL = frozenset(
    "welcome eligible able present needed entitled required available allowed included invited "
    "free likely unlikely same different equal important expected common rare here there".split()
)
_LACKED = frozenset(
    "empathy moral morals compass manner manners shame class respect sense taste culture honour "
    "honor brain brains idea loyalty humour humor rhythm ambition values discipline control feel "
    "clue conscience soul heart dignity pride decency shame backbone standard standards clue skill "
    "interest loyalty gratitude imagination".split()
)
_GOOD = frozenset(
    "good fit suited capable able trustworthy clean bright clever smart civilised civilized loyal "
    "real normal human meant strong tough built cut logical rational reliable honest".split()
)
_OFFICIAL = frozenset(
    "pay vote qualify work need apply receive claim get own use enter access marry hold live have "
    "report appear include exist require count face see take join attend serve stand agree "
    "represent know yet feel want seek go return come benefit understand support".split()
)
_DENIALS = frozenset(
    "myth wrong false untrue stereotype stereotypes prejudice nonsense deny reject dispute debunk "
    "lie lies sexist racist ableist ageist homophobic offensive inaccurate".split()
)
_ASIDES = frozenset("man eh honestly ugh typical smh lol seriously swear sigh please".split())


@dataclass(frozen=True)
class Claim:
    """A claim over a whole group at characters ``start`` to ``end``."""

    start: int
    end: int
    label: str
    groups: tuple[str, ...]
    severity: float


def find_claims(doc: "Doc") -> Iterator[Claim]:
    """Claims over whole groups in ``doc``, in order of their subjects."""
    for mention in mentioned(doc):
        subject = _noun(doc, mention)
        if any(t.lower_ in _DENIALS for t in subject.sent):
            continue
        found = _topic(doc, mention, subject)
        if found is None and _generic(subject):
            found = _predicate(subject) or _described(subject)
        if found:
            last, severity = found
            first = min(subject.left_edge.i, last.i, mention.first)
            yield _claim(doc, mention, first, last.i, "generalisation", severity)
        elif not _negated_quantifier(subject):
            for first_word, last_word, severity in hostile_to(subject):
                yield _claim(doc, mention, first_word.i, last_word.i, "dehumanising", severity)


def _claim(
    doc: "Doc", mention: Mention, first: int, last: int, label: str, severity: float
) -> Claim:
    first, last = min(first, mention.first), max(last, mention.last)
    while first < last and doc[first].is_punct:
        first += 1
    tokens = doc[first : last + 1]
    return Claim(tokens.start_char, tokens.end_char, label, (mention.group,), severity)


def _noun(doc: "Doc", mention: Mention) -> "Token":
    """The noun that the identity term is, or modifies ("Muslim families")."""
    token = doc[mention.first : mention.last + 1].root
    while token.dep_ in ("amod", "compound", "nmod") and token.head.i > token.i:
        token = token.head
    return token


def _generic(subject: "Token") -> bool:
    determiners = [c for c in subject.children if c.dep_ in ("det", "predet", "poss", "nummod")]
    if any(c.dep_ in ("nummod", "poss") for c in determiners) or _negated_quantifier(subject):
        return False
    words = {c.lower_ for c in determiners}
    if words == {"the"} and not subject.lower_.endswith("s"):
        return subject.pos_ in ("ADJ", "PROPN") and subject.tag_ != "NN"
    if subject.tag_ in ("NNS", "NNPS") or subject.lower_ == "people":
        return words <= _GENERIC
    return bool(words & {"a", "an", "no", "every", "any"})


def _negated_quantifier(subject: "Token") -> bool:
    start = subject.left_edge
    before = subject.doc[start.i - 1].lower_ if start.i else ""
    return before in ("not", "nor", "some", "many", "few") or any(
        c.lower_ in ("not", "some", "many", "few", "several") for c in subject.children
    )


def _predicate(subject: "Token") -> "tuple[Token, float] | None":
    """The last word of the judgement over ``subject`` and its severity."""
    if subject.dep_ not in ("nsubj", "nsubjpass"):
        return _bare_verb(subject)
    verb = subject.head
    singular = subject.tag_ == "NN" or (subject.tag_ == "NNP" and verb.tag_ == "VBZ")
    around = {c.lower_ for c in verb.children}
    auxiliaries = [c for c in verb.children if c.dep_ in ("aux", "auxpass")]
    modal = next((c for c in auxiliaries if c.tag_ == "MD"), None)
    past = verb.tag_ == "VBD" or any(c.tag_ == "VBD" or c.lemma_ == "have" for c in auxiliaries)
    negated = any(c.dep_ == "neg" for c in verb.children)
    if past:
        return None
    if verb.lemma_ == "be":
        return None if singular and not around & _HABIT else _copula(verb, negated, around)
    if around & _HABIT and (not modal or modal.lower_ in ("will", "'ll", "can", "would")):
        return verb, 0.6
    if negated and modal and modal.lemma_ in ("can", "should") and verb.lemma_ not in _OFFICIAL:
        return verb, 0.6
    if singular:
        return None
    if negated and not modal and verb.lemma_ not in _OFFICIAL and verb.tag_ == "VB":
        return verb, 0.55
    if verb.lemma_ in ("have", "lack"):
        for thing in (c for c in verb.children if c.dep_ == "dobj"):
            if thing.lemma_.lower() in _LACKED and (
                verb.lemma_ == "lack" or any(c.lower_ == "no" for c in thing.children)
            ):
                return thing, 0.65
    if not negated and verb.lemma_.lower() in traits():
        return verb, 0.6
    return None


def _copula(verb: "Token", negated: bool, around: set[str]) -> "tuple[Token, float] | None":
    for word in (c for c in verb.children if c.dep_ in ("acomp", "attr", "oprd")):
        if word.lower_ == "nothing" and any(c.lower_ == "but" for c in word.children):
            return max(word.subtree, key=lambda t: t.i), 0.65
        listed = [word, *word.conjuncts]
        modifiers = {c.lower_ for c in word.children} | around
        if negated:
            if any(w.lemma_.lower() in _GOOD for w in listed):
                return word, 0.6
            continue
        described = [*listed, *(c for w in listed for c in w.children if c.dep_ == "amod")]
        judged = [w for w in described if w.lemma_.lower() in traits() or w.lower_ in traits()]
        if judged:
            return max(word, judged[-1], key=lambda t: t.i), 0.65
        if modifiers & (_HABIT | _DEGREE) and word.lower_ not in _NEUTRAL and word.pos_ == "ADJ":
            return word, 0.55
    return None


def _described(subject: "Token") -> "tuple[Token, float] | None":
    """A trait before the group's name ("lying politicians")."""
    judged = any(
        c.dep_ == "amod" and (c.lemma_.lower() in traits() or c.lower_ in traits())
        for c in subject.children
    )
    return (subject, 0.55) if judged and subject.tag_ in ("NNS", "NNPS") else None


def _bare_verb(subject: "Token") -> "tuple[Token, float] | None":
    """A trait right after the subject, where the parser did not see a clause ("Women panic.")."""
    doc = subject.doc
    after = doc[subject.i + 1] if subject.i + 1 < len(doc) else None
    opens = subject.left_edge.i == subject.sent.start
    if opens and after is not None and after.tag_ in ("NN", "NNS", "VB", "VBP"):
        return (after, 0.55) if after.lemma_.lower() in traits() else None
    return None


def _topic(doc: "Doc", mention: Mention, subject: "Token") -> "tuple[Token, float] | None":
    """ "Typical women", "what do you expect from a Tory", "Northerners, man"."""
    last = max(mention.last, subject.i)
    before = [t.lower_ for t in doc[max(0, subject.left_edge.i - 6) : mention.first]]
    if "typical" in before[-2:] and subject.pos_ in ("NOUN", "PROPN"):
        return doc[last], 0.55
    if "expect" in before and {"from", "of"} & set(before) and "what" in before:
        return doc[last], 0.6
    opens = subject.left_edge.i == subject.sent.start and subject.tag_ in ("NNS", "NNPS")
    aside = {t.lower_ for t in doc[last + 2 : last + 4]} & _ASIDES
    if opens and aside and doc[last + 1].text == ",":
        return doc[last], 0.55
    return None
