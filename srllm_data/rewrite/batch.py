"""The provider's batch API: cheaper answers within a day, put into the request ledger.

What a batch was asked is durable before it is sent, and its id before anyone waits for it; a
request that is part of an open batch is never sent again. A batch fills the ledger; the rewrite
stage then finds its answers there as after any other run.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from srllm_data.config import RewriteConfig
from srllm_data.errors import ProviderError, shown
from srllm_data.ledger import (
    TRANSIENT,
    Answer,
    Ledger,
    Request,
    Step,
    key_of,
    putting,
    unsettling,
)
from srllm_data.progress import note
from srllm_data.provider.answers import Shape
from srllm_data.provider.budget import Budget, cost, most_tokens
from srllm_data.provider.endpoint import (
    Endpoint,
    Refusal,
    api_key,
    told,
)
from srllm_data.provider.protocol import TryAgainError, read_completion
from srllm_data.provider.provider import Provider
from srllm_data.rewrite.answers import REWRITE, bare
from srllm_data.rewrite.refine import CHECK, ESTIMATE

if TYPE_CHECKING:
    from openai import OpenAI

#: Limits of OpenAI's batch API: requests and bytes of one input file.
MAX_REQUESTS = 50_000
MAX_BYTES = 190_000_000
_OVER = ("completed", "failed", "expired", "cancelled")
#: Where the batch API takes requests and returns their answers.
_URL: Literal["/v1/chat/completions"] = "/v1/chat/completions"


def submit(
    wanted: list[tuple[int, Request]], config: RewriteConfig, ledger_path: Path
) -> tuple[list[str], int]:
    """Send what is in no open batch yet; return the ids of open ones, and how many answers came.

    wanted: pairs of a model's place in ``config.each_model()`` and a request of its provider. What
    could cross ``rewrite.max_cost`` is left out. The first request to each model goes alone, at
    its full price: what the endpoint does not understand is found out before the others are sent.
    """
    with Ledger(ledger_path) as ledger:
        for number, id_, base_url in _batches(config, ledger, "new"):
            _adopt(id_, config.each_model()[number], ledger, base_url)
        budget = Budget(config.each_model(), ledger)
        on_their_way = {
            key for (key,) in ledger.select("SELECT key FROM unsettled WHERE batch > ''")
        }
        came = 0
        for number, model in enumerate(config.each_model()):
            new = {key_of(r): r for place, r in wanted if place == number}
            unsent = [r for key, r in new.items() if key not in on_their_way]
            if not unsent:
                continue
            endpoint, answer = _asked_alone(unsent[0], model, ledger, budget)
            came += answer.outcome not in TRANSIENT
            lines = [
                (request, _line(request, endpoint))
                for request in unsent[1:]
                if budget.spend(_most(request, config), config.max_cost)
            ]
            for part in _parts(lines):
                _send(part, model, config, ledger)
        return [id_ for _, id_, _ in _batches(config, ledger, "open")], came


def wait(ids: list[str], config: RewriteConfig, ledger_path: Path) -> None:
    """Return when all of these batches are over; a stopped wait is simply begun again."""
    with Ledger(ledger_path) as ledger:
        left = {id_: (remote, number) for id_, remote, number in _remote(ids, config, ledger)}
    began = time.monotonic()
    while left:
        for id_, (remote, number) in list(left.items()):
            model = config.each_model()[number]
            with _explained(model):
                batch = _client(model).batches.retrieve(remote)
            if batch.status in _OVER:
                del left[id_]
            elif batch.request_counts:
                counts = batch.request_counts
                note(f"batch {batch.status}: {counts.completed:,} of {counts.total:,}")
        if left:
            # The first answers of a small batch may come soon.
            time.sleep(min(config.batch_poll_s, max(1.0, (time.monotonic() - began) / 10)))


def collect(ids: list[str], config: RewriteConfig, ledger_path: Path) -> int:
    """Put the answers of these batches into the ledger; return how many came.

    Batches that expired or were cancelled are collected as far as they got. Raises ProviderError
    for one that the endpoint did not accept.
    """
    came = 0
    with Ledger(ledger_path) as ledger:
        for id_, remote, number in _remote(ids, config, ledger):
            model = config.each_model()[number]
            asked = {
                key: json.loads(request)
                for key, request in ledger.select(
                    "SELECT key, request FROM unsettled WHERE batch = ?", id_
                )
            }
            with _explained(model):
                client = _client(model)
                batch = client.batches.retrieve(remote)
                files = [f for f in (batch.output_file_id, batch.error_file_id) if f]
                lines = [
                    line for f in files for line in client.files.content(f).content.split(b"\n")
                ]
            found = [r for line in lines if line.strip() and (r := _read(line, asked, model))]
            came += sum(answer.outcome not in TRANSIENT for _, answer in found)
            steps: list[Step] = [putting(*f) for f in found]
            steps.append(("DELETE FROM unsettled WHERE batch = ?", (id_,)))
            steps.append(("UPDATE batches SET state = 'done' WHERE id = ?", (id_,)))
            ledger.commit(steps)
            if batch.status == "failed":
                errors = batch.errors.data if batch.errors and batch.errors.data else []
                why = f" ({errors[0].message})" if errors else ""
                raise ProviderError(
                    f"{shown(model.base_url)} did not accept a batch{why}; correct what it names, "
                    f"or unset rewrite.batch."
                )
    return came


def _asked_alone(
    request: Request, model: RewriteConfig, ledger: Ledger, budget: Budget
) -> tuple[Endpoint, Answer]:
    """The answer to one request, and the endpoint: it knows then what is not understood."""

    async def ask() -> tuple[Endpoint, Answer]:
        async with Provider(model, ledger, budget) as provider:
            answer = await provider.answer(request, _shape(request))
            return provider.endpoint, answer

    return asyncio.run(ask())


def _line(request: dict[str, Any], endpoint: Endpoint) -> bytes:
    body = endpoint.body(request, _shape(request))
    line = {"custom_id": key_of(request), "method": "POST", "url": _URL, "body": body}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _parts(
    lines: list[tuple[Request, bytes]],
) -> Iterator[list[tuple[Request, bytes]]]:
    part: list[tuple[Request, bytes]] = []
    size = 0
    for request, line in lines:
        if part and (len(part) == MAX_REQUESTS or size + len(line) > MAX_BYTES):
            yield part
            part, size = [], 0
        part.append((request, line))
        size += len(line)
    if part:
        yield part


def _send(
    part: list[tuple[Request, bytes]],
    model: RewriteConfig,
    config: RewriteConfig,
    ledger: Ledger,
) -> None:
    id_ = secrets.token_hex(8)
    steps: list[Step] = [
        ("INSERT INTO batches VALUES (?, ?, NULL, 'new')", (id_, shown(model.base_url)))
    ]
    steps += [unsettling(request, _most(request, config), id_) for request, _ in part]
    ledger.commit(steps)
    with _explained(model):
        client = _client(model)
        data = b"".join(line for _, line in part)
        file = client.files.create(file=(f"srllm-{id_}.jsonl", data), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id,
            endpoint=_URL,
            completion_window="24h",
            metadata={"srllm": id_},
        )
    ledger.commit([_opened(id_, batch.id)])


def _adopt(id_: str, model: RewriteConfig, ledger: Ledger, base_url: str) -> None:
    """Find out whether a batch, after whose sending srllm was stopped, exists at the endpoint."""
    with _explained(model):
        for batch in _client(model).batches.list(limit=100):
            if (batch.metadata or {}).get("srllm") == id_:
                ledger.commit([_opened(id_, batch.id)])
                return
    ledger.commit(
        [
            ("DELETE FROM unsettled WHERE batch = ?", (id_,)),
            ("DELETE FROM batches WHERE id = ?", (id_,)),
        ]
    )


def _opened(id_: str, remote: str) -> Step:
    return "UPDATE batches SET remote = ?, state = 'open' WHERE id = ?", (remote, id_)


def _batches(config: RewriteConfig, ledger: Ledger, state: str) -> list[tuple[int, str, str]]:
    """Place of the model, id and address of the batches in ``state`` that ``config`` reaches."""
    places = [shown(m.base_url) for m in config.each_model()]
    found = ledger.select("SELECT id, base_url FROM batches WHERE state = ? ORDER BY id", state)
    return [(places.index(url), id_, url) for id_, url in found if url in places]


def _remote(
    ids: list[str], config: RewriteConfig, ledger: Ledger
) -> Iterator[tuple[str, str, int]]:
    """Id, id at the endpoint, and place of the model of the open ones of these batches."""
    for number, id_, _ in _batches(config, ledger, "open"):
        if id_ in ids:
            yield id_, ledger.select("SELECT remote FROM batches WHERE id = ?", id_)[0][0], number


def _read(
    line: bytes, asked: dict[str, dict[str, Any]], model: RewriteConfig
) -> tuple[dict[str, Any], Answer] | None:
    """The request that a line of a result file answers, and the answer; None if it holds none."""
    try:
        record = json.loads(line)
        request = asked[record["custom_id"]]
        response = record.get("response") or {}
        body, status = response.get("body"), response.get("status_code")
        if status != 200:
            refusal = Refusal.of(status or 0, {}, json.dumps(body).encode())
            if "content" in refusal.code:
                return request, Answer("content_filtered")
            said = told(str(refusal), model)
            return (request, Answer("bad_request", said)) if status in (400, 422) else None
        answer = read_completion(body, _shape(request))
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError, TryAgainError):
        return None
    price = model.prices.get(request["model"])
    bill = cost(price, answer.prompt_tokens, answer.completion_tokens, batch=True)
    return request, Answer(
        answer.outcome,
        answer.text,
        answer.finish_reason,
        answer.prompt_tokens,
        answer.completion_tokens,
        1,
        bill,
    )


def _shape(request: dict[str, Any]) -> Shape:
    schema = request["response_schema"]
    kinds = (REWRITE, CHECK, ESTIMATE, bare(schema.get("description", "")))
    return next(s for s in kinds if s.schema == schema)


def _most(request: dict[str, Any], config: RewriteConfig) -> float:
    price = config.prices.get(request["model"])
    return cost(price, most_tokens(request["messages"]), request["max_tokens"], batch=True)


def _client(model: RewriteConfig) -> "OpenAI":
    from openai import OpenAI

    return OpenAI(
        api_key=api_key(model),
        base_url=model.base_url,
        max_retries=model.max_attempts,
        timeout=model.timeout_s,
    )


@contextmanager
def _explained(model: RewriteConfig) -> Iterator[None]:
    import openai

    where = shown(model.base_url)
    try:
        yield
    except openai.APIStatusError as error:
        if error.status_code in (401, 403):
            do = f"put a valid key into the environment variable {model.api_key_env}"
        elif error.status_code in (404, 405):
            do = "unset rewrite.batch, since it may have no batch API"
        else:
            do = "run again later: what was sent is known and is not sent again"
        raise ProviderError(
            f"The batch API at {where} answered HTTP {error.status_code}; {do}."
        ) from None
    except openai.APIError:
        raise ProviderError(
            f"The batch API at {where} cannot be reached; run again later: what was sent is known "
            f"and is not sent again."
        ) from None
