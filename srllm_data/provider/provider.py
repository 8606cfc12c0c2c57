"""Answers of one model behind the request ledger: each request ends in one typed outcome."""

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any, Self

from srllm_data.config import EndpointConfig
from srllm_data.errors import shown
from srllm_data.ledger import (
    Answer,
    Ledger,
    Request,
    Writer,
    key_of,
    putting,
    settling,
    unsettling,
)
from srllm_data.provider.answers import Reply, Shape, judge
from srllm_data.provider.budget import Budget, cost, most_tokens
from srllm_data.provider.endpoint import Endpoint
from srllm_data.provider.pace import Pace, StoppedError
from srllm_data.provider.protocol import TryAgainError

BACKOFF_S = 0.5
#: Longest wait that srllm chooses itself between two tries of a request.
MAX_BACKOFF_S = 20.0

Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Ask:
    """One question to a model.

    again: what to say after a malformed answer, with ``{{problem}}`` for what was wrong; empty
    where asking again is no use.
    sample: tells repeated samples of the same messages apart. purpose: what costs are counted for.
    """

    messages: Messages
    shape: Shape
    again: str
    sample: int = 0
    purpose: str = "draft"


class Provider:
    """The model of ``config`` behind the request ledger.

    Use as an async context manager. At most ``config.concurrency`` calls of :meth:`ask` should
    run at once. ``counts`` holds requests_sent, requests_from_ledger, tokens and costs of both,
    and the same by purpose.
    """

    def __init__(
        self, config: EndpointConfig, ledger: Ledger, budget: Budget | None = None
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.pace = Pace(config)
        self.budget = budget or Budget([config], ledger)
        self.endpoint = Endpoint(config)
        self._config = config
        self._price = config.prices.get(config.model or "")
        self._base_url = shown(config.base_url)
        self._ledger = ledger
        self._writer = Writer(ledger)
        self._failed = ""  # what the last failure said: why the breaker opened

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.flush()
        await self.endpoint.close()

    def request(self, messages: Messages, shape: Shape, sample: int = 0) -> Request:
        """Everything that changes the answer to ``messages``, and no secret: the ledger's key."""
        if self._config.protocol != "chat":
            # Scores are not generated: no setting of a generation changes them.
            return Request(
                protocol=self._config.protocol,
                base_url=self._base_url,
                model=self._config.model,
                messages=messages,
                response_schema=shape.schema,
                max_tokens=0,
            )
        return Request(
            base_url=self._base_url,
            model=self._config.model,
            messages=messages,
            response_schema=shape.schema,
            temperature=self._config.temperature,
            max_tokens=self._config.max_tokens,
            seed=self._config.seed + sample,
            sample=sample,
        )

    def known(self, ask: Ask, request: Request, answer: Answer | None) -> list[Reply] | Request:
        """The replies to ``ask`` if the ledger holds all of them, else the request to send.

        request: the first one of ``ask``; answer: what the ledger holds of it.
        """
        turns = _conversation(ask)
        counted = []
        try:
            next(turns)
            while answer is not None:
                counted.append(answer)
                request = self.request(turns.send(answer), ask.shape, ask.sample)
                answer = self._ledger.find(request)
            return request
        except StopIteration as end:
            for answer in counted:
                self._count(answer, ask.purpose, paid=False)
            replies: list[Reply] = end.value
            return replies

    async def ask(self, ask: Ask, request: Request | None = None) -> list[Reply]:
        """The replies to ``ask``: the last one counts, one before it was malformed.

        request: what :meth:`known` gave for it, which is not made again then. Raises
        ProviderError where the endpoint cannot be used at all.
        """
        turns = _conversation(ask)
        try:
            messages = next(turns)
            while True:
                if request is None or request["messages"] != messages:
                    request = self.request(messages, ask.shape, ask.sample)
                messages = turns.send(await self.answer(request, ask.shape, ask.purpose))
        except StopIteration as end:
            replies: list[Reply] = end.value
            return replies

    async def answer(self, request: Request, shape: Shape, purpose: str = "draft") -> Answer:
        """The answer of the ledger, or else of the endpoint, which is in the ledger then.

        Raises ProviderError where the endpoint cannot be used at all.
        """
        answer = self._ledger.find(request)
        if answer is not None:
            self._count(answer, purpose, paid=False)
            return answer
        most = self.most_cost(request)
        if not await self.budget.reserve(most, self._config.max_cost):
            return Answer("over_budget", attempts=0)
        spent = 0.0
        try:
            if self.budget.capped:
                await self._writer.write(unsettling(request, most))
            answer, lost = await self._send(request, shape)
            tokens = answer.prompt_tokens, answer.completion_tokens
            # Without a usage nothing is known but the bound.
            untold = answer.finish_reason is not None and not any(tokens)
            bill = most if untold else cost(self._price, *tokens)
            answer = replace(answer, cost=bill)
            spent = bill + lost * most
            steps = [putting(request, answer)]
            if self.budget.capped:
                steps += settling(request, most)
                steps += [unsettling(request, lost * most)] if lost else []
            await self._writer.write(*steps)
        finally:
            self.budget.settle(most, spent)
        self._count(answer, purpose, paid=True)
        return answer

    def most_cost(self, request: dict[str, Any]) -> float:
        """The most that ``request`` can cost, in US dollars."""
        if not self.budget.capped:
            return 0.0
        return cost(self._price, most_tokens(request["messages"]), request["max_tokens"])

    async def _send(self, request: dict[str, Any], shape: Shape) -> tuple[Answer, int]:
        """The answer, and how many lost tries may have been billed.

        Tries until there is an answer, ``max_attempts`` got none, or a busy endpoint would make
        the request wait for longer than ``max_wait_s``.
        """
        noise = bytes.fromhex(key_of(request))
        tokens = most_tokens(request["messages"]) // 4 + request["max_tokens"]
        waited, tried, unanswered, lost = 0.0, 0, 0, 0
        while True:
            try:
                generation = await self.pace.admit(tokens)
            except StoppedError as stop:
                return Answer(stop.outcome, self._failed, attempts=tried), lost
            tried += 1
            try:
                answer = await self.endpoint.attempt(request, shape)
            except TryAgainError as failure:
                outcome, wait_s = failure.outcome, failure.wait_s
                said = self._failed = failure.said
                if failure.busy:
                    self.pace.pushed_back(generation, outcome, wait_s)
                else:
                    unanswered += 1
                    lost += failure.billed
                    self.pace.unanswered(generation, outcome)
            except BaseException:
                self.pace.withdrawn()
                raise
            else:
                used = answer.prompt_tokens + answer.completion_tokens
                self.pace.answered(tokens - used if used else 0)
                return replace(answer, attempts=tried), lost
            jitter = 0.5 + noise[tried % len(noise)] / 510
            wait = min(BACKOFF_S * 2 ** (tried - 1), MAX_BACKOFF_S) * jitter
            wait = max(wait, wait_s or 0.0)
            waited += wait
            if waited > self._config.max_wait_s or unanswered >= self._config.max_attempts:
                return Answer(outcome, said, attempts=tried), lost
            await self.pace.sleep(wait)

    def _count(self, answer: Answer, purpose: str, paid: bool) -> None:
        of = "" if paid else "ledger_"
        self.counts[f"{of}tokens_in"] += answer.prompt_tokens
        self.counts[f"{of}tokens_out"] += answer.completion_tokens
        self.counts[f"{of}cost"] += answer.cost  # type: ignore[assignment]
        self.counts[f"{purpose}_requests"] += 1
        self.counts[f"{purpose}_tokens"] += answer.prompt_tokens + answer.completion_tokens
        self.counts[f"{purpose}_cost"] += answer.cost  # type: ignore[assignment]
        if not paid:
            self.counts["requests_from_ledger"] += 1


def _conversation(ask: Ask) -> Generator[Messages, Answer, list[Reply]]:
    """Yields messages to send, takes their answers, and returns the replies."""
    reply, problem = judge((yield ask.messages), ask.shape)
    if not problem or not ask.again:
        return [reply]
    # Servers refuse an assistant's turn without content.
    told = [{"role": "assistant", "content": reply.text}] if reply.text.strip() else []
    told.append({"role": "user", "content": ask.again.replace("{{problem}}", problem)})
    return [reply, judge((yield [*ask.messages, *told]), ask.shape)[0]]
