"""Spellings that hide a word from a filter: "f u c k", "sh1t", "b*tch", Cyrillic look-alikes."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from srllm_data.lexicon.entry import Entry, entries

_HIDDEN = ("profanity", "slur", "insult")
_LEET = str.maketrans("013457@$!+€", "oieastasite")
_LOOKALIKES = str.maketrans(
    "абвеёзікмнопрстухсѕјһԁԛԝցոαβεικνορτυχγωıɡ",
    "abbeesikmhonpctyxcsjhdqwgnabeiknoptuxywig",
)
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_SPACED = re.compile(r"(?<![\w'’])[^\W\d_](?:[ .\-_*]{1,2}[\w@$!]){2,}(?![\w'’])")
_CHUNK = re.compile(r"[^\s/,;:?\"“”()\[\]]+")
_RUN = re.compile(r"(.)\1{2,}")


def evasive_spellings(text: str) -> Iterator[tuple[int, int, Entry]]:
    """Start, end and entry of every profanity, slur or insult in a disguised spelling."""
    for found in _SPACED.finditer(text):
        entry = _plain_words().get(_fold(re.sub(r"[ .\-_*]", "", found.group())))
        if entry:
            yield found.start(), found.end(), entry
    for found in _CHUNK.finditer(text):
        chunk = found.group()
        if chunk.isascii() and chunk.isalpha() and not _RUN.search(chunk):
            continue
        core = chunk.strip(".!'‘’-_~")
        if core.startswith("*") and core.endswith("*"):
            core = core.strip("*")
        entry = _disguised(core)
        if entry:
            start = found.start() + chunk.index(core)
            yield start, start + len(core), entry


def _disguised(word: str) -> Entry | None:
    if len(word) < 3 or (word.isascii() and word.isalpha() and not _RUN.search(word)):
        return None
    if not any(c.isalpha() for c in word) or sum(c.isdigit() for c in word) > len(word) / 2:
        return None
    if "*" in word or "#" in word.strip("#"):
        return _censored(word.lower())
    folded = _fold(word)
    plain = _plain_words()
    for spelling in (folded, re.sub(r"[.\-_]", "", folded)):
        for squeezed in (spelling, _RUN.sub(r"\1\1", spelling), _RUN.sub(r"\1", spelling)):
            if squeezed in plain:
                return plain[squeezed]
    return None


def _fold(word: str) -> str:
    word = unicodedata.normalize("NFKD", word.translate(_INVISIBLE))
    word = "".join(c for c in word if not unicodedata.combining(c)).lower()
    return word.translate(_LOOKALIKES).translate(_LEET)


@lru_cache(maxsize=10_000)
def _censored(word: str) -> Entry | None:
    """The entry of a word with letters starred out; profanity first where several fit."""
    letters = re.sub(r"[*#]", "", word)
    if not word[0].isalpha() or not letters.isalpha() or len(word) < 4:
        return None
    pattern = re.compile(re.sub(r"(?:\\\*|\\\#)+", _gap, re.escape(word)))
    fitting = [f for f in _plain_words() if len(f) >= 4 and pattern.fullmatch(f)]
    by_length = sorted(fitting, key=lambda f: (abs(len(f) - len(word)), len(f)))
    return _plain_words()[by_length[0]] if by_length else None


def _gap(stars: re.Match[str]) -> str:
    count = stars.group().count("*") + stars.group().count("#")
    return f".{{1,{count + 1}}}"


@lru_cache(maxsize=1)
def _plain_words() -> dict[str, Entry]:
    from srllm_data.lexicon.inflect import surface_forms

    words: dict[str, Entry] = {}
    hidden = [e for e in entries().values() if e.label in _HIDDEN]
    for entry in sorted(hidden, key=lambda e: _HIDDEN.index(e.label)):
        for form in surface_forms(entry):
            if len(form) >= 3 and form.isalpha():
                words.setdefault(form, entry)
    return words
