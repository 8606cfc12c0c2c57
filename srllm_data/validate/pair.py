"""A text beside its rewrite: which words they share, and where the one became the other."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import TYPE_CHECKING

from srllm_data.validate.amounts import numbers

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

#: Character ranges of a text.
Ranges = list[tuple[int, int]]
#: First token and end in the text, first token and end in the rewrite.
Edit = tuple[int, int, int, int]

_CONTENT = frozenset("NOUN PROPN VERB ADJ ADV NUM".split())
_STEM = 5
#: A sentence of which no more is kept has been left out.
_DROPPED = 0.25


def edits(text: "Doc", rewrite: "Doc") -> list[Edit]:
    """Where tokens of ``text`` became other tokens of ``rewrite``, or none."""
    matcher = SequenceMatcher(
        None, [t.lower_ for t in text], [t.lower_ for t in rewrite], autojunk=False
    )
    return [(a, b, c, d) for operation, a, b, c, d in matcher.get_opcodes() if operation != "equal"]


def inside(at: int, ranges: Ranges) -> bool:
    """Whether character ``at`` is in one of ``ranges``."""
    return any(start <= at < end for start, end in ranges)


def is_content(token: "Token") -> bool:
    """Whether ``token`` says something by itself."""
    if token.like_num:
        return True
    return token.pos_ in _CONTENT and not token.is_stop and any(c.isalpha() for c in token.text)


class Words:
    """The words of a text; holds a token whose word, lemma, stem or number is among them."""

    def __init__(self, tokens: "list[Token]", text: str) -> None:
        self._counts = Counter(t.lower for t in tokens)
        self.words = {w for t in tokens for w in (t.lower_, t.lemma_.lower())}
        self._stems = {w[:_STEM] for w in self.words if len(w) >= _STEM}
        self.numbers = numbers(text, loosely=True)

    def __contains__(self, token: "Token") -> bool:
        word = token.lower_
        return (
            word in self.words
            or token.lemma_.lower() in self.words
            or (len(word) >= _STEM and word[:_STEM] in self._stems)
            or (token.like_num and not self.numbers.isdisjoint(numbers(word, loosely=True)))
        )

    def once(self, token: "Token") -> bool:
        """Whether the word of ``token`` is there exactly once."""
        return self._counts[token.lower] == 1

    def share_of(self, tokens: "list[Token]") -> float:
        """Share of ``tokens`` that are held; 1 where there are none."""
        return sum(t in self for t in tokens) / len(tokens) if tokens else 1.0


@dataclass(frozen=True)
class Pair:
    """A text, its rewrite, and what every signal of meaning asks of them.

    edits: of :func:`edits`; marked: tokens of the text in biased spans, by place; before and
    after: the characters of the two; old and new: their tokens.
    """

    text: "Doc"
    rewrite: "Doc"
    biased: Ranges
    edits: list[Edit]
    marked: frozenset[int]
    source: Words
    kept: Words
    before: str
    after: str
    old: "list[Token]"
    new: "list[Token]"

    @classmethod
    def of(cls, text: "Doc", rewrite: "Doc", biased: Ranges, changed: list[Edit]) -> "Pair":
        """The pair of ``text``, biased at ``biased``, and ``rewrite``; changed: their edits."""
        old, new = list(text), list(rewrite)
        marked = frozenset(t.i for t in old if biased and inside(t.idx, biased))
        before, after = text.text, rewrite.text
        source, kept = Words(old, before), Words(new, after)
        return cls(text, rewrite, biased, changed, marked, source, kept, before, after, old, new)

    @cached_property
    def facts(self) -> "list[Token]":
        """The words of the text that no biased span holds."""
        return [t for t in self.old if t.i not in self.marked]

    @cached_property
    def told(self) -> "list[Token]":
        """Those of :attr:`facts` whose sentence is not a biased one that the rewrite leaves out."""
        dropped: set[int] = set()
        if self.marked:
            for sentence in self.text.sents:
                if self.marked.isdisjoint(range(sentence.start, sentence.end)):
                    continue
                words = [t for t in sentence if t.i not in self.marked and is_content(t)]
                if self.kept.share_of(words) <= _DROPPED or not words:
                    dropped.update(range(sentence.start, sentence.end))
        return [t for t in self.facts if t.i not in dropped]

    @cached_property
    def aligned(self) -> dict[int, int]:
        """Place in the rewrite of each token of the text that stayed, or kept its lemma."""
        places: dict[int, int] = {}
        at = 0
        for a, b, c, d in [*self.edits, (len(self.text), 0, len(self.rewrite), 0)]:
            places.update((a - n, c - n) for n in range(1, a - at + 1))
            at = b
            for i in range(a, b):
                same = [j for j in range(c, d) if self.new[j].lemma == self.old[i].lemma]
                if len(same) == 1:
                    places[i] = same[0]
        return places

    def plain(self, edit: Edit, margin: int = 1) -> bool:
        """Whether ``edit`` leaves biased words, and ``margin`` words around them, alone."""
        return not any(i in self.marked for i in range(edit[0] - margin, edit[1] + margin))


def lemmas(tokens: "Iterable[Token]") -> set[str]:
    """The lemmas of ``tokens``, lower case."""
    return {t.lemma_.lower() for t in tokens}
