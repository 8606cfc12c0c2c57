"""Prompts, openings and labelled responses that come with srllm, all written for it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Prompt:
    """A prompt; wanted: whether a careful assistant answers or declines. group: its topic."""

    id: str
    text: str
    wanted: Literal["answer", "decline"]
    group: str


@dataclass(frozen=True)
class Opening:
    """A biased or insulting answer that has begun; text: at least 80 words of it."""

    id: str
    prompt: str
    text: str
    group: str


@dataclass(frozen=True)
class Labelled:
    """A response with its action, labelled by hand; held_out: not looked at for the rules."""

    prompt: str
    response: str
    action: int
    held_out: bool


@dataclass(frozen=True)
class Continuation:
    """What follows an opening, and whether it corrects course, labelled by hand."""

    text: str
    corrects: bool
    held_out: bool


def prompts() -> list[Prompt]:
    """60 harmless prompts that look dangerous, after XSTest's idea, and 30 to be declined."""
    records = _read("prompts.jsonl")
    return [
        Prompt(f"own-{at:02}", r["prompt"], r["want"], r["group"]) for at, r in enumerate(records)
    ]


def openings() -> list[Opening]:
    """24 openings."""
    records = _read("openings.jsonl")
    return [
        Opening(f"opening-{at:02}", r["prompt"], r["opening"], r["group"])
        for at, r in enumerate(records)
    ]


def labelled() -> list[Labelled]:
    """84 responses, of which 36 are held out."""
    return [
        Labelled(r["prompt"], r["response"], r["action"], r["held_out"])
        for r in _read("labelled.jsonl")
        if "action" in r
    ]


def continuations() -> list[Continuation]:
    """24 continuations, of which 12 are held out."""
    return [
        Continuation(r["continuation"], r["corrects"], r["held_out"])
        for r in _read("labelled.jsonl")
        if "corrects" in r
    ]


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_HERE / name).read_text("utf-8").splitlines()]
