"""Labelled texts for the embedded classifiers: what is read, what it says, how it is split.

Openly licensed sets are read at training time from a folder and never shipped; the project's own
texts come with it. Each row of a set says only what its annotators were asked.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: What a classifier may answer, each a yes or no; "negative" and "positive" are the sentiment's.
HEADS = (
    "bias", "toxicity", "harm", "negative", "positive", "look_alike", "spam", "unintelligible"
)  # fmt: skip

Labels = dict[str, float]

#: Lines of our own files that are split together.
_TOGETHER = 12
_USABLE = {"spam": 0.0, "unintelligible": 0.0}


@dataclass(frozen=True)
class Row:
    """One labelled text; ``unit`` is what must not be split: a pair, a topic, near-equal texts.

    spans: characters that annotators marked as biased or hateful, None where nobody was asked.
    """

    text: str
    source: str
    unit: str
    labels: Labels
    groups: tuple[str, ...] | None = None
    spans: tuple[tuple[int, int], ...] | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A set of labelled texts: its file, licence and how its records become rows."""

    name: str
    path: str
    licence: str
    rows: Callable[[dict[str, object]], Iterator[Row]]


def load(folder: Path, own: Path, without: tuple[str, ...] = ()) -> list[Row]:
    """All rows of the sources below ``folder`` and of our own texts in ``own``.

    Raises FileNotFoundError for a source that is not there; leave it out with ``without``.
    """
    rows = [
        row
        for source in SOURCES
        if source.name not in without
        for record in _json_lines(folder / source.path)
        for row in source.rows(record)
    ]
    return rows + own_rows(own)


def own_rows(folder: Path) -> list[Row]:
    """The project's own labelled texts."""
    rows = []
    for path in sorted(folder.glob("*.tsv")):
        name = path.stem
        lines = path.read_text(encoding="utf-8").splitlines()
        names = lines[0].split("\t")
        row = _own if "use" in names else _unusable
        for number, line in enumerate(lines[1:]):
            record = dict(zip(names, line.split("\t"), strict=True))
            # Neighbours belong to one contrast set or one theme.
            rows.append(row(record, f"{name} {number // _TOGETHER}"))
    return rows


def parts(rows: list[Row], test: float = 0.2, calibration: float = 0.1) -> list[str]:
    """ "train", "calibration" or "test" for each row; all rows of a unit together, by its digest.

    Each source is split by itself, so that each has its share in each part.
    """
    where: dict[tuple[str, str], str] = {}
    for source in dict.fromkeys(row.source for row in rows):
        sizes = Counter(row.unit for row in rows if row.source == source)
        left = {"test": test * sizes.total(), "calibration": calibration * sizes.total()}
        for unit in sorted(sizes, key=lambda u: hashlib.sha256(f"{source}\0{u}".encode()).digest()):
            part = next((p for p in left if left[p] > 0), "train")
            if part != "train":
                left[part] -= sizes[unit]
            where[source, unit] = part
    return [where[row.source, row.unit] for row in rows]


def labels_of(rows: list[Row], head: str) -> Any:
    """1, 0 or NaN (nobody was asked) for each row, float64."""
    import numpy as np

    return np.array([row.labels.get(head, np.nan) for row in rows])


def normalised(text: str) -> str:
    """Words in lower case without handles, links, marks of retweets and punctuation."""
    text = re.sub(r"&#?\w+;|https?://\S+|@\w+|\bRT\b", " ", text)
    return " ".join(re.findall(r"\w+", text.lower()))


def _json_lines(path: Path) -> Iterator[dict[str, object]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _babe(r: dict[str, object]) -> Iterator[Row]:
    topics = {"blm": "black lives matter", "vaccines": "vaccine", "gun-control": "gun control"}
    if r["label_bias"] in ("Biased", "Non-biased"):
        topic = str(r["topic"])
        extra = {"outlet": str(r["outlet"]), "id": str(r["id"])}
        labels = {"bias": float(r["label_bias"] == "Biased"), **_USABLE}
        spans = _places(str(r["text"]), r["biased_words"])
        yield Row(str(r["text"]), "babe", topics.get(topic, topic), labels, None, spans, extra)


def _places(text: str, words: object) -> tuple[tuple[int, int], ...]:
    """Where each of ``words`` stands in ``text``, whatever its case."""
    assert isinstance(words, list)
    found = {
        m.span()
        for word in words
        if str(word).strip()
        for m in re.finditer(re.escape(str(word).strip()), text, re.IGNORECASE)
    }
    return tuple(sorted(found))


def _paradetox(r: dict[str, object]) -> Iterator[Row]:
    neutrals = r["neutrals"]
    assert isinstance(neutrals, list)
    yield Row(str(r["toxic"]), "paradetox", str(r["id"]), {"toxicity": 1.0, **_USABLE})
    yield Row(str(neutrals[0]), "paradetox", str(r["id"]), {"toxicity": 0.0, **_USABLE})


def _davidson(r: dict[str, object]) -> Iterator[Row]:
    text, label = str(r["text"]), r["label"]
    labels = {"toxicity": float(label != "neither"), "harm": float(label == "hate_speech")}
    labels |= _USABLE
    if label != "offensive_language":
        labels["bias"] = float(label == "hate_speech")
    yield Row(text, "davidson", normalised(text)[:60], labels, extra={"label": str(label)})


def _hatexplain(r: dict[str, object]) -> Iterator[Row]:
    if r["label"] == "undecided":
        return
    labels = {"toxicity": float(r["label"] != "normal"), "harm": float(r["label"] == "hatespeech")}
    labels |= _USABLE
    # What is offensive may be biased or not; nobody was asked.
    if r["label"] != "offensive":
        labels["bias"] = float(r["label"] == "hatespeech")
    votes: Counter[str] = Counter()
    targets = r["annotator_targets"]
    assert isinstance(targets, list)
    for one in targets:
        votes.update({_TARGETS[t] for t in one if t in _TARGETS})
    groups = tuple(sorted(g for g, n in votes.items() if n >= 2))
    yield Row(str(r["text"]), "hatexplain", str(r["id"]), labels, groups, _rationale(r))


def _rationale(r: dict[str, object]) -> tuple[tuple[int, int], ...] | None:
    """Words that at least half of the annotators marked; nobody is asked about normal posts."""
    marks, tokens = r["rationales"], r["tokens"]
    assert isinstance(marks, list)
    assert isinstance(tokens, list)
    if r["label"] == "normal" or not marks:
        return () if r["label"] == "normal" else None
    found, at = [], 0
    for word, votes in zip(tokens, zip(*marks, strict=True), strict=True):
        if 2 * sum(votes) >= len(votes):
            found.append((at, at + len(word)))
        at += len(word) + 1
    return tuple(found)


_TARGETS = {
    "African": "race_ethnicity", "Arab": "race_ethnicity", "Caucasian": "race_ethnicity",
    "Hispanic": "race_ethnicity", "Asian": "race_ethnicity", "Indigenous": "race_ethnicity",
    "Minority": "race_ethnicity", "Islam": "religion", "Jewish": "religion",
    "Christian": "religion", "Hindu": "religion", "Buddhism": "religion",
    "Nonreligious": "religion", "Women": "gender", "Men": "gender", "Homosexual": "orientation",
    "Heterosexual": "orientation", "Bisexual": "orientation", "Asexual": "orientation",
    "Refugee": "nationality", "Indian": "nationality", "Disability": "disability",
    "Economic": "class",
}  # fmt: skip


def _wiki(r: dict[str, object]) -> Iterator[Row]:
    yield Row(str(r["biased"]), "wiki_neutrality", str(r["id"]), {"bias": 1.0, **_USABLE})
    yield Row(str(r["neutral"]), "wiki_neutrality", str(r["id"]), {"bias": 0.0, **_USABLE})


def _jigsaw(r: dict[str, object]) -> Iterator[Row]:
    harm = float(bool(int(str(r["threat"])) or int(str(r["identity_hate"]))))
    labels = {"toxicity": float(int(str(r["toxic"]))), "harm": harm}
    yield Row(str(r["text"]), "jigsaw", str(r["id"]), labels)


def _own(r: dict[str, str], unit: str) -> Row:
    labels = {
        **_USABLE,
        "bias": float(r["bias"] == "Yes"),
        "toxicity": float(r["toxicity"] != "No"),
        "negative": float(r["sentiment"] == "Negative"),
        "positive": float(r["sentiment"] == "Positive"),
        "look_alike": float(r["use"] not in ("stated", "none")),
    }
    if r["harm"] != "Medium":
        labels["harm"] = float(r["harm"] == "High")
    groups = tuple(g for g in r["groups"].split(",") if g)
    return Row(r["text"], "own", unit, labels, groups, extra=dict(r))


def _unusable(r: dict[str, str], unit: str) -> Row:
    labels = {kind: float(r["kind"] == kind) for kind in ("spam", "unintelligible")}
    return Row(r["text"], "unusable", unit, labels, extra=dict(r))


SOURCES = (
    Source("babe", "mediabias/babe.jsonl", "AGPL-3.0", _babe),
    Source("paradetox", "pairs/paradetox.jsonl", "CC0-1.0", _paradetox),
    Source("davidson", "labelled/davidson.jsonl", "MIT", _davidson),
    Source("hatexplain", "labelled/hatexplain.jsonl", "MIT", _hatexplain),
    Source("wiki_neutrality", "pairs/wiki_neutrality.jsonl", "MIT", _wiki),
    Source("jigsaw", "labelled/jigsaw_sample.jsonl", "Apache-2.0; CC BY-SA 3.0", _jigsaw),
)
