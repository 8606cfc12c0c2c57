import gzip
import json
import os
from datetime import date
from pathlib import Path
from uuid import uuid4

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from gathered import Read, source

from srllm_data.gather import fingerprint

CSV = b"id,text\n" + b"".join(b"%d,row number %d of the file\n" % (i, i) for i in range(50_000))
COLUMNS = {"key": "id"}


def jsonl(*values: object) -> bytes:
    return b"".join(json.dumps(v).encode() + b"\n" for v in values)


def test_a_malformed_line_of_jsonl_costs_itself_only(read_bytes: Read) -> None:
    content = (
        jsonl({"text": "one"})
        + b'{"text": "cut\n'
        + jsonl({"text": "two"}, ["text"], "text")
        + b'\n{"text": "caf\xe9"}\n'
        + b"[" * 100_000
        + b"\n"
        + b'{"text": "nul\0 and tab\t"}\r\n'
        + jsonl({"text": "lone \ud800"}, {"text": "last"})[:-1]
    )
    found = read_bytes("a.jsonl", content)
    assert found.texts == ["one", "two", "nul\0 and tab\t", "last"]
    assert [row["location"] for row in found.rows] == [f"a.jsonl:{n}" for n in (1, 3, 9, 11)]
    assert [(d["reason"], d["detail"].split(": ")[0]) for d in found.dropped] == [
        ("malformed_row", "a.jsonl:2"),
        ("malformed_row", "a.jsonl:4"),
        ("malformed_row", "a.jsonl:5"),
        ("invalid_encoding", "a.jsonl:7"),
        ("malformed_row", "a.jsonl:8"),
        ("invalid_encoding", "a.jsonl:10"),
    ]
    assert found.dropped[3]["detail"] == "a.jsonl:7: byte 14 of the line (0xe9) is not utf-8."


def test_only_text_is_text(read_bytes: Read) -> None:
    values = [7, 1.5, True, None, [], {}, ["a"], "", " \n", "42"]
    found = read_bytes("a.jsonl", jsonl(*({"text": v} for v in values), {"other": "x"}))
    assert found.texts == ["42"]
    missing, wrong = "missing_text", "wrong_type"
    assert found.reasons == [wrong] * 3 + [missing] + [wrong] * 3 + [missing] * 3
    assert found.dropped[0]["detail"] == "a.jsonl:1: 'text' holds a number, not text."
    assert found.error is None


def test_text_that_no_record_has(read_bytes: Read) -> None:
    found = read_bytes("a.jsonl", jsonl({"texts": "one"}, {"texts": "two"}))
    assert found.reasons == ["missing_text"] * 2
    assert found.error == "No record of source 'news' has a column 'text'; did you mean 'texts'."


def test_nested_columns(read_bytes: Read) -> None:
    columns = {"text": "user.post.text", "key": "user.id", "url": "a.b"}
    value = {"user": {"id": 7, "post": {"text": "one"}}, "a.b": "https://example.org/7"}
    found = read_bytes("a.jsonl", jsonl(value, {"user": {"post": "flat"}}), columns=columns)
    assert [(r["text"], r["source_key"], r["url"]) for r in found.rows] == [
        ("one", "7", "https://example.org/7")
    ]
    assert found.reasons == ["missing_text"]


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"version": [1], "data": rows}])
def test_a_json_document(read_bytes: Read, wrap: object) -> None:
    document = json.dumps(wrap([{"text": "one"}, 5, {"text": "two"}]))  # type: ignore[operator]
    found = read_bytes("a.json", b"\xef\xbb\xbf" + document.encode())
    assert [(r["text"], r["location"]) for r in found.rows] == [
        ("one", "a.json#1"),
        ("two", "a.json#3"),
    ]
    assert found.reasons == ["malformed_row"]


def test_bytes_that_are_no_utf8_in_a_json_document_cost_their_row(read_bytes: Read) -> None:
    found = read_bytes("a.json", b'[{"text": "one"}, {"text": "caf\xe9"}]')
    assert (found.texts, found.reasons) == (["one"], ["invalid_encoding"])


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.json", b'[{"text": "one"},', "a.json is no valid JSON (Expecting value: line 1"),
        ("a.json", b'{"text": "one"}', "must hold one array of objects but holds none"),
        ("a.json", b'{"a": [{}], "b": [{}]}', "must hold one array of objects but holds 2"),
        ("a.json", b'"text"', "must hold one array of objects but holds none"),
        ("a.json", b"[]", "a.json holds no records"),
        ("a.json", b" \n", "a.json is empty"),
        ("a.jsonl", b"", "a.jsonl is empty"),
        ("a.parquet", b"PAR1 and no more", "a.parquet cannot be read as Parquet"),
        ("a.parquet", b"", "a.parquet cannot be read as Parquet"),
        ("a.txt", b"text\none\n", "The name of a.txt does not say its format"),
        ("a.csv.gz", b"text\none\n", "a.csv.gz is damaged"),
        ("a.csv.zst", b"text\none\n", "a.csv.zst is damaged"),
        ("a.csv.gz", b"", "a.csv.gz is cut off"),
    ],
)
def test_a_file_that_cannot_be_read_has_one_sentence(
    read_bytes: Read, name: str, content: bytes, error: str
) -> None:
    found = read_bytes(name, content)
    assert found.error is not None
    assert error in found.error
    assert (found.rows, found.dropped) == ([], [])


def test_paths_without_a_file(read: Read, tmp_path: Path) -> None:
    assert f"There is no file {tmp_path}/no.csv" in str(read(path=f"{tmp_path}/no.csv").error)
    assert "No file matches" in str(read(path=f"{tmp_path}/*.csv").error)
    assert f"{tmp_path} is a folder" in str(read(path=str(tmp_path)).error)
    secret = read(path="nowhere://user:secret@host/a.csv?key=secret").error
    assert "nowhere://host/a.csv cannot be reached" in str(secret)
    assert "secret" not in str(secret)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text\none\n")
    path.chmod(0)
    assert read(path=str(path)).error == "a.csv cannot be read (Permission denied)."


@pytest.mark.parametrize(
    ("name", "pack"),
    [("a.csv.gz", gzip.compress), ("a.csv.zst", zstandard.compress)],
)
def test_compressed_files_may_hold_several_members(
    read_bytes: Read, name: str, pack: type[bytes]
) -> None:
    half = len(CSV) // 2
    found = read_bytes(name, pack(CSV[:half]) + pack(CSV[half:]), columns=COLUMNS)
    assert len(found.rows) == 50_000
    assert found.rows[-1]["location"] == f"{name}:50001"
    assert found.error is None


@pytest.mark.parametrize(
    ("name", "pack"),
    [("a.csv.gz", gzip.compress), ("a.csv.zst", zstandard.compress)],
)
def test_rows_before_the_damage_are_kept(read_bytes: Read, name: str, pack: type[bytes]) -> None:
    packed = pack(CSV)
    found = read_bytes(name, packed[: len(packed) // 2], columns=COLUMNS)
    assert found.error == f"{name} is cut off; compress or copy the original again."
    assert 1_000 < len(found.rows) < 50_000
    assert found.texts == [f"row number {i} of the file" for i in range(len(found.rows))]


def test_rows_before_the_damage_are_kept_where_a_quote_looked_beyond_it(read_bytes: Read) -> None:
    lines = [b'0,"open\n'] + [b"%d,row %d\n" % (i, os.urandom(8)[0]) for i in range(1, 900)]
    packed = gzip.compress(b"id,text\n" + b"".join(lines))
    found = read_bytes("a.csv.gz", packed[:-20], columns=COLUMNS)
    assert "is cut off" in str(found.error)
    assert found.reasons == ["malformed_row"]
    assert [row["source_key"] for row in found.rows[:100]] == [str(i) for i in range(1, 101)]


def test_a_glob_reads_its_files_in_order_whatever_their_formats(read: Read, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("text\nfrom b\n")
    (tmp_path / "a.jsonl").write_bytes(jsonl({"text": "from a"}, 3))
    (tmp_path / "c.csv").write_text("text\n")
    (tmp_path / "d.csv").write_text('text\nfrom d\n"x"y\n')
    (tmp_path / "e").mkdir()
    found = read(path=f"{tmp_path}/[a-e]*")
    assert found.texts == ["from a", "from b", "from d"]
    assert found.reasons == ["malformed_row"] * 2
    assert "c.csv holds a header and no rows" in str(found.error)


def test_a_file_whose_name_looks_like_a_glob(read_bytes: Read) -> None:
    assert read_bytes("a[1].csv", b"text\none\n").texts == ["one"]


def test_a_filesystem_in_memory(read: Read) -> None:
    folder = f"memory://{uuid4()}"
    for name in ("a", "b"):
        with fsspec.open(f"{folder}/{name}.csv", "wb") as file:
            file.write(b"text\nfrom %s\n" % name.encode())
    assert read(path=f"{folder}/a.csv").texts == ["from a"]
    assert read(path=f"{folder}/*.csv").texts == ["from a", "from b"]


def test_parquet(read: Read, tmp_path: Path) -> None:
    table = pa.table(
        {
            "user": [{"text": "one"}, {"text": None}, {"text": "three"}],
            "day": [date(2024, 5, 1), None, date(2024, 5, 3)],
            "lic": pa.array(["MIT", None, None]).dictionary_encode(),
            "unused": [b"\xff", b"", b""],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1)
    columns = {"text": "user.text", "collected_at": "day", "licence": "lic"}
    found = read(path=f"{tmp_path}/a.parquet", columns=columns)
    assert [(r["text"], r["collected_at"], r["licence"], r["location"]) for r in found.rows] == [
        ("one", "2024-05-01", "MIT", "a.parquet#1"),
        ("three", "2024-05-03", "CC0-1.0", "a.parquet#3"),
    ]
    assert found.reasons == ["missing_text"]
    missing = read(path=f"{tmp_path}/a.parquet", columns={"text": "user.txt"})
    assert "a.parquet has no column 'user.txt'; did you mean 'user.text'" in str(missing.error)


def test_a_parquet_string_that_is_no_utf8_costs_its_row(read: Read, tmp_path: Path) -> None:
    raw = pa.array([b"one", b"caf\xe9", b"three"]).view(pa.string())
    pq.write_table(pa.table({"text": raw}), tmp_path / "a.parquet")
    found = read(path=f"{tmp_path}/a.parquet")
    assert (found.texts, found.reasons) == (["one", "three"], ["invalid_encoding"])


def test_the_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    def of(folder: str, content: str) -> str:
        path = tmp_path / folder / "a.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        os.utime(path, (len(folder), 0))
        return fingerprint(source(path=str(path)), 1.0, tmp_path)

    assert of("here", "text\none\n") == of("elsewhere", "text\none\n")
    assert of("here", "text\none\n") != of("here", "text\ntwo\n")
    missing = fingerprint(source(path=f"{tmp_path}/no.csv"), 1.0, tmp_path)
    assert missing != of("here", "text\none\n")
