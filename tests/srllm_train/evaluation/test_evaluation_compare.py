"""Two saved reports: what changed between them, and what stands against saying so."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_report import made_up_report

from srllm_data.errors import SrllmError, StoreError
from srllm_train.evaluation.compare import Comparison, compare, text
from srllm_train.evaluation.contract import Row
from srllm_train.evaluation.record import Report, save


def changed(old: Report, new: Report, folder: Path) -> Comparison:
    save(old, folder / "old")
    save(new, folder / "new")
    return compare(folder / "old", folder / "new" / "report.json")


def test_a_report_does_not_differ_from_itself(tmp_path: Path) -> None:
    found = changed(made_up_report(), made_up_report(), tmp_path)
    assert {c.says for c in found.changes} == {"no difference"}
    assert all(c.paired and c.difference.value == 0 for c in found.changes)
    assert found.warnings == found.alone == []
    assert found.rows == {"rewriting": (120, 0, 0), "language": (120, 0, 0)}
    # Four measures of rewriting and one of language, by three systems.
    assert len(found.changes) == 15


def test_a_system_that_lost_its_gain_is_worse(tmp_path: Path) -> None:
    new = made_up_report()
    outcome = new.outcomes["rewriting"]
    outcome.values["tuned"] = outcome.values["base"]
    found = changed(made_up_report(), new, tmp_path)
    by = {(c.measure.name, c.system): c for c in found.changes}
    assert by["J", "tuned"].says == "worse"
    assert by["J", "tuned"].difference.value == pytest.approx(
        by["J", "tuned"].new.value - by["J", "tuned"].old.value
    )
    assert {c.says for c in found.changes if c.system != "tuned"} == {"no difference"}
    assert "better 0, worse" in text(found)


def test_rows_that_only_one_has_are_counted_and_left_out(tmp_path: Path) -> None:
    found = changed(made_up_report(120), made_up_report(100, seed=2), tmp_path)
    assert found.rows["rewriting"] == (100, 20, 0)
    assert all(c.paired and c.difference.rows == 100 for c in found.changes)


def test_other_rows_are_compared_unpaired_with_wider_intervals(tmp_path: Path) -> None:
    new = made_up_report()
    outcome = new.outcomes["language"]
    outcome.values = {
        s: [{f"other-{i}": v for i, v in member.items()} for member in members]
        for s, members in outcome.values.items()
    }
    outcome.rows = [replace(r, id=f"other-{r.id}") for r in outcome.rows]
    found = changed(made_up_report(), new, tmp_path)
    assert found.rows["language"] == (0, 120, 120)
    change = next(c for c in found.changes if c.suite == "language" and c.system == "base")
    assert not change.paired
    # Both half-widths h give sqrt(2) h.
    half = (change.old.high - change.old.low) / 2
    told = (change.difference.high - change.difference.low) / 2
    assert told == pytest.approx(half * 2**0.5, rel=0.02)
    assert "unpaired" in text(found)


def test_another_text_under_the_same_id_is_another_row(tmp_path: Path) -> None:
    new = made_up_report()
    rows = new.outcomes["rewriting"].rows
    rows[0] = replace(rows[0], text="Something else.")
    found = changed(made_up_report(), new, tmp_path)
    assert found.rows["rewriting"] == (119, 1, 1)
    assert any("1 row with the same id and another text" in w for w in found.warnings)


def test_what_makes_figures_differ_is_warned_of(tmp_path: Path) -> None:
    new = made_up_report(seed=1, most=50)
    new.outcomes["rewriting"].facts["style"]["model"] = "style-2"
    new.about["rewriting"]["sources"]["pairs"]["sha256"] = "cd" * 32
    member = new.outcomes["rewriting"].values["people"][0]
    for values in member.values():
        values["j"] += 0.1
    found = changed(made_up_report(), new, tmp_path)
    told = "\n".join(found.warnings)
    assert "Setting most differs: – then, 50 now." in told
    assert "scorers style.model differs: style-1 then, style-2 now." in told
    assert "source pairs.sha256 differs" in told
    assert "J of people, which does not change, differs by +0.100 on the same rows" in told


def test_a_measure_that_means_something_else_is_not_compared(tmp_path: Path) -> None:
    new = made_up_report()
    outcome = new.outcomes["language"]
    outcome.measures = (replace(outcome.measures[0], better="lower"),)
    found = changed(made_up_report(), new, tmp_path)
    assert {c.suite for c in found.changes} == {"rewriting"}
    assert any("SS is defined otherwise" in w for w in found.warnings)


def test_what_only_one_report_has_is_named(tmp_path: Path) -> None:
    new = made_up_report()
    del new.outcomes["language"]
    new.systems = [s | {"name": "x"} if s["name"] == "k-shot" else s for s in new.systems]
    found = changed(made_up_report(), new, tmp_path)
    assert found.alone == [
        "Only the old report has the suite language.",
        "Only the old report has the system k-shot.",
        "Only the new report has the system x.",
    ]


def test_reports_with_nothing_in_common_are_refused_in_one_sentence(tmp_path: Path) -> None:
    new = made_up_report()
    new.outcomes = {"other": new.outcomes["language"]}
    with pytest.raises(SrllmError, match=r"have no system with a measure .* in common; compare"):
        changed(made_up_report(), new, tmp_path)
    with pytest.raises(StoreError, match="is no whole report"):
        compare(tmp_path / "old", tmp_path / "nowhere")


def test_the_comparison_is_json_and_a_table_of_100_columns(tmp_path: Path) -> None:
    old, new = made_up_report(), made_up_report(seed=3)
    for report in (old, new):
        outcome = report.outcomes["rewriting"]
        outcome.rows.append(Row("[bold]odd[/bold]", "x"))
    found = changed(old, new, tmp_path)
    plain = json.loads(json.dumps(found.plain(), allow_nan=False))
    assert len(plain["changes"]) == len(found.changes)
    assert plain["rows"]["rewriting"] == {"both": 121, "only_old": 0, "only_new": 0}
    told = text(found)
    assert max(len(line) for line in told.split("\n")) <= 100
    assert "\x1b" not in told
    assert "\x1b[" in text(found, colour=True)
