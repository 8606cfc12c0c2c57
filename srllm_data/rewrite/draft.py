"""A parsed text that is edited word by word, and the repairs that keep it a sentence."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srllm_data.rewrite.grammar import NEGATIONS, article, capital

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

COORDINATORS = frozenset({"and", "or", "but", "nor", "&", "yet"})
PAUSES = frozenset({",", ";", ":", "-", "–", "—", "--"})
STOPS = frozenset({".", "!", "?", "…", "...", "..", "!!", "!!!", "?!", "!?", "????", "??", "???"})
_OPENING = frozenset({"(", "[", "{", '"', "“", "‘", "'", "``", "«"})
_CLOSING = re.compile(r"[.,;:!?…)\]}%”’»'\"]|n't\b|n’t\b")
_QUOTES = {'"': '"', "“": "”", "‘": "’", "'": "'", "(": ")", "[": "]", "*": "*"}
_PLACEHOLDER = re.compile(r"<[A-Za-z_]+\d*>")


@dataclass(frozen=True)
class Edit:
    """Characters ``start`` to ``end`` of the source said ``before`` and now say ``after``.

    entry, action: what asked for it; None and "repair" where only grammar did.
    """

    start: int
    end: int
    before: str
    after: str
    entry: str | None
    action: str


class Draft:
    """The tokens of ``doc`` with what they say by now; "" is a removed one."""

    def __init__(self, doc: "Doc") -> None:
        self.doc = doc
        self.words = [t.text for t in doc]
        self._gaps = [t.whitespace_ for t in doc]
        self._reasons: list[tuple[str | None, str] | None] = [None] * len(doc)
        self._asides: set[int] = set()
        self._merged: set[int] = set()
        marks = [m.span() for m in _PLACEHOLDER.finditer(doc.text)]
        self.fixed = frozenset(
            t.i
            for t in doc
            if t.lower_ in NEGATIONS
            or t.like_url
            or t.like_email
            or t.text[0] in "@#"
            or any(c.isdigit() for c in t.text)
            or (t.i and doc[t.i - 1].text in ("@", "#") and not doc[t.i - 1].whitespace_)
            or any(start <= t.idx < end for start, end in marks)
        )

    def before(self, at: int) -> "Token | None":
        """The nearest token before ``at`` that is still there."""
        return next((self.doc[i] for i in range(at - 1, -1, -1) if self.words[i]), None)

    def after(self, at: int) -> "Token | None":
        """The nearest token after ``at`` that is still there."""
        return next((self.doc[i] for i in range(at + 1, len(self.doc)) if self.words[i]), None)

    def remove(
        self, tokens: Iterable[int], entry: str | None, action: str, aside: bool = False
    ) -> bool:
        """Take ``tokens`` out; False, and no change, where one of them has to stay.

        aside: they stand beside the sentence (a vocative, an oath), so their commas go too.
        """
        tokens = list(tokens)
        if any(i in self.fixed for i in tokens):
            return False
        for i in tokens:
            self.words[i] = ""
            self._reasons[i] = (entry, action)
        if aside:
            self._asides.update(tokens)
        return True

    def put(self, first: int, last: int, new: str, entry: str | None, action: str) -> bool:
        """Say ``new`` in place of ``first`` to ``last``; False where one of them has to stay."""
        if any(i in self.fixed for i in range(first, last + 1)):
            return False
        for i in range(first, last + 1):
            self.words[i] = ""
            self._reasons[i] = (entry, action)
        self._merged.update(range(first + 1, last + 1))
        self.words[first] = new
        self._gaps[first] = self.doc[last].whitespace_
        return True

    def finish(self) -> tuple[str, tuple[Edit, ...]]:
        """The repaired text and how it differs from the source."""
        if any(self._reasons):
            self._separators()
            self._spaces()
            self._articles()
            self._possessives()
            self._capitals()
        edits = tuple(self._edits())
        text = "".join(w + g for w, g in zip(self.words, self._gaps, strict=True))
        return text, edits

    def _runs(self) -> list[tuple[int, int]]:
        runs: list[tuple[int, int]] = []
        for i, word in enumerate(self.words):
            if word or i in self._merged:
                continue
            if runs and runs[-1][1] == i - 1:
                runs[-1] = (runs[-1][0], i)
            else:
                runs.append((i, i))
        return runs

    def _separators(self) -> None:
        for _, last in self._runs():
            following = self._separator(last + 1, 1)
            end = following[-1] + 1 if following else len(self.doc)
            if end < len(self.doc) and not self.words[end] and self.mates(last, end):
                self._drop(following)
        for first, last in self._runs():
            if any(i in self._asides for i in range(first, last + 1)):
                self._close_aside(first, last)
            else:
                self._close_list(first, last)

    def _close_list(self, first: int, last: int) -> None:
        """Drop the comma or coordinator that joined a removed word to its neighbours."""
        left, right = self._separator(first - 1, -1), self._separator(last + 1, 1)
        mate_left = bool(left) and self._mate(left[0] - 1, first)
        mate_right = bool(right) and self._mate(right[-1] + 1, last)
        if mate_left and mate_right:
            self._drop(left)
        elif mate_left:
            self._drop(left)
            coordinator = next((i for i in left if self.doc[i].lower_ in COORDINATORS), None)
            earlier = self._separator_before(left[0] - 1)
            if coordinator is not None and earlier is not None:
                self._gaps[earlier - 1] = " "
                self.words[earlier] = self.doc[coordinator].text
                self._reasons[earlier] = (None, "repair")
        elif mate_right:
            self._drop(right)
        elif right and self.doc[right[0]].text == ",":
            opens = not left and self._opens(first)
            if opens or (left and self.doc[left[-1]].text == "," and len(right) == 1):
                self._drop(right[:1])
                if left:
                    self._drop(left)
        elif left and self.doc[left[-1]].text == "," and self._ends(last + 1):
            self._drop(left)

    def _close_aside(self, first: int, last: int) -> None:
        """Drop the commas, dashes, brackets and stops of something said beside the sentence."""
        before, after = self.before(first), self.after(last)
        if before and before.lower_ in COORDINATORS and (after is None or after.is_punct):
            self._drop([before.i])
            before = self.before(before.i)
        if before and after and before.text in STOPS and after.text in STOPS:
            self._drop([after.i])
            return
        if before and after and _QUOTES.get(before.text) == after.text:
            self._drop([before.i, after.i])
        elif before is None or before.text in STOPS or before.is_space:
            while after is not None and (after.text in STOPS or after.text in PAUSES):
                self._drop([after.i])
                after = self.after(after.i)
        elif before.text in PAUSES:
            ends = after is None or after.text in STOPS | PAUSES or not says(after)
            if ends and (after is None or after.text not in _OPENING):
                self._drop([before.i])
            appositive = self.doc[last].dep_ == "appos" and after is not None
            if after is not None and appositive and after.text in PAUSES:
                self._drop([after.i])

    def _separator(self, at: int, step: int) -> list[int]:
        """Positions of the comma and coordinator that stand at ``at``, in reading order."""
        found: list[int] = []
        while 0 <= at < len(self.doc) and len(found) < 2:
            word = self.doc[at].lower_
            if not self.words[at] or word not in COORDINATORS | {","}:
                break
            if found and (word == ",") == (self.doc[found[-1]].text == ","):
                break
            found.append(at)
            at += step
        return sorted(found)

    def _separator_before(self, at: int) -> int | None:
        """Position of a comma between two mates, the second of which ends at ``at``."""
        first = at
        while first and self.doc[first - 1].pos_ in ("ADV", "ADJ"):
            first -= 1
        comma = first - 1
        joins = comma > 0 and self.words[comma] == "," and self._mate(comma - 1, at)
        return comma if joins else None

    def _mate(self, at: int, other: int) -> bool:
        return 0 <= at < len(self.doc) and bool(self.words[at]) and self.mates(at, other)

    def mates(self, one: int, other: int) -> bool:
        """Whether two words stand in one list, by the parse or by their kind."""
        a, b = self.doc[one], self.doc[other]
        if a.is_punct or b.is_punct or a.is_space or b.is_space:
            return False
        if a in b.conjuncts:
            return _kind(a) == _kind(b)
        return _kind(a) is not None and _kind(a) == _kind(b)

    def _opens(self, at: int) -> bool:
        before = self.before(at)
        return before is None or before.text in STOPS or before.is_space or before.text in _OPENING

    def _ends(self, at: int) -> bool:
        after = self.after(at - 1)
        return after is None or after.text in STOPS or after.is_space

    def _drop(self, tokens: Iterable[int]) -> None:
        for i in tokens:
            self.words[i] = ""
            self._reasons[i] = self._reasons[i] or (None, "repair")

    def _spaces(self) -> None:
        for token in self.doc:
            beside = [i for i in (token.i - 1, token.i + 1) if 0 <= i < len(self.doc)]
            if token.is_space and "\n" not in token.text and not all(self.words[i] for i in beside):
                self._drop([token.i])
        kept: int | None = None
        for i, word in enumerate(self.words):
            if not word:
                continue
            if kept is not None and kept < i - 1:
                self._gaps[kept] = self._gap(kept, i)
            kept = i
        for i, word in enumerate(self.words):
            if not word or (kept is not None and i > kept):
                self._gaps[i] = ""
        if kept is not None and kept < len(self.doc) - 1:
            self._gaps[kept] = self.doc[-1].whitespace_

    def _gap(self, left: int, right: int) -> str:
        """The space between two words that became neighbours."""
        spaced, was = self._gaps[left], self.doc[right - 1].whitespace_
        if self.doc[left].is_space or self.doc[right].is_space:
            return ""
        opens = self.words[left] in _OPENING and not spaced
        if opens and (left == 0 or self.doc[left - 1].whitespace_ or self.doc[left - 1].is_space):
            return ""
        if not spaced:
            return was
        return spaced if was or not _CLOSING.match(self.words[right]) else ""

    def _articles(self) -> None:
        for token in self.doc:
            if self.words[token.i].lower() not in ("a", "an"):
                continue
            noun = self.after(token.i)
            while noun is not None and not self.words[noun.i][0].isalnum():
                noun = self.after(noun.i)
            if noun is None or (noun.i == token.i + 1 and self.words[noun.i] == noun.text):
                continue
            right = article(self.words[noun.i])
            if right != self.words[token.i].lower():
                self.words[token.i] = right.capitalize() if token.text[0] == "A" else right
                self._reasons[token.i] = self._reasons[noun.i] or (None, "repair")

    def _possessives(self) -> None:
        for token in self.doc[1:]:
            owner = self.words[token.i - 1]
            changed = owner not in ("", self.doc[token.i - 1].text)
            if changed and token.text in ("'", "’") and not owner.endswith("s"):
                self.words[token.i] = token.text + "s"
                self._reasons[token.i] = self._reasons[token.i - 1]

    def _capitals(self) -> None:
        for sentence in self.doc.sents:
            opener = next((t for t in sentence if t.is_alpha), None)
            if opener is None or self.words[opener.i] or not opener.text[0].isupper():
                continue
            at = opener.i
            while at and not self.words[at - 1] and self._reasons[at - 1]:
                at -= 1
            heir = self.after(opener.i)
            while heir is not None and heir.text in _OPENING:
                heir = self.after(heir.i)
            if heir is None or not self._opens(at) or heir.like_url or heir.i in self.fixed:
                continue
            self.words[heir.i] = capital(self.words[heir.i])

    def _edits(self) -> Iterator[Edit]:
        changed = [t.i for t in self.doc if self.words[t.i] + self._gaps[t.i] != t.text_with_ws]
        runs: list[list[int]] = []
        for i in changed:
            if runs and runs[-1][-1] == i - 1:
                runs[-1].append(i)
            else:
                runs.append([i])
        for run in runs:
            tokens = self.doc[run[0] : run[-1] + 1]
            before = tokens.text_with_ws
            after = "".join(self.words[i] + self._gaps[i] for i in run)
            reasons = [self._reasons[i] for i in run if self._reasons[i]]
            entry, action = next((r for r in reasons if r and r[0]), None) or (None, "repair")
            if reasons and reasons[0] and entry is None:
                action = reasons[0][1]
            start = tokens.start_char
            yield Edit(start, start + len(before), before, after, entry, action)


def _kind(token: "Token") -> str | None:
    """What list a word can stand in: ``adjective`` or ``adverb``."""
    if token.pos_ == "ADV" or token.tag_ in ("RB", "RBR", "RBS"):
        return "adverb"
    if token.pos_ == "ADJ" or token.dep_ == "amod" or token.tag_ in ("JJ", "JJR", "JJS"):
        return "adjective"
    return None


def says(token: "Token") -> bool:
    """Whether a token holds a letter or a digit."""
    return any(c.isalnum() for c in token.text)
