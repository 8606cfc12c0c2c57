"""One HTTP request to an endpoint, and what its end means."""

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
from srllm_data.ledger import Answer
from srllm_data.provider.answers import Shape
from srllm_data.provider.protocol import PROTOCOLS, Manner, TryAgainError

if TYPE_CHECKING:
    from aiohttp import ClientSession

#: Characters of an error message that are kept.
_MOST_SAID = 200
#: Settings of a generation that may be left out or renamed.
_SETTINGS = ("temperature", "max_tokens", "max_completion_tokens", "seed")
#: Hosts that answer nothing without a key.
_WITH_KEY = ("api.openai.com", "commentanalyzer.googleapis.com")
_ACCOUNT = {"OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID"}
_ABOUT_FORMAT = re.compile(r"response_format|json_schema|json_object|structured output", re.I)
_ABOUT_SYSTEM = re.compile(r"system.{0,20}(?:role|message|prompt)|role.{0,40}alternate", re.I)
#: Google's APIs say this with HTTP 400.
_ABOUT_KEY = re.compile(r"API key not (valid|found)|API_KEY_INVALID", re.I)
_ABOUT_CONTENT = re.compile(r"content.?(filter|policy|management)|moderation|flagged", re.I)


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
        self._protocol = PROTOCOLS[config.protocol]
        self._manner = Manner()
        self._session: ClientSession | None = None
        self._url = ""

    async def close(self) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()

    def body(self, request: dict[str, Any], shape: Shape) -> dict[str, Any]:
        """The HTTP body of ``request`` (of ``Provider.request``), in what the endpoint takes."""
        return self._protocol.body(request, shape, self._manner)

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
                return self._protocol.read(json.loads(content), shape)
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
                self._manner.left_out["max_tokens"] = None
            else:
                renamed = "max_completion_tokens" if error.param == "max_tokens" else None
                self._manner.left_out[error.param] = renamed
            return True
        if error.status not in (400, 422, 500, 501):
            return False
        kind = body.get("response_format")
        if kind and _ABOUT_FORMAT.search(error.said):
            # Another request may have found out in the meantime.
            if _format_of(kind) == self._manner.format:
                self._manner.format += 1
            return True
        messages = body.get("messages") or [{}]
        if messages[0].get("role") == "system" and _ABOUT_SYSTEM.search(error.said):
            self._manner.merge_system = True
            return True
        return False

    def _explained(self, error: Refusal) -> Answer:
        """The end that an HTTP error means for its row; raises what is to be tried again."""
        status, where, section = error.status, self._config.where, self._config.section
        model, words = self._config.model, f"{error.code} {error.message}"
        # Only chat is filtered; a moderation endpoint says "moderation" of everything.
        filters = self._config.protocol == "chat" and status in (400, 403, 422)
        if filters and _ABOUT_CONTENT.search(words):
            return Answer("content_filtered")
        if status in (401, 403) or (status == 400 and _ABOUT_KEY.search(error.said)):
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
        if status in (404, 405, 410):
            has_no, correct = f"has no model '{model}' or ", f"{section}.model or "
            raise ProviderError(
                f"{where} {has_no if model else ''}is no {self._protocol.named} (HTTP {status}); "
                f"correct {correct if model else ''}{section}.base_url."
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
            path = f"{address.path.rstrip('/')}/{self._protocol.path}"
            self._url = urlunsplit(address._replace(path=path, fragment=""))
            headers = {"Content-Type": "application/json"}
            if not address.username:
                headers |= self._protocol.login(api_key(self._config))
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
    if not key and urlsplit(config.base_url).hostname in _WITH_KEY:
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
