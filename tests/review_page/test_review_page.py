"""The review page through a real server on a socket of this machine."""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from srllm_data import cli
from srllm_data.config import ReviewConfig, ValidateConfig
from srllm_data.decisions import DecisionLog
from srllm_data.errors import SrllmError
from srllm_data.review import review
from srllm_data.review_page.guard import MOST_BYTES, visible
from srllm_data.review_page.rows import gate_of
from srllm_data.review_page.serve import listen, server
from srllm_data.schema import schema_after
from srllm_data.validate.gates import CONTROL_GATES, GATES, reason
from srllm_data.workspace import Workspace, write_atomically, write_table

HOSTILE = "<script>alert(1)</script> \u202egnp\u202c & all of them </p><h1>gone</h1>"
LEFT = "is still biased (bias 0.55 after 0.78; at most 0.40 wanted)"
SPAN = "keeps 1 of 2 biased spans word for word"


def row(row_id: str, **values: Any) -> dict[str, Any]:
    axes = {"bias": "Yes", "toxicity": "Mild", "harm": "Low", "sentiment": "Negative"}
    scores = {f"{axis}_score": 0.5 for axis in axes} | {f"{axis}_by": "lexicon-1" for axis in axes}
    return {
        "id": row_id,
        "text": f"worse text {row_id}",
        "rewrite": f"better text {row_id}",
        "source": "posts",
        "licence": "CC0-1.0",
        "target_groups": ["age"],
        "biased_spans": [],
        "priority": 0.5,
        "control": False,
        "rewrite_by": "editor-1",
        "candidates": [],
        "signals": [{"name": "bias_after", "value": 0.55}],
        "verdict": "hold",
        "reasons": [LEFT],
        **axes,
        **scores,
        **values,
    }


ROWS = (
    row("a1", priority=0.9, reasons=[LEFT, SPAN]),
    row("b2", priority=0.7, text=HOSTILE, url="javascript:alert(1)", source="news"),
    row("c3", priority=0.1, candidates=[{"text": "a third way", "model": "m-1", "round": 0}]),
    row("d4", verdict="accept", reasons=[]),
)


class Built:
    """A workspace with finished runs of the stages validate and review, and nothing before."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace(root)
        self.log = DecisionLog(self.workspace.decisions)
        self.runs = 0

    def run(self, *rows: dict[str, Any]) -> "Built":
        """What a build would leave: the review applies the decisions so far."""
        self.runs += 1
        key = f"k{self.runs}"
        judged = pa.Table.from_pylist(list(rows or ROWS), schema=schema_after("validate"))
        reviewed = review(judged, ReviewConfig(), self.log.current(), {})
        for stage, kept in (("validate", judged), ("review", reviewed.kept)):
            folder = self.workspace.folder(stage, key)
            write_table(folder / "part-00000.parquet", kept)
            write_table(folder / "dropped-00000.parquet", reviewed.dropped)
            write_atomically(folder / "manifest.json", b'{"files": {}}')
        name = f"2026112{self.runs}T000000"
        stages = {stage: {"key": key} for stage in ("validate", "review")}
        record = {"run": name, "stages": stages, "release": None}
        folder = self.workspace.root / "runs" / name
        write_atomically(folder / "report.html", b"<h1>The report</h1>")
        write_atomically(folder / "run.json", json.dumps(record).encode())
        return self


class Curator:
    """A browser of somebody who decides."""

    def __init__(self, port: int) -> None:
        self.browser = httpx.Client(base_url=f"http://127.0.0.1:{port}")

    def get(self, path: str) -> str:
        return self.browser.get(path).text

    def form(self, path: str) -> dict[str, str]:
        """The hidden fields of the page's forms."""
        found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', self.get(path))
        return dict(found) | {"reviewer": "ann"}

    def post(self, path: str, **fields: str) -> httpx.Response:
        return self.browser.post(path, data=fields)

    def show_texts(self) -> "Curator":
        self.post("/texts", token=self.form("/")["token"], show="1")
        return self

    def decide(self, path: str, action: str, **fields: str) -> httpx.Response:
        return self.post(path, **{**self.form(path), "action": action, **fields})


@pytest.fixture
def built(tmp_path: Path) -> Built:
    return Built(tmp_path / "workspace").run()


@pytest.fixture
def visit(built: Built) -> Iterator[Callable[[], Curator]]:
    """Opens a browser on the page of ``built``."""
    with listen(0) as listener:
        running = server(built.workspace, "", "srllm build -c a.yaml")
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        yield lambda: Curator(listener.getsockname()[1])
        running.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


def test_the_list_counts_and_selects(visit: Callable[[], Curator]) -> None:
    curator = visit()
    page = curator.get("/")
    assert "0 of 3 decided" in page
    assert re.findall(r"<code>(\w\d)</code>", page) == ["a1", "b2", "c3"]
    counts = re.findall(r'href="/\?(\w+=\w+)">[^<]* <span>(\d)', page)
    assert dict(counts) == {
        "state=waiting": "3",
        "reason=bias_left": "3",
        "reason=spans_left": "1",
        "source=posts": "2",
        "source=news": "1",
        "group=age": "3",
    }
    chosen = curator.get("/?source=news&reason=bias_left")
    assert re.findall(r"<code>(\w\d)</code>", chosen) == ["b2"]
    assert "Nothing waits in this selection" in curator.get("/?source=elsewhere")


def test_texts_are_hidden_until_asked_for(visit: Callable[[], Curator]) -> None:
    curator = visit()
    for path in ("/", "/row/a1", "/row/c3"):
        page = curator.get(path)
        assert "worse" not in page
        assert "better" not in page
        assert "third way" not in page
    assert 'value="accept"' not in curator.get("/row/a1")
    curator.show_texts()
    page = curator.get("/row/a1")
    assert "<del>worse</del> text a1" in page
    assert "<ins>better</ins> text a1" in page
    assert LEFT in page
    assert "worse" in curator.get("/")
    assert "worse" not in visit().get("/row/a1")


def test_hostile_texts_stay_text(visit: Callable[[], Curator]) -> None:
    page = visit().show_texts().get("/row/b2")
    assert page.count("<script") == 1
    assert "&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page
    assert 'title="right-to-left override">U+202E' in page
    assert "<h1>gone" not in page
    assert 'href="javascript' not in page


def test_what_hides_is_named_and_spelling_stays() -> None:
    assert visible("a\u200db\n\u200c") == "a\u200db\n\u200c"
    assert "U+200B" in visible("\u200b")
    assert "U+0000" in visible("\0")


def test_a_decision_is_recorded_and_the_next_build_applies_it(
    built: Built, visit: Callable[[], Curator]
) -> None:
    curator = visit().show_texts()
    done = curator.decide("/row/a1", "accept", note="fine")
    assert done.status_code == 303
    assert done.headers["location"] == "/row/b2?done=a1"
    page = curator.get("/row/b2?done=a1")
    assert "Recorded: accept of row a1." in page
    assert "srllm build -c a.yaml" in page
    assert 'name="reviewer" required maxlength="100" value="ann"' in page
    assert curator.decide("/row/b2", "reject").headers["location"] == "/row/c3?done=b2"
    done = curator.decide("/row/c3?source=posts", "edit", edit=" my own\r\nwords ")
    assert done.headers["location"] == "/?source=posts&done=c3"
    assert "3 of 3 decided" in curator.get("/")
    decisions = built.log.current()
    assert {d: (v.action, v.reviewer, v.note, v.rewrite) for d, v in decisions.items()} == {
        "a1": ("accept", "ann", "fine", None),
        "b2": ("reject", "ann", "", None),
        "c3": ("edit", "ann", "", "my own\nwords"),
    }
    judged = built.workspace.kept("validate", "k1")
    output = review(judged, ReviewConfig(), decisions, {})
    assert output.dropped["id"].to_pylist() == ["b2"]
    kept = {r["id"]: r["rewrite"] for r in output.kept.to_pylist()}
    assert kept == {"a1": "better text a1", "c3": "my own\nwords", "d4": "better text d4"}


def test_decisions_are_recorded_while_a_build_runs(
    built: Built, visit: Callable[[], Curator]
) -> None:
    curator = visit().show_texts()
    with built.workspace.locked():
        # A forced build removes what it makes anew before its run is on record.
        built.workspace.forget("validate", "k1")
        assert curator.decide("/row/a1", "accept").status_code == 303
    assert built.log.current()["a1"].action == "accept"


def test_decisions_can_be_changed_before_and_after_a_build(
    built: Built, visit: Callable[[], Curator]
) -> None:
    curator = visit().show_texts()
    curator.decide("/row/a1", "accept")
    page = curator.get("/row/a1")
    assert "Accepted by ann" in page
    assert "not built yet" in page
    built.run()
    assert "applied by the newest build" in curator.get("/row/a1")
    assert "0 of 2 decided" in curator.get("/")
    curator.decide("/row/a1", "reject", note="on second thoughts")
    assert "not built yet" in curator.get("/row/a1")
    built.run()
    assert "Rejected by ann" in curator.get("/row/a1")
    assert "applied by the newest build" in curator.get("/row/a1")
    assert built.log.current()["a1"].action == "reject"


def test_another_candidate_can_be_chosen(built: Built, visit: Callable[[], Curator]) -> None:
    curator = visit().show_texts()
    assert "a third way" in re.sub("</?ins>", "", curator.get("/row/c3"))
    curator.decide("/row/c3", "candidate 0")
    assert built.log.current()["c3"].rewrite == "a third way"
    assert curator.decide("/row/c3", "candidate 7").status_code == 400


@pytest.mark.parametrize(
    ("action", "fields", "said"),
    [
        ("edit", {"edit": " \n "}, "An edit needs a text"),
        ("accept", {"reviewer": "  "}, "A decision needs your name"),
        ("accept", {"reviewer": "n" * 101}, "at most 100 characters"),
        ("explode", {}, "Choose accept, reject or edit"),
    ],
)
def test_an_unusable_decision_is_refused_in_words(
    built: Built, visit: Callable[[], Curator], action: str, fields: dict[str, str], said: str
) -> None:
    curator = visit().show_texts()
    refused = curator.decide("/row/a1", action, note="typed <already>", **fields)
    assert refused.status_code == 400
    assert said in refused.text
    assert "typed &lt;already&gt;" in refused.text
    assert built.log.current() == {}


def test_two_tabs_never_decide_over_each_other(built: Built, visit: Callable[[], Curator]) -> None:
    ann, bob = visit().show_texts(), visit().show_texts()
    form = bob.form("/row/a1") | {"reviewer": "bob", "action": "reject", "note": "too rude"}
    ann.decide("/row/a1", "accept")
    refused = bob.post("/row/a1", **form)
    assert refused.status_code == 409
    assert "decided or built anew since" in refused.text
    assert "too rude" in refused.text
    assert built.log.current()["a1"].reviewer == "ann"
    assert bob.decide("/row/a1", "reject", reviewer="bob").status_code == 303
    assert built.log.current()["a1"].reviewer == "bob"


def test_a_button_pressed_twice_decides_once(built: Built, visit: Callable[[], Curator]) -> None:
    curator = visit().show_texts()
    form = curator.form("/row/a1") | {"action": "accept"}
    assert [curator.post("/row/a1", **form).status_code for _ in range(2)] == [303, 303]
    assert len(built.log._verified()) == 1


def test_a_rewrite_that_changed_waits_again(built: Built, visit: Callable[[], Curator]) -> None:
    curator = visit().show_texts()
    curator.decide("/row/a1", "accept")
    form = curator.form("/row/c3") | {"action": "accept"}
    built.run(row("a1", rewrite="a newer one"), row("c3", rewrite="a newer one"))
    assert curator.post("/row/c3", **form).status_code == 409
    assert "Waits again." in curator.get("/row/a1")
    assert "0 of 2 decided" in curator.get("/")
    assert curator.decide("/row/a1", "accept").status_code == 303
    assert "1 of 2 decided" in curator.get("/")


def test_nothing_is_recorded_without_the_token_and_the_cookie(
    built: Built, visit: Callable[[], Curator]
) -> None:
    curator = visit().show_texts()
    form = curator.form("/row/a1") | {"action": "accept"}
    stranger = visit()
    for browser, fields in (
        (curator, {k: v for k, v in form.items() if k != "token"}),
        (curator, form | {"token": "guessed"}),
        (stranger, form),
    ):
        assert browser.post("/row/a1", **fields).status_code == 403
        assert browser.post("/texts", **fields | {"show": "1"}).status_code == 403
    assert built.log.current() == {}


def test_texts_that_were_not_shown_cannot_be_decided(
    built: Built, visit: Callable[[], Curator]
) -> None:
    curator = visit()
    assert curator.decide("/row/a1", "accept").status_code == 409
    assert built.log.current() == {}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("localhost@evil.example", 400),
        ("", 400),
        ("localhost:8765", 200),
        ("[::1]:8765", 200),
    ],
)
def test_only_loopback_names_are_answered(
    visit: Callable[[], Curator], host: str, status: int
) -> None:
    answer = visit().browser.get("/", headers={"Host": host})
    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"


def test_every_answer_is_locked_down(visit: Callable[[], Curator]) -> None:
    curator = visit()
    policies = set()
    for path in ("/", "/row/a1", "/row/nope", "/nowhere", "/?page=x"):
        headers = curator.browser.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'nonce")
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
        policies.add(headers["content-security-policy"])
    assert len(policies) == 5
    cookie = curator.browser.get("/").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    outside = re.findall(r'(?:src|href|action)="(?!/)[^"]*"', curator.get("/row/a1"))
    assert outside == []


def test_large_and_broken_forms_are_refused(visit: Callable[[], Curator]) -> None:
    browser = visit().browser
    assert browser.post("/texts", content=b"a" * (MOST_BYTES + 1)).status_code == 413
    assert browser.post("/texts", content=iter([b"a"])).status_code == 411
    assert browser.post("/texts", content=b"\xff").status_code == 400


def test_pages_that_are_not_there_are_told_in_words(visit: Callable[[], Curator]) -> None:
    browser = visit().browser
    answer = browser.get("/row/<nope>")
    assert answer.status_code == 404
    assert "No row with this id waits" in answer.text
    assert browser.get("/row/d4").status_code == 404
    assert "There is no such page" in browser.get("/nowhere").text


def test_reports_are_served_and_nothing_else_of_the_workspace(
    built: Built, visit: Callable[[], Curator]
) -> None:
    built.log.add("a1", "accept", "worse", "better", "ann")
    browser = visit().browser
    report = browser.get("/report", follow_redirects=True)
    assert "The report" in report.text
    assert "script-src" not in report.headers["content-security-policy"]
    for path in (
        "/runs/20261121T000000/run.json",
        "/runs/../decisions.sqlite",
        "/runs/%2e%2e/decisions.sqlite",
        "/runs/%2e%2e%2fstages/review/k1/manifest.json",
        "/releases/%00.html",
    ):
        assert browser.get(path).status_code == 404, path


def test_a_run_that_did_not_reach_the_review_is_told(
    built: Built, visit: Callable[[], Curator]
) -> None:
    record = {"run": "20261129", "stages": {}, "release": None}
    path = built.workspace.root / "runs" / "20261129" / "run.json"
    write_atomically(path, json.dumps(record).encode())
    answer = visit().browser.get("/")
    assert answer.status_code == 503
    assert "run &#39;srllm build&#39;" in answer.text


def test_an_altered_log_is_told(built: Built, visit: Callable[[], Curator]) -> None:
    built.workspace.decisions.write_bytes(b"not a database at all" * 100)
    answer = visit().browser.get("/")
    assert answer.status_code == 503
    assert "cannot be used" in answer.text


@pytest.mark.parametrize("number", [0, 1, 2, 0.25, 1234])
def test_every_reason_is_counted_under_its_gate(number: float) -> None:
    for gate in (*GATES, *CONTROL_GATES):
        signals = dict.fromkeys(re.findall(r"\{(\w+)[:}]", gate.says), number)
        config = ValidateConfig.model_validate({"judge": {"model": "judge"}})
        assert gate_of(reason(gate, signals, config)) == gate.name


def test_a_reason_of_another_version_is_counted_too() -> None:
    assert gate_of("is not what the gates of today say") == "other"


def test_a_taken_port_is_one_sentence() -> None:
    with listen(0) as listener, pytest.raises(SrllmError, match="is taken; give another"):
        listen(listener.getsockname()[1])


def test_the_command_serves_until_it_is_interrupted(built: Built, tmp_path: Path) -> None:
    config = tmp_path / "one.yaml"
    config.write_text("gather: {sources: [{name: a, path: a.csv, licence: CC0-1.0}]}\n")
    options = ["-c", str(config), "-w", str(built.workspace.root), "--serve"]
    program = str(Path(sys.executable).parent / "srllm")
    with subprocess.Popen(
        [program, "review", *options, "--port", "0", "--reviewer", "zoe"],
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr
        said = running.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
        assert found, said
        curator = Curator(int(found[1])).show_texts()
        assert 'value="zoe"' in curator.get("/row/a1")
        running.send_signal(signal.SIGINT)
        rest = running.stderr.read()
        assert running.wait(20) == 0
    assert rest.startswith("Stopped. Every decision is kept")
    assert len(rest.splitlines()) == 1
    mixed = CliRunner().invoke(cli.app, ["review", "a1", "--accept", *options])
    assert "Give --serve without a row" in str(mixed.exception)
