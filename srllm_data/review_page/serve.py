"""The server of the review page: one process, on this machine only."""

import errno
import socket
import sys
from contextlib import suppress

import uvicorn

from srllm_data.errors import SrllmError
from srllm_data.review_page.app import make_app
from srllm_data.workspace import Workspace

HOST = "127.0.0.1"


def serve(workspace: Workspace, port: int, reviewer: str, build: str) -> None:
    """Serve the review page of ``workspace`` until Ctrl-C.

    port: 0 takes any that is free. build: the command that applies decisions. SrllmError where the
    port cannot be used.
    """
    with listen(port) as listener:
        address = f"http://{HOST}:{listener.getsockname()[1]}/"
        print(f"Review page: {address}  (Ctrl-C stops it)", file=sys.stderr, flush=True)
        with suppress(KeyboardInterrupt):
            server(workspace, reviewer, build).run(sockets=[listener])
    print(f"Stopped. Every decision is kept; to apply them, run: {build}", file=sys.stderr)


def listen(port: int) -> socket.socket:
    """A socket on ``port`` of this machine."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SrllmError(f"Port {port} is taken; give another one with --port.") from None
        raise SrllmError(
            f"Port {port} cannot be used ({error.strerror}); give another one with --port."
        ) from None
    return listener


def server(workspace: Workspace, reviewer: str, build: str) -> uvicorn.Server:
    """The server, which logs errors only: addresses and texts are nobody's business."""
    return uvicorn.Server(
        uvicorn.Config(
            make_app(workspace, reviewer, build),
            access_log=False,
            log_level="error",
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=3,
        )
    )
