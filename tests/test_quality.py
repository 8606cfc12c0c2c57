"""Great Expectations at a stage boundary: what is checked, stored and said."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from srllm_data.config import Config, load_config
from srllm_data.errors import ConfigError
from srllm_data.quality import check_boundary, critical, frame, results, write_data_docs
from srllm_data.runner import run_stage
from srllm_data.stages import components, key_of
from srllm_data.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
SECRET = "An unmistakable sentence about the mayor of Mill Lane"


@pytest.fixture
def gathered(tmp_path: Path) -> tuple[Config, Workspace, str]:
    shutil.copytree(ROOT / "expectations", tmp_path / "suites")
    (tmp_path / "a.csv").write_text(f"text\n{SECRET}\nThe bus was late again today\n")
    (tmp_path / "srllm.yaml").write_text(
        "gather: {sources: [{name: a, path: a.csv, licence: CC0-1.0}]}\n"
        "validate: {expectations: suites}\n"
    )
    config = load_config(tmp_path / "srllm.yaml")
    workspace = Workspace(tmp_path / "workspace")
    made_of = components("gather", config, workspace, None)
    key = key_of("gather", made_of)
    run_stage("gather", key, made_of, config, workspace)
    return config, workspace, key


def change(config: Config, expectation: dict[str, object]) -> None:
    assert config.validate_.expectations is not None
    path = Path(config.validate_.expectations) / "gathered.json"
    suite = json.loads(path.read_text())
    suite["expectations"].append(expectation)
    path.write_text(json.dumps(suite))


def long_texts(severity: str) -> dict[str, object]:
    return {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "text_chars", "max_value": 40},
        "severity": severity,
        "meta": {"says": "texts are short"},
    }


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_a_failure_names_its_rows_and_never_their_texts(
    gathered: tuple[Config, Workspace, str], severity: str
) -> None:
    config, workspace, key = gathered
    change(config, long_texts(severity))
    result = check_boundary("gathered", key, config, workspace)
    assert not result["success"]
    assert critical(result) == (["texts are short (1 of 2 fail)"] if severity == "critical" else [])
    (failed,) = [e for e in result["expectations"] if not e["success"]]
    rows = workspace.kept("gather", key).to_pylist()
    assert failed["row_ids"] == [r["id"] for r in rows if r["text"] == SECRET]
    stored = list((workspace.root / "checks").rglob("*.json"))
    docs = write_data_docs([result], workspace.root / "docs")
    for path in [*stored, *docs.parent.iterdir()]:
        assert SECRET not in path.read_text()
    assert results({"gather": key}, config, workspace)[0]["success"] is False


def test_a_changed_suite_is_checked_again(gathered: tuple[Config, Workspace, str]) -> None:
    config, workspace, key = gathered
    assert check_boundary("gathered", key, config, workspace)["success"]
    change(config, long_texts("info"))
    assert not check_boundary("gathered", key, config, workspace)["success"]


def test_a_suite_that_cannot_be_used_is_one_sentence(
    gathered: tuple[Config, Workspace, str],
) -> None:
    config, workspace, key = gathered
    assert config.validate_.expectations is not None
    path = Path(config.validate_.expectations) / "gathered.json"
    path.write_text("{")
    with pytest.raises(ConfigError, match=r"gathered\.json is malformed"):
        check_boundary("gathered", key, config, workspace)
    path.write_text('{"expectations": [{"type": "expect_the_unexpected", "kwargs": {}}]}')
    with pytest.raises(ConfigError, match=r"gathered\.json is malformed"):
        check_boundary("gathered", key, config, workspace)
    path.unlink()
    with pytest.raises(ConfigError, match=r"gathered\.json is missing; restore it"):
        check_boundary("gathered", key, config, workspace)


@pytest.mark.timeout(30)
def test_personal_data_is_counted_and_a_giant_word_takes_no_time() -> None:
    texts = ["mail jo@example.org or ann.b@example.org", "nothing here", "x" * 5_000_000, None]
    seen = frame(pa.table({"id": ["1", "2", "3", "4"], "text": texts}))
    assert seen["text_personal_data"].tolist() == [2, 0, 0, 0]
    assert "text" not in seen
