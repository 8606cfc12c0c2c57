"""The gates' judgement of candidates, before one of them becomes a row's rewrite."""

from typing import Any

import pyarrow as pa

from srllm_data import progress
from srllm_data.config import LabelConfig, RedactConfig, ValidateConfig
from srllm_data.schema import COLUMNS
from srllm_data.validate.gates import Judgement, judge
from srllm_data.validate.measure import MEASURED, measure


class Gatekeeper:
    """The gates under the thresholds of a configuration."""

    def __init__(
        self, redact: RedactConfig, validate: ValidateConfig, label: LabelConfig | None = None
    ) -> None:
        self._redact = redact
        self._label = label
        self._validate = validate

    def __call__(self, candidates: list[tuple[dict[str, Any], str]]) -> list[Judgement]:
        """Judge pairs of a row (with the columns ``MEASURED``) and a candidate for its rewrite."""
        records = [
            {name: row[name] for name in MEASURED if name != "rewrite"} | {"rewrite": rewrite}
            for row, rewrite in candidates
        ]
        if not records:
            return []
        schema = pa.schema([(name, COLUMNS[name].type) for name in MEASURED])
        with progress.quiet():
            table = pa.Table.from_pylist(records, schema=schema)
            measured = measure(table, self._redact, self._label, self._validate)
        return [
            judge({s["name"]: s["value"] for s in signals}, self._validate)
            for signals in measured["signals"].to_pylist()
        ]
