"""The report's pages: what they say, what they hide, and that they need nothing from outside."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from made_up_report import GROUPS, made_up_report

from srllm_train.evaluation import page
from srllm_train.evaluation.contract import Measure, Outcome, Row
from srllm_train.evaluation.page.plots import LOOKS, PEOPLE, Series, dots, radar
from srllm_train.evaluation.page.regressions import MOST, regressions
from srllm_train.evaluation.record import TEXTS, Report, load, save
from srllm_train.evaluation.statistics import Estimate
from srllm_train.evaluation.verdict import findings

SUITES = ("rewriting", "language")


class Outline(HTMLParser):
    """Tags with their attributes, levels of headings, and text by the id that it stands in."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.opened: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.levels = [int(t[1]) for t, _ in self.opened if re.fullmatch("h[1-6]", t)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.opened if name == tag]


def written(report: Report, out: Path) -> dict[str, str]:
    page.write(findings(report), out)
    return {path.stem: path.read_text("utf-8") for path in sorted(out.iterdir())}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return written(made_up_report(), tmp_path_factory.mktemp("pages"))


def text_of(html: str) -> str:
    main = re.sub("<nav.*?</nav>", "", html.split("<main>")[1], flags=re.S)
    return " ".join(unescape(re.sub("<[^>]*>", " ", main)).split())


def test_there_is_a_page_per_suite_and_links_between_them(pages: dict[str, str]) -> None:
    assert set(pages) == {"index", *SUITES}
    for html in pages.values():
        outline = Outline(html)
        ids = {a["id"] for _, a in outline.opened if a.get("id")}
        for link in outline.all("a"):
            href = link["href"] or ""
            assert href[1:] in ids if href[0] == "#" else href.removesuffix(".html") in pages


def test_nothing_comes_from_outside_and_nothing_runs(pages: dict[str, str]) -> None:
    for html in pages.values():
        assert "default-src 'none'" in html
        assert not re.findall(r"<script|<link|<img|<image|\bsrc=|url\(http|https?://", html)


def test_pages_are_as_accessible_as_a_builds_report(pages: dict[str, str]) -> None:
    for html in pages.values():
        outline = Outline(html)
        assert outline.levels[0] == 1
        assert outline.levels.count(1) == 1
        assert max(b - a for a, b in pairwise(outline.levels)) == 1
        assert len(outline.all("caption")) == len(outline.all("table"))
        assert all(a.get("scope") in ("col", "row", "colgroup") for a in outline.all("th"))
        scrolling = [a for _, a in outline.opened if a.get("class") == "scroll"]
        assert len(scrolling) == len(outline.all("table"))
        assert {a["id"] for a in outline.all("input")} == {a["for"] for a in outline.all("label")}
        ids = [a["id"] for _, a in outline.opened if a.get("id")]
        assert len(set(ids)) == len(ids)
        named = [a["aria-labelledby"] for t, a in outline.opened if t in ("svg", "section")]
        assert set(named) <= set(ids)
        assert "=&#34;" not in html


def test_the_verdict_comes_first_then_what_to_distrust_then_figures(pages: dict[str, str]) -> None:
    told = text_of(pages["index"])
    places = [
        told.index(words)
        for words in (
            "tuned against base: better on 2",
            "A measure ranks a trivial system above people.",
            "similarity puts copy (+",
            "Headline measures Below each value",
            "What was left out, and why",
            "Rows and power",
            "srllm evaluate --again .",
            "Not comparable: other data and scorers",
            "Details: systems, sources, settings",
        )
    ]
    assert places == sorted(places)


def test_of_many_systems_the_figures_are_folded_away(tmp_path: Path) -> None:
    report = made_up_report(40)
    values = report.outcomes["rewriting"].values
    for n in range(3):
        report.systems.append(report.systems[2] | {"name": f"more {n}"})
        values[f"more {n}"] = values["tuned"]
    html = written(report, tmp_path)["index"]
    assert re.search(r"Better</b> on J \(Rewriting\)", html)
    assert html.count("<summary>Figures of ") == 5


def test_people_come_first_and_trivial_systems_last_and_muted(pages: dict[str, str]) -> None:
    for name, table in (("index", "headline-table"), ("rewriting", "all-measures")):
        body = pages[name].split(f'id="{table}"')[1].split("<tbody>")[1].split("</tbody>")[0]
        lines = re.findall(r'<tr class="(\w+)"><th scope="row">([\w-]+)', body)
        assert [n for _, n in lines] == ["people", "base", "tuned", "k-shot", "copy", "empty"]
        assert [k for k, _ in lines] == ["human", *["system"] * 3, *["trivial"] * 2]


def test_published_figures_are_closed_and_called_not_comparable(pages: dict[str, str]) -> None:
    [found] = re.findall(
        r'<details class="more" id="published">.*?</details>', pages["index"], re.S
    )
    assert found.startswith('<details class="more" id="published"><summary>Not comparable')
    assert "57.82" in found
    assert "57.82" not in pages["index"].replace(found, "")


def test_the_details_name_sources_settings_and_the_digest(pages: dict[str, str]) -> None:
    told = text_of(pages["index"]).split("Details: systems")[1]
    for words in ("CC-BY-4.0", "ab" * 32, "libraries.numpy", "135,000,000", "QLoRA"):
        assert words in told
    assert made_up_report().digest in told


@pytest.mark.parametrize(("seeds", "noted"), [(1, True), (2, True), (3, False)])
def test_too_few_seeds_are_noted(seeds: int, noted: bool, tmp_path: Path) -> None:
    report = made_up_report(20)
    tuned = next(s for s in report.systems if s["name"] == "tuned")
    tuned["members"] = tuned["members"][:seeds]
    told = text_of(written(report, tmp_path)["index"])
    assert ("tuned has" in told) == noted
    if seeds == 1:
        assert "tuned has 1 seed: its interval holds rows' chance only." in told


def test_the_quick_mode_says_so(pages: dict[str, str], tmp_path: Path) -> None:
    quick = written(made_up_report(20, most=20), tmp_path)["index"]
    assert "Quick mode: a sample of at most 20 rows" in quick
    assert "Quick mode" not in pages["index"]


def test_a_suites_page_has_tests_plots_tables_notes_and_facts(pages: dict[str, str]) -> None:
    told = text_of(pages["rewriting"])
    for words in ("Paired tests", "Failures", "not comparable", "style.model", "It is not here"):
        assert words in told
    assert len(Outline(pages["rewriting"]).all("svg")) == 4
    # Three groups are too few for a radar, and SS is no share.
    assert len(Outline(pages["language"]).all("svg")) == 1
    assert "plot-radar" not in pages["language"]


def test_texts_are_covered_until_asked_for(pages: dict[str, str]) -> None:
    found = re.findall(r'<div class="said several" hidden>.*?</div>', pages["rewriting"], re.S)
    assert len(found) == len(Outline(pages["rewriting"]).all("article")) > 2 * MOST
    rest = pages["rewriting"]
    for part in found:
        rest = rest.replace(part, "")
    assert "people are" not in rest
    assert "people are" not in pages["index"]
    assert "Where a system lost most" not in pages["language"]


def test_what_a_text_holds_is_text(pages: dict[str, str], tmp_path: Path) -> None:
    assert "&lt;b&gt;always&lt;/b&gt;" in pages["rewriting"]
    assert "<b>always" not in pages["rewriting"]
    report = made_up_report(20)
    outcome = report.outcomes["rewriting"]
    outcome.rows = [replace(r, group=f"<i>{r.group}\x00&") for r in outcome.rows]
    outcome.notes.append("<script>1</script>")
    for system in report.systems:
        system["says"] = "<script>2</script>"
    html = "".join(written(report, tmp_path).values())
    assert "<script" not in html
    assert "<i>" not in html


def test_the_same_report_gives_the_same_pages_from_its_file(tmp_path: Path) -> None:
    report = made_up_report(40)
    first = written(report, tmp_path / "first")
    save(report, tmp_path / "saved")
    page.write(findings(load(tmp_path / "saved")), tmp_path / "again")
    page.write(findings(load(tmp_path / "saved" / "report.json")), tmp_path / "third")
    for name, html in first.items():
        for folder in ("again", "third"):
            assert (tmp_path / folder / f"{name}.html").read_text("utf-8") == html


def test_without_its_texts_a_report_still_has_pages(tmp_path: Path) -> None:
    save(made_up_report(40), tmp_path)
    (tmp_path / TEXTS).unlink()
    page.write(findings(load(tmp_path)), tmp_path / "out")
    html = (tmp_path / "out" / "rewriting.html").read_text("utf-8")
    assert "tuned" in html
    assert "Where a system lost most" not in html


def test_a_suite_where_nothing_ran_says_why(tmp_path: Path) -> None:
    report = made_up_report(20)
    measure = Measure("J", "x", ("j",), headline=True)
    report.outcomes = {"safety": Outcome((measure,), [], {}, left_out={"DNA": "It is not here."})}
    html = written(report, tmp_path)
    assert "Nothing was compared." in html["index"]
    assert "nothing could be measured" in html["index"]
    assert "Nothing could be measured" in html["safety"]
    assert "It is not here." in html["safety"]


def _tiny(new: list[dict[str, float]], old: list[float]) -> Report:
    """new: a member's scores by row, of several members."""
    measure = Measure("J", "", ("j",), rewriting=True, headline=True)
    rows = [Row(f"r{n}", f"text {n}", (f"better {n}",)) for n in range(len(old))]
    values = {
        "new": [{r: {"j": v} for r, v in member.items()} for member in new],
        "old": [{f"r{n}": {"j": v} for n, v in enumerate(old)}],
    }
    answers = {
        name: [{r.id: f"{name} {at}" for r in rows} for at in range(len(members))]
        for name, members in values.items()
    }
    systems = [{"name": n, "kind": "system", "says": "", "members": ["x"]} for n in values]
    outcome = Outcome((measure,), rows, values, answers)
    return Report({"baseline": "old", "seed": 1, "most": None}, systems, {"one": outcome})


def test_rows_are_ranked_by_the_loss_that_seeds_have_on_average() -> None:
    # Of r0: (0.2 + 0.6) / 2 - 0.9 = -0.5; r1: 0.1 - 0.2 = -0.1; r2: gains; r3: 0 - 1 = -1.
    new = [
        {"r0": 0.2, "r1": 0.1, "r2": 1.0, "r3": 0.0},
        {"r0": 0.6, "r1": 0.1, "r2": 1.0, "r3": 0.0},
    ]
    report = _tiny(new, [0.9, 0.2, 0.1, 1.0])
    report.outcomes["one"].answers["new"][0]["r3"] = None
    found = regressions(report, report.outcomes["one"])
    [lost] = [r for r in found if r.new == "new"]
    assert (lost.old, lost.lost, [r.row for r in lost.rows]) == ("old", 3, ["r3", "r0", "r1"])
    worst, second, _ = lost.rows
    assert (worst.said[0].lacks, worst.said[1].lacks) == ("failed", "")
    # The first seed did worst on r0.
    assert (second.said[0].seed, second.said[0].score) == (1, "0.200")
    assert (second.said[1].seed, second.said[1].score) == (None, "0.900")
    assert "".join(words for kind, words in second.said[0].changes if kind != "ins") == "text 0"
    assert "".join(words for kind, words in second.said[0].changes if kind != "del") == "new 0"


def test_without_a_baseline_rows_are_set_against_people() -> None:
    report = made_up_report(30, baseline=None)
    found = regressions(report, report.outcomes["rewriting"])
    assert {(r.new, r.old) for r in found} == {(s, "people") for s in ("base", "tuned", "k-shot")}
    assert all(len(r.rows) <= MOST for r in found)


def _estimate(value: float) -> Estimate:
    return Estimate(value, value - 0.1, value + 0.1, 30, 1)


@pytest.mark.parametrize("kind", ["dots", "radar"])
def test_a_plot_is_the_same_each_time_and_has_only_the_pages_colours(kind: str) -> None:
    series = [
        Series("people " * 9, PEOPLE, [_estimate(0.7)] * 6),
        *(
            Series(f"s{n}", look, [_estimate(0.1 * n), None, *[_estimate(0.5)] * 4])
            for n, look in enumerate(LOOKS, 1)
        ),
    ]

    def drawn() -> str:
        if kind == "dots":
            groups = [(f"{g} <&> $x^2$", 30) for g in GROUPS]
            return str(dots("plot-a", "Title", "Words.", groups, series, 0.5).svg)
        return str(radar("plot-b", "Title", "Words.", GROUPS, series).svg)

    assert drawn() == drawn()
    assert not re.findall(r"#[0-9a-f]{6}\b|rgb\(|nan|<style|http", drawn())
    assert ">Title</title>" in drawn()
    assert ">Words.</desc>" in drawn()


def test_equal_values_still_have_a_scale() -> None:
    flat = Estimate(0.0, 0.0, 0.0, 30, 1)
    plot = dots("plot-c", "T", "W", [("a", 30), ("b", 30)], [Series("s", PEOPLE, [flat, flat])])
    assert "nan" not in plot.svg
