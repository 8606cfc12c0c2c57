"""How surprising neutral text is to a model: perplexity and bits per byte."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from srllm_data.errors import ConfigError
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Member, Row, System, Values
from srllm_train.evaluation.sources import Missing, Source

BABE = Source(
    name="BABE",
    licence="AGPL-3.0",
    file="mediabias/babe.jsonl",
    columns=("id", "text", "label_bias", "label_opinion"),
)
WIKI = Source(
    name="Wiki Neutrality",
    licence="MIT; text CC BY-SA",
    file="pairs/wiki_neutrality.jsonl",
    columns=("id", "neutral"),
)
SOURCES = (BABE, WIKI)
#: The project's own rows that no model of it has learned; a control is its own rewrite.
OWN = Path(__file__).parent / "own" / "held_back.jsonl"


def rows(bench: Bench, left_out: dict[str, str]) -> list[Row]:
    """Neutral texts that the embedded rewriter has not learned; why sources are missing is noted.

    BABE's sentences that are neither biased nor opinions, the neutral sides that Wiki Neutrality
    has of what the labellers hold back, and the project's own controls.
    """
    found: list[Row] = []
    try:
        found += [
            Row(f"neutral {r['id']}", r["text"], source=BABE.name, group="news (BABE)")
            for r in bench.records(BABE)
            if (r["label_bias"], r["label_opinion"]) == ("Non-biased", "Entirely factual")
        ]
    except Missing as missing:
        left_out[BABE.name] = str(missing)
    try:
        records = bench.records(WIKI)
        held = _held_back(bench.data)
        found += [
            Row(f"neutral {r['id']}", r["neutral"], source=WIKI.name, group="Wikipedia")
            for r in records
            if f"wiki_neutrality {r['id']}" in held
        ]
    except Missing as missing:
        left_out[WIKI.name] = str(missing)
    if OWN.is_file():
        own = [json.loads(line) for line in OWN.read_text("utf-8").splitlines()]
        found += [
            Row(f"neutral own-{n}", r["text"], source="own texts", group="own texts")
            for n, r in enumerate(own)
            if r["text"] == r["rewrite"]
        ]
    return bench.sample([row for row in found if row.text.strip()], lambda row: row.id)


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


def _held_back(data: Path | None) -> set[str]:
    from srllm_train.embedded import OWN, held_back

    if data is None:
        raise Missing(
            "Which pairs are held back depends on a folder of sources; name one as --data."
        )
    try:
        return held_back(data, OWN / "labelled")
    except (FileNotFoundError, ConfigError) as error:
        missing = error.filename if isinstance(error, FileNotFoundError) else error
        raise Missing(
            f"Which pairs of {WIKI.name} are held back cannot be told without {missing}; add it."
        ) from None
