"""How far the judge and curators agree about the same rewrites."""

from typing import Any

import pyarrow as pa

from srllm_data.config import ValidateConfig
from srllm_data.decisions import Decision, seen
from srllm_data.validate import judge


def judge_record(
    rows: pa.Table, decisions: dict[str, Decision], config: ValidateConfig
) -> dict[str, Any] | None:
    """What the judge came to, for the record of a run; None where there is no judge.

    rows: ``schema_after("validate")``. decisions: the newest one by row id. rows counts those that
    the judge answered, consistent those where both orders agree. The judge passes a rewrite that
    fails none of its gates, so an undecided judge does not.
    """
    if config.judge is None:
        return None
    answered = consistent = 0
    pairs: list[tuple[bool, bool]] = []
    for row in rows.select(["id", "text", "rewrite", "signals"]).to_pylist():
        signals = {s["name"]: s["value"] for s in row["signals"]}
        if not signals.get("judge_answered"):
            continue
        answered += 1
        consistent += bool(signals["judge_consistent"])
        curator = _passes(row, decisions.get(row["id"]))
        if curator is not None:
            failed = [name for name, *_ in judge(signals, config).failed]
            pairs.append((curator, not any(name.startswith("judge_") for name in failed)))
    return {
        "model": config.judge.model,
        "rows": answered,
        "consistent": consistent,
        "agreement": agreement(pairs),
    }


def agreement(pairs: list[tuple[bool, bool]]) -> dict[str, Any]:
    """Cohen's kappa of two raters' answers, with the rows and how many of them agree.

    kappa is None where chance explains everything: there are no rows, or both raters give one and
    the same answer throughout (Cohen 1960).
    """
    n, agree = len(pairs), sum(a == b for a, b in pairs)
    first, second = (sum(p[i] for p in pairs) for i in (0, 1))
    # In rows squared, so that whole numbers tell whether chance explains everything.
    chance = first * second + (n - first) * (n - second)
    kappa = None if chance == n * n else round((agree * n - chance) / (n * n - chance), 4)
    return {"rows": n, "agree": agree, "kappa": kappa}


def _passes(row: dict[str, Any], decision: Decision | None) -> bool | None:
    """Whether the curator took this rewrite of this text; None where nobody decided about it.

    An edit is recorded with the text alone, so one of an earlier rewrite counts, too.
    """
    if decision is None:
        return None
    if decision.seen != seen(decision.action, row["text"], row["rewrite"]):
        return None
    if decision.action == "edit":
        return bool(decision.rewrite == row["rewrite"])
    return decision.action == "accept"
