"""The label stage: what every labeller says of a row, one label of it on each axis, and its way.

Annotate, then decide: what the labellers say is stored, so that a threshold that changes makes
none of them read a text again.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from srllm_data.labellers import AXES, Axis, Opinion
from srllm_data.labellers.annotate import LEARNED, annotate, record, versions
from srllm_data.labellers.combine import agreement, answers_of, dawid_skene, weighted, weights_of
from srllm_data.labellers.select import priority, select
from srllm_data.schema import (
    BIAS,
    HARM,
    SENTIMENT,
    TARGET_GROUPS,
    TOXICITY,
    StageOutput,
    drop,
    dropped_table,
    schema_after,
)

if TYPE_CHECKING:
    from srllm_data.config import LabelConfig

#: Answers of each axis, the least of it first.
ANSWERS: dict[Axis, tuple[str, ...]] = {
    "bias": BIAS,
    "toxicity": TOXICITY,
    "sentiment": SENTIMENT,
    "harm": HARM,
}

Annotate = Callable[[list[str], "LabelConfig"], pa.Table]


def label(
    rows: pa.Table,
    config: "LabelConfig",
    ledger_path: Path | None = None,
    annotating: Annotate = annotate,
) -> StageOutput:
    """Write the columns of the label stage beside every row; drop what nobody can use.

    ledger_path: the request ledger, needed where ``config`` names raters. annotating:
    ``annotate``, or what reads its stored output. Scores go from 0 to 1, sentiment
    from -1 to 1. A control is a row without bias and toxicity and with low harm: it needs no
    rewrite. Dropped as filtered: ``spam``, ``unintelligible``, and ``not_selected`` beyond
    ``most_rows``. A row on which nobody has an answer on an axis ends as failed, ``unlabelled``.
    facts: rows by label value, target group, use of a finding, controls, and opinions that were
    no answer, by labeller and outcome.
    """
    texts = [text or "" for text in rows["text"].to_pylist()]
    annotated = annotating(texts, config).to_pylist()
    spent = _ask_raters(texts, annotated, config, ledger_path)
    scores, answers = _combined(annotated, config)
    by = _labellers(config)
    labels = [_columns(found, scores[n], answers[n], by) for n, found in enumerate(annotated)]
    problems = [_unusable(found, row, config) for found, row in zip(annotated, labels, strict=True)]
    ids = rows["id"].to_pylist()
    if config.most_rows is not None:
        wanted = [n for n, row in enumerate(labels) if not (problems[n] or row["control"])]
        chosen = select([labels[n] | {"id": ids[n]} for n in wanted], config)
        for n in wanted:
            if ids[n] not in chosen:
                problems[n] = "filtered", "not_selected", "beyond label.most_rows"
    kept = [n for n, problem in enumerate(problems) if problem is None]
    written = pa.Table.from_pylist([labels[n] for n in kept], schema=_written_schema())
    table = rows.take(pa.array(kept, pa.int64()))
    for field in written.schema:
        table = table.append_column(field, written[field.name])
    dropped = [drop(ids[n], *p) for n, p in enumerate(problems) if p is not None]
    return StageOutput(
        table.select(schema_after("label").names),
        dropped_table(dropped),
        _facts([labels[n] for n in kept], annotated) | spent,
    )


def rater_agreement(rows: pa.Table, config: "LabelConfig") -> dict[str, dict[str, float | int]]:
    """How far the labellers of ``opinions`` agree, by axis: never an agreement of people."""
    opinions = [of_row or [] for of_row in rows["opinions"].to_pylist()]
    found: dict[str, dict[str, float | int]] = {}
    for axis in AXES:
        votes, names = _votes(opinions, axis, config)
        if len(names) > 1:
            found[axis] = agreement(votes, len(ANSWERS[axis]), ordered=axis != "bias")
    return found


def _ask_raters(
    texts: list[str],
    annotated: list[dict[str, Any]],
    config: "LabelConfig",
    ledger_path: Path | None,
) -> dict[str, object]:
    """Add the raters' opinions on rows that are worth asking for; returns what they took."""
    if not config.raters:
        return {}
    from srllm_data.labellers.raters import rate
    from srllm_data.provider.session import spent

    assert ledger_path is not None
    weights = weights_of(config)
    worth = [
        n
        for n, found in enumerate(annotated)
        if priority(found["opinions"], weighted(found["opinions"], weights)) >= config.ask_from
        and found["spam"] <= config.max_spam
        and found["unintelligible"] <= config.max_unintelligible
    ]
    said, counts = rate([texts[n] for n in worth], config.raters, ledger_path)
    for rater, opinions in zip(config.raters, said, strict=True):
        told = dict(zip(worth, opinions, strict=True))
        for n, found in enumerate(annotated):
            opinion = told.get(n, Opinion("not_asked"))
            found["opinions"].append(record(rater.name, opinion))
            named = {*found["target_groups"], *opinion.groups}
            found["target_groups"] = [g for g in TARGET_GROUPS if g in named]
    return spent(counts)


def _labellers(config: "LabelConfig") -> dict[str, str]:
    """Name and version of every labeller, by its short name."""
    if not config.raters:
        return versions(config)
    from srllm_data.labellers.raters import version

    return versions(config) | {r.name: version(r) for r in config.raters}


def _combined(
    annotated: list[dict[str, Any]], config: "LabelConfig"
) -> tuple[list[dict[Axis, float]], list[dict[Axis, int]]]:
    """Score and place of the answer of each axis, for each row."""
    weights = weights_of(config)
    scores = [weighted(found["opinions"], weights) for found in annotated]
    if config.combine == "weighted":
        return scores, [
            {a: int(answers_of(s, _cuts(a, config))) for a, s in row.items()} for row in scores
        ]
    answers: list[dict[Axis, int]] = [{} for _ in annotated]
    scores = [{} for _ in annotated]
    for axis in AXES:
        votes, _ = _votes([found["opinions"] for found in annotated], axis, config)
        shares = dawid_skene(votes, len(ANSWERS[axis]))
        places = np.linspace(-1 if axis == "sentiment" else 0, 1, shares.shape[1])
        for n in np.flatnonzero(~np.isnan(shares[:, 0])):
            answers[n][axis] = int(shares[n].argmax())
            scores[n][axis] = round(float(shares[n] @ places), 4)
    return scores, answers


def _votes(
    opinions: list[list[dict[str, Any]]], axis: Axis, config: "LabelConfig"
) -> tuple[Any, list[str]]:
    """Places of answers, int [rows, labellers], -1 for none; and the labellers that answer."""
    names = sorted({o["labeller"] for row in opinions for o in row if o[axis] is not None})
    scores = np.full((len(opinions), len(names)), np.nan)
    for n, row in enumerate(opinions):
        for o in row:
            if o[axis] is not None:
                scores[n, names.index(o["labeller"])] = o[axis]
    return answers_of(scores, _cuts(axis, config)), names


def _cuts(axis: Axis, config: "LabelConfig") -> list[float]:
    match axis:
        case "bias":
            return [config.bias_threshold]
        case "toxicity":
            return [config.toxicity_mild, config.toxicity_high]
        case "harm":
            return [config.harm_medium, config.harm_high]
        case "sentiment":
            # At the lower bound itself it is negative.
            return [np.nextafter(-config.sentiment_neutral, 1), config.sentiment_neutral]


def _columns(
    found: dict[str, Any], scores: dict[Axis, float], answers: dict[Axis, int], by: dict[str, str]
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for axis in AXES:
        told = [o["labeller"] for o in found["opinions"] if o[axis] is not None]
        row[axis] = ANSWERS[axis][answers[axis]] if axis in answers else None
        row[f"{axis}_score"] = scores.get(axis)
        row[f"{axis}_by"] = "+".join(by[name] for name in told) or None
    harmless = row["bias"] == "No" and row["toxicity"] == "No"
    learned = row["bias"] == "Yes"
    return row | {
        "target_groups": found["target_groups"],
        "biased_spans": [s for s in found["biased_spans"] if learned or s["use"] != LEARNED],
        "look_alike_score": found["look_alike_score"],
        "opinions": found["opinions"],
        "priority": priority(found["opinions"], scores),
        "control": harmless and row["harm"] == "Low",
    }


def _unusable(
    found: dict[str, Any], row: dict[str, Any], config: "LabelConfig"
) -> tuple[Any, str, str] | None:
    for kind, most in (("spam", config.max_spam), ("unintelligible", config.max_unintelligible)):
        if found[kind] > most:
            return "filtered", kind, f"{kind} {found[kind]:.2f}, at most {most:.2f} wanted"
    if missing := [axis for axis in AXES if row[axis] is None]:
        ends = ", ".join(f"{o['labeller']} {o['outcome']}" for o in found["opinions"])
        return "failed", "unlabelled", f"nobody had an answer on {', '.join(missing)} ({ends})"
    return None


def _written_schema() -> pa.Schema:
    before = set(schema_after("redact").names)
    return pa.schema([f for f in schema_after("label") if f.name not in before])


def _facts(labels: list[dict[str, Any]], annotated: list[dict[str, Any]]) -> dict[str, object]:
    counts: Counter[str] = Counter()
    for row in labels:
        counts.update(f"{axis}={row[axis]}" for axis in AXES)
        counts.update(f"group={g}" for g in row["target_groups"])
        counts.update(f"use={u}" for u in {s["use"] for s in row["biased_spans"]})
        counts["control"] += bool(row["control"])
    for found in annotated:
        counts.update(
            f"{o['labeller']}:{o['outcome']}"
            for o in found["opinions"]
            if o["outcome"] != "answered"
        )
    return dict(sorted(counts.items()))
