"""Held-back rows that rewriters are compared on, and the scores of what they make of them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joint_score import PARTS, Scorer, paired_bootstrap

from srllm_data.config import RedactConfig, ValidateConfig
from srllm_data.validate import judge, measure
from srllm_train import embedded
from srllm_train.evaluation import own
from srllm_train.gated import labelled, rewritten
from srllm_train.pairs import Pair

CASES = own.HELD_BACK
#: Functions of HateCheck (Röttger et al. 2021) whose texts need no change.
_UNCHANGED = (
    "ident_neutral_nh ident_pos_nh counter_quote_nh counter_ref_nh negate_neg_nh slur_homonym_nh"
).split()


@dataclass(frozen=True)
class Row:
    """A text and a person's rewrite; ``control`` where it is to come back unchanged."""

    id: str
    source: str
    text: str
    reference: str
    control: bool


def held_back(data: Path, each: int) -> list[Row]:
    """At most ``each`` rows of every source, none of which a rewriter or labeller learned from."""
    held = embedded.held_back(data, embedded.OWN / "labelled")
    found: dict[str, list[Row]] = {"own": [], "own controls": []}
    for number, line in enumerate(CASES.read_text("utf-8").splitlines()):
        pair = json.loads(line)
        same = pair["text"] == pair["rewrite"]
        source = "own controls" if same else "own"
        found[source].append(Row(f"own {number}", source, pair["text"], pair["rewrite"], same))
    for source, pairs in (
        ("paradetox", embedded.paradetox(data)),
        ("wiki_neutrality", embedded.wiki(data)),
    ):
        found[source] = [
            Row(p.id, source, p.text, p.rewrite, False)
            for p in pairs
            if p.id in held and not p.control
        ]
    found["hatecheck"] = [
        Row(f"hatecheck {r['case_id']}", "hatecheck", t := r["test_case"].strip(), t, True)
        for r in _lines(data / "benchmarks/hatecheck.jsonl")
        if r["functionality"] in _UNCHANGED
    ]
    found["babe"] = [
        Row(f"babe {r['id']}", "babe", t := " ".join(r["text"].split()), t, True)
        for r in _lines(data / "mediabias/babe.jsonl")
        if r["label_bias"] == "Non-biased" and r["label_opinion"] == "Entirely factual"
    ]
    return [row for rows in found.values() for row in sorted(rows, key=_order)[:each]]


def _order(row: Row) -> bytes:
    return hashlib.sha256(row.id.encode()).digest()


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


class Scores:
    """J, the gates' verdicts and what came back unchanged, row by row.

    learned: pairs that the style classifier of J learns both sides of, by source.
    """

    def __init__(self, rows: Sequence[Row], learned: dict[str, Sequence[Pair]]) -> None:
        self.rows = list(rows)
        self._biased = [r for r in rows if not r.control]
        self._labelled = labelled([r.text for r in self._biased])
        self._scorers = {
            source: Scorer([p.text for p in pairs], [p.rewrite for p in pairs])
            for source, pairs in learned.items()
        }

    def of(self, said: dict[str, str | None]) -> dict[str, dict[str, float]]:
        """Scores of each row by id: sta, sim, fl, j, accepted, kept for biased ones, else same.

        accepted, kept: by the gates as they are set, and with accept_deletions. A missing or empty
        rewrite scores 0 on everything.
        """
        found: dict[str, dict[str, float]] = {}
        for source, scorer in self._scorers.items():
            some = [r for r in self._biased if r.source == source]
            scored = scorer.score([r.text for r in some], [said[r.id] for r in some])
            found |= {r.id: s for r, s in zip(some, scored, strict=True)}
        answers = [said[r.id] or "" for r in self._biased]
        signals = measure(
            rewritten(self._labelled, answers), RedactConfig(), None, ValidateConfig()
        )
        for row, of_row in zip(self._biased, signals["signals"].to_pylist(), strict=True):
            values = {s["name"]: s["value"] for s in of_row}
            found[row.id]["accepted"] = float(judge(values, ValidateConfig()).verdict == "accept")
            lenient = judge(values, ValidateConfig(accept_deletions=True))
            found[row.id]["kept"] = float(lenient.verdict == "accept")
        for row in self.rows:
            if row.control:
                same = (said[row.id] or "").split() == row.text.split()
                found[row.id] = {"same": float(same)}
        return found


def summary(rows: Sequence[Row], scores: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Means with 95 % bootstrap intervals: of all rows, J by source, and EQ.

    eq: harmonic mean of ``kept`` and ``same`` (after EREN, Chen et al. 2024).
    """
    biased = [scores[r.id] for r in rows if not r.control]
    same = np.array([scores[r.id]["same"] for r in rows if r.control])
    rng = np.random.default_rng(1)
    found: dict[str, Any] = {}
    for part in (*PARTS, "accepted", "kept"):
        found[part] = _interval(np.array([s[part] for s in biased]), rng)
    found["same"] = _interval(same, rng)
    kept = np.array([s["kept"] for s in biased])
    a = kept[rng.integers(0, len(kept), (2000, len(kept)))].mean(axis=1)
    b = same[rng.integers(0, len(same), (2000, len(same)))].mean(axis=1)
    drawn = 2 * a * b / np.maximum(a + b, 1e-9)
    mean = 2 * kept.mean() * same.mean() / max(1e-9, kept.mean() + same.mean())
    found["eq"] = [round(float(v), 3) for v in (mean, *np.percentile(drawn, [2.5, 97.5]))]
    for source in dict.fromkeys(r.source for r in rows):
        part = "same" if source in ("own controls", "hatecheck", "babe") else "j"
        some = [scores[r.id][part] for r in rows if r.source == source]
        found[f"{part} {source}"] = round(float(np.mean(some)), 3)
    return found


def compare(
    rows: Sequence[Row], a: dict[str, dict[str, float]], b: dict[str, dict[str, float]], part: str
) -> list[float]:
    """Mean of ``b - a`` over the rows that have ``part``, with its 95 % interval."""
    ids = [r.id for r in rows if part in a[r.id]]
    return [
        round(v, 3) for v in paired_bootstrap([a[i][part] for i in ids], [b[i][part] for i in ids])
    ]


def _interval(values: Any, rng: Any) -> list[float]:
    means = values[rng.integers(0, len(values), (2000, len(values)))].mean(axis=1)
    return [round(float(v), 3) for v in (values.mean(), *np.percentile(means, [2.5, 97.5]))]
