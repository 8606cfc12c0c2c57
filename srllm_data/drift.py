"""How the rows of one release differ from those of another, column by column."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from srllm_data.errors import StoreError
from srllm_data.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

#: Columns whose values are counted as they are.
VALUES = (
    "source",
    "licence",
    "language",
    "bias",
    "toxicity",
    "sentiment",
    "harm",
    "target_groups",
    "disposition",
)
#: Scores from 0 to 1 that are counted in ten equal bins.
SCORES = ("bias_score", "toxicity_score")
_BINS = [f"{n / 10:.1f}-{(n + 1) / 10:.1f}" for n in range(10)]
#: Classes of the length of a text, by the most words of each.
_LENGTHS = ((10, "1-10"), (20, "11-20"), (40, "21-40"), (80, "41-80"))
_LONGEST = "81+"
#: What stands for a missing value, and for a row without target groups.
NONE = "none"
#: Between the values of a row that has several.
JOIN = "\x1f"


def classes(rows: "pa.Table") -> "dict[str, pa.Array]":
    """What is counted of each row, by column, as strings; columns that are missing are left out.

    ``text_length`` is the class of the text by words, a score is its bin, and ``target_groups`` are
    the row's groups with ``JOIN`` between them.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    there = {name: rows[name] for name in rows.column_names}
    found = {name: there[name] for name in VALUES if name in there}
    if "target_groups" in found:
        joined = pc.binary_join(found["target_groups"].cast(pa.list_(pa.string())), JOIN)
        found["target_groups"] = pc.if_else(pc.equal(joined, ""), None, joined)
    if "text" in there:
        words = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(there["text"]))
        count = pc.list_value_length(words)
        cases = [pc.less_equal(count, most).combine_chunks() for most, _ in _LENGTHS]
        names = [name for _, name in _LENGTHS]
        length = pc.case_when(pc.make_struct(*cases), *names, _LONGEST)
        found["text_length"] = pc.if_else(pc.is_valid(count), length, None)
    bins = pa.array(_BINS)
    for name in SCORES:
        if name in there:
            place = pc.floor(pc.multiply(there[name].cast(pa.float64()), 10.0))
            place = pc.if_else(pc.less(place, 0.0), 0.0, place)
            place = pc.if_else(pc.greater(place, 9.0), 9.0, place)
            found[name] = bins.take(place.cast(pa.int32()))
    return {
        name: pc.fill_null(pa.concat_arrays(_chunks(values)).cast(pa.string()), NONE)
        for name, values in found.items()
    }


def _chunks(values: "pa.ChunkedArray | pa.Array") -> "list[pa.Array]":
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        return values.chunks or [pa.array([], values.type)]
    return [values]


def shares(values: "pa.Array") -> dict[str, float]:
    """Share of each value, 0 to 1, sorted by value; of several values of a row each counts."""
    import pyarrow.compute as pc

    counted = pc.value_counts(pc.list_flatten(pc.split_pattern(values, JOIN)))
    names, counts = (counted.field(n).to_pylist() for n in ("values", "counts"))
    total = sum(counts)
    return {name: count / total for name, count in sorted(zip(names, counts, strict=True))}


def distributions(rows: "pa.Table") -> dict[str, dict[str, float]]:
    """Shares by value (0 to 1) of every column of :func:`classes`.

    Of target groups each mention counts; a missing value, and a row without a group, is ``none``.
    """
    return {name: shares(values) for name, values in classes(rows).items()}


def divergence(now: dict[str, float], before: dict[str, float]) -> float:
    """Jensen-Shannon divergence of two distributions, base 2: 0 where equal, 1 where disjoint.

    J. Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on Information
    Theory 37(1), 1991. Of two empty distributions it is 0, of one empty one it is 1.
    """
    if not now or not before:
        return float(bool(now) != bool(before))
    total = 0.0
    for value in sorted(now.keys() | before.keys()):
        p, q = now.get(value, 0.0), before.get(value, 0.0)
        middle = (p + q) / 2
        total += sum(x * math.log2(x / middle) / 2 for x in (p, q) if x > 0)
    return min(1.0, max(0.0, total))


def last_release(workspace: Workspace, but: str | None = None) -> Path | None:
    """Folder of the newest release whose name is not ``but``; None where there is none."""
    found = [path for path in workspace.published() if path.name != but]
    return found[-1] if found else None


def released_rows(path: Path) -> "pa.Table":
    """The rows of the release in ``path``, with their split.

    StoreError where it holds no Parquet files or one that cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = []
    for file in sorted((path / "data").glob("*.parquet")):
        try:
            rows = pq.read_table(file, partitioning=None).replace_schema_metadata(None)
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreError(
                f"{file} is damaged ({error}); restore the release from a backup."
            ) from None
        split = pa.array([file.name.split("-")[0]] * rows.num_rows, pa.string())
        tables.append(rows.append_column("split", split))
    if not tables:
        raise StoreError(f"{path} holds no rows in data/; restore the release from a backup.")
    return pa.concat_tables(tables)
