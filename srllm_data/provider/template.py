"""Prompt templates: Markdown files whose first-level headings name what is said when."""

import json
import re
from pathlib import Path

_encoder = json.JSONEncoder(ensure_ascii=False)


def sections(path: Path) -> dict[str, str]:
    """The text under each first-level heading of the template at ``path``."""
    parts = re.split(r"^# (.+)\n", path.read_text(encoding="utf-8"), flags=re.M)
    return {n: p.strip() for n, p in zip(parts[1::2], parts[2::2], strict=True)}


def as_json(**values: object) -> str:
    """``values`` as one JSON object: no text in it can end its own delimiter."""
    return _encoder.encode(values)
