"""Prompt templates: what is said to the model. A template's name is its version."""

import hashlib
from pathlib import Path
from typing import Any

from srllm_data.config import RewriteConfig
from srllm_data.errors import ConfigError
from srllm_data.lexicon import entries
from srllm_data.provider.answers import Shape
from srllm_data.provider.provider import Ask, Messages
from srllm_data.provider.template import as_json, sections
from srllm_data.rewrite.answers import REWRITE, bare
from srllm_data.rewrite.pairs import Pair
from srllm_data.rewrite.refine import CHECK, ESTIMATE, Mistake

_FOLDER = Path(__file__).parent / "prompts"
#: Sections of a template: of one whose answers are JSON, and of one whose answers are text.
_SECTIONS = (
    "System",
    "User",
    "Loaded terms",
    "Marked",
    "Again",
    "Check",
    "Check again",
    "Estimate",
    "Estimate again",
    "Refine",
)
_SECTIONS_OF_TEXT = ("System", "User")


class Prompt:
    """The template that ``config.prompt`` names, with the parts that ``config`` switches on.

    A text goes into it as JSON, so that no text can end its own delimiter. A template whose section
    Answer begins with ``text`` is for a model that was trained to answer a bare text by a bare
    rewrite; it says only what it has a section for. Raises ConfigError for a template that lacks a
    section, and for one of text where ``config`` asks for what needs JSON.
    """

    def __init__(self, config: RewriteConfig) -> None:
        self.name = Path(config.prompt).stem
        self._config = config
        self._turns: dict[Pair, Messages] = {}
        self._parts = sections(prompt_file(config.prompt))
        self._shape = REWRITE
        if answer := self._parts.get("Answer"):
            if (kind := answer.split()[0]) != "text":
                raise ConfigError(
                    f"The section '# Answer' of the prompt {config.prompt} says '{kind}'; write "
                    f"'text' there, or leave the section out for answers in JSON."
                )
            _refuse(config)
            self._shape = bare(answer)
        needed = _SECTIONS_OF_TEXT if self._shape.bare else _SECTIONS
        if missing := [name for name in needed if not self._parts.get(name)]:
            raise ConfigError(
                f"The prompt {config.prompt} lacks the section '# {missing[0]}'; add it as in "
                f"srllm's own {sorted(_known())[-1]}."
            )
        if self._shape.bare and "{{plain}}" not in self._parts["User"]:
            raise ConfigError(
                f"The section '# User' of the prompt {config.prompt} has no place for the text; "
                f"put {{{{plain}}}} there."
            )

    def draft(self, row: dict[str, Any], examples: list[Pair], sample: int = 0) -> Ask:
        """The question for a rewrite of ``row``, after ``examples`` as earlier turns like it."""
        turns = [{"role": "system", "content": self._parts["System"]}]
        for pair in examples:
            turns += self._shown(pair)
        asking = self._user("User", row["text"])
        asking["content"] += self._notes(row)
        return self._ask([*turns, asking], self._shape, "Again", sample, "draft")

    def check(self, row: dict[str, Any]) -> Ask:
        """The question whether ``row`` needs a rewrite at all."""
        turns = [{"role": "system", "content": self._parts["System"]}]
        asked = [*turns, self._user("Check", row["text"])]
        return self._ask(asked, CHECK, "Check again", 0, "check")

    def estimate(self, drafted: Ask, rewrite: str, number: int) -> Ask:
        """The question for the errors of ``rewrite``, the answer to ``drafted``."""
        turns = [*_answered(drafted, rewrite), {"role": "user", "content": self._parts["Estimate"]}]
        return self._ask(
            turns, ESTIMATE, "Estimate again", drafted.sample, f"round_{number}_estimate"
        )

    def refine(self, drafted: Ask, rewrite: str, mistakes: list[Mistake], number: int) -> Ask:
        """The question for a ``rewrite`` without ``mistakes``."""
        listed = "\n".join(f"- {m}" for m in mistakes)
        content = self._parts["Refine"].replace("{{errors}}", listed)
        turns = [*_answered(drafted, rewrite), {"role": "user", "content": content}]
        return self._ask(turns, REWRITE, "Again", drafted.sample, f"round_{number}_refine")

    def _shown(self, pair: Pair) -> Messages:
        if pair not in self._turns:
            told = {"role": "assistant", "content": as_json(rewrite=pair.rewrite)}
            self._turns[pair] = [self._user("User", pair.text), told]
        return self._turns[pair]

    def _ask(self, messages: Messages, shape: Shape, again: str, sample: int, purpose: str) -> Ask:
        return Ask(messages, shape, self._parts.get(again, ""), sample, purpose)

    def _user(self, section: str, text: str) -> dict[str, str]:
        shown, value = "{{text}}", as_json(text=text)
        if self._shape.bare:
            shown, value = "{{plain}}", text
        return {"role": "user", "content": self._parts[section].replace(shown, value)}

    def _notes(self, row: dict[str, Any]) -> str:
        notes = ""
        spans = [s for s in row["biased_spans"] or [] if s["use"] == "used"]
        if self._shape.bare:
            words = "; ".join(dict.fromkeys(s["text"] for s in spans))
            said = self._parts.get("Marked") if self._config.mark_spans and spans else None
            return f"\n\n{said.replace('{{words}}', words)}" if said else ""
        if self._config.lexicon_notes and spans:
            told = {s["text"].casefold(): _note(s) for s in spans}
            listed = "\n".join(as_json(**n) for n in told.values())
            notes += f"\n\n{self._parts['Loaded terms']}\n\n{listed}"
        if self._config.mark_spans and spans:
            notes += f"\n\n{self._parts['Marked']}\n\n{as_json(marked=marked(row['text'], spans))}"
        return notes


def marked(text: str, spans: list[dict[str, Any]]) -> str:
    """``text`` with ``[[`` and ``]]`` around its spans; those that touch are joined."""
    joined: list[list[int]] = []
    for start, end in sorted((s["start"], s["end"]) for s in spans):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    for start, end in reversed(joined):
        text = f"{text[:start]}[[{text[start:end]}]]{text[end:]}"
    return text


def unmarked(rewrite: str, text: str) -> str:
    """``rewrite`` of ``text`` without the marks of :func:`marked`, which models copy."""
    for mark in ("[[", "]]"):
        if mark not in text:
            rewrite = rewrite.replace(mark, "")
    return rewrite


def prompt_file(name: str) -> Path:
    """The file of the template ``name``; ConfigError where there is none."""
    known = _known()
    path = Path(name)
    if path.suffix == ".md" and path.is_file():
        return path
    if name not in known:
        raise ConfigError(
            f"rewrite.prompt names no prompt '{name}'; choose one of: {', '.join(known)}, or give "
            f"a file that ends in .md."
        )
    return known[name]


def digest(name: str) -> str:
    """SHA-256 of the template ``name``."""
    return hashlib.sha256(prompt_file(name).read_bytes()).hexdigest()


def _known() -> dict[str, Path]:
    return {path.stem: path for path in sorted(_FOLDER.glob("*.md"))}


def _refuse(config: RewriteConfig) -> None:
    """Refuse settings that need answers in JSON."""
    needing = {
        "check_first": config.check_first,
        "examples": config.examples,
        "refine_rounds": config.refine_rounds,
        "estimate_by: model": config.estimate_by == "model",
    }
    if wrong := [name for name, on in needing.items() if on]:
        raise ConfigError(
            f"rewrite.{wrong[0]} needs answers in JSON, and those to the prompt {config.prompt} "
            f"are text; take the setting out, or name another prompt."
        )


def _answered(drafted: Ask, rewrite: str) -> Messages:
    return [*drafted.messages, {"role": "assistant", "content": as_json(rewrite=rewrite)}]


def _note(span: dict[str, Any]) -> dict[str, Any]:
    note: dict[str, Any] = {"term": span["text"], "kind": span["label"]}
    entry = entries().get(span["entry"] or "")
    if entry:
        note |= {"why": entry.why, "instead": list(entry.replacements)}
    return note
