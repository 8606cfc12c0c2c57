"""Vectors of tokens from the parser's networks, with each word's part of them computed once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from spacy.tokens import Doc

Floats = npt.NDArray[np.float32]

#: Words whose vectors are remembered; more begin again. Bounds the memory only.
_REMEMBERED = 50_000
#: Pieces whose vectors are computed together; alike in length, as they are padded.
_TOGETHER = 64
#: Words on each side that a vector depends on.
REACH = 4


class Vectors:
    """What the ``tok2vec`` of a component gives: a network over words, then one over neighbours."""

    def __init__(self, tok2vec: Any) -> None:
        words, neighbours = tok2vec.layers
        extract, _, embed, mix, _ = words.layers
        self._columns = extract.attrs["columns"]
        self._of_words = (embed, mix)
        self._of_neighbours = neighbours
        self._places: dict[tuple[int, ...], int] = {}
        self._known: Floats = np.zeros((0, tok2vec.get_dim("nO")), dtype=np.float32)

    def __call__(self, pieces: Sequence[tuple["Doc", int, int]]) -> list[Floats]:
        """Vectors of ``doc[start:end]`` for each piece; exact ``REACH`` words inside of a cut."""
        if len(self._places) > _REMEMBERED:
            self._places, self._known = {}, self._known[:0]
        rows = [self._rows(doc)[start:end] for doc, start, end in pieces]
        self._learn([row for piece in rows for row in piece])
        words = [np.array([self._places[row] for row in piece], np.intp) for piece in rows]
        found: list[Floats] = [self._known[:0]] * len(pieces)
        order = sorted(range(len(pieces)), key=lambda n: len(words[n]))
        for first in range(0, len(order), _TOGETHER):
            some = order[first : first + _TOGETHER]
            vectors = self._of_neighbours.predict([self._known[words[n]] for n in some])
            for n, of_piece in zip(some, vectors, strict=True):
                found[n] = of_piece
        return found

    def _rows(self, doc: "Doc") -> list[tuple[int, ...]]:
        return list(map(tuple, doc.to_array(self._columns).tolist()))

    def _learn(self, rows: list[tuple[int, ...]]) -> None:
        new = [row for row in dict.fromkeys(rows) if row not in self._places]
        if new:
            mixed = np.array(new, dtype=np.uint64)
            for layer in self._of_words:
                mixed = layer.predict(mixed)
            self._places |= {row: len(self._known) + n for n, row in enumerate(new)}
            self._known = np.concatenate([self._known, mixed])
