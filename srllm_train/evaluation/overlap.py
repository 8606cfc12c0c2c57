"""Runs of words that texts share, such as what a model says and what it was trained on."""

from collections.abc import Iterable, Sequence

from srllm_train.evaluation.style import normal

#: Stand between texts, and for a word that no text has; neither is a word.
_BETWEEN, _UNKNOWN = 1, 2
_FIRST = 3
_SURROGATES = range(0xD800, 0xE000)


class Corpus:
    """Texts whose runs of words can be found fast; case and punctuation do not count."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._codes: dict[str, str] = {}
        # A character a word: finding a run of words is finding a substring.
        self._text = chr(_BETWEEN).join(self._learned(words_of(t)) for t in texts)

    def runs(self, words: Sequence[str]) -> list[int]:
        """At each word, how many words from there on stand in one text in this order."""
        said = "".join(self._codes.get(w, chr(_UNKNOWN)) for w in words)
        found, end = [], 0
        for start in range(len(said)):
            end = max(end, start)
            while end < len(said) and said[start : end + 1] in self._text:
                end += 1
            found.append(end - start)
        return found

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
    count = 0
    for a, b in zip(words_of(said), words_of(true), strict=False):
        if a != b:
            break
        count += 1
    return count


def _code(number: int) -> str:
    at = _FIRST + number
    return chr(at if at < _SURROGATES.start else at + len(_SURROGATES))
