"""Reading what is learned: releases, and JSON Lines."""

import json
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training import ROWS, write_rows

from srllm_data.errors import SrllmError, StoreError
from srllm_train.pairs import Pair, read

WORDS = st.text(min_size=1).filter(str.strip)


def test_a_release_gives_pairs_preferences_and_the_words_that_were_used(release):
    found = read(release)
    assert (found.name, found.digest) == ("tiny v1", "0a1b2c3d" * 8)
    assert [(p.text, p.rewrite) for p in found.pairs["train"]] == ROWS
    assert found.pairs["train"][0] == Pair("r0", *ROWS[0], marked=("stupid",))
    assert len(found.pairs["validation"]) == 4
    assert found.pairs["test"] == []
    first, *others = found.preferences["train"]
    assert (first.text, first.chosen, first.rejected) == (*ROWS[0], ROWS[0][0])
    assert first.marked == ("stupid",)
    assert len(others) == 5


def test_a_control_comes_back_unchanged(release):
    assert [p.control for p in read(release).pairs["train"]] == [False] * 6 + [True] * 2


def test_an_altered_release_is_refused(release, tmp_path):
    copied = tmp_path / "copied"
    shutil.copytree(release, copied)
    path = copied / "data" / "train-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes() + b"0")
    with pytest.raises(StoreError, match=r"train-.*parquet is not what the release's manifest"):
        read(copied)
    shutil.copy(release / "data" / path.name, path)
    shutil.copy(path, path.with_name("train-00001-of-00001.parquet"))
    assert len(read(copied).pairs["train"]) == len(ROWS)
    path.unlink()
    with pytest.raises(StoreError, match="is no whole release; build or copy it again"):
        read(copied)


@pytest.mark.parametrize("manifest", ["{", "[]", "{}", '{"files": 3}'])
def test_a_manifest_that_is_none_is_refused(tmp_path, manifest):
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(StoreError, match="is no whole release"):
        read(tmp_path)


def test_a_folder_of_json_lines(tmp_path):
    rows = [
        {"text": "a b", "rewrite": "b", "marked": ["a"], "id": 7},
        {"text": "c", "rewrite": "c", "more": [1]},
    ]
    write_rows(tmp_path / "train.jsonl", rows)
    found = read(tmp_path)
    assert found.pairs == {
        "train": [Pair("7", "a b", "b", ("a",)), Pair("train-2", "c", "c")],
        "validation": [],
        "test": [],
    }
    assert found.name == tmp_path.name
    before = found.digest
    write_rows(tmp_path / "validation.jsonl", rows)
    assert read(tmp_path).digest != before


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1), st.booleans())
def test_every_text_comes_back_as_it_was(tmp_path_factory, rows, escaped):
    folder = tmp_path_factory.mktemp("rows")
    lines = [json.dumps({"text": t, "rewrite": r}, ensure_ascii=escaped) for t, r in rows]
    (folder / "train.jsonl").write_bytes("\n".join(lines).encode("utf-8"))
    assert [(p.text, p.rewrite) for p in read(folder).pairs["train"]] == rows


def test_a_mark_at_the_start_of_a_file_and_empty_lines_are_passed_over(tmp_path):
    line = json.dumps({"text": "a", "rewrite": "b"})
    (tmp_path / "train.jsonl").write_bytes(f"\ufeff{line}\r\n\r\n{line}\n".encode())
    assert [p.id for p in read(tmp_path).pairs["train"]] == ["train-1", "train-3"]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "3",
        "[]",
        '"text"',
        "{}",
        '{"text": "a"}',
        '{"text": "a", "rewrite": ""}',
        '{"text": " ", "rewrite": "b"}',
        '{"text": "a", "rewrite": 3}',
        '{"text": "a", "rewrite": "b", "marked": "a"}',
        '{"text": "a", "rewrite": "b", "marked": [1]}',
        '{"text": "a", "rewrite": "\\ud800"}',
        '{"text": "a\x00", "rewrite": "b"}',
        b"\xff\xfe{}",
    ],
)
def test_a_line_that_is_no_pair_is_named(tmp_path, line):
    good = b'{"text": "a", "rewrite": "b"}'
    bad = line if isinstance(line, bytes) else line.encode()
    (tmp_path / "train.jsonl").write_bytes(good + b"\n" + bad + b"\n")
    with pytest.raises(SrllmError, match=r"train\.jsonl, line 2, is no pair; write an object"):
        read(tmp_path)


def test_a_folder_with_neither_says_what_it_needs(tmp_path):
    with pytest.raises(SrllmError, match=r"is no release and holds no train\.jsonl"):
        read(tmp_path)
    with pytest.raises(SrllmError, match="is no release"):
        read(tmp_path / "none")
