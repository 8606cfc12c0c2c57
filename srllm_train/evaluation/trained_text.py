"""The text that a system was trained on, and as much held-out text to know what is chance."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from srllm_train.evaluation.overlap import words_of
from srllm_train.evaluation.sources import ordered
from srllm_train.pairs import Material, Pair

_HELD = ("validation", "test")


@dataclass(frozen=True)
class TrainedText:
    """Texts and rewrites, each once.

    whole: the training text. train, held: as many words of it and of held-out text, both empty
    where nothing is held out. tried: how many of the tried texts were in either; they and their
    rewrites are in neither.
    """

    whole: list[str]
    train: list[str]
    held: list[str]
    tried: int


@dataclass(frozen=True)
class Opening:
    """The first words of a rewrite that was learnt (train) or held out (held), and the next."""

    id: str
    kind: str
    shown: str
    to_come: str


def trained_text(material: Material, tried: Sequence[str], seed: int) -> TrainedText:
    """What of ``material`` answers to the texts ``tried`` are compared with."""
    known = {plain(t) for t in tried} - {""}
    whole = _each(material, ("train",), known, seed)
    own = {plain(t) for t in whole}
    held = [t for t in _each(material, _HELD, known, seed) if plain(t) not in own]
    most = min(count_words(whole), count_words(held))
    there = {plain(p.text) for pairs in material.pairs.values() for p in pairs}
    return TrainedText(
        whole,
        _at_most(whole, most),
        _at_most(held, most),
        sum(plain(t) in there for t in tried),
    )


def openings(material: Material, shown: int, to_come: int, seed: int) -> list[list[Opening]]:
    """Openings of the training split and of what is held out, in a fixed order, of as many each.

    Rewrites, since training learns to say these alone. shown, to_come: words. Those that have fewer
    words, or the opening of another, are left out. All of the training split where nothing is held
    out.
    """
    met: set[str] = set()
    train = _openings(material, ("train",), shown, to_come, seed, met)
    held = _openings(material, _HELD, shown, to_come, seed, met)
    most = min(len(train), len(held)) if held else len(train)
    return [train[:most], held[:most]]


def plain(text: str) -> str:
    """``text`` as it is compared with others."""
    return " ".join(words_of(text))


def count_words(texts: Iterable[str]) -> int:
    """Words of all ``texts``."""
    return sum(len(words_of(t)) for t in texts)


def _each(material: Material, splits: Sequence[str], tried: set[str], seed: int) -> list[str]:
    found: dict[str, str] = {}
    for split in splits:
        for pair in _in_order(material, split, seed):
            if plain(pair.text) not in tried:
                found |= {plain(t): t for t in (pair.text, pair.rewrite)}
        for choice in material.preferences.get(split, []):
            if plain(choice.text) not in tried:
                found |= {plain(t): t for t in (choice.chosen, choice.rejected)}
    return [text for same, text in found.items() if same]


def _openings(
    material: Material, splits: Sequence[str], shown: int, to_come: int, seed: int, met: set[str]
) -> list[Opening]:
    found = []
    for split in splits:
        for pair in _in_order(material, split, seed):
            words = pair.rewrite.split()
            first, rest = " ".join(words[:shown]), " ".join(words[shown:])
            if len(words_of(rest)) >= to_come and plain(first) not in met:
                met.add(plain(first))
                kind = "train" if split == "train" else "held"
                found.append(Opening(f"{split} {pair.id}", kind, first, rest))
    return found


def _in_order(material: Material, split: str, seed: int) -> list[Pair]:
    return ordered(material.pairs.get(split, []), lambda pair: pair.id, seed)


def _at_most(texts: Sequence[str], words: int) -> list[str]:
    kept, count = [], 0
    for text in texts:
        count += len(words_of(text))
        if count > words:
            break
        kept.append(text)
    return kept
