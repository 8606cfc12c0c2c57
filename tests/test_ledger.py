import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.errors import StoreError
from srllm_data.ledger import OUTCOMES, TRANSIENT, Answer, Ledger, canonical

REQUEST = {"model": "m", "messages": [{"role": "user", "content": "Grüße, <PERSON_1>"}], "seed": 1}
GOOD = Answer("ok", '{"rewrite": "x"}', "stop", 12, 3, 1)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
requests = st.dictionaries(
    st.text(st.characters(exclude_categories=("Cs",))), json_values, max_size=4
)


def test_an_answer_survives_reopening(tmp_path):
    path = tmp_path / "deep" / "requests.sqlite"
    with Ledger(path) as ledger:
        assert ledger.find(REQUEST) is None
        ledger.put(REQUEST, GOOD)
    with Ledger(path) as ledger:
        assert ledger.find(REQUEST) == GOOD
        assert ledger.find({**REQUEST, "seed": 2}) is None


@settings(deadline=None)
@given(requests)
def test_order_of_keys_is_no_difference(request_):
    assert canonical(dict(reversed(request_.items()))) == canonical(request_)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_only_passing_failures_are_asked_again(outcome, tmp_path):
    with Ledger(tmp_path / "requests.sqlite") as ledger:
        ledger.put(REQUEST, Answer(outcome, "text"))
        assert (ledger.find(REQUEST) is None) == (outcome in TRANSIENT)


def test_an_answer_replaces_a_passing_failure_and_adds_its_attempts(tmp_path):
    with Ledger(tmp_path / "requests.sqlite") as ledger:
        ledger.put(REQUEST, Answer("rate_limited", attempts=4))
        ledger.put(REQUEST, GOOD)
        found = ledger.find(REQUEST)
    assert found == Answer("ok", GOOD.text, "stop", 12, 3, attempts=5)


@pytest.mark.parametrize("late", OUTCOMES)
def test_a_finished_answer_stands(late, tmp_path):
    with Ledger(tmp_path / "requests.sqlite") as ledger:
        ledger.put(REQUEST, GOOD)
        ledger.put(REQUEST, Answer(late, "late"))
        assert ledger.find(REQUEST) == GOOD


def test_threads_and_a_second_opener_write_at_once(tmp_path):
    path = tmp_path / "requests.sqlite"
    with Ledger(path) as one, Ledger(path) as other, ThreadPoolExecutor(8) as pool:
        for done in [
            pool.submit((one, other)[i % 2].put, {"n": i // 2}, Answer("ok", str(i // 2)))
            for i in range(200)
        ]:
            done.result()
    with Ledger(path) as ledger:
        assert [ledger.find({"n": n}).text for n in range(100)] == [str(n) for n in range(100)]


def test_every_put_that_returned_outlives_kill_9(tmp_path):
    path = tmp_path / "requests.sqlite"
    program = (
        "import sys, itertools, pathlib\n"
        "from srllm_data.ledger import Answer, Ledger\n"
        "ledger = Ledger(pathlib.Path(sys.argv[1]))\n"
        "for n in itertools.count():\n"
        "    ledger.put({'n': n}, Answer('ok', str(n)))\n"
        "    print(n, flush=True)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    )
    seen = [int(child.stdout.readline()) for _ in range(50)]
    os.kill(child.pid, signal.SIGKILL)
    seen += [int(line) for line in child.stdout if line.endswith("\n")]
    child.wait()
    with Ledger(path) as ledger:
        assert all(ledger.find({"n": n}) == Answer("ok", str(n)) for n in seen)
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_that_is_no_ledger_is_one_sentence(tmp_path):
    path = tmp_path / "requests.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"requests\.sqlite cannot be used \(file is not a data"):
        Ledger(path)


def test_a_ledger_of_a_later_version_is_left_alone(tmp_path):
    path = tmp_path / "requests.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(StoreError, match="format 99"):
        Ledger(path)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        Ledger(tmp_path / "file" / "requests.sqlite")
