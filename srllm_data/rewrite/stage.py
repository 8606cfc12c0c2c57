"""The rewrite stage: asks an endpoint or the embedded editor for a rewrite of each row."""

import asyncio
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa

from srllm_data.config import RewriteConfig
from srllm_data.errors import ConfigError
from srllm_data.ledger import OUTCOMES, TRANSIENT, Ledger, canonical
from srllm_data.progress import advance
from srllm_data.rewrite import pairs
from srllm_data.rewrite.provider import Provider, Reply, is_refusal
from srllm_data.schema import COLUMNS, StageOutput, drop, dropped_table, schema_after

_PROMPTS = Path(__file__).parent / "prompts"

#: Why a row has no rewrite, by the reason that it is dropped for.
_DETAILS = {
    "unchanged": "the answer is the text itself",
    "refused": "the model declined",
    "content_filtered": "the endpoint's content filter stopped it",
    "truncated": "the answer was longer than rewrite.max_tokens",
    "malformed": "two answers in a row held no rewrite",
    "bad_request": "the endpoint refused the request; it is sent again in the next run",
    "rate_limited": "the endpoint was too busy; it is asked again in the next run",
    "timed_out": "no answer within rewrite.timeout_s; it is asked again in the next run",
    "unreachable": "no connection or a server error; it is asked again in the next run",
}


@dataclass(frozen=True)
class _Rewrite:
    """What became of one row: ``text`` is the rewrite where the outcome is ok."""

    outcome: str
    text: str
    by: str
    candidates: list[dict[str, object]]
    detail: str = ""


def rewrite(rows: pa.Table, config: RewriteConfig, ledger_path: Path) -> StageOutput:
    """Give every row a rewrite; a control's own text is its rewrite.

    rows: ``schema_after("label")``. Rows without a usable answer are dropped as failed, with the
    outcome as reason. Facts count rows per outcome, requests and tokens; ``ask_again`` counts
    the rows that the next run would ask for again.
    Raises ConfigError for a missing prompt or a malformed pair, ProviderError where the endpoint
    cannot be used at all, StoreError where the ledger cannot be written; answers that had
    arrived are in the ledger then, as after Ctrl-C.
    """
    records = rows.select(["id", "text", "source", "source_key", "control"]).to_pylist()
    biased = [r for r in records if not r["control"]]
    advance(len(records) - len(biased))
    counts: Counter[str] = Counter()
    done = _asked(biased, config, ledger_path, counts) if config.model else _edited(biased)

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
    counts["ask_again"] = sum(counts[outcome] for outcome in TRANSIENT)
    return StageOutput(
        table.select(schema_after("rewrite").names).cast(schema_after("rewrite")),
        dropped_table(dropped),
        {name: counts[name] for name in _facts(config)},
    )


def assets(config: RewriteConfig) -> dict[str, str]:
    """SHA-256 by name of every file beside the code that the rewrites depend on."""
    if config.model is None:
        from srllm_data.lexicon import digest

        return {"lexicon": digest()}
    found = {config.prompt: hashlib.sha256(_prompt_file(config.prompt).read_bytes()).hexdigest()}
    if config.examples:
        for number, path in enumerate(config.pairs, 1):
            found[f"pairs {number}"] = pairs.digest(path)
    return found


def _facts(config: RewriteConfig) -> list[str]:
    names = ["control", "ok", "unchanged"]
    if config.model:
        names += [o for o in OUTCOMES if o != "ok"]
        names += ["ask_again", "requests_sent", "requests_from_ledger"]
        names += ["tokens_in", "tokens_out", "ledger_tokens_in", "ledger_tokens_out"]
    return names


def _edited(rows: list[dict[str, str]]) -> list[_Rewrite]:
    if not rows:
        return []
    from srllm_data.nlp import parse
    from srllm_data.rewrite.editor import EDITOR, rewrite_doc

    done = []
    for row, doc in zip(rows, parse(r["text"] for r in rows), strict=True):
        text = rewrite_doc(doc).strip()
        if not text or _same(text, row["text"]):
            done.append(_Rewrite("unchanged", "", "", [], "the editor knew no honest edit"))
        else:
            candidate = _candidate(text, "embedded", EDITOR, None, 0, "ok")
            done.append(_Rewrite("ok", text, EDITOR, [candidate]))
        advance()
    return done


def _asked(
    rows: list[dict[str, str]], config: RewriteConfig, ledger_path: Path, counts: Counter[str]
) -> list[_Rewrite]:
    prompt = _Prompt(config.prompt)
    bank = pairs.PairBank.load(config.pairs if config.examples else [])
    messages = [
        prompt.messages(
            row["text"],
            bank.nearest(row["text"], config.examples, row["source"], row["source_key"]),
        )
        for row in rows
    ]
    # Rows that became equal when they were redacted are asked for once.
    keys = [canonical({"messages": m}) for m in messages]
    rows_of = Counter(keys)
    waiting = iter(dict(zip(keys, messages, strict=True)).items())
    replies: dict[str, list[Reply]] = {}

    async def work(provider: Provider) -> None:
        for key, asked in waiting:
            replies[key] = await provider.ask(asked, prompt.again)
            advance(rows_of[key])

    async def run() -> None:
        with Ledger(ledger_path) as ledger:
            async with Provider(config, ledger) as provider:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(config.concurrency, len(rows_of))):
                        group.create_task(work(provider))
                counts.update(provider.counts)

    if rows:
        try:
            asyncio.run(run())
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
    return [_chosen(row["text"], replies[k], config) for row, k in zip(rows, keys, strict=True)]


def _chosen(text: str, replies: list[Reply], config: RewriteConfig) -> _Rewrite:
    """What ``replies`` mean for a row with ``text``: the last one counts."""
    provider = urlsplit(config.base_url).netloc.rpartition("@")[2]
    outcome, candidates = "", []
    for number, reply in enumerate(replies):
        outcome = reply.outcome
        if outcome == "ok" and _same(reply.text, text):
            outcome = "unchanged"
        elif outcome == "ok" and is_refusal(reply.text) and not is_refusal(text):
            outcome = "refused"
        if reply.text:
            candidates.append(
                _candidate(reply.text, provider, config.model, config.prompt, number, outcome)
            )
    by = f"{provider} {config.model} {config.prompt}"
    return _Rewrite(outcome, replies[-1].text, by, candidates, _DETAILS.get(outcome, ""))


def _candidate(
    text: str, provider: str, model: str | None, prompt: str | None, number: int, outcome: str
) -> dict[str, object]:
    return {
        "text": text,
        "provider": provider,
        "model": model,
        "prompt": prompt,
        "round": number,
        "outcome": outcome,
    }


def _same(one: str, other: str) -> bool:
    return one.split() == other.split()


class _Prompt:
    """The template ``name``: what is said to the model; its file name is its version."""

    def __init__(self, name: str) -> None:
        text = _prompt_file(name).read_text(encoding="utf-8")
        _, self._system, self._user, self.again = (
            part.strip() for part in _split(text, "# System\n", "# User\n", "# Again\n")
        )

    def messages(self, text: str, examples: list[pairs.Pair]) -> list[dict[str, str]]:
        """The request for ``text``, after ``examples`` as earlier turns of the same kind."""
        turns = [{"role": "system", "content": self._system}]
        for pair in examples:
            turns.append(self._asking(pair.text))
            turns.append({"role": "assistant", "content": _json(rewrite=pair.rewrite)})
        return [*turns, self._asking(text)]

    def _asking(self, text: str) -> dict[str, str]:
        # As JSON, no text can end its own delimiter.
        return {"role": "user", "content": self._user.replace("{{text}}", _json(text=text))}


def _json(**values: str) -> str:
    return json.dumps(values, ensure_ascii=False)


def _split(text: str, *marks: str) -> list[str]:
    parts = []
    for mark in marks:
        before, _, text = text.partition(mark)
        parts.append(before)
    return [*parts, text]


def _prompt_file(name: str) -> Path:
    known = {path.stem: path for path in sorted(_PROMPTS.glob("*.md"))}
    if name not in known:
        raise ConfigError(
            f"rewrite.prompt names no prompt '{name}'; choose one of: {', '.join(known)}."
        )
    return known[name]
