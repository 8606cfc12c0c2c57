"""A sound release to break, and what a check says of it."""

import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from srllm_data.config import Config
from srllm_data.quality import try_rows
from srllm_data.schema import schema_after

ROWS = 120
Row = dict[str, Any]
_WORDS = """the of road bridge school teachers children market garden window summer winter river
paper letter music train station doctor nurse driver baker winner lesson answer question village
street morning evening dinner coffee bread apple green yellow small large early late quick slow
open closed happy quiet loud bright""".split()


def sound() -> list[Row]:
    """Rows of a release that fail nothing: first ROWS // 2 rewrites, then as many controls."""
    words = random.Random(7)
    rows = []
    for n in range(ROWS):
        text = " ".join(words.choices(_WORDS, k=12))
        control = n >= ROWS // 2
        rows.append(
            {
                "id": f"{n:016x}",
                "text": text,
                "rewrite": text if control else f"{text} instead",
                "rewrite_by": "editor",
                "source": "news" if n % 2 else "posts",
                "source_key": str(n),
                "licence": "CC0-1.0",
                "language": "en",
                "cluster": f"{n:016x}",
                "bias": "No" if control else "Yes",
                "toxicity": ("No", "Mild", "High")[n % 3],
                "sentiment": ("Negative", "Neutral", "Positive")[n % 3],
                "harm": ("Low", "Medium", "High")[n % 3],
                "bias_score": n / ROWS,
                "toxicity_score": n / ROWS,
                "target_groups": [["age"], ["gender"], ["class", "religion"], []][n % 4],
                "priority": 0.5,
                "verdict": "accept",
                "reasons": [],
                "control": control,
                "split": ("train", "validation", "test")[n % 3],
                "disposition": "control" if control else "released",
            }
        )
    return rows


def broken(change: Callable[[list[Row]], Any]) -> pa.Table:
    """A sound release after ``change``."""
    rows = sound()
    change(rows)
    return pa.Table.from_pylist(rows, schema=schema_after("release"))


def failures(
    rows: pa.Table, config: Config, boundary: str = "released", before: Any = None
) -> dict[str, tuple[str, list[str]]]:
    """Severity and failing rows' ids of what fails, by its plain sentence."""
    result = try_rows(boundary, rows, config, before)
    return {
        e["says"]: (e["severity"], e["row_ids"]) for e in result["expectations"] if not e["success"]
    }
