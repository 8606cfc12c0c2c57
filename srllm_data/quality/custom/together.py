"""An expectation about leakage: what belongs together lies in one split."""

from typing import Any, ClassVar

from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnPairMapMetricProvider,
    column_pair_condition_partial,
)

from srllm_data.quality.custom.says import Says

_METRIC = "column_pair_values.stay_together"


class ColumnPairValuesStayTogether(ColumnPairMapMetricProvider):
    """Whether all rows with the row's value of A have one and the same value of B."""

    condition_metric_name = _METRIC
    condition_domain_keys = ("batch_id", "table", "column_A", "column_B", "ignore_row_if")
    condition_value_keys = ()

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_A: Any, column_B: Any, **kwargs: Any) -> Any:  # noqa: N803, N805
        return column_B.groupby(column_A, dropna=False).transform("nunique") <= 1


class ExpectColumnPairValuesToStayTogether(Says, ColumnPairMapExpectation):
    """Rows that share a value of ``column_A`` share that of ``column_B``, too."""

    ignore_row_if: str = "neither"
    map_metric = _METRIC
    success_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B", "ignore_row_if", "mostly")
    figures: ClassVar[str] = "Rows with one $column_A have one $column_B."
