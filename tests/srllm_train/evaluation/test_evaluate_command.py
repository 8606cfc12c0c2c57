"""``srllm evaluate`` from the command line to the pages, with a tiny model."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from training import ROWS, Ended, digests, write_rows

Command = Callable[..., Ended]

# peft asks transformers for what has a new name.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    write_rows(path, [{"text": t, "rewrite": r} for t, r in (*ROWS[:2], *ROWS[-2:])])
    return path


@pytest.mark.slow
def test_from_systems_to_a_report_and_again(
    srllm: Command,
    rows: Path,
    llama: Path,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["evaluate", f"base={llama}", f"tuned={finished}", "--on", rows, "-s", "rewriting",
             "-s", "locality", "-s", "matrix", "--baseline", "base"]  # fmt: skip
    ended = srllm(*asked, "--out", "one")
    assert ended.code == 0, ended.err
    assert "tuned" in ended.out
    assert "index.html" in ended.out
    report = json.loads(Path("one/report.json").read_bytes())
    assert [s["name"] for s in report["systems"]][:3] == ["reference", "base", "tuned"]
    assert set(report["outcomes"]) == {"rewriting", "locality", "matrix"}

    # Nothing is asked again, and the same is found.
    again = srllm(*asked, "--out", "two", "--json")
    assert again.code == 0
    assert "rewrites" not in again.err
    assert digests(Path("two")) == digests(Path("one"))
    told = json.loads(again.out)
    assert told["page"] == "two/index.html"
    value, low, high, rows_, seeds = told["figures"]["locality"]["copy"]["preserved"]
    assert (value, high, rows_, seeds) == (1.0, 1.0, 2, 1)
    # Two rows that agree show little.
    assert low == pytest.approx(0.025**0.5, abs=1e-6)
    assert {v["suite"] for v in told["verdicts"]} == {"rewriting", "locality", "matrix"}

    before = digests(Path("one"))
    for page in Path("one").glob("*.html"):
        page.unlink()
    assert srllm("evaluate", "--again", "one/report.json").code == 0
    assert digests(Path("one")) == before

    compared = srllm("evaluate", "--compare", "one", "two", "--json")
    assert compared.code == 0
    assert json.loads(compared.out)
    assert "no difference" in srllm("evaluate", "--compare", "one", "two").out


def test_a_report_lies_in_the_workspace_by_its_digest(
    srllm: Command, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = srllm("evaluate", "editor", "--on", rows, "-s", "locality", "-w", "space", "--json")
    assert ended.code == 0, ended.err
    (folder,) = (tmp_path / "space" / "evaluations").iterdir()
    report = json.loads((folder / "report.json").read_bytes())
    assert report["digest"].startswith(folder.name)


def test_a_damaged_benchmark_costs_no_other(
    srllm: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    damaged = tmp_path / "data" / "pairs" / "paradetox.jsonl"
    write_rows(damaged, [{"id": 1}])
    ended = srllm("evaluate", "editor", "--data", "data", "-s", "locality", "--rows", "2")
    assert ended.code == 0, ended.err
    assert "line 1, lacks 'toxic'" in " ".join(ended.out.split())
    assert "EQ" in ended.out


def test_a_suite_that_breaks_costs_no_other(
    srllm: Command, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trained").mkdir()
    asked = ["evaluate", "editor", "--on", rows, "--trained-on", "trained", "-s", "memorisation"]
    ended = srllm(*asked, "-s", "locality")
    assert ended.code == 0, ended.err
    assert "holds no train.jsonl" in " ".join(ended.out.split())
    # Where nothing can run, there is no report.
    alone = srllm(*asked)
    assert alone.code == 1
    assert "holds no train.jsonl" in alone.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "No system was named"),
        (["editor", "-s", "nothing"], "There is no suite 'nothing'"),
        (["editor", "--baseline", "other"], "'other' is none of the systems"),
        (["editor", "--again", "x"], "--again stands alone"),
        (["--again", "x", "--compare", "a", "b"], "--compare stands alone"),
        (["editor", "--quick", "--rows", "3"], "--quick is --rows 25"),
        (["--again", "nowhere"], "is no whole report"),
        (["editor", "--on", "nowhere.jsonl"], "nowhere.jsonl is no release"),
        (["editor", "-c", "nowhere.yaml"], "nowhere.yaml"),
        (["editor", "--data", "nowhere"], "--data: nowhere is no folder"),
        (["editor", "--trained-on", "nowhere"], "--trained-on: nowhere is no folder"),
        (["editor", "--out", "/proc/nowhere"], "/proc/nowhere cannot be used"),
    ],
)
def test_a_mistake_is_one_sentence(
    srllm: Command,
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = srllm("evaluate", *arguments)
    assert ended.code in (1, 2)
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert len(ended.err.strip().splitlines()) == 1
