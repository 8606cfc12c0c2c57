"""The spend cap: no request is sent that could cross it, however many are in flight."""

import asyncio
from collections.abc import Sequence

from srllm_data.config import EndpointConfig, PriceConfig
from srllm_data.ledger import Ledger

#: Tokens that a server may count beside the text of one message.
_PER_MESSAGE = 16


class Budget:
    """What a workspace spends, from what its ledger says on, for requests to all its models.

    A request reserves the most that it can cost before it is sent, and settles what it did cost.
    Each model brings its own cap of what the workspace may spend; None is none. capped: any model
    has one.
    """

    def __init__(self, configs: Sequence[EndpointConfig], ledger: Ledger) -> None:
        self.capped = any(c.max_cost is not None for c in configs)
        self._spent = ledger.spent() if self.capped else 0.0
        self._reserved = 0.0
        self._open = 0
        self._changed = asyncio.Event()

    async def reserve(self, most: float, cap: float | None) -> bool:
        """Whether ``most`` is set aside; waits while what is in flight may leave enough."""
        while not self.reserve_now(most, cap):
            if not self._open or self._spent + most > (cap or 0.0):
                return False
            self._changed.clear()
            await self._changed.wait()
        return True

    def reserve_now(self, most: float, cap: float | None) -> bool:
        """Whether ``most`` is set aside, without waiting."""
        if cap is not None and self._spent + self._reserved + most > cap:
            return False
        self._reserved += most
        self._open += 1
        return True

    def spend(self, most: float, cap: float | None) -> bool:
        """Whether ``most`` can still be spent; if so, it counts as spent, as an open batch does."""
        fits = self.reserve_now(most, cap)
        if fits:
            self.settle(most, most)
        return fits

    def settle(self, most: float, cost: float) -> None:
        """Give back what :meth:`reserve` set aside; ``cost`` of it was spent."""
        self._open -= 1
        self._reserved = self._reserved - most if self._open else 0.0
        self._spent += cost
        self._changed.set()


def cost(price: PriceConfig | None, tokens_in: int, tokens_out: int, batch: bool = False) -> float:
    """US dollars for these tokens at ``price``; 0 where there is none."""
    if price is None:
        return 0.0
    share = price.batch if batch else 1.0
    return share * (tokens_in * price.input + tokens_out * price.output) / 1e6


def most_tokens(messages: list[dict[str, str]]) -> int:
    """A bound of the tokens of ``messages``: no tokenizer in use makes more of them than bytes."""
    return sum(len(m["content"].encode()) + _PER_MESSAGE for m in messages)
