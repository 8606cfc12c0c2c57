"""``srllm expectations``: lists, explains and tries suites, and stores nothing."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from srllm_data import cli
from srllm_data.errors import SrllmError
from srllm_data.quality import BOUNDARIES, try_rows
from srllm_data.schema import schema_after

runner = CliRunner()


def srllm(*arguments: str | Path) -> tuple[int, str]:
    done = runner.invoke(cli.app, ["expectations", *map(str, arguments)])
    if isinstance(done.exception, SrllmError):
        raise done.exception
    return done.exit_code, done.stdout


def gathered(**values: Any) -> pa.Table:
    row = {"source": "a", "source_key": "1", "licence": "CC0-1.0", "weight": 1.0, **values}
    rows = [{**row, "id": str(n), "text": f"the bus was late again today {n}"} for n in range(9)]
    return pa.Table.from_pylist(rows, schema=schema_after("gather"))


def test_all_suites_are_listed_with_their_severities() -> None:
    listed = json.loads(srllm("--json")[1])
    assert [suite["suite"] for suite in listed] == [*BOUNDARIES]
    assert all(suite["expectations"]["critical"] for suite in listed)
    said = srllm()[1]
    assert all(suite["purpose"] in said for suite in listed)


@pytest.mark.parametrize("suite", BOUNDARIES)
def test_every_expectation_is_explained_in_a_sentence(suite: str) -> None:
    told = json.loads(srllm(suite, "--json")[1])
    said = srllm(suite)[1]
    assert told
    for expectation in told:
        assert expectation["says"] in said
        assert expectation["type"] in said
        assert all(column in said for column in expectation["columns"])


def test_rows_are_tried_and_nothing_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "output"
    folder.mkdir()
    pq.write_table(gathered(), folder / "part-00000.parquet")
    # What ended in the stage is no part of its output.
    pq.write_table(pa.table({"id": ["x"]}), folder / "dropped-00000.parquet")
    code, said = srllm("gathered", "--rows", folder)
    assert (code, "critical" in said) == (0, False)
    assert "skipped" in said
    pq.write_table(gathered(licence=None), tmp_path / "bad.parquet")
    code, said = srllm("gathered", "--rows", tmp_path / "bad.parquet")
    assert code == 3
    assert "critical  every row carries a licence (9 of 9 fail)" in said
    assert "rows 0, 1, 2, 3, 4 and 4 more" in said
    assert "bus" not in said
    _, shown = srllm("gathered", "--rows", tmp_path / "bad.parquet", "--json")
    (failed,) = [e for e in json.loads(shown)["expectations"] if not e["success"]]
    assert failed["row_ids"] == [str(n) for n in range(9)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.parquet", "output"]


def test_the_newest_runs_output_is_tried(tmp_path: Path) -> None:
    from srllm_data.config import load_config
    from srllm_data.runner import run_stage
    from srllm_data.stages import components, key_of
    from srllm_data.workspace import Workspace

    (tmp_path / "a.csv").write_text("text\n" + "\n".join(f"the bus was late {n}" for n in "abc"))
    path = tmp_path / "srllm.yaml"
    path.write_text("gather: {sources: [{name: a, path: a.csv, licence: CC0-1.0}]}\n")
    config = load_config(path)
    workspace = Workspace(Path(config.workspace))
    made_of = components("gather", config, workspace, None)
    key = key_of("gather", made_of)
    run_stage("gather", key, made_of, config, workspace)
    run = workspace.root / "runs" / "1"
    run.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps({"stages": {"gather": {"key": key}}}))
    code, said = srllm("gathered", "--run", "-c", path)
    assert code == 0
    assert "gathered: 3 rows" in said
    assert not (workspace.root / "checks").exists()
    with pytest.raises(SrllmError, match=r"no output of 'label'; run 'srllm build' first"):
        srllm("labelled", "--run", "-c", path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope"], "no expectation suite 'nope'; the suites are gathered"),
        (["--run"], "Name the suite"),
        (["gathered", "--run", "--rows", "x"], "not both"),
        (["gathered", "--rows", "nowhere"], "nowhere holds no Parquet file"),
        (["gathered", "--rows", "text.csv"], r"text\.csv cannot be read as one Parquet table"),
        (["gathered", "--rows", "other.parquet"], r"other\.parquet has no column 'id'"),
        (["labelled", "--rows", "few.parquet"], r"labelled\.json names the column 'bias"),
    ],
)
def test_bad_input_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.csv").write_text("text\n")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    pq.write_table(pa.table({"id": ["1"], "text": ["x"]}), tmp_path / "few.parquet")
    with pytest.raises(SrllmError, match=said):
        srllm(*arguments)


def test_a_dry_run_says_what_a_check_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from srllm_data.config import without_sources

    monkeypatch.chdir(tmp_path)
    rows = gathered(weight=-1.0)
    pq.write_table(rows, tmp_path / "rows.parquet")
    result = try_rows("gathered", rows, without_sources(), None)
    del result["gx"]
    assert json.loads(srllm("gathered", "--rows", "rows.parquet", "--json")[1]) == result
