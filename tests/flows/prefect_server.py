"""A real Prefect server on loopback, with the deployments of prefect.yaml and workers."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """The server's API, asked as its own clients ask it."""

    def __init__(self, home: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}/api"
        self.home = home
        self.environment = {
            **os.environ,
            "DO_NOT_TRACK": "1",
            "PREFECT_API_URL": self.url,
            "PREFECT_HOME": str(home / ".prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "SRLLM_HOME": str(home),
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str) -> None:
        log = (self.home / f"{'-'.join(arguments[:4])}.log").open("wb")
        command = [str(BIN / "prefect"), *arguments]
        self.processes.append(
            subprocess.Popen(
                command,
                env=self.environment,
                cwd=self.home,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        )

    def prefect(self, *arguments: str) -> None:
        done = subprocess.run(
            [str(BIN / "prefect"), *arguments],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def until(self, found: Any, seconds: float, what: str) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if value := found():
                    return value
            except OSError:
                pass
            time.sleep(1)
        logs = "".join(p.read_text(errors="replace")[-3000:] for p in self.home.glob("*.log"))
        pytest.fail(f"{what} did not happen in {seconds} s\n{logs}")

    def stop(self) -> None:
        for process in reversed(self.processes):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def deployed(home: Path, deployments: str, pools: tuple[str, ...]) -> Iterator[Server]:
    """A server that runs ``deployments`` (the text of a prefect.yaml) in ``home``.

    pools: those that have a worker.
    """
    shutil.copytree(ROOT / "flows", home / "flows")
    (home / "prefect.yaml").write_text(deployments, encoding="utf-8")
    server = Server(home)
    try:
        port = server.url.split(":")[2].split("/")[0]
        server.start("server", "start", "--host", "127.0.0.1", "--port", port)
        server.until(lambda: server.ask("/health"), 120, "The server's start")
        for pool in ("local", "gpu"):
            server.prefect("work-pool", "create", pool, "--type", "process")
        server.prefect("--no-prompt", "deploy", "--all")
        for pool in pools:
            server.start("worker", "start", "--pool", pool, "--type", "process")
        yield server
    finally:
        server.stop()


def completed(server: Server, deployment: str) -> Any:
    """The first run of a deployment that ended well, if one has; no run at all may have failed."""
    runs = server.ask("/flow_runs/filter", {"sort": "START_TIME_ASC", "limit": 50})
    ended = [r for r in runs if r["deployment_id"] == deployment and r["state_type"] == "COMPLETED"]
    failed = [r for r in runs if r["state_type"] in ("FAILED", "CRASHED")]
    assert not failed, failed[0]["state"]["message"]
    return ended[0] if ended else None
