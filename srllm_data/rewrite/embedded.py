"""Rewriting without an endpoint: an adapter and the editor write, and the gates choose."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from srllm_data import local_models
from srllm_data.config import RewriteConfig
from srllm_data.local_models import rewriter
from srllm_data.progress import advance, note
from srllm_data.rewrite.candidates import Fresh, Work, candidate, choose, edited, same
from srllm_data.validate import Gatekeeper

#: What an adapter writes: a row's id, the number of the sample, and the text.
WRITTEN = pa.schema([("id", pa.string()), ("sample", pa.int64()), ("text", pa.string())])

#: A way to :func:`write` that may remember.
Write = Callable[[list[dict[str, Any]], RewriteConfig], pa.Table]


def work_on(
    works: list[Work], config: RewriteConfig, gatekeeper: Gatekeeper | None, writing: Write
) -> None:
    """Give every one of ``works`` its candidates and the best of them.

    gatekeeper: needed where ``config.judged``.
    """
    if config.judged and gatekeeper is None:
        raise ValueError("choosing among candidates needs a gatekeeper")
    rows = [work.row for work in works]
    said: dict[str, list[tuple[int, str]]] = {}
    name = None
    if works and used(config):
        name = rewriter.name_of(str(config.adapter))
        for found in writing(rows, config).to_pylist():
            said.setdefault(found["id"], []).append((found["sample"], found["text"]))
    fresh: list[Fresh] = []
    for work, (by_hand, editor) in zip(works, edited(rows), strict=True):
        answers = [(name, sample, text) for sample, text in said.get(work.row["id"], [])]
        if by_hand is not None:
            answers.append((editor, 0, by_hand))
        for by, sample, text in answers:
            outcome = "unchanged" if same(text, work.row["text"]) else "ok"
            found = candidate(text, "embedded", by, None, sample, outcome=outcome)
            if outcome == "ok":
                fresh.append((work, None, found))
            else:
                work.candidates.append(found)
        work.outcomes.append("unchanged")
        advance(0.5 if name else 1)
    choose(fresh, gatekeeper if config.judged else None)


def write(rows: list[dict[str, Any]], config: RewriteConfig) -> pa.Table:
    """What the adapter writes for each of ``rows``, the greedy answer first, then samples.

    Returns the columns :data:`WRITTEN`; an empty answer is left out.
    """
    adapter = str(config.adapter)
    found = []
    note("loading the adapter")
    rewriter.load(adapter)
    note("the adapter writes")
    for row in rows:
        for sample in range(config.samples):
            temperature = config.temperature if sample else 0.0
            seed = config.seed + sample
            text = rewriter.write(row["text"], marked(row), adapter, temperature, seed)
            if text:
                found.append({"id": row["id"], "sample": sample, "text": text})
        advance(0.5)
    return pa.Table.from_pylist(found, schema=WRITTEN)


def marked(row: dict[str, Any]) -> tuple[str, ...]:
    """The biased words of a row, which an adapter may be shown."""
    spans = row["biased_spans"] or []
    return tuple(dict.fromkeys(s["text"] for s in spans if s["use"] == "used"))


def used(config: RewriteConfig) -> bool:
    """Whether an adapter writes: one is set, and what srllm's own runs on is installed."""
    if config.adapter is None:
        return False
    return config.adapter != rewriter.EMBEDDED or rewriter.installed()


def assets(config: RewriteConfig) -> dict[str, str]:
    """What the adapter's answers depend on, by name."""
    if config.adapter is None:
        return {}
    if not used(config):
        return {"adapter": "not installed"}
    return rewriter.files(config.adapter) | local_models.versions()
