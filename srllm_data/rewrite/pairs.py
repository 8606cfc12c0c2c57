"""The pair bank: texts with good rewrites, the nearest of which are shown to the model."""

import hashlib
import json
import logging
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

from srllm_data.config import RewriteConfig
from srllm_data.errors import ConfigError, shown
from srllm_data.progress import note

By = Literal["bm25", "embedding", "both", "random"]
#: Whether the row with this source and key is for evaluation.
HeldBack = Callable[[str, str], bool]

#: A pair that shares this much of its word trigrams with a text is taken for that text.
SAME_TEXT = 0.8

#: Splits that are for evaluation: their pairs are never shown.
HELD_BACK = ("validation", "test")
#: Reciprocal rank fusion (Cormack et al. 2009): 1 / (60 + rank), added up.
_FUSION = 60


@dataclass(frozen=True)
class Pair:
    """A text and its rewrite; source and key name the row it was made from, where known.

    cluster: the id of the row's duplicate cluster, where known.
    """

    text: str
    rewrite: str
    source: str | None = None
    key: str | None = None
    cluster: str | None = None


class PairBank:
    """Finds the pairs whose texts are nearest to a text, by BM25 over words or by embeddings."""

    def __init__(self, pairs: list[Pair]) -> None:
        first: dict[str, Pair] = {}
        for pair in pairs:
            if _words(pair.text):
                first.setdefault(_normal(pair.text), pair)
        self._pairs = list(first.values())
        self._forms = [(_Form(p.text), _Form(p.rewrite)) for p in self._pairs]
        self._vectors: Any = None
        #: For each word the places of the pairs that hold it, and its BM25 score in each.
        self._scores: dict[str, tuple[Any, Any]] = {}
        if self._pairs:
            import bm25s

            logging.getLogger("bm25s").setLevel(logging.WARNING)
            index = bm25s.BM25()
            index.index([_words(p.text) for p in self._pairs], show_progress=False)
            places, scores, starts = (index.scores[n] for n in ("indices", "data", "indptr"))
            words = sorted(index.vocab_dict, key=index.vocab_dict.__getitem__)
            # Its vocabulary ends with an empty word, which has no scores.
            for word, (start, end) in zip(words, pairwise(starts), strict=False):
                self._scores[word] = (places[start:end], scores[start:end])

    @classmethod
    def load(cls, paths: list[str]) -> "PairBank":
        """Read pairs from ``own`` (srllm's), from release folders and from JSONL files.

        Of a release come the training rows that a curator accepted or edited. A JSONL file holds
        ``{"text", "rewrite"}``, optionally with ``source``, ``key`` and ``split``; pairs of an
        evaluation split are left out. Raises ConfigError, naming file and line, for a pair that
        cannot be used.
        """
        return _bank(tuple((path, digest(path)) for path in paths))

    def nearest(
        self,
        text: str,
        count: int,
        source: str | None = None,
        key: str | None = None,
        cluster: str | None = None,
        by: By = "bm25",
        held_back: HeldBack | None = None,
    ) -> list[Pair]:
        """Up to ``count`` pairs, nearest first; equally near ones in the order of the bank.

        Leaves out pairs that hold ``text`` itself or nearly so on either side, the pairs that were
        made from row ``key`` of ``source`` or from its ``cluster``, and those made from a row for
        whose source and key ``held_back`` holds.
        """
        if not self._pairs or not count:
            return []
        own = _Form(text)
        found: list[Pair] = []
        for i in self._order(text, own.words, by):
            pair = self._pairs[i]
            made_from_it = pair.key is not None and (pair.source, pair.key) == (source, key)
            made_from_it |= pair.cluster is not None and pair.cluster == cluster
            if pair.source and pair.key and held_back and held_back(pair.source, pair.key):
                continue
            if not made_from_it and not any(own.same(form) for form in self._forms[i]):
                found.append(pair)
                if len(found) == count:
                    break
        return found

    def nearest_of(
        self,
        rows: list[dict[str, Any]],
        config: RewriteConfig,
        held_back: HeldBack | None = None,
    ) -> list[list[Pair]]:
        """The examples for each of ``rows`` (text, source, source_key, cluster)."""
        return [
            self.nearest(
                r["text"],
                config.examples,
                r["source"],
                r["source_key"],
                r["cluster"],
                config.examples_by,
                held_back,
            )
            for r in rows
        ]

    def _order(self, text: str, words: list[str], by: By) -> Any:
        """Places of all pairs, nearest first."""
        if by == "random":
            return random.Random(text).sample(range(len(self._pairs)), len(self._pairs))  # noqa: S311
        lexical = self._lexical(words)
        if by == "bm25":
            return np.argsort(-lexical, kind="stable")
        from srllm_data.local_models.embedding import embed

        if self._vectors is None:
            note(f"embedding {len(self._pairs):,} pairs")
            self._vectors = embed([p.text for p in self._pairs])
        near = self._vectors @ embed([text])[0]
        if by == "embedding":
            return np.argsort(-near, kind="stable")
        fused = np.zeros(len(self._pairs))
        for scores in (lexical, near):
            fused[np.argsort(-scores, kind="stable")] += 1 / (
                _FUSION + np.arange(1, len(self._pairs) + 1)
            )
        return np.argsort(-fused, kind="stable")

    def _lexical(self, words: list[str]) -> Any:
        """BM25 scores of all pairs; one pass over the postings, as get_scores of bm25s has many."""
        found = [self._scores[w] for w in words if w in self._scores]
        if not found:
            return np.zeros(len(self._pairs))
        places, scores = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        return np.bincount(places, scores, len(self._pairs))


@lru_cache(maxsize=4)
def _bank(places: tuple[tuple[str, str], ...]) -> PairBank:
    """The bank of these places with these digests: made once for all parts of a stage."""
    return PairBank([pair for path, _ in places for pair in _pairs(path)])


def digest(path: str) -> str:
    """SHA-256 over what a place of pairs holds. Raises ConfigError where it cannot be read."""
    return hashlib.sha256(b"".join(_read(file) for file in _files(path))).hexdigest()


class _Form:
    """What of a text decides whether it is the same as another."""

    def __init__(self, text: str) -> None:
        self._normal = _normal(text)
        self.words = words = _words(text)
        self._trigrams = frozenset(zip(words, words[1:], words[2:], strict=False))

    def same(self, other: "_Form") -> bool:
        if self._normal == other._normal:
            return True
        smaller = min(len(self._trigrams), len(other._trigrams))
        return bool(smaller) and len(self._trigrams & other._trigrams) >= SAME_TEXT * smaller


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _normal(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _files(path: str) -> list[str]:
    if path == "own":
        packaged = Path(__file__).parent / "own_pairs"
        sample = Path(__file__).parents[2] / "data" / "sample" / "rewrites"
        folder = packaged if packaged.is_dir() else sample
        return [str(f) for f in sorted(folder.glob("*.jsonl"))]
    if Path(path).is_dir():
        files = sorted(Path(path).glob("data/train-*.parquet"))
        if not files:
            raise ConfigError(
                f"The folder {path} of rewrite.pairs is no release with a train split; name the "
                f"folder that holds its manifest.json."
            )
        return [str(f) for f in files]
    return [path]


def _pairs(path: str) -> list[Pair]:
    found = []
    for file in _files(path):
        if file.endswith(".parquet"):
            found += _released(file)
            continue
        for number, line in enumerate(_read(file).split(b"\n"), 1):
            if line.strip() and (pair := _pair(line, f"{shown(file)} line {number}")):
                found.append(pair)
    return found


def _released(file: str) -> list[Pair]:
    """The pairs of a release's rows that a curator accepted or edited."""
    import pyarrow.parquet as pq

    columns = ["text", "rewrite", "cluster", "decision"]
    rows = pq.read_table(file, columns=columns, partitioning=None)
    return [
        Pair(r["text"], r["rewrite"], cluster=r["cluster"])
        for r in rows.to_pylist()
        if r["decision"] in ("accept", "edit")
    ]


def _read(path: str) -> bytes:
    import fsspec

    try:
        with fsspec.open(path, "rb") as file:
            data: bytes = file.read()
            return data
    except (OSError, ValueError, ImportError) as error:
        why = (getattr(error, "strerror", None) or str(error)).replace(path, shown(path))
        raise ConfigError(
            f"The pair file {shown(path)} of rewrite.pairs cannot be read ({why}); correct its "
            f"name or its permissions."
        ) from None


def _pair(line: bytes, where: str) -> Pair | None:
    """The pair of a line; None for one of an evaluation split."""
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
    for name in ("source", "key", "split"):
        if not isinstance(record.get(name), str | None):
            raise ConfigError(f"'{name}' in {where} is no string; put it in quotes.")
    if record.get("split") in HELD_BACK:
        return None
    return Pair(record["text"], record["rewrite"], record.get("source"), record.get("key"))
