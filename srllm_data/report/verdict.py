"""Whether a release is good to use, and what to look at first."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from srllm_data.explain import warnings

#: A source or group is unusual from this many rows on, below this part of the whole's rate.
MIN_ROWS = 20
UNUSUAL = 0.6

#: Controls over rewritten rows from which on the release teaches little about rewriting.
MANY_CONTROLS = 3

#: How many points are listed on top; their sections have all.
MAX_POINTS = 8

#: The section that a warning belongs to, by its first word.
_SECTIONS = {"Source": "sources", "Expectation": "expectations"}


@dataclass(frozen=True)
class Point:
    """Something to look at; warns: whether it speaks against using the release as it is."""

    text: str
    section: str
    warns: bool


@dataclass(frozen=True)
class Verdict:
    """mood: good, warn or bad. points: what to look at, warnings first; more: how many others."""

    mood: str
    head: str
    text: str
    points: list[Point]
    more: int


def verdict(run: dict[str, Any], content: dict[str, Any]) -> Verdict:
    """The verdict on ``run``; content: the sections of the page."""
    points = sorted(_points(run, content), key=lambda p: not p.warns)
    release = content["release"]
    accepted = content["acceptance"]
    if run["stopped"]:
        mood, head, text = "bad", "Stopped, no release.", run["stopped"]
    elif not release:
        waiting = content["waiting"]
        last = waiting["stage"] if waiting else "that it was given"
        mood, head, text = "warn", "No release.", f"The run ended after the stage {last}."
    else:
        text = (
            f"Released as {release['name']}: {_rows(release['rewritten'], 'rewritten row')} "
            f"and {_rows(release['controls'], 'control')}."
        )
        if not release["rewritten"]:
            mood, head = "bad", "Not good to use: it holds no rewritten row."
        elif any(p.warns for p in points):
            mood, head = "warn", "Good to use with care: look at the warnings first."
        else:
            mood, head = "good", "Good to use."
    if accepted and accepted["all"]:
        text += f" {_ends(accepted['all'])}"
    return Verdict(mood, head, text, points[:MAX_POINTS], max(0, len(points) - MAX_POINTS))


def _ends(ends: Counter[str]) -> str:
    """What became of the rows that needed a rewrite, in one sentence."""
    whole = ends.total()
    lost = whole - ends["accepted"] - ends["held"]
    return (
        f"Of {_rows(whole, 'row')} that needed a rewrite, {_percent(ends['accepted'], whole)} "
        f"{_were(ends['accepted'])} accepted, {_percent(ends['held'], whole)} "
        f"{'waits' if ends['held'] == 1 else 'wait'} for a curator, and "
        f"{_percent(lost, whole)} {_were(lost)} rejected or failed."
    )


def _points(run: dict[str, Any], content: dict[str, Any]) -> list[Point]:
    found = [
        Point(text, _SECTIONS.get(text.split(" ")[0], "details"), True) for text in warnings(run)
    ]
    found += [
        Point(
            f"The system '{s['system']}', which does nothing useful, gets {s['accept']:,} of "
            f"{_rows(s['rows'], 'row')} accepted: the gates let too much pass.",
            "trivial",
            True,
        )
        for s in content["trivial"]
        if s["trivial"] and s["accept"]
    ]
    if content["drift"]:
        large = [axis for axis in content["drift"]["axes"] if axis["word"] == "large"]
        if large:
            told = ", ".join(f"{a['name'].replace('_', ' ')} ({a['value']:.2f})" for a in large)
            found.append(
                Point(f"Large drift against {content['drift']['before']}: {told}.", "drift", True)
            )
    return found + _losses(run, content) + _unusual(content["acceptance"]) + _controls(content)


def _losses(run: dict[str, Any], content: dict[str, Any]) -> list[Point]:
    """The commonest reason for each way in which biased rows do not get into a release."""
    found: list[Point] = []
    if not content["acceptance"]:
        return found
    ends = content["acceptance"]["all"]
    for stage in run["funnel"]:
        if stage["stage"] != "rewrite" or not ends["failed"]:
            continue
        most = max(stage["dropped"], key=lambda d: d["rows"], default=None)
        if most:
            why = most["reason"].replace("_", " ")
            found.append(
                Point(
                    f"{_rows(ends['failed'], 'row')} got no rewrite at all; the commonest "
                    f"reason is '{why}' ({most['rows']:,}).",
                    "rewriting",
                    False,
                )
            )
    failed = content["gates"]["failed"] if content["gates"] else []
    for end, verb in (("held", "hold"), ("rejected", "reject")):
        gate = next((g for g in failed if g[1] == verb), None)
        if gate and ends[end]:
            found.append(
                Point(
                    f"The gate that {verb}s most rewrites is '{gate[0].replace('_', ' ')}': "
                    f"{_rows(gate[2], 'rewrite')} fail{'s' if gate[2] == 1 else ''} it.",
                    "gates",
                    False,
                )
            )
    return found


def _unusual(acceptance: dict[str, Any] | None) -> list[Point]:
    """The source, and the target group, whose rows are accepted far less often than others."""
    if not acceptance or not acceptance["all"]:
        return []
    whole = acceptance["all"]
    rate = whole["accepted"] / whole.total()
    found = []
    for what, lines in acceptance["tables"]:
        rates = [
            (ends["accepted"] / ends.total(), value)
            for value, ends in lines
            if ends.total() >= MIN_ROWS
        ]
        lowest, value = min(rates, default=(1.0, ""))
        if lowest < UNUSUAL * rate:
            found.append(
                Point(
                    f"Few rows of the {what} '{value.replace('_', ' ')}' are accepted: "
                    f"{_percent(lowest, 1)}, against {_percent(rate, 1)} of all.",
                    "acceptance",
                    False,
                )
            )
    return found


def _controls(content: dict[str, Any]) -> list[Point]:
    release = content["release"]
    if not release or not release["rewritten"]:
        return []
    times = release["controls"] / release["rewritten"]
    if times < MANY_CONTROLS:
        return []
    return [
        Point(f"There are {times:.0f} controls for each rewritten row.", "labels", False),
    ]


def _rows(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _percent(part: float, whole: float) -> str:
    return f"{part / whole:.0%}".replace("%", "\u00a0%")
