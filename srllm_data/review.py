"""Review: curators' decisions decide first, the configured policy decides what they left open."""

import pyarrow as pa

from srllm_data.config import ReviewConfig
from srllm_data.decisions import Decision, seen
from srllm_data.schema import Disposition, StageOutput, drop, dropped_table, schema_after


def review(rows: pa.Table, config: ReviewConfig, decisions: dict[str, Decision]) -> StageOutput:
    """Keep accepted rows; drop held and rejected ones with their reasons.

    decisions: newest decision by row id. One that was made about another rewrite is counted in
    the fact ``outdated_decisions`` and does not apply.
    """
    kept, dropped = [], []
    applied = outdated = 0
    for row in rows.to_pylist():
        decision = decisions.get(row["id"])
        if decision and decision.seen != seen(decision.action, row["text"], row["rewrite"]):
            outdated += 1
            decision = None
        applied += decision is not None
        end = _end(row["verdict"], decision, config)
        row |= {
            "decision": decision and decision.action,
            "reviewer": decision and decision.reviewer,
            "review_note": decision and decision.note,
        }
        if end is None:
            if decision and decision.action == "edit":
                row["rewrite"] = decision.rewrite
                row["rewrite_by"] = "curator"
            kept.append(row)
        elif decision:
            dropped.append(drop(row["id"], end, "curator", decision.note))
        else:
            detail = "; ".join(row["reasons"])
            dropped.append(drop(row["id"], end, f"undecided_{row['verdict']}", detail))
    return StageOutput(
        pa.Table.from_pylist(kept, schema=schema_after("review")),
        dropped_table(dropped),
        {"decisions_applied": applied, "outdated_decisions": outdated},
    )


def _end(verdict: str, decision: Decision | None, config: ReviewConfig) -> Disposition | None:
    if decision:
        return "rejected" if decision.action == "reject" else None
    if verdict == "accept" or config.undecided == "accept":
        return None
    return "rejected" if config.undecided == "reject" else "held"
