"""Splits: by cluster, and the same whatever else is in the release."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.config import ReleaseConfig
from srllm_data.schema import schema_after
from srllm_data.split import split


def splits(clusters: list[str], **changed: object) -> dict[str, set[str]]:
    schema = schema_after("review")
    rows = [
        {f.name: None for f in schema} | {"id": str(n), "cluster": cluster, "control": n % 2 == 0}
        for n, cluster in enumerate(clusters)
    ]
    output = split(pa.Table.from_pylist(rows, schema=schema), ReleaseConfig(**changed))
    assert output.dropped.num_rows == 0
    found: dict[str, set[str]] = {}
    for row in output.kept.to_pylist():
        found.setdefault(row["cluster"], set()).add(row["split"])
        assert row["disposition"] == ("control" if row["control"] else "released")
    return found


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(max_size=8), max_size=30), st.lists(st.text(max_size=8), max_size=30))
def test_a_cluster_stays_in_one_split_whatever_comes_beside_it(
    some: list[str], more: list[str]
) -> None:
    alone = splits(some)
    assert all(len(s) == 1 for s in alone.values())
    together = splits([*more, *some])
    assert {c: together[c] for c in alone} == alone


def test_shares_are_what_was_asked_for_and_follow_the_seed() -> None:
    clusters = [f"c{n}" for n in range(4000)]
    found = splits(clusters)
    train = sum(s == {"train"} for s in found.values())
    assert abs(train / 4000 - ReleaseConfig().train) < 0.03
    assert splits(clusters, seed=ReleaseConfig().seed + 1) != found
