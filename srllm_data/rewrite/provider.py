"""Requests for rewrites to an OpenAI-compatible endpoint, each ending in one typed outcome."""

import asyncio
import hashlib
import json
import os
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from srllm_data.config import RewriteConfig
from srllm_data.errors import ProviderError, shown
from srllm_data.ledger import Answer, Ledger, Outcome, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openai import APIStatusError, AsyncOpenAI
    from openai.types.chat import ChatCompletion

BACKOFF_S = 0.5
MAX_WAIT_S = 60.0

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"rewrite": {"type": "string"}},
    "required": ["rewrite"],
    "additionalProperties": False,
}

# From the strictest on; an endpoint that refuses one is asked with the next from then on.
_FORMATS: tuple[dict[str, Any] | None, ...] = (
    {
        "type": "json_schema",
        "json_schema": {"name": "rewrite", "strict": True, "schema": SCHEMA},
    },
    {"type": "json_object", "schema": SCHEMA},
    {"type": "json_object"},
    None,
)
_ABOUT_FORMAT = re.compile(r"response_format|json_schema|json_object|structured output", re.I)
_ABOUT_CONTENT = re.compile(r"content.?(filter|policy|management)|moderation|flagged", re.I)
_REFUSAL = re.compile(
    r"\W*(?:(?:sorry|unfortunately|i apologi[sz]e|i(?:'m| am) (?:so |very )?(?:sorry|afraid))\W+)?"
    r"(?:but |that )?"
    r"(?:as an ai(?: language)?(?: model| assistant)?,? i\b"
    r"|i(?:'m| am)? ?(?:can't|cannot|can not|won't|will not|unable to|not able to) (?:\w+ )?"
    r"(?:help|assist|rewrite|fulfil|fulfill|comply|do (?:that|this)|process|provide|create"
    r"|generate|engage|continue)\b)",
    re.I,
)


@dataclass(frozen=True)
class Reply:
    """One judged answer.

    text: the rewrite where the outcome is ok, else what the provider wrote (may be empty).
    """

    outcome: Outcome
    text: str


def read_rewrite(answer: str) -> str:
    """The rewrite in ``answer``: the last JSON object in it that holds one.

    Tolerates prose and code fences around it. Raises ValueError that says what is wrong.
    """
    decoder = json.JSONDecoder(strict=False)
    problem = "it holds no complete JSON object"
    rewrite = ""
    at = answer.find("{")
    while at >= 0:
        end = at + 1
        try:
            value, end = decoder.raw_decode(answer, at)
        except (ValueError, RecursionError):
            pass
        else:
            found = value.get("rewrite")
            if isinstance(found, str) and found.strip():
                rewrite = found.strip()
            elif not rewrite:
                problem = (
                    "'rewrite' is missing from its JSON object"
                    if "rewrite" not in value
                    else "'rewrite' is empty"
                    if isinstance(found, str)
                    else "'rewrite' is not a string"
                )
        at = answer.find("{", end)
    if not rewrite:
        raise ValueError(problem)
    if re.search("[\ud800-\udfff]", rewrite):
        raise ValueError("'rewrite' holds half a character")
    return rewrite


def is_refusal(text: str) -> bool:
    """Whether ``text`` opens like a model that declines instead of answering."""
    return bool(_REFUSAL.match(" ".join(text.replace("’", "'").split())))


class Provider:
    """The endpoint of ``config`` behind the request ledger.

    Use as an async context manager. At most ``config.concurrency`` calls of :meth:`ask` should
    run at once. ``counts`` holds requests_sent, requests_from_ledger, and the tokens of both.
    """

    def __init__(self, config: RewriteConfig, ledger: Ledger) -> None:
        self.counts: Counter[str] = Counter()
        self._config = config
        self._ledger = ledger
        self._format = 0
        self._parameters: dict[str, Any] = {
            "temperature": config.temperature,
            "max_tokens": config.max_tokens,
            "seed": config.seed,
        }
        self._unanswered = 0
        self._client: AsyncOpenAI | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.close()

    def request(self, messages: list[dict[str, str]], sample: int = 0) -> dict[str, Any]:
        """Everything that changes the answer to ``messages``, and no secret: the ledger's key.

        sample: tells repeated samples of the same messages apart.
        """
        return {
            "base_url": shown(self._config.base_url),
            "model": self._config.model,
            "messages": messages,
            "response_schema": SCHEMA,
            "temperature": self._config.temperature,
            "max_tokens": self._config.max_tokens,
            "seed": self._config.seed,
            "sample": sample,
        }

    async def ask(self, messages: list[dict[str, str]], again: str) -> list[Reply]:
        """The replies to ``messages``: the last one counts, one before it was malformed.

        again: what to say after a malformed answer, with ``{{problem}}`` for what was wrong.
        Raises ProviderError where the endpoint cannot be used at all.
        """
        reply, problem = _judge(await self._answer(messages))
        if not problem:
            return [reply]
        # Servers refuse an assistant's turn without content.
        told = [{"role": "assistant", "content": reply.text}] if reply.text.strip() else []
        told.append({"role": "user", "content": again.replace("{{problem}}", problem)})
        return [reply, _judge(await self._answer([*messages, *told]))[0]]

    async def _answer(self, messages: list[dict[str, str]]) -> Answer:
        request = self.request(messages)
        answer = self._ledger.find(request)
        paid = "" if answer is None else "ledger_"
        if answer is None:
            answer = await self._send(request)
            self._ledger.put(request, answer)
        else:
            self.counts["requests_from_ledger"] += 1
        self.counts[f"{paid}tokens_in"] += answer.prompt_tokens
        self.counts[f"{paid}tokens_out"] += answer.completion_tokens
        return answer

    async def _send(self, request: dict[str, Any]) -> Answer:
        """Try until there is an answer or ``max_attempts`` are used up."""
        attempts = self._config.max_attempts
        noise = hashlib.sha256(canonical(request).encode()).digest()
        for attempt in range(1, attempts + 1):
            try:
                return replace(await self._attempt(request["messages"]), attempts=attempt)
            except _TryAgainError as failure:
                outcome = failure.outcome
                jitter = 0.5 + noise[attempt % len(noise)] / 510
                wait = BACKOFF_S * 2 ** (attempt - 1) * jitter
                if failure.wait_s is not None:
                    wait = failure.wait_s
                if attempt < attempts:
                    await asyncio.sleep(min(wait, MAX_WAIT_S))
        self._stop_if_dead()
        return Answer(outcome, attempts=attempts)

    async def _attempt(self, messages: list[dict[str, str]]) -> Answer:
        import openai

        while True:
            shape, parameters = self._format, dict(self._parameters)
            body = {"model": self._config.model, "messages": messages, **parameters}
            if _FORMATS[shape]:
                body["response_format"] = _FORMATS[shape]
            client = self._connected()
            self.counts["requests_sent"] += 1
            self._unanswered += 1
            try:
                async with asyncio.timeout(self._config.timeout_s):
                    completion = await client.chat.completions.create(**body)
            except TimeoutError:
                raise _TryAgainError("timed_out") from None
            except openai.APIStatusError as error:
                self._unanswered = 0
                if not self._adapted(error, shape, parameters):
                    return self._explained(error)
            except (openai.APIError, ValueError):
                # The aiohttp backend calls a lost connection a timeout too; ours is above.
                raise _TryAgainError("unreachable") from None
            else:
                self._unanswered = 0
                return _read(completion)

    def _adapted(self, error: "APIStatusError", shape: int, parameters: dict[str, Any]) -> bool:
        """Whether the endpoint refused something that is left out from now on."""
        if str(error.code).startswith("unsupported_") and error.param in parameters:
            value = self._parameters.pop(error.param, None)
            if error.param == "max_tokens" and value is not None:
                self._parameters["max_completion_tokens"] = value
            return True
        simpler = shape + 1 < len(_FORMATS) and error.status_code in (400, 422, 500, 501)
        if simpler and _ABOUT_FORMAT.search(error.response.text):
            self._format = max(self._format, shape + 1)
            return True
        return False

    def _explained(self, error: "APIStatusError") -> Answer:
        """The end that an HTTP error means for its row; raises what is to be tried again."""
        status, where = error.status_code, shown(self._config.base_url)
        if status in (400, 403, 422) and _ABOUT_CONTENT.search(f"{error.code} {error.message}"):
            return Answer("content_filtered")
        if status in (401, 403):
            raise ProviderError(
                f"{where} refused the login (HTTP {status}); put a valid key into the environment "
                f"variable {self._config.api_key_env} and run again: finished answers are kept."
            )
        if status == 402 or error.code == "insufficient_quota":
            raise ProviderError(
                f"The account at {where} has no credit left (HTTP {status}); top it up and run "
                f"again: finished answers are kept."
            )
        if status in (404, 405):
            raise ProviderError(
                f"{where} has no model '{self._config.model}' or is no OpenAI-compatible endpoint "
                f"(HTTP {status}); correct rewrite.model or rewrite.base_url."
            )
        wait_s = _retry_after(error.response.headers)
        if status == 429:
            raise _TryAgainError("rate_limited", wait_s)
        if status == 408:
            raise _TryAgainError("timed_out", wait_s)
        if status >= 500 or status == 409:
            raise _TryAgainError("unreachable", wait_s)
        return Answer("bad_request")

    def _stop_if_dead(self) -> None:
        """Do not walk thousands of rows through every retry where nobody answers."""
        rows = max(10, 3 * self._config.concurrency)
        if self._unanswered >= rows * self._config.max_attempts:
            raise ProviderError(
                f"{shown(self._config.base_url)} left {self._unanswered} requests in a row "
                f"without an answer; check rewrite.base_url, rewrite.timeout_s and the network, "
                f"and run again: finished answers are kept."
            )

    def _connected(self) -> "AsyncOpenAI":
        if self._client is None:
            from openai import AsyncOpenAI, DefaultAioHttpClient

            self._client = AsyncOpenAI(
                api_key=self._api_key(),
                base_url=self._config.base_url,
                max_retries=0,
                timeout=None,  # asyncio.timeout bounds the whole request instead of each read
                http_client=DefaultAioHttpClient(timeout=None),
            )
        return self._client

    def _api_key(self) -> str:
        name = self._config.api_key_env
        key = os.environ.get(name, "").strip()
        if not key and urlsplit(self._config.base_url).hostname == "api.openai.com":
            raise ProviderError(
                f"The environment variable {name} holds no key for {self._config.base_url}; set "
                f"it, or unset rewrite.model to use the embedded editor."
            )
        if not (key.isascii() and key.isprintable()):
            raise ProviderError(
                f"The key in the environment variable {name} holds characters that cannot be sent; "
                f"copy it again."
            )
        return key or "none"


class _TryAgainError(Exception):
    """An end that may pass; ``wait_s`` is what the endpoint asked for, if it did."""

    def __init__(self, outcome: Outcome, wait_s: float | None = None) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.wait_s = wait_s


def _read(completion: "ChatCompletion") -> Answer:
    """The answer in a response, of which openai's types promise more than servers keep."""
    choices: Any = getattr(completion, "choices", None)
    message = getattr(choices[0], "message", None) if choices else None
    if message is None:
        raise _TryAgainError("unreachable")
    content, refusal = _text(message, "content"), _text(message, "refusal")
    finish = _text(choices[0], "finish_reason")
    usage = getattr(completion, "usage", None)
    answer = Answer(
        "ok",
        content,
        finish or None,
        _int(usage, "prompt_tokens"),
        _int(usage, "completion_tokens"),
    )
    if finish == "content_filter":
        return replace(answer, outcome="content_filtered")
    if refusal:
        return replace(answer, outcome="refused", text=refusal)
    if finish == "length":
        return replace(answer, outcome="truncated")
    return replace(answer, outcome=_judge(answer)[0].outcome)


def _judge(answer: Answer) -> tuple[Reply, str]:
    """The reply that ``answer`` holds, and what is wrong with it where it is malformed."""
    if answer.outcome not in ("ok", "malformed"):
        return Reply(answer.outcome, answer.text), ""
    try:
        return Reply("ok", read_rewrite(answer.text)), ""
    except ValueError as error:
        if is_refusal(answer.text):
            return Reply("refused", answer.text), ""
        return Reply("malformed", answer.text), str(error)


def _text(value: object, name: str) -> str:
    text = getattr(value, name, None)
    # Servers that cut an answer inside a character send half a surrogate pair.
    return text.encode("utf-8", "replace").decode() if isinstance(text, str) else ""


def _int(value: object, name: str) -> int:
    number = getattr(value, name, None)
    return number if isinstance(number, int) else 0


def _retry_after(headers: "Mapping[str, str]") -> float | None:
    """Seconds that the headers ask to wait; None where they do not say it."""
    milliseconds, value = headers.get("retry-after-ms"), headers.get("retry-after", "")
    try:
        seconds = float(milliseconds) / 1000 if milliseconds else float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return seconds if seconds >= 0 else None
