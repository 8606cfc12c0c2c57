"""The request ledger: every request to a provider and how it ended, so that none is paid twice.

One SQLite file. WAL lets other processes read and write beside this one; ``synchronous=FULL``
makes every commit reach the disk before the next request is sent (0.2 ms measured, against
seconds and money for the answer; NORMAL could lose the last thousand answers with the power).
"""

import asyncio
import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self, get_args

import orjson

from srllm_data.errors import StoreError

Outcome = Literal[
    "ok",
    "refused",
    "content_filtered",
    "truncated",
    "malformed",
    "bad_request",
    "rate_limited",
    "timed_out",
    "unreachable",
    "over_budget",
]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

#: Ends that brought no answer and cost nothing: the next run asks again.
TRANSIENT: frozenset[Outcome] = frozenset(
    ("bad_request", "rate_limited", "timed_out", "unreachable", "over_budget")
)

_VERSION = 2
_TABLES = """
CREATE TABLE IF NOT EXISTS requests (
    key TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    outcome TEXT NOT NULL,
    answer TEXT NOT NULL,
    finish_reason TEXT,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    created TEXT NOT NULL,
    cost REAL NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS unsettled (
    key TEXT NOT NULL,
    batch TEXT NOT NULL,
    cost REAL NOT NULL,
    request TEXT NOT NULL,
    PRIMARY KEY (key, batch)
);
CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY,
    base_url TEXT NOT NULL,
    remote TEXT,
    state TEXT NOT NULL
);
"""
# A finished answer is never replaced: where two processes asked the same, the first one stands.
_PUT = f"""
INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    outcome = excluded.outcome,
    answer = excluded.answer,
    finish_reason = excluded.finish_reason,
    prompt_tokens = excluded.prompt_tokens,
    completion_tokens = excluded.completion_tokens,
    attempts = requests.attempts + excluded.attempts,
    created = excluded.created,
    cost = requests.cost + excluded.cost
WHERE requests.outcome IN ({", ".join(f"'{o}'" for o in sorted(TRANSIENT))})
"""  # noqa: S608
_FIND = """
SELECT key, outcome, answer, finish_reason, prompt_tokens, completion_tokens, attempts, cost
FROM requests WHERE key IN
"""
#: Keys looked up by one statement.
_TOGETHER = 500
_UNSETTLE = """
INSERT INTO unsettled VALUES (?, ?, ?, ?)
ON CONFLICT (key, batch) DO UPDATE SET cost = unsettled.cost + excluded.cost
"""
_SETTLE = (
    "DELETE FROM unsettled WHERE cost <= ? * 1.000001 AND key = ? AND batch = ?",
    "UPDATE unsettled SET cost = cost - ? WHERE key = ? AND batch = ?",
)
_SPENT = """
SELECT (SELECT TOTAL(cost) FROM requests) + (SELECT TOTAL(cost) FROM unsettled)
"""

#: A statement and its values.
Step = tuple[str, tuple[object, ...]]


@dataclass(frozen=True)
class Answer:
    """How one request ended.

    text: what the provider wrote, verbatim; empty where it wrote nothing; of a transient outcome,
    what happened. attempts: HTTP requests that it took. cost: US dollars, 0 where no price is
    known.
    """

    outcome: Outcome
    text: str = ""
    finish_reason: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    attempts: int = 1
    cost: float = 0.0


class Request(dict[str, Any]):
    """A request whose canonical JSON is made once; nothing may change in it after that."""

    text: str | None = None
    key: str | None = None


def canonical(request: dict[str, Any]) -> str:
    """``request`` as JSON with sorted keys: equal requests give equal text."""
    if isinstance(request, Request):
        request.text = request.text or _json(request)
        return request.text
    return _json(request)


def _json(request: dict[str, Any]) -> str:
    return orjson.dumps(request, option=orjson.OPT_SORT_KEYS).decode()


def key_of(request: dict[str, Any]) -> str:
    """The key of ``request``: SHA-256 of its canonical JSON."""
    if isinstance(request, Request):
        request.key = request.key or hashlib.sha256(canonical(request).encode()).hexdigest()
        return request.key
    return hashlib.sha256(canonical(request).encode()).hexdigest()


class Ledger:
    """Requests and their ends in the SQLite file ``path``, made if it does not exist.

    Calls are synchronous, short and safe from any thread. Made from a coroutine they leave no
    moment between the arrival of an answer and its commit in which a cancellation could lose it.
    Raises StoreError where the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                path, timeout=60, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from None
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, 1, _VERSION):
                raise StoreError(
                    f"The request ledger {path} has format {version}, which this version of srllm "
                    f"does not know; use the srllm that wrote it, or move the file away."
                )
            if version == 1:
                self._db.execute("ALTER TABLE requests ADD COLUMN cost REAL NOT NULL DEFAULT 0")
            self._db.executescript(_TABLES)
            self._db.execute(f"PRAGMA user_version={_VERSION}")
        except sqlite3.Error as error:
            self._db.close()
            raise self._unusable(error) from None
        except StoreError:
            self._db.close()
            raise

    def find(self, request: dict[str, Any]) -> Answer | None:
        """The finished answer to ``request``; None where it is to be sent (again)."""
        return self.find_all([request])[0]

    def find_all(self, requests: Sequence[dict[str, Any]]) -> list[Answer | None]:
        """What :meth:`find` gives for each of ``requests``."""
        last = self.last(requests)
        return [a if a and a.outcome not in TRANSIENT else None for a in last]

    def last(self, requests: Sequence[dict[str, Any]]) -> list[Answer | None]:
        """How each of ``requests`` ended the last time; None for one that was never sent."""
        keys = [key_of(r) for r in requests]
        found: dict[str, Answer] = {}
        for at in range(0, len(keys), _TOGETHER):
            some = keys[at : at + _TOGETHER]
            rows = self.select(f"{_FIND} ({','.join('?' * len(some))})", *some)
            found |= {key: Answer(*row) for key, *row in rows}
        return [found.get(key) for key in keys]

    def put(self, request: dict[str, Any], answer: Answer) -> None:
        """Commit how ``request`` ended; a finished answer that is already there stays."""
        self.commit([putting(request, answer)])

    def spent(self) -> float:
        """US dollars that all answers cost, unsettled ones at the most that they can cost."""
        return float(self._execute((_SPENT, ()))[0][0])

    def commit(self, steps: Sequence[Step]) -> None:
        """Carry out ``steps`` in one transaction."""
        self._execute(("BEGIN IMMEDIATE", ()), *steps, ("COMMIT", ()))

    def select(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows that a SELECT finds."""
        return self._execute((statement, values))

    def close(self) -> None:
        """Close the file; every answer is already in it."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _execute(self, *steps: Step) -> list[tuple[Any, ...]]:
        """The rows that the last of ``steps`` finds."""
        rows: list[tuple[Any, ...]] = []
        with self._lock:
            try:
                for statement, values in steps:
                    rows = self._db.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise self._unusable(error) from None
            finally:
                if self._db.in_transaction:
                    self._db.rollback()
        return rows

    def _unusable(self, error: Exception) -> StoreError:
        return StoreError(
            f"The request ledger {self._path} cannot be used ({error}); free space, correct its "
            f"permissions or, if it is damaged, move it away."
        )


def putting(request: dict[str, Any], answer: Answer) -> Step:
    """The step that stores how ``request`` ended."""
    return _PUT, (
        key_of(request),
        canonical(request),
        answer.outcome,
        answer.text,
        answer.finish_reason,
        answer.prompt_tokens,
        answer.completion_tokens,
        answer.attempts,
        datetime.now(UTC).isoformat(timespec="seconds"),
        answer.cost,
    )


def unsettling(request: dict[str, Any], cost: float, batch: str = "") -> Step:
    """The step that notes, before ``request`` is sent, what it may cost.

    Until it is taken back it counts as spent: a process that dies, and an answer that is lost on
    its way, may have been billed. batch: id of the batch that it is part of, if any.
    """
    return _UNSETTLE, (key_of(request), batch, cost, canonical(request))


def settling(request: dict[str, Any], cost: float, batch: str = "") -> list[Step]:
    """The steps that take back ``cost`` of what :func:`unsettling` noted."""
    return [(statement, (cost, key_of(request), batch)) for statement in _SETTLE]


class Writer:
    """Commits what arrives in one turn of the event loop in one transaction.

    A disk that takes 0.2 ms for a commit would else hold up the loop for as long as a thousand
    answers a second need.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._steps: list[Step] = []
        self._done: asyncio.Future[None] | None = None

    async def write(self, *steps: Step) -> None:
        """Return when ``steps`` are on the disk; a cancelled caller's steps are written too."""
        if self._done is None:
            loop = asyncio.get_running_loop()
            self._done = loop.create_future()
            loop.call_soon(self.flush)
        self._steps += steps
        await asyncio.shield(self._done)

    def flush(self) -> None:
        """Write what waits."""
        steps, done = self._steps, self._done
        self._steps, self._done = [], None
        try:
            if steps:
                self._ledger.commit(steps)
        except StoreError as error:
            if done is None or done.done():
                raise
            done.set_exception(error)
        else:
            if done is not None and not done.done():
                done.set_result(None)
