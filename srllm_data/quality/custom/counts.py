"""Expectations about how often the values of a column occur."""

from typing import Any, ClassVar

from great_expectations.compatibility.pydantic import Field
from great_expectations.core.suite_parameters import SuiteParameterDict
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnAggregateExpectation
from great_expectations.expectations.metrics.column_aggregate_metric_provider import (
    ColumnAggregateMetricProvider,
    column_aggregate_value,
)

from srllm_data.drift import JOIN, NONE, divergence
from srllm_data.quality.custom.says import Says

_COUNTS = "column.counts_by_value"

#: Values that a figure names, the most striking first.
_NAMED = 8


class ColumnCountsByValue(ColumnAggregateMetricProvider):
    """Rows with each value; a row with several values (``drift.JOIN``) counts for each."""

    metric_name = _COUNTS

    @column_aggregate_value(engine=PandasExecutionEngine)
    def _pandas(cls, column: Any, **kwargs: Any) -> dict[str, int]:  # noqa: N805
        counts: dict[str, int] = {}
        for several, rows in column.fillna(NONE).astype(str).value_counts().items():
            for value in several.split(JOIN):
                counts[value] = counts.get(value, 0) + int(rows)
        return dict(sorted(counts.items()))


class _OfCounts(Says, ColumnAggregateExpectation):
    """Fails where :meth:`judge` says so."""

    metric_dependencies = (_COUNTS,)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: Any = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        success, told = self.judge(metrics[_COUNTS])
        return {"success": success, "result": {"observed_value": told}}

    def judge(self, counts: dict[str, int]) -> tuple[bool, str]:
        """Whether rows with these ``counts`` of values pass, and what was found, in words."""
        raise NotImplementedError


class ExpectColumnValueSharesToBeBetween(_OfCounts):
    """Each value's share of all is within bounds; ``value_set``: of these, missing ones too."""

    value_set: list[str] | None = None
    min_value: float = 0.0
    max_value: float = 1.0
    success_keys: ClassVar[tuple[str, ...]] = ("value_set", "min_value", "max_value")
    figures: ClassVar[str] = "Share of each value of $column, $min_value to $max_value."

    def judge(self, counts: dict[str, int]) -> tuple[bool, str]:
        total = sum(counts.values())
        looked_at = self.value_set if self.value_set is not None else list(counts)
        found = {v: counts.get(v, 0) / total for v in looked_at} if total else {}
        bad = {v for v, share in found.items() if not self.min_value <= share <= self.max_value}
        return not bad, _percent(found, bad)


class ExpectColumnValueCountsToBeAtLeast(_OfCounts):
    """Each value that occurs at all occurs in at least ``min_value`` rows."""

    min_value: int
    success_keys: ClassVar[tuple[str, ...]] = ("min_value",)
    figures: ClassVar[str] = "Rows with each value of $column, at least $min_value."

    def judge(self, counts: dict[str, int]) -> tuple[bool, str]:
        found = {value: rows for value, rows in counts.items() if value != NONE}
        bad = {value for value, rows in found.items() if rows < self.min_value}
        return not bad, _listed({v: f"{n:,}" for v, n in found.items()}, bad)


class ExpectColumnDriftToBeAtMost(_OfCounts):
    """The values are distributed as in ``before``: Jensen-Shannon divergence, base 2, 0 to 1.

    before: shares by column and value; what has no such column is not compared.
    """

    before: dict[str, Any] | SuiteParameterDict
    max_value: float
    success_keys: ClassVar[tuple[str, ...]] = ("before", "max_value")
    figures: ClassVar[str] = (
        "Jensen-Shannon divergence of $column from the last release, at most $max_value."
    )

    def judge(self, counts: dict[str, int]) -> tuple[bool, str]:
        total = sum(counts.values())
        now = {value: rows / total for value, rows in counts.items()}
        before = self.before.get(self.column, {})
        found = divergence(now, before) if before else 0.0
        moved = {v: now.get(v, 0.0) - before.get(v, 0.0) for v in now.keys() | before.keys()}
        most = sorted(moved, key=lambda v: (-abs(moved[v]), v))[:3] if before else []
        told = ", ".join(f"{v} {100 * moved[v]:+.1f} points" for v in most if moved[v])
        return found <= self.max_value, f"{found:.3f}" + (f": {told}" if told else "")


class ExpectColumnAcceptanceToBeBetween(_OfCounts):
    """Of the labelled rows with each value, the share that is released is within bounds.

    labelled: rows by column and value; values with fewer than ``min_rows`` are not looked at.
    """

    labelled: dict[str, Any] | SuiteParameterDict
    min_value: float = 0.0
    max_value: float = 1.0
    min_rows: int = Field(default=1)
    success_keys: ClassVar[tuple[str, ...]] = ("labelled", "min_value", "max_value", "min_rows")
    figures: ClassVar[str] = (
        "Share of the labelled rows with each value of $column that is released, $min_value to "
        "$max_value."
    )

    def judge(self, counts: dict[str, int]) -> tuple[bool, str]:
        labelled = self.labelled[self.column]
        found = {
            value: counts.get(value, 0) / rows
            for value, rows in sorted(labelled.items())
            if rows >= self.min_rows
        }
        bad = {v for v, share in found.items() if not self.min_value <= share <= self.max_value}
        return not bad, _percent(found, bad)


def _percent(shares: dict[str, float], bad: set[str]) -> str:
    return _listed(
        {value: f"{share:.1%}".replace("%", " %") for value, share in shares.items()}, bad
    )


def _listed(figures: dict[str, str], bad: set[str]) -> str:
    """The figures in one line; where some are bad, only those."""
    named = sorted(bad or figures)
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(f"{value} {figures[value]}" for value in named[:_NAMED]) + more
