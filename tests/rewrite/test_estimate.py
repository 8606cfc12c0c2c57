"""Before a run: what it would send and cost, from the very requests."""

import pytest
from openai_server import OpenAIServer, rewritten, source_text
from rewrite_rows import table

from srllm_data.config import OtherModelConfig, PriceConfig, RewriteConfig
from srllm_data.rewrite import rewrite
from srllm_data.rewrite.estimate import estimate

TEXTS = [f"The dim mayor number {i} spoke about the bridge." for i in range(12)]
PRICES = {"loopback": PriceConfig(input=1.0, output=2.0)}


def config(server, **changes):
    chosen = {"examples": 0, "prices": PRICES, **changes}
    return RewriteConfig(model="loopback", base_url=server.url, **chosen)


def neutral(request, nth=1):
    return rewritten(source_text(request).replace("dim ", ""))


def test_an_estimate_counts_what_would_be_sent_and_sends_nothing(tmp_path):
    path = tmp_path / "requests.sqlite"
    with OpenAIServer(neutral) as server:
        (before,) = estimate([table(TEXTS, controls={0})], config(server), path)
        assert server.requests == []
        assert (before.rows, before.from_ledger, before.first) == (11, 0, 11)
        assert not before.measured
        rewrite(table(TEXTS[:5]), config(server), path)
        (after,) = estimate([table(TEXTS)], config(server), path)
        sent = len(server.requests)
        output = rewrite(table(TEXTS), config(server), path)
        assert len(server.requests) - sent == after.first == 7
    assert after.from_ledger == 5
    assert after.measured
    assert after.cost == pytest.approx(output.facts["cost"], rel=0.1)
    assert output.facts["cost"] < after.most


def test_what_is_stored_costs_nothing(tmp_path):
    path = tmp_path / "requests.sqlite"
    with OpenAIServer(neutral) as server:
        rewrite(table(TEXTS), config(server), path)
        (found,) = estimate([table(TEXTS)], config(server), path)
    assert (found.first, found.cost, found.most, found.tokens_in) == (0, 0, 0, 0)


def test_samples_models_and_rounds_are_counted(tmp_path):
    with OpenAIServer(neutral) as server:
        chosen = config(
            server,
            samples=2,
            temperature=0.5,
            refine_rounds=2,
            others=[OtherModelConfig(model="second")],
        )
        first, second = estimate([table(TEXTS)], chosen, tmp_path / "r.sqlite")
        batch = chosen.model_copy(update={"batch": True})
        half, _ = estimate([table(TEXTS)], batch, tmp_path / "r.sqlite")
    assert (first.model, second.model) == ("loopback", "second")
    assert first.first == second.first == 24
    assert first.later == 24 * 5
    assert second.cost is None
    assert half.cost == pytest.approx(first.cost / 2)
