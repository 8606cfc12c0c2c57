from collections.abc import Callable

import pyarrow as pa
import pytest

from srllm_data.config import LabelConfig, RedactConfig, ValidateConfig
from srllm_data.label import label
from srllm_data.schema import schema_after
from srllm_data.validate import decide, measure


def labelled(texts: list[str], controls: list[bool]) -> pa.Table:
    """Rows of ``texts`` after the label stage, as controls or not as the test says."""
    before = pa.Table.from_pylist(
        [
            # The label stage ends rows without words; gates have to take any text.
            {"id": f"r{i}", "text": t if any(c.isalnum() for c in t) else "word"}
            | {"source": "test", "language": "en", "entities": []}
            for i, t in enumerate(texts)
        ],
        schema=schema_after("redact"),
    )
    usable = LabelConfig(max_spam=1.0, max_unintelligible=1.0)
    rows = label(before, usable).kept
    at = rows.schema.get_field_index("text")
    rows = rows.set_column(at, "text", pa.array(texts, pa.string()))
    at = rows.schema.get_field_index("control")
    return rows.set_column(at, "control", pa.array(controls))


def rewritten(rows: pa.Table, rewrites: list[str]) -> pa.Table:
    """``rows`` after a rewrite stage that answered with ``rewrites``."""
    for name, values in (
        ("rewrite", rewrites),
        ("rewrite_by", ["test"] * len(rewrites)),
        ("candidates", [[]] * len(rewrites)),
    ):
        rows = rows.append_column(name, pa.array(values, schema_after("rewrite").field(name).type))
    return rows.select(schema_after("rewrite").names).cast(schema_after("rewrite"))


@pytest.fixture(scope="session")
def label_texts() -> Callable[..., pa.Table]:
    return labelled


@pytest.fixture(scope="session")
def rewrite_rows() -> Callable[..., pa.Table]:
    return rewritten


@pytest.fixture(scope="session")
def signals() -> Callable[..., dict[str, float]]:
    """The signals of one text and its rewrite."""

    def measured(text: str, rewrite: str, control: bool = False) -> dict[str, float]:
        table = measure(rewritten(labelled([text], [control]), [rewrite]), RedactConfig())
        return {s["name"]: s["value"] for s in table["signals"][0].as_py()}

    return measured


@pytest.fixture(scope="session")
def judge() -> Callable[..., tuple[str, str, list[str]]]:
    """Verdict, first gate that rejects ("" if none) and reasons of one text and its rewrite."""

    def judged(
        text: str, rewrite: str, control: bool = False, config: ValidateConfig | None = None
    ) -> tuple[str, str, list[str]]:
        rows = rewritten(labelled([text], [control]), [rewrite])
        # The careful rewrites of most tests take a word out and do no more.
        config = config or ValidateConfig(accept_deletions=True)
        out = decide(rows, measure(rows, RedactConfig()), config)
        if out.dropped.num_rows:
            row = out.dropped.to_pylist()[0]
            return "reject", row["reason"], row["detail"].split("; ")
        row = out.kept.to_pylist()[0]
        return row["verdict"], "", row["reasons"]

    return judged
