"""The stored tables of one run, read by the columns that a section needs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data.workspace import Workspace, read_tables

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Tables:
    """What the finished stages of ``run`` handed on and dropped."""

    workspace: Workspace
    run: dict[str, Any]

    def has(self, stage: str) -> bool:
        """Whether the run has finished ``stage``."""
        return stage in self.run["stages"]

    @property
    def published(self) -> bool:
        """Whether the run made a release, or found that it was made already."""
        return bool(self.run["release"])

    def kept(self, stage: str, *columns: str) -> "pa.Table":
        """The given columns of the rows that ``stage`` handed on."""
        return self.workspace.kept(stage, self._key(stage), list(columns))

    def parts(self, stage: str, *columns: str) -> Iterator["pa.Table"]:
        """The same part by part, for columns that are too big to be held at once."""
        for path in self.workspace.parts(stage, self._key(stage)):
            yield read_tables([path], list(columns))

    def values(self, stage: str, *columns: str) -> list[list[Any]]:
        """The same as lists, one for each column."""
        table = self.kept(stage, *columns)
        return [table[name].to_pylist() for name in columns]

    def dropped(self, stage: str, *columns: str) -> "pa.Table":
        """The given columns of the rows that ended in ``stage``."""
        return self.workspace.dropped(stage, self._key(stage), list(columns))

    @cached_property
    def ends(self) -> dict[str, str]:
        """Disposition by id of every row that a stage dropped."""
        found: dict[str, str] = {}
        for stage in self.run["stages"]:
            table = self.dropped(stage, "id", "disposition")
            found |= zip(table["id"].to_pylist(), table["disposition"].to_pylist(), strict=True)
        return found

    @property
    def page(self) -> Path:
        """The folder that the report lies in."""
        return self.workspace.root / "runs" / str(self.run["run"])

    def _key(self, stage: str) -> str:
        return str(self.run["stages"][stage]["key"])
