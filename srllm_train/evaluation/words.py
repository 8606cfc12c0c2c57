"""Figures as readers see them."""

import math
from typing import Any

from srllm_train.evaluation.contract import Table

#: What a figure starts with, or the dash that stands for none.
_NUMBER = "0123456789+-−<≥∞–"


def shown(value: float | None, digits: int, sign: bool = False) -> str:
    """A figure with ``digits`` after the point; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    told = f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"
    # Minus nought is nought.
    told = told if any(c in "123456789" for c in told) else told.lstrip("+-")
    return told.replace("-", "−")


def interval(low: float | None, high: float | None, digits: int) -> str:
    """A 95 % interval; empty where there is none."""
    if low is None or high is None:
        return ""
    return f"[{shown(low, digits)}, {shown(high, digits)}]"


def probability(p: float | None) -> str:
    """A p-value; what lies below 0.001 is not told apart."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{min(p, 1):.3f}"


def count(number: int, what: str) -> str:
    """``number`` with the noun ``what`` in the singular or the plural."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def cell(value: str | float | int | None) -> str:
    """A cell of a table: fractions with three digits after the point, whole numbers with commas."""
    if value is None:
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    return shown(value, 3) if isinstance(value, float) else shown(value, 0)


def numeric(table: Table) -> list[bool]:
    """Whether a column of ``table`` is of numbers, or of values with their intervals."""
    return [
        at > 0 and all(not isinstance(v, str) or v[:1] in _NUMBER for v in column)
        for at, column in enumerate(zip(*table.rows, strict=True))
    ] or [False] * len(table.head)


def flat(found: Any, name: str = "") -> list[tuple[str, str]]:
    """Settings and facts by dotted name, in their order; what is empty is a dash."""
    if isinstance(found, dict) and found:
        return [
            pair
            for key, value in found.items()
            for pair in flat(value, f"{name}.{key}" if name else str(key))
        ]
    if isinstance(found, list | tuple) and any(isinstance(v, dict | list | tuple) for v in found):
        return [pair for at, value in enumerate(found, 1) for pair in flat(value, f"{name} {at}")]
    if isinstance(found, list | tuple):
        return [(name, ", ".join(str(v) for v in found) or "–")]
    return [(name, "–" if found is None or found in ("", {}) else str(found))]
