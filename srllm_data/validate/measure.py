"""Signals of every row: measured once, judged later by gates.

Signals of a control: unchanged (1 or 0). Signals of any other row: those of bias below, those of
:mod:`srllm_data.validate.meaning`, ``.form`` and ``.marks``, persons_added and
personal_data_added (findings that the text lacks), deleted_only (words were taken out and nothing
else was done), repeats (different texts of the part with this rewrite) and language_changed.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from srllm_data.lexicon import score
from srllm_data.lexicon.groups import mentioned
from srllm_data.nlp import parse
from srllm_data.progress import advance
from srllm_data.schema import COLUMNS
from srllm_data.validate.form import form, spelling
from srllm_data.validate.groups import groups_lost
from srllm_data.validate.marks import marks
from srllm_data.validate.meaning import meaning
from srllm_data.validate.models import by_models
from srllm_data.validate.pair import Pair, edits

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from srllm_data.config import LabelConfig, RedactConfig, ValidateConfig

#: Rows whose parses are held at once.
_BATCH = 256
#: Labels that a rewrite must not bring in.
_HOSTILE = ("slur", "insult", "dehumanising", "profanity")
#: From which score on a span that stays word for word speaks against a rewrite: weaker ones of the
#: lexicon are loaded in some contexts only, and the encoder often marks what stands beside bias.
_SURE, _SURE_LEARNED = 0.35, 0.8
_WORD = re.compile(r"\w+")
_WORDS = re.compile(r"\w+(?:'\w+)*")
#: Fewer words do not tell a language, and a rewrite that keeps more of them has not changed it.
_LANGUAGE_WORDS = 6
_LANGUAGE_ADDED = 0.5
_LANGUAGE_CONFIDENCE = 0.9

_SIGNALS = pa.schema([("id", pa.string()), ("signals", COLUMNS["signals"].type)])
#: Columns that the signals depend on.
MEASURED = (
    "id",
    "text",
    "language",
    "opinions",
    "biased_spans",
    "control",
    "rewrite",
)


def measure(
    rows: pa.Table,
    redact: "RedactConfig",
    label: "LabelConfig | None" = None,
    validate: "ValidateConfig | None" = None,
) -> pa.Table:
    """Signals of each of ``rows`` (``schema_after("rewrite")``), in their order.

    label: whose labellers on this machine score the rewrites; the default ones if None.
    validate: the models that give more signals (``.models``); none if None.
    Columns: id and signals (``schema.SIGNAL``, rounded to 4 decimals). No threshold is looked at.
    """
    records = rows.select(MEASURED).to_pylist()
    biased = [r for r in records if not r["control"]]
    repeats = _repeats(biased)
    personal = _personal_data(biased, redact)
    read = _read(biased, label)
    measured = []
    for record in records:
        if record["control"]:
            signals: dict[str, float] = {"unchanged": record["rewrite"] == record["text"]}
        else:
            scores, text, rewrite = next(read)
            spans = [s for s in record["biased_spans"] or [] if s["use"] == "used"]
            places = [(s["start"], s["end"]) for s in spans]
            changed = edits(text, rewrite)
            pair = Pair.of(text, rewrite, places, changed)
            signals = {
                **_bias(record, spans, pair, scores),
                **meaning(pair),
                **marks(text.text, rewrite.text),
                **form(text, rewrite, places, changed),
                **next(personal),
                "deleted_only": _deleted_only(text.text, rewrite.text),
                "repeats": repeats[spelling(record["rewrite"] or "")],
            }
            if validate is not None:
                signals |= by_models(text.text, rewrite.text, validate)
            signals["language_changed"] = _language_changed(record, signals)
        measured.append(
            {
                "id": record["id"],
                "signals": [{"name": k, "value": round(float(v), 4)} for k, v in signals.items()],
            }
        )
        advance()
    return pa.Table.from_pylist(measured, schema=_SIGNALS)


def _read(
    biased: list[dict[str, Any]], label: "LabelConfig | None"
) -> "Iterator[tuple[dict[str, float], Doc, Doc]]":
    """Scores, text and rewrite of each row; bias and toxicity of both are by the same labellers.

    Scores go from 0 to 1. Raters at endpoints are not asked about rewrites.
    """
    from srllm_data.config import LabelConfig
    from srllm_data.labellers.annotate import annotate
    from srllm_data.labellers.combine import weighted, weights_of

    config = label or LabelConfig()
    weights = weights_of(config.model_copy(update={"raters": []}))
    for first in range(0, len(biased), _BATCH):
        some = biased[first : first + _BATCH]
        # Trivial systems and careless models give many texts the same rewrite.
        said = dict.fromkeys(t or "" for r in some for t in (r["text"], r["rewrite"]))
        docs = dict(zip(said, parse(said), strict=True))
        rewrites = list(dict.fromkeys(r["rewrite"] or "" for r in some))
        read = annotate(rewrites, config, [docs[t] for t in rewrites])["opinions"].to_pylist()
        opinions = dict(zip(rewrites, read, strict=True))
        for record in some:
            text, rewrite = docs[record["text"] or ""], docs[record["rewrite"] or ""]
            now = opinions[rewrite.text]
            told = [o for o in record["opinions"] or [] if o["labeller"] in weights["bias"]]
            before, after = weighted(told, weights), weighted(now, weights)
            scores = {}
            for axis in ("bias", "toxicity"):
                scores[f"{axis}_before"] = before.get(axis, 0.0)
                scores[f"{axis}_after"] = after.get(axis, 0.0)
            yield scores, text, rewrite


def _bias(
    record: dict[str, Any],
    spans: list[dict[str, Any]],
    pair: Pair,
    labelled: dict[str, float],
) -> dict[str, float]:
    """Scores of text and rewrite (0 to 1) and counts of biased spans that stay or come.

    labelled: scores by the labellers. The higher of theirs and the lexicon's counts: classifiers
    find bias without loaded words, and the lexicon is sure of a word that they weigh lightly.
    groups_lost: target groups that the text names and the rewrite does not.
    """
    before, scores = score(pair.text), score(pair.rewrite)
    sure = _sure(record, pair.text)
    known = {s["entry"] for s in record["biased_spans"] or []}
    return {
        "bias_before": max(labelled["bias_before"], before.bias),
        "bias_after": max(labelled["bias_after"], scores.bias),
        "toxicity_before": max(labelled["toxicity_before"], before.toxicity),
        "toxicity_after": max(labelled["toxicity_after"], scores.toxicity),
        "spans": len(sure),
        "spans_left": _left(sure, record["text"], pair.after),
        "hostile_added": sum(
            s.use == "used" and s.label in _HOSTILE and bool(s.entry) and s.entry not in known
            for s in scores.spans
        ),
        "groups_lost": groups_lost(pair, spans, scores.groups),
    }


def _sure(record: dict[str, Any], text: "Doc") -> list[dict[str, Any]]:
    """Biased spans that a rewrite may hardly keep: surely loaded, and no mere group or name."""
    groups = {i for m in mentioned(text) for i in range(m.first, m.last + 1)}
    spared = {t.idx for t in text if t.i in groups or t.pos_ == "PROPN"}
    return [
        s
        for s in record["biased_spans"] or []
        if (s["use"] == "used" and s["score"] >= _SURE)
        or (s["use"] == "learned" and s["score"] >= _SURE_LEARNED and s["start"] not in spared)
    ]


def _left(spans: list[dict[str, Any]], text: str, rewrite: str) -> int:
    """Biased spans that are still there word for word, beyond unbiased uses of the same words."""
    left = 0
    for words, count in sorted(Counter(s["text"].casefold() for s in spans).items()):
        pattern = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")
        unbiased = max(0, len(pattern.findall(text.casefold())) - count)
        left += min(count, max(0, len(pattern.findall(rewrite.casefold())) - unbiased))
    return left


def _deleted_only(text: str, rewrite: str) -> bool:
    """Whether ``rewrite`` is ``text`` with words taken out, and nothing else."""
    before, after = (
        ["a" if w == "an" else w for w in _WORDS.findall(t.casefold().replace("’", "'"))]
        for t in (text, rewrite)
    )
    words = iter(before)
    return 0 < len(after) < len(before) and all(word in words for word in after)


def _repeats(biased: list[dict[str, Any]]) -> dict[str, int]:
    texts: dict[str, set[str]] = {}
    for r in biased:
        texts.setdefault(spelling(r["rewrite"] or ""), set()).add(spelling(r["text"]))
    return {rewrite: len(of) for rewrite, of in texts.items()}


def _personal_data(
    biased: list[dict[str, Any]], redact: "RedactConfig"
) -> Iterator[dict[str, float]]:
    """Counts of findings in each rewrite that hold a word that its text lacks."""
    from srllm_data.personal_data import find

    rewrites = [r["rewrite"] or "" for r in biased]
    for record, rewrite, findings in zip(biased, rewrites, find(rewrites, redact), strict=True):
        known = set(_WORD.findall(record["text"].casefold()))
        added = [
            f.type
            for f in findings
            if not known.issuperset(_WORD.findall(rewrite[f.start : f.end].casefold()))
        ]
        persons = added.count("PERSON")
        yield {"persons_added": persons, "personal_data_added": len(added) - persons}


def _language_changed(record: dict[str, Any], signals: dict[str, float]) -> bool:
    if signals["words"] < _LANGUAGE_WORDS or signals["added"] < _LANGUAGE_ADDED:
        return False
    language, confidence = identify(record["rewrite"])
    return bool(language != record["language"] and confidence >= _LANGUAGE_CONFIDENCE)


def identify(text: str) -> tuple[str, float]:
    """The language of ``text`` (ISO 639-1) and how sure that is, 0 to 1."""
    language, confidence = _identifier().classify(text)
    return str(language), float(confidence)


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
