"""The lexicon's data: entries, identity terms, words for people."""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

#: Name and version, written to the ``_by`` columns; raise it when findings or scores change.
LABELLER = "lexicon-1"

LABELS = (
    "loaded",
    "condescension",
    "stereotype",
    "generalisation",
    "dehumanising",
    "insult",
    "slur",
    "profanity",
)
ACTIONS = ("delete", "replace", "soften")

Use = Literal["used", "quoted", "reclaimed"]

_FOLDER = Path(__file__).parent
_FILES = ("terms.jsonl", "groups.jsonl", "people.txt", "traits.txt")


@dataclass(frozen=True)
class Entry:
    """One term: what it is, how heavy (severity 0 to 1), and what the editor may do with it.

    unless: the entry does not match in a sentence that holds one of these words or phrases.
    of: "people": the entry matches only where it is said of people; "address": only where
        somebody is addressed with it; "": anywhere.
    """

    id: str
    forms: tuple[str, ...]
    pos: str
    label: str
    groups: tuple[str, ...]
    severity: float
    action: str
    replacements: tuple[str, ...]
    why: str
    unless: tuple[str, ...] = ()
    of: str = ""


@dataclass(frozen=True)
class Span:
    """A finding at characters ``start`` to ``end``; ``entry`` is None for a syntactic pattern."""

    start: int
    end: int
    text: str
    label: str
    entry: str | None
    use: Use
    groups: tuple[str, ...]
    severity: float


@lru_cache(maxsize=1)
def entries() -> dict[str, Entry]:
    """All entries by id, in the order of the file."""
    found = (Entry(**json.loads(line, object_hook=_tuples)) for line in _lines("terms.jsonl"))
    return {entry.id: entry for entry in found}


@lru_cache(maxsize=1)
def identity_terms() -> dict[str, tuple[str, ...]]:
    """Neutral words for the members of each target group, lower case, singular and plural."""
    records = [json.loads(line) for line in _lines("groups.jsonl")]
    return {r["group"]: tuple(r["forms"]) for r in records}


@lru_cache(maxsize=1)
def people_nouns() -> frozenset[str]:
    """Lemmas of nouns that stand for people whatever their group ("resident", "lot")."""
    return frozenset(_lines("people.txt"))


@lru_cache(maxsize=1)
def traits() -> frozenset[str]:
    """Lemmas of adjectives, nouns and verbs that make a claim over a whole group a biased one."""
    return frozenset(_lines("traits.txt"))


@lru_cache(maxsize=1)
def digest() -> str:
    """SHA-256 over the data files, for the key of a stage that uses them."""
    return hashlib.sha256(b"".join((_FOLDER / f).read_bytes() for f in _FILES)).hexdigest()


def _tuples(record: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in record.items()}


def _lines(name: str) -> list[str]:
    return (_FOLDER / name).read_text(encoding="utf-8").splitlines()
