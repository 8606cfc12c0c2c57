"""What the tests of gather share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from srllm_data.config import ColumnsConfig, GatherConfig, SourceConfig
from srllm_data.gather import gather
from srllm_data.schema import DROPPED, schema_after


class Gathered(NamedTuple):
    """All parts of a gather of one source, joined."""

    rows: list[dict[str, Any]]
    dropped: list[dict[str, Any]]
    error: str | None

    @property
    def texts(self) -> list[str]:
        return [row["text"] for row in self.rows]

    @property
    def reasons(self) -> list[str]:
        return [row["reason"] for row in self.dropped]


def collect(config: GatherConfig, snapshots: Path, part_rows: int = 5000) -> Gathered:
    rows, dropped, sources = [], [], None
    for output in gather(config, snapshots, part_rows):
        assert sources is None, "only the last part has facts"
        assert output.kept.schema == schema_after("gather")
        assert output.dropped.schema == DROPPED
        rows += output.kept.to_pylist()
        dropped += output.dropped.to_pylist()
        sources = output.facts.get("sources")
    ids = [r["id"] for r in rows + dropped]
    assert len(set(ids)) == len(ids)
    assert sources is not None
    assert sum(s["kept"] for s in sources) == len(rows)
    assert sum(s["dropped"] for s in sources) == len(dropped)
    assert all(d["disposition"] == "filtered" for d in dropped)
    return Gathered(rows, dropped, sources[0]["error"])


def source(**settings: Any) -> SourceConfig:
    columns = ColumnsConfig(**settings.pop("columns", {}))
    return SourceConfig(**{"name": "news", "licence": "CC0-1.0", "columns": columns} | settings)


Read = Callable[..., Gathered]
