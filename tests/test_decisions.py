import sqlite3
from pathlib import Path

import pyarrow as pa
import pytest

from srllm_data.config import ReviewConfig
from srllm_data.decisions import DecisionLog
from srllm_data.errors import StoreError
from srllm_data.review import review
from srllm_data.schema import schema_after


def validated(*rows: dict[str, object]) -> pa.Table:
    blank = {"control": False, "reasons": [], "verdict": "accept", "rewrite": "better"}
    return pa.Table.from_pylist(
        [{"id": str(n), "text": "worse", **blank, **row} for n, row in enumerate(rows)],
        schema=schema_after("validate"),
    )


def ends(output: object) -> dict[str, str]:
    return {
        **dict.fromkeys(output.kept["id"].to_pylist(), "kept"),
        **{d["id"]: d["disposition"] for d in output.dropped.to_pylist()},
    }


@pytest.mark.parametrize(
    ("policy", "end"), [("hold", "held"), ("accept", "kept"), ("reject", "rejected")]
)
def test_the_policy_decides_about_undecided_held_rows(policy: str, end: str) -> None:
    rows = validated({}, {"verdict": "hold", "reasons": ["too short"]})
    output = review(rows, ReviewConfig(undecided=policy), {}, {})
    assert ends(output) == {"0": "kept", "1": end}
    if end != "kept":
        assert output.dropped["detail"].to_pylist() == ["too short"]


def test_decisions_come_before_the_policy(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.sqlite")
    rows = validated(*[{"verdict": "hold"}] * 3, {})
    log.add("0", "accept", "worse", "better", "ann")
    log.add("1", "reject", "worse", "better", "ann", "still rude")
    log.add("2", "edit", "worse", "my own words", "bob")
    log.add("3", "reject", "worse", "better", "bob")
    output = review(rows, ReviewConfig(), log.current(), {})
    assert ends(output) == {"0": "kept", "1": "rejected", "2": "kept", "3": "rejected"}
    edited = output.kept.to_pylist()[1]
    assert (edited["rewrite"], edited["rewrite_by"]) == ("my own words", "curator")
    assert edited["reviewer"] == "bob"
    assert output.facts["decisions_applied"] == 4


def test_the_newest_decision_of_a_row_holds(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.sqlite")
    log.add("0", "accept", "worse", "better", "ann")
    log.add("0", "reject", "worse", "better", "ann")
    assert ends(review(validated({}), ReviewConfig(), log.current(), {})) == {"0": "rejected"}


def test_a_decision_about_another_rewrite_does_not_apply(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.sqlite")
    log.add("0", "accept", "worse", "an older rewrite", "ann")
    log.add("1", "edit", "worse", "my own words", "ann")
    rows = validated({"verdict": "hold"}, {"verdict": "hold", "rewrite": "a newer rewrite"})
    output = review(rows, ReviewConfig(), log.current(), {})
    assert ends(output) == {"0": "held", "1": "kept"}
    assert output.facts["outdated_decisions"] == 1


def test_every_decision_changes_the_head(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.sqlite")
    heads = [log.head()]
    for _ in range(3):
        log.add("0", "accept", "worse", "better", "ann")
        heads.append(log.head())
    assert len(set(heads)) == 4


def test_an_altered_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite"
    log = DecisionLog(path)
    log.add("0", "reject", "worse", "better", "ann")
    log.add("1", "reject", "worse", "better", "ann")
    with sqlite3.connect(path) as db:
        db.execute("update decisions set action = 'accept' where number = 1")
    with pytest.raises(StoreError, match=r"Decision 1 in .* was altered"):
        log.current()


def test_a_damaged_log_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        DecisionLog(path).current()
