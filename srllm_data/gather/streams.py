"""From a path to files, to bytes, to physical lines; any filesystem that fsspec knows."""

import codecs
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from srllm_data.errors import SourceError, shown
from srllm_data.gather.record import cause

#: Small, since a block of a compressed file may grow a thousandfold.
BLOCK = 1 << 16

#: What a file that is no plain text in the configured encoding starts with, and what to do.
_SIGNATURES = {
    b"\x1f\x8b": "is compressed with gzip; let its name end in .gz",
    b"\x28\xb5\x2f\xfd": "is compressed with Zstandard; let its name end in .zst",
    b"PK\x03\x04": "is a ZIP archive; unpack it",
    b"PAR1\x15": "is a Parquet file; set 'format: parquet'",
    b"\xff\xfe": "is UTF-16; set 'encoding: utf-16'",
    b"\xfe\xff": "is UTF-16; set 'encoding: utf-16'",
}


class File(NamedTuple):
    """One file on a filesystem of fsspec."""

    system: Any
    path: str

    @property
    def name(self) -> str:
        """The name without its folder, as text that can be stored."""
        return PurePosixPath(self.path).name.encode(errors="replace").decode()


def find(path: str) -> list[File]:
    """The file at ``path``, or those that match it as a glob, sorted; SourceError for none."""
    from fsspec.core import has_magic, url_to_fs

    try:
        system, inner = url_to_fs(path)
        kind = _kind(system, inner)
        if kind == "file":
            return [File(system, inner)]
        if kind == "directory":
            raise SourceError(
                f"{shown(path)} is a folder; name a file in it, or a glob such as *.csv."
            )
        if not has_magic(inner):
            raise SourceError(f"There is no file {shown(path)}; correct 'path'.")
        found = [p for p in sorted(system.glob(inner)) if _kind(system, p) == "file"]
    except SourceError:
        raise
    except Exception as error:  # each filesystem raises what its own client library raises
        raise SourceError(f"{shown(path)} cannot be reached ({cause(error)}).") from None
    if not found:
        raise SourceError(f"No file matches {shown(path)}; correct 'path'.")
    return [File(system, p) for p in found]


def _kind(system: Any, path: str) -> str | None:
    try:
        return str(system.info(path)["type"])
    except FileNotFoundError:
        return None


def blocks(file: File) -> Iterator[bytes]:
    """The bytes of ``file`` as they are stored, in blocks."""
    try:
        with file.system.open(file.path, "rb") as stream:
            while block := stream.read(BLOCK):
                yield block
    except Exception as error:  # each filesystem raises what its own client library raises
        raise SourceError(f"{file.name} cannot be read ({cause(error)}).") from None


def unpacked(file: File) -> Iterator[bytes]:
    """The bytes of ``file``, decompressed where its name ends in .gz or .zst.

    fsspec's own decompression is not used: it ends a Zstandard file after its first frame, and
    takes one that was cut off for whole.
    """
    suffix = PurePosixPath(file.name).suffix
    if suffix == ".gz":
        return _inflated(file, lambda: zlib.decompressobj(wbits=31), zlib.error)
    if suffix == ".zst":
        import zstandard

        return _inflated(
            file, lambda: zstandard.ZstdDecompressor().decompressobj(), zstandard.ZstdError
        )
    return blocks(file)


def _inflated(file: File, make: Callable[[], Any], damage: type[Exception]) -> Iterator[bytes]:
    engine = make()
    try:
        for block in blocks(file):
            while block:
                if engine.eof:
                    block = block.lstrip(b"\0")  # tape padding after a gzip member
                    if not block:
                        break
                    engine = make()
                yield engine.decompress(block)
                block = engine.unused_data
    except damage as error:
        raise SourceError(
            f"{file.name} is damaged ({cause(error)}); compress the original again."
        ) from None
    if not engine.eof:
        raise SourceError(f"{file.name} is cut off; compress or copy the original again.")


def text_blocks(file: File, encoding: str) -> tuple[Iterator[bytes], str]:
    """The content of a text file without its byte order mark, and the encoding of what comes.

    Encodings in which a line end is not the one of ASCII (UTF-16, UTF-32) come as UTF-8.
    """
    try:
        plain = "\r\n".encode(encoding) == b"\r\n" or codecs.lookup(encoding).name == "utf-8-sig"
    except (LookupError, UnicodeError):
        raise SourceError(
            f"There is no encoding '{encoding}'; correct 'encoding', for example to utf-8."
        ) from None
    content = unpacked(file)
    if not plain:
        return _transcoded(content, encoding, file), "utf-8"
    name = codecs.lookup(encoding).name
    return _unmarked(content, file), "utf-8" if name == "utf-8-sig" else name


def _unmarked(content: Iterator[bytes], file: File) -> Iterator[bytes]:
    start = b""
    for block in content:
        start += block
        if len(start) >= 4:
            break
    for signature, remedy in _SIGNATURES.items():
        if start.startswith(signature):
            raise SourceError(f"{file.name} {remedy}.")
    yield start.removeprefix(codecs.BOM_UTF8)
    yield from content


def _transcoded(content: Iterator[bytes], encoding: str, file: File) -> Iterator[bytes]:
    # Lone surrogates pass, as bytes that are no UTF-8: only the rows that hold them are lost.
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        for block in content:
            yield decoder.decode(block).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{file.name} is not {encoding} ({error.reason}); correct 'encoding'."
        ) from None


def lines(content: Iterator[bytes]) -> Iterator[bytes]:
    """Physical lines with their ends (LF, CRLF or CR)."""
    begun: list[bytes] = []
    for block in content:
        if begun and begun[-1].endswith(b"\r"):
            block = begun.pop() + block  # the blocks may have cut a CRLF in two
        found = block.splitlines(keepends=True)
        if not found:
            continue
        tail = b"" if found[-1].endswith(b"\n") else found.pop()
        if begun and found:
            found[0] = b"".join([*begun, found[0]])
            begun = []
        yield from found
        if tail:
            begun.append(tail)
    if begun:
        yield b"".join(begun)
