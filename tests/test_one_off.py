"""``srllm rewrite`` and its Python call."""

import json

import pytest
from openai_server import OpenAIServer, answer, rewritten, source_text
from typer.testing import CliRunner

import srllm_data
from srllm_data import cli, cli_rewrite
from srllm_data.config import without_sources
from srllm_data.one_off import rewrite_texts

runner = CliRunner()
TEXT = "The stupid mayor closed the bridge on Monday."
GOOD = "The mayor closed the bridge on Monday."


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("SRLLM_REWRITE__MODEL", "SRLLM_REWRITE__BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def use(monkeypatch, server):
    monkeypatch.setenv("SRLLM_REWRITE__MODEL", "loopback")
    monkeypatch.setenv("SRLLM_REWRITE__BASE_URL", server.url)
    monkeypatch.setenv("SRLLM_REWRITE__EXAMPLES", "0")


def test_one_call_rewrites_one_text(tmp_path):
    found = srllm_data.rewrite_text(TEXT)
    # Whoever asked is there to say whether anything is missing.
    assert (found.rewrite, found.outcome, found.verdict) == (GOOD, "ok", "hold")
    assert [r.split(" of ")[0] for r in found.reasons] == ["only takes words out"]
    assert found.by.startswith("editor-")
    assert found.signals["bias_after"] < 0.35 < found.signals["bias_before"]
    assert list(tmp_path.iterdir()) == []


def test_a_neutral_text_comes_back_unchanged_and_is_not_sent(monkeypatch):
    with OpenAIServer(lambda r, nth: rewritten("x")) as server:
        use(monkeypatch, server)
        found = srllm_data.rewrite_text("The council met on Monday.")
        assert server.requests == []
    assert (found.outcome, found.rewrite) == ("control", "The council met on Monday.")


def test_personal_data_never_leaves_and_comes_back(monkeypatch):
    text = "The stupid clerk Dana Whitlock (dana.whitlock@example.org) closed the bridge."

    def script(request, nth):
        return rewritten(source_text(request).replace("stupid ", ""))

    with OpenAIServer(script) as server:
        use(monkeypatch, server)
        found = srllm_data.rewrite_text(text)
        sent = json.dumps(server.requests)
    assert "Whitlock" not in sent
    assert "example.org" not in sent
    assert found.rewrite == text.replace("stupid ", "")


def test_every_text_gets_its_own_result_in_order(monkeypatch):
    def script(request, nth):
        text = source_text(request)
        return answer(None, refusal="No.") if "dim" in text else rewritten(GOOD)

    with OpenAIServer(script) as server:
        use(monkeypatch, server)
        found = rewrite_texts([TEXT, "It rained.", "The stupid dim clerk left."], without_sources())
    assert [f.outcome for f in found] == ["ok", "control", "refused"]
    assert found[2].rewrite is None
    assert found[2].detail == "the model declined"
    assert rewrite_texts([], without_sources()) == []


def test_the_command_prints_rewrite_diff_and_scores():
    shown = runner.invoke(cli.app, ["rewrite", TEXT])
    assert shown.exit_code == 0
    assert GOOD in shown.stdout
    assert "[- stupid-]" in shown.stdout
    assert "hold  by editor-1" in shown.stdout
    assert "bias before" in shown.stdout


def test_the_command_reads_files_and_standard_input_and_prints_json(tmp_path):
    lines = tmp_path / "texts.txt"
    lines.write_text(f"{TEXT}\n\nThe council met.\n", encoding="utf-8")
    for shown in (
        runner.invoke(cli.app, ["rewrite", "--file", str(lines), "--json"]),
        runner.invoke(cli.app, ["rewrite", "--json"], input=lines.read_bytes()),
        runner.invoke(cli.app, ["rewrite", "-", "--json"], input=lines.read_bytes()),
    ):
        records = [json.loads(line) for line in shown.stdout.splitlines()]
        assert [r["outcome"] for r in records] == ["ok", "control"]
        assert records[0]["rewrite"] == GOOD


def test_a_text_without_a_rewrite_ends_with_an_exit_code(monkeypatch):
    with OpenAIServer(lambda r, nth: answer(None, refusal="No.")) as server:
        use(monkeypatch, server)
        shown = runner.invoke(cli.app, ["rewrite", TEXT])
    assert shown.exit_code == 1
    assert "no rewrite: refused" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rewrite", "a", "--file", "b.txt"], "either a text or --file"),
        (["rewrite", "--file", "none.txt"], "cannot be read"),
        (["rewrite", " "], "no text to rewrite"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, words):
    found = runner.invoke(cli.app, arguments)
    assert words in str(found.exception)


def test_a_word_diff_shows_what_went_and_what_came():
    found = cli_rewrite.marked("The dim old mayor spoke.", "The old mayor talked.", False)
    assert found.plain == "The[- dim-] old mayor [-spoke-]{+talked+}."
    coloured = cli_rewrite.marked("a b", "a c", True)
    assert coloured.plain == "a bc"
    assert {str(s.style) for s in coloured.spans} == {"red strike", "green"}
