"""The run report, over stores that hold what the runner writes."""

import re
import tempfile
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data import runs
from srllm_data.account import funnel
from srllm_data.config import Config, load_config
from srllm_data.plan import make_plan
from srllm_data.quality import check_boundary
from srllm_data.release import publish
from srllm_data.report import render_report
from srllm_data.runner import _manifest, _write_part, run_stage
from srllm_data.schema import STAGES, StageOutput, drop, dropped_table, schema_after
from srllm_data.workspace import Workspace, canonical, write_atomically

#: Stands in every text of the made-up rows; no report may hold it.
SAID = "words that nobody should read by surprise"

#: How rows of the made-up store end, and where.
ENDS = {
    "no_text": ("gather", "filtered"),
    "too_short": ("clean", "filtered"),
    "other_language": ("clean", "filtered"),
    "near_duplicate": ("deduplicate", "duplicate"),
    "refused": ("rewrite", "failed"),
    "content_lost": ("validate", "rejected"),
    "undecided_hold": ("review", "held"),
    "curator": ("review", "rejected"),
}

CONFIG = Config.model_validate(
    {
        "workspace": "/somewhere",
        "gather": {
            "sources": [
                {"name": "forum", "path": "forum.csv", "licence": "CC0-1.0"},
                {"name": "news", "path": "news.jsonl", "licence": "CC-BY-4.0 <or later>"},
                {
                    "name": "wire",
                    "feed": "https://me:hunter2@example.org/feed?token=t0ps3cret",
                    "licence": "MIT",
                },
            ]
        },
        "rewrite": {
            "base_url": "https://me:hunter2@example.org/v1?key=t0ps3cret",
            "others": [{"model": "b", "base_url": "https://me:hunter2@example.org/v1"}],
            "pairs": ["own", "https://me:hunter2@example.org/pairs.jsonl?sig=t0ps3cret"],
        },
        "release": {"name": "made-up"},
    }
)


def row(number: int, end: str | None, control: bool, source: str) -> dict[str, Any]:
    return {
        "end": end,
        "id": f"{number:016x}",
        "text": f"{number}: {SAID}",
        "source": source,
        "source_key": str(number),
        "location": f"{source}.csv:{number + 2}",
        "licence": "CC0-1.0" if source == "forum" else "CC-BY-4.0 <or later>",
        "weight": 1.0,
        "language": "en",
        "language_score": 1.0,
        "cluster": f"{number:016x}",
        "cluster_size": 1,
        "entities": [],
        "bias": "No" if control else "Yes",
        "toxicity": "No" if control else ("Mild", "High")[number % 2],
        "sentiment": "Neutral" if control else "Negative",
        "harm": "Low" if control else "Medium",
        "target_groups": [] if control else ["gender", "age"][: 1 + number % 2],
        "biased_spans": [],
        "control": control,
        "rewrite": f"{number}: rewritten {SAID}",
        "rewrite_by": "unchanged" if control else "example.org a-model rewrite-v1",
        "candidates": [],
        "signals": [],
        "verdict": "hold" if end == "undecided_hold" else "accept",
        "reasons": ["keeps 50 % of the <content> words"] if end == "undecided_hold" else [],
        "split": ("train", "test")[number % 2],
        "disposition": "control" if control else "released",
    }


def facts_of(stage: str, rows: list[dict[str, Any]], facts: dict[str, object]) -> dict[str, object]:
    if stage == "gather":
        kept = Counter(r["source"] for r in rows if r["end"] != "no_text")
        lost = Counter(r["source"] for r in rows if r["end"] == "no_text")
        broken = "The feed example.org/feed cannot be read (404); correct its address."
        return {
            "sources": [
                {
                    "name": s.name,
                    "kept": kept[s.name],
                    "dropped": lost[s.name],
                    "error": broken if s.name == "wire" else None,
                }
                for s in CONFIG.gather.sources
            ]
        }
    ends = Counter(r["end"] for r in rows)
    if stage == "rewrite":
        return {
            "control": sum(r["control"] for r in rows),
            "ok": sum(not r["control"] for r in rows) - ends["refused"],
            "refused": ends["refused"],
            "ask_again": 0,
            **facts,
        }
    if stage == "validate":
        return {
            "gate=content_lost": ends["content_lost"],
            "gate=content_thin": ends["undecided_hold"],
            "verdict=accept": len(rows) - ends["content_lost"] - ends["undecided_hold"],
            "verdict=hold": ends["undecided_hold"],
            "verdict=reject": ends["content_lost"],
        }
    return {}


def build(
    root: Path,
    rows: list[dict[str, Any]],
    until: str = "release",
    release: bool = True,
    rewrite_facts: dict[str, object] | None = None,
    **run: Any,
) -> tuple[Workspace, dict[str, Any]]:
    """A store as the runner would leave it after ``until``, and the record of its run."""
    workspace = Workspace(root)
    stages = STAGES[: STAGES.index(until) + 1]
    for stage in stages:
        ending = [r for r in rows if r["end"] and ENDS[r["end"]][0] == stage]
        staying = [r for r in rows if r not in ending]
        schema = schema_after(stage)
        output = StageOutput(
            pa.Table.from_pylist([{n: r.get(n) for n in schema.names} for r in staying], schema),
            dropped_table([drop(r["id"], ENDS[r["end"]][1], r["end"], SAID) for r in ending]),
            facts_of(stage, rows, rewrite_facts or {}),
        )
        folder = workspace.folder(stage, f"key-{stage}")
        folder.mkdir(parents=True)
        _write_part(folder, 0, stage, output)
        components = {"code": "c", "settings": {}, "libraries": {f"lib-{stage}": "1.2"}}
        manifest = _manifest(stage, f"key-{stage}", components, folder, workspace)
        manifest["seconds"] = 1.5
        write_atomically(folder / "manifest.json", canonical(manifest).encode())
        rows = staying
    keys = {s: f"key-{s}" for s in stages}
    done = release and until == "release"
    record = {
        "run": "20260301T120000.000000Z",
        "started": "2026-03-01T12:00:00+00:00",
        "seconds": 1234.5,
        "stages": {s: {"key": k, "from_store": s in ("gather", "clean")} for s, k in keys.items()},
        "funnel": funnel(workspace, keys),
        "checks": [],
        "release": str(workspace.releases / "v3-0a1b2c3d") if done else None,
        "stopped": None,
    }
    return workspace, {**record, **run}


def rows_with(ends: dict[str | None, int], controls: int = 3) -> list[dict[str, Any]]:
    plan = [end for end, count in ends.items() for _ in range(count)]
    plan += [None] * controls
    return [
        row(i, end, i >= len(plan) - controls, ("forum", "news")[i % 3 == 0])
        for i, end in enumerate(plan)
    ]


FULL: dict[str | None, int] = {
    None: 10,
    "no_text": 2,
    "too_short": 3,
    "other_language": 1,
    "near_duplicate": 4,
    "refused": 2,
    "content_lost": 2,
    "undecided_hold": 3,
    "curator": 1,
}


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., str]:
    def render(ends: dict[str | None, int] = FULL, controls: int = 3, **options: Any) -> str:
        root = Path(tempfile.mkdtemp(dir=tmp_path))
        workspace, run = build(root, rows_with(ends, controls), **options)
        return render_report(CONFIG, workspace, run)

    return render


class Page(HTMLParser):
    """What a reader gets: tables by section, links, ids; fails on tags that do not close."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.section = ""
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attributes
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "h2":
            self.section = dict(attributes)["id"] or ""
        if tag == "tr":
            self.tables.setdefault(self.section, []).append([])
        if tag in ("td", "th"):
            self.tables[self.section][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if {"td", "th"} & set(self.open):
            self.tables[self.section][-1][-1] += data

    def lines(self, section: str) -> dict[str, list[str]]:
        """Cells by the first cell of their row."""
        return {
            " ".join(r[0].split()): [" ".join(c.split()) for c in r[1:]]
            for r in self.tables.get(section, [])
        }

    def values(self, name: str) -> list[str]:
        return [v or "" for n, v in self.attributes if n == name]


def said(page: Page) -> str:
    return " ".join(page.text.split())


def test_a_released_run_says_what_came_out(make: Callable[..., str]) -> None:
    page = Page(make())
    assert "Released as v3-0a1b2c3d." in said(page)
    ends = page.lines("ends")
    assert ends["released"][:2] == ["10", "32.3%"]
    assert ends["control"][:2] == ["3", "9.7%"]
    assert ends["duplicate"][0] == "4"
    assert ends["filtered"][0] == "6"
    assert ends["failed"][0] == "2"
    assert ends["rejected"][0] == "3"
    assert ends["held"][0] == "3"
    assert ends["gathered"][:2] == ["31", "100.0%"]
    assert "withdrawn" not in ends


def test_the_funnel_names_every_reason_with_its_disposition(make: Callable[..., str]) -> None:
    lines = Page(make()).lines("funnel")
    assert lines["gather"][:3] == ["31", "29", "2"]
    assert lines["clean"][:3] == ["29", "25", "4"]
    assert lines["clean"][4] == "too short 3 (filtered)other language 1 (filtered)"
    assert lines["release"][:3] == ["13", "13", "0"]


def test_links_lead_to_the_release_from_the_folder_of_the_run(make: Callable[..., str]) -> None:
    links = Page(make()).values("href")
    assert "../../releases/v3-0a1b2c3d.data_docs/index.html" in links
    assert "../../releases/v3-0a1b2c3d/README.md" in links


def test_a_broken_source_is_a_warning_and_stands_in_the_table(make: Callable[..., str]) -> None:
    page = Page(make())
    assert "1 warning Source 'wire': The feed example.org/feed cannot be read (404)" in said(page)
    sources = page.lines("sources")
    assert sources["news"][0] == "CC-BY-4.0 <or later>"
    assert sources["wire"][:3] == ["MIT", "0", "0"]
    assert sources["wire"][-1].startswith("broken: The feed")
    assert int(sources["forum"][1]) + int(sources["news"][1]) == 29


def test_labels_and_groups_are_counted_before_and_in_the_release(make: Callable[..., str]) -> None:
    lines = Page(make()).lines("labels")
    assert lines["Yes"][:4] == ["18", "85.7%", "10", "76.9%"]
    assert lines["Positive"][:4] == ["0", "0.0%", "0", "0.0%"]
    assert lines["gender"][:4] == ["18", "85.7%", "10", "76.9%"]
    assert lines["none"][:4] == ["3", "14.3%", "3", "23.1%"]


def test_acceptance_is_over_rows_that_needed_a_rewrite(make: Callable[..., str]) -> None:
    page = Page(make())
    head, *by_source = page.tables["acceptance"][:3]
    assert head[1:6] == ["needed one", "accepted", "failed", "rejected", "held"]
    counts = [[int(c) for c in line[1:6]] for line in by_source]
    assert [sum(c) for c in zip(*counts, strict=True)] == [18, 10, 2, 3, 3]
    assert page.lines("acceptance")["gender"][5] == "55.6%"


def test_rewriting_names_who_rewrote_the_outcomes_and_the_tokens(make: Callable[..., str]) -> None:
    spent = {
        "requests_sent": 16,
        "requests_from_ledger": 4,
        "tokens_in": 12345,
        "ledger_tokens_in": 99,
        "tokens_out": 678,
        "ledger_tokens_out": 0,
        "cost": 1.23456,
        "ledger_cost": 0,
        "draft_requests": 18,
        "draft_tokens": 13000,
        "draft_cost": 1.2,
        "round_1_tried": 5,
        "round_1_kept": 3,
        "round_1_accepted": 2,
    }
    lines = Page(make(rewrite_facts=spent)).lines("rewriting")
    assert lines["example.org a-model rewrite-v1"] == ["16"]
    assert lines["ok"][:2] == ["16", "76.2%"]
    assert lines["refused"][0] == "2"
    assert lines["requests"] == ["16", "4"]
    assert lines["tokens sent"] == ["12,345", "99"]
    assert lines["US dollars"] == ["1.2346", "0.0000"]
    assert lines["draft"] == ["18", "13,000", "1.2000"]
    assert lines["round 1"] == ["5", "3", "2"]
    assert "ask again" not in lines


def test_gates_are_listed_with_their_verdict(make: Callable[..., str]) -> None:
    lines = Page(make()).lines("gates")
    assert lines["content thin"][:2] == ["hold", "3"]
    assert lines["content lost"][:2] == ["reject", "2"]
    assert "copied" not in lines


def test_held_rows_are_listed_by_id_without_a_text(make: Callable[..., str]) -> None:
    page = Page(make())
    held = page.tables["held"][1:]
    assert len(held) == 3
    assert {len(line[0]) for line in held} == {16}
    assert {line[3] for line in held} == {"keeps 50 % of the <content> words"}
    assert re.fullmatch(r"(forum|news)\.csv:\d+", held[0][2])
    assert "srllm explain ID --text" in said(page)


def test_a_long_list_of_held_rows_says_how_many_there_are(make: Callable[..., str]) -> None:
    page = Page(make({"undecided_hold": 1001}))
    assert len(page.tables["held"]) == 101
    assert "1,001 rows wait; the first 100 are listed" in said(page)


CHECKS = [
    {
        "boundary": "gathered",
        "success": False,
        "rows": 29,
        "expectations": [
            {
                "type": "a",
                "column": "id",
                "severity": "critical",
                "success": True,
                "sentence": "every row has an id",
                "row_ids": [],
            },
            {
                "type": "b",
                "column": "url",
                "severity": "warning",
                "success": False,
                "sentence": "every row has a <link> (12 of 29 fail)",
                "row_ids": [f"{i:016x}" for i in range(12)],
            },
        ],
    }
]


def test_expectations_show_their_state_and_ten_failing_rows(make: Callable[..., str]) -> None:
    page = Page(make(checks=CHECKS))
    (_, failed, holds) = page.tables["expectations"]
    assert failed[:3] == ["failed", "every row has a <link> (12 of 29 fail)", "warning"]
    assert failed[3].split()[:2] == [f"{0:016x}", f"{1:016x}"]
    assert failed[3].endswith("and more")
    assert len(failed[3].split()) == 12
    assert holds[:3] == ["holds", "every row has an id", "critical"]
    assert "Expectation at 'gathered': every row has a <link>" in said(page)
    assert "released (after release): not checked in this run" in said(page)


def test_a_stopped_run_says_so_first(make: Callable[..., str]) -> None:
    page = Page(make(until="label", stopped="The critical expectation <x> failed.", checks=CHECKS))
    assert "Stopped, no release. The critical expectation <x> failed." in said(page)
    assert page.lines("ends")["on their way"][0] == "21"
    assert not page.lines("ends").keys() & {"released", "rejected", "held"}
    assert "Not reached in this run: rewrite, validate, review, release." in said(page)


def test_a_finished_but_unpublished_release_stage_releases_nothing(
    make: Callable[..., str],
) -> None:
    page = Page(make(release=False, stopped="The critical expectation x failed."))
    assert "released" not in page.lines("ends")
    assert page.lines("ends")["on their way"][0] == "13"
    assert len(page.lines("labels")["Yes"]) == 3


@pytest.mark.parametrize("until", STAGES)
def test_every_cut_gives_a_whole_page(make: Callable[..., str], until: str) -> None:
    page = Page(make(until=until))
    ids = page.values("id")
    assert len(set(ids)) == len(ids)
    inner = {link[1:] for link in page.values("href") if link.startswith("#")}
    assert inner <= set(ids)
    assert set(page.values("aria-labelledby")) <= set(ids)
    assert page.tags["table"] == page.tags["thead"]
    assert len(page.lines("times")) == STAGES.index(until) + 3


def test_a_run_that_finished_nothing_gives_a_page(tmp_path: Path) -> None:
    workspace, run = build(tmp_path, rows_with({None: 1}), until="gather", stopped="No.")
    page = Page(render_report(CONFIG, workspace, {**run, "stages": {}, "funnel": []}))
    assert "Stopped, no release. No." in said(page)


def test_no_rows_at_all_give_a_page(make: Callable[..., str]) -> None:
    page = Page(make({}, controls=0))
    assert page.lines("ends")["gathered"][:2] == ["0", "–"]


def test_a_page_loads_and_runs_nothing(make: Callable[..., str]) -> None:
    html = make(checks=CHECKS)
    page = Page(html)
    assert not page.tags.keys() & {"script", "link", "img", "iframe", "object"}
    assert page.values("src") == []
    assert all(link.startswith(("#", "../../releases/")) for link in page.values("href"))
    assert "url(" not in html
    assert "@import" not in html
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_no_text_and_no_secret_gets_into_a_page(make: Callable[..., str]) -> None:
    html = make(checks=CHECKS)
    assert SAID not in html
    assert "hunter2" not in html
    assert "t0ps3cret" not in html


def test_settings_and_libraries_are_there(make: Callable[..., str]) -> None:
    page = Page(make())
    assert page.lines("settings")["lib-clean"] == ["1.2"]
    assert "undecided: hold" in page.text
    times = page.lines("times")
    assert times["gather"][:2] == ["1.5", "the store: the time is that of an earlier run"]
    assert times["redact"][:2] == ["1.5", "this run"]
    assert times["whole run"][0] == "1,234.5"


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    workspace, run = build(tmp_path, rows_with(FULL))
    assert render_report(CONFIG, workspace, run) == render_report(CONFIG, workspace, run)


TEXTS = [
    "Typical women drivers, they can never park a car, and the bus was late again on Monday.",
    "The idiots who run the council raised the parking fee to 4 euros on Tuesday.",
    "The library on Mill Road opens at nine and closes at six on weekdays.",
    "The library on Mill Road opens at nine and closes at six on weekdays!",
    "Old people are useless with phones, so the clinic sends letters to 200 patients.",
    "Write to jane.roe@example.org about the meeting at the town hall on Friday.",
    "La biblioteca apre alle nove e chiude alle sei nei giorni feriali, come sempre.",
    "No.",
]


@pytest.mark.slow
def test_a_real_build_is_told_without_a_word_of_its_texts(tmp_path: Path) -> None:
    lines = "".join(f'"{text}"\n' for text in TEXTS)
    (tmp_path / "texts.csv").write_text(f"text\n{lines}", encoding="utf-8")
    (tmp_path / "srllm.yaml").write_text(
        "gather: {sources: [{name: own, path: texts.csv, licence: CC0-1.0}]}", encoding="utf-8"
    )
    config = load_config(tmp_path / "srllm.yaml")
    workspace = Workspace(Path(config.workspace))
    plan = make_plan(config, workspace)
    run = runs.start(plan, STAGES, [])
    for stage, key in plan.keys.items():
        run_stage(stage, key, plan.components[stage], config, workspace)
    check_boundary("labelled", plan.keys["label"], config, workspace)
    run["release"] = str(publish(config, workspace, plan).path)
    record = runs.finish(config, workspace, run)
    html = Path(record["report"]).read_text(encoding="utf-8")
    page = Page(html)
    ends = page.lines("ends")
    assert ends["gathered"][0] == str(len(TEXTS))
    assert sum(int(cells[0]) for cells in ends.values() if cells[0].isdigit()) == 2 * len(TEXTS)
    assert ends["duplicate"][0] == "1"
    assert page.lines("sources")["own"][:3] == ["CC0-1.0", "8", "0"]
    assert page.lines("rewriting").keys() >= {"control", "ok"}
    assert re.search(r"labelled \(after label, \d rows\): all \d+ hold", said(page))
    folder = Path(record["report"]).parent
    assert (folder / page.values("href")[0]).is_file()
    spoken = {"closes", "patients", "parking", "biblioteca", "idiots", "useless", "clinic"}
    assert spoken <= set(re.findall(r"\w+", lines.lower()))
    assert not spoken & set(re.findall(r"\w+", html.lower()))


@settings(max_examples=15, deadline=None)
@given(
    ends=st.dictionaries(st.sampled_from([None, *ENDS]), st.integers(0, 4)),
    controls=st.integers(0, 3),
    until=st.sampled_from(STAGES),
)
def test_the_ends_add_up_to_the_gathered_rows(
    ends: dict[str | None, int], controls: int, until: str
) -> None:
    rows = rows_with(ends, controls)
    with tempfile.TemporaryDirectory() as folder:
        workspace, run = build(Path(folder), rows, until=until)
        lines = Page(render_report(CONFIG, workspace, run)).lines("ends")
    assert lines.pop("disposition")[0] == "rows"
    assert lines.pop("gathered")[0] == str(len(rows))
    assert sum(int(cells[0]) for cells in lines.values()) == len(rows)
