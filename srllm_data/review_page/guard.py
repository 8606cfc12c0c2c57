"""What keeps other pages, other machines and hostile texts away from the review page."""

import hmac
import re
import secrets
import unicodedata
from typing import Any

from fastapi import Request
from fastapi.responses import PlainTextResponse
from markupsafe import Markup, escape

#: More than the longest text that anybody would edit by hand, in bytes of a form.
MOST_BYTES = 1_000_000
#: A page elsewhere may name this machine by a domain of its own (DNS rebinding).
_LOOPBACK = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?", re.IGNORECASE)
_HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """ASGI middleware: loopback names only, small requests only, nothing stored, no outside code.

    ``request.state.nonce`` allows the page's own style and script.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = {k.decode().lower() for k, _ in message["headers"]}
                extra = {**_HEADERS, "content-security-policy": _policy(nonce)}
                message["headers"] = [
                    *message["headers"],
                    *((k.encode(), v.encode()) for k, v in extra.items() if k not in headers),
                ]
            await send(message)

        refusal = self._refusal(Request(scope)) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> PlainTextResponse | None:
        if not _LOOPBACK.fullmatch(request.headers.get("host", "")):
            return PlainTextResponse("Open this page as http://127.0.0.1 or http://localhost.", 400)
        if request.method == "POST":
            length = request.headers.get("content-length", "")
            if not length.isdecimal():
                return PlainTextResponse("The request does not say how long it is.", 411)
            if int(length) > MOST_BYTES:
                return PlainTextResponse(f"More than {MOST_BYTES:,} bytes are refused.", 413)
        return None


def _policy(nonce: str) -> str:
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


def same(brought: tuple[str, ...], due: tuple[str, ...]) -> bool:
    """Whether these secrets are all equal; the time that it takes does not tell how far."""
    pairs = zip(brought, due, strict=True)
    return all(hmac.compare_digest(a.encode(), b.encode()) for a, b in pairs)


def visible(text: str) -> Markup:
    """``text`` as HTML in which characters that reorder or hide text are named, not obeyed."""
    return Markup("").join(
        Markup('<b class="mark" title="{}">U+{:04X}</b>').format(
            unicodedata.name(c, "control character").lower(), ord(c)
        )
        if _hides(c)
        else escape(c)
        for c in text
    )


def _hides(character: str) -> bool:
    # Joiners are part of emoji and of some scripts' spelling.
    if character in "\n\t\u200c\u200d":
        return False
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")
