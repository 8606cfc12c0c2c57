"""A suite's page: its measures, all figures, tests, plots by group, and rows to read."""

from collections.abc import Sequence
from typing import Any

from srllm_data.report.svg import Plot
from srllm_train.evaluation.contract import Measure
from srllm_train.evaluation.page.index import figure
from srllm_train.evaluation.page.plots import LOOKS, PEOPLE, Series, dots, radar
from srllm_train.evaluation.page.regressions import MOST, regressions, scale
from srllm_train.evaluation.statistics import Estimate
from srllm_train.evaluation.verdict import Findings, Found, Verdict, names
from srllm_train.evaluation.words import cell, count, flat, interval, numeric, probability, shown

#: Groups of a plot, those with most rows; the table beside it has all.
MOST_GROUPS = 16
#: Rows of a group below which its interval is not to be relied on.
FEW = 10
#: Groups from and up to which a radar can be read.
RADAR = (5, 12)


def content(found: Findings, suite: str) -> dict[str, Any]:
    """What the page of ``suite`` shows."""
    part = found.suites[suite]
    outcome, about = part.outcome, found.report.about.get(suite, {})
    there = [m for m in outcome.measures if any(name == m.name for _, name in part.estimates)]
    systems = [s for s in names(found.report) if any((s, m.name) in part.estimates for m in there)]
    verdicts = {(v.measure.name, v.difference.new): v for v in part.verdicts}
    worst = regressions(found.report, outcome)
    return {
        "suite": suite,
        "title": found.title(suite),
        "asks": about.get("asks", ""),
        "rows": count(len(outcome.rows), "row"),
        "distrusted": part.distrusted(),
        "measures": [_measure(part, m) for m in outcome.measures],
        "heads": [(m, bool(part.flags_of(m))) for m in there],
        "lines": [
            {
                "name": system,
                "kind": found.report.kind(system),
                "cells": [
                    figure(part.estimates.get((system, m.name)), m, verdicts.get((m.name, system)))
                    for m in there
                ],
            }
            for system in systems
        ],
        "tests": [_test(v) for v in part.verdicts],
        "by_group": _by_group(found, part, systems),
        "tables": [(t, [[cell(c) for c in row] for row in t.rows]) for t in outcome.tables],
        "notes": outcome.notes,
        "left_out": sorted(outcome.left_out.items()),
        "facts": flat(outcome.facts) if outcome.facts else [],
        "regressions": worst,
        "scale": scale(outcome),
        "texts": any(r.text for r in outcome.rows),
        "most": MOST,
        "few": FEW,
        "numeric": numeric,
    }


def _measure(part: Found, measure: Measure) -> dict[str, Any]:
    rows = {e.rows for (_, name), e in part.estimates.items() if name == measure.name}
    told = "–" if not rows else f"{min(rows):,}"
    if len(rows) > 1:
        told += f" to {max(rows):,}"
    best = f"near {measure.ideal:g}" if measure.better == "near" else measure.better
    flagged = bool(part.flags_of(measure))
    return {"measure": measure, "best": best, "rows": told, "flagged": flagged}


def _test(verdict: Verdict) -> dict[str, Any]:
    d, digits = verdict.difference, verdict.measure.digits
    return {
        "measure": verdict.measure.name,
        "new": d.new,
        "old": d.old,
        "says": verdict.says,
        "difference": shown(d.value, digits, sign=True),
        "interval": interval(d.low, d.high, digits),
        "p": probability(d.p),
        "adjusted": probability(d.adjusted),
        "effect": shown(d.effect, 2, sign=True),
        "rows": f"{d.rows:,}",
        "detectable": shown(d.detectable, digits),
        "odds": shown(d.odds, 2),
        "odds_interval": interval(d.odds_low, d.odds_high, 2),
        "mcnemar": probability(d.mcnemar),
    }


def _by_group(found: Findings, part: Found, systems: Sequence[str]) -> list[dict[str, Any]]:
    """For each headline measure with groups its plots, and a table of all systems."""
    groups = part.statistics.groups()
    told = []
    for measure in part.outcome.measures if len(groups) > 1 else ():
        if not measure.headline:
            continue
        estimates = {
            (system, group): estimate
            for system in systems
            for group in groups
            if (estimate := part.statistics.estimate(measure, system, group))
        }
        rows = {
            g: max((e.rows for (_, of), e in estimates.items() if of == g), default=0)
            for g in groups
        }
        there = [g for g in groups if rows[g]]
        if len(there) > 1:
            told.append(
                {
                    "measure": measure,
                    "plots": _plots(found, measure, systems, estimates, there, rows),
                    "systems": [s for s in systems if any((s, g) in estimates for g in there)],
                    "rows": [
                        (
                            g,
                            f"{rows[g]:,}",
                            [
                                figure(estimates.get((s, g)), measure, None)
                                for s in systems
                                if any((s, o) in estimates for o in there)
                            ],
                        )
                        for g in there
                    ],
                    "more": max(0, len(there) - MOST_GROUPS),
                    "few": [g for g in there if rows[g] < FEW],
                    "unseen": [s for s in systems if s not in _drawn(found, systems)],
                }
            )
    return told


def _drawn(found: Findings, systems: Sequence[str]) -> list[str]:
    """People, the baseline and the first other systems: more cannot be told apart in a plot."""
    baseline = found.report.settings.get("baseline")
    people = [s for s in systems if found.report.kind(s) == "human"][:1]
    others = [s for s in systems if found.report.kind(s) == "system" or s == baseline]
    ordered = sorted(others, key=lambda s: s != baseline)
    return people + [s for s in ordered if s not in people][: len(LOOKS)]


def _plots(
    found: Findings,
    measure: Measure,
    systems: Sequence[str],
    estimates: dict[tuple[str, str], Estimate],
    groups: list[str],
    rows: dict[str, int],
) -> list[Plot]:
    largest = sorted(groups, key=lambda g: (-rows[g], g))[:MOST_GROUPS]
    kept = [g for g in groups if g in largest]
    looks = iter(LOOKS)
    series = []
    for system in _drawn(found, systems):
        look = PEOPLE if found.report.kind(system) == "human" else next(looks)
        if any((system, g) in estimates for g in kept):
            series.append(Series(system, look, [estimates.get((system, g)) for g in kept]))
    if not series:
        return []
    said = "; ".join(
        f"{g}: "
        + ", ".join(
            f"{s.name} {shown(e.value, measure.digits)}" for s in series if (e := s.estimates[n])
        )
        for n, g in enumerate(kept)
    )
    slug = "".join(c if c.isalnum() else "-" for c in measure.name.lower())
    ideal = measure.ideal if measure.better == "near" else None
    told = [
        dots(
            f"plot-dots-{slug}",
            f"{measure.name} by group, with 95 % intervals",
            f"Values by group. {said}.",
            [(g, rows[g]) for g in kept],
            series,
            ideal,
        )
    ]
    shares = all(e.low >= 0 and e.high <= 1 for s in series for e in s.estimates if e)
    if shares and ideal is None and RADAR[0] <= len(kept) <= RADAR[1]:
        title = f"{measure.name} by group, without intervals"
        told.append(radar(f"plot-radar-{slug}", title, f"Values by group. {said}.", kept, series))
    return told
