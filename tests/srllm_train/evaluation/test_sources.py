import json
from pathlib import Path

import pytest

from srllm_data.errors import SrllmError
from srllm_train.evaluation.sources import Missing, Source, ordered

LOCAL = Source("Toy", "CC0-1.0", "toy/rows.jsonl", ("id", "text"))


def test_a_local_copy_is_read_and_named_by_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "toy" / "rows.jsonl"
    path.parent.mkdir()
    path.write_text('{"id": 1, "text": "a\u2028b"}\n\n{"id": 2, "text": "c"}\n', "utf-8")
    records, about = LOCAL.read(tmp_path)
    assert [r["id"] for r in records] == [1, 2]
    assert records[0]["text"] == "a\u2028b"
    assert about["from"] == "toy/rows.jsonl"
    assert len(about["sha256"]) == 64


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": 1}', "line 2, lacks 'text'"),
        ("[1]", "line 2, lacks 'id'"),
        ("{", "line 2, is no JSON"),
        ("3", "line 2, is no JSON"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "toy" / "rows.jsonl"
    path.parent.mkdir()
    path.write_text(f'{{"id": 1, "text": "a"}}\n{line}\n')
    with pytest.raises(SrllmError, match=said):
        LOCAL.read(tmp_path)


def test_neither_copy_nor_hub(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="put it at"):
        LOCAL.read(tmp_path)
    with pytest.raises(Missing, match=r"name a folder that holds toy/rows\.jsonl as --data"):
        LOCAL.read(None)


def test_from_the_hub_in_its_own_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a hub's own layout stands for the hub: ``datasets`` reads both alike."""
    hub = tmp_path / "someone" / "toy"
    hub.mkdir(parents=True)
    rows = [{"toxic": "a", "neutral": "b"}, {"toxic": "c", "neutral": "d"}]
    (hub / "test.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    source = Source(
        "Toy",
        "CC0-1.0",
        "toy/rows.jsonl",
        ("id", "text"),
        hub=str(hub),
        from_hub=lambda r: [{"id": r["toxic"], "text": r["neutral"]}],
    )
    records, about = source.read(None)
    assert records == [{"id": "a", "text": "b"}, {"id": "c", "text": "d"}]
    assert len(about["sha256"]) == 64


def test_a_hub_that_cannot_be_reached_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    source = Source("Toy", "CC0-1.0", "toy/rows.jsonl", ("id",), hub="nobody/nothing-at-all")
    with pytest.raises(Missing, match="cannot be had from the hub as nobody/nothing-at-all"):
        source.read(None)


def test_a_sample_depends_on_ids_and_seed_only() -> None:
    items = [str(n) for n in range(50)]
    assert ordered(items, str) == ordered(list(reversed(items)), str)
    assert ordered(items, str) != ordered(items, str, seed=2)
    assert set(ordered(items[:40], str)[:10]) >= set(ordered(items, str)[:10]) & set(items[:40])
