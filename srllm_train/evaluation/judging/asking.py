"""Asking the judge through the workspace's request ledger."""

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from srllm_data.config import EndpointConfig, JudgeConfig
from srllm_data.errors import shown
from srllm_data.ledger import Ledger
from srllm_data.progress import advance, bar
from srllm_data.provider.answers import Reply
from srllm_data.provider.provider import Ask
from srllm_data.provider.session import Session
from srllm_data.workspace import Workspace
from srllm_train.evaluation.bench import Bench


def workspace(bench: Bench) -> Workspace:
    """Where the request ledger lies."""
    return Workspace(Path(bench.config.workspace))


def alone(bench: Bench, config: EndpointConfig) -> AbstractContextManager[None]:
    """Hold the workspace where ``config`` has a cap: only one may spend from it at a time then."""
    return workspace(bench).locked() if config.max_cost is not None else nullcontext()


def ask(
    bench: Bench, judge: JudgeConfig, asks: Sequence[Ask]
) -> tuple[list[Reply], dict[str, Any]]:
    """The judge's reply to each of ``asks``, equal ones asked once, and what they came to.

    The facts are those of all answers, also of those that the ledger had, so that they are the same
    the next time. Raises ProviderError where the endpoint cannot be used at all.
    """
    keys = [_key(a.messages) for a in asks]
    each = dict(zip(keys, asks, strict=True))
    ledger = workspace(bench).requests
    with alone(bench, judge), Session([judge], ledger) as session, bar("judge reads", len(each)):
        found = session.ask_all([(0, a) for a in each.values()], lambda place: advance(), "judge")
        counts = session.counts
    replies = dict(zip(each, (said[-1] for said in found), strict=True))
    both = {n: counts[n] + counts[f"ledger_{n}"] for n in ("tokens_in", "tokens_out", "cost")}
    facts = {
        "model": judge.model,
        "endpoint": shown(judge.base_url),
        "questions": len(each),
        **both,
        "cost": round(both["cost"], 6),
        "answered": answered(ledger, judge, (a.messages for a in each.values())),
    }
    return [replies[k] for k in keys], facts


def answered(
    ledger_path: Path, config: EndpointConfig, asked: Iterable[list[dict[str, str]]]
) -> list[str]:
    """When the first and the last of the messages ``asked`` were answered: ISO 8601, UTC.

    Models behind one name change; only the day tells which one answered.
    """
    wanted = {_key(messages) for messages in asked}
    with Ledger(ledger_path) as ledger:
        found = ledger.select(
            "SELECT json_extract(request, '$.messages'), created FROM requests"
            " WHERE outcome = 'ok' AND json_extract(request, '$.base_url') = ?"
            " AND json_extract(request, '$.model') IS ?",
            shown(config.base_url),
            config.model,
        )
    times = sorted(at for messages, at in found if _key(json.loads(messages)) in wanted)
    return times[:1] + times[-1:]


def _key(messages: list[dict[str, str]]) -> str:
    return json.dumps(messages, sort_keys=True)
