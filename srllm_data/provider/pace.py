"""The pace of requests to one endpoint: how many at once and a minute, and when to give up."""

import asyncio
import contextlib
from collections import deque

from srllm_data.config import EndpointConfig
from srllm_data.ledger import Outcome

#: Failures in a row that a circuit breaker wants to see, whatever the time.
MIN_FAILURES = 10


class StoppedError(Exception):
    """The circuit breaker is open; ``outcome`` is why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class Pace:
    """Admits requests to one endpoint.

    At most ``config.concurrency`` are in flight. Where the endpoint pushes back, the limit is
    halved, once for all requests that were sent before; every full round of answers adds one
    (additive increase, multiplicative decrease; Chiu and Jain 1989, the control of TCP). A wait
    that the endpoint asks for holds for all requests, since its limits are those of an account.
    ``requests_per_minute`` and ``tokens_per_minute`` let through a second's share at once.

    The circuit breaker opens where the endpoint gave no answer for ``max_wait_s``, has never given
    one in as many tries as would be in flight twice over, or asks to wait for longer than that.
    """

    def __init__(self, config: EndpointConfig) -> None:
        self.limit = float(config.concurrency)
        self.stopped: Outcome | None = None
        self._most = config.concurrency
        self._max_wait_s = config.max_wait_s
        self._requests = _Bucket(config.requests_per_minute)
        self._tokens = _Bucket(config.tokens_per_minute)
        self._in_flight = 0
        self._generation = 0
        self._paused_until = 0.0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._stopping = asyncio.Event()
        self._failures = 0
        self._failing_since = 0.0
        self._heard = False

    async def admit(self, tokens: int) -> int:
        """Wait for a turn; one of the methods below ends what is in flight with its result.

        tokens: the most that the request can use. Raises StoppedError once the breaker is open.
        """
        loop = asyncio.get_running_loop()
        while True:
            if self.stopped:
                raise StoppedError(self.stopped)
            if self._in_flight >= int(self.limit):
                turn = loop.create_future()
                self._queue.append(turn)
                await turn
                continue
            now = loop.time()
            wait = max(
                self._paused_until - now,
                self._requests.wait(1, now),
                self._tokens.wait(tokens, now),
            )
            if wait <= 0:
                break
            await self.sleep(wait)
        self._requests.take(1)
        self._tokens.take(tokens)
        self._in_flight += 1
        return self._generation

    async def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the opening of the breaker."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def answered(self, unused_tokens: int) -> None:
        """An answer came; it used that many tokens less than it was admitted with."""
        self._heard = True
        self._failures = 0
        self._tokens.take(-unused_tokens)
        self.limit = min(self._most, self.limit + 1 / self.limit)
        self._leave()

    def withdrawn(self) -> None:
        """The request ended without telling anything about the endpoint."""
        self._leave()

    def pushed_back(self, generation: int, outcome: Outcome, wait_s: float | None) -> None:
        """The endpoint is busy; wait_s: what it asks to wait, if it says so."""
        self._slow_down(generation)
        if wait_s is not None:
            now = asyncio.get_running_loop().time()
            self._paused_until = max(self._paused_until, now + min(wait_s, self._max_wait_s))
            if wait_s > self._max_wait_s:
                self._stop(outcome)
        self._failed(outcome)
        self._leave()

    def unanswered(self, generation: int, outcome: Outcome) -> None:
        """No answer came, or that the server failed."""
        self._slow_down(generation)
        self._failed(outcome)
        if not self._heard and self._failures >= MIN_FAILURES + 2 * self._most:
            self._stop(outcome)
        self._leave()

    def _slow_down(self, generation: int) -> None:
        if generation == self._generation:
            self._generation += 1
            self.limit = max(1.0, self.limit / 2)

    def _failed(self, outcome: Outcome) -> None:
        now = asyncio.get_running_loop().time()
        if not self._failures:
            self._failing_since = now
        self._failures += 1
        if self._failures >= MIN_FAILURES and now - self._failing_since > self._max_wait_s:
            self._stop(outcome)

    def _stop(self, outcome: Outcome) -> None:
        self.stopped = self.stopped or outcome
        self._stopping.set()
        while self._queue:
            self._wake()

    def _leave(self) -> None:
        self._in_flight -= 1
        for _ in range(int(self.limit) - self._in_flight):
            self._wake()

    def _wake(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return


class _Bucket:
    """A token bucket that refills at ``per_minute`` and holds a second's share; None: no limit."""

    def __init__(self, per_minute: int | None) -> None:
        self._rate = (per_minute or 0) / 60
        self._level = self._rate
        self._then: float | None = None

    def wait(self, amount: float, now: float) -> float:
        """Seconds until ``amount`` may be taken; more than it holds is taken when it is full."""
        if not self._rate:
            return 0.0
        if self._then is not None:
            self._level = min(self._rate, self._level + (now - self._then) * self._rate)
        self._then = now
        return (min(amount, self._rate) - self._level) / self._rate

    def take(self, amount: float) -> None:
        self._level -= amount
