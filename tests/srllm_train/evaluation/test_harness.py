"""Tasks of lm-evaluation-harness: a task file of our own with five documents."""

import json
from dataclasses import asdict
from importlib.util import find_spec

import pytest
import yaml
from small_networks import bench, gone, reads, system, without_hub

from srllm_train.evaluation import harness
from srllm_train.evaluation.statistics import Statistics
from srllm_train.evaluation.suites import language

DOCUMENTS = [
    {"question": "The cat drinks", "choices": ["milk.", "granite."], "answer": 0},
    {"question": "Fish live in", "choices": ["water.", "envelopes."], "answer": 0},
    {"question": "Two and two is", "choices": ["Tuesday.", "four."], "answer": 1},
    {"question": "At night it is", "choices": ["dark.", "porridge."], "answer": 0},
    {"question": "Snow is", "choices": ["a verb of motion.", "cold."], "answer": 1},
]

installed = pytest.mark.skipif(
    find_spec("lm_eval") is None, reason="needs lm-evaluation-harness: pip install srllm[harness]"
)


@pytest.fixture
def task(tmp_path):
    documents = tmp_path / "task" / "documents.jsonl"
    documents.parent.mkdir()
    documents.write_text("".join(json.dumps(d) + "\n" for d in DOCUMENTS))
    path = documents.with_name("five.yaml")
    said = {
        "task": "five_sentences",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": str(documents)},
        "test_split": "train",
        "output_type": "multiple_choice",
        "doc_to_text": "{{question}}",
        "doc_to_target": "answer",
        "doc_to_choice": "choices",
        "target_delimiter": " ",
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": 1.0},
    }
    path.write_text(yaml.safe_dump(said))
    return path


def likelier_first(document):
    """Whether the network prefers the right choice, without the package."""
    found = reads().log_likelihoods(
        [(document["question"], f" {choice}") for choice in document["choices"]]
    )
    [right, wrong] = sorted(range(2), key=lambda n: n != document["answer"])
    return float(found[right][0] > found[wrong][0])


@pytest.mark.slow
@installed
def test_each_document_is_a_row_with_its_metric(task, tmp_path, monkeypatch):
    without_hub(monkeypatch)
    who = system("small", reads)
    outcome = language.run(bench(tmp_path, who, data=tmp_path, most=5, lm_eval=(str(task),)))
    [measure] = [m for m in outcome.measures if m.name == "five acc"]
    rows = [r for r in outcome.rows if r.source == "five"]
    said = [outcome.values["small"][0][r.id][measure.columns[0]] for r in rows]
    assert [r.group for r in rows] == ["five_sentences"] * 5
    expected = sum(map(likelier_first, DOCUMENTS)) / 5
    assert sum(said) / 5 == pytest.approx(expected)
    assert Statistics(outcome).estimate(measure, "small").value == pytest.approx(expected)
    assert measure.better == "higher"
    # Reports are handed on, so they name no folder of this machine.
    assert str(tmp_path) not in json.dumps([asdict(r) for r in rows]) + str(outcome.tables)
    [table] = [t for t in outcome.tables if "five" in t.title]
    assert table.rows[0][2:] == ("five_sentences", 5, "acc", pytest.approx(expected))


@pytest.mark.slow
@installed
def test_a_task_is_remembered_until_its_files_change(task, tmp_path):
    who = system("small", reads)
    about = harness.tried(bench(tmp_path, who, most=2), who.members[0], str(task))
    assert len(about["five_sentences"]["documents"]) == 2
    forgotten = system("small", gone)
    again = harness.tried(bench(tmp_path, forgotten, most=2), forgotten.members[0], str(task))
    assert again == about
    task.with_name("documents.jsonl").write_text(json.dumps(DOCUMENTS[0]) + "\n")
    changed = harness.tried(bench(tmp_path, who, most=2), who.members[0], str(task))
    assert len(changed["five_sentences"]["documents"]) == 1


@pytest.mark.slow
@installed
def test_unknown_and_broken_tasks_are_one_sentence(task, tmp_path):
    who = system("small", reads)
    place = bench(tmp_path, who)
    with pytest.raises(harness.CannotRun, match="has no task 'no_such_task'; 'lm_eval ls tasks'"):
        harness.tried(place, who.members[0], "no_such_task")
    with pytest.raises(harness.CannotRun, match=r"none\.yaml is not there"):
        harness.tried(place, who.members[0], str(tmp_path / "none.yaml"))
    task.write_text(task.read_text().replace("multiple_choice", "no_such_output"))
    with pytest.raises(harness.CannotRun, match=r"cannot run .*five\.yaml'.*mend or leave out"):
        harness.tried(place, who.members[0], str(task))


@pytest.mark.skipif(find_spec("lm_eval") is not None, reason="lm-evaluation-harness is here")
def test_without_the_package_the_suite_says_how_to_install_it(tmp_path, task):
    who = system("small", reads)
    with pytest.raises(harness.CannotRun, match=r"not installed; run 'pip install srllm\[harness"):
        harness.tried(bench(tmp_path, who), who.members[0], str(task))


def test_a_task_that_cannot_run_leaves_the_rest_of_the_suite(tmp_path, monkeypatch):
    without_hub(monkeypatch)
    gone_task = str(tmp_path / "none.yaml")
    who = system("small", reads)
    outcome = language.run(bench(tmp_path, who, data=tmp_path, most=2, lm_eval=(gone_task,)))
    assert outcome.left_out["small, none"]
    assert {r.source for r in outcome.rows} == {"own controls"}
    assert not outcome.tables
