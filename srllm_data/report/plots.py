"""Plots as inline SVG by matplotlib: real text, the page's own colours, the same bytes each time.

Plots are narrow, with labels above their bars, so that one drawing is readable on a phone and
beside a second one on a desk. Colours are drawn as stand-ins and become CSS variables, so one
drawing serves light and dark.
"""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

#: Units of a plot's width; a unit is one CSS pixel where the plot is as wide as it was drawn.
WIDTH = 400
_TEXT = 13
_SMALL = 12
#: Height of a line of text, of a bar, and from one bar to the next.
_LINE = 19
_BAR = 14
_STEP = 40

#: Names of the page's colours (CSS variables) that a plot may use.
COLOURS = (
    "text soft line page track kept then released accepted control duplicate filtered failed "
    "rejected held withdrawn"
).split()

#: Stripes that tell bars apart where colours do not: for printers and colour-blind readers.
_STRIPES = {"held": "////", "rejected": "xxxx", "failed": "||||", "duplicate": "\\\\\\\\"}

_STAND_IN = "#0f0e"
_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"


@dataclass(frozen=True)
class Plot:
    """One drawing; says: what is to be seen, in words, for those who do not see it."""

    name: str
    title: str
    says: str
    svg: Markup


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
    top = rows * _LINE + (8 if rows else 0)
    with _drawing(top + len(lines) * _STEP) as drawing:
        area = _pixels(drawing)
        _draw_legend(area, legend)
        for number, line in enumerate(lines):
            y = top + number * _STEP
            room = WIDTH - len(line.value) * 7.5 - 12
            _write(area, 0, y + 13, _short(line.label, room), weight="bold")
            _write(area, WIDTH, y + 13, line.value, colour="soft", align="right")
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
                area.plot([x, x], [y + 17, y + 35], color=_ink("text"), lw=1.2, ls=(0, (2, 2)))
        return _finish(drawing, name, title, says)


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
    with _drawing(height) as drawing:
        area = _pixels(drawing)
        x = 7.0
        for colour, meaning in legend:
            _dot(area, x, 12, colour)
            _write(area, x + 12, 16, meaning, size=_SMALL)
            x += 40 + len(meaning) * 6.6
        bottom = height - 22
        for tick in ticks:
            at = left + (right - left) * tick / top_share
            area.plot([at, at], [start, bottom], color=_ink("line"), lw=1)
            told_tick = f"{100 * tick:.3g} %"
            _write(area, at, height - 6, told_tick, colour="soft", size=_SMALL, align="center")
        y = float(start)
        for head, lines in groups:
            if head:
                _write(area, 0, y + 18, head, weight="bold")
            y += 26 if head else 4
            for line in lines:
                middle = y + step / 2
                before = left + (right - left) * line.before / top_share
                _write(area, 0, middle + 4.5, _short(line.label, left - 16))
                if line.after is not None:
                    now = left + (right - left) * line.after / top_share
                    area.plot([before, now], [middle, middle], color=_ink("then"), lw=2.5)
                    _dot(area, before, middle, "then")
                    _dot(area, now, middle, "released")
                else:
                    _dot(area, before, middle, "then")
                y += step
        return _finish(drawing, name, title, says)


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

    with _drawing(250) as drawing:
        area = drawing.add_axes((0.105, 0.16, 0.87, 0.68))
        area.set_facecolor("none")
        area.stairs(after, edges, fill=True, color=_ink("released"), clip_on=False)
        # The outline breaks where there are no rows, so that it does not run along the axis.
        told = [count or float("nan") for count in before]
        area.stairs(told, edges, color=_ink("text"), lw=1.8, ls=(0, (4, 2)), clip_on=False)
        area.set_xlim(0, 1)
        area.set_ylim(0, max([1, *before, *after]) * 1.08)
        area.axvline(limit, color=_ink("held"), lw=2, ls=(0, (1, 1.5)), clip_on=False)
        area.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        area.grid(axis="y", color=_ink("line"), lw=1)
        area.set_axisbelow(True)
        area.tick_params(colors=_ink("soft"), labelsize=_SMALL, length=3)
        for side in ("top", "right", "left"):
            area.spines[side].set_visible(False)
        area.spines["bottom"].set_color(_ink("soft"))
        area.set_xlabel(unit, color=_ink("soft"), fontsize=_SMALL, labelpad=3)
        page = _pixels(drawing)
        page.plot([1, 21], [12, 12], color=_ink("text"), lw=1.8, ls=(0, (4, 2)))
        _write(page, 27, 16, "text", size=_SMALL)
        _box(page, 70, 5, 20, "released")
        _write(page, 96, 16, "rewrite", size=_SMALL)
        page.plot([160, 180], [12, 12], color=_ink("held"), lw=2, ls=(0, (1, 1.5)))
        _write(page, 186, 16, f"limit of an accepted rewrite: {limit:g}", size=_SMALL)
        return _finish(drawing, name, title, says)


def _ink(colour: str) -> str:
    return f"{_STAND_IN}{COLOURS.index(colour):02x}"


@contextmanager
def _drawing(height: float) -> "Iterator[Drawing]":
    """A drawing of ``WIDTH`` by ``height`` units, under settings of our own alone."""
    import matplotlib
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "srllm",
        "text.parse_math": False,
        "font.family": ["DejaVu Sans"],
        "font.size": _TEXT,
        "hatch.linewidth": 1.4,
        "axes.linewidth": 1,
    }
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        # At 72 dots an inch, a point, a dot and a unit of the SVG are the same.
        yield Figure(figsize=(WIDTH / 72, max(height, 1) / 72), dpi=72, facecolor="none")


def _pixels(drawing: "Drawing") -> "Axes":
    """Axes over the whole drawing that count units from the top left corner."""
    area = drawing.add_axes((0, 0, 1, 1))
    area.set_xlim(0, WIDTH)
    area.set_ylim(drawing.get_figheight() * 72, 0)
    area.set_axis_off()
    return area


def _write(
    area: "Axes",
    x: float,
    y: float,
    text: str,
    colour: str = "text",
    size: float = _TEXT,
    weight: str = "normal",
    align: Any = "left",
) -> None:
    # XML has no place for control characters, not even escaped.
    text = re.sub("[\x00-\x1f\x7f-\x9f\ufffe\uffff]", "\ufffd", text)
    area.text(x, y, text, color=_ink(colour), fontsize=size, fontweight=weight, ha=align)


def _box(area: "Axes", x: float, y: float, width: float, colour: str) -> None:
    from matplotlib.patches import Rectangle

    stripes = _STRIPES.get(colour)
    area.add_patch(
        Rectangle(
            (x, y),
            width,
            _BAR,
            facecolor=_ink(colour),
            edgecolor=_ink("page"),
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
        color=_ink(colour),
        marker="o" if hollow else "D",
        markersize=10 if hollow else 7.5,
        markerfacecolor=_ink("page") if hollow else _ink(colour),
        markeredgecolor=_ink(colour),
        markeredgewidth=2.2 if hollow else 0,
        clip_on=False,
    )


def _short(text: str, room: float) -> str:
    most = max(int(room / 7.4), 4)
    return text if len(text) <= most else f"{text[: most - 1]}…"


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
        _box(area, x, row * _LINE + 2, 20, colour)
        _write(area, x + 26, row * _LINE + 13, meaning, size=_SMALL)


def _finish(drawing: "Drawing", name: str, title: str, says: str) -> Plot:
    """The drawing as an ``<svg>`` element whose ids start with ``name``."""
    from xml.etree.ElementTree import Element, fromstring, tostring

    file = io.BytesIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    drawing.savefig(file, format="svg", metadata=nothing, transparent=True)
    root = fromstring(file.getvalue())  # noqa: S314 (matplotlib's own, not a stranger's)
    for parent in list(root.iter()):
        for child in list(parent):
            # A style sheet inside an inline SVG holds for the whole page.
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        if link := element.attrib.pop(_LINK, None):
            element.set("href", link.replace("#", f"#{name}-"))
        if own := element.get("id"):
            element.set("id", f"{name}-{own}")
        for attribute, value in element.attrib.items():
            element.set(attribute, value.replace("url(#", f"url(#{name}-"))
    told = {"title": title, "desc": says}
    for place, (tag, words) in enumerate(told.items()):
        element = Element(tag, {"id": f"{name}-{tag}"})
        element.text = words
        root.insert(place, element)
    wanted = {
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-labelledby": f"{name}-title",
        "aria-describedby": f"{name}-desc",
    }
    root.attrib.clear()
    root.attrib.update(wanted)
    svg = re.sub(
        rf"{_STAND_IN}([0-9a-f]{{2}})",
        lambda found: f"var(--{COLOURS[int(found[1], 16)]})",
        tostring(root, encoding="unicode"),
    )
    return Plot(name, title, says, Markup(svg))  # noqa: S704 (the parser escaped its texts)
