import sqlite3
from pathlib import Path
from typing import Any

import pytest

from srllm_data.errors import StoreError
from srllm_train.evaluation.cache import Cache


def test_what_is_known_is_not_computed_again(tmp_path: Path) -> None:
    asked: list[Any] = []

    def lengths(items: list[str]) -> list[int]:
        asked.extend(items)
        return [len(i) for i in items]

    cache = Cache(tmp_path / "c.sqlite")
    assert cache.many("length", "v1", ["a", "bbb", "a"], lengths) == [1, 3, 1]
    assert sorted(asked) == ["a", "bbb"]
    assert Cache(tmp_path / "c.sqlite").many("length", "v1", ["bbb", "cc"], lengths) == [3, 2]
    assert sorted(asked) == ["a", "bbb", "cc"]
    # Another version, or another question, knows nothing.
    assert cache.many("length", "v2", ["a"], lengths) == [1]
    assert cache.many("size", "v1", ["a"], lengths) == [1]
    assert sorted(asked) == ["a", "a", "a", "bbb", "cc"]


def test_items_come_by_length_and_answers_in_their_order(tmp_path: Path) -> None:
    batches: list[list[str]] = []

    def same(items: list[str]) -> list[str]:
        batches.append(items)
        return items

    items = ["x" * n for n in (9, 1, 8, 2, 7)]
    assert Cache(tmp_path / "c.sqlite").many("same", "", items, same, chunk=2) == items
    assert [len(b[0]) for b in batches] == [1, 7, 9]


def test_a_run_that_breaks_off_keeps_what_it_had(tmp_path: Path) -> None:
    def breaks(items: list[str]) -> list[str]:
        if "bbb" in items:
            raise RuntimeError
        return items

    cache = Cache(tmp_path / "c.sqlite")
    with pytest.raises(RuntimeError):
        cache.many("same", "", ["a", "bbb"], breaks, chunk=1)
    assert cache.many("same", "", ["a"], lambda items: [None for _ in items]) == ["a"]


def test_a_failed_answer_is_asked_for_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c.sqlite")
    first = cache.many("say", "", ["a"], lambda items: [None], keep=lambda v: v is not None)
    assert first == [None]
    assert cache.many("say", "", ["a"], lambda items: ["yes"]) == ["yes"]


def test_a_file_that_is_no_cache_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"c\.sqlite cannot be used"):
        Cache(path).many("a", "", ["a"], lambda items: items)


def test_two_caches_of_one_file(tmp_path: Path) -> None:
    one, other = Cache(tmp_path / "c.sqlite"), Cache(tmp_path / "c.sqlite")
    one.many("a", "", ["x"], lambda items: ["one"])
    assert other.many("a", "", ["x"], lambda items: ["other"]) == ["one"]
    assert sqlite3.connect(tmp_path / "c.sqlite").execute("PRAGMA journal_mode").fetchone() == (
        "wal",
    )
