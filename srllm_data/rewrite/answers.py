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
    return _words(text, f"'{name}'")


def _words(text: str, named: str) -> str:
    if not any(c.isalnum() for c in text):
        raise ValueError(f"{named} is empty" if not text.strip() else f"{named} holds no words")
    if re.search("[\ud800-\udfff]", text):
        raise ValueError(f"{named} holds half a character")
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


def bare(who: str) -> Shape:
    """An answer that is the rewrite itself.

    who: who is asked, which the request ledger tells requests apart by.
    """
    schema = {"type": "string", "description": who}
    return Shape("rewrite", schema, lambda answer: _words(answer, "it"))
