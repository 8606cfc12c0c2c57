"""Runs of words that texts share, such as what a model says and what it was trained on."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from srllm_train.evaluation.style import normal

#: Words of a run at most.
MOST = 64
#: Stand between texts, and for a word that no text has; neither is a word.
_BETWEEN, _UNKNOWN = 1, 2
_FIRST = 3
_SURROGATES = range(0xD800, 0xE000)


class Corpus:
    """Texts whose runs of words can be found fast; case and punctuation do not count.

    A suffix array (Manber and Myers 1993) over the texts, with one character for each word.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._codes: dict[str, str] = {}
        self._text = chr(_BETWEEN).join(self._learned(words_of(t)) for t in texts)
        self._starts = sorted(range(len(self._text)), key=self._from)

    def runs(self, words: Sequence[str]) -> list[int]:
        """At each word, how many words from there on stand in one text in this order, up to 64."""
        said = "".join(self._codes.get(w, chr(_UNKNOWN)) for w in words)
        found = []
        for start in range(len(said)):
            rest = said[start : start + MOST]
            # What begins most alike stands beside the place where it would be put.
            at = bisect_left(self._starts, rest, key=self._from)
            beside = [self._from(i) for i in self._starts[max(at - 1, 0) : at + 1]]
            found.append(max((_same(rest, b) for b in beside), default=0))
        return found

    def _from(self, start: int) -> str:
        return self._text[start : start + MOST]

    def _learned(self, words: Sequence[str]) -> str:
        return "".join(self._codes.setdefault(w, _code(len(self._codes))) for w in words)


def words_of(text: str) -> list[str]:
    """Words of ``text`` in lower case, without punctuation and apostrophes."""
    return normal(text).split()


def shared(
    said: str, source: str, corpus: Corpus, ngrams: Sequence[int]
) -> tuple[int, dict[int, bool]]:
    """What ``said`` has of the corpus and not of ``source``, whose words it may well repeat.

    Returns the words of the longest run, and for each of ``ngrams`` whether so many words in a row
    are shared (n-gram overlap as of Brown et al. 2020, here without the source's own).
    """
    words = words_of(said)
    runs = list(zip(corpus.runs(words), Corpus([source]).runs(words), strict=True))
    longest = max((there for there, own in runs if there > own), default=0)
    return longest, {n: any(there >= n > own for there, own in runs) for n in ngrams}


def recited(said: str, true: str) -> int:
    """How many of the first words of ``true`` are the first words of ``said``."""
    return _same(words_of(said), words_of(true))


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    """How many items both begin with."""
    pairs = zip(one, other, strict=False)
    least = min(len(one), len(other))
    return next((at for at, (a, b) in enumerate(pairs) if a != b), least)


def _code(number: int) -> str:
    at = _FIRST + number
    return chr(at if at < _SURROGATES.start else at + len(_SURROGATES))
