from pathlib import Path
from typing import Any

import pytest
from gathered import Gathered, Read, collect, source

from srllm_data.config import GatherConfig


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Gather one source with these settings."""

    def read(**settings: Any) -> Gathered:
        config = GatherConfig(sources=[source(**settings)], timeout_s=5.0)
        return collect(config, tmp_path / "snapshots")

    return read


@pytest.fixture
def read_bytes(tmp_path: Path, read: Read) -> Read:
    """Gather one file with this content."""

    def read_bytes(name: str, content: bytes, **settings: Any) -> Gathered:
        path = tmp_path / name
        path.write_bytes(content)
        return read(path=str(path), **settings)

    return read_bytes
