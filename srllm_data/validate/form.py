"""Signals of form: is the rewrite a text at all, and a well-formed one?

Every defect counts only as far as the source lacks it, so that the register of a source (no
capitals, no verb, "***") is never held against its rewrite.
"""

import re
from collections import Counter
from typing import TYPE_CHECKING

from srllm_data.validate.meaning import Edit, Ranges, inside

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_DETERMINERS = frozenset("a an the every my your our their its".split())
#: Prepositions that seldom stand without what they govern.
_PREPOSITIONS = frozenset("of from into like as than by during between against without".split())
#: Tags that cannot follow a determiner: nothing that a noun phrase starts with.
_NO_NOUN = frozenset("VBZ VBP VBD MD IN TO CC DT PRP PRP$ WP WDT WRB EX . , : -RRB-".split())
_NO_OBJECT = frozenset("VBZ VBP VBD MD CC . , :".split())
_SPACED = re.compile(r"\s[,.;:!?](?=\s|$)|[^\S\n]{2,}")
_RUNS = re.compile(r"[,;:]\s*[,.;:!?]|\.\s*[,;]|(?<!\.)\.\s*\.(?!\.)")
_EMPTY = re.compile(r"\(\s*\)|\[\s*\]|“\s*”|\"\s*\"|‘\s*’")
_START = re.compile(r"\A\s*[,;:.!?)-](?!\.)|[.!?]\s+[,;:]")
_HYPHEN = re.compile(r"(?<=\s)-(?=\w)|(?<=\w)-(?=\s)")
_SMALL = re.compile(r"(?:\A|[.!?]\s+)[a-z]")
_VOWEL = re.compile(r"[aeiou]", re.IGNORECASE)
_SPOKEN_CONSONANT = re.compile(r"uni(?!n)|us[ae]|eu|one|once|ou?ija|ut[ie]|ub", re.IGNORECASE)
_SPOKEN_VOWEL = re.compile(r"hour|hono|honest|heir|herb", re.IGNORECASE)
_PAIRS = (("(", ")"), ("[", "]"), ("“", "”"))
_STOPS = tuple(".!?…")
_ENDS = (*_STOPS, *"\"'”’)]")
_OPEN_ENDS = tuple(",;:–—-(")
#: What a sentence can lose and still stand.
_OPTIONAL = frozenset(
    "amod advmod npadvmod nmod compound quantmod intj appos acl relcl advcl conj cc punct preconj "
    "prep agent det predet poss parataxis dep mark neg nummod expl case meta aux".split()
)


def form(text: "Doc", rewrite: "Doc", biased: Ranges, edits: list[Edit]) -> dict[str, float]:
    """Signals of the form of ``rewrite``, as far as ``text`` (biased at ``biased``) lacks the same.

    edits: of :func:`srllm_data.validate.meaning.edits`.

    words: of the rewrite; copied: its words are the text's, whatever case and punctuation; cut:
    the rewrite ends in the middle of a sentence and the text does not; holes: words that were taken
    out although the words around them need them; misfits: words put in the place of a biased span
    of another class or number; defects: things that no well-formed text holds.
    """
    before, after = text.text, rewrite.text
    return {
        "words": sum(any(c.isalpha() for c in w) for w in after.split()),
        "copied": spelling(before) == spelling(after),
        "defects": sum((_defects(rewrite) - _defects(text)).values()),
        "cut": _cut(before.rstrip(), after.rstrip()),
        "verb_lost": _has_verb(text) and not _has_verb(rewrite),
        "holes": _holes(text, rewrite, edits),
        "misfits": _misfits(text, rewrite, edits, biased),
    }


def spelling(text: str) -> str:
    """The letters and digits of ``text``, without case, punctuation and spaces."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _cut(before: str, after: str) -> bool:
    if after.endswith(_OPEN_ENDS):
        return not before.endswith(_OPEN_ENDS)
    return before.endswith(_STOPS) and not after.endswith(_ENDS) and after[-1:].isalnum()


def _defects(doc: "Doc") -> Counter[str]:
    """Things that no well-formed text holds, by kind."""
    text = doc.text
    found = Counter(
        spaced=len(_SPACED.findall(text)),
        runs=len(_RUNS.findall(text)),
        empty=len(_EMPTY.findall(text)),
        start=len(_START.findall(text)),
        hyphen=len(_HYPHEN.findall(text)),
        small=_SMALL.search(text) is not None,
        unpaired=sum(text.count(a) != text.count(b) for a, b in _PAIRS) + text.count('"') % 2,
    )
    if len(doc) and (doc[0].tag_ in ("CC", "WDT") or (doc[0].tag_ == "WP" and "?" not in text)):
        found["opening"] += 1
    for token in doc:
        following = doc[token.i + 1] if token.i + 1 < len(doc) else None
        found.update(_between(token, following))
    return found


def _between(token: "Token", following: "Token | None") -> list[str]:
    """Kinds of defect of ``token`` with the token after it (None: the text ends)."""
    kinds = []
    word = token.lower_
    tag = following.tag_ if following is not None else "."
    if word in _DETERMINERS and token.tag_ in ("DT", "PRP$") and tag in _NO_NOUN:
        kinds.append("determiner")
    if word in _PREPOSITIONS and token.pos_ == "ADP" and tag in _NO_OBJECT:
        kinds.append("preposition")
    if token.tag_ == "CC" and tag in (".", ",", ":", "CC"):
        kinds.append("conjunction")
    if token.tag_ == "POS" and tag in (".", ",", ":", "CC", "VBZ", "VBP", "VBD", "MD"):
        kinds.append("possessive")
    if following is not None and word in ("a", "an") and following.text.isalpha():
        vowel = _VOWEL.match(following.text) and not _SPOKEN_CONSONANT.match(following.text)
        vowel = bool(vowel or _SPOKEN_VOWEL.match(following.text))
        if vowel != (word == "an") and not following.text.isupper():
            kinds.append("article")
    if following is not None and word == following.lower_ and word.isalpha():
        kinds.append("doubled")
    return kinds


def _has_verb(doc: "Doc") -> bool:
    return any(t.pos_ in ("VERB", "AUX") for t in doc)


def _holes(text: "Doc", rewrite: "Doc", edits: list[Edit]) -> int:
    """Words taken out of ``text`` that their neighbours in the parse cannot do without.

    Looks only at rewrites without new words: where something new is said, the parse of the text
    does not tell what the rewrite needs. A phrase between punctuation marks may always go.
    """
    words, kept = [t.lower_ for t in text], [t.lower_ for t in rewrite]
    if any(w.isalpha() and w not in words for w in kept):
        return 0
    fewer = Counter(words) - Counter(kept)
    gone = [False] * len(words)
    for start, end, *_ in edits:
        if not _between_marks(text, start, end):
            gone[start:end] = [w in fewer for w in words[start:end]]
    return sum(_torn(token, gone) for token in text)


def _between_marks(doc: "Doc", start: int, end: int) -> bool:
    """Whether tokens ``start`` to ``end`` are all between two marks or ends of the text."""
    if start == end:
        return True
    opens = start == 0 or doc[start - 1].is_punct or doc[start].is_punct or doc[start].is_sent_start
    closes = end == len(doc) or doc[end].is_punct or doc[end - 1].is_punct
    return bool(opens and closes)


def _torn(token: "Token", gone: list[bool]) -> bool:
    if token.is_punct or token.dep_ in ("punct", "intj"):
        return False
    if gone[token.i] and not gone[token.head.i]:
        stand_ins = [c for c in token.children if c.tag_ == "PRP" or c.dep_ == "conj"]
        stand_ins += [c for c in token.head.children if c.dep_ == token.dep_]
        return token.dep_ not in _OPTIONAL and all(gone[c.i] for c in stand_ins)
    if gone[token.i]:
        return False
    if gone[token.head.i]:
        return token.dep_ != "conj"
    if token.dep_ == "cc":
        joined = [c for c in token.head.children if c.dep_ == "conj" and c.i > token.i]
        return bool(joined) and all(gone[c.i] for c in joined)
    return False


def _misfits(text: "Doc", rewrite: "Doc", edits: list[Edit], biased: Ranges) -> int:
    return sum(
        inside(text[start].idx, biased)
        and inside(text[end - 1].idx, biased)
        and not _fits(rewrite[new].tag_, text[start:end].root.tag_)
        for start, end, new, new_end in edits
        if start < end and new_end - new == 1
    )


def _fits(tag: str, place: str) -> bool:
    if not (tag.startswith("NN") and place.startswith("NN")):
        return not (tag.startswith("NN") or place.startswith("NN"))
    return tag.endswith("S") == place.endswith("S") or "NNP" in (tag, place)
