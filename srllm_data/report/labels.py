"""Labels of the texts, how the labellers answered, and the scores before and after."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from srllm_data.config import Config
from srllm_data.report.tables import Tables
from srllm_data.schema import BIAS, HARM, SENTIMENT, TOXICITY

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_LABELS = {"bias": BIAS, "toxicity": TOXICITY, "sentiment": SENTIMENT, "harm": HARM}

#: Bins of a score's distribution; scores go from 0 to 1.
BINS = 20


def balance(tables: Tables) -> dict[str, Any] | None:
    """Rows by label value and target group: labelled ones, and those of the release."""
    if not tables.has("label"):
        return None
    before, then = _values(tables, "label")
    after, now = _values(tables, "release") if tables.published else (None, None)
    axes = []
    for name, counts in then.items():
        values = _LABELS.get(name) or sorted(counts, key=lambda v: (v == "none", -counts[v], v))
        lines = [(value, counts[value], now and now[name][value]) for value in values]
        axes.append((name, lines))
    return {"before": before, "after": after, "axes": axes}


def _values(tables: Tables, stage: str) -> tuple[int, dict[str, Counter[str]]]:
    *columns, groups = tables.values(stage, *_LABELS, "target_groups")
    counts = {name: Counter(values) for name, values in zip(_LABELS, columns, strict=True)}
    named = Counter(group for of_row in groups for group in of_row or ["none"])
    return len(groups), counts | {"target group": named}


def labelling(config: Config, tables: Tables) -> dict[str, Any] | None:
    """Opinions by labeller and outcome, and how far the labellers agree."""
    if not tables.has("label"):
        return None
    from srllm_data.label import rater_agreement

    table = tables.kept("label", "opinions")
    ended: dict[str, Counter[str]] = {}
    said = _flat(table["opinions"])
    pairs = zip(*(_field(said, n).to_pylist() for n in ("labeller", "outcome")), strict=True)
    for (labeller, outcome), count in Counter(pairs).items():
        ended.setdefault(labeller, Counter())[outcome] += count
    return {
        "by": sorted((name, counts.most_common()) for name, counts in ended.items()),
        "agreement": list(rater_agreement(table, config.label).items()),
    }


def scores(config: Config, tables: Tables) -> dict[str, Any] | None:
    """Distributions of bias and toxicity of texts and of their accepted or held rewrites.

    The store keeps no scores of rejected rewrites.
    """
    if not tables.has("validate"):
        return None
    import numpy as np

    limits = {"bias": config.validate_.max_bias, "toxicity": config.validate_.max_toxicity}
    names = [f"{axis}_{when}" for axis in limits for when in ("before", "after")]
    found: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in names}
    for part in tables.parts("validate", "control", "signals"):
        for name, values in measured(part, names).items():
            found[name].append(values[np.isfinite(values)])
    edges = np.linspace(0, 1, BINS + 1)
    axes = []
    for axis, limit in limits.items():
        told: dict[str, Any] = {"name": axis, "limit": limit}
        for when in ("before", "after"):
            values = np.concatenate([*found[f"{axis}_{when}"], np.empty(0)])
            told[when] = np.histogram(values, edges)[0].tolist()
            told[f"{when}_median"] = float(np.median(values)) if values.size else None
            told["rows"] = values.size
        told["over"] = int((values > limit).sum())
        axes.append(told)
    return {"axes": axes, "rows": axes[0]["rows"], "edges": edges.tolist()}


def measured(part: "pa.Table", names: list[str]) -> "dict[str, npt.NDArray[np.float64]]":
    """The named signals of the rows of ``part``; NaN where a row lacks one, as controls do."""
    import numpy as np
    import pyarrow.compute as pc

    column = part["signals"].combine_chunks()
    flat, rows = pc.list_flatten(column), pc.list_parent_indices(column)
    told, values = _field(flat, "name"), _field(flat, "value")
    found = {}
    for name in names:
        here = pc.equal(told, name)
        found[name] = np.full(part.num_rows, np.nan)
        found[name][rows.filter(here).to_numpy(zero_copy_only=False)] = values.filter(
            here
        ).to_numpy(zero_copy_only=False)
    return found


def _flat(column: "pa.ChunkedArray") -> "pa.Array":
    import pyarrow.compute as pc

    return pc.list_flatten(column.combine_chunks())


def _field(structs: "pa.Array", name: str) -> "pa.Array":
    import pyarrow.compute as pc

    return pc.struct_field(structs, name)
