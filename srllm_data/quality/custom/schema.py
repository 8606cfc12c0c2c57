"""An expectation about the columns of a stage's output and their types."""

from typing import Any, ClassVar

from great_expectations.core.suite_parameters import SuiteParameterDict
from great_expectations.expectations.expectation import BatchExpectation

from srllm_data.quality.custom.says import Says


class ExpectTableSchemaToBe(Says, BatchExpectation):
    """The output has exactly these columns, in this order, of these types.

    columns: Arrow type by column. found: likewise, of the stage's output; checks themselves see
    only some of its columns, and derived ones.
    """

    columns: dict[str, str]
    found: dict[str, Any] | SuiteParameterDict
    metric_dependencies = ("table.row_count",)
    success_keys: ClassVar[tuple[str, ...]] = ("columns", "found")
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    figures: ClassVar[str] = "Names, order and types of all columns."

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: Any = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        wrong = [
            f"{name} is {self.found.get(name, 'missing')}, not {type_}"
            for name, type_ in self.columns.items()
            if self.found.get(name) != type_
        ]
        wrong += [f"{name} is not known" for name in self.found if name not in self.columns]
        if not wrong and list(self.found) != list(self.columns):
            wrong = ["the columns are in another order"]
        told = "; ".join(wrong) or f"{len(self.columns)} columns"
        return {"success": not wrong, "result": {"observed_value": told}}
