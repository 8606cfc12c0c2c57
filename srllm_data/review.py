"""Review: curators' decisions decide first, the configured policy decides what they left open.

Left open is what the gates hold, and what an expectation holds.
"""

import pyarrow as pa

from srllm_data.config import ReviewConfig
from srllm_data.decisions import Decision, seen
from srllm_data.schema import Disposition, StageOutput, drop, dropped_table, schema_after


def review(
    rows: pa.Table, config: ReviewConfig, decisions: dict[str, Decision], failing: dict[str, str]
) -> StageOutput:
    """Keep accepted rows; drop held and rejected ones with their reasons.

    decisions: newest decision by row id. One that was made about another rewrite is counted in
    the fact ``outdated_decisions`` and does not apply.
    failing: what expectations found, by id of the rows that they hold.
    """
    kept, dropped = [], []
    applied = outdated = 0
    for row in rows.to_pylist():
        decision = decisions.get(row["id"])
        if decision and decision.seen != seen(decision.action, row["text"], row["rewrite"]):
            outdated += 1
            decision = None
        applied += decision is not None
        found = failing.get(row["id"])
        verdict = "hold" if found else row["verdict"]
        end = _end(verdict, decision, config)
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
            # What the gates hold keeps their reason, whatever an expectation says as well.
            reason = "expectation" if row["verdict"] == "accept" else f"undecided_{verdict}"
            detail = "; ".join([*row["reasons"], *([found] if found else [])])
            dropped.append(drop(row["id"], end, reason, detail))
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
