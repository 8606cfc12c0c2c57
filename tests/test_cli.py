import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from srllm_data import cli

runner = CliRunner()


def srllm(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "srllm"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=100)


def test_every_command_and_option_has_help() -> None:
    for command in cli.app.registered_commands:
        name = command.name or command.callback.__name__.rstrip("_")
        shown = runner.invoke(cli.app, [name, "--help"])
        assert shown.exit_code == 0
        assert command.callback.__doc__


def test_every_command_is_in_the_readme() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    for command in cli.app.registered_commands:
        name = command.name or command.callback.__name__
        assert f"srllm {name}" in readme


def test_init_writes_a_valid_configuration_once(tmp_path: Path) -> None:
    assert srllm("init", cwd=tmp_path).returncode == 0
    assert "valid" in srllm("config", "--check", cwd=tmp_path).stdout
    again = srllm("init", cwd=tmp_path)
    assert again.returncode == 1
    assert "exists already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["build"], 2, "srllm init"),
        (["status", "-c", "nowhere.yaml"], 2, "srllm init"),
        (["build", "-c", "one.yaml", "--from", "redakt"], 2, "There is no stage 'redakt'"),
        (["build", "-c", "one.yaml", "--from", "label", "--until", "clean"], 2, "comes after"),
        (["build", "-c", "one.yaml", "--only", "label", "--until", "clean"], 2, "not both"),
        (["build", "-c", "one.yaml", "--source", "b"], 2, "no source 'b'"),
        (["explain", "abc", "-c", "one.yaml"], 1, "Nothing has been built"),
        (["report", "-c", "one.yaml"], 1, "Nothing has been built"),
        (["review", "-c", "one.yaml"], 1, "Nothing has been built"),
    ],
)
def test_a_mistake_is_one_sentence(
    tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "one.yaml").write_text(
        "gather: {sources: [{name: a, path: a.csv, licence: CC0-1.0}]}\n"
    )
    done = srllm(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_config_prints_what_will_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRLLM_CLEAN__MIN_WORDS", "9")
    (tmp_path / "one.yaml").write_text(
        "gather: {sources: [{name: a, path: a.csv, licence: CC0-1.0}]}\n"
    )
    printed = srllm("config", "-c", "one.yaml", cwd=tmp_path).stdout
    assert "min_words: 9" in printed
    assert "validate:" in printed


def test_status_before_the_first_build(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\nhello there, everyone\n")
    (tmp_path / "one.yaml").write_text(
        "gather: {sources: [{name: a, path: a.csv, licence: CC0-1.0}]}\n"
    )
    done = srllm("status", "-c", "one.yaml", "--json", cwd=tmp_path)
    assert {line["state"] for line in json.loads(done.stdout)} == {"missing"}
