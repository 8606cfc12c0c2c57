"""The workspace: where stage outputs, ledgers, runs and releases lie.

Stage outputs are content-addressed: ``stages/<stage>/<key>/`` holds ``part-*.parquet`` (rows that
go on), ``dropped-*.parquet`` (rows that end) and, written last, ``manifest.json``: the manifest
is the completion mark.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

_RELEASE = re.compile(r"v(\d+)-[0-9a-f]{8}")


def canonical(value: object) -> str:
    """The one JSON text of ``value``: sorted keys, no spaces, non-ASCII kept."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(value: object) -> str:
    """SHA-256 in hex of bytes, or of the canonical JSON of anything else."""
    data = value if isinstance(value, bytes) else canonical(value).encode()
    return hashlib.sha256(data).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 in hex of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the disk says about ``path`` into one sentence (StoreError)."""
    try:
        yield
    except OSError as error:
        number = error.errno or next(
            (n for n in (errno.ENOSPC, errno.EACCES) if os.strerror(n) in str(error)), None
        )
        if number in (errno.ENOSPC, errno.EDQUOT):
            raise StoreError(
                f"The disk under {path} is full; free some space and run the same command again: "
                "everything finished so far is kept."
            ) from error
        if number in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise StoreError(
                f"No permission to write {path}; make it writable or set another 'workspace'."
            ) from error
        raise StoreError(f"{path} cannot be used ({error}).") from error


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` so that ``path`` holds either all of it or what it held before."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with explained(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_table(path: Path, table: "pa.Table", **options: Any) -> None:
    """Write a Parquet file atomically; identical tables give identical bytes."""
    import pyarrow.parquet as pq

    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with explained(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, temporary, compression="zstd", **options)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Hold ``folder`` for one ``what``, such as a build; a second one gets a StoreError."""
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"Another {what} is using {folder}; wait for it or set another 'workspace'."
            ) from None
        yield


@dataclass(frozen=True)
class Workspace:
    """A folder and the names of what lies in it."""

    root: Path

    @property
    def requests(self) -> Path:
        """SQLite file with every LLM request and answer."""
        return self.root / "requests.sqlite"

    @property
    def decisions(self) -> Path:
        """SQLite file with curators' decisions."""
        return self.root / "decisions.sqlite"

    @property
    def snapshots(self) -> Path:
        """Folder with what was fetched from the network."""
        return self.root / "snapshots"

    @property
    def releases(self) -> Path:
        """Folder with one folder for each release."""
        return self.root / "releases"

    @property
    def prefect_home(self) -> Path:
        """Folder of Prefect's own database and results."""
        return self.root / ".prefect"

    @property
    def adapters(self) -> Path:
        """Folder with one folder for each trained adapter."""
        return self.root / "adapters"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the workspace for one build; a second one gets a StoreError."""
        with locked(self.root, "build"):
            yield

    def folder(self, stage: str, key: str) -> Path:
        """Where the output of ``stage`` under ``key`` lies."""
        return self.root / "stages" / stage / key

    def manifest(self, stage: str, key: str) -> dict[str, Any] | None:
        """The manifest of a finished stage, or None while a part or the manifest is missing."""
        folder = self.folder(stage, key)
        try:
            manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
        except (OSError, ValueError):
            return None
        if all((folder / name).is_file() for name in manifest["files"]):
            return manifest
        return None

    def parts(self, stage: str, key: str) -> list[Path]:
        """Files with the rows that ``stage`` handed on, in order."""
        return sorted(self.folder(stage, key).glob("part-*.parquet"))

    def kept(self, stage: str, key: str, columns: list[str] | None = None) -> "pa.Table":
        """All rows that ``stage`` handed on; all columns if None."""
        return read_tables(self.parts(stage, key), columns)

    def dropped(self, stage: str, key: str, columns: list[str] | None = None) -> "pa.Table":
        """All rows that ended in ``stage``; all columns if None."""
        return read_tables(sorted(self.folder(stage, key).glob("dropped-*.parquet")), columns)

    def cached(self, name: str, key: str, make: "Callable[[], pa.Table]") -> "pa.Table":
        """The table stored under ``name`` and ``key``; made and stored where none can be read."""
        path = self.root / name / f"{key}.parquet"
        try:
            return read_tables([path])
        except StoreError:
            table = make()
            write_table(path, table)
            return table

    def forget(self, stage: str, key: str) -> None:
        """Remove the output of ``stage`` under ``key``, its completion mark first."""
        folder = self.folder(stage, key)
        with explained(folder):
            (folder / "manifest.json").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)

    def published(self) -> list[Path]:
        """Folders of the releases so far, oldest first."""
        found = [(m, p) for p in self.releases.glob("v*") if (m := _RELEASE.fullmatch(p.name))]
        return [p for _, p in sorted((int(m[1]), p) for m, p in found)]

    def runs(self) -> list[Path]:
        """Folders of the runs so far, oldest first."""
        return sorted(p.parent for p in (self.root / "runs").glob("*/run.json"))

    def last_run(self) -> dict[str, Any]:
        """The record of the newest run; StoreError where there is none."""
        runs = self.runs()
        if not runs:
            raise StoreError(f"Nothing has been built in {self.root} yet; run 'srllm build'.")
        record: dict[str, Any] = json.loads((runs[-1] / "run.json").read_bytes())
        return record


def read_tables(paths: list[Path], columns: list[str] | None = None) -> "pa.Table":
    """The rows of Parquet files as one table, all columns if None; StoreError for a damaged one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = []
    for path in paths:
        try:
            table = pq.read_table(path, columns=columns, partitioning=None)
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreError(
                f"{path} is damaged ({error}); run 'srllm build --force' to make it again."
            ) from None
        tables.append(table.replace_schema_metadata(None))
    return pa.concat_tables(tables)
