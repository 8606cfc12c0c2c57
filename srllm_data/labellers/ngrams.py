"""The fast tier: a linear classifier over hashed word and character n-grams.

Words that only name a group all count as one and the same word, so which of them a text uses
cannot move its score.
"""

from pathlib import Path
from typing import Any

import numpy as np

from srllm_data.labellers.files import OWN, checked
from srllm_data.labellers.opinion import AXES, EMPTY, Opinion

FILE = "ngrams.safetensors"


class Ngrams:
    """The n-gram classifier of ``folder``.

    Raises ConfigError where its file is missing or altered.
    """

    name = "ngrams"

    def __init__(self, folder: Path = OWN) -> None:
        from safetensors.numpy import load_file

        path, said = checked(folder, FILE)
        tensors = load_file(path)
        self.version = str(said["version"])
        self.heads: list[str] = said["heads"]
        self._identity = tensors["identity"]
        self._idf = tensors["idf"].astype(np.float32)
        self._weights = tensors["weights"].astype(np.float32)
        self._intercept = tensors["intercept"].astype(np.float32)
        self._platt = tensors["platt"].astype(np.float64)

    def margins(self, texts: list[str]) -> Any:
        """Log-odds by text and head before calibration, float32 [texts, heads]."""
        from srllm_data.labellers import ngrams_kernel as kernel

        data, offsets = packed(texts)
        out = np.tile(self._intercept, (len(texts), 1))
        kernel.margins(data, offsets, self._identity, self._idf, self._weights, out)
        return out

    def probabilities(self, texts: list[str]) -> Any:
        """Calibrated probabilities by text and head, float64 [texts, heads]."""
        scale, shift = self._platt
        return 1 / (1 + np.exp(-(self.margins(texts) * scale + shift)))

    def opinions(self, texts: list[str]) -> list[Opinion]:
        """One opinion on each text: bias, toxicity and harm."""
        axes = [(axis, self.heads.index(axis)) for axis in AXES if axis in self.heads]
        return [
            Opinion("answered", {axis: round(float(row[at]), 4) for axis, at in axes})
            if any(c.isalnum() for c in text)
            else EMPTY
            for text, row in zip(texts, self.probabilities(texts), strict=True)
        ]


def packed(texts: list[str]) -> tuple[Any, Any]:
    """UTF-8 of all texts in one uint8 array, and where each begins and ends, int64 [texts + 1]."""
    encoded = [text.encode("utf-8", "replace") for text in texts]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(e) for e in encoded], out=offsets[1:])
    return np.frombuffer(b"".join(encoded) + b"\0", np.uint8), offsets


def identity_hashes(terms: list[str]) -> Any:
    """Sorted hashes, uint64, of the words and pairs of words in ``terms``; longer ones are left."""
    from srllm_data.labellers import ngrams_kernel as kernel

    found = set()
    for term in terms:
        data, offsets = packed([term])
        hashes = np.empty(len(data), np.uint64)
        begins, stops = np.empty(len(data), np.int64), np.empty(len(data), np.int64)
        count = kernel.words_of(data, 0, offsets[1], hashes, begins, stops)
        if count == 1:
            found.add(int(hashes[0]))
        elif count == 2:
            found.add(int(kernel.paired(hashes[0], hashes[1])))
    return np.array(sorted(found), np.uint64)
