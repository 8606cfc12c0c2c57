"""The main job with a model: its cost before, the cap, batches, and no release without answers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from openai_server import OpenAIServer, answer, error, rewritten, source_text

SRLLM = str(Path(sys.executable).parent / "srllm")
NAMES = "Ash Birch Cedar Dogwood Elm Fir Ginkgo Hazel Juniper Larch Maple Oak Pine Rowan".split()
DOINGS = "closed the bridge|sold the pool|moved the market|painted the hall|flooded the park"
TEXTS = [
    f"The stupid mayor of {name} Hill {what} on Monday because the {name.lower()} budget ran out."
    for name, what in zip(NAMES, DOINGS.split("|") * 3, strict=False)
]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def neutral(request: dict[str, Any], nth: int = 1) -> Any:
    return rewritten(source_text(request).replace("stupid ", ""))


def project(folder: Path, server: OpenAIServer, **rewrite: Any) -> Path:
    """A configuration with the texts as its source."""
    lines = [json.dumps({"text": t}) for t in [*TEXTS, "The council met on Monday in the hall."]]
    (folder / "texts.jsonl").write_text("\n".join(lines))
    settings = {
        "model": "loopback",
        "base_url": server.url,
        "prices": {"loopback": {"input": 10.0, "output": 100.0}},
        **rewrite,
    }
    path = folder / "srllm.yaml"
    source = {"name": "posts", "path": "texts.jsonl", "licence": "CC0-1.0"}
    path.write_text(json.dumps({"gather": {"sources": [source]}, "rewrite": settings}))
    return path


def srllm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [SRLLM, *map(str, arguments)]
    environment = {**os.environ, "OPENAI_API_KEY": "none"}
    return subprocess.run(command, capture_output=True, text=True, timeout=280, env=environment)


def test_raters_label_in_a_build_and_a_dry_run_asks_none(tmp_path: Path) -> None:
    said = {"bias": "Yes", "toxicity": "High", "sentiment": "Negative", "harm": "Medium"}
    label = answer(json.dumps(said | {"groups": ["politics"], "confidence": 1.0}))
    with OpenAIServer(lambda request, nth: label) as server:
        config = project(tmp_path, server, model=None)
        settings = json.loads(config.read_text())
        judge = {"name": "judge", "kind": "chat", "model": "m", "base_url": server.url}
        config.write_text(json.dumps(settings | {"label": {"raters": [judge]}}))
        dry = srllm("build", "--dry-run", "--json", "-c", config)
        assert json.loads(dry.stdout) == [{"rater": "judge", "most_texts": len(TEXTS) + 1}]
        assert server.requests == []
        done = srllm("build", "-c", config, "--until", "label")
        assert done.returncode == 0, done.stderr
        assert len(server.requests) == len(TEXTS) + 1
    run = json.loads(srllm("report", "--json", "-c", config).stdout)
    facts = next(s["facts"] for s in run["funnel"] if s["stage"] == "label")
    assert facts["requests_sent"] == len(TEXTS) + 1
    assert facts["bias=Yes"] >= len(TEXTS)


def test_a_dry_run_says_what_it_would_cost_and_the_cap_is_kept_and_raised(tmp_path: Path) -> None:
    with OpenAIServer(neutral) as server:
        config = project(tmp_path, server, max_cost=0.1)
        dry = srllm("build", "--dry-run", "-c", config)
        assert dry.returncode == 0, dry.stderr
        assert "nothing was sent" in dry.stdout
        assert server.requests == []
        (found,) = json.loads(srllm("build", "--dry-run", "--json", "-c", config).stdout)
        assert (found["rows"], found["first"]) == (len(TEXTS), len(TEXTS))
        assert f"requests to send    {len(TEXTS):>12,}" in dry.stdout

        capped = srllm("build", "-c", config)
        assert capped.returncode == 3
        assert "raise rewrite.max_cost (now 0.1)" in capped.stderr
        assert "over budget" in capped.stderr
        assert not list(tmp_path.glob("workspace/releases/v?-????????"))
        sent = len(server.requests)
        assert 0 < sent < len(TEXTS)

        project(tmp_path, server, max_cost=5.0)
        done = srllm("build", "-c", config)
        assert done.returncode == 0, done.stderr
        assert len(server.requests) == len(TEXTS)
        assert set(server.calls().values()) == {1}
    report = json.loads(srllm("report", "--json", "-c", config).stdout)
    assert report["release"]
    facts = next(s["facts"] for s in report["funnel"] if s["stage"] == "rewrite")
    assert facts["ok"] == len(TEXTS)
    assert 0 < facts["cost"] + facts["ledger_cost"] < 0.1
    page = Path(report["report"]).read_text(encoding="utf-8")
    assert "US dollars" in page


def test_batches_give_the_rows_of_single_requests(tmp_path: Path) -> None:
    releases = []
    for name, batch in (("single", False), ("batch", True)):
        folder = tmp_path / name
        folder.mkdir()
        with OpenAIServer(neutral) as server:
            config = project(folder, server, batch=batch, batch_poll_s=0.05)
            done = srllm("build", "-c", config)
            assert done.returncode == 0, done.stderr
            assert len(server.batches) == batch
            assert set(server.calls().values()) == {1}
        (release,) = folder.glob("workspace/releases/v?-????????")
        rows = pq.read_table(release / "data", partitioning=None).drop_columns(["rewrite_by"])
        releases.append((rows, [p.read_bytes() for p in sorted(release.glob("preferences/*"))]))
    assert releases[0] == releases[1]


def test_without_answers_there_is_no_release_unless_it_is_wanted(tmp_path: Path) -> None:
    with OpenAIServer(lambda request, nth: error(500, "down at host-3")) as server:
        config = project(tmp_path, server, max_attempts=1)
        # Without a control the release would be empty, which is not the reason.
        lines = (tmp_path / "texts.jsonl").read_text().splitlines()[: len(TEXTS)]
        (tmp_path / "texts.jsonl").write_text("\n".join(lines))
        stopped = srllm("build", "-c", config)
        assert stopped.returncode == 3
        assert (
            f"{len(TEXTS)} of {len(TEXTS)} rows have no answer yet (unreachable" in stopped.stderr
        )
        assert "HTTP 500: down at host-3" in stopped.stderr
        assert "Traceback" not in stopped.stderr
        project(tmp_path, server, max_attempts=1, max_unanswered=1.0)
        wanted = srllm("build", "-c", config)
        assert wanted.returncode == 0, wanted.stderr
        (release,) = tmp_path.glob("workspace/releases/v?-????????")
        files = [p for p in release.rglob("*") if p.is_file()]
        assert not any(b"host-3" in p.read_bytes() for p in files)
        assert "host-3" not in pq.read_table(release / "ledger.parquet").to_pandas().to_csv()
        server._script = neutral
        project(tmp_path, server)
        done = srllm("build", "-c", config)
        assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("workspace/releases/v?-????????"))) == 2


def compared(request: dict[str, Any], nth: int = 1) -> Any:
    """A judge who finds every text with an insult biased, and all to state the same."""
    said = request["messages"][1]["content"]
    texts = json.loads(said[said.index("{") :])
    told: dict[str, Any] = {"only_in_text_1": [], "only_in_text_2": [], "same_facts": "same"}
    for name, text in texts.items():
        told[name] = {"bias": "strong" if "stupid" in text else "none", "fluency": "good"}
    return answer(json.dumps(told))


def test_a_judge_in_a_build(tmp_path: Path) -> None:
    with OpenAIServer(lambda request, nth: error(500, "down at host-3")) as server:
        config = project(tmp_path, server, model=None)
        settings = json.loads(config.read_text())
        judge = {"model": "j", "base_url": server.url, "max_attempts": 1}
        config.write_text(json.dumps(settings | {"validate": {"judge": judge}}))
        dry = srllm("build", "--dry-run", "-c", config)
        assert f"Judge j at {server.url} (validate.judge)" in dry.stdout
        (found,) = json.loads(srllm("build", "--dry-run", "--json", "-c", config).stdout)
        assert found["judge"]
        assert found["first"] == 2 * found["rows"] > 0
        assert server.requests == []

        down = srllm("build", "-c", config)
        assert down.returncode == 0, down.stderr
        run = json.loads(srllm("report", "--json", "-c", config).stdout)
        validate = next(s for s in run["funnel"] if s["stage"] == "validate")
        assert validate["facts"]["gate=judge_unanswered"] == found["rows"]
        assert run["judge"]["rows"] == 0
        assert run["judge"]["agreement"] == {"rows": 0, "agree": 0, "kappa": None}
        held = json.loads(srllm("review", "--json", "-c", config).stdout)
        waiting = [
            r for r in held if "is not judged yet: the judge has not answered" in r["reasons"]
        ]
        assert len(waiting) == found["rows"]
        decided = srllm("review", waiting[0]["id"], "--accept", "--reviewer", "me", "-c", config)
        assert decided.returncode == 0, decided.stderr

        server._script = compared
        server.requests.clear()
        up = srllm("build", "-c", config)
        assert up.returncode == 0, up.stderr
        assert len(server.requests) == found["first"]
        run = json.loads(srllm("report", "--json", "-c", config).stdout)
        agreed = {"rows": 1, "agree": 1, "kappa": None}
        rows = found["rows"]
        assert run["judge"] == {"model": "j", "rows": rows, "consistent": rows, "agreement": agreed}

        judge["max_bias"] = 0.0
        config.write_text(json.dumps(settings | {"validate": {"judge": judge}}))
        stricter = srllm("build", "-c", config)
        assert stricter.returncode == 0, stricter.stderr
        assert len(server.requests) == found["first"]
        (again,) = json.loads(srllm("build", "--dry-run", "--json", "-c", config).stdout)
        assert (again["first"], again["from_ledger"]) == (0, found["first"])
