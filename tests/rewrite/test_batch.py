"""The batch API: answers land in the ledger, and nothing is asked for twice."""

import sqlite3

import pytest
from openai_server import OpenAIServer, answer, error, rewritten, source_text
from rewrite_rows import accounted, table

from srllm_data.config import PriceConfig, RewriteConfig
from srllm_data.errors import ProviderError
from srllm_data.ledger import Ledger
from srllm_data.rewrite import batch, rewrite, wanted

TEXTS = [f"The dim mayor number {i} spoke about the bridge." for i in range(10)]
PRICES = {"loopback": PriceConfig(input=10.0, output=100.0)}


def config(server, **changes):
    chosen = {"batch": True, "batch_poll_s": 0.01, "examples": 0, "prices": PRICES, **changes}
    return RewriteConfig(model="loopback", base_url=server.url, **chosen)


def neutral(request, nth=1):
    return rewritten(source_text(request).replace("dim ", ""))


def waves(rows, settings, ledger):
    """What the flow does: submit, wait, collect until no answer comes; how many came each time."""
    sizes = []
    while not sizes or sizes[-1]:
        ids, alone = batch.submit(wanted(rows, settings, ledger), settings, ledger)
        batch.wait(ids, settings, ledger)
        sizes.append(alone + batch.collect(ids, settings, ledger))
    return sizes[:-1]


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "requests.sqlite"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    sleep = batch.time.sleep
    monkeypatch.setattr(batch.time, "sleep", lambda seconds: sleep(min(seconds, 0.01)))


def test_batches_give_what_single_requests_give_at_their_own_price(ledger, tmp_path):
    rows = table(TEXTS, controls={3})
    with OpenAIServer(neutral) as server:
        assert waves(rows, config(server), ledger) == [9]
        output = rewrite(rows, config(server), ledger)
        single = rewrite(rows, config(server, batch=False), tmp_path / "single.sqlite")
    assert accounted(rows, output) == {}
    assert output.kept.equals(single.kept)
    assert len(server.batches) == 1
    assert output.facts["requests_sent"] == 0
    # The first request goes alone, at its full price.
    assert output.facts["ledger_cost"] == pytest.approx(single.facts["cost"] * (1 + 8 / 2) / 9)


def test_malformed_answers_make_a_second_wave(ledger):
    def script(request, nth):
        return neutral(request) if len(request["messages"]) > 2 else answer("Gladly!")

    with OpenAIServer(script) as server:
        assert waves(table(TEXTS), config(server), ledger) == [10, 10]
        assert accounted(table(TEXTS), rewrite(table(TEXTS), config(server), ledger)) == {}
    assert len(server.batches) == 2


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_what_a_batch_got_done_is_kept_and_only_the_rest_is_sent_again(status, ledger):
    rows = table(TEXTS)
    with OpenAIServer(neutral) as server:
        server.batch_end = (status, 0.4)
        settings = config(server)
        ids, _ = batch.submit(wanted(rows, settings, ledger), settings, ledger)
        batch.wait(ids, settings, ledger)
        assert batch.collect(ids, settings, ledger) == 4
        partly = rewrite(rows, settings, ledger)
        assert set(accounted(rows, partly).values()) == {"timed_out"}
        assert partly.facts["ask_again"] == 5
        server.batch_end = ("completed", 1.0)
        assert waves(rows, settings, ledger) == [5]
        assert accounted(rows, rewrite(rows, settings, ledger)) == {}
        assert set(server.calls().values()) == {1}


def test_an_open_batch_is_waited_for_and_never_sent_again(ledger):
    """As after a kill while waiting: the id is in the ledger."""
    rows = table(TEXTS)
    with OpenAIServer(neutral) as server:
        settings = config(server)
        first, _ = batch.submit(wanted(rows, settings, ledger), settings, ledger)
        assert batch.submit(wanted(rows, settings, ledger), settings, ledger) == (first, 0)
        assert len(server.batches) == 1
        more = table([*TEXTS, "The dim clerk left.", "The dim cook left."])
        both, _ = batch.submit(wanted(more, settings, ledger), settings, ledger)
        assert len(both) == 2
        batch.wait(both, settings, ledger)
        assert batch.collect(both, settings, ledger) == 9 + 1
    assert set(server.calls().values()) == {1}


@pytest.mark.parametrize("reached", [True, False])
def test_a_stop_while_sending_neither_loses_nor_repeats_a_batch(reached, ledger):
    """Killed between the request that makes the batch and the commit of its id."""
    rows = table(TEXTS)
    with OpenAIServer(neutral) as server:
        settings = config(server)
        batch.submit(wanted(rows, settings, ledger), settings, ledger)
        with sqlite3.connect(ledger) as db:
            db.execute("UPDATE batches SET remote = NULL, state = 'new'")
        if not reached:
            server.batches.clear()
        # Of a batch that never was, one request goes alone.
        assert waves(rows, settings, ledger) == [9]
        assert accounted(rows, rewrite(rows, settings, ledger)) == {}
    assert len(server.batches) == 1
    assert set(server.calls().values()) == {1}


def test_a_refused_batch_is_one_sentence_and_can_be_sent_again(ledger):
    rows = table(TEXTS)
    with OpenAIServer(neutral) as server:
        server.batch_end = ("failed", 0.0)
        with pytest.raises(ProviderError, match=r"did not accept a batch \(line 1 is odd\)"):
            waves(rows, config(server), ledger)
        server.batch_end = ("completed", 1.0)
        assert waves(rows, config(server), ledger) == [9]


def test_requests_that_failed_inside_a_batch_are_asked_again(ledger):
    def script(request, nth):
        text = source_text(request)
        if "number 1 " in text:
            return error(400, "no", code="content_filter")
        return error(500, "oops") if "number 2 " in text and nth == 1 else neutral(request)

    rows = table(TEXTS)
    with OpenAIServer(script) as server:
        assert waves(rows, config(server), ledger) == [9, 1]
        output = rewrite(rows, config(server), ledger)
    assert accounted(rows, output) == {"r1": "content_filtered"}


def test_a_batch_stays_within_the_cap(ledger):
    rows = table(TEXTS)
    with OpenAIServer(neutral) as server:
        settings = config(server, max_cost=0.037)
        sizes = waves(rows, settings, ledger)
        with Ledger(ledger) as opened:
            assert opened.spent() <= 0.037
        assert 0 < sum(sizes) < 10
        waves(rows, config(server, max_cost=100.0), ledger)
        assert accounted(rows, rewrite(rows, settings, ledger)) == {}
    assert set(server.calls().values()) == {1}


def test_an_endpoint_without_batches_is_named(ledger):
    with OpenAIServer(neutral) as server:
        settings = config(server)
        server._api = lambda path, raw: None
        with pytest.raises(ProviderError, match=r"unset rewrite\.batch"):
            batch.submit(wanted(table(TEXTS), settings, ledger), settings, ledger)
    assert len(server.requests) == 1


def test_a_batch_is_written_as_the_model_takes_it(ledger):
    """Reasoning models refuse a temperature, and max_tokens under that name."""
    odd = {"max_tokens": "max_completion_tokens", "temperature": None}

    def script(request, nth):
        for name in odd:
            if name in request:
                return error(400, f"not {name}", code="unsupported_parameter", param=name)
        return neutral(request)

    rows = table(TEXTS)
    with OpenAIServer(script) as server:
        assert waves(rows, config(server), ledger) == [10]
        assert accounted(rows, rewrite(rows, config(server), ledger)) == {}
    assert [bool(set(odd) & set(r)) for r in server.requests] == [True, True] + 10 * [False]


def test_what_the_endpoint_said_of_a_request_in_a_batch_is_told(ledger):
    def script(request, nth):
        long = "number 2 " in source_text(request)
        return error(400, "too long for this model") if long else neutral(request)

    rows = table(TEXTS)
    with OpenAIServer(script) as server:
        assert waves(rows, config(server), ledger) == [9]
        output = rewrite(rows, config(server), ledger)
    assert accounted(rows, output) == {"r2": "bad_request"}
    assert "HTTP 400: too long for this model" in output.dropped["detail"].to_pylist()[0]
