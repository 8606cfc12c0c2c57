"""The request ledger: every request to a provider and how it ended, so that none is paid twice.

One SQLite file. WAL lets other processes read and write beside this one; ``synchronous=FULL``
makes every commit reach the disk before the next request is sent (0.2 ms measured, against
seconds and money for the answer; NORMAL could lose the last thousand answers with the power).
"""

import hashlib
import json
import sqlite3
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self, get_args

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
]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

#: Ends that brought no answer and cost nothing: the next run asks again.
TRANSIENT: frozenset[Outcome] = frozenset(
    ("bad_request", "rate_limited", "timed_out", "unreachable")
)

_VERSION = 1
_TABLE = """
CREATE TABLE IF NOT EXISTS requests (
    key TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    outcome TEXT NOT NULL,
    answer TEXT NOT NULL,
    finish_reason TEXT,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    created TEXT NOT NULL
)
"""
# A finished answer is never replaced: where two processes asked the same, the first one stands.
_PUT = f"""
INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    outcome = excluded.outcome,
    answer = excluded.answer,
    finish_reason = excluded.finish_reason,
    prompt_tokens = excluded.prompt_tokens,
    completion_tokens = excluded.completion_tokens,
    attempts = requests.attempts + excluded.attempts,
    created = excluded.created
WHERE requests.outcome IN ({", ".join(f"'{o}'" for o in sorted(TRANSIENT))})
"""  # noqa: S608
_FIND = """
SELECT outcome, answer, finish_reason, prompt_tokens, completion_tokens, attempts
FROM requests WHERE key = ?
"""


@dataclass(frozen=True)
class Answer:
    """How one request ended.

    text: what the provider wrote, verbatim; empty where it wrote nothing.
    attempts: HTTP requests that it took.
    """

    outcome: Outcome
    text: str = ""
    finish_reason: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    attempts: int = 1


def canonical(request: dict[str, Any]) -> str:
    """``request`` as JSON with sorted keys: equal requests give equal text."""
    return json.dumps(request, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


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
            if version not in (0, _VERSION):
                raise StoreError(
                    f"The request ledger {path} has format {version}, which this version of srllm "
                    f"does not know; use the srllm that wrote it, or move the file away."
                )
            self._db.execute(_TABLE)
            self._db.execute(f"PRAGMA user_version={_VERSION}")
        except sqlite3.Error as error:
            self._db.close()
            raise self._unusable(error) from None
        except StoreError:
            self._db.close()
            raise

    def find(self, request: dict[str, Any]) -> Answer | None:
        """The finished answer to ``request``; None where it is to be sent (again)."""
        row = self._execute(_FIND, (_key(canonical(request)),))
        answer = Answer(*row) if row else None
        return None if answer is None or answer.outcome in TRANSIENT else answer

    def put(self, request: dict[str, Any], answer: Answer) -> None:
        """Commit how ``request`` ended; a finished answer that is already there stays."""
        text = canonical(request)
        self._execute(
            _PUT,
            (
                _key(text),
                text,
                answer.outcome,
                answer.text,
                answer.finish_reason,
                answer.prompt_tokens,
                answer.completion_tokens,
                answer.attempts,
                datetime.now(UTC).isoformat(timespec="seconds"),
            ),
        )

    def close(self) -> None:
        """Close the file; every answer is already in it."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _execute(self, statement: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        try:
            with self._lock:
                row: tuple[Any, ...] | None = self._db.execute(statement, values).fetchone()
                return row
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _unusable(self, error: Exception) -> StoreError:
        return StoreError(
            f"The request ledger {self._path} cannot be used ({error}); free space, correct its "
            f"permissions or, if it is damaged, move it away."
        )


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
