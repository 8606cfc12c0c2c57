"""Find the terms of the lexicon in a parsed text."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from srllm_data.lexicon.entry import Entry, Span, entries
from srllm_data.lexicon.evasion import evasive_spellings
from srllm_data.lexicon.patterns import find_claims
from srllm_data.lexicon.people import addressed, said_of_people
from srllm_data.lexicon.use import Uses

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token
    from spacy.tokens import Span as Tokens

#: Tags that the tagger gives to words of a part of speech, its usual errors included.
_TAGS = {
    "ADJ": {"ADJ", "PROPN", "ADV"},
    "ADV": {"ADV", "ADJ"},
    "NOUN": {"NOUN", "PROPN", "ADJ", "INTJ", "X"},
    "VERB": {"VERB", "AUX"},
}
#: What a word of that part of speech is to its head, for words that the tagger does not know.
_PLACES = {"ADJ": ("amod", "acomp", "attr", "compound"), "NOUN": ("attr", "dobj", "pobj")}
_END = ""
_WORSE = ("insult", "slur", "dehumanising")


def find_spans(doc: "Doc") -> tuple[Span, ...]:
    """All findings in ``doc`` (from ``srllm_data.nlp.parse``), sorted, none overlapping another.

    Of two that overlap the longer one stays, and a claim stays before a term. A claim takes
    over the label and severity of a worse term in it.
    """
    uses = Uses(doc)
    claims = [
        _Finding(c.start, c.end, c.label, None, c.groups, c.severity) for c in find_claims(doc)
    ]
    terms = [
        _Finding(start, end, e.label, e.id, e.groups, e.severity) for start, end, e in _terms(doc)
    ]
    found = [_with_worst(claim, terms) for claim in claims] + terms
    taken = [False] * len(doc.text)
    spans = []
    for f in sorted(found, key=lambda f: (f.entry is not None, f.start - f.end, f.start)):
        if any(taken[f.start : f.end]):
            continue
        taken[f.start : f.end] = [True] * (f.end - f.start)
        use = uses.of(f.start, f.end, f.label)
        text = doc.text[f.start : f.end]
        spans.append(Span(f.start, f.end, text, f.label, f.entry, use, f.groups, f.severity))
    return tuple(sorted(spans, key=lambda s: s.start))


@dataclass(frozen=True)
class _Finding:
    start: int
    end: int
    label: str
    entry: str | None
    groups: tuple[str, ...]
    severity: float


def _with_worst(claim: _Finding, terms: list[_Finding]) -> _Finding:
    inside = [t for t in terms if t.start < claim.end and claim.start < t.end]
    groups = tuple(dict.fromkeys((*claim.groups, *(g for t in inside for g in t.groups))))
    start = min([claim.start, *(t.start for t in inside)])
    end = max([claim.end, *(t.end for t in inside)])
    toxic = [t for t in inside if t.label in _WORSE]
    label = max(toxic, key=lambda t: t.severity).label if toxic else claim.label
    severity = max(t.severity for t in (claim, *toxic))
    return _Finding(start, end, label, None, groups, severity)


def _terms(doc: "Doc") -> Iterator[tuple[int, int, Entry]]:
    trie = _trie()
    words = [t.lower_.replace("’", "'") for t in doc]
    for first in range(len(words)):
        node = trie.get(words[first])
        last = first
        while node is not None:
            for entry in node.get(_END, ()):
                tokens = doc[first : last + 1]
                if _fits(tokens, entry):
                    yield tokens.start_char, tokens.end_char, entry
            last += 1
            node = node.get(words[last]) if last < len(words) else None
    for start, end, entry in evasive_spellings(doc.text):
        yield start, end, entry


def _fits(tokens: "Tokens", entry: Entry) -> bool:
    if len(tokens) == 1 and entry.pos != "ANY" and not _has_pos(tokens[0], entry.pos):
        return False
    if len(tokens) == 1 and _in_name(tokens[0]):
        return False
    if entry.unless:
        sentence = tokens[0].sent
        words = f" {' '.join(t.lower_ for t in sentence)} {' '.join(t.lemma_ for t in sentence)} "
        if any(f" {phrase} " in words for phrase in entry.unless):
            return False
    if entry.of == "people":
        return said_of_people(tokens.root)
    return entry.of != "address" or addressed(tokens.root)


def _has_pos(token: "Token", pos: str) -> bool:
    if pos == "ADJ" and token.tag_ in ("VBN", "VBG", "VBD"):
        return True
    return token.pos_ in _TAGS[pos] or token.dep_ in _PLACES.get(pos, ())


def _in_name(token: "Token") -> bool:
    """Part of a name of several words ("Mr Savage", "Offa's Dyke Road")."""
    return _capital(token) and any(
        _capital(other) for other in (_neighbour(token, -1), _neighbour(token, 1)) if other
    )


def _capital(token: "Token") -> bool:
    return bool(token.is_title and token.pos_ == "PROPN")


def _neighbour(token: "Token", by: int) -> "Token | None":
    at = token.i + by
    return token.doc[at] if 0 <= at < len(token.doc) else None


@lru_cache(maxsize=1)
def _trie() -> dict[str, Any]:
    """Entries by the lower-case tokens of all their inflected forms, as nested dicts."""
    import spacy

    from srllm_data.lexicon.inflect import surface_forms

    tokenise = spacy.blank("en").tokenizer
    trie: dict[str, Any] = {}
    for entry in entries().values():
        for form in surface_forms(entry):
            node = trie
            for token in tokenise(form):
                node = node.setdefault(token.lower_, {})
            if entry not in node.setdefault(_END, []):
                node[_END].append(entry)
    return trie
