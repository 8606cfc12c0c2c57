"""Plots by group: a dot with its interval for each system, or a radar where shares have groups.

Systems differ in shape as well as in colour; people are a hollow ring.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srllm_data.report.svg import (
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
from srllm_train.evaluation.statistics import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour and shape of people, and of systems in their order; no plot shows more of them.
PEOPLE = ("text", "o")
LOOKS = (("released", "D"), ("held", "s"), ("control", "^"), ("failed", "v"), ("rejected", "X"))

#: From one system's dot to the next in a group.
_STEP = 13


@dataclass(frozen=True)
class Series:
    """A system's estimates by group, None where a group has no values."""

    name: str
    look: tuple[str, str]
    estimates: Sequence[Estimate | None]


def dots(
    name: str,
    title: str,
    says: str,
    groups: Sequence[tuple[str, int]],
    series: Sequence[Series],
    ideal: float | None = None,
) -> Plot:
    """Values with their intervals on one scale, by group and system; groups: name and rows.

    ideal: where a dotted line stands.
    """
    ends = [v for s in series for e in s.estimates if e for v in (e.low, e.high)]
    ticks = _ticks(*([*ends, ideal] if ideal is not None else ends))
    low, high = ticks[0], ticks[-1]
    left, right = 14.0, WIDTH - 14.0
    top = _legend_rows(series) * LINE + 8
    step = LINE + 8 + _STEP * len(series) + 6
    height = top + len(groups) * step + 24

    def place(value: float) -> float:
        return left + (right - left) * (value - low) / (high - low)

    with drawing_of(height) as drawing:
        area = pixels(drawing)
        _legend(area, series)
        for tick in ticks:
            at = place(tick)
            area.plot([at, at], [top, height - 20], color=ink("line"), lw=1, zorder=0)
            told = f"{tick:.10g}".replace("-", "−")
            write(area, at, height - 5, told, colour="soft", size=SMALL, align="center")
        if ideal is not None:
            at = place(ideal)
            area.plot([at, at], [top, height - 20], color=ink("text"), lw=1.2, ls=(0, (2, 2)))
        for number, (group, rows) in enumerate(groups):
            y = top + number * step
            write(area, 0, y + 14, short(group, WIDTH - 90), weight="bold")
            write(area, WIDTH, y + 14, f"n = {rows:,}", colour="soft", size=SMALL, align="right")
        for at_row, one in enumerate(series):
            there = [(n, e) for n, e in enumerate(one.estimates) if e]
            spots = [top + n * step + LINE + 8 + at_row * _STEP for n, _ in there]
            lows = [place(e.low) for _, e in there]
            highs = [place(e.high) for _, e in there]
            area.hlines(spots, lows, highs, color=ink(one.look[0]), lw=2, zorder=1)
            _marks(area, [place(e.value) for _, e in there], spots, one.look)
        return finish(drawing, name, title, says)


def radar(
    name: str, title: str, says: str, groups: Sequence[str], series: Sequence[Series]
) -> Plot:
    """Shares, 0 to 1, on a spoke per group, joined by system; a gap where a group has no value."""
    most = max((e.value for s in series for e in s.estimates if e), default=1.0)
    rings = [v for v in _ticks(0.0, most) if v > 0]
    top = _legend_rows(series) * LINE + 34
    radius, middle = 104.0, WIDTH / 2
    height = top + 2 * radius + 34
    centre = top + radius

    def place(number: float, share: float) -> tuple[float, float]:
        turn = 2 * math.pi * number / len(groups)
        return middle + radius * share * math.sin(turn), centre - radius * share * math.cos(turn)

    with drawing_of(height) as drawing:
        area = pixels(drawing)
        _legend(area, series)
        for ring in rings:
            around = [place(n % len(groups), ring / rings[-1]) for n in range(len(groups) + 1)]
            area.plot(*zip(*around, strict=True), color=ink("line"), lw=1, zorder=0)
        for number, group in enumerate(groups):
            end = place(number, 1)
            area.plot([middle, end[0]], [centre, end[1]], color=ink("line"), lw=1, zorder=0)
            x, y = place(number, 1.1)
            side = math.sin(2 * math.pi * number / len(groups))
            align = "center" if abs(side) < 0.2 else "left" if side > 0 else "right"
            room = {"center": 150.0, "left": WIDTH - x, "right": x}[align]
            write(area, x, y + 4, short(group, 1.1 * room), size=SMALL, align=align)
        for one in series:
            spots = [
                place(n, e.value / rings[-1]) if e else (math.nan, math.nan)
                for n, e in enumerate(one.estimates)
            ]
            closed = [*spots, spots[0]]
            area.plot(*zip(*closed, strict=True), color=ink(one.look[0]), lw=1.8, zorder=1)
            there = [spot for spot in spots if not math.isnan(spot[0])]
            _marks(area, [x for x, _ in there], [y for _, y in there], one.look)
        for ring in rings:
            # Between two spokes, where the ring is nearer to the centre and no mark stands.
            share = ring / rings[-1] * math.cos(math.pi / len(groups))
            x, y = place(0.5, share)
            write(area, x, y + 4, f"{ring:.10g}", colour="soft", size=SMALL, align="center")
        return finish(drawing, name, title, says)


def _marks(area: "Axes", xs: Sequence[float], ys: Sequence[float], look: tuple[str, str]) -> None:
    colour, shape = look
    hollow = look == PEOPLE
    area.plot(
        xs,
        ys,
        color=ink(colour),
        linestyle="none",
        marker=shape,
        markersize=8 if hollow else 7.5,
        markerfacecolor=ink("page") if hollow else ink(colour),
        markeredgecolor=ink(colour) if hollow else ink("page"),
        markeredgewidth=2 if hollow else 0.8,
        clip_on=False,
        zorder=2,
    )


def _ticks(*values: float) -> list[float]:
    """Round values from below the least to above the most."""
    from matplotlib.ticker import MaxNLocator

    least, most = min(values), max(values)
    if most - least < 1e-9:
        least, most = least - 0.05, most + 0.05
    found = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(least, most)
    return [float(round(v, 10)) for v in found]


def _places(series: Sequence[Series]) -> list[tuple[float, int]]:
    """Place and row of each entry of the legend, flowed like words."""
    found, x, row = [], 0.0, 0
    for one in series:
        width = 34 + len(short(one.name, WIDTH - 40)) * 7.0
        if x and x + width > WIDTH:
            x, row = 0.0, row + 1
        found.append((x, row))
        x += width
    return found


def _legend_rows(series: Sequence[Series]) -> int:
    return max((row for _, row in _places(series)), default=-1) + 1


def _legend(area: "Axes", series: Sequence[Series]) -> None:
    for one, (x, row) in zip(series, _places(series), strict=True):
        _marks(area, [x + 7], [row * LINE + 9], one.look)
        write(area, x + 19, row * LINE + 13, short(one.name, WIDTH - 40), size=SMALL)
