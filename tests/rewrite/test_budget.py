"""The spend cap holds under any concurrency, and what it cut off can be resumed."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai_server import HANG, RESET, OpenAIServer, answer, error, rewritten, source_text
from pydantic import ValidationError
from rewrite_rows import accounted, table

from srllm_data.config import PriceConfig, RewriteConfig
from srllm_data.ledger import Ledger
from srllm_data.provider import provider as provider_module
from srllm_data.rewrite import rewrite

TEXTS = [f"The dim mayor number {i} spoke about the bridge." for i in range(30)]
PRICE = PriceConfig(input=10.0, output=100.0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(provider_module, "BACKOFF_S", 0.002)
    monkeypatch.setattr(provider_module, "MAX_BACKOFF_S", 0.02)


def config(server, **changes):
    chosen = {"examples": 0, "prices": {"loopback": PRICE}, "max_wait_s": 1.0, **changes}
    return RewriteConfig(model="loopback", base_url=server.url, **chosen)


def neutral(request, nth=1):
    return rewritten(source_text(request).replace("dim ", ""))


def billed(server):
    """What the server would charge for all that it carried out: 100 tokens in, words out."""
    return sum((100 * 10 + len(source_text(r).split()) * 100) / 1e6 for r in server.requests)


def spent(path):
    with Ledger(path) as ledger:
        return ledger.spent()


@settings(deadline=None, max_examples=15)
@given(st.floats(0.0, 0.2), st.integers(1, 40))
def test_the_cap_is_never_crossed(tmp_path_factory, cap, concurrency):
    path = tmp_path_factory.mktemp("cap") / "requests.sqlite"
    with OpenAIServer(neutral) as server:
        output = rewrite(table(TEXTS), config(server, max_cost=cap, concurrency=concurrency), path)
        assert billed(server) <= cap
    reasons = accounted(table(TEXTS), output)
    assert set(reasons.values()) <= {"over_budget"}
    assert output.facts["ok"] + output.facts["over_budget"] == len(TEXTS)
    assert output.facts["ask_again"] == output.facts["over_budget"]
    assert spent(path) == pytest.approx(output.facts["cost"])


def test_a_larger_cap_resumes_without_paying_twice(tmp_path):
    path = tmp_path / "requests.sqlite"
    with OpenAIServer(neutral) as server:
        first = rewrite(table(TEXTS), config(server, max_cost=0.09), path)
        assert 0 < first.facts["ok"] < len(TEXTS)
        same = rewrite(table(TEXTS), config(server, max_cost=0.09), path)
        assert same.facts["requests_sent"] == 0
        assert same.kept.equals(first.kept)
        rest = rewrite(table(TEXTS), config(server, max_cost=9.0), path)
        assert accounted(table(TEXTS), rest) == {}
        assert set(server.calls().values()) == {1}


@pytest.mark.parametrize(("fault", "outcome"), [(HANG, "timed_out"), (RESET, "unreachable")])
def test_what_may_have_been_billed_counts_as_spent(fault, outcome, tmp_path):
    """A request whose answer got lost may have been carried out; one never sent was not."""
    path = tmp_path / "requests.sqlite"
    with OpenAIServer(lambda request, nth: fault) as server:
        chosen = config(server, max_cost=5.0, timeout_s=0.1, max_attempts=2)
        output = rewrite(table(TEXTS[:1]), chosen, path)
    assert accounted(table(TEXTS[:1]), output) == {"r0": outcome}
    assert spent(path) > 0.1
    closed = rewrite(table(TEXTS[:1]), chosen, tmp_path / "other.sqlite")
    assert accounted(table(TEXTS[:1]), closed) == {"r0": "unreachable"}
    assert spent(tmp_path / "other.sqlite") == 0


def test_errors_of_the_server_cost_nothing(tmp_path):
    path = tmp_path / "requests.sqlite"
    with OpenAIServer(lambda r, nth: error(500, "x") if nth == 1 else neutral(r)) as server:
        output = rewrite(table(TEXTS[:3]), config(server, max_cost=5.0), path)
    assert accounted(table(TEXTS[:3]), output) == {}
    assert spent(path) == pytest.approx(output.facts["cost"])
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT COUNT(*) FROM unsettled").fetchone() == (0,)


def test_an_answer_without_usage_counts_with_its_bound(tmp_path):
    def script(request, nth):
        response = neutral(request)
        return type(response)(response.body.replace(b'"usage"', b'"unused"'))

    path = tmp_path / "requests.sqlite"
    with OpenAIServer(script) as server:
        rewrite(table(TEXTS[:1]), config(server, max_cost=5.0), path)
    assert spent(path) > 0.05


def test_malformed_answers_are_paid_too(tmp_path):
    path = tmp_path / "requests.sqlite"
    with OpenAIServer(lambda request, nth: answer("Gladly, my friend!")) as server:
        output = rewrite(table(TEXTS[:1]), config(server, max_cost=5.0), path)
    assert spent(path) == pytest.approx(2 * (1000 + 300) / 1e6)
    assert output.facts["cost"] == pytest.approx(spent(path))


def test_a_cap_without_a_price_is_named():
    with pytest.raises(ValidationError, match="needs the price of 'm'"):
        RewriteConfig(model="m", max_cost=1.0)
    RewriteConfig(max_cost=1.0)
