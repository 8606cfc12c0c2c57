"""What a rewrite stage would send and cost, before anything is sent."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from srllm_data.config import RewriteConfig
from srllm_data.ledger import Ledger, canonical
from srllm_data.provider.budget import cost, most_tokens
from srllm_data.provider.session import Session
from srllm_data.rewrite.pairs import HeldBack, PairBank
from srllm_data.rewrite.prompt import Prompt

#: Bytes of English JSON that make a token, where the ledger knows no answer of the model yet.
_BYTES_PER_TOKEN = 4.0
#: Bytes of an answer beside the text: {"rewrite": ""}.
_JSON_BYTES = 15


@dataclass(frozen=True)
class Estimate:
    """Requests, tokens and US dollars of one model.

    first: questions that every row needs (drafts and checks) and that the ledger cannot answer;
    later: the most that malformed answers and rounds can add. cost is that of the first ones; most
    is a bound of both, with every answer as long as ``rewrite.max_tokens``. None without a price.
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


def estimate(
    tables: Iterable[pa.Table],
    config: RewriteConfig,
    ledger_path: Path,
    held_back: HeldBack | None = None,
) -> list[Estimate]:
    """One estimate for each model of ``config``, for rows of the label stage.

    Tokens are measured on the answers that the ledger holds of the same model, else guessed from
    bytes. Nothing is sent; needs ``config.model``.
    """
    prompt = Prompt(config)
    models = config.each_model()
    rows, known, asked, later = 0, [0] * len(models), [0] * len(models), [0] * len(models)
    bytes_in, bytes_out, bound = [0] * len(models), [0] * len(models), [0] * len(models)
    with Session(models, ledger_path, offline=True) as session, Ledger(ledger_path) as ledger:
        bank = PairBank.load(config.pairs if config.examples else [])
        for table in tables:
            names = ["text", "source", "source_key", "cluster", "biased_spans", "control"]
            records = [r for r in table.select(names).to_pylist() if not r["control"]]
            rows += len(records)
            for row, shown in zip(
                records, bank.nearest_of(records, config, held_back), strict=True
            ):
                asks = [(0, prompt.check(row))] if config.check_first else []
                asks += [
                    (model, prompt.draft(row, shown, sample))
                    for model in range(len(models))
                    for sample in range(config.samples)
                ]
                for (model, ask), found in zip(asks, session.known(asks), strict=True):
                    if isinstance(found, list):
                        known[model] += 1
                        continue
                    size = most_tokens(ask.messages)
                    asked[model] += 1
                    bytes_in[model] += len(canonical(found).encode())
                    bytes_out[model] += len(row["text"].encode()) + _JSON_BYTES
                    bound[model] += size
                    # A malformed answer is asked for once more; so may be those of every round.
                    calls = 1 + 2 * config.refine_rounds * (1 + (config.estimate_by == "model"))
                    later[model] += calls
                    bound[model] += calls * (size + 4 * config.max_tokens)
        found_rates = [_rates(ledger, str(m.model)) for m in models]
    estimates = []
    for n, one in enumerate(models):
        per_byte_in, per_byte_out, measured = found_rates[n]
        tokens = round(bytes_in[n] * per_byte_in), round(bytes_out[n] * per_byte_out)
        price = config.prices.get(str(one.model))
        most = cost(price, bound[n], (asked[n] + later[n]) * config.max_tokens, config.batch)
        estimates.append(
            Estimate(
                str(one.model),
                rows,
                known[n],
                asked[n],
                later[n],
                *tokens,
                cost(price, *tokens, batch=config.batch) if price else None,
                most if price else None,
                measured,
            )
        )
    return estimates


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
