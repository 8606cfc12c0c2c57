"""The rows as checks see them: plain columns, and columns derived from texts and lists."""

from typing import TYPE_CHECKING

from srllm_data.config import Config
from srllm_data.errors import ConfigError
from srllm_data.quality.derived import DERIVED, Rows
from srllm_data.quality.given import Given
from srllm_data.quality.suites import Suite, columns

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: Columns with texts, which no check may see.
_TEXTS = ("text", "rewrite")


def frame(rows: "pa.Table", wanted: set[str], config: Config, known: Given) -> "pd.DataFrame":
    """``wanted`` columns of ``rows``, and the id; what cannot be known here is left out."""
    import pandas as pd

    seen = Rows(rows, config, known)
    data = {"id": rows["id"].to_pandas()}
    for name in sorted(wanted - {"id"}):
        if name in DERIVED:
            values = DERIVED[name].derive(seen)
            if values is not None:
                data[name] = values.to_pandas()
        elif name in rows.column_names:
            data[name] = rows[name].to_pandas()
    return pd.DataFrame(data)


def wanted(suite: Suite, schema: "pa.Schema") -> set[str]:
    """The columns that a suite looks at; ConfigError for one that is not to be had."""
    import pyarrow.types as pt

    plain = {f.name for f in schema if not pt.is_nested(f.type)} - set(_TEXTS)
    named: set[str] = set()
    for expectation in suite.expectations:
        named |= columns(expectation)
        for name in columns(expectation) - plain:
            missing = set(DERIVED[name].needs) - set(schema.names) if name in DERIVED else {name}
            if missing:
                raise ConfigError(
                    f"The expectation suite {suite.path} names the column '{name}', which these "
                    f"rows do not have and which cannot be derived from them; 'srllm expectations "
                    f"{suite.boundary}' lists the derived ones."
                )
    return named
