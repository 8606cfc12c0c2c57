"""The protocols that endpoints speak: where a request goes, what it carries, how it is read."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from srllm_data.ledger import Answer, Outcome
from srllm_data.provider.answers import Shape, judge

# From the strictest on; an endpoint that refuses one is asked with the next from then on.
FORMATS = ("json_schema", "json_object with schema", "json_object", "none")
#: What the Perspective API is asked for.
ATTRIBUTES = ("TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "THREAT", "INSULT")


class TryAgainError(Exception):
    """An end that may pass.

    said: what happened, in words that tell a user what to mend. wait_s: what the endpoint asked
    for, if it did. busy: it said so itself. billed: the request may have been carried out although
    its answer got lost.
    """

    def __init__(
        self,
        outcome: Outcome,
        said: str,
        wait_s: float | None = None,
        busy: bool = False,
        billed: bool = False,
    ) -> None:
        super().__init__(outcome, said)
        self.outcome = outcome
        self.said = said
        self.wait_s = wait_s
        self.busy = busy
        self.billed = billed


@dataclass
class Manner:
    """What an endpoint turned out not to understand, and is told otherwise.

    format: place in FORMATS. left_out: settings, with the name that is sent instead, if any.
    """

    format: int = 0
    merge_system: bool = False
    left_out: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Protocol:
    """One API.

    named: in sentences to the user. path: below the base URL. login: headers that carry a key.
    body: of a request of ``Provider.request``. read: the answer in a response's JSON; it raises
    TryAgainError where there is none.
    """

    named: str
    path: str
    login: Callable[[str], dict[str, str]]
    body: Callable[[dict[str, Any], Shape, Manner], dict[str, Any]]
    read: Callable[[Any, Shape], Answer]


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _chat_body(request: dict[str, Any], shape: Shape, manner: Manner) -> dict[str, Any]:
    messages = request["messages"]
    if manner.merge_system and messages[0]["role"] == "system":
        first = f"{messages[0]['content']}\n\n{messages[1]['content']}"
        messages = [{"role": "user", "content": first}, *messages[2:]]
    body: dict[str, Any] = {"model": request["model"], "messages": messages}
    for name in ("temperature", "max_tokens", "seed"):
        sent_as = manner.left_out.get(name, name)
        if sent_as:
            body[sent_as] = request[name]
    match "none" if shape.bare else FORMATS[manner.format]:
        case "json_schema":
            schema = {"name": shape.name, "strict": True, "schema": shape.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        case "json_object with schema":
            body["response_format"] = {"type": "json_object", "schema": shape.schema}
        case "json_object":
            body["response_format"] = {"type": "json_object"}
    return body


def read_completion(completion: Any, shape: Shape) -> Answer:
    """The answer in a chat response's JSON, of which servers send all kinds.

    Raises TryAgainError where it holds no message.
    """
    choices = completion.get("choices") if isinstance(completion, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise TryAgainError("unreachable", "an answer without a message")
    content, refusal = _text(message, "content"), _text(message, "refusal")
    finish = _text(choice, "finish_reason") or None
    tokens = (_tokens(completion, "prompt_tokens"), _tokens(completion, "completion_tokens"))
    if finish == "content_filter":
        return Answer("content_filtered", content, finish, *tokens)
    if refusal:
        return Answer("refused", refusal, finish, *tokens)
    if finish == "length":
        return Answer("truncated", content, finish, *tokens)
    outcome = judge(Answer("ok", content), shape)[0].outcome
    return Answer(outcome, content, finish, *tokens)


def _text(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    # Servers that cut an answer inside a character send half a surrogate pair.
    return text.encode("utf-8", "replace").decode() if isinstance(text, str) else ""


def _tokens(completion: dict[str, Any], name: str) -> int:
    usage = completion.get("usage")
    number = usage.get(name) if isinstance(usage, dict) else None
    return number if isinstance(number, int) and number > 0 else 0


def _moderation_body(request: dict[str, Any], shape: Shape, manner: Manner) -> dict[str, Any]:
    return {"model": request["model"], "input": request["messages"][0]["content"]}


def _read_moderation(response: Any, shape: Shape) -> Answer:
    results = response.get("results") if isinstance(response, dict) else None
    if not isinstance(results, list) or not results:
        raise TryAgainError("unreachable", "an answer without results")
    first = results[0]
    return _scored(first.get("category_scores") if isinstance(first, dict) else None, shape)


def _perspective_body(request: dict[str, Any], shape: Shape, manner: Manner) -> dict[str, Any]:
    return {
        "comment": {"text": request["messages"][0]["content"], "type": "PLAIN_TEXT"},
        "requestedAttributes": {name: {} for name in ATTRIBUTES},
        "languages": ["en"],
        "doNotStore": True,
    }


def _read_perspective(response: Any, shape: Shape) -> Answer:
    found = response.get("attributeScores") if isinstance(response, dict) else None
    if not isinstance(found, dict):
        raise TryAgainError("unreachable", "an answer without attributeScores")
    scores = {}
    for name, attribute in found.items():
        summary = attribute.get("summaryScore") if isinstance(attribute, dict) else None
        scores[name] = summary.get("value") if isinstance(summary, dict) else None
    return _scored(scores, shape)


def _scored(scores: Any, shape: Shape) -> Answer:
    """The answer that holds ``scores`` as JSON.

    Its finish_reason says that it is whole: where it has a price, its bound is what it cost.
    """
    text = json.dumps(scores)
    return Answer(judge(Answer("ok", text), shape)[0].outcome, text, "stop")


CHAT = Protocol(
    "OpenAI-compatible endpoint", "chat/completions", _bearer, _chat_body, read_completion
)
# https://platform.openai.com/docs/api-reference/moderations
MODERATION = Protocol(
    "OpenAI-compatible moderation endpoint",
    "moderations",
    _bearer,
    _moderation_body,
    _read_moderation,
)
# https://developers.perspectiveapi.com/s/about-the-api-methods; a key in the URL would reach logs.
PERSPECTIVE = Protocol(
    "endpoint of the Perspective API",
    "comments:analyze",
    lambda key: {"X-Goog-Api-Key": key},
    _perspective_body,
    _read_perspective,
)
PROTOCOLS = {"chat": CHAT, "moderation": MODERATION, "perspective": PERSPECTIVE}
