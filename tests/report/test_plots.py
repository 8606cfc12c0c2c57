"""Plots: words for those who do not see them, the page's own colours, the same bytes each time."""

import re
from xml.etree import ElementTree

import pytest

from srllm_data.report.plots import COLOURS, Line, Plot, Shift, bars, histogram, shifts


def drawn(kind: str) -> Plot:
    if kind == "bars":
        lines = [
            Line("a <b> & $x^2$", "7 of 9", [("accepted", 4), ("held", 3)]),
            Line("long " * 30, "2", [("rejected", 1), ("failed", 1e-9)]),
        ]
        legend = [(end, end) for end in ("accepted", "held", "rejected", "failed")] * 2
        return bars("plot-one", "Ends", "Seven of nine.", lines, 9, legend, [4.5])
    if kind == "shifts":
        groups = [
            ("bias", [Shift("No", 0.2, 0.5), Shift("Yes", 0.8, 0.5)]),
            ("", [Shift("x", 0, None)]),
        ]
        return shifts("plot-two", "Balance", "It moved.", groups)
    edges = [0, 0.5, 1]
    return histogram("plot-three", "Scores", "They fell.", edges, [0, 4], [3, 0], 0.4, "score")


KINDS = pytest.mark.parametrize("kind", ["bars", "shifts", "histogram"])


@KINDS
def test_a_plot_says_in_words_what_is_to_be_seen(kind: str) -> None:
    plot = drawn(kind)
    root = ElementTree.fromstring(plot.svg)
    assert root.get("role") == "img"
    told = {e.get("id"): e.text for e in root.iter() if e.tag in ("title", "desc")}
    assert told[root.get("aria-labelledby")] == plot.title
    assert told[root.get("aria-describedby")] == plot.says


@KINDS
def test_the_same_plot_has_the_same_bytes(kind: str) -> None:
    assert drawn(kind).svg == drawn(kind).svg


@KINDS
def test_a_plot_has_only_the_colours_of_the_page(kind: str) -> None:
    svg = drawn(kind).svg
    assert not re.findall(r"#[0-9a-f]{6}\b|rgb\(|white|black", svg)
    assert {*re.findall(r"var\(--(\w+)\)", svg)} <= {*COLOURS}


@KINDS
def test_a_plot_brings_no_style_for_the_page_and_nothing_from_outside(kind: str) -> None:
    svg = drawn(kind).svg
    assert not re.findall(r"<style|<metadata|<script|<image|http", svg)
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert len(set(ids)) == len(ids)
    assert all(own.startswith("plot-") for own in ids)
    used = re.findall(r'(?:url\(|href=")#([^")]*)', svg)
    assert {*used} <= {*ids}


def texts(plot: Plot) -> list[str]:
    return [e.text or "" for e in ElementTree.fromstring(plot.svg).iter("text")]


def test_labels_are_text_as_they_were_given() -> None:
    told = texts(drawn("bars"))
    assert "a <b> & $x^2$" in told
    assert next(t for t in told if t.startswith("long")).endswith("…")


def test_bars_of_different_meaning_have_different_stripes() -> None:
    fills = re.findall(r"fill: (var\(--\w+\)|url\(#[\w-]+\))", drawn("bars").svg)
    assert len({f for f in fills if f.startswith("url")}) == 3


def test_a_bar_never_leaves_the_plot() -> None:
    plot = bars("plot-one", "t", "s", [Line("a", "9", [("held", 9), ("failed", 9)])], 9)
    width = float(ElementTree.fromstring(plot.svg).attrib["viewBox"].split()[2])
    svg = re.sub(r"<pattern.*?</pattern>", "", plot.svg, flags=re.S)
    places = [float(x) for x in re.findall(r"[ML] (-?[\d.]+) ", svg)]
    assert max(places) <= width
    assert min(places) >= 0


def test_a_distribution_without_rows_is_an_empty_plot() -> None:
    assert histogram("plot-one", "t", "s", [0, 1], [0], [0], 0.4, "score").svg


def test_matplotlib_is_left_as_it_was() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    drawn("bars")
    assert dict(matplotlib.rcParams) == before
