"""The run report, over stores that hold what the runner writes."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import CONFIG, ENDS, FULL, RAW, Page, build, rows_with

from srllm_data import runs
from srllm_data.config import load_config
from srllm_data.plan import make_plan
from srllm_data.quality import check_boundary
from srllm_data.release import publish
from srllm_data.report import render_report
from srllm_data.runner import run_stage
from srllm_data.schema import STAGES
from srllm_data.workspace import Workspace


def test_a_released_run_says_what_came_out(make: Callable[..., Page]) -> None:
    page = make()
    assert "Released as v3-0a1b2c3d: 10 rewritten rows and 3 controls." in page.said
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


def test_the_funnel_names_every_reason_with_its_disposition(make: Callable[..., Page]) -> None:
    lines = make().lines("stages")
    assert lines["gather"][:3] == ["31", "29", "2"]
    assert lines["clean"][:3] == ["29", "25", "4"]
    assert lines["clean"][3] == "too short 3 (filtered)other language 1 (filtered)"
    assert lines["release"][:3] == ["13", "13", "0"]


def test_links_lead_to_the_release_from_the_folder_of_the_run(make: Callable[..., Page]) -> None:
    links = make().values("href")
    assert "../../releases/v3-0a1b2c3d.data_docs/index.html" in links
    assert "../../releases/v3-0a1b2c3d/README.md" in links


def test_a_broken_source_is_a_warning_and_stands_in_the_table(make: Callable[..., Page]) -> None:
    page = make()
    assert "Warning: Source 'wire': The feed example.org/feed cannot be read (404)" in page.said
    sources = page.lines("sources-table")
    assert sources["news"][0] == "CC-BY-4.0 <or later>"
    assert sources["wire"][:3] == ["MIT", "0", "0"]
    assert sources["wire"][-1].startswith("broken: The feed")
    assert int(sources["forum"][1]) + int(sources["news"][1]) == 29


def test_labels_and_groups_are_counted_before_and_in_the_release(make: Callable[..., Page]) -> None:
    page = make()
    assert page.lines("balance-bias")["Yes"] == ["18", "85.7%", "10", "76.9%"]
    assert page.lines("balance-sentiment")["Positive"] == ["0", "0.0%", "0", "0.0%"]
    assert page.lines("balance-target-group")["gender"] == ["18", "85.7%", "10", "76.9%"]
    assert page.lines("balance-target-group")["none"] == ["3", "14.3%", "3", "23.1%"]


def test_acceptance_is_over_rows_that_needed_a_rewrite(make: Callable[..., Page]) -> None:
    page = make()
    head, *by_source = page.tables["acceptance-source"]
    assert head[1:6] == ["needed one", "accepted", "held", "rejected", "failed"]
    counts = [[int(c) for c in line[1:6]] for line in by_source]
    assert [sum(c) for c in zip(*counts, strict=True)] == [18, 10, 3, 3, 2]
    assert page.lines("acceptance-target-group")["gender"][5] == "55.6%"


def test_rewriting_names_who_rewrote_the_outcomes_and_the_tokens(make: Callable[..., Page]) -> None:
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
    page = make(rewrite_facts=spent)
    assert page.lines("rewriting-by")["example.org a-model rewrite-v1"] == ["16"]
    assert page.lines("rewriting-outcomes")["ok"] == ["16", "76.2%"]
    assert page.lines("rewriting-outcomes")["refused"][0] == "2"
    assert page.lines("rewriting-purposes")["draft"] == ["18", "13,000", "1.2000"]
    assert page.lines("rewriting-rounds")["round 1"] == ["5", "3", "2"]
    lines = page.lines("cost-rewrite")
    assert lines["requests"] == ["16", "4", "2.0"]
    assert lines["tokens sent"][:2] == ["12,345", "99"]
    assert lines["US dollars"] == ["1.2346", "0.0000", "0.1235"]
    assert "This run paid 1.2346 US dollars" in page.said


def test_gates_are_listed_with_their_verdict(make: Callable[..., Page]) -> None:
    lines = make().lines("gates-failed")
    assert lines["content thin"][:2] == ["hold", "3"]
    assert lines["content lost"][:2] == ["reject", "2"]
    assert "copied" not in lines


def test_held_rows_are_listed_by_id_without_a_text(make: Callable[..., Page]) -> None:
    page = make()
    held = page.tables["held-rows"][1:]
    assert len(held) == 3
    assert {len(line[0]) for line in held} == {16}
    assert {line[3] for line in held} == {"keeps 50 % of the <content> words"}
    assert re.fullmatch(r"(forum|news)\.csv:\d+", held[0][2])
    assert "srllm explain ID --text" in page.said


def test_a_long_list_of_held_rows_says_how_many_there_are(make: Callable[..., Page]) -> None:
    page = make({"undecided_hold": 1001})
    assert len(page.tables["held-rows"]) == 101
    assert "1,001 rows wait." in page.said
    assert "The first 100 rows" in page.said


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


def test_expectations_show_their_state_and_ten_failing_rows(make: Callable[..., Page]) -> None:
    page = make(checks=CHECKS)
    (_, failed, holds) = page.tables["expectations-gathered"]
    assert failed[:3] == ["failed", "every row has a <link> (12 of 29 fail)", "warning"]
    assert failed[3].split()[:2] == [f"{0:016x}", f"{1:016x}"]
    assert failed[3].endswith("and more")
    assert len(failed[3].split()) == 12
    assert holds[:3] == ["holds", "every row has an id", "critical"]
    assert "Expectation at 'gathered': every row has a <link>" in page.said
    assert "released (after release): not checked in this run" in page.said


def test_a_stopped_run_says_so_first(make: Callable[..., Page]) -> None:
    page = make(until="label", stopped="The critical expectation <x> failed.", checks=CHECKS)
    assert "Stopped, no release. The critical expectation <x> failed." in page.said
    assert page.lines("ends")["on their way"][0] == "21"
    assert not page.lines("ends").keys() & {"released", "rejected", "held"}
    assert "Not reached in this run: rewrite, validate, review, release." in page.said


def test_a_finished_but_unpublished_release_stage_releases_nothing(
    make: Callable[..., Page],
) -> None:
    page = make(release=False, stopped="The critical expectation x failed.")
    assert "released" not in page.lines("ends")
    assert page.lines("ends")["on their way"][0] == "13"
    assert len(page.lines("balance-bias")["Yes"]) == 2


@pytest.mark.parametrize("until", STAGES)
def test_every_cut_gives_a_whole_page(make: Callable[..., Page], until: str) -> None:
    page = make(until=until)
    ids = page.values("id")
    assert len(set(ids)) == len(ids)
    inner = {link[1:] for link in page.values("href") if link.startswith("#")}
    assert inner <= set(ids)
    assert set(page.values("aria-labelledby")) <= set(ids)
    assert page.tags["table"] == page.tags["thead"]
    assert len(page.lines("times-table")) == STAGES.index(until) + 3


def test_a_run_that_finished_nothing_gives_a_page(tmp_path: Path) -> None:
    workspace, run = build(tmp_path, rows_with({None: 1}), until="gather", stopped="No.")
    page = Page(render_report(CONFIG, workspace, {**run, "stages": {}, "funnel": []}))
    assert "Stopped, no release. No." in page.said


def test_no_rows_at_all_give_a_page(make: Callable[..., Page]) -> None:
    page = make({}, controls=0)
    assert page.lines("ends")["gathered"][:2] == ["0", "–"]


def test_a_page_loads_and_runs_nothing(render: Callable[..., str]) -> None:
    html = render(checks=CHECKS)
    page = Page(html)
    assert not page.tags.keys() & {"script", "link", "img", "image", "iframe", "object", "form"}
    assert page.values("src") == page.values("xlink:href") == []
    local = ("#", "../../releases/", "http://127.0.0.1:8765/row/")
    assert all(link.startswith(local) for link in page.values("href"))
    assert {"#plot"} >= {found[:5] for found in re.findall(r"url\((.{9})", html)}
    assert "@import" not in html
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "default-src 'none'" in next(c for c in page.values("content") if "src" in c)


def test_no_raw_text_and_no_secret_gets_into_a_page(render: Callable[..., str]) -> None:
    html = render(checks=CHECKS)
    assert RAW not in html
    assert "hunter2" not in html
    assert "t0ps3cret" not in html


def test_settings_and_libraries_are_there(make: Callable[..., Page]) -> None:
    page = make()
    assert page.lines("settings-libraries")["lib-clean"] == ["1.2"]
    assert "undecided: hold" in page.text
    times = page.lines("times-table")
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
def test_a_real_build_is_told_without_showing_a_word_of_its_texts(tmp_path: Path) -> None:
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
    assert page.lines("sources-table")["own"][:3] == ["CC0-1.0", "8", "0"]
    assert page.lines("rewriting-outcomes").keys() >= {"control", "ok"}
    assert re.search(r"labelled \(after label, \d rows\): all \d+ hold", page.said)
    folder = Path(record["report"]).parent
    card = next(link for link in page.values("href") if link.endswith("README.md"))
    assert (folder / card).is_file()
    assert "jane" not in html.lower()
    spoken = {"closes", "patients", "parking", "biblioteca", "idiots", "useless", "clinic"}
    assert spoken <= set(re.findall(r"\w+", lines.lower()))
    assert not spoken & set(re.findall(r"\w+", page.text.lower()))
    assert "idiots" in page.hidden


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
