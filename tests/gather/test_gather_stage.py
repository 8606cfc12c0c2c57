import csv
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from gathered import Read, collect, source
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data import progress
from srllm_data.config import GatherConfig
from srllm_data.errors import SourceError
from srllm_data.gather import gather


def write(path: Path, rows: list[list[Any]]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return str(path)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_a_row_carries_what_its_source_says(read: Read, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        [
            ["n", "text", "link", "day", "rights"],
            [7, " raw\x07 ", "https://x.org", "May", "MIT"],
            [8, "two", "", "", ""],
        ],
    )
    columns = {"key": "n", "url": "link", "collected_at": "day", "licence": "rights"}
    found = read(path=path, columns=columns, consent="opted in", weight=2.0)
    assert found.rows == [
        {
            "id": sha("news\x007"),
            "text": " raw\x07 ",
            "source": "news",
            "source_key": "7",
            "location": "a.csv:2",
            "url": "https://x.org",
            "licence": "MIT",
            "consent": "opted in",
            "weight": 2.0,
            "collected_at": "May",
        },
        found.rows[1] | {"url": None, "licence": "CC0-1.0", "collected_at": None},
    ]


def test_ids_of_unkeyed_rows_stay_when_rows_are_inserted(read: Read, tmp_path: Path) -> None:
    before = read(path=write(tmp_path / "a.csv", [["text"], ["one"], ["two"], ["one"]]))
    after = read(
        path=write(tmp_path / "a.csv", [["text"], ["new"], ["one"], ["x" * 9], ["two"], ["one"]])
    )
    assert [row["source_key"] for row in before.rows] == [
        sha("one"),
        sha("two"),
        sha("one") + "#2",
    ]
    ids = {row["id"] for row in before.rows}
    assert ids == {row["id"] for row in after.rows if row["text"] in ("one", "two")}


def test_repeated_keys_get_a_number(read: Read, tmp_path: Path) -> None:
    keys = ["a", "a", "a#2", "", "a", "line:9"]
    path = write(
        tmp_path / "a.csv", [["k", "text"], *([k, "one"] for k in keys), ["too", "m", "y"]]
    )
    found = read(path=path, columns={"key": "k"})
    assert [row["source_key"] for row in found.rows] == [
        "a",
        "a#2",
        "a#2#2",
        sha("one"),
        "a#3",
        "line:9",
    ]
    assert found.dropped[0]["id"] == sha("news\0line:8")


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "a#2", "a#3", "line:2", "line:3", "bad\x00"]), max_size=12))
def test_ids_are_unique_whatever_the_keys(keys: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.jsonl")
        path.write_text(
            "\n".join(
                "broken" if k == "bad\x00" else json.dumps({"k": k, "text": "x"}) for k in keys
            )
        )
        config = GatherConfig(sources=[source(path=str(path), columns={"key": "k"})])
        assert len(collect(config, Path(folder))[0]) == len(keys) - keys.count("bad\x00")


def test_parts_and_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.csv", [["text"], *([f"t{i}"] for i in range(20)), ["a", "b"]])
    seen: list[int] = []
    monkeypatch.setattr(progress, "_listener", seen.append)
    outputs = list(gather(GatherConfig(sources=[source(path=path)]), tmp_path, part_rows=7))
    assert [(o.kept.num_rows, o.dropped.num_rows) for o in outputs] == [(7, 0), (7, 0), (6, 1)]
    assert seen == [7, 7, 7]
    assert [o.facts for o in outputs] == [
        {},
        {},
        {"sources": [{"name": "news", "kept": 20, "dropped": 1, "error": None}]},
    ]


def test_limit_counts_records(read: Read, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [["text"], ["one"], ["a", "b"], ["two"], ["three"]])
    found = read(path=path, limit=3)
    assert (found.texts, found.reasons) == (["one", "two"], ["malformed_row"])


def test_one_source_that_fails_leaves_the_others(tmp_path: Path) -> None:
    good = write(tmp_path / "a.csv", [["text"], ["one"]])
    sources = [source(path="/no/such.csv"), source(path=good, name="other")]
    (output,) = gather(GatherConfig(sources=sources), tmp_path)
    assert output.kept["text"].to_pylist() == ["one"]
    assert output.facts["sources"] == [
        {
            "name": "news",
            "kept": 0,
            "dropped": 0,
            "error": "There is no file /no/such.csv; correct 'path'.",
        },
        {"name": "other", "kept": 1, "dropped": 0, "error": None},
    ]


def test_a_required_source_stops_the_build(read: Read) -> None:
    with pytest.raises(
        SourceError, match=r"Source 'news' is required: There is no file /no/x\.csv"
    ):
        read(path="/no/x.csv", required=True)


def test_real_files_come_whole(shared_data: Path, tmp_path: Path) -> None:
    for name, column, rows in [
        ("benchmarks/hatecheck.jsonl", "test_case", 3728),
        ("benchmarks/bold_prompts.jsonl", "prompt", 23679),
    ]:
        settings = {"path": f"{shared_data}/{name}", "columns": {"text": column}}
        found = collect(GatherConfig(sources=[source(**settings)]), tmp_path)
        assert len(found.rows) + len(found.dropped) == rows
        assert found.error is None
