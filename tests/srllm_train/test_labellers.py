"""Training on a few texts: the same bytes again, a manifest, a card, and labellers that load."""

import json
from hashlib import sha256

import pytest
from typer.testing import CliRunner

from srllm_data.cli import app
from srllm_data.config import LabelConfig
from srllm_data.errors import ConfigError
from srllm_data.labellers.annotate import annotate
from srllm_train import fit_encoder, fit_ngrams
from srllm_train.labelled_rows import SOURCES, own_rows, parts
from srllm_train.labellers import OWN_TEXTS, train

NONE = tuple(source.name for source in SOURCES)


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A tenth of our own texts, and a quarter of the few that are of no use."""
    folder = tmp_path_factory.mktemp("own")
    for path in OWN_TEXTS.glob("*.tsv"):
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        some = lines[:: 4 if path.stem == "unusable" else 10]
        (folder / path.name).write_text("\n".join([head, *some]) + "\n", encoding="utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_training_twice_gives_the_same_bytes(few, tmp_path):
    rows = own_rows(few)
    found = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        fit_ngrams.fit(rows, parts(rows), folder)
        fit_encoder.fit(rows, parts(rows), folder)
        found.append({f.name: sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()})
    assert found[0] == found[1]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_was_trained_labels_and_has_a_card(few, tmp_path):
    out = tmp_path / "classifiers"
    train(tmp_path, out, few, without=NONE)
    manifest = json.loads((out / "manifest.json").read_text())
    assert set(manifest["files"]) == {"ngrams.safetensors", "encoder.safetensors"}
    assert manifest["licences"] == {"own": "CC0-1.0"}
    card = (out / "README.md").read_text()
    assert "AUROC on held-back rows" in card
    assert "AGPL" not in card
    config = LabelConfig(classifiers=str(out))
    (row,) = annotate(["The council meets on Tuesday."], config).to_pylist()
    assert {o["outcome"] for o in row["opinions"]} == {"answered"}


def test_a_set_that_is_not_there_is_named(few, tmp_path):
    with pytest.raises(ConfigError, match=r"babe\.jsonl is missing; .*--without"):
        train(tmp_path, tmp_path / "out", few)


def test_without_our_own_texts_it_says_where_they_are(tmp_path):
    with pytest.raises(ConfigError, match="train in a checkout"):
        train(tmp_path, tmp_path / "out", tmp_path / "none")


def test_the_command_names_its_options():
    result = CliRunner().invoke(app, ["train", "labellers", "--help"])
    assert result.exit_code == 0
    assert all(option in result.output for option in ("--data", "--out", "--without"))
