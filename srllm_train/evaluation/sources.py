"""Where benchmarks come from: a local copy, or the hub."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from srllm_data.errors import SrllmError
from srllm_data.workspace import digest, file_digest

T = TypeVar("T")
Record = dict[str, Any]


class Missing(SrllmError):
    """A benchmark cannot be had, or not as a whole; the others go on."""


class Unreachable(Missing):
    """The hub does not answer; asking it for another benchmark would only take time."""


@dataclass(frozen=True)
class Source:
    """A benchmark: its licence, its file below ``--data``, the columns that are read of it.

    hub: id of the dataset there, with ``config`` and ``split``, several of them joined by "+";
    from_hub: turns a record of it, with the name of its split, into records as the file has them.
    """

    name: str
    licence: str
    file: str
    columns: tuple[str, ...]
    hub: str | None = None
    config: str | None = None
    split: str = "test"
    from_hub: Callable[[Record], Iterable[Record]] = lambda record: [record]

    def read(self, data: Path | None, online: bool = True) -> tuple[list[Record], dict[str, str]]:
        """The records, and what names them in a report: where from, and their SHA-256.

        data: folder with local copies. online: whether the hub may be asked. Raises Missing where
        there is neither a copy nor a hub, and where a copy is damaged: it names the file and the
        line; Unreachable where the hub does not answer.
        """
        path = data / self.file if data else None
        if path and path.is_file():
            records = list(self._lines(path))
            return records, {"from": self.file, "sha256": file_digest(path)}
        records = self._from_hub(path, online)
        return records, {"from": str(self.hub), "sha256": digest(records)}

    def _lines(self, path: Path) -> Iterable[Record]:
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                lacks = [name for name in self.columns if name not in record]
            except (ValueError, TypeError):
                raise Missing(f"{path}, line {number}, is no JSON object; mend it.") from None
            if lacks:
                raise Missing(f"{path}, line {number}, lacks '{lacks[0]}'; add it.")
            yield record

    def _from_hub(self, path: Path | None, online: bool) -> list[Record]:
        where = f"put it at {path}" if path else f"name a folder that holds {self.file} as --data"
        if self.hub is None:
            raise Missing(f"{self.name} is not here and on no hub; {where}.")
        if not online:
            raise Missing(f"{self.name} is not here, and the hub does not answer; {where}.")
        from datasets import load_dataset

        # It warns of every try.
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)

        try:
            splits = self.split.split("+")
            found = zip(splits, load_dataset(self.hub, self.config, split=splits), strict=True)
            records = [
                one
                for split, part in found
                for record in part
                for one in self.from_hub({"split": split, **record})
            ]
        except Exception as error:
            said = " ".join(str(error).split())[:160]
            kind = Unreachable if isinstance(error, ConnectionError) else Missing
            raise kind(
                f"{self.name} cannot be had from the hub as {self.hub} ({type(error).__name__}: "
                f"{said}); {where}."
            ) from None
        if records and (lacks := [n for n in self.columns if n not in records[0]]):
            raise Missing(f"{self.name} from the hub lacks '{lacks[0]}'; {where}.")
        return records


def ordered(items: Sequence[T], id_of: Callable[[T], str], seed: int = 1) -> list[T]:
    """``items`` in an order that depends on nothing but their ids and the seed."""
    return sorted(items, key=lambda i: hashlib.sha256(f"{seed}\0{id_of(i)}".encode()).digest())
