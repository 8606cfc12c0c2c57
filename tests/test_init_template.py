"""The configuration that ``srllm init`` writes: complete, valid, and true about the defaults."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from typer.testing import CliRunner

from srllm_data.cli import app
from srllm_data.config import ColumnsConfig, Config, SourceConfig, load_config
from srllm_data.errors import ConfigError


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "srllm.yaml"
    result = CliRunner().invoke(app, ["init", str(path)])
    assert result.exit_code == 0, result.output
    return path


def examples(text: str) -> list[dict[str, Any]]:
    """The sources that are commented out, as a user gets them by deleting the marks."""
    begin, end = text.index("  sources:"), text.index("  timeout_s:")
    block = re.sub(r"^    # (?=- |  )", "    ", text[begin:end], flags=re.MULTILINE)
    return yaml.safe_load(block)["sources"][1:]


def differences(given: dict[str, Any], model: type[BaseModel], place: str = "") -> list[str]:
    """Keys that are missing, and values that are not the model's defaults."""
    found = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        where = f"{place}{key}"
        if key not in given:
            found.append(f"{where} is missing")
        elif isinstance(default := field.get_default(), BaseModel):
            found += differences(given[key], type(default), f"{where}.")
        elif not field.is_required() and (given[key], type(given[key])) != (default, type(default)):
            found.append(f"{where} is {given[key]!r}, not {default!r}")
    return found


def test_it_loads(written: Path) -> None:
    config = load_config(written)
    assert config.gather.sources[0].path == str(written.parent / "texts.csv")
    assert config.workspace == str(written.parent / "workspace")


def test_every_key_of_every_section_is_there_with_its_default(written: Path) -> None:
    given = yaml.safe_load(written.read_text(encoding="utf-8"))
    gather = given.pop("gather")
    # gather has no default: its sources are the user's.
    assert differences({**given, "gather": None}, Config) == []
    assert gather.keys() == {"sources", "timeout_s"}
    assert (
        gather["timeout_s"]
        == Config.model_fields["gather"].annotation.model_fields["timeout_s"].get_default()
    )


def test_every_key_of_a_source_is_there(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    active = yaml.safe_load(text)["gather"]["sources"][0]
    assert active["columns"].keys() == ColumnsConfig.model_fields.keys()
    shown = active.keys() | {key for source in examples(text) for key in source}
    assert shown == SourceConfig.model_fields.keys()
    missing = [d for d in differences(active, SourceConfig) if not d.endswith("is missing")]
    assert missing == ["path is 'texts.csv', not None"]


def test_every_commented_example_is_valid(written: Path) -> None:
    sources = [SourceConfig.model_validate(s) for s in examples(written.read_text("utf-8"))]
    places = [
        next(k for k in ("path", "dataset", "feed", "callable") if getattr(s, k)) for s in sources
    ]
    assert places == ["path", "path", "path", "dataset", "feed", "callable"]


def test_every_setting_has_a_comment(written: Path) -> None:
    lines = written.read_text(encoding="utf-8").splitlines()
    for line in lines:
        if re.match(r" +[a-z_]+: ?\S", line):
            assert "#" in line or line.strip().startswith("description:"), line
    for section in Config.model_fields.keys() - {"workspace"}:
        at = lines.index(f"{section.rstrip('_')}:")
        assert lines[at - 1].startswith("# "), section


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("min_words:", "min_word:", "unknown setting 'clean.min_word'; did you mean 'min_words'"),
        ("licence: CC0", "license: CC0", "did you mean 'licence'"),
        ("collected_at: null", "colected_at: null", "did you mean 'collected_at'"),
        ("\nrelease:", "\nrelase:", "unknown setting 'relase'; did you mean 'release'"),
    ],
)
def test_a_typo_is_refused_with_the_nearest_name(
    written: Path, right: str, wrong: str, message: str
) -> None:
    text = written.read_text(encoding="utf-8")
    written.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_config(written)


def test_an_existing_file_is_kept(written: Path) -> None:
    before = written.read_bytes()
    assert CliRunner().invoke(app, ["init", str(written)]).exit_code != 0
    assert written.read_bytes() == before
