import json
from pathlib import Path

import pytest

from srllm_data.errors import StoreError
from srllm_train.evaluation.contract import Measure, Outcome, Row, Table
from srllm_train.evaluation.record import Report, load, save
from srllm_train.evaluation.statistics import Statistics

MEASURE = Measure("J", "says", ("j",), headline=True, rewriting=True)


def report() -> Report:
    rows = [Row(f"r{i}", f"text {i}", (f"ref {i}",), group="g", cluster="c") for i in range(5)]
    values = {"s": [{f"r{i}": {"j": i / 7} for i in range(5)}, {"r0": {"j": 1.0}}]}
    answers = {"s": [{f"r{i}": f"said {i}" for i in range(4)} | {"r4": None}, {}]}
    outcome = Outcome(
        (MEASURE,), rows, values, answers, [Table("t", "says", ("a",), ((1,), ("x",)))],
        ["note"], {"x": "why"}, {"fact": 1},
    )  # fmt: skip
    system = {"name": "s", "kind": "system", "says": "", "members": ["d"]}
    return Report({"baseline": None, "seed": 1, "most": None}, [system], {"rewriting": outcome})


def test_a_saved_report_is_the_same_report(tmp_path: Path) -> None:
    made = report()
    save(made, tmp_path)
    read = load(tmp_path)
    assert read.digest == made.digest
    old, new = made.outcomes["rewriting"], read.outcomes["rewriting"]
    assert (new.rows, new.values, new.tables, new.notes) == (
        old.rows,
        old.values,
        old.tables,
        old.notes,
    )
    assert new.answers["s"][0] == old.answers["s"][0]
    figures = [Statistics(o).estimate(MEASURE, "s") for o in (old, new)]
    assert figures[0] == figures[1]


def test_no_text_is_in_the_figures(tmp_path: Path) -> None:
    save(report(), tmp_path)
    assert "said 0" not in (tmp_path / "report.json").read_text()
    assert "text 0" not in (tmp_path / "report.json").read_text()
    (tmp_path / "texts.jsonl").unlink()
    assert load(tmp_path / "report.json").digest == report().digest


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(report(), tmp_path / name)
    for file in ("report.json", "texts.jsonl"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_report_that_was_changed_is_refused(tmp_path: Path) -> None:
    save(report(), tmp_path)
    path = tmp_path / "report.json"
    plain = json.loads(path.read_text())
    plain["outcomes"]["rewriting"]["values"]["s"][0]["j"][0] = 1.0
    path.write_text(json.dumps(plain))
    with pytest.raises(StoreError, match="was changed since"):
        load(path)
    path.write_text("{}")
    with pytest.raises(StoreError, match="is no whole report"):
        load(path)
