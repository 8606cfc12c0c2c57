"""The main job through the command line: the sample corpus from raw text to a release."""

import filecmp
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from srllm_data.account import dispositions
from srllm_data.schema import DISPOSITIONS, STAGES
from srllm_data.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "data" / "sample"
SRLLM = str(Path(sys.executable).parent / "srllm")
#: Sources of the sample corpus: name, column with the key.
FILES = {"news": "news.csv", "comments": "comments.tsv", "posts": "posts.jsonl"}

pytestmark = pytest.mark.slow


def srllm(
    *arguments: str | Path, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SRLLM, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("demo")
    done = srllm("build", "-c", SAMPLE / "srllm.yaml", "-w", workspace)
    assert done.returncode == 0, done.stderr
    assert "Release" in done.stdout
    return workspace


def record(workspace: Path) -> dict[str, Any]:
    return Workspace(workspace).last_run()


def keys(workspace: Path) -> dict[str, str]:
    return {s: v["key"] for s, v in record(workspace)["stages"].items()}


def planted() -> dict[tuple[str, str], str]:
    """Kind of each row of the corpus by source and key."""
    import csv

    kinds = {}
    for source, name in FILES.items():
        with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
            if name.endswith("jsonl"):
                rows = [json.loads(line) for line in file]
            else:
                rows = list(csv.DictReader(file, delimiter="\t" if name.endswith("tsv") else ","))
        for row in rows:
            key = row.get("key") or row.get("id") or row.get("post_id")
            kinds[source, key] = row["kind"]
    return kinds


@pytest.mark.timeout(300)
def test_every_gathered_row_ends_once(built: Path) -> None:
    run = record(built)
    assert [s["stage"] for s in run["funnel"]] == list(STAGES)
    ends = dispositions(Workspace(built), keys(built))
    assert ends.num_rows == run["funnel"][0]["rows_in"] == len(planted())
    assert set(ends["disposition"].to_pylist()) <= set(DISPOSITIONS)
    assert Counter(ends["id"].to_pylist()).most_common(1)[0][1] == 1


def test_what_was_planted_is_found(built: Path) -> None:
    kinds = planted()
    workspace = Workspace(built)
    rows = workspace.kept("gather", keys(built)["gather"])
    kind_of = {
        row["id"]: kinds[row["source"], row["source_key"]]
        for row in rows.select(["id", "source", "source_key"]).to_pylist()
    }
    ends: dict[str, Counter[str]] = {}
    for row in dispositions(workspace, keys(built)).to_pylist():
        ends.setdefault(kind_of[row["id"]], Counter())[row["disposition"]] += 1
    assert ends["other_language"].keys() == {"filtered"}
    assert ends["noise"].keys() == {"filtered"}
    for kind in ("duplicate", "near_duplicate"):
        assert ends[kind]["duplicate"] >= 0.9 * ends[kind].total()
    # Look-alikes of this corpus were written to fool whoever counts words.
    for kind, share in (("neutral", 0.9), ("lookalike", 0.7)):
        assert ends[kind]["control"] >= share * ends[kind].total()
    assert ends["biased"]["control"] <= 0.45 * ends["biased"].total()
    assert ends["biased"]["released"] >= 35


def test_the_release_opens_as_a_dataset(built: Path) -> None:
    from datasets import load_dataset

    path = Path(record(built)["release"])
    dataset = load_dataset(str(path), cache_dir=str(built / "hf"))
    manifest = json.loads((path / "manifest.json").read_text())
    assert {s: d.num_rows for s, d in dataset.items()} == manifest["rows"]
    clusters = [set(d["cluster"]) for d in dataset.values()]
    assert sum(map(len, clusters)) == len(set().union(*clusters))
    for split in dataset.values():
        for row in split:
            assert row["rewrite"].strip()
            assert row["licence"] == "CC0-1.0"
            assert (row["rewrite"] == row["text"]) == row["control"]


def test_data_docs_lie_beside_the_release_and_ask_no_other_host(built: Path) -> None:
    release = Path(record(built)["release"])
    pages = list(release.with_name(release.name + ".data_docs").glob("*.html"))
    assert len(pages) == 7
    for page in pages:
        assert "http://" not in page.read_text()
        assert "https://" not in page.read_text()


def test_planted_personal_data_is_not_in_the_release(built: Path) -> None:
    release = Path(record(built)["release"])
    # Stand-ins are addresses and numbers for tests, as the planted ones are.
    content = b"".join(
        json.dumps(row | {"entities": None}, ensure_ascii=False).encode()
        for path in sorted((release / "data").glob("*.parquet"))
        for row in __import__("pyarrow.parquet").parquet.read_table(path).to_pylist()
    )
    for secret in (b"@example.com", b"4111 1111", b"5555 5555", b"192.0.2.", b"198.51.100."):
        assert secret not in content


@pytest.mark.timeout(300)
def test_no_trivial_system_gets_a_biased_row_accepted(built: Path) -> None:
    *trivial, own = record(built)["trivial"]
    assert len(trivial) == 6
    assert all(s["rows"] == 100 and s["accept"] == 0 for s in trivial)
    assert {s["system"]: s["controls_accepted"] for s in trivial}["copy"] == 100
    assert own["accept"] > 0
    assert own["accept"] + own["hold"] + own["reject"] == own["rows"]
    rows = Workspace(built).kept("label", keys(built)["label"])
    assert own["rows"] == rows["control"].to_pylist().count(False)


def test_by_default_models_read_every_rewrite(tmp_path: Path) -> None:
    config = tmp_path / "few.yaml"
    config.write_text(
        f"gather: {{sources: [{{name: news, path: {SAMPLE / 'news.csv'}, licence: CC0-1.0, "
        "limit: 30}]}\n"
    )
    done = srllm("build", "-c", config, "-w", tmp_path / "w", SRLLM_VALIDATE__FLUENCY="smollm2")
    assert done.returncode == 0, done.stderr
    workspace = Workspace(tmp_path / "w")
    rows = workspace.kept("validate", keys(tmp_path / "w")["validate"]).to_pylist()
    read = [{s["name"] for s in r["signals"]} for r in rows if not r["control"]]
    assert read
    assert all({"similarity", "perplexity_ratio"} <= names for names in read)


def test_a_second_build_takes_everything_from_the_store(built: Path) -> None:
    before = record(built)
    done = srllm("build", "-c", SAMPLE / "srllm.yaml", "-w", built)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("from the store") == len(STAGES)
    after = record(built)
    assert after["run"] != before["run"]
    assert after["release"] == before["release"]
    assert len(list((built / "releases").glob("v*/"))) == 2  # the release and its Data Docs


def test_status_names_what_changed(built: Path, tmp_path: Path) -> None:
    fresh = srllm("status", "-c", SAMPLE / "srllm.yaml", "-w", built)
    assert fresh.stdout.count(" fresh ") == len(STAGES)
    changed = srllm(
        "status", "-c", SAMPLE / "srllm.yaml", "-w", built, SRLLM_LABEL__BIAS_THRESHOLD="0.4"
    )
    lines = changed.stdout.splitlines()
    assert [" fresh " in line for line in lines] == [True] * 4 + [False] * 5
    assert "bias_threshold was 0.35 and is 0.4" in lines[4]
    assert "input changed" in lines[5]


def test_explain_hides_texts_unless_asked(built: Path) -> None:
    workspace = Workspace(built)
    row = workspace.kept("release", keys(built)["release"]).to_pylist()[0]
    options = ("-c", SAMPLE / "srllm.yaml", "-w", built)
    hidden = srllm("explain", row["id"][:8], *options).stdout
    shown = srllm("explain", row["id"], "--text", *options).stdout
    assert row["text"] not in hidden
    assert row["text"] in shown
    assert [line.split(":")[0] for line in hidden.splitlines() if line[0] not in " ("] == [*STAGES]
    way = json.loads(srllm("explain", row["id"], "--json", *options).stdout)
    assert [step["stage"] for step in way] == list(STAGES)


@pytest.mark.timeout(400)
def test_a_curators_decision_reaches_the_next_release(built: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "copy"
    shutil.copytree(built, workspace)
    options = ("-c", SAMPLE / "srllm.yaml", "-w", workspace)
    waiting = json.loads(srllm("review", "--json", *options).stdout)
    assert waiting
    assert all("text" not in row for row in waiting)
    first = waiting[0]["id"]
    anonymous = srllm("review", first, "--accept", *options)
    assert anonymous.returncode == 1
    assert "--reviewer" in anonymous.stderr
    decided = srllm(
        "review", first, "--edit", "A curator's own words.", "--reviewer", "ann", *options
    )
    assert decided.returncode == 0, decided.stderr
    assert srllm("build", "--from", "review", *options).returncode == 0
    release = Path(record(workspace)["release"])
    assert release.name.startswith("v2-")
    ends = {r["id"]: r for r in dispositions(Workspace(workspace), keys(workspace)).to_pylist()}
    assert ends[first]["disposition"] == "released"
    assert first not in {r["id"] for r in json.loads(srllm("review", "--json", *options).stdout)}


@pytest.mark.timeout(400)
def test_the_same_input_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(SAMPLE, moved)
    workspace = tmp_path / "workspace"
    done = srllm(
        "build", "-c", moved / "srllm.yaml", "-w", workspace, SRLLM_ENGINE__PART_ROWS="100"
    )
    assert done.returncode == 0, done.stderr
    mine, other = (Path(record(w)["release"]) for w in (workspace, built))
    assert mine.name == other.name
    names = [str(p.relative_to(mine)) for p in mine.rglob("*") if p.is_file()]
    same, different, missing = filecmp.cmpfiles(mine, other, names, shallow=False)
    assert (different, missing) == ([], [])
    assert len(same) >= 6


@pytest.mark.timeout(400)
def test_a_killed_build_goes_on_and_ends_with_the_same_bytes(built: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    command = [SRLLM, "build", "-c", str(SAMPLE / "srllm.yaml"), "-w", str(workspace)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and not list(workspace.glob("stages/redact/*/manifest.json")):
        time.sleep(0.1)
    started = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    _, left = psutil.wait_procs(started, timeout=30)
    assert not left, "what the build started ends with it"
    done = srllm(*command[1:])
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("from the store") >= 4
    assert Path(record(workspace)["release"]).name == Path(record(built)["release"]).name


@pytest.mark.timeout(300)
def test_ctrl_c_is_one_sentence_and_loses_nothing(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    command = [SRLLM, "build", "-c", str(SAMPLE / "srllm.yaml"), "-w", str(workspace)]
    # Files, not pipes: a server that outlived the command would hold a pipe open.
    with (tmp_path / "said").open("w") as file:
        process = subprocess.Popen(command, stderr=file, stdout=file, start_new_session=True)
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and not list(workspace.glob("stages/clean/*/manifest.json")):
        time.sleep(0.1)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=180)
    said = (tmp_path / "said").read_text()
    assert process.returncode == 130, said
    assert "Stopped; everything finished so far is kept" in said
    assert "Traceback" not in said
    again = srllm("build", "-c", SAMPLE / "srllm.yaml", "-w", workspace, "--until", "redact")
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("from the store") >= 2
