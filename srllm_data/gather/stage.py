"""The stage: rows out of the records of every source, and digests of what the sources hold."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from srllm_data import progress
from srllm_data.config import GatherConfig, SourceConfig
from srllm_data.errors import SourceError
from srllm_data.gather.dataset import (
    callable_fingerprint,
    dataset_fingerprint,
    read_callable,
    read_dataset,
)
from srllm_data.gather.door import refused
from srllm_data.gather.feed import feed_fingerprint, read_feed
from srllm_data.gather.files import files_fingerprint, read_files
from srllm_data.gather.record import ABSENT, Malformed, Record, lookup, names, nearest
from srllm_data.schema import StageOutput, drop, dropped_table, row_id, schema_after
from srllm_data.workspace import digest

#: A part ends early at this many characters of text, whatever its number of rows.
PART_CHARS = 64_000_000


def gather(config: GatherConfig, snapshots: Path, part_rows: int = 5000) -> Iterator[StageOutput]:
    """Read all sources, in their order, as parts of ``part_rows`` records, kept and dropped.

    snapshots: folder for what is fetched from the network. A text that must not be stored
    (``door``) is dropped as ``illegal_content`` before it is written anywhere.
    facts of the last part: "sources", a list of name, kept, dropped and error (a sentence, or
    None) of each. Raises SourceError where a required source has an error.
    """
    part = _Part()
    sources = []
    for source in config.sources:
        rows = _Rows(source)
        records = islice(_records(source, config.timeout_s, snapshots), source.limit)
        error = None
        try:
            for record in records:
                if len(part) >= part_rows or part.chars >= PART_CHARS:
                    yield part.output({})
                    part = _Part()
                rows.add(record, part)
            rows.check()
        except SourceError as stopped:
            if source.required:
                raise SourceError(f"Source '{source.name}' is required: {stopped}") from None
            error = str(stopped)
        sources.append(
            {"name": source.name, "kept": rows.kept, "dropped": rows.dropped, "error": error}
        )
    yield part.output({"sources": sources})


def fingerprint(source: SourceConfig, timeout_s: float, snapshots: Path) -> str:
    """Digest of what ``source`` holds now: contents and file names, never folders or times.

    Fetches a feed into ``snapshots``, from where :func:`gather` reads it. A source that cannot be
    read has the digest of its error, so that its key changes as soon as it can be.
    """
    try:
        if source.path:
            return files_fingerprint(source)
        if source.dataset:
            return digest(dataset_fingerprint(source, timeout_s))
        if source.feed:
            return feed_fingerprint(source, timeout_s, snapshots)
        return callable_fingerprint(source)
    except SourceError as error:
        return digest(["unreadable", str(error)])


def _records(
    source: SourceConfig, timeout_s: float, snapshots: Path
) -> Iterator[Record | Malformed]:
    if source.path:
        return read_files(source)
    if source.dataset:
        return read_dataset(source, timeout_s)
    if source.feed:
        return read_feed(source, timeout_s, snapshots)
    return read_callable(source)


class _Part:
    """Rows and dropped rows on their way to one StageOutput."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.dropped: list[dict[str, object]] = []
        self.chars = 0

    def __len__(self) -> int:
        return len(self.rows) + len(self.dropped)

    def output(self, facts: dict[str, object]) -> StageOutput:
        progress.advance(len(self))
        kept = pa.Table.from_pylist(self.rows, schema=schema_after("gather"))
        return StageOutput(kept, dropped_table(self.dropped), facts)


class _Rows:
    """Makes rows of one source's records, and keeps its count."""

    def __init__(self, source: SourceConfig) -> None:
        self.source = source
        self.kept = 0
        self.dropped = 0
        columns = source.columns
        if source.feed:
            columns = columns.model_copy(
                update={
                    "url": columns.url or "link",
                    "collected_at": columns.collected_at or "published",
                }
            )
        self._columns = columns
        self._keys: dict[str, int] = {}
        self._first: Record | None = None
        self._has_text = False

    def add(self, record: Record | Malformed, part: _Part) -> None:
        """Put ``record`` into ``part``, as a row or as a dropped one."""
        row = record if isinstance(record, Malformed) else self._row(record)
        if isinstance(row, Malformed):
            self.dropped += 1
            id_ = self._id(self._unique(row.place))
            part.dropped.append(drop(id_, "filtered", row.reason, row.detail))
        else:
            self.kept += 1
            part.chars += len(str(row["text"]))
            part.rows.append(row)

    def check(self) -> None:
        """SourceError where no record at all held the mapped text."""
        if self._first and not self._has_text:
            column = self._columns.text
            raise SourceError(
                f"No record of source '{self.source.name}' has a column '{column}'; "
                f"{nearest(column, names(self._first.values))}."
            )

    def _row(self, record: Record) -> dict[str, object] | Malformed:
        self._first = self._first or record
        place, location = record.place, record.location
        values, columns, source = record.values, self._columns, self.source
        text = lookup(values, columns.text)
        if text is ABSENT:
            words = f"{location}: there is no column '{columns.text}'."
            return Malformed(place, "missing_text", words)
        self._has_text = True
        if text is None or text == "":
            return Malformed(place, "missing_text", f"{location}: '{columns.text}' is empty.")
        if not isinstance(text, str):
            words = f"{location}: '{columns.text}' holds {_kind(text)}, not text."
            return Malformed(place, "wrong_type", words)
        if text.isspace():
            return Malformed(place, "missing_text", f"{location}: '{columns.text}' is blank.")
        if category := refused(text):
            words = f"{location}: must not be stored ({category}); its text was not kept."
            return Malformed(place, "illegal_content", words)
        key = _word(values, columns.key)
        row: dict[str, object] = {
            "text": text,
            "source": source.name,
            "location": location,
            "url": _word(values, columns.url),
            "licence": _word(values, columns.licence) or source.licence,
            "consent": source.consent,
            "weight": source.weight,
            "collected_at": _word(values, columns.collected_at),
        }
        try:
            hashed = hashlib.sha256(text.encode()).hexdigest()[:16]
            for name in ("url", "licence", "collected_at"):
                str(row[name]).encode()
            row["source_key"] = self._unique((key or hashed).encode().decode())
        except UnicodeEncodeError:
            words = f"{location}: holds half of a surrogate pair, or bytes that are no character."
            return Malformed(place, "invalid_encoding", words)
        row["id"] = self._id(str(row["source_key"]))
        return row

    def _unique(self, key: str) -> str:
        if key not in self._keys:
            self._keys[key] = 1
            return key
        number = self._keys[key] + 1
        while f"{key}#{number}" in self._keys:
            number += 1
        self._keys[key] = number
        self._keys[f"{key}#{number}"] = 1
        return f"{key}#{number}"

    def _id(self, key: str) -> str:
        return row_id(self.source.name, key)


def _word(values: Any, column: str | None) -> str | None:
    """A mapped value as text; None where there is none."""
    value = lookup(values, column) if column else None
    if value is None or value is ABSENT or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _kind(value: object) -> str:
    words = {bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    return words.get(type(value), f"a value of type {type(value).__name__}")
