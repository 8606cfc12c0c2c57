import csv
import io
import re
import tempfile
from pathlib import Path

import pytest
from gathered import Gathered, Read, collect, source
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.config import GatherConfig

# Characters on which CSV turns come up far more often than chance would have it.
TEXTS = st.text(
    st.one_of(st.sampled_from('",\n\r\t ;ab\0\ufeffé'), st.characters(exclude_categories=["Cs"]))
).filter(str.strip)
# A line of a field that could itself begin a record lets two readings cost one line each:
# 'a,"b\r' '"' 'x,",' is a row and a stray quote, or a quote that is not closed and another row.
UNMISTAKABLE = TEXTS.filter(
    lambda text: re.fullmatch(r'[^\r\n]+|(?![\r\n])[^",]+(?<![\r\n])', text)
)
ODD_LINES = st.sampled_from(
    [
        'bad,"never closed',
        '"never closed,bad',
        '"',
        'bad,"closed" and more',
        '"a""b,c',
        "one field",
        "one,two,three",
        'x,",',
        ',"',
        'x"y","z',
    ]
)


def written(rows: list[list[str]], **dialect: str) -> list[str]:
    """Each row as csv.writer writes it."""
    lines = []
    for row in rows:
        out = io.StringIO()
        csv.writer(out, **dialect).writerow(row)
        lines.append(out.getvalue())
    return lines


def read_text(text: str, name: str = "x.csv", **more: object) -> Gathered:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(text.encode())
        return collect(GatherConfig(sources=[source(path=str(path), **more)]), Path(folder))


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1))
def test_what_csv_writer_wrote_comes_back_exactly(texts: list[str]) -> None:
    assert read_text("".join(written([["text"], *([t] for t in texts)]))).texts == texts


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1))
def test_rows_of_two_columns_come_back_exactly(rows: list[tuple[str, str]]) -> None:
    found = read_text("".join(written([["url", "text"], *map(list, rows)])), columns={"url": "url"})
    assert [(row["url"], row["text"]) for row in found.rows] == rows


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(UNMISTAKABLE, UNMISTAKABLE), min_size=1, max_size=8), ODD_LINES, st.data()
)
def test_an_odd_line_costs_only_itself(
    rows: list[tuple[str, str]], odd: str, data: st.DataObject
) -> None:
    lines = written([list(row) for row in rows])
    lines.insert(data.draw(st.integers(0, len(rows))), odd + "\r\n")
    found = read_text("url,text\r\n" + "".join(lines), columns={"url": "url"})
    assert [(row["url"], row["text"]) for row in found.rows] == rows
    assert found.reasons == ["malformed_row"]


def test_a_line_in_the_middle_is_dropped_with_its_place_and_cause(read_bytes: Read) -> None:
    found = read_bytes("a.csv", b'id,text\n1,one\n2,two,more\n3,"th"ree\n4,"fo\nur"\n5,five\n')
    assert found.texts == ["one", "fo\nur", "five"]
    assert [row["location"] for row in found.rows] == ["a.csv:2", "a.csv:5", "a.csv:7"]
    assert found.dropped[0]["detail"] == "a.csv:3: 3 fields where the header has 2."
    assert found.dropped[1]["detail"].startswith("a.csv:4: a quote is not closed")
    assert found.error is None


def test_an_open_quote_before_many_plain_rows_costs_one_line(read_bytes: Read) -> None:
    plain = b"".join(b"%d,plain\n" % i for i in range(3000))
    found = read_bytes("a.csv", b'id,text\n0,"open\n' + plain)
    assert len(found.rows) == 3000
    assert found.reasons == ["malformed_row"]


def test_quotes_inside_a_plain_field_are_text(read_bytes: Read) -> None:
    assert read_bytes("a.csv", b'id,text\n1,a 5" pipe\n').texts == ['a 5" pipe']


def test_bytes_that_are_no_utf8_cost_their_record_only(read_bytes: Read) -> None:
    found = read_bytes("a.csv", b'text,n\none,1\ncaf\xe9,2\n"two\n\xff lines",3\nend,4\n')
    assert found.texts == ["one", "end"]
    assert found.reasons == ["invalid_encoding"] * 2
    assert found.dropped[0]["detail"] == "a.csv:3: byte 4 of the line (0xe9) is not utf-8."
    assert found.dropped[1]["detail"].startswith("a.csv:5: byte 1")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-8-sig", "utf-32"])
def test_other_encodings(read_bytes: Read, encoding: str) -> None:
    content = 'id,text\r\n1,"café\r\nfermé"\r\n2,naïve\r\n'.encode(encoding)
    assert read_bytes("a.csv", content, encoding=encoding).texts == ["café\r\nfermé", "naïve"]


def test_half_a_character_of_utf16_costs_its_row_only(read_bytes: Read) -> None:
    content = "text\none\n".encode("utf-16-le") + b"\x00\xd8" + "two\nthree\n".encode("utf-16-le")
    found = read_bytes("a.csv", content, encoding="utf-16-le")
    assert (found.texts, found.reasons) == (["one", "three"], ["invalid_encoding"])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_byte_order_mark(read_bytes: Read, end: str) -> None:
    content = end.join(["\ufefftext,n", "one,1", '"t,wo",2', "", "three,3"]).encode()
    found = read_bytes("a.csv", content)
    assert found.texts == ["one", "t,wo", "three"]
    assert [row["location"] for row in found.rows] == ["a.csv:2", "a.csv:3", "a.csv:5"]


def test_nul_bytes_break_nothing(read_bytes: Read) -> None:
    found = read_bytes("a.csv", b'text,n\na\0b,1\n"c\0,d",2\nplain,3\n')
    assert found.texts == ["a\0b", "c\0,d", "plain"]


def test_a_line_of_five_megabytes(read_bytes: Read) -> None:
    plain, quoted = b"x" * 5_000_000, b'"' + b"y, " * 1_700_000 + b'"'
    found = read_bytes("a.csv", b"text,n\n" + plain + b",1\n" + quoted + b",2\nend,3\n")
    assert [len(text) for text in found.texts] == [5_000_000, 5_100_000, 3]


def test_the_field_limit_of_the_process_is_never_lowered(read_bytes: Read) -> None:
    before = csv.field_size_limit(2**40)
    try:
        read_bytes("a.csv", b'text\n"one"\n')
        assert csv.field_size_limit() == 2**40
    finally:
        csv.field_size_limit(before)


def test_tsv_takes_quotes_as_text_unless_a_field_is_quoted_as_a_whole(read_bytes: Read) -> None:
    content = (
        b'id\ttext\n1\t"Well," he said\n2\t"quoted ""here"""\n3\t"open\n4\t"tab\there"\n'
        b'5\t"two\nlines"\n6\tlast "one"\n'
    )
    found = read_bytes("a.tsv", content)
    assert found.texts == [
        '"Well," he said',
        'quoted "here"',
        '"open',
        "tab\there",
        "two\nlines",
        'last "one"',
    ]
    assert found.dropped == []


def test_tsv_rows_between_two_stray_quotes_stay_rows(read_bytes: Read) -> None:
    found = read_bytes("a.tsv", b'id\ttext\n1\t"Hello there\n2\tplain\n3\tshe said"\n')
    assert found.texts == ['"Hello there', "plain", 'she said"']


@pytest.mark.parametrize(
    ("content", "columns", "error"),
    [
        (b"", {}, "a.csv is empty; add rows to it or take it out of the sources."),
        (b"\n\r\n", {}, "a.csv is empty; add rows to it or take it out of the sources."),
        (b"id,text\n", {}, "a.csv holds a header and no rows; add rows to it"),
        (b"id;text\n1;one\n", {}, "holds ';'; set 'delimiter' of the source to ';'."),
        (b"id\ttext\n1\tone\n", {}, "holds '\\t'; set 'delimiter' of the source to '\\t'."),
        (b"id;body\n1;one\n", {}, "holds ';'; set 'delimiter' of the source to ';'."),
        (b"text,text\none,two\n", {}, "names the column 'text' 2 times"),
        (b"id,n,n,text\n1,2,3,one\n", {}, "names the column 'n' 2 times"),
        (b"id,texts\n1,one\n", {}, "has no column 'text'; did you mean 'texts'."),
        (b"id,text\n1,one\n", {"licence": "license"}, "has no column 'license'; name one"),
        (b"caf\xe9,text\n1,one\n", {}, "is not utf-8; set 'encoding', for example to cp1252."),
        ("id,text\n1,one".encode("utf-16"), {}, "a.csv is UTF-16; set 'encoding: utf-16'."),
        (b"\x1f\x8b\x08\0", {}, "a.csv is compressed with gzip; let its name end in .gz."),
    ],
)
def test_a_file_that_cannot_be_read_has_one_sentence(
    read_bytes: Read, content: bytes, columns: dict[str, str], error: str
) -> None:
    found = read_bytes("a.csv", content, columns=columns)
    assert found.error is not None
    assert error in found.error
    assert (found.rows, found.dropped) == ([], [])


def test_an_unknown_encoding_and_an_impossible_delimiter(read_bytes: Read) -> None:
    assert "no encoding 'utf-9'" in str(read_bytes("a.csv", b"text\n", encoding="utf-9").error)
    assert "correct 'delimiter'" in str(read_bytes("a.csv", b"text\n", delimiter='"').error)


def test_another_delimiter(read_bytes: Read) -> None:
    found = read_bytes("a.csv", b'id|text\n1|"a|b"\n2|c,d\n', delimiter="|")
    assert found.texts == ["a|b", "c,d"]
