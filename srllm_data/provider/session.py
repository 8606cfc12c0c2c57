"""Many questions at once, to several models, each sent only if it must be."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

from srllm_data import progress
from srllm_data.config import EndpointConfig
from srllm_data.ledger import Ledger, Request, key_of
from srllm_data.provider.answers import Reply
from srllm_data.provider.budget import Budget
from srllm_data.provider.provider import Ask, Provider

#: A question to the model at this place among those of the session.
Question = tuple[int, Ask]
_NOTE_EVERY_S = 0.5
#: Questions that are looked up in the ledger together.
_TOGETHER = 500
#: Counts that every stage tells, also where they are 0.
_SPENT = (
    "requests_sent", "requests_from_ledger", "tokens_in", "tokens_out", "ledger_tokens_in",
    "ledger_tokens_out", "cost", "ledger_cost", "ask_again",
)  # fmt: skip


def spent(counts: Counter[str]) -> dict[str, object]:
    """What asking came to, as facts of a stage: ``counts`` in a fixed order."""
    # Costs are added in the order in which answers arrive, which their last digits would tell.
    return {n: round(counts[n], 9) for n in dict.fromkeys((*_SPENT, *sorted(counts)))}


class Session:
    """Asks the models of ``configs`` through the ledger at ``ledger_path``.

    Use as a context manager. offline: send nothing; a question that the ledger cannot answer ends
    as it did the last time, or as timed_out, and its request is added to ``wanted``.
    """

    def __init__(
        self, configs: Sequence[EndpointConfig], ledger_path: Path, offline: bool = False
    ) -> None:
        self.wanted: dict[str, tuple[int, Request]] = {}
        self._configs = configs
        self._offline = offline
        self._ledger = Ledger(ledger_path)
        budget = Budget(configs, self._ledger)
        self._providers = [Provider(c, self._ledger, budget) for c in self._configs]
        self._runner = asyncio.Runner()
        self._noted = self._began = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._runner.run(self._close())
        finally:
            self._runner.close()
            self._ledger.close()

    @property
    def counts(self) -> Counter[str]:
        """The counts of all models together, and requests_sent."""
        total: Counter[str] = Counter()
        for provider in self._providers:
            total.update(provider.counts)
            total["requests_sent"] += provider.endpoint.sent
        return total

    def known(self, questions: list[Question]) -> Iterator[list[Reply] | Request]:
        """For each question the replies that the ledger holds, or the next request to send."""
        for at in range(0, len(questions), _TOGETHER):
            some = questions[at : at + _TOGETHER]
            requests = [self._providers[m].request(a.messages, a.shape, a.sample) for m, a in some]
            answers = self._ledger.find_all(requests)
            for (model, ask), request, answer in zip(some, requests, answers, strict=True):
                yield self._providers[model].known(ask, request, answer)

    def ask_all(
        self, questions: list[Question], done: Callable[[int], None], what: str
    ) -> list[list[Reply]]:
        """The replies to each question; equal questions are asked once.

        done: called with the place of every question as it is answered. what: for the progress.
        Raises ProviderError where an endpoint cannot be used at all.
        """
        replies: list[list[Reply]] = [[] for _ in questions]
        waiting: dict[str, tuple[Request, list[int]]] = {}
        for place, known in enumerate(self.known(questions)):
            if isinstance(known, list):
                replies[place] = known
                done(place)
            else:
                waiting.setdefault(key_of(known), (known, []))[1].append(place)
                if self._offline:
                    self.wanted[key_of(known)] = (questions[place][0], known)
        if self._offline:
            last = self._ledger.last([request for request, _ in waiting.values()])
            for answer, (_, places) in zip(last, waiting.values(), strict=True):
                for place in places:
                    end = Reply(answer.outcome, answer.text) if answer else Reply("timed_out", "")
                    replies[place] = [end]
                    done(place)
        elif waiting:
            self._send(questions, list(waiting.values()), replies, done, what)
        return replies

    def _send(
        self,
        questions: list[Question],
        waiting: list[tuple[Request, list[int]]],
        replies: list[list[Reply]],
        done: Callable[[int], None],
        what: str,
    ) -> None:
        self._began = time.monotonic()
        left = len(waiting)

        async def work(provider: Provider, queue: Iterator[tuple[Request, list[int]]]) -> None:
            nonlocal left
            for request, places in queue:
                answered = await provider.ask(questions[places[0]][1], request)
                left -= 1
                for place in places:
                    replies[place] = answered
                    done(place)
                self._note(what, len(waiting) - left, left)

        async def run() -> None:
            async with asyncio.TaskGroup() as group:
                for number, provider in enumerate(self._providers):
                    mine = [w for w in waiting if questions[w[1][0]][0] == number]
                    queue = iter(mine)
                    for _ in range(min(self._configs[number].concurrency, len(mine))):
                        group.create_task(work(provider, queue))

        try:
            self._runner.run(run())
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    def _note(self, what: str, done: int, left: int) -> None:
        now = time.monotonic()
        if left and now - self._noted < _NOTE_EVERY_S:
            return
        self._noted = now
        rate = done / max(now - self._began, 1e-3)
        cost = sum(p.counts["cost"] for p in self._providers)
        paid = f", ${cost:,.4f}" if cost else ""
        progress.note(f"{what}: {done:,} of {done + left:,} requests, {rate:,.1f}/s{paid}")

    async def _close(self) -> None:
        for provider in self._providers:
            await provider.__aexit__()
