"""Redact: replace personal data by typed placeholders, the same one for the same thing."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING

import pyarrow as pa

from srllm_data import progress
from srllm_data.personal_data import PLACEHOLDER, Finding, find
from srllm_data.personal_data.surrogates import surrogates
from srllm_data.schema import COLUMNS, StageOutput, dropped_table, schema_after

if TYPE_CHECKING:
    from srllm_data.config import RedactConfig


def redact(rows: pa.Table, config: "RedactConfig") -> StageOutput:
    """Replace personal data in ``text`` and list the replacements in ``entities``; drops nothing.

    Facts: replacements by entity type, and rows_with_personal_data.
    Raises ConfigError for an entity type that no recogniser knows.
    """
    before = [text or "" for text in rows.column("text").to_pylist()]
    texts: list[str] = []
    entities: list[list[dict[str, object]]] = []
    counts: Counter[str] = Counter()
    ids = rows.column("id").to_pylist()
    for id_, text, findings in zip(ids, before, find(before, config), strict=True):
        redacted, mentions = _replace(text, findings)
        texts.append(redacted)
        entities.append(_entities(id_, findings, mentions))
        counts.update(f.type for f in findings)
        progress.advance()
    kept = rows.set_column(
        rows.schema.get_field_index("text"), "text", pa.array(texts, pa.string())
    ).append_column("entities", pa.array(entities, COLUMNS["entities"].type))
    facts: dict[str, object] = dict(sorted(counts.items()))
    facts["rows_with_personal_data"] = sum(map(bool, entities))
    return StageOutput(
        kept.select(schema_after("redact").names).cast(schema_after("redact")),
        dropped_table([]),
        facts,
    )


def redactions(
    texts: Sequence[str], config: "RedactConfig"
) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Each text redacted, and what was replaced in it: placeholder, type and surface, in order."""
    for text, findings in zip(texts, find(texts, config), strict=True):
        yield _replace(text, findings)


def _replace(text: str, findings: list[Finding]) -> tuple[str, list[tuple[str, str, str]]]:
    parts: list[str] = []
    mentions: list[tuple[str, str, str]] = []
    done = 0
    for finding, placeholder in zip(findings, _placeholders(text, findings), strict=True):
        parts += text[done : finding.start], placeholder
        mentions.append((placeholder, finding.type, text[finding.start : finding.end]))
        done = finding.end
    return "".join([*parts, text[done:]]), mentions


def _entities(
    id_: str, findings: list[Finding], mentions: list[tuple[str, str, str]]
) -> list[dict[str, object]]:
    """The entities with their places in the redacted text."""
    entities: list[dict[str, object]] = []
    shift = 0
    for finding, (placeholder, type_, surface), stand_in in zip(
        findings, mentions, surrogates(id_, mentions), strict=True
    ):
        start = finding.start + shift
        shift += len(placeholder) - len(surface)
        entities.append(
            {
                "type": type_,
                "placeholder": placeholder,
                "start": start,
                "end": start + len(placeholder),
                "score": round(finding.score, 4),
                "surrogate": stand_in,
            }
        )
    return entities


def _placeholders(text: str, findings: Iterable[Finding]) -> Iterator[str]:
    """One placeholder for each finding, numbered by first appearance, past those in ``text``."""
    taken = {m[0] for m in PLACEHOLDER.finditer(text)}
    given: dict[tuple[str, str], str] = {}
    people: list[tuple[frozenset[str], str]] = []
    for finding in findings:
        surface = _folded(text[finding.start : finding.end])
        words = frozenset(surface.split())
        placeholder = given.get((finding.type, surface), "")
        if not placeholder and finding.type == "PERSON":
            # A part of several names belongs to the one named last.
            placeholder = next((p for others, p in reversed(people) if words <= others), "")
        if not placeholder:
            numbered = (f"<{finding.type}_{number}>" for number in count(1))
            placeholder = next(p for p in numbered if p not in taken)
            taken.add(placeholder)
        given[finding.type, surface] = placeholder
        if finding.type == "PERSON" and len(words) > 1:
            people.append((words, placeholder))
        yield placeholder


def _folded(surface: str) -> str:
    return re.sub(r"\s+", " ", surface.casefold()).strip(" .")
