"""Rows as the stages before *validate* hand them on, for benchmarks of the gates."""

from collections.abc import Sequence

import pyarrow as pa

from srllm_data.config import LabelConfig
from srllm_data.label import label
from srllm_data.schema import schema_after


def labelled(texts: Sequence[str], controls: Sequence[bool] | None = None) -> pa.Table:
    """Rows of ``texts`` as the label stage hands them on; all need a rewrite if none is said."""
    records = [
        {"id": f"{at:06}", "text": text, "source": "pairs", "language": "en", "entities": []}
        for at, text in enumerate(texts)
    ]
    usable = LabelConfig(max_spam=1.0, max_unintelligible=1.0)
    rows = label(pa.Table.from_pylist(records, schema=schema_after("redact")), usable).kept
    assert rows.num_rows == len(texts), "the label stage dropped a text"
    values = pa.array(controls if controls is not None else [False] * len(texts))
    return rows.set_column(rows.schema.get_field_index("control"), "control", values)


def rewritten(rows: pa.Table, rewrites: Sequence[str]) -> pa.Table:
    """``rows`` as a rewrite stage hands them on that answered with ``rewrites``."""
    schema = schema_after("rewrite")
    for name, values in (
        ("rewrite", rewrites),
        ("rewrite_by", ["benchmark"] * len(rewrites)),
        ("candidates", [[]] * len(rewrites)),
    ):
        rows = rows.append_column(name, pa.array(values, schema.field(name).type))
    return rows.select(schema.names).cast(schema)
