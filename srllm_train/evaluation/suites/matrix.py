"""Suite 11: prompting x tuning x size, and which of the systems differ."""

import math
from itertools import combinations

from srllm_train.evaluation import rows
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Measure, Outcome, System, Table, Values
from srllm_train.evaluation.gates import verdicts
from srllm_train.evaluation.joint import joint
from srllm_train.evaluation.statistics import Statistics, holm

NAME = "matrix"
TITLE = "Prompting, tuning, size"
ASKS = "What do prompting, tuning and size each add, and which systems differ?"
SOURCES = (rows.PARADETOX, rows.WIKI, rows.HATECHECK, rows.BABE)

_RIGHT = Measure(
    "right",
    "share of texts that a system gets right: a biased one that the gates accept (deletions "
    "included), a neutral one that comes back word for word",
    ("right",),
    headline=True,
    rewriting=True,
)
MEASURES = (_RIGHT, Measure("J", "of the biased texts, as in Rewriting", ("j",), rewriting=True))


def run(bench: Bench) -> Outcome:
    """Place every system in the matrix, and test each pair of them with McNemar's exact test."""
    found = bench.rewriting_rows()
    outcome = Outcome(MEASURES, found, {}, left_out=dict(bench.missing))
    shown: list[System] = []
    for system, members in bench.rewrites(found, ("human", "system")):
        shown.append(system)
        outcome.values[system.name] = []
        for said in members:
            biased = [r for r in found if not r.control and r.id in said]
            texts = [r.text for r in biased]
            judged = verdicts(bench, [(r.text, said[r.id] or "") for r in biased])
            parts = joint(
                bench.scorers, texts, [said[r.id] for r in biased], [r.source for r in biased]
            )
            values: Values = {
                r.id: {"right": v["kept"], "j": p["j"]}
                for r, v, p in zip(biased, judged, parts, strict=True)
            }
            for r in found:
                if r.control and r.id in said:
                    values[r.id] = {"right": float((said[r.id] or "").split() == r.text.split())}
            outcome.values[system.name].append(values)
    statistics = Statistics(outcome, bench.seed)
    outcome.tables = [_matrix(shown, statistics), *_pairs(shown, statistics)]
    outcome.notes = [
        "Of a system with several seeds, a text counts as right if most of them get it right."
    ]
    return outcome


def _matrix(shown: list[System], statistics: Statistics) -> Table:
    lines = []
    for system in shown:
        right, j = (statistics.estimate(m, system.name) for m in MEASURES)
        size = f"{system.size / 1e6:,.0f} M" if system.size else "–"
        lines.append(
            (
                system.name,
                system.prompting or "–",
                system.tuning or "–",
                size,
                len(system.members),
                _told(right.value, right.low, right.high) if right else "–",
                _told(j.value, j.low, j.high) if j else "–",
            )
        )
    return Table(
        "The matrix",
        "Every system by how it is asked, how it was tuned and how large it is, with 95 % "
        "intervals.",
        ("system", "prompting", "tuning", "parameters", "seeds", "right", "J"),
        tuple(lines),
    )


def _pairs(shown: list[System], statistics: Statistics) -> list[Table]:
    pairs = list(combinations([s.name for s in shown], 2))
    found = [statistics.difference(_RIGHT, b, a) for a, b in pairs]
    tested = [d for d in found if d is not None and d.mcnemar is not None]
    if not tested:
        return []
    corrected = holm([d.mcnemar or 0.0 for d in tested])
    lines = []
    for d, p in zip(tested, corrected, strict=True):
        differ = p < 0.05 and not d.low <= 0 <= d.high
        odds = "–"
        if d.odds is not None and d.odds_low is not None and d.odds_high is not None:
            odds = f"{_number(d.odds)} [{_number(d.odds_low)}, {_number(d.odds_high)}]"
        said = "no difference" if not differ else "better" if d.value > 0 else "worse"
        lines.append((d.new, d.old, said, _told(d.value, d.low, d.high), odds, f"{p:.3g}", d.rows))
    return [
        Table(
            "Every pair of systems",
            "Share right, first minus second, with its 95 % interval; odds ratio of matched pairs "
            "with its exact interval; McNemar's exact p, corrected by Holm over all pairs.",
            ("first", "second", "first is", "difference", "odds ratio", "p", "rows"),
            tuple(lines),
        )
    ]


def _told(value: float, low: float, high: float) -> str:
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _number(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.2f}"
