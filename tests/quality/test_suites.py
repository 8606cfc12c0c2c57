"""What the project's own suites find in rows that break one rule each."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from quality_rows import ROWS, Row, broken, failures

from srllm_data.config import Config
from srllm_data.errors import ConfigError
from srllm_data.quality import BOUNDARIES, DERIVED, columns, read_suite, try_rows
from srllm_data.quality.given import Given
from srllm_data.quality.run import run
from srllm_data.schema import schema_after


def ids(*places: int) -> list[str]:
    return [f"{n:016x}" for n in places]


def set_(place: int, **values: Any) -> Callable[[list[Row]], None]:
    return lambda rows: rows[place].update(values)


def copy(name: str, source: int, target: int, more: str = "") -> Callable[[list[Row]], None]:
    def change(rows: list[Row]) -> None:
        rows[target][name] = rows[source][name] + more

    return change


def every(**values: Any) -> Callable[[list[Row]], None]:
    return lambda rows: [row.update(values) for row in rows]


def test_a_sound_release_fails_nothing_and_says_what_was_not_checked(config: Config) -> None:
    result = try_rows("released", broken(lambda rows: None), config, None)
    assert [e["sentence"] for e in result["expectations"] if not e["success"]] == []
    skipped = {e["says"]: e["skipped"] for e in result["expectations"] if e["skipped"]}
    assert skipped["every row came from the boundary before"].startswith("only a build knows")
    assert skipped["sources are about as in the last release"].startswith("there is no earlier")
    assert all("not checked" in e["sentence"] for e in result["expectations"] if e["skipped"])


@pytest.mark.parametrize(
    ("change", "severity", "says", "failing"),
    [
        (set_(3, licence=None), "critical", "every row carries a licence", ids(3)),
        (set_(3, licence=""), "critical", "no licence is empty", ids(3)),
        (set_(3, bias="Maybe"), "critical", "every bias label is one of No, Yes", ids(3)),
        (set_(3, verdict="reject"), "critical", "no row that the gates reject is released", ids(3)),
        (
            set_(3, rewrite="TOREMOVE"),
            "critical",
            "no placeholder, advice, refusal or preamble stands in place of a rewrite",
            ids(3),
        ),
        (
            set_(3, rewrite="You should be respectful to others and listen."),
            "critical",
            "no placeholder, advice, refusal or preamble stands in place of a rewrite",
            ids(3),
        ),
        (
            set_(3, rewrite="I suggest the following rephrased output for the given input: a b"),
            "critical",
            "no placeholder, advice, refusal or preamble stands in place of a rewrite",
            ids(3),
        ),
        (
            set_(3, rewrite="write to jo@example.org about the quiet road"),
            "critical",
            "no rewrite holds a mail address, card number or IBAN",
            ids(3),
        ),
        (
            set_(3, rewrite="My neighbour Margaret Thornbury lives there.", decision="edit"),
            "critical",
            "redaction finds nothing in a sample of the rewrites that their texts do not say",
            ids(3),
        ),
        (
            copy("cluster", 0, 1),
            "critical",
            "no cluster lies in two splits",
            ids(0, 1),
        ),
        (
            copy("text", 80, 81),
            "critical",
            "no text lies in two splits, nor one that is nearly the same",
            ids(80, 81),
        ),
        (
            copy("text", 80, 81, " today"),
            "critical",
            "no text lies in two splits, nor one that is nearly the same",
            ids(80, 81),
        ),
        (copy("rewrite", 0, 1, "!"), "warning", "no rewrite lies in two splits", ids(0, 1)),
        (set_(3, rewrite=""), "critical", "no rewrite is empty", ids(3)),
        (every(bias="Yes"), "warning", "5 to 95 % of the texts are biased", []),
        (
            every(toxicity="No"),
            "warning",
            "every toxicity label has at least 0.5 % of the texts",
            [],
        ),
        (
            set_(3, target_groups=["health"]),
            "warning",
            "every group that texts are about has at least 5 of them",
            [],
        ),
        (
            every(target_groups=["age"]),
            "warning",
            "no group has more than half of all mentions of groups",
            [],
        ),
        (
            every(disposition="released"),
            "warning",
            "5 to 95 % of the rows are neutral controls",
            [],
        ),
        (every(split="train"), "warning", "all three splits have rows", []),
    ],
)
def test_a_broken_rule_fails_with_its_severity_and_rows(
    config: Config,
    change: Callable[[list[Row]], Any],
    severity: str,
    says: str,
    failing: list[str],
) -> None:
    assert failures(broken(change), config)[says] == (severity, failing)


def test_what_a_curator_decided_is_a_rewrite_and_a_control_may_say_anything(config: Config) -> None:
    def change(rows: list[Row]) -> None:
        rows[3] |= {"rewrite": "removed", "decision": "accept"}
        rows[80] |= {"text": "None", "rewrite": "None"}

    assert not any("placeholder" in says for says in failures(broken(change), config))


def test_a_changed_schema_is_critical_and_says_what_changed(config: Config) -> None:
    rows = broken(lambda rows: None)
    rows = rows.drop_columns(["url"]).append_column("mood", pa.array(["fine"] * ROWS))
    at = rows.column_names.index("weight")
    rows = rows.set_column(at, "weight", rows["weight"].cast(pa.string()))
    result = try_rows("released", rows, config, None)
    (schema,) = [e for e in result["expectations"] if e["type"] == "expect_table_schema_to_be"]
    assert (schema["success"], schema["severity"]) == (False, "critical")
    for said in ("url is missing", "weight is string, not double", "mood is not known"):
        assert said in schema["sentence"]


def test_a_source_whose_rows_are_not_accepted_shows(config: Config) -> None:
    labelled = {"source": {"news": 80, "posts": 400, "tiny": 5}, "bias": {"Yes": 80, "No": 80}}
    suite = read_suite("released", config)
    result = run(suite, broken(lambda rows: None), config, Given({"labelled": labelled}))
    failed = [e["sentence"] for e in result["expectations"] if not e["success"]]
    assert failed == [
        "at least 20 % of what was labelled of each source is released (found posts 15.0 %)"
    ]


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_suite_states_the_schema_of_its_stage_and_says_what_holds(
    boundary: str, config: Config
) -> None:
    suite = read_suite(boundary, config)
    schema = schema_after(BOUNDARIES[boundary])
    stated = [e["kwargs"]["columns"] for e in suite.expectations if "columns" in e["kwargs"]]
    assert [list(columns) for columns in stated] == [schema.names]
    raw = json.loads(suite.path.read_text())
    said = [e["meta"]["says"] for e in raw["expectations"]]
    assert len(set(said)) == len(said)
    assert all(e["severity"] in ("critical", "warning") for e in raw["expectations"])
    for name in set().union(*map(columns, suite.expectations)):
        assert name in schema.names or name in DERIVED
    empty = try_rows(boundary, schema.empty_table(), config, None)
    assert not any("could not be checked" in e["sentence"] for e in empty["expectations"])


@pytest.mark.parametrize(
    ("boundary", "expectation", "said"),
    [
        ("gathered", {"kwargs": {"column": "mood"}}, "names the column 'mood'"),
        ("gathered", {"kwargs": {"column": "text"}}, "names the column 'text'"),
        ("gathered", {"kwargs": {"column": "id"}, "severity": "grave"}, "'grave' is none of"),
        ("gathered", {"kwargs": {"column": "id"}, "sevrity": "info"}, "unknown key 'sevrity'"),
        (
            "gathered",
            {"kwargs": {"column": "id"}, "severity": "warning", "meta": {"hold": True}},
            "only rewritten.json can",
        ),
        ("rewritten", {"kwargs": {"column": "id"}, "meta": {"hold": True}}, "make it a warning"),
        (
            "rewritten",
            {
                "type": "expect_column_max_to_be_between",
                "kwargs": {"column": "rewrite_chars", "max_value": 1},
                "severity": "warning",
                "meta": {"hold": True},
            },
            "names no rows",
        ),
    ],
)
def test_a_suite_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, config: Config, boundary: str, expectation: dict[str, Any], said: str
) -> None:
    whole = {"type": "expect_column_values_to_not_be_null", **expectation}
    (tmp_path / f"{boundary}.json").write_text(json.dumps({"expectations": [whole]}))
    validate = config.validate_.model_copy(update={"expectations": str(tmp_path)})
    changed = config.model_copy(update={"validate_": validate})
    with pytest.raises(ConfigError, match=said) as error:
        try_rows(boundary, schema_after(BOUNDARIES[boundary]).empty_table(), changed, None)
    assert f"{boundary}.json" in str(error.value)


def test_few_rows_tell_nothing_of_balance_and_that_is_said(config: Config) -> None:
    rows = broken(lambda rows: [row.update(bias="Yes") for row in rows]).slice(0, 60)
    result = try_rows("released", rows, config, None)
    (share,) = [e for e in result["expectations"] if e["says"].startswith("5 to 95 % of the texts")]
    assert share["success"]
    assert share["skipped"] == "fewer than 100 rows tell too little"
