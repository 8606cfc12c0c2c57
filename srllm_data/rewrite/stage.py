"""The rewrite stage: asks endpoints or the embedded editor for a rewrite of each row."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from srllm_data import local_models
from srllm_data.config import RewriteConfig
from srllm_data.ledger import OUTCOMES, TRANSIENT, Request
from srllm_data.progress import advance
from srllm_data.provider.session import Session
from srllm_data.rewrite import embedded, pairs
from srllm_data.rewrite.candidates import Work, work_on
from srllm_data.rewrite.prompt import Prompt, digest
from srllm_data.schema import COLUMNS, StageOutput, drop, dropped_table, schema_after
from srllm_data.validate import MEASURED, Gatekeeper

#: Why a row has no rewrite, by the reason that it is dropped for.
_DETAILS = {
    "unchanged": "no answer changed the text",
    "refused": "the model declined",
    "content_filtered": "the endpoint's content filter stopped it",
    "truncated": "the answer was longer than rewrite.max_tokens",
    "malformed": "no answer held a rewrite",
    "bad_request": "the endpoint refused the request; it is sent again in the next run",
    "rate_limited": "the endpoint was too busy; it is asked again in the next run",
    "timed_out": "no answer in time (rewrite.timeout_s, or its batch); the next run asks again",
    "unreachable": "no connection or a server error; it is asked again in the next run",
    "over_budget": "it could have crossed rewrite.max_cost; a larger one lets it be sent",
}

#: Columns of a row that a rewrite is made or judged from.
_COLUMNS = sorted({*MEASURED, "source", "source_key", "cluster"} - {"rewrite"})


@dataclass(frozen=True)
class _Rewrite:
    """What became of one row: ``text`` is the rewrite where the outcome is ok."""

    outcome: str
    text: str
    by: str
    candidates: list[dict[str, object]]
    detail: str = ""


def rewrite(
    rows: pa.Table,
    config: RewriteConfig,
    ledger_path: Path,
    gatekeeper: Gatekeeper | None = None,
    held_back: pairs.HeldBack | None = None,
    writing: embedded.Write = embedded.write,
) -> StageOutput:
    """Give every row a rewrite; a control's own text is its rewrite.

    rows: ``schema_after("label")``. gatekeeper: needed where ``config.judged``. held_back: whether
    the row with this source and key is for evaluation, so that no pair made from it is shown.
    writing: ``embedded.write``, or what remembers its answers. With
    ``config.batch`` nothing is sent; what no batch answered ends as timed_out.

    Rows without a usable answer are dropped as failed, with the outcome as reason. Facts count
    rows per outcome, requests, tokens and US dollars, in all and by purpose; ``ask_again`` counts
    the rows that the next run would ask for again.
    Raises ConfigError for a missing prompt or a malformed pair, ProviderError where an endpoint
    cannot be used at all, StoreError where the ledger cannot be written; answers that had
    arrived are in the ledger then, as after Ctrl-C.
    """
    records = rows.select(_COLUMNS).to_pylist()
    biased = [r for r in records if not r["control"]]
    advance(len(records) - len(biased))
    counts: Counter[str] = Counter()
    if config.model is None:
        works = [Work(row) for row in biased]
        embedded.work_on(works, config, gatekeeper, writing)
        done = [_end(work, counts) for work in works]
    elif biased:
        with Session(config.each_model(), ledger_path, offline=config.batch) as session:
            works = _asked(biased, config, session, gatekeeper, held_back, counts)
            done = [_end(work, counts) for work in works]
            counts.update(session.counts)
    else:
        done = []

    by_id = dict(zip((r["id"] for r in biased), done, strict=True))
    kept: list[int] = []
    columns: dict[str, list[object]] = {"rewrite": [], "rewrite_by": [], "candidates": []}
    dropped = []
    for i, record in enumerate(records):
        result = by_id.get(record["id"]) or _Rewrite("control", record["text"], "unchanged", [])
        counts[result.outcome] += 1
        if result.outcome in ("ok", "control"):
            kept.append(i)
            columns["rewrite"].append(result.text)
            columns["rewrite_by"].append(result.by)
            columns["candidates"].append(result.candidates)
        else:
            dropped.append(drop(record["id"], "failed", result.outcome, result.detail))
    table = rows.take(pa.array(kept, pa.int64()))
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values, COLUMNS[name].type))
    return StageOutput(
        table.select(schema_after("rewrite").names).cast(schema_after("rewrite")),
        dropped_table(dropped),
        _facts(config, counts),
    )


def wanted(
    rows: pa.Table,
    config: RewriteConfig,
    ledger_path: Path,
    gatekeeper: Gatekeeper | None = None,
    held_back: pairs.HeldBack | None = None,
) -> list[tuple[int, Request]]:
    """The next requests that :func:`rewrite` would send, each with the place of its model.

    Answers to them may lead to more: to malformed ones, and in rounds of mending.
    """
    biased = [r for r in rows.select(_COLUMNS).to_pylist() if not r["control"]]
    if not biased or config.model is None:
        return []
    with Session(config.each_model(), ledger_path, offline=True) as session:
        _asked(biased, config, session, gatekeeper, held_back, Counter())
        return list(session.wanted.values())


def _asked(
    rows: list[dict[str, Any]],
    config: RewriteConfig,
    session: Session,
    gatekeeper: Gatekeeper | None,
    held_back: pairs.HeldBack | None,
    counts: Counter[str],
) -> list[Work]:
    bank = pairs.PairBank.load(config.pairs if config.examples else [])
    shown = bank.nearest_of(rows, config, held_back)
    works = [Work(row, examples) for row, examples in zip(rows, shown, strict=True)]
    work_on(works, Prompt(config), config, session, gatekeeper, counts)
    return works


def assets(config: RewriteConfig) -> dict[str, str]:
    """SHA-256 by name of every file beside the code that the rewrites depend on."""
    from srllm_data.lexicon import digest as lexicon

    if config.model is None:
        return {"lexicon": lexicon()} | embedded.assets(config)
    found = {Prompt(config).name: digest(config.prompt)}
    if config.lexicon_notes or config.judged:
        found["lexicon"] = lexicon()
    if config.examples:
        for number, path in enumerate(config.pairs, 1):
            found[f"pairs {number}"] = pairs.digest(path)
        if config.examples_by in ("embedding", "both"):
            found |= local_models.versions()
    return found


def _facts(config: RewriteConfig, counts: Counter[str]) -> dict[str, object]:
    names = ["control", "ok", "unchanged"]
    if config.model:
        names += [o for o in OUTCOMES if o != "ok"]
        names += ["ask_again", "requests_sent", "requests_from_ledger"]
        names += ["tokens_in", "tokens_out", "ledger_tokens_in", "ledger_tokens_out"]
        names += ["cost", "ledger_cost"]
        names += sorted(counts.keys() - set(names))
    return {n: round(counts[n], 9) for n in names}


def _end(work: Work, counts: Counter[str]) -> _Rewrite:
    counts["ask_again"] += bool(TRANSIENT.intersection(work.outcomes))
    best = work.best
    if best is not None and best["outcome"] == "ok":
        by = " ".join(str(best[n]) for n in ("provider", "model", "prompt") if best[n])
        by = str(best["model"]) if best["provider"] == "embedded" else by
        return _Rewrite("ok", str(best["text"]), by, work.candidates)
    # What the next run may change is said first.
    outcome = next((o for o in work.outcomes if o in TRANSIENT), work.outcomes[0])
    detail = _DETAILS[outcome]
    if said := work.said.get(outcome):
        detail += f" ({said})"
    if work.neutral:
        detail = "the model found nothing to change"
    return _Rewrite(outcome, "", "", work.candidates, detail)
