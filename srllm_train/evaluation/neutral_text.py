"""How surprising neutral text is to a model: perplexity and bits per byte."""

import math
from collections.abc import Sequence

from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Member, Row, System, Values
from srllm_train.evaluation.rows import BABE, WIKI, benchmark_rows, own_rows, some

SOURCES = (BABE, WIKI)


def rows(bench: Bench, left_out: dict[str, str]) -> list[Row]:
    """Neutral texts that nothing of srllm learned from; notes which sources are missing, and why.

    BABE's sentences that are neither biased nor opinions, the neutral sides of Wiki Neutrality's
    pairs, and the project's own controls; at most as many of each as rewriters are tried on.
    """
    found, missing = benchmark_rows(bench.records, SOURCES)
    left_out.update(missing)
    found["own controls"] = [row for row in own_rows() if row.control]
    return [
        Row(
            f"neutral {row.id}",
            row.text if row.control else row.references[0],
            source=source,
            group=source,
        )
        for source, of in found.items()
        for row in some(of, bench.most, bench.seed)
    ]


def values(bench: Bench, system: System, member: Member, rows: Sequence[Row]) -> Values:
    """Nats, tokens, bits and UTF-8 bytes of each text, read from a start mark on."""
    read = bench.log_likelihoods(system, member, [("", row.text) for row in rows])
    return {
        row.id: {
            "nats": -nats,
            "tokens": float(count),
            "bits": -nats / math.log(2),
            "bytes": float(len(row.text.encode())),
        }
        for row, (nats, count) in zip(rows, read, strict=True)
    }
