"""Expectations of our own, where those of the library cannot say what must hold.

Import this package inside functions only: it imports Great Expectations, which takes seconds.
Importing it is also what makes the library know the expectations.
"""

from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    MulticolumnMapExpectation,
)

from srllm_data.quality.custom.counts import (
    ExpectColumnAcceptanceToBeBetween,
    ExpectColumnDriftToBeAtMost,
    ExpectColumnValueCountsToBeAtLeast,
    ExpectColumnValueSharesToBeBetween,
)
from srllm_data.quality.custom.schema import ExpectTableSchemaToBe
from srllm_data.quality.custom.together import ExpectColumnPairValuesToStayTogether

OWN = (
    ExpectColumnAcceptanceToBeBetween,
    ExpectColumnDriftToBeAtMost,
    ExpectColumnPairValuesToStayTogether,
    ExpectColumnValueCountsToBeAtLeast,
    ExpectColumnValueSharesToBeBetween,
    ExpectTableSchemaToBe,
)

_MAPS = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)


def names_rows(expectation: object) -> bool:
    """Whether a failure of ``expectation`` comes with the rows that fail."""
    return isinstance(expectation, _MAPS)


def renders(type_: str) -> bool:
    """Whether the expectation ``type_`` brings its own sentence for the library's pages."""
    return any(type_ == own.expectation_type for own in OWN)
