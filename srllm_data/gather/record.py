"""What every reader yields, and the words that readers share in their errors."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from srllm_data.config import ColumnsConfig

ABSENT = object()


class Record(NamedTuple):
    """One record as it stands in its source.

    values: column name to value, of any JSON-like type.
    place: "line:<n>" or "record:<n>" in its file, from 1.
    location: the place for people, with the file name, or a link.
    """

    values: Mapping[str, Any]
    place: str
    location: str


class Malformed(NamedTuple):
    """One record that cannot become a row; detail says where and why, without its text."""

    place: str
    reason: str
    detail: str


def lookup(values: Mapping[str, Any], column: str) -> Any:
    """The value of ``column``, which may be nested ("user.text"), or ABSENT."""
    if column in values:
        return values[column]
    value: Any = values
    for name in column.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return ABSENT
        value = value[name]
    return value


def mapped(columns: ColumnsConfig) -> list[str]:
    """The source's columns that the configuration names."""
    return [name for name in columns.model_dump().values() if name]


def names(values: Mapping[str, Any]) -> list[str]:
    """Every name under which :func:`lookup` finds something in ``values``."""
    found = []
    for name, value in values.items():
        found.append(str(name))
        if isinstance(value, Mapping):
            found += [f"{name}.{inner}" for inner in names(value)]
    return found


def nearest(column: str, known: Iterable[str]) -> str:
    """A hint on which of ``known`` was meant; others are not named, as they may be row text."""
    close = difflib.get_close_matches(column, list(known), n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'" if close else "name one that it has under 'columns'"


def cause(error: BaseException) -> str:
    """What ``error`` says, in at most 200 characters of one line."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(words).split())[:200].rstrip(".")
