"""The first page: the verdict, what to distrust, the headline table, and what it all rests on."""

from dataclasses import dataclass
from typing import Any

from srllm_train.evaluation.contract import Measure
from srllm_train.evaluation.page.published import PUBLISHED
from srllm_train.evaluation.statistics import Estimate
from srllm_train.evaluation.verdict import (
    SEEDS,
    Findings,
    Verdict,
    names,
    seeds,
    trained,
)
from srllm_train.evaluation.words import cell, count, flat, interval, numeric, shown

#: Makes the pages again where the report does not say how.
AGAIN = "srllm evaluate --again report.json"
_ORDER = ("better", "worse", "no difference")


@dataclass(frozen=True)
class Compared:
    """One system against another: how many verdicts of each kind, and all in that order.

    verdicts: each with its suite's title, and whether its measure is flagged.
    """

    new: str
    old: str
    mood: str
    head: str
    verdicts: list[tuple[Verdict, str, bool]]


def content(found: Findings) -> dict[str, Any]:
    """What the first page shows."""
    report = found.report
    settings = report.settings
    return {
        "title": heading(found),
        "sampled": settings.get("most"),
        "seed": settings.get("seed"),
        "baseline": settings.get("baseline"),
        "compared": compared(found),
        "flags": [(suite, found.title(suite), why) for suite, _, why in found.distrusted],
        "idle": [(suite, found.title(suite), why) for suite, why in found.idle],
        "heads": heads(found),
        "lines": lines(found),
        "suites": [_suite(found, name) for name in found.suites],
        "left_out": found.left_out,
        "seed_notes": seed_notes(found),
        "power": _power(found),
        "published": PUBLISHED,
        "systems": [(s, seeds(s)) for n in names(report) for s in report.systems if s["name"] == n],
        "settings": flat({k: v for k, v in settings.items() if k != "command"}),
        "sources": _sources(found),
        "digest": report.digest,
        "command": settings.get("command") or AGAIN,
        "cell": cell,
        "numeric": numeric,
    }


def heading(found: Findings) -> str:
    """What the report is about, by the names of its systems if they are few."""
    systems = names(found.report, "system")
    if not systems or len(systems) > 3:
        return f"Evaluation of {count(len(systems), 'system')}"
    *most, last = systems
    return f"Evaluation of {', '.join(most)} and {last}" if most else f"Evaluation of {last}"


def compared(found: Findings) -> list[Compared]:
    """The verdicts by who is compared with whom, better ones first."""
    pairs: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in found.verdicts:
        pair = verdict.difference.new, verdict.difference.old
        pairs.setdefault(pair, []).append(verdict)
    return [_compared(found, *pair, verdicts) for pair, verdicts in pairs.items()]


def _compared(found: Findings, new: str, old: str, verdicts: list[Verdict]) -> Compared:
    ordered = sorted(verdicts, key=lambda v: _ORDER.index(v.says))
    better, worse, same = (sum(v.says == says for v in verdicts) for says in _ORDER)
    told = [f"better on {better}"] if better else []
    told += [f"worse on {worse}"] if worse else []
    told += [f"no difference on {same}"] if same else []
    head = f"{new} against {old}: {', '.join(told)} of {count(len(verdicts), 'headline measure')}."
    mood = "good" if better and not worse else "bad" if worse and not better else "warn"
    told_all = [
        (v, found.title(v.suite), bool(found.suites[v.suite].flags_of(v.measure))) for v in ordered
    ]
    return Compared(new, old, mood, head, told_all)


def heads(found: Findings) -> list[tuple[str, str, list[tuple[Measure, bool]]]]:
    """The headline table's heads: suite, its title, its measures and whether each is flagged."""
    return [
        (
            suite,
            found.title(suite),
            [(m, bool(part.flags_of(m))) for m in measures],
        )
        for suite, part in found.suites.items()
        if (measures := _headlines(found, suite))
    ]


def lines(found: Findings) -> list[dict[str, Any]]:
    """The headline table's lines, with a cell for every headline measure."""
    says = {(v.suite, v.measure.name, v.difference.new): v for v in found.verdicts}
    return [
        {
            "name": name,
            "kind": found.report.kind(name),
            "cells": [
                figure(
                    found.suites[suite].estimates.get((name, m.name)),
                    m,
                    says.get((suite, m.name, name)),
                )
                for suite in found.suites
                for m in _headlines(found, suite)
            ],
        }
        for name in names(found.report)
    ]


def figure(estimate: Estimate | None, measure: Measure, verdict: Verdict | None) -> dict[str, Any]:
    """A cell: value, interval, and what the test against the baseline came to."""
    if estimate is None:
        return {"value": "–", "interval": "", "says": "", "old": ""}
    return {
        "value": shown(estimate.value, measure.digits),
        "interval": interval(estimate.low, estimate.high, measure.digits),
        "says": verdict.says if verdict else "",
        "old": verdict.difference.old if verdict else "",
    }


def _headlines(found: Findings, suite: str) -> list[Measure]:
    """Headline measures that some system has a value for."""
    part = found.suites[suite]
    there = {measure for _, measure in part.estimates}
    return [m for m in part.outcome.measures if m.headline and m.name in there]


def _suite(found: Findings, name: str) -> dict[str, Any]:
    part = found.suites[name]
    with_values = {system for system, _ in part.estimates}
    return {
        "name": name,
        "title": found.title(name),
        "asks": found.report.about.get(name, {}).get("asks", ""),
        "rows": count(len(part.outcome.rows), "row"),
        "systems": count(len(with_values), "system"),
        "empty": not part.estimates,
    }


def seed_notes(found: Findings) -> list[str]:
    """What the intervals of trained systems with too few seeds do not hold."""
    notes = []
    for system in found.report.systems:
        if trained(system) and (n := seeds(system)) < SEEDS:
            holds = "rows' chance only" if n == 1 else f"what {n} seeds can show, too little"
            notes.append(f"{system['name']} has {count(n, 'seed')}: its interval holds {holds}.")
    return notes


def _power(found: Findings) -> list[dict[str, Any]]:
    """By suite and headline measure: how many rows, and what difference these would show."""
    told = []
    for suite in found.suites:
        for measure in _headlines(found, suite):
            tests = [
                v.difference for v in found.suites[suite].verdicts if v.measure.name == measure.name
            ]
            rows = [
                e.rows for (_, m), e in found.suites[suite].estimates.items() if m == measure.name
            ]
            least, most = min(rows), max(rows)
            told.append(
                {
                    "suite": found.title(suite),
                    "measure": measure.name,
                    "rows": f"{least:,}" if least == most else f"{least:,} to {most:,}",
                    "tests": len(tests),
                    "detectable": shown(
                        max(t.detectable or 0.0 for t in tests) or None, measure.digits
                    )
                    if tests
                    else "–",
                }
            )
    return told


def _sources(found: Findings) -> dict[str, Any]:
    """Sources read, as a table with a column for everything that is said of any."""
    told: list[tuple[str, str, dict[str, Any]]] = []
    for suite, about in found.report.about.items():
        sources = about.get("sources") or {}
        if isinstance(sources, dict):
            pairs = list(sources.items())
        else:
            pairs = [
                (str(s.get("name", "")), s) if isinstance(s, dict) else (s, {}) for s in sources
            ]
        told += [
            (found.title(suite), name, facts if isinstance(facts, dict) else {"about": facts})
            for name, facts in pairs
        ]
    heads = list(dict.fromkeys(key for *_, facts in told for key in facts if key != "name"))
    return {
        "idle": [(suite, found.title(suite), why) for suite, why in found.idle],
        "heads": heads,
        "rows": [(t, n, [cell(facts.get(h)) for h in heads]) for t, n, facts in told],
    }
