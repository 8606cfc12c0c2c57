"""Rows on which a system lost most against another: what to read before believing a mean."""

from dataclasses import dataclass
from statistics import fmean

from srllm_data.diff import Change, word_diff
from srllm_data.report.examples import seen
from srllm_train.evaluation.contract import Measure, Outcome, Values
from srllm_train.evaluation.record import Report
from srllm_train.evaluation.verdict import names
from srllm_train.evaluation.words import shown

#: Rows that are shown of each system.
MOST = 20


@dataclass(frozen=True)
class Said:
    """What a system made of a text: runs of words that stayed, went or came.

    seed: which member of the system, where it has several. lacks: why there is nothing to show.
    """

    system: str
    score: str
    seed: int | None
    lacks: str
    changes: list[tuple[Change, str]]


@dataclass(frozen=True)
class Regression:
    """One row, and what the two systems made of it: that which lost first."""

    row: str
    group: str
    text: str
    references: list[str]
    said: list[Said]


@dataclass(frozen=True)
class Regressions:
    """The worst rows of ``new`` against ``old``, and how many rows it lost on at all."""

    new: str
    old: str
    lost: int
    rows: list[Regression]


def scale(outcome: Outcome) -> Measure | None:
    """The measure that rows are ranked by: the first headline about rewrites."""
    found = (m for m in outcome.measures if m.headline and m.rewriting and m.better != "near")
    return next(found, None)


def regressions(report: Report, outcome: Outcome) -> list[Regressions]:
    """For each system the rows that it lost most on against the baseline, or against people.

    Empty where an outcome has no answers, or no measure of rewrites.
    """
    measure = scale(outcome)
    if measure is None:
        return []
    found = []
    baseline = report.settings.get("baseline")
    for new in sorted(names(report, "system"), key=lambda s: s == baseline):
        old = _against(report, outcome, new)
        if old and new in outcome.answers and outcome.values.get(new):
            lost = _lost(outcome, measure, new, old)
            rows = [_shown(report, outcome, measure, new, old, row) for _, row in lost[:MOST]]
            found.append(Regressions(new, old, len(lost), rows))
    return found


def _against(report: Report, outcome: Outcome, new: str) -> str | None:
    named = report.settings.get("baseline")
    systems = names(report, "system")
    able = [*([named] if named else []), *names(report, "human"), *systems[:1]]
    return next((s for s in able if s != new and outcome.values.get(s)), None)


def _score(values: Values, measure: Measure, row: str) -> float | None:
    """What a row adds to the measure, the higher the better; None where it adds nothing."""
    of_row = values.get(row, {})
    # Of two columns that are put together otherwise, only the first can be read row by row.
    columns = measure.columns if measure.aggregate == "harmonic" else measure.columns[:1]
    told = [of_row[c] for c in columns if c in of_row]
    if not told:
        return None
    return fmean(told) if measure.better == "higher" else -fmean(told)


def _scores(outcome: Outcome, measure: Measure, system: str, row: str) -> dict[int, float]:
    """By member of the system, where it has a score."""
    told = [_score(values, measure, row) for values in outcome.values[system]]
    return {at: t for at, t in enumerate(told) if t is not None}


def _lost(outcome: Outcome, measure: Measure, new: str, old: str) -> list[tuple[float, int]]:
    """By how much, and the places of the rows, the worst first; those with equal loss by id."""
    found = []
    for at, row in enumerate(outcome.rows):
        ours, theirs = (_scores(outcome, measure, s, row.id) for s in (new, old))
        if ours and theirs:
            change = fmean(ours.values()) - fmean(theirs.values())
            if change < -1e-9:
                found.append((change, row.id, at))
    return [(change, at) for change, _, at in sorted(found)]


def _shown(
    report: Report, outcome: Outcome, measure: Measure, new: str, old: str, at: int
) -> Regression:
    row = outcome.rows[at]
    ours, theirs = (_scores(outcome, measure, s, row.id) for s in (new, old))
    # Where it did worst, beside the other's first: two extremes would make the loss look larger.
    members = {new: min(ours, key=lambda m: (ours[m], m)), old: min(theirs)}
    said = [_said(report, outcome, measure, s, at, member) for s, member in members.items()]
    # People's answer is the first reference.
    references = row.references[1:] if report.kind(old) == "human" else row.references
    return Regression(row.id, row.group, seen(row.text), [seen(r) for r in references], said)


def _said(
    report: Report, outcome: Outcome, measure: Measure, system: str, at: int, member: int
) -> Said:
    row = outcome.rows[at]
    score = _score(outcome.values[system][member], measure, row.id)
    sign = 1 if measure.better == "higher" else -1
    told = shown(None if score is None else sign * score, measure.digits)
    seed = member + 1 if len(outcome.values[system]) > 1 else None
    members = outcome.answers.get(system)
    if members is None and report.kind(system) == "human":
        # People's answers are the references, so a suite need not name them twice.
        answer: str | None = row.references[0] if row.references else row.text
    elif members is None:
        return Said(system, told, seed, "was not kept", [])
    else:
        answer = members[member].get(row.id)
    if answer is None or not answer.strip():
        return Said(system, told, seed, "failed" if answer is None else "is empty", [])
    return Said(system, told, seed, "", word_diff(seen(row.text), seen(answer)))
