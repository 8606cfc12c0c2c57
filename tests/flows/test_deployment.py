"""A real Prefect server and worker on loopback run the deployments of prefect.yaml."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect_server import ROOT, Server, completed, deployed

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


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    for name, texts in TEXTS.items():
        lines = ["text", *(f'"{t}"' for t in texts)]
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "srllm.yaml").write_text(CONFIG, encoding="utf-8")
    deployments = (ROOT / "prefect.yaml").read_text(encoding="utf-8")
    nightly = 'cron: "0 2 * * *"\n        timezone: UTC'
    assert nightly in deployments
    # The schedule is the only thing that the test changes: it cannot wait for the night.
    often = deployments.replace(nightly, "interval: 20")
    with deployed(tmp_path, often, ("local",)) as server:
        yield server


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
