"""Great Expectations at the stage boundaries; nothing else in srllm knows it.

Suites are JSON files in ``expectations/``, one for each boundary. A result is stored by the key of
the stage and the digest of the suite, so an unchanged boundary is not checked again. Results hold
row ids and figures, never texts: checks look at columns derived from a text.
"""

from srllm_data.quality.boundaries import (
    check_boundary,
    critical,
    results,
    try_boundary,
    try_rows,
)
from srllm_data.quality.derived import DERIVED
from srllm_data.quality.docs import write_data_docs
from srllm_data.quality.hold import to_hold
from srllm_data.quality.suites import BOUNDARIES, SEVERITIES, columns, read_suite

__all__ = [
    "BOUNDARIES",
    "DERIVED",
    "SEVERITIES",
    "check_boundary",
    "columns",
    "critical",
    "read_suite",
    "results",
    "to_hold",
    "try_boundary",
    "try_rows",
    "write_data_docs",
]
