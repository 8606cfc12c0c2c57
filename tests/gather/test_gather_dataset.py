from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gathered import Read, source

from srllm_data.gather import fingerprint

CARD = """---
configs:
- config_name: default
  data_files:
  - {split: train, path: data/train-*}
  - {split: test, path: data/test-*}
- config_name: held_out
  data_files: [{split: train, path: data/test-*}]
---
"""


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A local directory in the hub's own layout."""
    folder = tmp_path / "comments"
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_text(CARD)
    for split, texts in {"train": ["one", "two", None], "test": ["three"]}.items():
        table = pa.table(
            {"text": texts, "meta": [{"id": f"{split}{i}"} for i in range(len(texts))]}
        )
        pq.write_table(table, folder / f"data/{split}-00000-of-00001.parquet")
    return folder


def test_a_split_of_a_local_dataset(read: Read, dataset: Path) -> None:
    found = read(dataset=str(dataset), columns={"key": "meta.id"})
    assert [(r["text"], r["source_key"], r["location"]) for r in found.rows] == [
        ("one", "train0", "comments:train#1"),
        ("two", "train1", "comments:train#2"),
    ]
    assert found.reasons == ["missing_text"]
    assert read(dataset=str(dataset), split="test").texts == ["three"]
    assert read(dataset=str(dataset), limit=1).texts == ["one"]
    assert read(dataset=str(dataset), subset="held_out").texts == ["three"]


def test_a_local_dataset_of_json_lines(read: Read, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\nlicense: cc0-1.0\n---\n")
    (tmp_path / "train.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    assert read(dataset=str(tmp_path)).texts == ["one", "two"]


def test_a_local_dataset_that_cannot_be_read(read: Read, dataset: Path) -> None:
    assert "Available splits: ['train', 'test']" in str(read(dataset=str(dataset), split="x").error)
    assert "'nope' not found" in str(read(dataset=str(dataset), subset="nope").error)
    error = read(dataset=str(dataset), columns={"text": "texts"}).error
    assert f"'{dataset}' has no column 'texts'; did you mean 'text'." in str(error)
    (dataset / "data/train-00000-of-00001.parquet").write_bytes(b"broken")
    assert "cannot be read" in str(read(dataset=str(dataset)).error)


def test_a_hub_dataset_offline(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    error = str(read(dataset="someone/comments").error)
    assert error.startswith("The dataset 'someone/comments' cannot be read (")
    assert "HF_HUB_OFFLINE=1" in error


def test_the_fingerprint_of_a_dataset(dataset: Path, tmp_path: Path) -> None:
    news = source(dataset=str(dataset))
    before = fingerprint(news, 1.0, tmp_path)
    (dataset / ".cache").write_text("no part of it")
    assert fingerprint(news, 1.0, tmp_path) == before
    (dataset / "README.md").write_text("")
    assert fingerprint(news, 1.0, tmp_path) != before
    at = source(dataset="someone/comments", revision="0123456789" * 4)
    other = source(dataset="someone/comments", revision="1123456789" * 4)
    assert fingerprint(at, 1.0, tmp_path) != fingerprint(other, 1.0, tmp_path)


MODULE = """
def comments(count, broken=False):
    for n in range(count):
        yield {"text": f"comment {n}", "n": n}
    if broken:
        raise ValueError("some text that must not be shown")
    yield "no mapping"

answer = 42
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"module_{uuid4().hex}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", __import__("sys").path[:])
    return name


def test_a_callable(read: Read, module: str) -> None:
    found = read(callable=f"{module}:comments", arguments={"count": 2}, columns={"key": "n"})
    assert found.texts == ["comment 0", "comment 1"]
    assert [r["source_key"] for r in found.rows] == ["0", "1"]
    assert found.rows[1]["location"] == f"{module}:comments#2"
    assert found.reasons == ["malformed_row"]


def test_a_callable_that_fails_keeps_what_it_gave(read: Read, module: str) -> None:
    found = read(callable=f"{module}:comments", arguments={"count": 2, "broken": True})
    assert found.texts == ["comment 0", "comment 1"]
    assert found.error == (
        f"{module}:comments failed after 2 records (ValueError in {module}.py, line 6); correct it."
    )


def test_callables_that_cannot_be_called(read: Read, module: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}_x.py").write_text("import no_such_module\n")
    for name, error in [
        (f"{module}:nothing", "has no function 'nothing'"),
        (f"{module}:answer", "TypeError"),
        (f"{module}:comments", "TypeError"),
        (module, "write it as package.module:function"),
        ("no_such_module:function", "There is no module no_such_module"),
        ("no_such.module:function", "no_such.module cannot be imported"),
        (
            f"{module}_x:function",
            f"cannot be imported (ModuleNotFoundError in {module}_x.py, line 1",
        ),
        ("sys:exit", "There is no module sys"),
    ]:
        assert error in str(read(callable=name).error)


def test_the_fingerprint_of_a_callable(module: str, tmp_path: Path) -> None:
    def of(count: int) -> str:
        news = source(callable=f"{module}:comments", arguments={"count": count})
        return fingerprint(news, 1.0, tmp_path)

    before = of(1)
    assert (of(1) == before, of(2) == before) == (True, False)
    (tmp_path / f"{module}.py").write_text(MODULE + "\n")
    assert of(1) != before
