import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_up import CONFIG, FULL, Page, build, rows_with

from srllm_data.report import render_report


@pytest.fixture
def render(tmp_path: Path) -> Callable[..., str]:
    """The report on made-up rows by their ends, as HTML."""

    def rendered(ends: dict[str | None, int] = FULL, controls: int = 3, **options: Any) -> str:
        root = Path(tempfile.mkdtemp(dir=tmp_path))
        workspace, run = build(root, rows_with(ends, controls), **options)
        return render_report(CONFIG, workspace, run)

    return rendered


@pytest.fixture
def make(render: Callable[..., str]) -> Callable[..., Page]:
    """The same as a reader gets it."""

    def read(*ends: Any, **options: Any) -> Page:
        return Page(render(*ends, **options))

    return read
