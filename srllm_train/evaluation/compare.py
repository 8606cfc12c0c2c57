"""Two saved reports side by side: what became better or worse between them."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from srllm_data.errors import SrllmError
from srllm_train.evaluation.contract import Measure, Outcome, Row
from srllm_train.evaluation.record import Report, load
from srllm_train.evaluation.statistics import Difference, Estimate, Statistics
from srllm_train.evaluation.verdict import Says, corrected, judged, names
from srllm_train.evaluation.words import count, flat, interval, probability, shown

#: Rows that both reports must share, as a share of each one's, to be compared in pairs.
_SHARED = 0.5
#: What people and trivial systems may differ by between two reports: rounding.
_FIXED = 1e-6
_OLD, _NEW = "old", "new"
#: Settings that may differ between two reports of the same thing.
_FREE = ("command",)


@dataclass(frozen=True)
class Change:
    """A system's measure in both reports. paired: whether the same rows were compared."""

    suite: str
    title: str
    measure: Measure
    system: str
    old: Estimate
    new: Estimate
    difference: Difference
    paired: bool
    says: Says


@dataclass
class Comparison:
    """All changes from the report ``old`` to ``new``, and what stands against comparing them.

    rows: by suite how many rows both have, only the old one and only the new one. alone: what only
    one of the reports has.
    """

    old: str
    new: str
    changes: list[Change]
    rows: dict[str, tuple[int, int, int]]
    alone: list[str]
    warnings: list[str]

    def plain(self) -> dict[str, Any]:
        """The comparison as JSON has it."""
        return {
            "old": self.old,
            "new": self.new,
            "warnings": self.warnings,
            "alone": self.alone,
            "rows": {
                suite: dict(zip(("both", "only_old", "only_new"), counts, strict=True))
                for suite, counts in self.rows.items()
            },
            "changes": [
                {
                    "suite": c.suite,
                    "measure": c.measure.name,
                    "system": c.system,
                    "says": c.says,
                    "paired": c.paired,
                    "old": asdict(c.old),
                    "new": asdict(c.new),
                    "difference": {
                        k: None if isinstance(v, float) and not math.isfinite(v) else v
                        for k, v in asdict(c.difference).items()
                        if k not in ("new", "old", "measure")
                    },
                }
                for c in self.changes
            ],
        }


def compare(a: Path, b: Path) -> Comparison:
    """Compare two saved reports, ``a`` the older one, on systems of the same name.

    People and trivial systems do not change; where their figures do, a warning says so.

    Rows count as the same where suite and id are, and the text too where both reports have it.
    Raises StoreError for a path that is no whole report, and SrllmError where the two have nothing
    in common.
    """
    old, new = load(a), load(b)
    changes: list[Change] = []
    rows: dict[str, tuple[int, int, int]] = {}
    warnings = _settings(old, new)
    for suite in [s for s in old.outcomes if s in new.outcomes]:
        found, told = _suite(old, new, suite, warnings)
        if told:
            rows[suite] = found
            changes += told
    if not changes:
        raise SrllmError(
            f"{a} and {b} have no system with a measure of the same suite in common; compare "
            f"reports on systems of the same name."
        )
    return Comparison(old.digest, new.digest, changes, rows, _alone(old, new), warnings)


def _suite(
    old: Report, new: Report, suite: str, warnings: list[str]
) -> tuple[tuple[int, int, int], list[Change]]:
    before, after = old.outcomes[suite], new.outcomes[suite]
    title = str(new.about.get(suite, {}).get("title", suite))
    warnings += _differ(f"{title}: scorers", before.facts, after.facts)
    warnings += _differ(f"{title}: source", *(_digests(r, suite) for r in (old, new)))
    texts = {r.id: r.text for r in before.rows}
    other = {r.id for r in after.rows if r.text and texts.get(r.id) and texts[r.id] != r.text}
    if other:
        warnings.append(
            f"{title}: {count(len(other), 'row')} with the same id and another text; not paired."
        )
    shared = [r for r in after.rows if r.id in texts and r.id not in other]
    both = len(shared)
    found = both, len(before.rows) - both, len(after.rows) - both
    seed = int(new.settings.get("seed") or 1)
    figures = Statistics(before, seed), Statistics(after, seed)
    told = []
    measures = {m.name: m for m in before.measures}
    for measure in after.measures:
        known = measures.get(measure.name)
        if known and _meaning(known) != _meaning(measure):
            warnings.append(f"{title}: {measure.name} is defined otherwise; not compared.")
            continue
        if known is None:
            continue
        for system in [s for s in names(old) if s in names(new)]:
            then, now = (f.estimate(measure, system) for f in figures)
            if then is None or now is None:
                continue
            difference = _paired(before, after, shared, system, measure, seed)
            paired = bool(difference and difference.rows >= _SHARED * max(then.rows, now.rows))
            if difference is None or not paired:
                difference = _apart(then, now, measure)
            if old.kind(system) == new.kind(system) == "system":
                told.append((measure, system, then, now, difference, paired))
            elif paired and abs(difference.value) > _FIXED:
                warnings.append(
                    f"{title}: {measure.name} of {system}, which does not change, differs by "
                    f"{shown(difference.value, measure.digits, sign=True)} on the same rows: "
                    f"scorers or references did."
                )
    family = corrected([t[4] for t in told])
    return found, [
        Change(suite, title, m, s, then, now, d, paired, judged(m, d))
        for (m, s, then, now, _, paired), d in zip(told, family, strict=True)
    ]


def _meaning(measure: Measure) -> tuple[Any, ...]:
    return measure.columns, measure.aggregate, measure.better, measure.ideal


def _paired(
    before: Outcome, after: Outcome, shared: list[Row], system: str, measure: Measure, seed: int
) -> Difference | None:
    """As of two systems on the rows that both reports have."""
    ids = {r.id for r in shared}
    values = {
        side: [{i: v for i, v in member.items() if i in ids} for member in outcome.values[system]]
        for side, outcome in ((_OLD, before), (_NEW, after))
    }
    return Statistics(Outcome((measure,), shared, values), seed).difference(measure, _NEW, _OLD)


def _apart(old: Estimate, new: Estimate, measure: Measure) -> Difference:
    """Of other rows: the normal approximation, from the widths of both intervals."""
    ends = old.value, new.value
    if measure.better == "near":
        ends = abs(old.value - measure.ideal), abs(new.value - measure.ideal)
    value = ends[1] - ends[0]
    error = math.hypot(*((e.high - e.low) / (2 * 1.96) for e in (old, new)))
    p = math.erfc(abs(value) / error / math.sqrt(2)) if error else float(not value)
    return Difference(
        _NEW,
        _OLD,
        measure.name,
        value,
        value - 1.96 * error,
        value + 1.96 * error,
        min(old.rows, new.rows),
        p,
        None,
        2.8 * error,
    )


def _settings(old: Report, new: Report) -> list[str]:
    one, other = (
        {k: v for k, v in report.settings.items() if k not in _FREE} for report in (old, new)
    )
    return _differ("Setting", one, other)


def _digests(report: Report, suite: str) -> Any:
    return report.about.get(suite, {}).get("sources") or {}


def _differ(what: str, old: Any, new: Any) -> list[str]:
    one, other = dict(flat(old)), dict(flat(new))
    return [
        f"{what} {name or 'value'} differs: {one.get(name, 'none')} then, "
        f"{other.get(name, 'none')} now."
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    ]


def _alone(old: Report, new: Report) -> list[str]:
    told = []
    for which, one, other in (("old", old, new), ("new", new, old)):
        for what, found in (
            ("suite", [s for s in one.outcomes if s not in other.outcomes]),
            ("system", [s for s in names(one) if s not in names(other)]),
        ):
            told += [f"Only the {which} report has the {what} {name}." for name in found]
    return told


def text(found: Comparison, colour: bool = False) -> str:
    """The comparison as tables of 100 columns; colour: with escape codes of a terminal."""
    import io

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    out = io.StringIO()
    console = Console(
        file=out,
        width=100,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
        highlight=False,
        emoji=False,
        markup=False,
    )
    console.print(verdict(found.changes))
    for line in found.warnings:
        console.print(Text(f"! {line}"))
    styles = {"better": "blue", "worse": "red", "no difference": "dim"}
    for suite, (both, only_old, only_new) in found.rows.items():
        changes = [c for c in found.changes if c.suite == suite]
        console.print(
            f"\n{changes[0].title}: {count(both, 'row')} in both reports, {only_old:,} only in "
            f"the old one, {only_new:,} only in the new one. Differences are over rows that both "
            f"have."
        )
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
        for head in ("measure", "system"):
            table.add_column(head, overflow="fold")
        for head in ("old", "new", "difference, 95 % interval", "p"):
            table.add_column(head, justify="right")
        table.add_column("verdict", overflow="fold")
        for c in changes:
            d, digits = c.difference, c.measure.digits
            change = f"{shown(d.value, digits, sign=True)} {interval(d.low, d.high, digits)}"
            table.add_row(
                Text(c.measure.name),
                Text(c.system),
                shown(c.old.value, digits),
                shown(c.new.value, digits),
                Text(change),
                probability(d.adjusted),
                Text(c.says + ("" if c.paired else ", unpaired"), style=styles[c.says]),
            )
        console.print(table)
    if not all(c.paired for c in found.changes):
        console.print("Unpaired: the reports share too few rows, so these intervals are wider.")
    for line in found.alone:
        console.print(Text(line))
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def verdict(changes: Sequence[Change]) -> str:
    """How many measures of systems became better, worse, or neither, in one sentence."""
    better, worse, same = (
        sum(c.says == says for c in changes) for says in ("better", "worse", "no difference")
    )
    return (
        f"From the old report to the new one: better {better}, worse {worse}, no difference "
        f"{same}, of {count(len(changes), 'measure')} of systems (corrected by Holm within a "
        f"suite)."
    )
