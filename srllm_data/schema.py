"""The row: every column that a stage may write, defined once.

A stage's output holds all columns of the stages before it plus its own, in this order.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

STAGES = (
    "gather",
    "clean",
    "deduplicate",
    "redact",
    "label",
    "rewrite",
    "validate",
    "review",
    "release",
)

DISPOSITIONS = (
    "released",
    "control",
    "duplicate",
    "filtered",
    "failed",
    "rejected",
    "held",
    "withdrawn",
)

BIAS = ("No", "Yes")
TOXICITY = ("No", "Mild", "High")
SENTIMENT = ("Negative", "Neutral", "Positive")
HARM = ("Low", "Medium", "High")
VERDICTS = ("accept", "hold", "reject")

#: Target groups, after the paper's guideline (Appendix A), merged to the axes that rows name.
TARGET_GROUPS = (
    "gender",
    "race_ethnicity",
    "nationality",
    "religion",
    "politics",
    "age",
    "disability",
    "orientation",
    "class",
    "appearance",
    "occupation",
    "geography",
    "education",
    "health",
)

Disposition = Literal[
    "released", "control", "duplicate", "filtered", "failed", "rejected", "held", "withdrawn"
]

ENTITY = pa.struct(
    [
        ("type", pa.string()),
        ("placeholder", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("score", pa.float64()),
        ("surrogate", pa.string()),
    ]
)
SPAN = pa.struct(
    [
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("text", pa.string()),
        ("label", pa.string()),
        ("entry", pa.string()),
        ("use", pa.string()),
        ("score", pa.float64()),
    ]
)
OPINION = pa.struct(
    [
        ("labeller", pa.string()),
        ("outcome", pa.string()),
        ("bias", pa.float64()),
        ("toxicity", pa.float64()),
        ("sentiment", pa.float64()),
        ("harm", pa.float64()),
        ("detail", pa.string()),
    ]
)
SIGNAL = pa.struct([("name", pa.string()), ("value", pa.float64())])
CANDIDATE = pa.struct(
    [
        ("text", pa.string()),
        ("provider", pa.string()),
        ("model", pa.string()),
        ("prompt", pa.string()),
        ("sample", pa.int32()),
        ("round", pa.int32()),
        ("outcome", pa.string()),
        ("verdict", pa.string()),
        ("reasons", pa.list_(pa.string())),
        ("signals", pa.list_(SIGNAL)),
    ]
)


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type, the stage that first writes it, and what it holds."""

    type: pa.DataType
    stage: str
    doc: str


COLUMNS: dict[str, Column] = {
    "id": Column(
        pa.string(), "gather", "digest of source name and source_key; the handle for explain"
    ),
    "text": Column(pa.string(), "gather", "the source text; cleaned, then redacted, on its way"),
    "source": Column(pa.string(), "gather", "name of the source in the config"),
    "source_key": Column(pa.string(), "gather", "the row's own key in its source"),
    "location": Column(pa.string(), "gather", "file and line, record number or link of the row"),
    "url": Column(pa.string(), "gather", "where the text was published, if known"),
    "licence": Column(pa.string(), "gather", "licence of the source, carried with the row"),
    "consent": Column(pa.string(), "gather", "note on consent or legal basis of the source"),
    "weight": Column(pa.float64(), "gather", "sampling weight of the source"),
    "collected_at": Column(pa.string(), "gather", "date that the source states for the row"),
    "language": Column(pa.string(), "clean", "ISO 639-1 code of the identified language"),
    "language_score": Column(pa.float64(), "clean", "probability of that language, 0 to 1"),
    "cluster": Column(pa.string(), "deduplicate", "id of the row that stands for its duplicates"),
    "cluster_size": Column(pa.int32(), "deduplicate", "rows in the cluster, this one included"),
    "entities": Column(
        pa.list_(ENTITY),
        "redact",
        "redacted spans: placeholder, its place in the text, and a realistic stand-in",
    ),
    "bias": Column(pa.string(), "label", "No or Yes"),
    "bias_score": Column(pa.float64(), "label", "0 to 1"),
    "bias_by": Column(pa.string(), "label", "names and versions of the labellers"),
    "toxicity": Column(pa.string(), "label", "No, Mild or High"),
    "toxicity_score": Column(pa.float64(), "label", "0 to 1"),
    "toxicity_by": Column(pa.string(), "label", "name and version of the labeller"),
    "sentiment": Column(pa.string(), "label", "Negative, Neutral or Positive"),
    "sentiment_score": Column(pa.float64(), "label", "-1 to 1"),
    "sentiment_by": Column(pa.string(), "label", "name and version of the labeller"),
    "harm": Column(pa.string(), "label", "Low, Medium or High"),
    "harm_score": Column(pa.float64(), "label", "0 to 1"),
    "harm_by": Column(pa.string(), "label", "name and version of the labeller"),
    "target_groups": Column(pa.list_(pa.string()), "label", "groups that the text is about"),
    "biased_spans": Column(
        pa.list_(SPAN),
        "label",
        "character spans with label, lexicon entry, score and use (used, quoted, reclaimed; "
        "learned: marked by the encoder, unknown to the lexicon)",
    ),
    "look_alike_score": Column(
        pa.float64(),
        "label",
        "0 to 1: how surely it reports, quotes, counters or reclaims what is biased",
    ),
    "opinions": Column(pa.list_(OPINION), "label", "what each labeller said, and how that ended"),
    "priority": Column(
        pa.float64(), "label", "0 to 1: how much a curator's or a model's look is worth"
    ),
    "control": Column(pa.bool_(), "label", "needs no rewrite: stays as a neutral example"),
    "rewrite": Column(pa.string(), "rewrite", "the text without its bias; a control's own text"),
    "rewrite_by": Column(pa.string(), "rewrite", "provider, model and prompt version"),
    "candidates": Column(
        pa.list_(CANDIDATE), "rewrite", "every answer; judged where the gates chose among several"
    ),
    "signals": Column(pa.list_(SIGNAL), "validate", "measured values that the gates look at"),
    "verdict": Column(pa.string(), "validate", "accept, hold or reject"),
    "reasons": Column(pa.list_(pa.string()), "validate", "why it was held or rejected, in words"),
    "decision": Column(pa.string(), "review", "a curator's accept, reject or edit; else null"),
    "reviewer": Column(pa.string(), "review", "who decided; null where no curator did"),
    "review_note": Column(pa.string(), "review", "the curator's note"),
    "split": Column(pa.string(), "release", "train, validation or test"),
    "disposition": Column(pa.string(), "release", "released or control"),
}

DROPPED = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("disposition", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string()),
        pa.field("duplicate_of", pa.string()),
        pa.field("similarity", pa.float64()),
    ]
)


def row_id(source: str, key: str) -> str:
    """The id of the row ``key`` of ``source``."""
    return hashlib.sha256(f"{source}\0{key}".encode()).hexdigest()[:16]


def schema_after(stage: str) -> pa.Schema:
    """Arrow schema of what ``stage`` hands on: its own columns and those of all before it."""
    reached = STAGES[: STAGES.index(stage) + 1]
    return pa.schema([(name, c.type) for name, c in COLUMNS.items() if c.stage in reached])


@dataclass(frozen=True)
class StageOutput:
    """What a stage returns.

    kept: rows that go on, with ``schema_after(stage)``.
    dropped: rows that end here, with ``DROPPED``.
    facts: JSON-ready figures for the manifest and the report (costs, source errors, ...);
        numbers of the parts of a row-wise stage are added up.
    """

    kept: pa.Table
    dropped: pa.Table
    facts: dict[str, object]


def drop(
    id: str,
    disposition: Disposition,
    reason: str,
    detail: str = "",
    duplicate_of: str | None = None,
    similarity: float | None = None,
) -> dict[str, object]:
    """One row of the ``DROPPED`` table; ``reason`` is a short snake_case word for the funnel."""
    return {
        "id": id,
        "disposition": disposition,
        "reason": reason,
        "detail": detail,
        "duplicate_of": duplicate_of,
        "similarity": similarity,
    }


def dropped_table(rows: list[dict[str, object]]) -> pa.Table:
    """The ``DROPPED`` table of rows made by :func:`drop`."""
    return pa.Table.from_pylist(rows, schema=DROPPED)
