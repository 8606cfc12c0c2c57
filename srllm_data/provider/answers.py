"""What an answer has to hold, and how it is read out of whatever a model wrote."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from srllm_data.ledger import Answer, Outcome

_REFUSAL = re.compile(
    r"\W*(?:(?:sorry|unfortunately|i apologi[sz]e|i(?:'m| am) (?:so |very )?(?:sorry|afraid))\W+)?"
    r"(?:but |that )?"
    r"(?:as an ai(?: language)?(?: model| assistant)?,? i\b"
    r"|i(?:'m| am)? ?(?:can't|cannot|can not|won't|will not|unable to|not able to) (?:\w+ )?"
    r"(?:help|assist|rewrite|fulfil|fulfill|comply|do (?:that|this)|process|provide|create"
    r"|generate|engage|continue)\b)",
    re.I,
)

_decoder = json.JSONDecoder(strict=False)


@dataclass(frozen=True)
class Shape:
    """One kind of answer: its JSON schema, and what takes the value out of a JSON object.

    take raises ValueError, saying what is wrong, for an object that does not fit. A schema of type
    string says that the answer is the value, without JSON around it.
    """

    name: str
    schema: dict[str, Any]
    take: Callable[[Any], Any]

    @property
    def bare(self) -> bool:
        """Whether the whole answer is the value."""
        return self.schema.get("type") == "string"


@dataclass(frozen=True)
class Reply:
    """One judged answer.

    text: what the provider wrote (may be empty); value: what the shape takes from it, where the
    outcome is ok.
    """

    outcome: Outcome
    text: str
    value: Any = None


def judge(answer: Answer, shape: Shape) -> tuple[Reply, str]:
    """The reply that ``answer`` holds, and what is wrong with it where it is malformed."""
    if answer.outcome not in ("ok", "malformed"):
        return Reply(answer.outcome, answer.text), ""
    try:
        return Reply("ok", answer.text, read(answer.text, shape)), ""
    except ValueError as error:
        if is_refusal(answer.text):
            return Reply("refused", answer.text), ""
        return Reply("malformed", answer.text), str(error)


def read(answer: str, shape: Shape) -> Any:
    """The value in ``answer``: that of the last JSON object in it that fits ``shape``.

    Tolerates prose and code fences around it. Raises ValueError that says what is wrong.
    """
    if shape.bare:
        return shape.take(answer)
    problem = "it holds no complete JSON object"
    value = None
    at = answer.find("{")
    while at >= 0:
        end = at + 1
        try:
            found, end = _decoder.raw_decode(answer, at)
        except (ValueError, RecursionError):
            pass
        else:
            try:
                value = shape.take(found)
            except ValueError as error:
                problem = str(error)
        at = answer.find("{", end)
    if value is None:
        raise ValueError(problem)
    return value


def is_refusal(text: str) -> bool:
    """Whether ``text`` opens like a model that declines instead of answering."""
    return bool(_REFUSAL.match(" ".join(text.replace("’", "'").split())))
