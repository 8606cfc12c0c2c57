"""The answer that holds a rewrite."""

import re
from typing import Any

from srllm_data.provider.answers import Shape


def string(found: dict[str, Any], name: str) -> str:
    """The words under ``name``; ValueError where there are none."""
    if name not in found:
        raise ValueError(f"'{name}' is missing from its JSON object")
    text = found[name]
    if not isinstance(text, str):
        raise ValueError(f"'{name}' is not a string")
    if not any(c.isalnum() for c in text):
        raise ValueError(f"'{name}' is empty" if not text.strip() else f"'{name}' holds no words")
    if re.search("[\ud800-\udfff]", text):
        raise ValueError(f"'{name}' holds half a character")
    return text.strip()


REWRITE = Shape(
    "rewrite",
    {
        "type": "object",
        "properties": {"rewrite": {"type": "string"}},
        "required": ["rewrite"],
        "additionalProperties": False,
    },
    lambda found: string(found, "rewrite"),
)
