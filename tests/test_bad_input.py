"""Bad input and bad places through the command line: one sentence, and every other row goes on."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from srllm_data.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
SRLLM = str(Path(sys.executable).parent / "srllm")
GOOD = "The {} bus to Mill Lane left nine minutes late on Monday, said the driver."

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=280)


def project(folder: Path, *sources: str, **files: bytes) -> None:
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_bytes(content)
    listed = "\n".join(f"    - {{licence: CC0-1.0, {source}}}" for source in sources)
    (folder / "srllm.yaml").write_text(f"workspace: workspace\ngather:\n  sources:\n{listed}\n")


def in_namespace(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script that may mount file systems of its own."""
    mount = ["unshare", "-rm", "sh", "-c", f"mount -t tmpfs none {cwd}"]
    if not shutil.which("unshare") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs a kernel that lets this user mount a file system of its own")
    return run("unshare", "-rm", "sh", "-c", script, cwd=cwd)


def only_sentence(stderr: str) -> str:
    said = [line for line in stderr.splitlines() if line.startswith("srllm: ")]
    assert len(said) == 1
    assert "Traceback" not in stderr
    return said[0]


@pytest.fixture(autouse=True)
def _one_database(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefect takes ten seconds to make a database; these tests share one."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path_factory.getbasetemp() / "prefect"))


def test_bad_files_cost_no_other_row(tmp_path: Path) -> None:
    rows = [GOOD.format(n).encode() for n in ("first", "second", "third", "fourth")]
    project(
        tmp_path,
        "name: empty, path: empty.csv",
        "name: header, path: header.csv",
        "name: semicolons, path: semicolons.csv",
        "name: twice, path: twice.csv",
        "name: unmapped, path: unmapped.csv, columns: {text: body}",
        "name: missing, path: no/such/file.csv",
        "name: folder, path: .",
        "name: broken, path: broken.csv",
        "name: windows, path: windows.csv",
        "name: mixed, path: mixed.jsonl",
        empty__csv=b"",
        header__csv=b"id,text\n",
        semicolons__csv=b"id;text\n1;" + rows[0] + b"\n",
        twice__csv=b"text,text\na,b\n",
        unmapped__csv=b"id,text\n1,x\n",
        broken__csv=b"\n".join(
            [
                b"id,text",
                b'1,"' + rows[0] + b'"',
                b"2,too,many,fields,here",
                b'3,"caf\xe9 caf\xe9"',
                b'4,"nul \x00 ' + rows[1] + b'"',
                b"5," + b"x" * 5_000_000,
                b'6,"' + rows[2] + b'"',
                b"",
            ]
        ),
        windows__csv=b"\xef\xbb\xbfid,text\r\n1," + rows[3].replace(b",", b"") + b"\r\n",
        mixed__jsonl=b'{"text": 7}\n{"text": ["a"]}\n{oops\n{"text": "' + rows[0] + b'"}\n',
    )
    done = run(SRLLM, "build", "--until", "clean", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    bad = ("empty", "header", "semicolons", "twice", "unmapped", "missing", "folder")
    for name in bad:
        assert f"Warning: Source '{name}': " in shown
    assert "Traceback" not in done.stdout + done.stderr

    workspace = Workspace(tmp_path / "workspace")
    record = workspace.last_run()
    keys = {s: v["key"] for s, v in record["stages"].items()}
    kept = workspace.kept("clean", keys["clean"]).to_pylist()
    assert [r["source"] for r in kept] == ["broken", "broken", "broken", "windows", "mixed"]
    dropped = workspace.dropped("gather", keys["gather"]).to_pylist()
    assert len(dropped) == 5
    assert all(r["disposition"] == "filtered" for r in dropped)
    for place in (
        "broken.csv:3",
        "broken.csv:4",
        "mixed.jsonl:1",
        "mixed.jsonl:2",
        "mixed.jsonl:3",
    ):
        assert sum(place in r["detail"] for r in dropped) == 1
    (too_long,) = workspace.dropped("clean", keys["clean"]).to_pylist()
    assert too_long["reason"] == "too_long"


def test_a_required_source_that_cannot_be_read_stops_the_build(tmp_path: Path) -> None:
    project(tmp_path, "name: a, path: a.csv, required: true", "name: b, path: b.csv")
    (tmp_path / "b.csv").write_text(f'text\n"{GOOD}"\n')
    done = run(SRLLM, "build", "--until", "clean", cwd=tmp_path)
    assert done.returncode == 1
    assert "a.csv" in only_sentence(done.stderr)
    (tmp_path / "a.csv").write_text(f'text\n"{GOOD}"\n')
    again = run(SRLLM, "build", "--until", "clean", cwd=tmp_path)
    assert again.returncode == 0, again.stderr


def test_a_file_that_may_not_be_read_stops_its_source_only(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    project(tmp_path, "name: a, path: a.csv", "name: b, path: b.csv", a__csv=b"x", b__csv=b"text\n")
    (tmp_path / "b.csv").write_text(f'text\n"{GOOD}"\n')
    (tmp_path / "a.csv").chmod(0)
    done = run(SRLLM, "build", "--until", "clean", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Source 'a'" in done.stdout


def test_a_workspace_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    project(tmp_path, "name: a, path: a.csv", a__csv=f'text\n"{GOOD}"\n'.encode())
    (tmp_path / "file").write_text("")
    done = run(SRLLM, "build", "-w", "file", cwd=tmp_path)
    assert done.returncode == 1
    assert "file" in only_sentence(done.stderr)

    (tmp_path / "fixed").mkdir()
    done = in_namespace(
        f"mount -t tmpfs -o ro none fixed && exec {SRLLM} build -w fixed/workspace", tmp_path
    )
    assert done.returncode == 1
    assert f"No permission to write {tmp_path}/fixed/workspace" in only_sentence(done.stderr)


def test_a_full_disk_is_one_sentence_and_the_next_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_HOME")
    random.seed(7)
    long = ["".join(random.choices("abcdefghij klmnopqrstuvwxyz", k=2000)) for _ in range(20_000)]
    project(tmp_path, "name: a, path: a.csv", a__csv="\n".join(["text", *long]).encode())
    (tmp_path / "small").mkdir()
    build = f"{SRLLM} build -w small/workspace --until gather"
    done = in_namespace(
        f"mount -t tmpfs -o size=5m none small && {build}; echo ended $?;"
        f"mount -o remount,size=25m small && {build}; echo ended $?;"
        f"mount -o remount,size=200m small && {build}; echo ended $?",
        tmp_path,
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("srllm: ")]
    assert len(said) == 2
    assert all("full" in line and "run the same command again" in line for line in said)
    assert "Traceback" not in done.stderr
    assert [s for s in done.stdout.splitlines() if s.startswith("ended")] == [
        "ended 1",
        "ended 1",
        "ended 0",
    ]


def test_a_critical_expectation_stops_the_flow_before_the_release(tmp_path: Path) -> None:
    texts = [GOOD.format(n) for n in ("first", "early", "last")]
    project(
        tmp_path,
        "name: a, path: a.csv",
        a__csv="\n".join(["text", *(f'"{t}"' for t in texts)]).encode(),
    )
    shutil.copytree(ROOT / "expectations", tmp_path / "suites")
    with (tmp_path / "srllm.yaml").open("a") as file:
        file.write("validate: {expectations: suites}\n")
    path = tmp_path / "suites" / "labelled.json"
    suite = json.loads(path.read_text())
    strict = {
        "type": "expect_table_row_count_to_be_between",
        "kwargs": {"min_value": 1000},
        "severity": "critical",
        "meta": {"says": "there are at least 1,000 rows"},
    }
    kept = suite["expectations"]
    path.write_text(json.dumps({**suite, "expectations": [*kept, strict]}))

    done = run(SRLLM, "build", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    said = only_sentence(done.stderr)
    assert "there are at least 1,000 rows" in said
    report = Path(said.rsplit("Report: ", 1)[1])
    assert "at least 1,000 rows" in (tmp_path / report).read_text()
    assert not (tmp_path / "workspace" / "releases").exists()

    path.write_text(json.dumps({**suite, "expectations": [*kept, {**strict, "severity": "info"}]}))
    again = run(SRLLM, "build", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("from the store") == 5
    assert "at least 1,000 rows" in again.stdout

    forced = run(SRLLM, "build", "--only", "clean", "--force", cwd=tmp_path)
    assert forced.returncode == 0, forced.stderr
    assert "from the store" not in forced.stderr
    assert forced.stderr.count(" kept ") == 1
