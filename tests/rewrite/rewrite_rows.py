"""Rows for the rewrite stage, and what holds for whatever comes out of it."""

import pyarrow as pa

from srllm_data.schema import DROPPED, schema_after


def table(texts, controls=()):
    """Labelled rows r0, r1, ... with ``texts``; those at ``controls`` are controls."""
    rows = [
        {
            "id": f"r{i}",
            "text": text,
            "source": "posts",
            "source_key": f"k{i}",
            "cluster": f"r{i}",
            "language": "en",
            "bias_score": 0.5,
            "toxicity_score": 0.5,
            "control": i in controls,
        }
        for i, text in enumerate(texts)
    ]
    return pa.Table.from_pylist(rows, schema=schema_after("label"))


def accounted(rows, output):
    """Every row is in exactly one table, in order, and none has an empty rewrite."""
    assert output.kept.schema == schema_after("rewrite")
    assert output.dropped.schema == DROPPED
    ids = rows["id"].to_pylist()
    kept, dropped = output.kept["id"].to_pylist(), output.dropped["id"].to_pylist()
    assert sorted(kept + dropped) == sorted(ids)
    assert kept == [i for i in ids if i in set(kept)]
    assert all(text.strip() for text in output.kept["rewrite"].to_pylist())
    return dict(zip(dropped, output.dropped["reason"].to_pylist(), strict=True))
