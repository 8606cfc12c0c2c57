"""Six families of noise on a text: what scanners, keyboards, haste and evasion do to it.

A share of 0 is the text itself, and what a smaller share changes a larger one changes, too. Words
with digits, links, mentions, tags and placeholders stay as they are, so that the facts stay.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

_CHUNK = re.compile(r"\S+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LEFT_ALONE = re.compile(r"[\d@#<>\[\]{}_/\\]|www\.")
#: What scanned letters are taken for, one or two at a time.
_SCANNED = {
    **{"rn": ["m"], "cl": ["d"], "vv": ["w"], "ri": ["n"], "m": ["rn"], "d": ["cl"], "w": ["vv"]},
    **{"l": ["1", "I"], "i": ["l", "1"], "o": ["0"], "e": ["c"], "c": ["e"], "h": ["b"]},
    **{"b": ["h", "6"], "g": ["q", "9"], "a": ["o"], "s": ["5"], "t": ["f"], "f": ["t"]},
    **{"u": ["ii", "v"], "n": ["ri", "u"], "v": ["y"], "z": ["2"], "I": ["l", "1"], "O": ["0"]},
    **{"S": ["5"], "B": ["8"], "E": ["F"], "G": ["6"], "D": ["O"], "Z": ["2"], "T": ["7"]},
}
_SCANNED_PIECE = re.compile("|".join(sorted(_SCANNED, key=lambda piece: (-len(piece), piece))))
#: Keys beside each key of a QWERTY keyboard.
_BESIDE = dict(
    pair.split(":")
    for pair in (
        "q:wa w:qeas e:wrsd r:etdf t:ryfg y:tugh u:yihj i:uojk o:ipkl p:ol a:qwsz s:weadzx "
        "d:ersfxc f:rtdgcv g:tyfhvb h:yugjbn j:uihknm k:iojlm l:opk z:asx x:zsdc c:xdfv v:cfgb "
        "b:vghn n:bhjm m:njk"
    ).split()
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
#: Cyrillic and accented letters that look like a Latin one.
_LOOKS_LIKE = {
    **{"a": "аá", "c": "сç", "e": "еé", "i": "іí", "n": "ñ", "o": "оö", "p": "р", "s": "ѕ"},
    **{"u": "ü", "x": "х", "y": "у"},
}
_LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7"}
#: Letters of a word that is worth hiding.
_HIDDEN_FROM = 3


@dataclass(frozen=True)
class Edit:
    """What stands at characters ``start`` to ``end`` of the text after the noise."""

    start: int
    end: int
    after: str


@dataclass(frozen=True)
class Noisy:
    """A text, the noise on it in the order of the text, and what came of it."""

    clean: str
    edits: tuple[Edit, ...]

    @cached_property
    def text(self) -> str:
        """The text with the noise."""
        return _applied(self.clean, 0, len(self.clean), self.edits)

    def undone(self, rewrite: str) -> str:
        """``rewrite`` with each noisy word that it repeats as it was without noise.

        A classifier of style does not know a disguised insult; who leaves it has not removed it.
        What is shorter than three characters, or a word of the text as well, is taken as meant.
        """
        meant = set(_WORD.findall(self.clean.lower()))
        plain = {
            noisy.lower(): clean
            for clean, noisy in reversed(self._words())
            if len(noisy) >= 3 and noisy.lower() not in meant
        }
        if not plain:
            return rewrite
        each = "|".join(re.escape(n) for n in sorted(plain, key=len, reverse=True))
        found = re.compile(rf"(?<!\w)(?:{each})(?!\w)", re.IGNORECASE)
        return found.sub(lambda match: plain.get(match.group().lower(), match.group()), rewrite)

    def _words(self) -> list[tuple[str, str]]:
        """Each run of words that an edit touches, before and after."""
        spans: list[tuple[int, int]] = []
        for edit in self.edits:
            touched = [
                w.span()
                for w in _WORD.finditer(self.clean)
                if w.start() <= edit.end and edit.start <= w.end()
            ]
            start, end = touched[0][0], touched[-1][1]
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return [(self.clean[a:b], _applied(self.clean, a, b, self.edits)) for a, b in spans]


def noise(text: str, family: str, share: float, seed: int = 1) -> Noisy:
    """``text`` with noise of ``family``, a name in FAMILIES, on ``share`` (0 to 1) of its units.

    Units are letters, but words for "spaces" and "evasion"; only those of words that may change
    count. Their number is rounded up or down by chance, so that short texts get their share on
    average; there is less noise where fewer units can be changed.
    """
    rng = random.Random(f"{seed} {family} {text}")  # noqa: S311
    words = _words(text)
    edits, units = FAMILIES[family](text, words, rng)
    count = int(share * units + rng.random())
    return Noisy(text, tuple(sorted(edits[:count], key=lambda e: (e.start, e.end))))


def _words(text: str) -> list[tuple[int, int]]:
    """Start and end of each word that may change."""
    return [
        (chunk.start() + word.start(), chunk.start() + word.end())
        for chunk in _CHUNK.finditer(text)
        if not _LEFT_ALONE.search(chunk.group())
        for word in _WORD.finditer(chunk.group())
    ]


_Words = Sequence[tuple[int, int]]
#: Edits, none overlapping another, in the order of being made, and how many units there are.
_Edits = tuple[list[Edit], int]


def _scanned(text: str, words: _Words, rng: random.Random) -> _Edits:
    pieces = [m for a, b in words for m in _SCANNED_PIECE.finditer(text, a, b)]
    rng.shuffle(pieces)
    edits = [Edit(m.start(), m.end(), rng.choice(_SCANNED[m.group()])) for m in pieces]
    return edits, _count_letters(text, words)


def _typed(text: str, words: _Words, rng: random.Random) -> _Edits:
    return _by_letter(text, words, rng, lambda letter: rng.choice(_BESIDE[letter]))


def _replaced(text: str, words: _Words, rng: random.Random) -> _Edits:
    def other(letter: str) -> str:
        alike = _LOOKS_LIKE.get(letter, "")
        if rng.random() < 0.5 and alike:
            return rng.choice(alike)
        return rng.choice(_LETTERS.replace(letter, ""))

    return _by_letter(text, words, rng, other)


def _deleted(text: str, words: _Words, rng: random.Random) -> _Edits:
    # The first letter stays, so that no word is lost.
    places = [at for a, b in words for at in range(a + 1, b) if text[at].isalpha()]
    rng.shuffle(places)
    return [Edit(at, at + 1, "") for at in places], _count_letters(text, words)


def _spaced(text: str, words: _Words, rng: random.Random) -> _Edits:
    edits = []
    for at, (start, end) in enumerate(words):
        mergeable = at + 1 < len(words) and text[end : words[at + 1][0]] == " "
        splittable = text[start:end].isalpha() and end - start >= 4
        if mergeable and (not splittable or rng.random() < 0.5):
            edits.append(Edit(end, end + 1, ""))
        elif splittable:
            middle = rng.randrange(start + 2, end - 1)
            edits.append(Edit(middle, middle, " "))
    rng.shuffle(edits)
    return edits, len(words)


def _evasive(text: str, words: _Words, rng: random.Random) -> _Edits:
    hidden = [(a, b) for a, b in words if text[a:b].isalpha() and b - a >= _HIDDEN_FROM]
    rng.shuffle(hidden)
    loaded = _loaded(text)
    hidden.sort(key=lambda span: not any(a < span[1] and span[0] < b for a, b in loaded))
    forms = (_leet, _spelled, _starred, _drawn_out)
    edits = [Edit(a, b, rng.choice(forms)(text[a:b], rng)) for a, b in hidden]
    return edits, len(words)


def _leet(word: str, rng: random.Random) -> str:
    places = [i for i, c in enumerate(word) if c.lower() in _LEET]
    if not places:
        return _drawn_out(word, rng)
    some = rng.sample(places, min(len(places), 2))
    return "".join(rng.choice(_LEET[c.lower()]) if i in some else c for i, c in enumerate(word))


def _spelled(word: str, rng: random.Random) -> str:
    return rng.choice(" .-").join(word)


def _starred(word: str, rng: random.Random) -> str:
    vowels = [i for i in range(1, len(word)) if word[i].lower() in "aeiou"]
    at = vowels[0] if vowels else 1
    return word[:at] + "*" + word[at + 1 :]


def _drawn_out(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word))
    return word[:at] + word[at] * rng.randint(2, 3) + word[at:]


#: By name: the edits of a text in the order of being made, and its number of units.
FAMILIES: dict[str, Callable[[str, _Words, random.Random], _Edits]] = {
    "scanning": _scanned,
    "keyboard": _typed,
    "spaces": _spaced,
    "deletion": _deleted,
    "substitution": _replaced,
    "evasion": _evasive,
}


def _by_letter(text: str, words: _Words, rng: random.Random, other: Callable[[str], str]) -> _Edits:
    places = [at for a, b in words for at in range(a, b) if text[at].lower() in _BESIDE]
    rng.shuffle(places)
    edits = []
    for at in places:
        letter = other(text[at].lower())
        edits.append(Edit(at, at + 1, letter.upper() if text[at].isupper() else letter))
    return edits, _count_letters(text, words)


def _count_letters(text: str, words: _Words) -> int:
    return sum(text[at].isalpha() for a, b in words for at in range(a, b))


def _applied(text: str, start: int, end: int, edits: Sequence[Edit]) -> str:
    """Characters ``start`` to ``end`` of ``text`` after the edits that lie in them."""
    parts, at = [], start
    for edit in edits:
        if start <= edit.start and edit.end <= end:
            parts += [text[at : edit.start], edit.after]
            at = edit.end
    return "".join([*parts, text[at:end]])


@lru_cache(maxsize=1000)
def _loaded(text: str) -> tuple[tuple[int, int], ...]:
    """Start and end of what the lexicon finds in ``text``."""
    from srllm_data.lexicon import find_spans
    from srllm_data.nlp import parse

    return tuple((s.start, s.end) for doc in parse([text]) for s in find_spans(doc))
