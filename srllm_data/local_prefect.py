"""Prefect as the command line uses it: quiet, and with a server of its own for one run."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from srllm_data.workspace import explained


@contextmanager
def local_prefect(workspace: Path) -> Iterator[None]:
    """Run flows without a server to set up, unless PREFECT_API_URL names one.

    Prefect's database is in the workspace. StoreError where it cannot be written.
    """
    if "PREFECT_API_URL" not in os.environ:
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
        thread = threading.Thread(target=_start_server, daemon=True)
        thread.start()
        import flows.build_dataset  # noqa: F401  (its imports take seconds, as the server does)

        thread.join()
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

    with get_client(sync_client=True):
        pass
