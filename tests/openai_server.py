"""A loopback server that speaks the protocols of endpoints and fails as it is told to.

``with OpenAIServer(script) as server``: ``script(request)`` gets each request body (a dict) with
its number so far among equal prompts and returns what to send: a :class:`Response`, made with
:func:`answer` or :func:`error`, or one of the faults RESET, HANG and CUT_BODY.
"""

import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal


@dataclass(frozen=True)
class Response:
    """One HTTP response; ``fault`` breaks it below HTTP: slow sends its bytes one by one."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fault: Literal["reset", "hang", "cut_body", "slow"] | None = None
    delay_s: float = 0.0


#: Where questions are sent to, and the header that carries the key.
ASKED = {
    "/v1/chat/completions": "Authorization",
    "/v1/moderations": "Authorization",
    "/v1/comments:analyze": "X-Goog-Api-Key",
}
RESET = Response(fault="reset")
HANG = Response(fault="hang")


def answer(
    content: str | None,
    finish_reason: str = "stop",
    refusal: str | None = None,
    delay_s: float = 0.0,
    fault: Literal["cut_body", "slow"] | None = None,
) -> Response:
    """A completion; token counts are words."""
    completion = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "loopback",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": refusal},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": len((content or "").split()),
            "total_tokens": 100 + len((content or "").split()),
        },
    }
    return Response(json.dumps(completion).encode(), delay_s=delay_s, fault=fault)


def rewritten(text: str, **options: Any) -> Response:
    """A well-formed answer with the rewrite ``text``."""
    return answer(json.dumps({"rewrite": text}), **options)


def moderated(**scores: object) -> Response:
    """A moderation's scores; a double underscore in a name stands for a slash."""
    named = {name.replace("__", "/"): value for name, value in scores.items()}
    flagged = dict.fromkeys(named, False)
    result = {"flagged": False, "categories": flagged, "category_scores": named}
    body = {"id": "modr-1", "model": "omni-moderation-latest", "results": [result]}
    return Response(json.dumps(body).encode())


def analyzed(**scores: object) -> Response:
    """The Perspective API's scores."""
    named = {
        name: {"summaryScore": {"value": value, "type": "PROBABILITY"}}
        for name, value in scores.items()
    }
    return Response(json.dumps({"attributeScores": named, "languages": ["en"]}).encode())


def error(
    status: int,
    message: str = "",
    code: str | None = None,
    param: str | None = None,
    **headers: str,
) -> Response:
    """An error in OpenAI's shape; underscores in header names stand for hyphens."""
    body = {"error": {"message": message, "type": "error", "code": code, "param": param}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps(body).encode(), status, named)


def source_text(request: dict[str, Any]) -> str:
    """The text that ``request`` is about; of a chat the last ``{"text": ...}`` of the user."""
    if "comment" in request:
        return str(request["comment"]["text"])
    if "input" in request:
        return str(request["input"])
    decoder = json.JSONDecoder()
    for message in reversed(request["messages"]):
        at = message["content"].find('{"text"')
        if message["role"] == "user" and at >= 0:
            text: str = decoder.raw_decode(message["content"], at)[0]["text"]
            return text
    raise AssertionError("no text in the request")


class OpenAIServer:
    """Serves the paths of ASKED and the batch API on a free port of the loopback device.

    requests: every request body, in order of arrival, those of batches when they are carried out;
    paths, keys: the paths that they came to and the API keys that came with them. batches: every
    batch, as the API shows it. batch_end: the status that a batch ends with at the second look,
    and the share of its requests that are carried out by then.
    """

    def __init__(self, script: Callable[[dict[str, Any], int], Response]) -> None:
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str] = []
        self.most_at_once = 0
        self.batches: list[dict[str, Any]] = []
        self.batch_end: tuple[str, float] = ("completed", 1.0)
        self._files: list[bytes] = []
        self._script = script
        self._equal: Counter[str] = Counter()
        self._open = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> "OpenAIServer":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def calls(self) -> Counter[str]:
        """Requests by source text."""
        return Counter(source_text(r) for r in self.requests)

    def _answered(self, request: dict[str, Any]) -> Response:
        """Note ``request`` and what the script answers."""
        equal = json.dumps(request.get("messages") or source_text(request))
        with self._lock:
            self.requests.append(request)
            self._equal[equal] += 1
            nth = self._equal[equal]
        return self._script(request, nth)

    def _api(self, path: str, raw: bytes | None) -> Any:
        """The answer of the batch API to a GET (raw is None) or POST; None: no such thing."""
        match path.partition("?")[0].split("/")[2:], raw:
            case ["files"], bytes():
                start = raw.index(b'{"custom_id"')
                self._files.append(raw[start : raw.rindex(b"\n--", start)].strip())
                return {"id": f"file-{len(self._files) - 1}", "object": "file"}
            case ["files", name, "content"], None:
                return self._files[int(name[5:])]
            case ["batches"], bytes():
                asked = json.loads(raw)
                self.batches.append(
                    {
                        "id": f"batch-{len(self.batches)}",
                        "object": "batch",
                        "status": "validating",
                        "input_file_id": asked["input_file_id"],
                        "endpoint": asked["endpoint"],
                        "completion_window": asked["completion_window"],
                        "created_at": 1,
                        "metadata": asked.get("metadata"),
                    }
                )
                return self.batches[-1]
            case ["batches"], None:
                return {"object": "list", "data": self.batches[::-1], "has_more": False}
            case ["batches", name], None:
                return self._carried_out(self.batches[int(name[6:])])
        return None

    def _carried_out(self, batch: dict[str, Any]) -> dict[str, Any]:
        if batch["status"] == "validating":
            batch["status"] = "in_progress"
        elif batch["status"] == "in_progress":
            batch["status"], share = self.batch_end
            lines = self._files[int(batch["input_file_id"][5:])].splitlines()
            done: dict[bool, list[str]] = {True: [], False: []}
            for line in lines[: round(len(lines) * share)]:
                asked = json.loads(line)
                response = self._answered(asked["body"])
                record = {
                    "custom_id": asked["custom_id"],
                    "response": {
                        "status_code": response.status,
                        "body": json.loads(response.body or b"null"),
                    },
                    "error": None,
                }
                done[response.status == 200].append(json.dumps(record))
            for name, fine in (("output_file_id", True), ("error_file_id", False)):
                if done[fine]:
                    self._files.append("\n".join(done[fine]).encode() + b"\n")
                    batch[name] = f"file-{len(self._files) - 1}"
            if batch["status"] == "failed":
                batch["errors"] = {"data": [{"message": "line 1 is odd", "code": "odd"}]}
        return batch

    def _handler(outer) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._api(None)

            def _api(self, raw: bytes | None) -> None:
                found = outer._api(self.path, raw)
                body = found if isinstance(found, bytes) else json.dumps(found).encode()
                self._send(error(404, "unknown path") if found is None else Response(body))

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path not in ASKED:
                    return self._api(raw)
                key = self.headers.get(ASKED[self.path], "missing")
                with outer._lock:
                    outer.paths.append(self.path)
                    outer.keys.append(key.removeprefix("Bearer "))
                    outer._open += 1
                    outer.most_at_once = max(outer.most_at_once, outer._open)
                try:
                    response = outer._answered(json.loads(raw))
                    outer._closing.wait(response.delay_s)
                    self._send(response)
                finally:
                    with outer._lock:
                        outer._open -= 1

            def _send(self, response: Response) -> None:
                if response.fault == "hang":
                    outer._closing.wait()
                    self.close_connection = True
                    return
                if response.fault == "reset":
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                    self.close_connection = True
                    return
                body = response.body
                self.send_response(response.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in response.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if response.fault == "cut_body":
                    body = body[: len(body) // 2]
                    self.close_connection = True
                if response.fault == "slow":
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        outer._closing.wait(0.01)
                    return
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that were killed or gave up leave broken pipes behind."""
