"""The mapping: complete, encrypted, outside of releases, and silent."""

import logging
from pathlib import Path

import pyarrow as pa
import pytest

from srllm_data.config import RedactConfig
from srllm_data.errors import StoreError
from srllm_data.mapping import KEY, read_mapping, write_mapping
from srllm_data.redact import redact
from srllm_data.schema import schema_after
from srllm_data.workspace import Workspace, write_table

PASSPHRASE = "correct horse battery"
TEXTS = {
    "aa01": "Sarah Johnson met Priya Raman. Johnson wrote to @owl and 555-0142.",
    "ab02": "Nothing here.",
    "ab03": "Ask sarah@example.com or Sarah@Example.com.",
}
KEYS = {"deduplicate": "k", "redact": "k"}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv(KEY, PASSPHRASE)
    place = Workspace(tmp_path / "workspace")
    rows = pa.Table.from_pylist(
        [{"id": id_, "text": text} for id_, text in TEXTS.items()],
        schema=schema_after("deduplicate"),
    )
    for stage, table in (("deduplicate", rows), ("redact", redact(rows, RedactConfig()).kept)):
        write_table(place.folder(stage, "k") / "part-00000.parquet", table)
    return place


@pytest.fixture
def written(workspace: Workspace, tmp_path: Path) -> Path:
    out = tmp_path / "mapping.bin"
    assert write_mapping(workspace, KEYS, RedactConfig(), out) == 2
    return out


def test_what_was_replaced_is_read_back(written: Path) -> None:
    assert read_mapping(written, "aa") == {
        "<PERSON_1>": ["Sarah Johnson", "Johnson"],
        "<PERSON_2>": ["Priya Raman"],
        "<USERNAME_1>": ["@owl"],
        "<PHONE_NUMBER_1>": ["555-0142"],
    }
    assert read_mapping(written, "ab03") == {
        "<EMAIL_ADDRESS_1>": ["sarah@example.com", "Sarah@Example.com"]
    }


def test_the_file_shows_nothing(written: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = written.read_bytes()
    assert b"Sarah" not in data
    assert b"PERSON" not in data
    assert written.stat().st_mode & 0o077 == 0
    assert not [
        r for r in caplog.records if "Sarah" in r.getMessage() or PASSPHRASE in r.getMessage()
    ]
    assert logging.getLogger("srllm_data").level == logging.NOTSET


@pytest.mark.parametrize("at", [20, 40, -1])
def test_an_altered_file_is_refused(written: Path, at: int) -> None:
    data = bytearray(written.read_bytes())
    data[at] ^= 1
    written.write_bytes(bytes(data))
    with pytest.raises(StoreError, match="another passphrase, or the file was altered"):
        read_mapping(written, "aa01")


def test_a_wrong_a_missing_and_a_short_key(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "another passphrase")
    with pytest.raises(StoreError, match="does not open"):
        read_mapping(written, "aa01")
    monkeypatch.delenv(KEY)
    with pytest.raises(StoreError, match=f"Set {KEY}"):
        read_mapping(written, "aa01")
    monkeypatch.setenv(KEY, "short")
    with pytest.raises(StoreError, match="too short"):
        read_mapping(written, "aa01")


def test_a_cut_or_foreign_file(written: Path, tmp_path: Path) -> None:
    written.write_bytes(written.read_bytes()[:30])
    with pytest.raises(StoreError, match="altered"):
        read_mapping(written, "aa01")
    (tmp_path / "other").write_text("{}")
    with pytest.raises(StoreError, match="is no mapping"):
        read_mapping(tmp_path / "other", "aa01")
    with pytest.raises(StoreError, match="cannot be read"):
        read_mapping(tmp_path / "missing", "aa01")


def test_a_row_must_be_there_and_be_one(written: Path) -> None:
    with pytest.raises(StoreError, match=r"^2 rows"):
        read_mapping(written, "")
    with pytest.raises(StoreError, match=r"^0 rows"):
        read_mapping(written, "ab02")


def test_never_inside_a_release(workspace: Workspace) -> None:
    with pytest.raises(StoreError, match="inside a release"):
        write_mapping(
            workspace, KEYS, RedactConfig(), workspace.releases / "v1-0a1b2c3d" / "mapping"
        )


def test_a_changed_redaction_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Row aa01 is redacted in another way now"):
        write_mapping(workspace, KEYS, RedactConfig(entities=["PERSON"]), tmp_path / "out")
    assert not (tmp_path / "out").exists()
