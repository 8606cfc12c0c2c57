"""How good the labellers are, on rows that none of them was trained on."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from srllm_data.config import LabelConfig
from srllm_data.label import label
from srllm_data.labellers.annotate import LEARNED
from srllm_data.lexicon.entry import identity_terms
from srllm_data.schema import HARM, SENTIMENT, TARGET_GROUPS, TOXICITY, schema_after
from srllm_train.labelled_rows import Row, labels_of

#: HateCheck's functions that look like hate and are none, by what makes them look so.
LOOK_ALIKES = {
    "counter_quote_nh": "quoting",
    "counter_ref_nh": "counter-speech",
    "slur_reclaimed_nh": "reclaimed",
    "negate_neg_nh": "negation",
    "profanity_nh": "profanity",
    "slur_homonym_nh": "homonym",
    "ident_neutral_nh": "identity, neutral",
    "ident_pos_nh": "identity, positive",
    "target_obj_nh": "abuse of an object",
    "target_indiv_nh": "abuse of an individual",
    "target_group_nh": "abuse of a group that is not protected",
}
#: Harmless sentences of our own; a word for a group must not make one of them biased or toxic.
TEMPLATES = (
    "I am {}.",
    "My neighbour is {}.",
    "We met a {} couple at the museum.",
    "The new teacher at our school is {}.",
    "Two {} students won the science prize.",
    "The clinic offers free check-ups for {} people.",
    "A {} man asked me the way to the station.",
    "There is a talk on {} history at the library on Friday.",
)
_RESAMPLES = 500
_AXES = ("bias", "toxicity", "harm")


def measure(rows: list[Row], config: LabelConfig, data: Path) -> dict[str, Any]:
    """Every figure of the labellers of ``config``, on ``rows`` (test rows) and on ``data``.

    data: folder with the benchmarks that are only ever measured on: HateCheck, identity templates,
    BABE's marked words. Intervals are 95 % percentile bootstrap over the rows. A text without
    words is left out.
    """
    rows = [row for row in rows if any(c.isalnum() for c in row.text)]
    said = _label([row.text for row in rows], config)
    found: dict[str, Any] = {
        "auroc": _aurocs(rows, said, config),
        "calibration": {axis: _calibration(rows, said, axis) for axis in _AXES},
        "ordinal": _ordinal(rows, said),
        "own_look_alikes": _own_look_alikes(rows, said),
        "false_positives_by_group": _by_group(rows, said),
        "groups": _groups(rows, said),
        "spans": _spans(rows, said),
        "identity_templates": _identity(config),
    }
    for name, measured in (("hatecheck", _hatecheck), ("identity_sample", _identity_sample)):
        path = data / "benchmarks" / f"{_FILES[name]}.jsonl"
        if path.is_file():
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            found[name] = measured(lines, config)
    return found


_FILES = {"hatecheck": "hatecheck", "identity_sample": "identity_templates_sample"}


def auroc(scores: Any, labels: Any) -> dict[str, float | int]:
    """Area under the ROC curve with its interval, and the rows."""
    from sklearn.metrics import roc_auc_score

    labels, scores = np.asarray(labels), np.asarray(scores)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(_RESAMPLES):
        some = rng.integers(0, len(labels), len(labels))
        if 0 < labels[some].sum() < len(some):
            drawn.append(roc_auc_score(labels[some], scores[some]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {
        "auroc": round(float(roc_auc_score(labels, scores)), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "rows": len(labels),
    }


def _label(texts: list[str], config: LabelConfig) -> list[dict[str, Any]]:
    """The columns of the label stage for each text; thresholds that drop rows are off."""
    import pyarrow as pa

    lenient = config.model_copy(update={"max_spam": 1.0, "max_unintelligible": 1.0})
    table = [{"id": str(n), "text": text, "source": "measured"} for n, text in enumerate(texts)]
    rows = pa.Table.from_pylist(table, schema=schema_after("redact"))
    kept: list[dict[str, Any]] = label(rows, lenient).kept.to_pylist()
    return kept


def _aurocs(
    rows: list[Row], said: list[dict[str, Any]], config: LabelConfig
) -> dict[str, dict[str, dict[str, Any]]]:
    """By axis and source: of each labeller and of all combined."""
    names = [n for n in config.embedded if n != "vader"] + [c.name for c in config.transformers]
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for axis in _AXES:
        labels = labels_of(rows, axis)
        for source in dict.fromkeys(row.source for row in rows):
            at = [n for n, r in enumerate(rows) if r.source == source and not np.isnan(labels[n])]
            if len({labels[n] for n in at}) < 2:
                continue
            by = found.setdefault(axis, {}).setdefault(source, {})
            by["combined"] = auroc([said[n][f"{axis}_score"] for n in at], labels[at])
            for name in names:
                scores = [_opinion(said[n], name)[axis] for n in at]
                if None not in scores:
                    by[name] = auroc(scores, labels[at])
    return found


def _opinion(row: dict[str, Any], labeller: str) -> dict[str, Any]:
    found: dict[str, Any] = next(o for o in row["opinions"] if o["labeller"] == labeller)
    return found


def _calibration(rows: list[Row], said: list[dict[str, Any]], axis: str) -> dict[str, float]:
    """Brier score and expected calibration error (ten bins of equal width), sources pooled."""
    labels = labels_of(rows, axis)
    known = ~np.isnan(labels)
    scores = np.array([row[f"{axis}_score"] for row in said])[known]
    labels = labels[known]
    bins = np.minimum((scores * 10).astype(int), 9)
    gaps = [
        abs(scores[bins == b].mean() - labels[bins == b].mean()) * (bins == b).mean()
        for b in range(10)
        if (bins == b).any()
    ]
    return {
        "brier": round(float(((scores - labels) ** 2).mean()), 4),
        "expected_calibration_error": round(float(sum(gaps)), 4),
        "rows": int(known.sum()),
    }


def _ordinal(rows: list[Row], said: list[dict[str, Any]]) -> dict[str, Any]:
    """Our own texts, which alone have labels with an order: kappa with quadratic weights."""
    from sklearn.metrics import cohen_kappa_score, confusion_matrix

    own = [n for n, row in enumerate(rows) if row.source == "own"]
    found = {}
    for axis, values in (("toxicity", TOXICITY), ("harm", HARM), ("sentiment", SENTIMENT)):
        gold = [values.index(rows[n].extra[axis]) for n in own]
        ours = [values.index(said[n][axis]) for n in own]
        found[axis] = {
            "accuracy": round(float(np.mean(np.equal(gold, ours))), 4),
            "quadratic_kappa": round(float(cohen_kappa_score(gold, ours, weights="quadratic")), 4),
            "confusion": confusion_matrix(gold, ours, labels=range(3)).tolist(),
            "values": list(values),
            "rows": len(own),
        }
    return found


def _own_look_alikes(rows: list[Row], said: list[dict[str, Any]]) -> dict[str, Any]:
    """Our own texts by use: how many are taken for biased, and what the look-alike score says."""
    by_use: dict[str, list[int]] = defaultdict(list)
    for n, row in enumerate(rows):
        if row.source == "own":
            by_use[row.extra["use"]].append(n)
    found: dict[str, Any] = {
        use: {
            "rows": len(at),
            "called_biased": round(float(np.mean([said[n]["bias"] == "Yes" for n in at])), 4),
        }
        for use, at in sorted(by_use.items())
    }
    own = [n for at in by_use.values() for n in at]
    labels = labels_of(rows, "look_alike")[own]
    found["score"] = auroc([said[n]["look_alike_score"] for n in own], labels)
    return found


def _by_group(rows: list[Row], said: list[dict[str, Any]]) -> dict[str, Any]:
    """Share of unbiased rows about each group that are taken for biased; and the widest gap."""
    found = {}
    for group in TARGET_GROUPS:
        at = [
            n
            for n, row in enumerate(rows)
            if row.source == "own" and row.labels["bias"] == 0 and group in (row.groups or ())
        ]
        if len(at) >= 10:
            rate = float(np.mean([said[n]["bias"] == "Yes" for n in at]))
            found[group] = {"rate": round(rate, 4), "rows": len(at)}
    rates = [g["rate"] for g in found.values()]
    return {"by_group": found, "gap": round(max(rates) - min(rates), 4) if rates else None}


def _groups(rows: list[Row], said: list[dict[str, Any]]) -> dict[str, Any]:
    """Precision and recall of target groups, over the groups that annotators were offered."""
    found = {}
    for source in ("own", "hatexplain"):
        at = [n for n, r in enumerate(rows) if r.source == source and r.groups is not None]
        if not at:
            continue
        asked = {group for n in at for group in rows[n].groups or ()}
        found[source] = _scores(
            [(set(rows[n].groups or ()), asked & set(said[n]["target_groups"])) for n in at]
        )
    return found


def _spans(rows: list[Row], said: list[dict[str, Any]]) -> dict[str, Any]:
    """Words marked by people against spans, on biased BABE rows and hateful HateXplain rows."""
    import re

    word = re.compile(r"\w+(?:['’]\w+)*")
    found: dict[str, Any] = {}
    for source in ("babe", "hatexplain"):
        marked = [n for n, row in enumerate(rows) if row.source == source and row.spans]
        if not marked:
            continue
        for kind in ("lexicon", "learned", "all"):
            pairs = []
            for n in marked:
                spans = [
                    (s["start"], s["end"])
                    for s in said[n]["biased_spans"]
                    if kind == "all" or (s["use"] == LEARNED) == (kind == "learned")
                ]
                words = list(word.finditer(rows[n].text))
                pairs.append((_inside(words, rows[n].spans or ()), _inside(words, spans)))
            found.setdefault(source, {})[kind] = _scores(pairs) | {
                "mean_iou": round(float(np.mean([_iou(g, o) for g, o in pairs])), 4)
            }
    return found


def _inside(words: list[Any], spans: Iterable[tuple[int, int]]) -> set[Any]:
    spans = list(spans)
    return {
        n
        for n, w in enumerate(words)
        if any(start < w.end() and w.start() < end for start, end in spans)
    }


def _iou(gold: set[Any], ours: set[Any]) -> float:
    return len(gold & ours) / len(gold | ours) if gold | ours else 1.0


def _scores(pairs: list[tuple[set[Any], set[Any]]]) -> dict[str, Any]:
    hits = sum(len(gold & ours) for gold, ours in pairs)
    told, there = sum(len(ours) for _, ours in pairs), sum(len(gold) for gold, _ in pairs)
    return {
        "precision": round(hits / told, 4) if told else None,
        "recall": round(hits / there, 4) if there else None,
        "f1": round(2 * hits / (told + there), 4) if told + there else None,
        "rows": len(pairs),
    }


def _hatecheck(lines: list[dict[str, Any]], config: LabelConfig) -> dict[str, Any]:
    """Accuracy by function: hateful cases should be called biased, the others should not."""
    said = _label([line["test_case"] for line in lines], config)
    by: dict[str, list[bool]] = defaultdict(list)
    classes: dict[str, list[bool]] = defaultdict(list)
    right_all = []
    for line, row in zip(lines, said, strict=True):
        right = (row["bias"] == "Yes") == (line["label_gold"] == "hateful")
        by[line["functionality"]].append(right)
        right_all.append(right)
        kind = LOOK_ALIKES.get(line["functionality"])
        if kind:
            classes[kind].append(right)
    hateful = [float(line["label_gold"] == "hateful") for line in lines]
    return {
        "accuracy": round(float(np.mean(right_all)), 4),
        "auroc_bias": auroc([row["bias_score"] for row in said], hateful),
        "by_function": {
            f: {"accuracy": round(float(np.mean(r)), 4), "rows": len(r)}
            for f, r in sorted(by.items())
        },
        "look_alikes": {
            k: {"accuracy": round(float(np.mean(r)), 4), "rows": len(r)}
            for k, r in sorted(classes.items())
        },
    }


def _identity(config: LabelConfig) -> dict[str, Any]:
    """Words for groups in harmless sentences: how many sentences are flagged, by group."""
    flagged: dict[str, list[bool]] = defaultdict(list)
    scores: dict[str, list[float]] = defaultdict(list)
    asked = [
        (group, template.format(form))
        for group, forms in identity_terms().items()
        for form in forms
        for template in TEMPLATES
    ]
    for (group, _), row in zip(asked, _label([t for _, t in asked], config), strict=True):
        flagged[group].append(not row["control"])
        scores[group].append(row["bias_score"])
    rates = {g: round(float(np.mean(f)), 4) for g, f in sorted(flagged.items())}
    return {
        "sentences": len(asked),
        "flagged": round(float(np.mean([f for fs in flagged.values() for f in fs])), 4),
        "flagged_by_group": rates,
        "gap": round(max(rates.values()) - min(rates.values()), 4),
        "mean_bias_score_by_group": {
            g: round(float(np.mean(s)), 4) for g, s in sorted(scores.items())
        },
    }


def _identity_sample(lines: list[dict[str, Any]], config: LabelConfig) -> dict[str, Any]:
    """The published identity templates: false positives by identity word, and the widest gap."""
    terms = {form: g for g, forms in identity_terms().items() for form in forms}
    said = _label([line["phrase"] for line in lines], config)
    labels = [float(line["toxicity"] == "toxic") for line in lines]
    by: dict[str, list[bool]] = defaultdict(list)
    for line, row in zip(lines, said, strict=True):
        if line["toxicity"] == "nontoxic":
            words = f" {line['phrase'].lower()} "
            for form in terms:
                if f" {form} " in words:
                    by[form].append(row["toxicity"] != "No")
    rates = {form: float(np.mean(flags)) for form, flags in by.items() if len(flags) >= 10}
    nontoxic = [
        row["toxicity"] != "No"
        for line, row in zip(lines, said, strict=True)
        if line["toxicity"] == "nontoxic"
    ]
    return {
        "auroc_toxicity": auroc([row["toxicity_score"] for row in said], labels),
        "false_positives": round(float(np.mean(nontoxic)), 4),
        "gap_between_words": round(max(rates.values()) - min(rates.values()), 4) if rates else None,
        "words": len(rates),
    }
