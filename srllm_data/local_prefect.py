"""Prefect as the command line uses it: quiet, and with a server of its own for one run."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from srllm_data.errors import StoreError
from srllm_data.workspace import explained

#: With less, Prefect's database cannot grow, which its server meets by hanging.
LEAST_FREE_BYTES = 20_000_000
#: What waits for the end of this process; without a reference its pipe would close at once.
_watches: list[subprocess.Popen[bytes]] = []


def has_server() -> bool:
    """Whether there is a Prefect server to use, so that none is started for one run."""
    return "PREFECT_API_URL" in os.environ


@contextmanager
def local_prefect(workspace: Path) -> Iterator[None]:
    """Run flows without a server to set up, unless PREFECT_API_URL names one.

    Prefect's database is in the workspace. StoreError where it cannot be written.
    """
    with explained(workspace):
        workspace.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(workspace).free
    if free < LEAST_FREE_BYTES:
        raise StoreError(
            f"The disk under {workspace} is full ({free / 1e6:.1f} MB left); free some space and "
            "run the same command again: everything finished so far is kept."
        )
    if not has_server():
        home = workspace / ".prefect"
        if not home.is_dir():
            print("Preparing Prefect's database for this workspace ...", file=sys.stderr)
        with explained(home):
            home.mkdir(parents=True, exist_ok=True)
        quiet = {
            "PREFECT_HOME": str(home),
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
            "PREFECT_LOGGING_LEVEL": "CRITICAL",
            "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
            "PREFECT_LOGGING_TO_API_ENABLED": "false",
        }
        for name, value in quiet.items():
            os.environ.setdefault(name, value)
        with ThreadPoolExecutor(1) as pool:
            started = pool.submit(_start_server)
            import flows.build_dataset  # noqa: F401  (its imports take seconds, too)

            started.result()
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    # Joining the heartbeat thread costs a second a flow; here nobody listens to it.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


def _start_server() -> None:
    """Start the server with SIGINT blocked, which it inherits.

    Ctrl-C reaches every process of a terminal, and without its server the run could not record
    its end but would try to for minutes.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    from prefect.client.orchestration import get_client
    from prefect.server.api.server import SubprocessASGIServer

    with get_client(sync_client=True):
        pass
    if server := SubprocessASGIServer().server_process:
        _end_with_us(server.pid)


def _end_with_us(server: int) -> None:
    """Have the process ``server`` stopped when this one ends, also where it is killed.

    What waits for that reads from a pipe that nobody writes to and that closes with this process.
    """
    _watches.append(
        subprocess.Popen(
            ["/bin/sh", "-c", "read -r _; kill $0", str(server)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    )
