"""What was computed once: answers, log-likelihoods and scores, by all that they depend on."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from srllm_data.errors import StoreError
from srllm_data.progress import advance, bar, quiet
from srllm_data.workspace import canonical, digest

#: Rows that are computed and stored together.
CHUNK = 32
_TOGETHER = 500


class Cache:
    """An SQLite file of values by a digest of what they depend on; StoreError where it fails."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as database, database:
                database.execute("PRAGMA journal_mode=WAL")
                database.execute(
                    "CREATE TABLE IF NOT EXISTS found (key TEXT PRIMARY KEY, value TEXT NOT NULL)"
                )
        except (OSError, sqlite3.Error) as error:
            raise self._broken(error) from None

    def many(
        self,
        what: str,
        by: str,
        items: Sequence[Any],
        compute: Callable[[list[Any]], Sequence[Any]],
        says: str | None = None,
        keep: Callable[[Any], bool] = lambda value: True,
        chunk: int = CHUNK,
    ) -> list[Any]:
        """The value of each of ``items``, JSON both; those that are not known are computed.

        by: digest of what computes them. compute: gets items of about the same length, ``chunk`` at
        once; what it finds is stored at once, so that a run that is stopped goes on from there.
        says: for the bar, ``what`` if None. keep: whether a value is to be known the next time.
        """
        keys = [digest([what, by, item]) for item in items]
        known = self._find(keys)
        missing = {k: item for k, item in zip(keys, items, strict=True) if k not in known}
        if missing:
            # What is read together is padded to the longest.
            order = sorted(missing, key=lambda k: (len(canonical(missing[k])), k))
            with bar(says or what, len(order)):
                for at in range(0, len(order), chunk):
                    some = order[at : at + chunk]
                    with quiet():
                        found = compute([missing[k] for k in some])
                    fresh = dict(zip(some, found, strict=True))
                    self._store({k: v for k, v in fresh.items() if keep(v)})
                    # As they will be read the next time.
                    known |= {k: json.loads(json.dumps(v)) for k, v in fresh.items()}
                    advance(len(some))
        return [known[k] for k in keys]

    def _find(self, keys: list[str]) -> dict[str, Any]:
        each = list(dict.fromkeys(keys))
        found: dict[str, Any] = {}
        try:
            with closing(self._open()) as database:
                for at in range(0, len(each), _TOGETHER):
                    some = each[at : at + _TOGETHER]
                    marks = ",".join("?" * len(some))
                    query = f"SELECT key, value FROM found WHERE key IN ({marks})"  # noqa: S608
                    found |= {k: json.loads(v) for k, v in database.execute(query, some)}
        except (sqlite3.Error, ValueError) as error:
            raise self._broken(error) from None
        return found

    def _store(self, values: dict[str, Any]) -> None:
        rows = [(k, json.dumps(v, ensure_ascii=False)) for k, v in values.items()]
        try:
            with closing(self._open()) as database, database:
                database.executemany("INSERT OR REPLACE INTO found VALUES (?, ?)", rows)
        except sqlite3.Error as error:
            raise self._broken(error) from None

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=60)

    def _broken(self, error: Exception) -> StoreError:
        return StoreError(
            f"{self._path} cannot be used ({error}); free some space, or remove it: what it holds "
            f"can be computed again."
        )
