"""What the run cost: requests, tokens, money and time."""

from collections import Counter
from typing import Any

from srllm_data.ledger import OUTCOMES
from srllm_data.report.tables import Tables

#: How a stage counts what was paid when it was computed and what it took from the ledger.
_COSTS = (
    ("requests", "requests_sent", "requests_from_ledger"),
    ("tokens sent", "tokens_in", "ledger_tokens_in"),
    ("tokens received", "tokens_out", "ledger_tokens_out"),
    ("US dollars", "cost", "ledger_cost"),
)
_USED = ("requests", "tokens", "cost")
_ROUND = ("tried", "kept", "accepted")

#: Stages that may ask a model at an endpoint, and what for.
_ASKING = {"label": "Raters that label", "rewrite": "Rewriting"}


def cost(tables: Tables, stages: dict[str, dict[str, Any]], accepted: int | None) -> dict[str, Any]:
    """Requests, tokens and dollars by purpose, per accepted rewrite, and seconds by stage.

    accepted: accepted rewrites of this run; None before the review.
    """
    lines = []
    for stage, purpose in _ASKING.items():
        facts = stages[stage]["facts"] if stage in stages else {}
        if "cost" not in facts:
            continue
        old = tables.run["stages"][stage]["from_store"]
        found = [(said, 0 if old else facts[n], facts[n] * old + facts[m]) for said, n, m in _COSTS]
        lines.append((stage, purpose, found))
    dollars = [found[-1] for *_, found in lines]
    spent = sum(now + before for _, now, before in dollars)
    own = [
        (s["stage"], s["seconds"])
        for s in tables.run["funnel"]
        if not tables.run["stages"][s["stage"]]["from_store"]
    ]
    return {
        "lines": lines,
        "paid": sum(now for _, now, _ in dollars),
        "spent": spent,
        "accepted": accepted,
        "each": spent / accepted if accepted else None,
        "slowest": sorted(own, key=lambda s: -s[1])[:3],
        "stored": len(tables.run["funnel"]) - len(own),
    }


def rewriting(tables: Tables, stages: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """How rewriting ended, who rewrote, and what the rounds of mending came to."""
    if "rewrite" not in stages:
        return None
    facts = stages["rewrite"]["facts"]
    kept = zip(*tables.values("rewrite", "rewrite_by", "control"), strict=True)
    return {
        "by": Counter(by for by, control in kept if not control).most_common(),
        "outcomes": [(n, facts[n]) for n in ("control", "unchanged", *OUTCOMES) if facts.get(n)],
        "ask_again": facts.get("ask_again", 0),
        "purposes": [
            (n.removesuffix("_requests"), *(facts[n.replace("requests", v)] for v in _USED))
            for n in facts
            if n.endswith("_requests")
        ],
        "rounds": [
            (n.removesuffix("_tried"), *(facts[n.replace("tried", v)] for v in _ROUND))
            for n in facts
            if n.endswith("_tried")
        ],
        "rows": stages["rewrite"]["rows_in"],
    }
