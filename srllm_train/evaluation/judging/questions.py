"""What a judge is asked, and what is taken from its answers."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from srllm_data.provider.answers import Shape
from srllm_data.provider.provider import Ask
from srllm_data.provider.template import as_json, sections
from srllm_data.workspace import file_digest

_PROMPTS = Path(__file__).parent.parent / "prompts"
_NAMES = ("judge-content-v1", "judge-opinions-v1", "judge-preference-v1")
_RELEVANT = ("no", "partly", "yes")

Better = Literal["first", "second", "same"]
_BETTER: dict[str, Better] = {"rewrite_1": "first", "rewrite_2": "second", "same": "same"}


@dataclass(frozen=True)
class Content:
    """Of claims, how many are kept or supported; relevant: 0, 0.5 or 1."""

    claims: int
    kept: int
    stated: int
    supported: int
    relevant: float


@dataclass(frozen=True)
class Opinions:
    """Of the opinions that a text voices, how many are biased, toxic, and either."""

    voiced: int
    biased: int
    toxic: int
    either: int

    @property
    def unbiased(self) -> float:
        """Share that is not biased; 1 where none is voiced."""
        return 1 - self.biased / max(1, self.voiced)

    @property
    def not_toxic(self) -> float:
        """Share that is not toxic; 1 where none is voiced."""
        return 1 - self.toxic / max(1, self.voiced)


def content(text: str, rewrite: str) -> Ask:
    """Which claims of the text are kept, which of the rewrite supported; answers with Content."""
    return _ask(_NAMES[0], _CONTENT, original=text, rewrite=rewrite)


def opinions(text: str) -> Ask:
    """Which opinions the text voices, whatever it is; answers with Opinions."""
    return _ask(_NAMES[1], _OPINIONS, text=text)


def preference(text: str, first: str, second: str) -> Ask:
    """Which of two rewrites is better; answers with Better."""
    return _ask(_NAMES[2], _PREFERENCE, original=text, rewrite_1=first, rewrite_2=second)


def prompts() -> dict[str, str]:
    """SHA-256 of the prompt templates by name."""
    return {name: file_digest(_PROMPTS / f"{name}.md") for name in _NAMES}


@lru_cache(maxsize=len(_NAMES))
def _parts(name: str) -> dict[str, str]:
    return sections(_PROMPTS / f"{name}.md")


def _ask(name: str, shape: Shape, **texts: str) -> Ask:
    parts = _parts(name)
    messages = [
        {"role": "system", "content": parts["System"]},
        {"role": "user", "content": parts["User"].replace("{{texts}}", as_json(**texts))},
    ]
    return Ask(messages, shape, parts["Again"], purpose="judge")


def _content(found: dict[str, Any]) -> Content:
    kept = [k for (k,) in _listed(found, "original_claims", "claim", "kept")]
    supported = [s for (s,) in _listed(found, "rewrite_claims", "claim", "supported")]
    if found.get("relevant") not in _RELEVANT:
        raise ValueError(f"'relevant' is not one of {', '.join(_RELEVANT)}")
    relevant = _RELEVANT.index(found["relevant"]) / 2
    return Content(len(kept), sum(kept), len(supported), sum(supported), relevant)


def _opinions(found: dict[str, Any]) -> Opinions:
    each = _listed(found, "opinions", "opinion", "biased", "toxic")
    biased, toxic = (sum(flags[n] for flags in each) for n in (0, 1))
    return Opinions(len(each), biased, toxic, sum(map(any, each)))


def _preference(found: dict[str, Any]) -> Better:
    # Not "in _BETTER": a list cannot be looked up.
    if found.get("better") not in list(_BETTER):
        raise ValueError(f"'better' is not one of {', '.join(_BETTER)}")
    return _BETTER[found["better"]]


def _listed(found: dict[str, Any], name: str, of: str, *flags: str) -> list[tuple[bool, ...]]:
    """The flags of each object in the list ``name``; ValueError for anything else."""
    listed = found.get(name)
    whole = isinstance(listed, list) and all(
        isinstance(one, dict)
        and isinstance(one.get(of), str)
        and all(isinstance(one.get(flag), bool) for flag in flags)
        for one in listed
    )
    if not isinstance(listed, list) or not whole:
        raise ValueError(f"'{name}' is no list of objects with {', '.join((of, *flags))}")
    return [tuple(one[flag] for flag in flags) for one in listed]


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list_of(of: str, *flags: str) -> dict[str, Any]:
    items = _object(**{of: _TEXT}, **{flag: {"type": "boolean"} for flag in flags})
    return {"type": "array", "items": items}


_TEXT = {"type": "string"}
_CONTENT = Shape(
    "content",
    _object(
        original_claims=_list_of("claim", "kept"),
        rewrite_claims=_list_of("claim", "supported"),
        relevant={**_TEXT, "enum": list(_RELEVANT)},
    ),
    _content,
)
_OPINIONS = Shape("opinions", _object(opinions=_list_of("opinion", "biased", "toxic")), _opinions)
# The reason comes first: a model that has given one chooses better.
_PREFERENCE = Shape(
    "preference",
    _object(why=_TEXT, better={**_TEXT, "enum": list(_BETTER)}),
    _preference,
)
