"""The verdict on a release, and the sections on drift, trivial systems, a judge and cost."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_up import CONFIG, FULL, Page, build, row, rows_with

from srllm_data.report import render_report
from srllm_data.schema import schema_after

TRIVIAL = [
    {
        "system": name,
        "rows": 18,
        "accept": accepted,
        "hold": 0,
        "reject": 18 - accepted,
        "controls": 3,
        "controls_accepted": 3,
    }
    for name, accepted in (("copy <it>", 0), ("delete spans", 2), ("this build", 10))
]


def page_of(root: Path, rows: list[dict[str, Any]], **run: Any) -> Page:
    """The page of made-up rows, whose source 'wire' is not broken."""
    workspace, record = build(root, rows, **run)
    for stage in record["funnel"]:
        for source in stage["facts"].get("sources", []):
            source["error"] = None
    return Page(render_report(CONFIG, workspace, record))


def released_before(root: Path, rows: list[dict[str, Any]]) -> None:
    folder = root / "releases" / "v2-00000000" / "data"
    folder.mkdir(parents=True)
    schema = schema_after("release")
    table = pa.Table.from_pylist([{n: r.get(n) for n in schema.names} for r in rows], schema)
    pq.write_table(table.drop_columns("split"), folder / "train-00000-of-00001.parquet")


def test_a_release_without_a_flaw_is_good_to_use(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows_with({None: 10}))
    assert "Good to use. Released as v3-0a1b2c3d: 10 rewritten rows and 3 controls." in page.said
    assert (
        "Of 10 rows that needed a rewrite, 100 % were accepted, 0 % wait for a curator, and "
        "0 % were rejected or failed." in page.said
    )
    assert "Nothing stands out" in page.said


def test_a_warning_asks_for_care(make: Callable[..., Page]) -> None:
    assert "Good to use with care: look at the warnings first." in make().said


def test_a_release_without_rewrites_is_not_good_to_use(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows_with({}, 5))
    assert "Not good to use: it holds no rewritten row." in page.said
    assert not page.tables.keys() & {"acceptance-source", "gates-failed", "scores-bias"}


def test_the_commonest_reasons_are_named_with_their_section(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows_with(FULL))
    assert "2 rows got no rewrite at all; the commonest reason is 'refused' (2)." in page.said
    assert "The gate that holds most rewrites is 'content thin': 3 rewrites fail it." in page.said
    assert {"#rewriting", "#gates"} <= set(page.values("href"))


def test_a_source_with_few_accepted_rows_is_named(tmp_path: Path) -> None:
    ends = [None] * 60 + ["content_lost"] * 25
    rows = [row(n, end, False, "news" if n >= 55 else "forum") for n, end in enumerate(ends)]
    said = page_of(tmp_path, rows).said
    assert "Few rows of the source 'news' are accepted: 17 %, against 71 % of all." in said


def test_many_controls_are_named(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows_with({None: 2}, 9))
    assert "There are 4 controls for each rewritten row." in page.said


def test_long_lists_of_warnings_are_cut(make: Callable[..., Page]) -> None:
    told = {"type": "a", "column": "id", "severity": "warning", "success": False, "row_ids": []}
    failed = [{**told, "sentence": f"number {n}"} for n in range(20)]
    check = {"boundary": "gathered", "success": False, "rows": 29, "expectations": failed}
    page = make(checks=[check])
    assert page.said.count("Warning:") == 8
    assert "And 16 more, in the sections below." in page.said


def test_a_first_release_has_nothing_to_compare_with(make: Callable[..., Page]) -> None:
    assert "This is the first release: there is nothing to compare with." in make().said


def test_drift_is_told_by_axis_with_the_largest_shifts(tmp_path: Path) -> None:
    released_before(tmp_path, [row(n, None, False, "news") for n in range(40)])
    page = page_of(tmp_path, rows_with(FULL))
    lines = page.lines("drift-shifts")
    assert lines["language"] == ["0.000", "none", "none"]
    assert lines["source"][1] == "large"
    assert re.fullmatch(
        r"(forum|news): [+−]\d\d\.\d; (forum|news): [+−]\d\d\.\d", lines["source"][2]
    )
    assert "Warning: Large drift against v2-00000000: " in page.said


def test_equal_releases_do_not_drift(tmp_path: Path) -> None:
    rows = rows_with({None: 10})
    released_before(tmp_path, rows)
    page = page_of(tmp_path, rows)
    assert {cells[1] for name, cells in page.lines("drift-shifts").items() if name != "axis"} == {
        "none"
    }
    assert "Good to use. " in page.said


def test_a_damaged_release_before_is_said_instead_of_compared(tmp_path: Path) -> None:
    (tmp_path / "releases" / "v2-00000000").mkdir(parents=True)
    page = page_of(tmp_path, rows_with(FULL))
    assert "v2-00000000 cannot be compared with: " in page.said


def test_a_trivial_system_that_gets_rows_accepted_is_a_warning(make: Callable[..., Page]) -> None:
    page = make(trivial=TRIVIAL)
    lines = page.lines("trivial-systems")
    assert lines["copy <it>"] == ["18", "0", "0.0%", "0", "18", "3 of 3"]
    assert lines["this build"][2] == "55.6%"
    assert "'delete spans', which does nothing useful, gets 2 of 18 rows accepted" in page.said
    assert "'this build', which" not in page.said
    assert "'copy <it>', which" not in page.said


@pytest.mark.parametrize("trivial", [None, []])
def test_sections_without_content_are_left_out(make: Callable[..., Page], trivial: Any) -> None:
    page = make(trivial=trivial, judge=None)
    assert not {"trivial", "judge"} & set(page.values("id"))
    assert not {"#trivial", "#judge"} & set(page.values("href"))


def test_a_judge_is_told_with_its_agreement(make: Callable[..., Page]) -> None:
    judge = {"model": "a-model", "rows": 16, "consistent": 12}
    page = make(judge=judge | {"agreement": {"rows": 4, "kappa": 0.5, "agree": 3}})
    assert "a-model judged 16 rewrites and was consistent with itself on 12 (75.0%)." in page.said
    assert "it agrees on 3 (75.0%), Cohen's kappa 0.50" in page.said
    page = make(judge=judge | {"agreement": {"rows": 0, "kappa": None, "agree": 0}})
    assert "No curator decided on a row that it judged" in page.said


PAID = {
    "requests_sent": 10,
    "requests_from_ledger": 5,
    "tokens_in": 1000,
    "ledger_tokens_in": 500,
    "tokens_out": 100,
    "ledger_tokens_out": 50,
    "cost": 2.0,
    "ledger_cost": 1.0,
}


def test_cost_of_a_stage_from_the_store_was_paid_earlier(tmp_path: Path) -> None:
    workspace, run = build(tmp_path, rows_with(FULL), rewrite_facts=PAID, label_facts=PAID)
    run["stages"]["rewrite"]["from_store"] = True
    page = Page(render_report(CONFIG, workspace, run))
    assert page.lines("cost-label")["requests"] == ["10", "5", "1.5"]
    assert page.lines("cost-rewrite")["requests"] == ["0", "15", "1.5"]
    assert "This run paid 2.0000 US dollars." in page.said
    assert "that makes 6.0000, or 0.6000 for each of 10 accepted rewrites" in page.said


def test_a_run_that_asked_no_model_paid_nothing(make: Callable[..., Page]) -> None:
    assert "Nothing was paid: no model at an endpoint was asked." in make().said


def test_held_rows_link_to_their_review_page_beside_the_command(make: Callable[..., Page]) -> None:
    page = make()
    links = [v for v in page.values("href") if v.startswith("http")]
    assert {re.sub(r"[0-9a-f]{16}$", "", link) for link in links} == {"http://127.0.0.1:8765/row/"}
    assert "Start srllm review --serve" in page.said
