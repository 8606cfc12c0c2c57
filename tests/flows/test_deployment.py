"""A real Prefect server and worker on loopback run the deployments of prefect.yaml."""

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
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
CONFIG = """
workspace: workspace
gather:
  sources:
    - {name: a, path: a.csv, licence: CC0-1.0}
    - {name: b, path: b.csv, licence: CC0-1.0}
"""
TEXTS = {
    "a.csv": [
        "The shameless so-called experts rammed through a ruinous budget of 3 million on Monday.",
        "The library opens at nine and closes at five on weekdays, the council said.",
        "The fucking bus was 40 minutes late again, so I missed the first hour of work.",
    ],
    "b.csv": [
        "These pathetic bureaucrats lost my form twice before they answered in March.",
        "Our street market moves to Mill Lane in April because of the road works there.",
    ],
}


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
        log = (self.home / f"{arguments[0]}.log").open("wb")
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


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    for name, texts in TEXTS.items():
        lines = ["text", *(f'"{t}"' for t in texts)]
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "srllm.yaml").write_text(CONFIG, encoding="utf-8")
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    deployments = (ROOT / "prefect.yaml").read_text(encoding="utf-8")
    nightly = 'cron: "0 2 * * *"\n        timezone: UTC'
    assert nightly in deployments
    # The schedule is the only thing that the test changes: it cannot wait for the night.
    often = deployments.replace(nightly, "interval: 20")
    (tmp_path / "prefect.yaml").write_text(often, encoding="utf-8")
    server = Server(tmp_path)
    try:
        port = server.url.split(":")[2].split("/")[0]
        server.start("server", "start", "--host", "127.0.0.1", "--port", port)
        server.until(lambda: server.ask("/health"), 120, "The server's start")
        server.prefect("work-pool", "create", "local", "--type", "process")
        server.prefect("--no-prompt", "deploy", "--all")
        server.start("worker", "start", "--pool", "local", "--type", "process")
        yield server
    finally:
        server.stop()


def completed(server: Server, deployment: str) -> Any:
    runs = server.ask("/flow_runs/filter", {"sort": "START_TIME_ASC", "limit": 50})
    ended = [r for r in runs if r["deployment_id"] == deployment and r["state_type"] == "COMPLETED"]
    failed = [r for r in runs if r["state_type"] in ("FAILED", "CRASHED")]
    assert not failed, failed[0]["state"]["message"]
    return ended[0] if ended else None


def idle(server: Server) -> bool:
    states = {"type": {"any_": ["PENDING", "RUNNING"]}}
    return not server.ask("/flow_runs/filter", {"flow_runs": {"state": states}})


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_a_scheduled_and_a_parameterised_run_end_with_their_artifacts(server: Server) -> None:
    nightly = server.ask("/deployments/name/build-dataset/nightly")["id"]
    demand = server.ask("/deployments/name/build-dataset/on-demand")["id"]

    scheduled = server.until(lambda: completed(server, nightly), 180, "A scheduled run")
    assert scheduled["auto_scheduled"]
    schedule = server.ask("/deployments/name/build-dataset/nightly")["schedules"][0]["id"]
    server.prefect("deployment", "schedule", "pause", "build-dataset/nightly", schedule)
    # The next scheduled run may have begun; both would build in the same workspace.
    server.until(lambda: idle(server), 180, "The end of the last scheduled run")

    body = {
        "parameters": {"sources": ["b"], "until_stage": "label"},
        "state": {"type": "SCHEDULED"},
    }
    asked = server.ask(f"/deployments/{demand}/create_flow_run", body)
    server.until(lambda: completed(server, demand), 180, "The parameterised run")

    for run, stages in ((scheduled["id"], 9), (asked["id"], 5)):
        found = server.ask("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})
        artifacts = {a["key"]: a for a in found}
        assert set(artifacts) == {"funnel", "report"}
        assert len(json.loads(artifacts["funnel"]["data"])) == stages
        tasks = server.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
        assert {"gather", "clean", "label", "expect-gathered"} <= {
            t["name"].rsplit("-", 1)[0] for t in tasks
        }
    assert len(list((server.home / "workspace" / "releases").glob("v1-*/manifest.json"))) == 1
