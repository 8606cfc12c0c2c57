"""CSV and TSV, read so that a broken line costs only itself.

A record normally is one physical line. Where a quoted field goes on over line ends, the record is
tried over the lines that follow; if that fails, its first line is dropped and reading resumes at
the second. A stray quote can also *succeed* in swallowing rows up to a later quote, so a record
over several lines is held against the reading without its first line (``_swallows``).
"""

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator

from srllm_data.errors import SourceError
from srllm_data.gather.record import Malformed, Record, nearest
from srllm_data.gather.streams import File, lines, text_blocks

#: How far one record may reach over line ends.
MAX_LINES = 1_000
MAX_BYTES = 10_000_000

_DELIMITERS = {",": "','", "\t": "'\\t'", ";": "';'", "|": "'|'"}


def read_delimited(
    file: File, delimiter: str, encoding: str, columns: list[str], quotes: bool = True
) -> Iterator[Record | Malformed]:
    """Records of a file whose first line is a header; blank lines are no records.

    columns: must be in the header.
    quotes: False (TSV) takes a quote that opens no whole quoted field as text.
    Raises SourceError for a file that cannot be read, header included; after the last whole
    record where the file is damaged later on.
    """
    if delimiter in '"\r\n':
        raise SourceError(f"{file.name} cannot be divided at {delimiter!r}; correct 'delimiter'.")
    # The limit belongs to the whole process: raise it, never lower it.
    csv.field_size_limit(max(csv.field_size_limit(), 2**31 - 1))
    content, encoding = text_blocks(file, encoding)
    reader = _Reader(file.name, _Lines(content, encoding), delimiter, quotes)
    return reader.records(columns)


class _Lines:
    """Physical lines with a look ahead; an error of the file waits until they are used up."""

    def __init__(self, content: Iterator[bytes], encoding: str) -> None:
        self.number = 1  # of the next line
        self.encoding = encoding
        self.error: SourceError | None = None
        self._lines = lines(content)
        self._ahead: deque[bytes] = deque()
        self._undecodable: dict[int, str] = {}

    def text(self, index: int) -> str | None:
        """The line ``index`` after the next one, with its end; None after the last."""
        while len(self._ahead) <= index:
            try:
                self._ahead.append(next(self._lines))
            except StopIteration:
                return None
            except SourceError as error:
                self.error = error
                return None
        line = self._ahead[index]
        try:
            return line.decode(self.encoding)
        except UnicodeDecodeError as error:
            self._undecodable[self.number + index] = (
                f"byte {error.start + 1} of the line (0x{line[error.start]:02x}) "
                f"is not {self.encoding}"
            )
            return line.decode(self.encoding, "surrogateescape")

    def undecodable(self, height: int) -> tuple[int, str] | None:
        """Number and fault of the first of the next ``height`` lines that was not decodable."""
        if self._undecodable:
            for number in range(self.number, self.number + height):
                if number in self._undecodable:
                    return number, self._undecodable[number]
        return None

    def skip(self, height: int) -> None:
        for _ in range(height):
            self._ahead.popleft()
        self.number += height

    def skip_blank(self) -> bool:
        """Go to the next line that is not empty; False where there is none."""
        while (line := self.text(0)) is not None:
            if line.rstrip("\r\n"):
                return True
            self.skip(1)
        return False


class _Reader:
    def __init__(self, name: str, ahead: _Lines, delimiter: str, quotes: bool) -> None:
        self.name = name
        self.lines = ahead
        self.delimiter = delimiter
        self.quotes = quotes
        self.width = 0
        comma = re.escape(delimiter)
        self._quoted = re.compile(r'"(?:[^"]++|"")*+"')
        field = rf'(?:{self._quoted.pattern}|[^"\r\n{comma}]*+)'
        self._regular = re.compile(rf"{field}(?:{comma}{field})*+[\r\n]*")

    def records(self, columns: list[str]) -> Iterator[Record | Malformed]:
        if self.lines.skip_blank():
            header = self._header(columns)
            self.width = len(header)
        while self.lines.skip_blank():
            number = self.lines.number
            place, location = f"line:{number}", f"{self.name}:{number}"
            fields, height, fault = self._next()
            if undecodable := self.lines.undecodable(height):
                at, words = undecodable
                yield Malformed(place, "invalid_encoding", f"{self.name}:{at}: {words}.")
            elif fault:
                yield Malformed(place, "malformed_row", f"{location}: {fault}.")
            else:
                yield Record(dict(zip(header, fields, strict=True)), place, location)
            self.lines.skip(height)
        if self.lines.error:
            raise self.lines.error

    def _header(self, columns: list[str]) -> list[str]:
        try:
            fields, height = self._parse(0)
        except csv.Error:
            fields, height = self._split(0), 1
        if self.lines.undecodable(height):
            raise SourceError(
                f"The header of {self.name} is not {self.lines.encoding}; set 'encoding', "
                "for example to cp1252."
            )
        header = [field.strip() for field in fields]
        for column in columns:
            if column not in header:
                raise SourceError(self._missing(column, header))
        for name, times in Counter(header).items():
            if times > 1 and name:
                raise SourceError(
                    f"The header of {self.name} names the column '{name[:40]}' {times} times; "
                    "give each column its own name."
                )
        self.lines.skip(height)
        return header

    def _missing(self, column: str, header: list[str]) -> str:
        line = self.lines.text(0) or ""
        for other, word in _DELIMITERS.items():
            fields = [field.strip(' "\r\n') for field in line.split(other)]
            alone = len(header) == 1 and len(fields) > 1
            if other != self.delimiter and (column in fields or alone):
                here = _DELIMITERS.get(self.delimiter, f"'{self.delimiter}'")
                return (
                    f"The header of {self.name} has no column '{column}' when divided at "
                    f"{here}, but it holds {word}; set 'delimiter' of the source to {word}."
                )
        return f"The header of {self.name} has no column '{column}'; {nearest(column, header)}."

    def _next(self) -> tuple[list[str], int, str]:
        """Fields and lines of the next record, or one line and its fault."""
        try:
            fields, height = self._parse(0)
            if self.quotes and height > 1 and self._swallows(height):
                return [], 1, "a quote is opened and not closed"
        except csv.Error:
            if self.quotes:
                fault = "a quote is not closed, or text stands after a closing quote"
                return [], 1, fault
            fields, height = self._split(0), 1
        if not self.quotes and '"' in (self.lines.text(0) or ""):
            fields, height = self._sparing(fields, height)
        if len(fields) != self.width:
            return [], 1, f"{len(fields)} fields where the header has {self.width}"
        return fields, height, ""

    def _sparing(self, fields: list[str], height: int) -> tuple[list[str], int]:
        """The TSV reading: quotes are text wherever that makes each line a whole row."""
        alone = self._split(0)
        rows = [self._split(i) for i in range(height)] if height > 1 else []
        whole = self.width > 1 and all(len(row) == self.width for row in rows)
        if len(alone) == self.width and (
            len(fields) != self.width or (height > 1 and (whole or self._swallows(height)))
        ):
            return alone, 1
        return fields, height

    def _split(self, index: int) -> list[str]:
        """Fields of one line, unquoting those that are quoted as a whole."""
        fields = (self.lines.text(index) or "").rstrip("\r\n").split(self.delimiter)
        return [f[1:-1].replace('""', '"') if self._quoted.fullmatch(f) else f for f in fields]

    def _parse(self, index: int) -> tuple[list[str], int]:
        """Fields and lines of the record that starts ``index`` lines ahead, or csv.Error."""
        line = self.lines.text(index) or ""
        if '"' not in line:
            return line.rstrip("\r\n").split(self.delimiter), 1
        reader = csv.reader(self._texts(index), delimiter=self.delimiter, strict=True)
        return next(reader), reader.line_num

    def _texts(self, index: int) -> Iterator[str]:
        size = 0
        for i in range(index, index + MAX_LINES):
            line = self.lines.text(i)
            if line is None or size > MAX_BYTES:
                return
            size += len(line)
            yield line

    def _swallows(self, height: int) -> bool:
        """Whether the record over the next ``height`` lines is a stray quote and whole rows.

        It is, if every line after its first can be read as whole, regular records up to where
        both readings meet, and the reading as one record meets an irregular one on the way. In a
        file without faults the second never happens, so no record of it is ever torn apart.
        """
        regular = self._is_regular(0, height)
        one, other = height, 1
        while one != other:
            if max(one, other) > MAX_LINES:
                return False
            step = self._regular_height(min(one, other))
            if other < one:
                if not step:
                    return False
                other += step
            else:
                regular = regular and bool(step)
                one += step or 1
        return not regular

    def _regular_height(self, index: int) -> int:
        """Lines of the record ``index`` lines ahead if it breaks no rule of CSV, else 0."""
        line = self.lines.text(index)
        if line is None:
            return 0
        if not line.rstrip("\r\n"):
            return 1
        try:
            fields, height = self._parse(index)
        except csv.Error:
            return 0
        return height if len(fields) == self.width and self._is_regular(index, height) else 0

    def _is_regular(self, index: int, height: int) -> bool:
        record = "".join(self.lines.text(i) or "" for i in range(index, index + height))
        return bool(self._regular.fullmatch(record))
