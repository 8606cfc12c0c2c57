"""Preference pairs: the answers to one text in their order, after Course-Correction's C2-Syn.

The accepted rewrite is better than one that is partly mended, which is better than the source; it
is also better than an over-edited rewrite and than an answer that is none (Xu et al. 2024).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from srllm_data.config import ValidateConfig
from srllm_data.rewrite.refine import type_of
from srllm_data.validate import judge

KINDS = ("rewrite", "partly_mended", "source", "over_edited", "no_rewrite")

#: What is better than what.
_ORDER = (
    ("rewrite", "partly_mended"),
    ("partly_mended", "source"),
    ("rewrite", "source"),
    ("rewrite", "over_edited"),
    ("rewrite", "no_rewrite"),
)

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("prompt", pa.string()),
        ("chosen", pa.string()),
        ("rejected", pa.string()),
        ("chosen_kind", pa.string()),
        ("rejected_kind", pa.string()),
    ]
)


@dataclass(frozen=True)
class Ranked:
    """One answer to a text and what it is (:data:`KINDS`)."""

    text: str
    kind: str


def ranked(row: dict[str, Any], config: ValidateConfig) -> list[Ranked]:
    """The distinct answers to a released row's text, in the order of :data:`KINDS`.

    row: columns of the review stage. A candidate whose only faults are bias that is left is partly
    mended; one with any other fault is over-edited.
    """
    found = {row["rewrite"]: Ranked(row["rewrite"], "rewrite")}
    found.setdefault(row["text"], Ranked(row["text"], "source"))
    for candidate in row["candidates"] or []:
        if kind := _kind(candidate, row, config):
            found.setdefault(candidate["text"], Ranked(candidate["text"], kind))
    return sorted(found.values(), key=lambda r: KINDS.index(r.kind))


def pairs(rows: pa.Table, config: ValidateConfig) -> pa.Table:
    """All preference pairs of released rows; controls have none. Columns: :data:`SCHEMA`.

    prompt is the source text; chosen and rejected are answers to it.
    """
    names = ["id", "text", "rewrite", "candidates", "signals", "control"]
    records = [
        record
        for row in rows.select(names).sort_by("id").to_pylist()
        if not row["control"]
        for record in _pairs(row, config)
    ]
    return pa.Table.from_pylist(records, schema=SCHEMA)


def _pairs(row: dict[str, Any], config: ValidateConfig) -> Iterator[dict[str, str]]:
    answers = ranked(row, config)
    for better, worse in _ORDER:
        for chosen in answers:
            for rejected in answers:
                if (chosen.kind, rejected.kind) == (better, worse):
                    yield {
                        "id": row["id"],
                        "prompt": row["text"],
                        "chosen": chosen.text,
                        "rejected": rejected.text,
                        "chosen_kind": better,
                        "rejected_kind": worse,
                    }


def _kind(candidate: dict[str, Any], row: dict[str, Any], config: ValidateConfig) -> str | None:
    """What a candidate is; None for one that is as good as the rewrite."""
    if candidate["outcome"] == "unchanged":
        return "source"
    if candidate["outcome"] != "ok":
        return "no_rewrite"
    # A row's only candidate is measured once, as its rewrite.
    signals = {s["name"]: s["value"] for s in candidate["signals"] or row["signals"]}
    faults = {type_of(name) for name, *_ in judge(signals, config).failed} - {None}
    if not faults:
        return None
    return "partly_mended" if faults == {"residual_bias"} else "over_edited"
