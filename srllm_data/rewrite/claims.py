"""Generic claims over a group ("all nurses are ...") scoped to some of its members."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from srllm_data.lexicon.entry import traits
from srllm_data.lexicon.groups import mentioned
from srllm_data.rewrite import grammar
from srllm_data.rewrite.draft import Draft

if TYPE_CHECKING:
    from spacy.tokens import Token

_ALL = grammar.words("all most")
_ALWAYS = grammar.words("always constantly forever invariably")
_EACH = grammar.words("every each")
_INNATE = grammar.words("naturally inherently innately invariably inevitably typically generally")
#: VADER's compound below this is hostile; above its negative, friendly.
_HOSTILE = -0.05


def scope(draft: Draft, first: int, last: int) -> bool:
    """Narrow the claim at tokens ``first`` to ``last``; False, and no change, where none is honest.

    "All", "every" and a bare plural become "some", "always" becomes "sometimes": what the source
    claims holds of the rewrite, too. A claim that attacks the group stays for a curator: scoped,
    it would still attack.
    """
    doc = draft.doc
    subject = next((m for m in mentioned(doc) if first <= m.first and m.last <= last), None)
    if subject is None or not all(draft.words[first : subject.last + 1]):
        return False
    noun, opener = doc[subject.last], doc[first]
    if noun.dep_ not in ("nsubj", "nsubjpass") and opener.lower_ != "typical":
        return False
    if subject.first > first and doc[subject.first - 1].lower_ == "typical":
        return draft.remove([subject.first - 1], None, "soften")
    if _attacks(draft, noun):
        return False
    if opener.lower_ in _EACH:
        return _scope_each(draft, opener, noun)
    if opener.lower_ == "the" and noun.tag_ in ("JJ", "NNP", "NNPS") and noun.i == first + 1:
        draft.put(noun.i, noun.i, f"{noun.text} people", None, "soften")
        return draft.put(first, first, _some(opener), None, "soften")
    if noun.tag_ not in ("NNS", "NNPS") and noun.lower_ not in ("people", "folk"):
        return False
    claimed = [t for t in doc[noun.i + 1 : noun.sent.end] if draft.words[t.i]]
    always = next((t for t in claimed if t.lower_ in _ALWAYS and t.head == noun.head), None)
    if always is not None and opener.lower_ not in _ALL:
        return draft.put(always.i, always.i, "sometimes", None, "soften")
    if opener.lower_ in _ALL and doc[first + 1].lower_ != "of":
        draft.put(first, first, _some(opener), None, "soften")
    elif opener.i == subject.first or opener.dep_ in ("amod", "compound"):
        named = opener.pos_ == "PROPN" or opener.ent_type_ == "NORP" or opener.is_upper
        word = opener.text if named else opener.lower_
        draft.put(first, first, f"{_some(opener)} {word}", None, "soften")
    else:
        return False
    innate = [t.i for t in claimed if t.lower_ in _INNATE and t.head.i > t.i]
    return draft.remove(innate, None, "soften")


def _scope_each(draft: Draft, opener: "Token", noun: "Token") -> bool:
    """ "every nurse works" becomes "some nurses work"."""
    verb = noun.head
    finite = [t for t in (verb, *verb.children) if t.tag_ in ("VBZ", "VBD") and t.i > noun.i]
    if (
        noun.dep_ not in ("nsubj", "nsubjpass")
        or len(finite) != 1
        or noun.tag_ not in ("NN", "NNP")
    ):
        return False
    plain = {"is": "are", "was": "were", "has": "have", "does": "do"}
    says = finite[0]
    agrees = plain.get(says.lower_) or (says.lemma_ if says.tag_ == "VBZ" else says.text)
    return (
        draft.put(opener.i, opener.i, _some(opener), None, "soften")
        and draft.put(noun.i, noun.i, grammar.plural(noun.text), None, "soften")
        and draft.put(says.i, says.i, agrees, None, "soften")
    )


def _attacks(draft: Draft, noun: "Token") -> bool:
    """Whether what is said of the group is hostile, or a trait that is no praise."""
    claimed = [t for t in draft.doc[noun.i + 1 : noun.sent.end] if draft.words[t.i]]
    denied = any(t.dep_ == "neg" for t in claimed) and any(t.lemma_ == "can" for t in claimed)
    if denied or any(t.lower_ in ("too", "should", "must") for t in claimed):
        return True
    tone = _vader().polarity_scores(" ".join(draft.words[t.i] for t in claimed))["compound"]
    trait = any(t.lower_ in traits() or t.lemma_.lower() in traits() for t in claimed)
    return bool(tone < (-_HOSTILE if trait else _HOSTILE))


def _some(like: "Token") -> str:
    opens = like.is_sent_start or (like.i > 0 and like.nbor(-1).is_quote)
    return "Some" if like.text[0].isupper() and opens else "some"


@lru_cache(maxsize=1)
def _vader() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
