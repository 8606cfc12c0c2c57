"""One HTTP request to an OpenAI-compatible endpoint, and what its end means."""

import asyncio
import json
import os
import re
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit, urlunsplit

import orjson

from srllm_data.config import EndpointConfig
from srllm_data.errors import ProviderError, shown
from srllm_data.ledger import Answer, Outcome
from srllm_data.provider.answers import Shape, judge

if TYPE_CHECKING:
    from aiohttp import ClientSession

# From the strictest on; an endpoint that refuses one is asked with the next from then on.
_FORMATS = ("json_schema", "json_object with schema", "json_object", "none")
#: Characters of an error message that are kept.
_MOST_SAID = 200
#: Settings of a generation that may be left out or renamed.
_SETTINGS = ("temperature", "max_tokens", "max_completion_tokens", "seed")
_ACCOUNT = {"OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID"}
_ABOUT_FORMAT = re.compile(r"response_format|json_schema|json_object|structured output", re.I)
_ABOUT_SYSTEM = re.compile(r"system.{0,20}(?:role|message|prompt)|role.{0,40}alternate", re.I)
_ABOUT_CONTENT = re.compile(r"content.?(filter|policy|management)|moderation|flagged", re.I)


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


@dataclass(frozen=True)
class Refusal:
    """An HTTP error, and what its body says about itself; as a string, both in words."""

    status: int
    headers: Mapping[str, str]
    said: str
    code: str = ""
    param: str = ""
    message: str = ""

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], content: bytes) -> Self:
        """The error of a response."""
        said = content.decode("utf-8", "replace")
        try:
            found = json.loads(said)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and isinstance(found.get("error"), dict):
            found = found["error"]
        named = found if isinstance(found, dict) else {}
        parts = (str(named.get(n) or "") for n in ("code", "param", "message"))
        refusal = cls(status, headers, said, *parts)
        if not refusal.message and isinstance(named.get("detail"), str):
            return replace(refusal, message=named["detail"])
        return refusal

    def __str__(self) -> str:
        return f"HTTP {self.status}: {self.message}" if self.message else f"HTTP {self.status}"


class Endpoint:
    """The endpoint of ``config``; it learns what the endpoint does not understand.

    aiohttp sends the requests: the openai client takes several times its CPU for one, which is what
    the rate of a run ends at (``benchmarks/rewrite_rate.py``).
    """

    def __init__(self, config: EndpointConfig) -> None:
        self.sent = 0
        self._config = config
        self._format = 0
        self._merge_system = False
        self._left_out: dict[str, str | None] = {}
        self._session: ClientSession | None = None
        self._url = ""

    async def close(self) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()

    def body(self, request: dict[str, Any], shape: Shape) -> dict[str, Any]:
        """The HTTP body of ``request`` (of ``Provider.request``), in what the endpoint takes."""
        messages = request["messages"]
        if self._merge_system and messages[0]["role"] == "system":
            first = f"{messages[0]['content']}\n\n{messages[1]['content']}"
            messages = [{"role": "user", "content": first}, *messages[2:]]
        body: dict[str, Any] = {"model": request["model"], "messages": messages}
        for name in ("temperature", "max_tokens", "seed"):
            sent_as = self._left_out.get(name, name)
            if sent_as:
                body[sent_as] = request[name]
        match _FORMATS[self._format]:
            case "json_schema":
                schema = {"name": shape.name, "strict": True, "schema": shape.schema}
                body["response_format"] = {"type": "json_schema", "json_schema": schema}
            case "json_object with schema":
                body["response_format"] = {"type": "json_object", "schema": shape.schema}
            case "json_object":
                body["response_format"] = {"type": "json_object"}
        return body

    async def attempt(self, request: dict[str, Any], shape: Shape) -> Answer:
        """Send ``request`` once; again only for what the endpoint does not understand of it.

        Raises TryAgainError, and ProviderError where the endpoint cannot be used at all.
        """
        from aiohttp import ClientConnectorError, ClientError

        session = self._connected()
        while True:
            body = self.body(request, shape)
            data = orjson.dumps(body)
            self.sent += 1
            try:
                async with (
                    asyncio.timeout(self._config.timeout_s),
                    session.post(self._url, data=data, allow_redirects=False) as response,
                ):
                    content = await response.read()
            except TimeoutError:
                said = f"no answer in {self._config.timeout_s:g} s"
                raise TryAgainError("timed_out", said, billed=True) from None
            except (ClientError, OSError, ValueError) as error:
                # Only what never had a connection cannot have been carried out.
                billed = not isinstance(error, ClientConnectorError)
                said = told(str(error) or type(error).__name__, self._config)
                raise TryAgainError("unreachable", said, billed=billed) from None
            if response.status >= 300:
                refusal = Refusal.of(response.status, response.headers, content)
                if not self._adapted(refusal, body):
                    return self._explained(refusal)
                continue
            try:
                return read_completion(json.loads(content), shape)
            except (ValueError, RecursionError):
                raise TryAgainError("unreachable", "an answer without JSON", billed=True) from None

    def _adapted(self, error: Refusal, body: dict[str, Any]) -> bool:
        """Whether the endpoint refused something that is said otherwise from now on."""
        if (
            error.code.startswith("unsupported_")
            and error.param in _SETTINGS
            and error.param in body
        ):
            if error.param == "max_completion_tokens":
                self._left_out["max_tokens"] = None
            else:
                renamed = "max_completion_tokens" if error.param == "max_tokens" else None
                self._left_out[error.param] = renamed
            return True
        if error.status not in (400, 422, 500, 501):
            return False
        kind = body.get("response_format")
        if kind and _ABOUT_FORMAT.search(error.said):
            # Another request may have found out in the meantime.
            if _format_of(kind) == self._format:
                self._format += 1
            return True
        if body["messages"][0]["role"] == "system" and _ABOUT_SYSTEM.search(error.said):
            self._merge_system = True
            return True
        return False

    def _explained(self, error: Refusal) -> Answer:
        """The end that an HTTP error means for its row; raises what is to be tried again."""
        status, where, section = error.status, self._config.where, self._config.section
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
        if status < 400:
            raise ProviderError(
                f"{where} redirects to {shown(error.headers.get('Location', 'another address'))}, "
                f"where nothing is sent; set {section}.base_url to where it moved."
            )
        if status in (404, 405):
            raise ProviderError(
                f"{where} has no model '{self._config.model}' or is no OpenAI-compatible endpoint "
                f"(HTTP {status}); correct {section}.model or {section}.base_url."
            )
        said, wait_s = told(str(error), self._config), _retry_after(error.headers)
        if status in (429, 503, 529) and (status == 429 or wait_s is not None):
            raise TryAgainError("rate_limited", said, wait_s, busy=True)
        if status == 408:
            raise TryAgainError("timed_out", said, wait_s)
        if status >= 500 or status == 409:
            raise TryAgainError("unreachable", said, wait_s)
        return Answer("bad_request", said)

    def _connected(self) -> "ClientSession":
        """The session, with the key of the environment in its headers."""
        if self._session is None:
            from aiohttp import ClientSession, ClientTimeout, TCPConnector

            address = urlsplit(self._config.base_url)
            path = f"{address.path.rstrip('/')}/chat/completions"
            self._url = urlunsplit(address._replace(path=path, fragment=""))
            headers = {"Content-Type": "application/json"}
            if not address.username:
                headers["Authorization"] = f"Bearer {api_key(self._config)}"
            if address.hostname == "api.openai.com":
                for name, variable in _ACCOUNT.items():
                    if value := os.environ.get(variable, "").strip():
                        headers[name] = value
            secure = address.scheme == "https"
            outside = urllib.request.proxy_bypass(address.netloc.rpartition("@")[2])
            self._session = ClientSession(
                headers=headers,
                connector=TCPConnector(limit=0, ssl=_certificates() if secure else True),
                proxy=None if outside else urllib.request.getproxies().get(address.scheme),
                timeout=ClientTimeout(total=None),
            )
        return self._session


def told(said: str, config: EndpointConfig) -> str:
    """What an endpoint said, short and without the secrets that it may repeat."""
    key = os.environ.get(config.api_key_env, "").strip()
    for secret in (key, urlsplit(config.base_url).password):
        said = said.replace(secret, "***") if secret else said
    return " ".join(said.split())[:_MOST_SAID]


def _certificates() -> ssl.SSLContext:
    """Whom TLS trusts: what the system trusts (or SSL_CERT_FILE names), and certifi's list.

    A bare machine has none of its own.
    """
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def api_key(config: EndpointConfig) -> str:
    """The key in the environment; ProviderError where it is missing or cannot be sent."""
    name = config.api_key_env
    key = os.environ.get(name, "").strip()
    if not key and urlsplit(config.base_url).hostname == "api.openai.com":
        raise ProviderError(
            f"The environment variable {name} holds no key for {config.where}; set it, or "
            f"{config.otherwise}."
        )
    if not (key.isascii() and key.isprintable()):
        raise ProviderError(
            f"The key in the environment variable {name} holds characters that cannot be sent; "
            f"copy it again."
        )
    return key or "none"


def _format_of(sent: dict[str, Any]) -> int:
    """The place of a response_format in the order of those that are tried."""
    if sent["type"] == "json_schema":
        return 0
    return 1 if "schema" in sent else 2


def read_completion(completion: Any, shape: Shape) -> Answer:
    """The answer in a response's JSON, of which servers send all kinds.

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


def _retry_after(headers: Mapping[str, str]) -> float | None:
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
