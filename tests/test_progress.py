"""What is shown of a running stage, off a terminal."""

import importlib
import re

import pytest

from srllm_data import progress


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def said(capsys):
    return capsys.readouterr().err.strip()


def test_shares_of_a_row_add_up(clock, capsys):
    with progress.bar("rewrite", 7):
        for _ in range(7 * 3):
            progress.advance(1 / 3)
        clock[0] += 11
        progress.advance(0)
    assert said(capsys).startswith("rewrite: 7 of 7 rows")


def test_the_time_left_is_that_of_the_rows_that_took_time(clock, capsys):
    """The first report comes after a model was loaded, or holds rows that need no work."""
    with progress.bar("rewrite", 1000):
        clock[0] += 300
        progress.advance(600)
        assert said(capsys) == "rewrite: 600 of 1,000 rows"
        for _ in range(100):
            clock[0] += 1
            progress.advance(1)
        progress.note("drafts: 100 of 400 requests")
    last = said(capsys).splitlines()[-1]
    done, minutes, seconds = map(
        int, re.findall(r"rewrite: (\d+) of 1,000 rows, about (\d+) min (\d+) s left", last)[0]
    )
    assert 60 * minutes + seconds == 1000 - done


def test_ctrl_c_lets_a_module_be_imported_to_its_end(tmp_path, monkeypatch):
    """C++ extensions that meet the exception half way abort the process."""
    (tmp_path / "interrupted_module.py").write_text(
        "import signal\nsignal.raise_signal(signal.SIGINT)\nwhole = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    seen = []

    def run():
        seen.append(importlib.import_module("interrupted_module").whole)
        progress.advance()
        seen.append("went on")

    with pytest.raises(KeyboardInterrupt), progress.interruptible():
        run()
    assert seen == [True]


def test_ctrl_c_is_not_lost_where_nothing_is_reported_any_more(tmp_path, monkeypatch):
    (tmp_path / "interrupted_last.py").write_text(
        "import signal\nsignal.raise_signal(signal.SIGINT)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt), progress.interruptible():
        importlib.import_module("interrupted_last")


def test_a_second_ctrl_c_does_not_wait_for_the_import(tmp_path, monkeypatch):
    (tmp_path / "interrupted_twice.py").write_text(
        "import signal\nsignal.raise_signal(signal.SIGINT)\nsignal.raise_signal(signal.SIGINT)\n"
        "raise AssertionError('still importing')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt), progress.interruptible():
        importlib.import_module("interrupted_twice")
