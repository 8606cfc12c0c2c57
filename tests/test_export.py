import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from srllm_data.errors import StoreError
from srllm_data.export import export
from srllm_data.schema import COLUMNS
from srllm_data.workspace import write_table

ENTITY = {"placeholder": "<PERSON_1>", "type": "PERSON", "surrogate": "Ann Lee"}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    folder = tmp_path / "v1-0a1b2c3d"
    row = {
        "id": "a",
        "text": "stupid <PERSON_1>",
        "rewrite": "<PERSON_1>",
        "entities": [ENTITY],
        "target_groups": ["age", "class"],
        "bias": "Yes",
    }
    schema = pa.schema([(n, COLUMNS[n].type) for n in row])
    write_table(
        folder / "data" / "train-00000-of-00001.parquet", pa.Table.from_pylist([row], schema)
    )
    pair = {"id": "a", "prompt": row["text"], "chosen": row["rewrite"], "rejected": row["text"]}
    write_table(
        folder / "preferences" / "train-00000-of-00001.parquet", pa.Table.from_pylist([pair])
    )
    (folder / "manifest.json").write_text("{}")
    return folder


def test_pairs_have_the_names_of_the_reference_too(release: Path, tmp_path: Path) -> None:
    assert export(release, tmp_path / "out.jsonl") == 1
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert row["text"] == row["biased_text"] == "stupid <PERSON_1>"
    assert row["rewrite"] == row["debiased_text"] == "<PERSON_1>"
    assert row["split"] == "train"


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_surrogates_in_every_format(release: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"out.{ending}"
    export(release, out, surrogates=True)
    if ending == "parquet":
        (row,) = pq.read_table(out).to_pylist()
    elif ending == "csv":
        (row,) = csv.DictReader(out.open())
        assert row["target_groups"] == "age; class"
    else:
        row = json.loads(out.read_text())
    assert (row["biased_text"], row["debiased_text"]) == ("stupid Ann Lee", "Ann Lee")


def test_preference_pairs_get_the_same_stand_ins(release: Path, tmp_path: Path) -> None:
    export(release, tmp_path / "out.jsonl", surrogates=True, preferences=True)
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert (row["prompt"], row["chosen"]) == ("stupid Ann Lee", "Ann Lee")


def test_mistakes_are_one_sentence(release: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is no release"):
        export(tmp_path, tmp_path / "out.csv")
    with pytest.raises(StoreError, match="must end in"):
        export(release, tmp_path / "out.xlsx")
