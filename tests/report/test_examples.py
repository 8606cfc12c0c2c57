"""Examples: which rows are shown, and that nobody sees a word without asking."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_up import CONFIG, FULL, RAW, SAID, Page, build, rows_with

from srllm_data.config import ValidateConfig
from srllm_data.decisions import DecisionLog
from srllm_data.report import render_report
from srllm_data.report.examples import MOST, PRIVATE, examples
from srllm_data.report.tables import Tables
from srllm_data.validate.gates import GATES, reason

HOSTILE = (
    "</p><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} &lt;b&gt; "
    "\u202egnihton\u202c \u2066\x07 ]]> --> </svg></style>"
)


def chosen(tmp_path: Path, rows: list[dict[str, Any]], **options: Any) -> dict[str, list[Any]]:
    workspace, run = build(tmp_path, rows, **options)
    return dict(examples(CONFIG, Tables(workspace, run)))


def numbers(found: list[Any]) -> list[int]:
    return [int(example.id, 16) for example in found]


def test_the_best_lost_most_bias_and_the_worst_are_nearest_to_a_limit(tmp_path: Path) -> None:
    found = chosen(tmp_path, rows_with({None: 30}, 3))
    assert numbers(found["best"]) == [0, 1, 2, 3, 4]
    assert numbers(found["worst"]) == [29, 28, 27, 26, 25]
    assert found["worst"][0].reasons[0] == "bias 0.340, at most 0.400 wanted"
    assert found["best"][0].reasons == [
        "bias 0.90 to 0.05, toxicity 0.60 to 0.10, content kept 100 %"
    ]


def test_no_row_is_shown_twice_and_few_are_shown(tmp_path: Path) -> None:
    found = chosen(tmp_path, rows_with({None: 7, "undecided_hold": 9, "content_lost": 9}))
    ids = [example.id for kind in found.values() for example in kind]
    assert len(set(ids)) == len(ids)
    assert {kind: len(rows) for kind, rows in found.items()} == {
        "best": MOST,
        "worst": 2,
        "held": MOST,
        "rejected": MOST,
    }


def test_held_examples_come_from_different_reasons(tmp_path: Path) -> None:
    rows = rows_with({"undecided_hold": 12}, 0)
    for n, row in enumerate(rows):
        row["reasons"] = [f"loses {n} {'names' if n < 8 else 'numbers' if n < 11 else 'dates'}"]
    found = chosen(tmp_path, rows)
    assert numbers(found["held"]) == [0, 8, 11, 1, 9]


def test_reasons_of_rejected_rows_are_told_one_by_one(tmp_path: Path) -> None:
    (example,) = chosen(tmp_path, rows_with({"content_lost": 1}))["rejected"]
    assert example.reasons == [
        "keeps only 10 % of the <content> words (at least 40 % needed; many lost)",
        "is cut",
    ]


def test_rows_that_a_curator_decided_are_not_shown(tmp_path: Path) -> None:
    rows = rows_with({None: 3, "undecided_hold": 2, "content_lost": 2}, 0)
    workspace, run = build(tmp_path, rows)
    log = DecisionLog(workspace.decisions)
    for action, row in zip(("reject", "edit", "accept"), (rows[0], rows[3], rows[5]), strict=True):
        log.add(row["id"], action, row["text"], row["rewrite"], "a curator")
    found = examples(CONFIG, Tables(workspace, run))
    assert sorted(n for _, kind in found for n in numbers(kind)) == [1, 2, 4, 6]


def test_a_rewrite_with_personal_data_of_its_own_is_not_shown(tmp_path: Path) -> None:
    rows = rows_with({"undecided_hold": 2}, 0)
    rows[0]["reasons"] = ["is short", f"names 2 {PRIVATE[1]}"]
    assert numbers(chosen(tmp_path, rows)["held"]) == [1]


@pytest.mark.parametrize(("gate", "count"), [("personal_data", 0), ("person_added", 1)])
def test_the_words_of_the_gates_about_personal_data_are_known(gate: str, count: int) -> None:
    told = next(g for g in GATES if g.name == gate)
    for found in (1, 3):
        values = {"personal_data_added": found, "persons_added": found}
        assert PRIVATE[count] in reason(told, values, ValidateConfig())


def test_rows_without_signals_are_left_out(tmp_path: Path) -> None:
    rows = rows_with({None: 3}, 0)
    rows[1]["signals"] = []
    assert numbers(chosen(tmp_path, rows)["best"]) == [0, 2]


def test_there_are_none_before_the_review(tmp_path: Path) -> None:
    assert chosen(tmp_path, rows_with({None: 3}), until="validate") == {}


def test_no_reader_sees_a_text_without_asking(make: Callable[..., Page]) -> None:
    page = make()
    assert SAID.split()[-1] not in page.text
    assert page.hidden.count(SAID) == 10 + 3 + 2
    assert RAW not in page.hidden
    assert "checked" not in [name for name, _ in page.attributes]
    # A browser brings a checked box back on reload unless it is told not to.
    assert page.values("type").count("checkbox") == page.values("autocomplete").count("off") == 16


def test_only_a_checked_box_shows_a_text(render: Callable[..., str]) -> None:
    style = re.search(r"<style>(.*?)</style>", render(), re.S)
    assert style
    rules = re.findall(r"([^{}]*\.said[^{}]*)\{([^}]*)\}", style[1])
    showing = [s.strip() for s, body in rules if re.search(r"display|visibility|content", body)]
    assert len(showing) == 1
    assert all(":checked" in selector for selector in showing[0].split(","))


def test_a_diff_is_told_by_more_than_colour(render: Callable[..., str]) -> None:
    html = render()
    assert re.search(r"<del><span [^>]*> \[removed: </span>words", html) or "[added: " in html
    assert html.count("<ins><span") >= 15


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    rows = rows_with(FULL)
    for row in rows:
        row["text"] = f"{HOSTILE} before"
        row["rewrite"] = f"{HOSTILE} after"
        row["location"] = HOSTILE
        row["licence"] = HOSTILE
        row["rewrite_by"] = HOSTILE
        row["reasons"] = [HOSTILE] if row["end"] == "undecided_hold" else []
        row["target_groups"] = [HOSTILE, "$x^2$", "a\x07b"]
    workspace, run = build(tmp_path, rows, stopped=HOSTILE)
    page = Page(render_report(CONFIG, workspace, run))
    assert not page.tags.keys() & {"script", "img"}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "{{ 7 * 7 }}" in page.hidden
    assert "<script>alert(1)</script>" in page.hidden
    assert "[U+202E]gnihton[U+202C] [U+2066][U+0007]" in page.hidden
    assert "$x^2$" in page.text
