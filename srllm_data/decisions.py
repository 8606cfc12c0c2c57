"""Curators' decisions: append-only, hash-chained, one SQLite file.

A decision holds for the rewrite that the curator saw: when the rewrite of a row changes, its
accept or reject no longer applies. An edit holds as long as the text is the same.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from srllm_data.errors import StoreError
from srllm_data.workspace import digest, explained

_TABLE = """
create table if not exists decisions (
    number integer primary key,
    row_id text not null,
    action text not null check (action in ('accept', 'reject', 'edit')),
    rewrite text,
    seen text not null,
    reviewer text not null,
    note text not null,
    decided_at text not null,
    hash text not null
) strict
"""
_FIELDS = ("row_id", "action", "rewrite", "seen", "reviewer", "note", "decided_at")
_START = "0" * 64


@dataclass(frozen=True)
class Decision:
    """What a curator decided about one row.

    action: accept, reject or edit (then ``rewrite`` is the curator's).
    seen: digest of what was judged (:func:`seen`).
    """

    row_id: str
    action: str
    rewrite: str | None
    seen: str
    reviewer: str
    note: str
    decided_at: str


def seen(action: str, text: str, rewrite: str) -> str:
    """Digest of what a decision depends on: the text, and the rewrite unless it is replaced."""
    return digest([text] if action == "edit" else [text, rewrite])


class DecisionLog:
    """The log at ``path``; reading a log that does not exist yet finds no decisions."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(
        self, row_id: str, action: str, text: str, rewrite: str, reviewer: str, note: str = ""
    ) -> None:
        """Append a decision about a row whose text and rewrite were shown to ``reviewer``.

        rewrite: the rewrite that was shown, or for an edit the curator's own.
        """
        decision = Decision(
            row_id,
            action,
            rewrite if action == "edit" else None,
            seen(action, text, rewrite),
            reviewer,
            note,
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        with explained(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as db:
            db.execute("begin immediate")
            last = db.execute("select hash from decisions order by number desc limit 1").fetchone()
            values = [getattr(decision, f) for f in _FIELDS]
            link = digest([last[0] if last else _START, *values])
            db.execute(
                f"insert into decisions ({', '.join(_FIELDS)}, hash) "  # noqa: S608
                f"values ({', '.join('?' * (len(_FIELDS) + 1))})",
                [*values, link],
            )

    def current(self) -> dict[str, Decision]:
        """The newest decision of each row; StoreError where the chain was altered."""
        return {d.row_id: d for d, _ in self._verified()}

    def head(self) -> str:
        """Hash of the last decision: it stands for the whole log."""
        hashes = [link for _, link in self._verified()]
        return hashes[-1] if hashes else _START

    def _verified(self) -> list[tuple[Decision, str]]:
        if not self.path.is_file():
            return []
        with self._open() as db:
            rows = db.execute(
                f"select {', '.join(_FIELDS)}, hash from decisions order by number"  # noqa: S608
            ).fetchall()
        found = []
        before = _START
        for number, (*values, link) in enumerate(rows, start=1):
            if link != digest([before, *values]):
                raise StoreError(
                    f"Decision {number} in {self.path} was altered; restore the file from a backup."
                )
            found.append((Decision(*values), link))
            before = link
        return found

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            db = sqlite3.connect(self.path, timeout=30)
            try:
                with db:
                    db.execute("pragma synchronous = full")
                    db.execute(_TABLE)
                    yield db
            finally:
                db.close()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be used ({error}).") from error
