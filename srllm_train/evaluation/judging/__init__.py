"""What the suite ``judge`` asks: this machine, a chat model, and commercial scorers.

All of them score cases: a row and an answer to it, whoever gave it.
"""

from dataclasses import dataclass, field
from typing import Any

from srllm_train.evaluation.contract import Row, Table

#: A row and an answer to it, empty for one that failed.
Case = tuple[Row, str]


@dataclass
class Found:
    """Values by case and column, and what the report says beside them."""

    values: dict[Case, dict[str, float]]
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
