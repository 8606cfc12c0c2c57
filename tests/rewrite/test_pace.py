"""The pace of requests: limits are kept, push-back slows down, silence ends it."""

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai_server import OpenAIServer, error, rewritten, source_text
from rewrite_rows import accounted, table

from srllm_data.config import RewriteConfig
from srllm_data.provider import provider as provider_module
from srllm_data.provider.pace import Pace, StoppedError
from srllm_data.rewrite import rewrite


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(provider_module, "BACKOFF_S", 0.002)
    monkeypatch.setattr(provider_module, "MAX_BACKOFF_S", 0.02)


def config(url="http://127.0.0.1:9/v1", **changes):
    return RewriteConfig(model="loopback", base_url=url, **{"examples": 0, **changes})


def test_push_back_halves_the_limit_once_for_all_that_was_in_flight():
    async def run():
        pace = Pace(config(concurrency=16))
        sent = [await pace.admit(1) for _ in range(16)]
        for generation in sent[:10]:
            pace.pushed_back(generation, "rate_limited", None)
        assert pace.limit == 8
        for _ in sent[10:]:
            pace.answered(0)
        assert 8 < pace.limit < 9
        for _ in range(200):
            await pace.admit(1)
            pace.answered(0)
        assert pace.limit == 16

    asyncio.run(run())


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["ok", "busy", "silent", "gone"]), max_size=60), st.integers(1, 9))
def test_never_more_in_flight_than_the_limit_and_nobody_waits_for_ever(ends, most):
    async def run():
        pace = Pace(config(concurrency=most))
        flying = 0

        async def one(end):
            nonlocal flying
            try:
                generation = await pace.admit(1)
            except StoppedError:
                return
            flying += 1
            assert flying <= most
            await asyncio.sleep(0)
            flying -= 1
            match end:
                case "ok":
                    pace.answered(0)
                case "busy":
                    pace.pushed_back(generation, "rate_limited", None)
                case "silent":
                    pace.unanswered(generation, "unreachable")
                case "gone":
                    pace.withdrawn()
            assert 1 <= pace.limit <= most

        await asyncio.wait_for(asyncio.gather(*map(one, ends)), 5)
        assert flying == 0

    asyncio.run(run())


@pytest.mark.parametrize(
    ("limits", "tokens"), [({"requests_per_minute": 600}, 1), ({"tokens_per_minute": 6000}, 10)]
)
def test_limits_a_minute_are_kept(limits, tokens):
    """Ten a second, of which the first second's share comes at once."""

    async def run():
        pace = Pace(config(concurrency=30, **limits))
        for _ in range(15):
            await pace.admit(tokens)
            pace.answered(0)

    began = time.monotonic()
    asyncio.run(run())
    assert 0.45 <= time.monotonic() - began < 1.0


def test_tokens_that_were_not_used_are_given_back():
    async def run():
        pace = Pace(config(tokens_per_minute=6000))
        for _ in range(50):
            await pace.admit(100)
            pace.answered(99)

    began = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - began < 0.9


def test_nine_in_ten_pushed_back_still_ends_every_row(tmp_path):
    """Without Retry-After and with it; the same rows as without any push-back."""
    texts = [f"The dim mayor number {i} spoke." for i in range(40)]
    for headers in ({}, {"Retry_After": "0"}):
        calls = iter(range(10**6))

        def script(request, nth, calls=calls, headers=headers):
            if next(calls) % 10:
                return error(429, "slow down", **headers)
            return rewritten(source_text(request).replace("dim ", ""))

        with OpenAIServer(script) as server:
            output = rewrite(
                table(texts),
                config(server.url, concurrency=16, max_wait_s=60.0),
                tmp_path / f"{len(headers)}.sqlite",
            )
        assert accounted(table(texts), output) == {}
        assert len(server.requests) >= 390


def test_a_silent_endpoint_ends_the_stage_with_all_that_was_finished(tmp_path):
    texts = [f"The dim mayor number {i} spoke." for i in range(300)]

    def script(request, nth):
        if len(server.requests) <= 20:
            return rewritten(source_text(request).replace("dim ", ""))
        return error(503, "down")

    with OpenAIServer(script) as server:
        chosen = config(server.url, concurrency=4, max_attempts=2, max_wait_s=0.3)
        began = time.monotonic()
        output = rewrite(table(texts), chosen, tmp_path / "r.sqlite")
        assert time.monotonic() - began < 20
        reasons = accounted(table(texts), output)
        assert output.facts["ok"] == 20
        assert set(reasons.values()) == {"unreachable"}
        assert len(server.requests) < 200
        server._script = lambda request, nth: rewritten(source_text(request).replace("dim ", ""))
        again = rewrite(table(texts), chosen, tmp_path / "r.sqlite")
    assert accounted(table(texts), again) == {}
    assert again.facts["requests_from_ledger"] == 20
