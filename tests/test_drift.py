"""How far two releases differ."""

import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.drift import distributions, divergence, last_release, released_rows
from srllm_data.errors import StoreError
from srllm_data.workspace import Workspace

COUNTS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 50), min_size=1)


def shares(counts: dict[str, int]) -> dict[str, float]:
    return {k: n / sum(counts.values()) for k, n in counts.items()}


@settings(deadline=None, max_examples=100)
@given(COUNTS, COUNTS)
def test_divergence_is_symmetric_bounded_and_nothing_for_equals(
    some: dict[str, int], other: dict[str, int]
) -> None:
    p, q = shares(some), shares(other)
    assert divergence(p, p) == pytest.approx(0, abs=1e-12)
    assert divergence(p, q) == pytest.approx(divergence(q, p))
    assert 0 <= divergence(p, q) <= 1


def test_divergence_of_known_distributions() -> None:
    assert divergence({"a": 1.0}, {"b": 1.0}) == 1
    assert divergence({"a": 0.5, "b": 0.5}, {"a": 1.0}) == pytest.approx(
        (0.5 * math.log2(0.5 / 0.75) + 0.5 * math.log2(0.5 / 0.25) + math.log2(1 / 0.75)) / 2
    )
    assert (divergence({}, {}), divergence({}, {"a": 1.0})) == (0, 1)


def test_distributions_count_values_mentions_and_classes() -> None:
    rows = pa.table(
        {
            "text": ["a b  c ", "w " * 11, "w " * 100, None],
            "licence": ["CC BY 4.0", "CC BY 4.0", "MIT", "MIT"],
            "bias": ["Yes", "No", "No", None],
            "bias_score": [1.0, 0.05, 0.1, None],
            "target_groups": [["age", "class"], ["age"], [], None],
        }
    )
    found = distributions(rows)
    assert found["licence"] == {"CC BY 4.0": 0.5, "MIT": 0.5}
    assert found["bias"] == {"No": 0.5, "Yes": 0.25, "none": 0.25}
    assert found["target_groups"] == {"age": 0.4, "class": 0.2, "none": 0.4}
    assert found["text_length"] == {"1-10": 0.25, "11-20": 0.25, "81+": 0.25, "none": 0.25}
    assert found["bias_score"] == {"0.0-0.1": 0.25, "0.1-0.2": 0.25, "0.9-1.0": 0.25, "none": 0.25}
    assert "source" not in found
    assert distributions(rows.slice(0, 0))["bias"] == {}


def test_the_last_release_is_the_newest_by_number(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert last_release(workspace) is None
    for name in ("v2-00000000", "v10-00000000", "v10-00000000.data_docs", ".draft-1"):
        (workspace.releases / name / "data").mkdir(parents=True)
    newest = last_release(workspace)
    assert newest is not None
    assert newest.name == "v10-00000000"
    before = last_release(workspace, but="v10-00000000")
    assert before is not None
    assert before.name == "v2-00000000"
    with pytest.raises(StoreError, match="holds no rows"):
        released_rows(newest)
    for split, ids in (("test", ["1"]), ("train", ["2", "3"])):
        file = newest / "data" / f"{split}-00000-of-00001.parquet"
        pq.write_table(pa.table({"id": ids}), file)
    assert released_rows(newest).to_pydict() == {
        "id": ["1", "2", "3"],
        "split": ["test", "train", "train"],
    }
    file.write_bytes(b"no")
    with pytest.raises(StoreError, match=r"train-.* is damaged"):
        released_rows(newest)
