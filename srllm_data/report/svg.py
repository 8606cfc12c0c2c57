"""Inline SVG by matplotlib: real text, the page's own colours, the same bytes each time.

Colours are drawn as stand-ins and become CSS variables, so one drawing serves light and dark.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

#: Units of a plot's width; a unit is one CSS pixel where the plot is as wide as it was drawn.
WIDTH = 400
TEXT = 13
SMALL = 12
#: Height of a line of text.
LINE = 19

#: Names of the page's colours (CSS variables) that a plot may use.
COLOURS = (
    "text soft line page track kept then released accepted control duplicate filtered failed "
    "rejected held withdrawn"
).split()

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


def ink(colour: str) -> str:
    """What matplotlib draws with for a name of ``COLOURS``."""
    return f"{_STAND_IN}{COLOURS.index(colour):02x}"


@contextmanager
def drawing_of(height: float) -> "Iterator[Drawing]":
    """A drawing of ``WIDTH`` by ``height`` units, under settings of our own alone."""
    import matplotlib
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "srllm",
        "text.parse_math": False,
        "font.family": ["DejaVu Sans"],
        "font.size": TEXT,
        "hatch.linewidth": 1.4,
        "axes.linewidth": 1,
    }
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        # At 72 dots an inch, a point, a dot and a unit of the SVG are the same.
        yield Figure(figsize=(WIDTH / 72, max(height, 1) / 72), dpi=72, facecolor="none")


def pixels(drawing: "Drawing") -> "Axes":
    """Axes over the whole drawing that count units from the top left corner."""
    area = drawing.add_axes((0, 0, 1, 1))
    area.set_xlim(0, WIDTH)
    area.set_ylim(drawing.get_figheight() * 72, 0)
    area.set_axis_off()
    return area


def write(
    area: "Axes",
    x: float,
    y: float,
    text: str,
    colour: str = "text",
    size: float = TEXT,
    weight: str = "normal",
    align: Any = "left",
) -> None:
    """Text on :func:`pixels` whose baseline starts, ends or is centred at ``x``, ``y``."""
    # XML has no place for control characters, not even escaped.
    text = re.sub("[\x00-\x1f\x7f-\x9f\ufffe\uffff]", "\ufffd", text)
    area.text(x, y, text, color=ink(colour), fontsize=size, fontweight=weight, ha=align)


def short(text: str, room: float) -> str:
    """``text``, cut where it needs more than ``room`` units."""
    most = max(int(room / 7.4), 4)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def finish(drawing: "Drawing", name: str, title: str, says: str) -> Plot:
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
