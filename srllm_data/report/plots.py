"""The plots of a build's report.

Plots are narrow, with labels above their bars, so that one drawing is readable on a phone and
beside a second one on a desk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srllm_data.report.svg import (
    COLOURS,
    LINE,
    SMALL,
    WIDTH,
    Plot,
    drawing_of,
    finish,
    ink,
    pixels,
    short,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "Line", "Plot", "Shift", "bars", "histogram", "shifts"]

#: Height of a bar, and from one bar to the next.
_BAR = 14
_STEP = 40

#: Stripes that tell bars apart where colours do not: for printers and colour-blind readers.
_STRIPES = {"held": "////", "rejected": "xxxx", "failed": "||||", "duplicate": "\\\\\\\\"}


@dataclass(frozen=True)
class Line:
    """One bar: what it is, what is written at its end, and its pieces by name of their colour."""

    label: str
    value: str
    pieces: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Shift:
    """A share before and after, 0 to 1; after: None where there is no release."""

    label: str
    before: float
    after: float | None


def bars(
    name: str,
    title: str,
    says: str,
    lines: Sequence[Line],
    whole: float,
    legend: Sequence[tuple[str, str]] = (),
    limits: Sequence[float] = (),
) -> Plot:
    """Horizontal bars under their labels; a bar as long as ``whole`` is as wide as the plot.

    legend: colour and meaning. limits: values at which a dotted line stands.
    """
    rows = _legend_rows(legend)
    top = rows * LINE + (8 if rows else 0)
    with drawing_of(top + len(lines) * _STEP) as drawing:
        area = pixels(drawing)
        _draw_legend(area, legend)
        for number, line in enumerate(lines):
            y = top + number * _STEP
            room = WIDTH - len(line.value) * 7.5 - 12
            write(area, 0, y + 13, short(line.label, room), weight="bold")
            write(area, WIDTH, y + 13, line.value, colour="soft", align="right")
            _box(area, 0, y + 19, WIDTH, "track")
            at = 0.0
            for colour, amount in line.pieces:
                width = min(WIDTH * amount / whole if whole else 0, WIDTH - at)
                if width > 0:
                    # A gap tells neighbours apart; a piece of one row in thousands stays visible.
                    _box(area, at, y + 19, max(width - 1.5, 1.5), colour)
                    at += width
            for limit in limits:
                x = WIDTH * limit / whole
                area.plot([x, x], [y + 17, y + 35], color=ink("text"), lw=1.2, ls=(0, (2, 2)))
        return finish(drawing, name, title, says)


def shifts(
    name: str,
    title: str,
    says: str,
    groups: Sequence[tuple[str, Sequence[Shift]]],
) -> Plot:
    """Shares before (ring) and after (filled diamond) on one scale, joined by a line.

    groups: a heading, or "" for none, and its lines.
    """
    from math import ceil

    told = [s for _, lines in groups for s in lines]
    most = max([0.05, *(max(s.before, s.after or 0) for s in told)])
    step_share = next(s for s in (0.025, 0.05, 0.1, 0.2, 0.25) if s == 0.25 or most <= 4 * s)
    ticks = [step_share * n for n in range(ceil(round(most / step_share, 6)) + 1)]
    top_share = ticks[-1]
    after = any(s.after is not None for s in told)
    legend = [("then", "labelled rows"), *([("released", "rows of the release")] if after else [])]
    left, right, step = 140, WIDTH - 22, 25
    start = 34
    height = start + sum((26 if head else 4) + len(lines) * step for head, lines in groups) + 26
    with drawing_of(height) as drawing:
        area = pixels(drawing)
        x = 7.0
        for colour, meaning in legend:
            _dot(area, x, 12, colour)
            write(area, x + 12, 16, meaning, size=SMALL)
            x += 40 + len(meaning) * 6.6
        bottom = height - 22
        for tick in ticks:
            at = left + (right - left) * tick / top_share
            area.plot([at, at], [start, bottom], color=ink("line"), lw=1)
            told_tick = f"{100 * tick:.3g} %"
            write(area, at, height - 6, told_tick, colour="soft", size=SMALL, align="center")
        y = float(start)
        for head, lines in groups:
            if head:
                write(area, 0, y + 18, head, weight="bold")
            y += 26 if head else 4
            for line in lines:
                middle = y + step / 2
                before = left + (right - left) * line.before / top_share
                write(area, 0, middle + 4.5, short(line.label, left - 16))
                if line.after is not None:
                    now = left + (right - left) * line.after / top_share
                    area.plot([before, now], [middle, middle], color=ink("then"), lw=2.5)
                    _dot(area, before, middle, "then")
                    _dot(area, now, middle, "released")
                else:
                    _dot(area, before, middle, "then")
                y += step
        return finish(drawing, name, title, says)


def histogram(
    name: str,
    title: str,
    says: str,
    edges: Sequence[float],
    before: Sequence[int],
    after: Sequence[int],
    limit: float,
    unit: str,
) -> Plot:
    """Two distributions over ``edges``: before as a dashed outline, after filled."""
    from matplotlib.ticker import MaxNLocator

    with drawing_of(250) as drawing:
        area = drawing.add_axes((0.105, 0.16, 0.87, 0.68))
        area.set_facecolor("none")
        area.stairs(after, edges, fill=True, color=ink("released"), clip_on=False)
        # The outline breaks where there are no rows, so that it does not run along the axis.
        told = [count or float("nan") for count in before]
        area.stairs(told, edges, color=ink("text"), lw=1.8, ls=(0, (4, 2)), clip_on=False)
        area.set_xlim(0, 1)
        area.set_ylim(0, max([1, *before, *after]) * 1.08)
        area.axvline(limit, color=ink("held"), lw=2, ls=(0, (1, 1.5)), clip_on=False)
        area.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        area.grid(axis="y", color=ink("line"), lw=1)
        area.set_axisbelow(True)
        area.tick_params(colors=ink("soft"), labelsize=SMALL, length=3)
        for side in ("top", "right", "left"):
            area.spines[side].set_visible(False)
        area.spines["bottom"].set_color(ink("soft"))
        area.set_xlabel(unit, color=ink("soft"), fontsize=SMALL, labelpad=3)
        page = pixels(drawing)
        page.plot([1, 21], [12, 12], color=ink("text"), lw=1.8, ls=(0, (4, 2)))
        write(page, 27, 16, "text", size=SMALL)
        _box(page, 70, 5, 20, "released")
        write(page, 96, 16, "rewrite", size=SMALL)
        page.plot([160, 180], [12, 12], color=ink("held"), lw=2, ls=(0, (1, 1.5)))
        write(page, 186, 16, f"limit of an accepted rewrite: {limit:g}", size=SMALL)
        return finish(drawing, name, title, says)


def _box(area: "Axes", x: float, y: float, width: float, colour: str) -> None:
    from matplotlib.patches import Rectangle

    stripes = _STRIPES.get(colour)
    area.add_patch(
        Rectangle(
            (x, y),
            width,
            _BAR,
            facecolor=ink(colour),
            edgecolor=ink("page"),
            hatch=stripes,
            linewidth=0,
            clip_on=False,
        )
    )


def _dot(area: "Axes", x: float, y: float, colour: str) -> None:
    hollow = colour == "then"
    area.plot(
        [x],
        [y],
        color=ink(colour),
        marker="o" if hollow else "D",
        markersize=10 if hollow else 7.5,
        markerfacecolor=ink("page") if hollow else ink(colour),
        markeredgecolor=ink(colour),
        markeredgewidth=2.2 if hollow else 0,
        clip_on=False,
    )


def _places(legend: Sequence[tuple[str, str]]) -> list[tuple[float, int]]:
    """Place and row of each entry of a legend, flowed like words."""
    found, x, row = [], 0.0, 0
    for _, meaning in legend:
        width = 26 + len(meaning) * 6.8 + 14
        if x and x + width > WIDTH:
            x, row = 0.0, row + 1
        found.append((x, row))
        x += width
    return found


def _legend_rows(legend: Sequence[tuple[str, str]]) -> int:
    return max((row for _, row in _places(legend)), default=-1) + 1


def _draw_legend(area: "Axes", legend: Sequence[tuple[str, str]]) -> None:
    for (colour, meaning), (x, row) in zip(legend, _places(legend), strict=True):
        _box(area, x, row * LINE + 2, 20, colour)
        write(area, x + 26, row * LINE + 13, meaning, size=SMALL)
