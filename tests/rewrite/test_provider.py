import asyncio
import contextlib
import json
import sqlite3
import ssl
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from openai_server import HANG, RESET, OpenAIServer, Response, answer, error, rewritten

from srllm_data.config import RewriteConfig
from srllm_data.errors import ProviderError, shown
from srllm_data.ledger import Ledger
from srllm_data.provider import provider as provider_module
from srllm_data.provider.answers import is_refusal, read
from srllm_data.provider.provider import Ask, Provider
from srllm_data.rewrite.answers import REWRITE

KEY = "sk-very-secret-0123456789"
AGAIN = "Wrong: {{problem}}."
QUESTION = [{"role": "user", "content": '{"text": "The dim mayor spoke."}'}]
GOOD = "The mayor spoke."


def question(messages=QUESTION, sample=0) -> Ask:
    return Ask(messages, REWRITE, AGAIN, sample)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(provider_module, "BACKOFF_S", 0.002)
    monkeypatch.setattr(provider_module, "MAX_BACKOFF_S", 0.02)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def config(server: OpenAIServer | str, **changes) -> RewriteConfig:
    url = server if isinstance(server, str) else server.url
    settings = {"timeout_s": 5.0, "max_attempts": 3, "max_wait_s": 2.0, **changes}
    return RewriteConfig(model="loopback", base_url=url, **settings)


def ask(settings: RewriteConfig, path, messages=QUESTION):
    """The replies to one question and the provider's counts, through a ledger in ``path``."""

    async def run():
        with Ledger(path / "requests.sqlite") as ledger:
            async with Provider(settings, ledger) as provider:
                replies = await provider.ask(question(messages))
                counts = Counter(provider.counts)
                counts["requests_sent"] = provider.endpoint.sent
                return replies, counts

    return asyncio.run(run())


def scripted(*responses: Response):
    """A script that sends ``responses`` in order, the last one for ever."""
    left = list(responses)
    return lambda request, nth: left.pop(0) if len(left) > 1 else left[0]


FAULTS = {
    "ok": [rewritten(GOOD)],
    "ok with prose": [answer(f'Sure! Here it is:\n```json\n{{"rewrite": "{GOOD}"}}\n```\nBye.')],
    "ok after 429": [error(429, "slow down"), rewritten(GOOD)],
    "ok after 500": [error(500, "oops"), rewritten(GOOD)],
    "ok after reset": [RESET, rewritten(GOOD)],
    "ok after a cut body": [rewritten(GOOD, fault="cut_body"), rewritten(GOOD)],
    "ok after a page": [Response(b"<html>gateway</html>"), rewritten(GOOD)],
    "ok after no choices": [Response(b'{"error": {"message": "overloaded"}}'), rewritten(GOOD)],
    "ok after malformed": [answer("The mayor spoke."), rewritten(GOOD)],
    "ok after empty": [answer(""), rewritten(GOOD)],
    "refused": [answer(None, refusal="No.")],
    "refused in words": [answer("I'm sorry, but I can't help with that request.")],
    "content_filtered": [answer("", finish_reason="content_filter")],
    "content_filtered by status": [error(400, "filtered", code="content_filter")],
    "content_filtered by gateway": [error(403, "your input was flagged")],
    "truncated": [answer('{"rewrite": "The may', finish_reason="length")],
    "malformed": [answer("The mayor spoke.")],
    "malformed when empty": [answer("")],
    "malformed when null": [answer(None)],
    "malformed when cut": [answer('{"rewrite": "The may')],
    "malformed when blank": [rewritten("  \n")],
    "malformed when no text": [answer('{"rewrite": ["The mayor spoke."]}')],
    "malformed when half a character": [answer('{"rewrite": "The mayor \\ud83d"}')],
    "bad_request": [error(400, "context too long", code="context_length_exceeded")],
    "rate_limited": [error(429, "slow down")],
    "unreachable": [RESET],
    "unreachable after errors": [error(503, "down")],
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_ends_in_one_outcome(name, tmp_path):
    with OpenAIServer(scripted(*FAULTS[name])) as server:
        replies, _ = ask(config(server), tmp_path)
    assert replies[-1].outcome == name.split()[0]
    if replies[-1].outcome == "ok":
        assert replies[-1].value == GOOD


SAID = {
    "HTTP 400: context too long": FAULTS["bad_request"],
    "HTTP 429: slow down": FAULTS["rate_limited"],
    "HTTP 503: down": FAULTS["unreachable after errors"],
    "HTTP 400: no such model": [Response(b'{"detail": "no such\\n model"}', 400)],
    "HTTP 500": [Response(b"<html>", 500)],
    "[Errno 104] Connection reset by peer": [Response(fault="reset")],
    "an answer without JSON": [Response(b"<html>")],
    "HTTP 400: the key *** is odd": [error(400, f"the key {KEY} is odd")],
    "HTTP 400: " + 190 * "a": [error(400, 190 * "a" + KEY)],
}


@pytest.mark.parametrize("words", SAID)
def test_what_the_endpoint_said_of_a_failure_is_told_without_secrets(words, tmp_path):
    with OpenAIServer(scripted(*SAID[words])) as server:
        replies, _ = ask(config(server, max_attempts=1, max_wait_s=0.0), tmp_path)
    assert replies[-1].text.startswith(words)
    assert len(replies[-1].text) <= 200
    assert KEY[:5] not in replies[-1].text


def test_a_hang_is_timed_out(tmp_path):
    with OpenAIServer(scripted(HANG)) as server:
        replies, counts = ask(config(server, timeout_s=0.1, max_attempts=2), tmp_path)
    assert replies[-1].outcome == "timed_out"
    assert counts["requests_sent"] == len(server.requests) == 2


def test_a_closed_port_is_unreachable(tmp_path):
    with OpenAIServer(scripted(rewritten(GOOD))) as server:
        settings = config(server)
    reply = ask(settings, tmp_path)[0][-1]
    assert reply.outcome == "unreachable"
    assert "Cannot connect to host 127.0.0.1" in reply.text


@pytest.mark.parametrize("name", FAULTS)
def test_finished_answers_are_paid_once_and_passing_failures_asked_again(name, tmp_path):
    with OpenAIServer(scripted(*FAULTS[name])) as server:
        first, counts = ask(config(server), tmp_path)
        sent = len(server.requests)
        assert counts["requests_sent"] == sent
        second, counts = ask(config(server), tmp_path)
    assert second == first
    transient = first[-1].outcome in ("bad_request", "rate_limited", "unreachable")
    assert (len(server.requests) > sent) == transient
    assert (counts["requests_from_ledger"] == 0) == transient


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "1"}, 1),
        ({"Retry_After": "0.25"}, 0.25),
        ({"retry_after_ms": "300"}, 0.3),
        ({"Retry_After": "soon"}, 0),
        ({"Retry_After": "-3"}, 0),
        ({}, 0),
    ],
)
def test_waits_as_long_as_the_endpoint_asks(headers, seconds, tmp_path):
    times = []

    def script(request, nth):
        times.append(time.monotonic())
        return error(429, "slow down", **headers) if nth == 1 else rewritten(GOOD)

    with OpenAIServer(script) as server:
        replies, _ = ask(config(server), tmp_path)
    assert replies[-1].outcome == "ok"
    assert seconds <= times[1] - times[0] < seconds + 0.2


@pytest.mark.parametrize(
    "wait",
    ["86400", format_datetime(datetime.now(UTC) + timedelta(days=1)), "1e300"],
    # A name with the time in it would differ between the processes that run the tests.
    ids=["seconds", "a date", "beyond any clock"],
)
def test_an_endpoint_that_asks_for_too_long_a_wait_is_left_alone(wait, tmp_path):
    """As a daily quota does: no row waits a day, and no other row is sent."""

    async def run():
        with Ledger(tmp_path / "requests.sqlite") as ledger:
            async with Provider(config(server), ledger) as provider:
                for i in range(5):
                    reply = await provider.ask(question([{"role": "user", "content": f"{i}"}]))
                    assert reply[-1].outcome == "rate_limited"

    with OpenAIServer(scripted(error(429, "quota", Retry_After=wait))) as server:
        asyncio.run(run())
    assert len(server.requests) == 1


def test_a_busy_endpoint_is_waited_for_beyond_the_tries(tmp_path):
    busy = [error(429, "slow down", Retry_After="0")] * 30
    with OpenAIServer(scripted(*busy, rewritten(GOOD))) as server:
        replies, _ = ask(config(server, max_attempts=2), tmp_path)
    assert replies[-1].outcome == "ok"
    assert len(server.requests) == 31


def test_the_total_wait_is_capped(tmp_path):
    with OpenAIServer(scripted(error(429, "slow down", Retry_After="0.2"))) as server:
        replies, _ = ask(config(server, max_wait_s=0.5), tmp_path)
    assert replies[-1].outcome == "rate_limited"
    assert len(server.requests) == 3


def test_a_malformed_answer_is_asked_again_with_what_was_wrong(tmp_path):
    with OpenAIServer(scripted(answer("Here you go"), rewritten(GOOD))) as server:
        replies, _ = ask(config(server), tmp_path)
    assert [r.outcome for r in replies] == ["malformed", "ok"]
    first, second = (r["messages"] for r in server.requests)
    assert second == [
        *first,
        {"role": "assistant", "content": "Here you go"},
        {"role": "user", "content": "Wrong: it holds no complete JSON object."},
    ]


def test_structured_output_falls_back_and_remembers(tmp_path):
    """As llama-cpp-python's server does: 500 for json_schema, json_object with a schema works."""

    def script(request, nth):
        if request["response_format"]["type"] == "json_schema":
            return error(500, "body.response_format.type: Input should be 'text' or 'json_object'")
        return rewritten(GOOD)

    async def run(settings):
        with Ledger(tmp_path / "requests.sqlite") as ledger:
            async with Provider(settings, ledger) as provider:
                for i in range(3):
                    replies = await provider.ask(question([{"role": "user", "content": f"{i}"}]))
                    assert replies[-1].outcome == "ok"

    with OpenAIServer(script) as server:
        asyncio.run(run(config(server, max_attempts=1)))
    formats = [r["response_format"]["type"] for r in server.requests]
    assert formats == ["json_schema", "json_object", "json_object", "json_object"]
    assert server.requests[1]["response_format"]["schema"]["required"] == ["rewrite"]


def test_an_endpoint_without_any_structured_output_is_asked_plainly(tmp_path):
    def script(request, nth):
        return error(422, "response_format: extra") if "response_format" in request else good

    good = rewritten(GOOD)
    with OpenAIServer(script) as server:
        replies, _ = ask(config(server, max_attempts=1), tmp_path)
    assert replies[-1].outcome == "ok"
    assert len(server.requests) == 4


def test_a_model_without_a_system_role_gets_its_words_with_the_first_question(tmp_path):
    def script(request, nth):
        if request["messages"][0]["role"] == "system":
            return error(500, "System role not supported")
        return rewritten(GOOD)

    asked = [{"role": "system", "content": "Mend."}, *QUESTION]
    with OpenAIServer(script) as server:
        replies, _ = ask(config(server, max_attempts=1), tmp_path, asked)
    assert replies[-1].outcome == "ok"
    assert server.requests[-1]["messages"] == [
        {"role": "user", "content": f"Mend.\n\n{QUESTION[0]['content']}"}
    ]


def test_parameters_that_a_model_refuses_are_left_out(tmp_path):
    def script(request, nth):
        for name in ("max_tokens", "temperature"):
            if name in request:
                return error(400, "not with this model", "unsupported_parameter", name)
        return rewritten(GOOD)

    with OpenAIServer(script) as server:
        replies, _ = ask(config(server, max_attempts=1, max_tokens=77), tmp_path)
    assert replies[-1].outcome == "ok"
    assert server.requests[-1]["max_completion_tokens"] == 77
    assert "temperature" not in server.requests[-1]


@pytest.mark.parametrize("name", ["model", "messages", "response_format"])
def test_what_cannot_be_left_out_is_not_sent_for_ever(name, tmp_path):
    refusal = error(400, "not with this model", "unsupported_value", name)
    with OpenAIServer(scripted(refusal)) as server:
        replies, _ = ask(config(server, max_attempts=1), tmp_path)
    assert replies[-1].outcome == "bad_request"
    assert len(server.requests) == (4 if name == "response_format" else 1)


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (error(401, "Incorrect API key provided"), "OPENAI_API_KEY"),
        (error(403, "no access"), "OPENAI_API_KEY"),
        (error(402, "pay"), "credit"),
        (error(429, "quota", code="insufficient_quota"), "credit"),
        (error(404, "no such model"), "rewrite.model"),
        (
            Response(b"", 307, {"Location": f"http://127.0.0.2/v1?key={KEY}"}),
            r"redirects to http://127\.0\.0\.2/v1, .* rewrite\.base_url",
        ),
    ],
)
def test_an_endpoint_that_cannot_be_used_ends_it_with_one_sentence(response, words, tmp_path):
    with (
        OpenAIServer(scripted(response)) as server,
        pytest.raises(ProviderError, match=words) as raised,
    ):
        ask(config(server), tmp_path)
    assert KEY not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(server.requests) == 1


def test_an_endpoint_that_never_answers_is_left_alone(tmp_path):
    """No thousand rows are walked through every try and wait."""
    with OpenAIServer(scripted(rewritten(GOOD))) as server:
        settings = config(server, max_attempts=2, concurrency=1)

    async def run():
        with Ledger(tmp_path / "requests.sqlite") as ledger:
            async with Provider(settings, ledger) as provider:
                for i in range(100):
                    reply = await provider.ask(question([{"role": "user", "content": f"{i}"}]))
                    assert reply[-1].outcome == "unreachable"
                return provider.endpoint.sent

    assert asyncio.run(run()) == 12


def test_the_key_is_sent_but_never_stored(tmp_path):
    echo = error(400, f"your key is {KEY}")
    with OpenAIServer(scripted(echo, rewritten(GOOD))) as server:
        secret = server.url.replace("http://", f"http://user:{KEY}@") + f"?key={KEY}"
        ask(config(server), tmp_path)
        ask(config(server), tmp_path)
    assert shown(secret) == server.url
    assert server.keys == [KEY, KEY]
    files = list(tmp_path.iterdir())
    assert files
    assert not any(KEY.encode() in file.read_bytes() for file in files)


def certificate(folder):
    """A file with a self-signed certificate of 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "certificate.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + secret)
    return path


def test_only_a_trusted_certificate_gets_the_key_and_the_text(tmp_path, monkeypatch):
    file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = OpenAIServer(scripted(rewritten(GOOD)))
    server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    server.url = server.url.replace("http:", "https:")
    with server:
        reply = ask(config(server, max_attempts=1), tmp_path)[0][-1]
        assert (reply.outcome, server.requests) == ("unreachable", [])
        assert "self-signed certificate" in reply.text
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert ask(config(server), tmp_path)[0][-1].outcome == "ok"


def test_a_loopback_endpoint_needs_no_key(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with OpenAIServer(scripted(rewritten(GOOD))) as server:
        ask(config(server), tmp_path)
    assert server.keys == ["none"]


def test_openai_needs_a_key(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ProviderError, match="OPENAI_API_KEY holds no key"):
        ask(RewriteConfig(model="m"), tmp_path)


def test_a_key_that_no_header_can_carry_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-“curly”")
    with pytest.raises(ProviderError, match="cannot be sent"):
        ask(config("http://127.0.0.1:9/v1"), tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "http://127.0.0.1:9/v1"},
        {"model": "other"},
        {"temperature": 0.5},
        {"max_tokens": 9},
        {"seed": 2},
    ],
)
def test_all_that_changes_an_answer_changes_the_request(change, tmp_path):
    settings = RewriteConfig(model="m")
    with Ledger(tmp_path / "requests.sqlite") as ledger:
        one = Provider(settings, ledger)
        other = Provider(settings.model_copy(update=change), ledger)
        assert one.request(QUESTION, REWRITE) != other.request(QUESTION, REWRITE)
        assert one.request(QUESTION, REWRITE, sample=1) != one.request(QUESTION, REWRITE)
        assert one.request(QUESTION, REWRITE) == one.request(list(QUESTION), REWRITE)


def test_tokens_and_attempts_are_kept(tmp_path):
    with OpenAIServer(scripted(error(500, "x"), rewritten(GOOD))) as server:
        _, counts = ask(config(server), tmp_path)
        _, again = ask(config(server), tmp_path)
    assert (counts["tokens_in"], counts["tokens_out"]) == (100, 4)
    assert (again["tokens_in"], again["ledger_tokens_in"], again["ledger_tokens_out"]) == (
        0,
        100,
        4,
    )
    with sqlite3.connect(tmp_path / "requests.sqlite") as db:
        rows = db.execute("SELECT attempts, finish_reason, outcome FROM requests").fetchall()
    assert rows == [(2, "stop", "ok")]


prose = st.text(st.characters(exclude_characters="{}", exclude_categories=("Cs",)), max_size=40)
rewrites = st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(
    lambda text: any(c.isalnum() for c in text)
)


@settings(deadline=None)
@given(prose, rewrites, prose, st.booleans())
def test_the_rewrite_is_read_out_of_any_prose(before, text, after, plain):
    held = before + json.dumps({"rewrite": text}, ensure_ascii=plain) + after
    assert read(held, REWRITE) == text.strip()


@settings(deadline=None)
@given(st.text(max_size=200))
def test_reading_gives_words_or_a_value_error(answer_text):
    with contextlib.suppress(ValueError):
        assert read(answer_text, REWRITE).strip()


def test_the_last_rewrite_of_an_answer_counts():
    assert read('<think>{"rewrite": "draft"}</think> {"rewrite": "final"} {}', REWRITE) == "final"
    assert read('{"rewrite": "two\nlines"}', REWRITE) == "two\nlines"


def test_deep_nesting_is_malformed_not_a_crash():
    with pytest.raises(ValueError, match="no complete JSON"):
        read('{"a":' * 3000, REWRITE)


@pytest.mark.parametrize(
    ("text", "declines"),
    [
        ("I'm sorry, but I can't assist with that.", True),
        ("I’m really unable to help here", False),
        ("I cannot fulfil this request.", True),
        ("Sorry, I won't rewrite this text.", True),
        ("As an AI language model, I do not hold views.", True),
        ("I am unable to provide that.", True),
        ("As an AI researcher, she objected.", False),
        ("I'm sorry for the people of this town.", False),
        ("I can't stand the council.", False),
        ("The mayor said: I can't help you.", False),
    ],
)
def test_refusals_are_told_from_texts(text, declines):
    assert is_refusal(text) == declines
