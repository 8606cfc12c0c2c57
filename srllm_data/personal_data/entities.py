"""The parser's entities, decoded for all texts of a batch at once.

Outside of an entity the parser's scores for a token depend on that token's vector alone, so one
multiplication gives them for every token; only inside an entity must it go token by token. The
entities are those of the pipeline's own component, in half the time.
"""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from srllm_data.personal_data.vectors import REACH, Floats, Vectors

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc


class Entities:
    """Sets the entities of texts as the component ``ner`` of ``pipeline`` does."""

    def __init__(self, pipeline: "Language") -> None:
        component = pipeline.get_pipe("ner")
        model: Any = component.model  # type: ignore[attr-defined]
        lower, upper = model.get_ref("lower"), model.get_ref("upper")
        tok2vec = model.get_ref("tok2vec")
        self._vectors = Vectors(tok2vec.layers[0])
        self._project = tok2vec.layers[-1]
        moves = component.moves  # type: ignore[attr-defined]
        self._moves = [moves.get_class_name(n) for n in range(moves.n_moves)]
        self._at = {name: n for n, name in enumerate(self._moves)}
        begin = np.array([name.startswith("B-") for name in self._moves])
        unit = np.array([name.startswith("U-") and name != "U-" for name in self._moves])
        outside = np.array([name == "O" for name in self._moves])
        #: Moves that are allowed at a token, at the last one of a text, and at a space.
        self._allowed = np.stack([begin | unit | outside, unit | outside, outside])
        hiddens, self._pieces = lower.get_dim("nO"), lower.get_dim("nP")
        self._features: Floats = lower.get_param("W").reshape(3, hiddens * self._pieces, -1)
        pad = lower.get_param("pad").reshape(3, -1)
        self._bias: Floats = lower.get_param("b").ravel()
        self._closed_bias: Floats = self._bias + pad[1] + pad[2]
        # Not numpy's own, which would start threads.
        self._multiply = partial(model.ops.gemm, trans2=True)
        self._upper: Floats = upper.get_param("W")
        self._upper_bias: Floats = upper.get_param("b")

    def __call__(self, docs: Sequence["Doc"]) -> None:
        """Set the entities of ``docs``, which have none yet."""
        docs = [d for d in docs if len(d)]
        if not docs:
            return
        from spacy.tokens import Span

        found = self._vectors([(doc, 0, len(doc)) for doc in docs])
        vectors = self._project.predict(np.concatenate(found))
        first = self._moves_outside(vectors, docs)
        inside = np.flatnonzero(first != self._at["O"])
        start = 0
        for doc in docs:
            spans = []
            done = 0
            for at in inside[np.searchsorted(inside, [start, start + len(doc)])[0] :]:
                at = int(at) - start
                if at >= len(doc):
                    break
                if at < done:
                    continue
                kind, label = self._moves[first[start + at]].split("-", 1)
                done = at + 1
                if kind == "B":
                    done = self._end(vectors[start : start + len(doc)], at, label)
                spans.append(Span(doc, at, done, label=label))
            doc.set_ents(spans)
            start += len(doc)

    def _moves_outside(self, vectors: Floats, docs: Sequence["Doc"]) -> npt.NDArray[np.intp]:
        """For every token the best move if no entity is open before it."""
        from spacy.attrs import IS_SPACE

        hidden = self._multiply(vectors, self._features[0]) + self._closed_bias
        hidden = hidden.reshape(len(vectors), -1, self._pieces).max(axis=-1)
        scores = self._multiply(hidden, self._upper) + self._upper_bias
        place = np.concatenate(
            [np.append(2 * (s := d.to_array(IS_SPACE))[:-1], 2 if s[-1] else 1) for d in docs]
        ).astype(np.intp)
        best: npt.NDArray[np.intp] = np.where(
            self._allowed[place], scores, np.float32(-np.inf)
        ).argmax(axis=1)
        return best

    def _end(self, vectors: Floats, start: int, label: str) -> int:
        """Where the entity ends that begins at ``start``."""
        moves = [self._at[f"I-{label}"], self._at[f"L-{label}"]]
        of_start = self._features[1] @ vectors[start] + self._bias
        for at in range(start + 1, len(vectors) - 1):
            hidden = (
                self._features[0] @ vectors[at] + self._features[2] @ vectors[at - 1] + of_start
            )
            best = hidden.reshape(-1, self._pieces).max(axis=-1)
            inside, last = self._upper[moves] @ best + self._upper_bias[moves]
            if last > inside or (last == inside and moves[1] < moves[0]):
                return at + 1
        return len(vectors)


class Tags:
    """Sets the tags of some words as the components ``tok2vec`` and ``tagger`` do."""

    def __init__(self, pipeline: "Language") -> None:
        tagger: Any = pipeline.get_pipe("tagger")
        self._labels = tagger.labels
        self._scores = tagger.model.layers[-1]
        model: Any = pipeline.get_pipe("tok2vec")
        self._vectors = Vectors(model.model)

    def __call__(self, words: Sequence[tuple["Doc", list[int]]]) -> None:
        """Set the tags of ``words``: places in a text, in order."""
        pieces = [(doc, *piece) for doc, places in words for piece in _pieces(places, len(doc))]
        scores = self._scores.predict(self._vectors(pieces)) if pieces else []
        best: dict[int, dict[int, int]] = {}
        for (doc, start, _), of_piece in zip(pieces, scores, strict=True):
            known = best.setdefault(id(doc), {})
            known.update(enumerate(of_piece.argmax(axis=1).tolist(), start))
        for doc, places in words:
            for at in places:
                doc[at].tag_ = self._labels[best[id(doc)][at]]


def _pieces(places: list[int], length: int) -> list[tuple[int, int]]:
    """Parts of a text of ``length`` words that hold ``places`` with ``REACH`` words around each."""
    pieces: list[tuple[int, int]] = []
    for at in places:
        start, end = max(0, at - REACH), min(length, at + REACH + 1)
        if pieces and start <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], end)
        else:
            pieces.append((start, end))
    return pieces


@lru_cache(maxsize=1)
def tags(pipeline: "Language") -> Tags:
    """The one :class:`Tags` of ``pipeline``."""
    return Tags(pipeline)


@lru_cache(maxsize=1)
def entities(pipeline: "Language") -> Entities:
    """The one :class:`Entities` of ``pipeline``."""
    return Entities(pipeline)
