import json
from pathlib import Path

import pytest

from srllm_data.errors import SrllmError
from srllm_train import embedded
from srllm_train.evaluation import rows
from srllm_train.evaluation.sources import Record, Source


def test_own_rows_are_there_without_any_data() -> None:
    found = rows.own_rows()
    assert len(found) >= 300
    assert all(r.references == (r.text,) for r in found if r.control)
    assert all(r.references[0] != r.text for r in found if not r.control)


def test_a_benchmark_that_is_missing_costs_no_other(shared_data: Path) -> None:
    def records(source: Source) -> list[Record]:
        return source.read(shared_data if source is not rows.BABE else None)[0]

    found, missing = rows.benchmark_rows(records)
    assert set(found) == {"paradetox", "wiki_neutrality", "hatecheck"}
    assert list(missing) == [rows.BABE.name]
    assert all(r.control for r in found["hatecheck"])
    assert all(not r.control and r.references for r in found["paradetox"])


def test_nothing_was_learned_from_the_rows(shared_data: Path) -> None:
    """The shipped list of digests says the same as the split that models were trained by."""
    held = embedded.held_back(shared_data, embedded.OWN / "labelled")
    found, _ = rows.benchmark_rows(lambda source: source.read(shared_data)[0])
    for source in ("paradetox", "wiki_neutrality"):
        ids = {r.id for r in found[source]}
        assert len(ids) > 100
        assert ids <= held


def test_the_hubs_record_of_a_text_is_held_back_like_the_local_one(shared_data: Path) -> None:
    local = rows.PARADETOX.read(shared_data)[0][:200]
    hub = [
        one
        for r in local
        for n in r["neutrals"]
        for one in rows.PARADETOX.from_hub(
            {"en_toxic_comment": r["toxic"], "en_neutral_comment": n}
        )
    ]
    a, b = (rows.benchmark_rows(lambda source, some=some: some if source is rows.PARADETOX else [])
            for some in (local, hub))  # fmt: skip
    assert [r.text for r in a[0]["paradetox"]] == [r.text for r in b[0]["paradetox"]]
    assert [r.references for r in a[0]["paradetox"]] == [r.references for r in b[0]["paradetox"]]


def test_the_users_own_rows(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    lines = [{"id": "a", "text": "x y", "rewrite": "x"}, {"text": "same", "rewrite": "same"}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = rows.read(path)
    assert [(r.id, r.control) for r in found] == [("a", False), ("mine-2", True)]
    path.write_text("\n")
    with pytest.raises(SrllmError, match="no rows to test on"):
        rows.read(path)
    path.write_text("{}\n")
    with pytest.raises(SrllmError, match="line 1"):
        rows.read(path)
