"""What the page owes to readers who use a keyboard, a screen reader, or have little contrast."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

import srllm_data.report

STYLE = Path(srllm_data.report.__file__).parent.parent / "templates" / "report" / "style.css"


class Outline(HTMLParser):
    """Headings in order, tables, scrolling regions, landmarks and pictures."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.opened: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.opened.append((tag, dict(attributes)))
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.opened if name == tag]


@pytest.fixture
def outline(render: Callable[..., str]) -> Outline:
    return Outline(render())


def test_headings_never_skip_a_level(outline: Outline) -> None:
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    steps = [b - a for a, b in zip(outline.levels, outline.levels[1:], strict=False)]
    assert max(steps) == 1


def test_there_are_landmarks_and_a_way_past_them(outline: Outline) -> None:
    names = [tag for tag, _ in outline.opened]
    assert [names.count(tag) for tag in ("main", "header", "nav")] == [1, 1, 1]
    assert outline.all("a")[0]["href"] == "#verdict"
    assert all(a.keys() & {"aria-label", "aria-labelledby"} for a in outline.all("section"))


def test_every_table_has_a_caption_and_its_heads_a_scope(outline: Outline) -> None:
    assert len(outline.all("caption")) == len(outline.all("table")) > 10
    assert all(a["scope"] in ("col", "row") for a in outline.all("th"))


def test_what_scrolls_can_be_reached_by_keyboard(outline: Outline) -> None:
    scrolling = [a for _, a in outline.opened if a.get("class") == "scroll"]
    assert len(scrolling) == len(outline.all("table"))
    assert all(a["tabindex"] == "0" and a["aria-label"] for a in scrolling)


def test_every_plot_has_a_name_and_a_description(outline: Outline) -> None:
    plots = outline.all("svg")
    assert len(plots) == len(outline.all("figure")) == 8
    ids = {a.get("id") for _, a in outline.opened}
    assert {a["aria-labelledby"] for a in plots} | {a["aria-describedby"] for a in plots} <= ids


def test_every_box_to_check_has_a_label(outline: Outline) -> None:
    boxes = {a["id"] for a in outline.all("input")}
    assert boxes == {a["for"] for a in outline.all("label")}


def schemes() -> list[dict[str, str]]:
    """The colours by name, in light and in dark."""
    light, dark = re.findall(r":root \{(.*?)\}", STYLE.read_text(encoding="utf-8"), re.S)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", light))
    return [found, found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", dark))]


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(d * 2 for d in colour[1:])
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21 (WCAG 2.2)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_texts_and_bars_have_enough_contrast(scheme: int) -> None:
    colours = schemes()[scheme]
    texts = [
        *((name, ground) for name in ("text", "soft", "link") for ground in ("page", "panel")),
        *((name, f"{name}-panel") for name in ("bad", "warn", "good", "ins", "del")),
        *(("text", f"{name}-panel") for name in ("bad", "warn", "good")),
        *(("link", f"{name}-panel") for name in ("good", "warn")),
        ("bad", "page"),
        ("good", "page"),
    ]
    for name, ground in texts:
        assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    for name in "kept then released control duplicate filtered failed rejected held".split():
        assert contrast(colours[name], colours["page"]) >= 3, name
