"""Great Expectations at a stage boundary: what is checked, stored and said."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from quality_rows import Row, broken

from srllm_data.config import Config, load_config
from srllm_data.errors import ConfigError
from srllm_data.quality import (
    check_boundary,
    critical,
    results,
    try_boundary,
    try_rows,
    write_data_docs,
)
from srllm_data.quality.frame import frame
from srllm_data.quality.given import Given
from srllm_data.runner import run_stage
from srllm_data.stages import components, key_of
from srllm_data.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent.parent
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


@pytest.mark.timeout(60)
def test_personal_data_is_counted_and_a_giant_word_takes_no_time(config: Config) -> None:
    texts = ["mail jo@example.org or ann.b@example.org", "nothing here", "1" * 5_000_000, None]
    texts += ["card 4111 1111 1111 1111", "order 1234 5678 9012 3456"]
    rows = pa.table({"id": [str(n) for n in range(len(texts))], "text": texts})
    seen = frame(rows, {"text_personal_data"}, config, Given({}))
    assert seen["text_personal_data"].tolist() == [2, 0, 0, 0, 1, 0]
    assert "text" not in seen


@pytest.fixture
def deduplicated(gathered: tuple[Config, Workspace, str]) -> tuple[Config, Workspace, str]:
    config, workspace, _ = gathered
    source = config.gather.sources[0]
    rows = [f"The {word} was late again today" for word in ("train", "tram", "ferry")]
    Path(str(source.path)).write_text("\n".join(["text", SECRET, SECRET, *rows]) + "\n")
    before: str | None = None
    for stage in ("gather", "clean", "deduplicate"):
        made_of = components(stage, config, workspace, before)
        before = key_of(stage, made_of)
        run_stage(stage, before, made_of, config, workspace)
    assert before is not None
    return config, workspace, before


def failed(result: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    return {
        e["says"]: (e["severity"], e["row_ids"]) for e in result["expectations"] if not e["success"]
    }


def test_rows_are_conserved_from_boundary_to_boundary(
    deduplicated: tuple[Config, Workspace, str],
) -> None:
    config, workspace, key = deduplicated
    result = try_boundary("deduplicated", key, config, workspace)
    assert failed(result) == {}
    assert not any(e["skipped"] for e in result["expectations"])


@pytest.mark.parametrize("loss", ["lost", "invented", "doubled"])
def test_a_row_that_is_lost_invented_or_doubled_is_critical(
    deduplicated: tuple[Config, Workspace, str], loss: str
) -> None:
    config, workspace, key = deduplicated
    (part,) = workspace.parts("deduplicate", key)
    rows = pq.read_table(part)
    ended = workspace.dropped("deduplicate", key)["id"].to_pylist()
    new = {"lost": [], "invented": ["ffff"], "doubled": ended[:1]}[loss]
    others = rows.slice(1)
    changed = rows.slice(0, len(new)).to_pylist()
    for row, id_ in zip(changed, new, strict=True):
        row |= {"id": id_, "cluster": id_}
    pq.write_table(pa.concat_tables([others, pa.Table.from_pylist(changed, rows.schema)]), part)
    found = failed(try_boundary("deduplicated", key, config, workspace))
    due = "the rows are those of the boundary before, less those that ended since"
    came, also = "every row came from the boundary before", "no row went on and ended as well"
    expected = {
        "lost": {due: ("critical", [])},
        "invented": {came: ("critical", new)},
        "doubled": {also: ("critical", new)},
    }
    assert found == expected[loss]


def test_pages_show_sentences_figures_and_rows_the_same_way_each_time(
    tmp_path: Path, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    def change(rows: list[Row]) -> None:
        rows[3]["rewrite"] = "TOREMOVE"
        rows[5]["licence"] = None
        rows[81]["text"] = rows[80]["text"]

    result = try_rows("released", broken(change), config, None)
    page = write_data_docs([result], tmp_path).with_name("released.html").read_text()
    assert not caplog.records
    assert "$" not in re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
    for said in (
        "released: 3 critical , 1 warning ,",
        "Every row carries a licence (critical)",
        "No text lies in two splits, nor one that is nearly the same (critical). "
        "Rows with one text_group have one split .",
        "5 to 95 % of the texts are biased (warning). Share of each value of bias , 0.05 to 0.95 .",
        "Yes 50.0 %",
        "sources are about as in the last release (not checked: there is no earlier release",
        f"placeholder 1 {3:016x}",
    ):
        assert said in words
    for place in (3, 5, 80, 81):
        assert f"{place:016x}" in words
    other = write_data_docs([result], tmp_path / "again").with_name("released.html")
    assert other.read_text() == page
