"""Files of a source: which format each has, and the readers of JSON and Parquet."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from srllm_data.config import SourceConfig
from srllm_data.errors import SourceError
from srllm_data.gather.delimited import read_delimited
from srllm_data.gather.record import (
    ABSENT,
    Malformed,
    Record,
    cause,
    lookup,
    mapped,
    names,
    nearest,
)
from srllm_data.gather.streams import File, blocks, find, lines, text_blocks, unpacked
from srllm_data.workspace import digest

_FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
}


def read_files(source: SourceConfig) -> Iterator[Record | Malformed]:
    """Records of all files of ``source.path``, sorted by path.

    Raises SourceError at the first file that cannot be read, and at the end for empty ones.
    """
    assert source.path is not None
    empty = []
    for file in find(source.path):
        form = source.format or _format(file)
        records = _reader(form, file, source)
        first = next(records, None)
        if first is None:
            empty.append((file, form))
            continue
        yield first
        yield from records
    for file, form in empty:
        nothing = "is empty" if _is_empty(file) else "holds no records"
        if form in ("csv", "tsv") and nothing != "is empty":
            nothing = "holds a header and no rows"
        raise SourceError(f"{file.name} {nothing}; add rows to it or take it out of the sources.")


def files_fingerprint(source: SourceConfig) -> str:
    """Digest of the names (they are part of a row's location) and bytes of the files."""
    assert source.path is not None
    return digest([[file.name, _digest(file)] for file in find(source.path)])


def _digest(file: File) -> str:
    state = hashlib.sha256()
    for block in blocks(file):
        state.update(block)
    return state.hexdigest()


def _is_empty(file: File) -> bool:
    return not any(block.strip() for block in unpacked(file))


def _format(file: File) -> str:
    suffixes = PurePosixPath(file.name.lower()).suffixes
    if suffixes and suffixes[-1] in (".gz", ".zst"):
        suffixes.pop()
    form = _FORMATS.get(suffixes[-1]) if suffixes else None
    if form is None:
        raise SourceError(
            f"The name of {file.name} does not say its format; set 'format' of the source to "
            "csv, tsv, jsonl, json or parquet."
        )
    return form


def _reader(form: str, file: File, source: SourceConfig) -> Iterator[Record | Malformed]:
    columns = mapped(source.columns)
    if form == "csv":
        return read_delimited(file, source.delimiter or ",", source.encoding, columns)
    if form == "tsv":
        return read_delimited(
            file, source.delimiter or "\t", source.encoding, columns, quotes=False
        )
    if form == "jsonl":
        return _read_jsonl(file, source.encoding)
    if form == "json":
        return _read_json(file, source.encoding)
    return _read_parquet(file, columns)


def _read_jsonl(file: File, encoding: str) -> Iterator[Record | Malformed]:
    content, encoding = text_blocks(file, encoding)
    for number, line in enumerate(lines(content), 1):
        place, location = f"line:{number}", f"{file.name}:{number}"
        try:
            text = line.decode(encoding)
            if not text.strip():
                continue
            yield _record(_parsed(text), place, location)
        except UnicodeDecodeError as error:
            words = f"byte {error.start + 1} of the line (0x{line[error.start]:02x})"
            yield Malformed(place, "invalid_encoding", f"{location}: {words} is not {encoding}.")
        except ValueError as error:
            yield Malformed(place, "malformed_row", f"{location}: no valid JSON ({error}).")


def _parsed(text: str) -> Any:
    """The value of a JSON text; ValueError says what is wrong with it."""
    try:
        # Not strict: control characters in strings (NUL among them) are for clean to remove.
        return json.loads(text, strict=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _record(value: object, place: str, location: str) -> Record | Malformed:
    if isinstance(value, dict):
        return Record(value, place, location)
    kind = type(value).__name__
    return Malformed(place, "malformed_row", f"{location}: {kind} where an object is expected.")


def _read_json(file: File, encoding: str) -> Iterator[Record | Malformed]:
    content, encoding = text_blocks(file, encoding)
    # Undecodable bytes become lone surrogates, so that only the rows that hold them are lost.
    text = b"".join(content).decode(encoding, "surrogateescape")
    if not text.strip():
        return
    try:
        document = _parsed(text)
    except ValueError as error:
        raise SourceError(f"{file.name} is no valid JSON ({error}); correct it there.") from None
    for number, value in enumerate(_array(document, file), 1):
        yield _record(value, f"record:{number}", f"{file.name}#{number}")


def _array(document: object, file: File) -> list[Any]:
    if isinstance(document, list):
        return document
    arrays = (
        {k: v for k, v in document.items() if isinstance(v, list)}
        if isinstance(document, dict)
        else {}
    )
    if len(arrays) > 1:
        arrays = {k: v for k, v in arrays.items() if any(isinstance(i, dict) for i in v)}
    if len(arrays) != 1:
        raise SourceError(
            f"{file.name} must hold one array of objects but holds {len(arrays) or 'none'}; "
            "convert it to JSON Lines."
        )
    return next(iter(arrays.values()))


def _read_parquet(file: File, columns: list[str]) -> Iterator[Record | Malformed]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with file.system.open(file.path, "rb") as stream:
            table = pq.ParquetFile(stream)
            roots = _roots(columns, table.schema_arrow, file)
            for batch in table.iter_batches(batch_size=1000, columns=roots):
                for values in _rows(batch):
                    number += 1
                    place, location = f"record:{number}", f"{file.name}#{number}"
                    if values is None:
                        detail = f"{location}: a string is not utf-8."
                        yield Malformed(place, "invalid_encoding", detail)
                    else:
                        yield Record(values, place, location)
    except (OSError, pa.ArrowException) as error:
        raise SourceError(
            f"{file.name} cannot be read as Parquet ({cause(error)}); write it again."
        ) from None


def _roots(columns: list[str], schema: Any, file: File) -> list[str]:
    """The top-level columns that hold ``columns``; SourceError where one is missing."""
    example = {name: _fields(schema.field(name).type) for name in schema.names}
    for column in columns:
        if lookup(example, column) is ABSENT:
            raise SourceError(
                f"{file.name} has no column '{column}'; {nearest(column, names(example))}."
            )
    return sorted({c if c in schema.names else c.split(".")[0] for c in columns})


def _fields(type_: Any) -> dict[str, Any]:
    import pyarrow as pa

    if not pa.types.is_struct(type_):
        return {}
    return {type_.field(i).name: _fields(type_.field(i).type) for i in range(type_.num_fields)}


def _rows(batch: Any) -> Iterator[dict[str, Any] | None]:
    """The rows of a batch; None for one with a string that cannot be decoded."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        for i in range(batch.num_rows):
            try:
                yield from batch.slice(i, 1).to_pylist()
            except UnicodeDecodeError:
                yield None
