"""What a rewrite stage would send and cost, before anything is sent."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from srllm_data.config import RewriteConfig
from srllm_data.ledger import Ledger
from srllm_data.provider.estimate import Estimate, Tally
from srllm_data.provider.session import Session
from srllm_data.rewrite.pairs import HeldBack, PairBank
from srllm_data.rewrite.prompt import Prompt

#: Bytes of an answer beside the text: {"rewrite": ""}.
_JSON_BYTES = 15


def estimate(
    tables: Iterable[pa.Table],
    config: RewriteConfig,
    ledger_path: Path,
    held_back: HeldBack | None = None,
) -> list[Estimate]:
    """One estimate for each model of ``config``, for rows of the label stage.

    Nothing is sent; needs ``config.model``.
    """
    prompt = Prompt(config)
    models = config.each_model()
    rows, tallies = 0, [Tally(m) for m in models]
    # A malformed answer is asked for once more; so may be those of every round.
    calls = 1 + 2 * config.refine_rounds * (1 + (config.estimate_by == "model"))
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
                for (model, _), found in zip(asks, session.known(asks), strict=True):
                    if isinstance(found, list):
                        tallies[model].known += 1
                    else:
                        size = len(row["text"].encode()) + _JSON_BYTES
                        tallies[model].add(found, size, calls)
        return [t.estimate(rows, ledger, config.batch) for t in tallies]
