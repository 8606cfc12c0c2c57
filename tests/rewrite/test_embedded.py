"""Rewriting without an endpoint: the adapter that comes with srllm, the editor, and the gates."""

import json
import shutil
from pathlib import Path

import pytest
from rewrite_rows import accounted, table

from srllm_data.config import LabelConfig, RedactConfig, RewriteConfig, ValidateConfig, load_config
from srllm_data.errors import ConfigError
from srllm_data.label import label
from srllm_data.local_models import rewriter
from srllm_data.rewrite import assets, embedded, rewrite
from srllm_data.schema import schema_after
from srllm_data.validate import Gatekeeper

TEXTS = [
    "This idiot parked across two bays again, I waited 40 minutes.",
    "The so-called reform was rammed through by a 4-3 vote on Monday.",
    "these morons at the till charged me twice for the same milk",
]


def rows_of(*texts):
    """Rows with the labels that the label stage gives them; none is a control."""
    made = label(table(texts).select(schema_after("redact").names), LabelConfig()).kept
    place = made.schema.get_field_index("control")
    return made.set_column(place, "control", table(texts)["control"])


@pytest.fixture(scope="module")
def judge():
    return Gatekeeper(RedactConfig(), ValidateConfig(fluency=None))


@pytest.fixture(scope="module")
def output(judge, tmp_path_factory):
    ledger = tmp_path_factory.mktemp("ledger") / "requests.sqlite"
    rows = rows_of(*TEXTS)
    found = rewrite(rows, RewriteConfig(), ledger, judge)
    accounted(rows, found)
    return found


def test_adapter_and_editor_both_write_and_the_gates_choose(output):
    name = rewriter.name_of(rewriter.EMBEDDED)
    assert output.kept.num_rows
    for row in output.kept.to_pylist():
        by = {c["model"] for c in row["candidates"]}
        assert name in by
        assert row["rewrite_by"] in by
        assert row["rewrite"].split() != row["text"].split()
        judged = [c for c in row["candidates"] if c["outcome"] == "ok"]
        assert all(c["verdict"] for c in judged)
        best = next(c for c in judged if c["text"] == row["rewrite"])
        order = ("accept", "hold", "reject")
        assert order.index(best["verdict"]) == min(order.index(c["verdict"]) for c in judged)


def test_what_is_said_of_a_text_does_not_depend_on_the_others(output):
    rows = rows_of(*TEXTS).to_pylist()
    config = RewriteConfig()
    together = {r["id"]: r["text"] for r in embedded.write(rows, config).to_pylist()}
    alone = {
        r["id"]: r["text"]
        for row in reversed(rows)
        for r in embedded.write([row], config).to_pylist()
    }
    assert together == alone


def test_samples_are_more_candidates_and_repeat_with_the_seed():
    rows = rows_of(TEXTS[0]).to_pylist()
    config = RewriteConfig(samples=3, temperature=0.9)
    first = embedded.write(rows, config).to_pylist()
    assert [r["sample"] for r in first] == [0, 1, 2]
    assert first == embedded.write(rows, config).to_pylist()


def test_an_adapter_that_is_none_is_named(judge, tmp_path):
    config = RewriteConfig(adapter=str(tmp_path))
    with pytest.raises(ConfigError, match="no adapter that srllm trained"):
        rewrite(rows_of(TEXTS[0]), config, tmp_path / "requests.sqlite", judge)


def test_other_weights_are_another_asset_and_a_copy_is_the_same(tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(rewriter.folder_of(rewriter.EMBEDDED), copy)
    same = assets(RewriteConfig(adapter=str(copy)))
    assert same == assets(RewriteConfig())
    record = json.loads((copy / "srllm.json").read_bytes())
    record["weights"] = "0" * 64
    (copy / "srllm.json").write_text(json.dumps(record))
    assert assets(RewriteConfig(adapter=str(copy))) != same
    assert "adapter_model.safetensors" not in assets(RewriteConfig(adapter=None))


def test_current_is_what_was_promoted_and_else_srllms_own(tmp_path, monkeypatch):
    monkeypatch.delenv("SRLLM_REWRITE__ADAPTER", raising=False)
    place = tmp_path / "srllm.yaml"
    place.write_text(
        "gather: {sources: [{name: a, path: a.csv, licence: x}]}\nrewrite: {adapter: current}\n"
    )
    assert load_config(place).rewrite.adapter == "embedded"
    adapters = tmp_path / "workspace" / "adapters"
    adapters.mkdir(parents=True)
    (adapters / "current.json").write_text('{"adapter": "v1-0a-1b"}')
    assert load_config(place).rewrite.adapter == str(adapters / "v1-0a-1b")
    (adapters / "current.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"current\.json is damaged"):
        load_config(place)


def test_the_shipped_adapter_is_small_and_fit():
    folder = Path(rewriter.folder_of(rewriter.EMBEDDED))
    assert sum(f.stat().st_size for f in folder.iterdir()) <= 12_000_000
    record = json.loads((folder / "srllm.json").read_bytes())
    assert record["unfit"] == []
    assert {p.name for p in folder.iterdir()} == {
        "README.md", "adapter_config.json", "adapter_model.safetensors", "prompt.md", "srllm.json"
    }  # fmt: skip
