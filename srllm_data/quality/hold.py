"""Rows that wait for a curator because they fail an expectation."""

from typing import TYPE_CHECKING

from srllm_data.config import Config
from srllm_data.quality.given import Given
from srllm_data.quality.suites import HOLDS, Suite, read_suite

if TYPE_CHECKING:
    import pyarrow as pa


def to_hold(rows: "pa.Table", config: Config) -> dict[str, str]:
    """What is wrong with each of ``rows`` that is to be held, by id.

    Rows are held by the expectations of the suite ``rewritten`` that say so. Looks at the rows
    alone, so the same rows and suite give the same answer in any workspace.
    """
    suite = read_suite(HOLDS, config)
    if not suite.holding:
        return {}
    from srllm_data.quality.run import run

    held: dict[str, list[str]] = {}
    some = Suite(suite.boundary, suite.path, suite.purpose, suite.holding)
    for expectation in run(some, rows, config, Given({}))["expectations"]:
        for id_ in expectation["row_ids"]:
            held.setdefault(id_, []).append(f"expected: {expectation['says']}")
    return {id_: "; ".join(said) for id_, said in held.items()}
