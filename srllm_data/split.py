"""The release stage's rows: which split each goes to, and how it ends."""

import hashlib

import pyarrow as pa

from srllm_data.config import ReleaseConfig
from srllm_data.schema import StageOutput, dropped_table, row_id, schema_after


def split(rows: pa.Table, config: ReleaseConfig) -> StageOutput:
    """Assign train, validation or test by a seeded digest of the row's cluster.

    A row's split depends on nothing but its cluster and the settings, so it stays where it is
    when other rows come or go, and near-duplicates never lie in two splits.
    """
    splits = [split_of(cluster, config) for cluster in rows["cluster"].to_pylist()]
    ends = ["control" if control else "released" for control in rows["control"].to_pylist()]
    kept = rows.append_column("split", pa.array(splits, pa.string()))
    kept = kept.append_column("disposition", pa.array(ends, pa.string()))
    return StageOutput(kept.select(schema_after("release").names), dropped_table([]), {})


def held_back(source: str, key: str, config: ReleaseConfig) -> bool:
    """Whether the row ``key`` of ``source`` is for evaluation, if it stands for its cluster."""
    return split_of(row_id(source, key), config) != "train"


def split_of(cluster: str, config: ReleaseConfig) -> str:
    """The split of the rows of ``cluster``: train, validation or test."""
    head = hashlib.sha256(f"{config.seed}\0{cluster}".encode()).digest()[:8]
    share = int.from_bytes(head, "big") / 2**64
    if share < config.train:
        return "train"
    return "validation" if share < config.train + config.validation else "test"
