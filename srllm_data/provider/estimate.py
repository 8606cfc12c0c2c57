"""What questions to a model would take and cost, before anything is sent."""

from dataclasses import asdict, dataclass
from typing import Any

from srllm_data.config import EndpointConfig
from srllm_data.ledger import Ledger, Request, canonical
from srllm_data.provider.budget import cost, most_tokens

#: Bytes of English JSON that make a token, where the ledger knows no answer of the model yet.
_BYTES_PER_TOKEN = 4.0


@dataclass(frozen=True)
class Estimate:
    """Requests, tokens and US dollars of one model.

    first: questions that every row needs and that the ledger cannot answer; later: the most that
    malformed answers and rounds can add. cost is that of the first ones; most is a bound of both,
    with every answer as long as ``max_tokens``. None without a price. measured: tokens are by the
    answers that the ledger holds of the same model, else guessed from bytes.
    """

    model: str
    rows: int
    from_ledger: int
    first: int
    later: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    most: float | None
    measured: bool

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


class Tally:
    """Adds up what would be sent to the model of ``config``."""

    def __init__(self, config: EndpointConfig) -> None:
        self.known = self._first = self._later = 0
        self._bytes_in = self._bytes_out = self._bound = 0
        self._config = config

    def add(self, request: Request, answer_bytes: int, calls: int) -> None:
        """Count ``request``; calls: the most requests that its answer can lead to."""
        size = most_tokens(request["messages"])
        self._first += 1
        self._bytes_in += len(canonical(request).encode())
        self._bytes_out += answer_bytes
        self._later += calls
        self._bound += size + calls * (size + 4 * self._config.max_tokens)

    def estimate(self, rows: int, ledger: Ledger, batch: bool = False) -> Estimate:
        """What was counted comes to. rows: that it was counted for."""
        per_byte_in, per_byte_out, measured = _rates(ledger, str(self._config.model))
        tokens = round(self._bytes_in * per_byte_in), round(self._bytes_out * per_byte_out)
        price = self._config.prices.get(str(self._config.model))
        longest = (self._first + self._later) * self._config.max_tokens
        return Estimate(
            str(self._config.model),
            rows,
            self.known,
            self._first,
            self._later,
            *tokens,
            cost(price, *tokens, batch=batch) if price else None,
            cost(price, self._bound, longest, batch) if price else None,
            measured,
        )


def _rates(ledger: Ledger, model: str) -> tuple[float, float, bool]:
    """Tokens for a byte of a request, and of an answer, and whether they were measured."""
    found = ledger.select(
        "SELECT TOTAL(prompt_tokens), TOTAL(LENGTH(CAST(request AS BLOB))), "
        "TOTAL(completion_tokens), TOTAL(LENGTH(CAST(answer AS BLOB))) FROM requests "
        "WHERE outcome = 'ok' AND prompt_tokens > 0 AND json_extract(request, '$.model') = ?",
        model,
    )
    tokens_in, bytes_in, tokens_out, bytes_out = found[0]
    if not bytes_in or not bytes_out:
        return 1 / _BYTES_PER_TOKEN, 1 / _BYTES_PER_TOKEN, False
    return tokens_in / bytes_in, tokens_out / bytes_out, True
