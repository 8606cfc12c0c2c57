"""The pair bank: texts with good rewrites, the nearest of which are shown to the model."""

import hashlib
import json
import re
from dataclasses import dataclass

import numpy as np

from srllm_data.errors import ConfigError

#: A pair that shares this much of its word trigrams with a text is taken for that text.
SAME_TEXT = 0.8


@dataclass(frozen=True)
class Pair:
    """A text and its rewrite; source and key name the row it was made from, where known."""

    text: str
    rewrite: str
    source: str | None = None
    key: str | None = None


class PairBank:
    """Finds the pairs whose texts are nearest to a text, by BM25 over words."""

    def __init__(self, pairs: list[Pair]) -> None:
        first: dict[str, Pair] = {}
        for pair in pairs:
            if _words(pair.text):
                first.setdefault(_normal(pair.text), pair)
        self._pairs = list(first.values())
        self._forms = [(_Form(p.text), _Form(p.rewrite)) for p in self._pairs]
        self._index = None
        if self._pairs:
            import bm25s

            self._index = bm25s.BM25()
            self._index.index([_words(p.text) for p in self._pairs], show_progress=False)

    @classmethod
    def load(cls, paths: list[str]) -> "PairBank":
        """Read JSONL files of ``{"text", "rewrite"}``, optionally with ``source`` and ``key``.

        Raises ConfigError, naming file and line, for a pair that cannot be used.
        """
        return cls(
            [
                _pair(line, f"{path} line {number}")
                for path in paths
                for number, line in enumerate(_read(path).split(b"\n"), 1)
                if line.strip()
            ]
        )

    def nearest(
        self, text: str, count: int, source: str | None = None, key: str | None = None
    ) -> list[Pair]:
        """Up to ``count`` pairs, nearest first; equally near ones in the order of the bank.

        Leaves out pairs that hold ``text`` itself or nearly so on either side, and the pair that
        was made from row ``key`` of ``source``.
        """
        words = _words(text)
        if self._index is None or not count:
            return []
        scores = self._index.get_scores(words) if words else np.zeros(len(self._pairs))
        own = _Form(text)
        found: list[Pair] = []
        for i in np.argsort(-scores, kind="stable"):
            pair = self._pairs[i]
            made_from_it = pair.key is not None and (pair.source, pair.key) == (source, key)
            if not made_from_it and not any(own.same(form) for form in self._forms[i]):
                found.append(pair)
                if len(found) == count:
                    break
        return found


def digest(path: str) -> str:
    """SHA-256 of a pair file. Raises ConfigError where it cannot be read."""
    return hashlib.sha256(_read(path)).hexdigest()


class _Form:
    """What of a text decides whether it is the same as another."""

    def __init__(self, text: str) -> None:
        self._normal = _normal(text)
        words = _words(text)
        self._trigrams = frozenset(zip(words, words[1:], words[2:], strict=False))

    def same(self, other: "_Form") -> bool:
        if self._normal == other._normal:
            return True
        smaller = min(len(self._trigrams), len(other._trigrams))
        return bool(smaller) and len(self._trigrams & other._trigrams) >= SAME_TEXT * smaller


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _normal(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _read(path: str) -> bytes:
    import fsspec

    try:
        with fsspec.open(path, "rb") as file:
            data: bytes = file.read()
            return data
    except (OSError, ValueError, ImportError) as error:
        raise ConfigError(
            f"The pair file {path} of rewrite.pairs cannot be read "
            f"({getattr(error, 'strerror', None) or error}); correct its name or its permissions."
        ) from None


def _pair(line: bytes, where: str) -> Pair:
    try:
        record = json.loads(line)
        json.dumps(record, ensure_ascii=False).encode()  # half a surrogate pair cannot be sent
    except (ValueError, RecursionError):
        raise ConfigError(f"{where} is not JSON in UTF-8; correct or remove the line.") from None
    if not isinstance(record, dict):
        raise ConfigError(f"{where} is no JSON object; write one with text and rewrite.")
    for name in ("text", "rewrite"):
        value = record.get(name)
        if not isinstance(value, str) or not _normal(value):
            raise ConfigError(f"{where} has no words in '{name}'; add them or remove the line.")
    for name in ("source", "key"):
        if not isinstance(record.get(name), str | None):
            raise ConfigError(f"'{name}' in {where} is no string; put it in quotes.")
    return Pair(record["text"], record["rewrite"], record.get("source"), record.get("key"))
