"""Texts that the project wrote for evaluation (CC0-1.0); nothing is trained on them."""

from pathlib import Path

_FOLDER = Path(__file__).parent
#: Texts with a person's rewrite, the same words twice where nothing is to be changed.
HELD_BACK = _FOLDER / "held_back.jsonl"
