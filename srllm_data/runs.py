"""The record of one run: which stages it used, what it made, and what it tells the console."""

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

from srllm_data.account import funnel
from srllm_data.agreement import judge_record
from srllm_data.config import Config
from srllm_data.decisions import DecisionLog
from srllm_data.errors import QualityError
from srllm_data.ledger import TRANSIENT
from srllm_data.plan import Plan
from srllm_data.quality import results
from srllm_data.report import render_report
from srllm_data.schema import STAGES
from srllm_data.trivial import trial
from srllm_data.workspace import Workspace, write_atomically


def start(plan: Plan, chosen: tuple[str, ...], stored: list[str]) -> dict[str, Any]:
    """A new run's record. stored: chosen stages that will be taken from the store."""
    now = datetime.now(UTC)
    reached = STAGES[: STAGES.index(chosen[-1]) + 1]
    return {
        "run": now.strftime("%Y%m%dT%H%M%S.%fZ"),
        "started": now.isoformat(timespec="seconds"),
        "clock": time.monotonic(),
        "chosen": list(chosen),
        "stages": {
            s: {"key": plan.keys[s], "from_store": s in stored or s not in chosen} for s in reached
        },
        "release": None,
        "stopped": None,
        "training": None,
    }


def finish(config: Config, workspace: Workspace, run: dict[str, Any]) -> dict[str, Any]:
    """Write ``run.json`` and ``report.html``; return the finished record.

    A run that a critical expectation stopped has the stages that were finished before it.
    """
    stages = {s: v for s, v in run["stages"].items() if workspace.manifest(s, v["key"])}
    keys = {s: v["key"] for s, v in stages.items()}
    folder = workspace.root / "runs" / run["run"]
    report = folder / "report.html"
    record = {k: v for k, v in run.items() if k != "clock"} | {
        "seconds": round(time.monotonic() - run["clock"], 1),
        "stages": stages,
        "funnel": funnel(workspace, keys),
        "checks": results(keys, config, workspace),
        "judge": _judge(config, workspace, keys),
        "trivial": trial(config, workspace, keys) if "validate" in keys else [],
        "report": str(report),
    }
    write_atomically(report, render_report(config, workspace, record).encode())
    write_atomically(folder / "run.json", json.dumps(record, indent=2).encode())
    return record


def add_training(workspace: Workspace, record: dict[str, Any], found: dict[str, Any]) -> None:
    """Put what became of training on the run's release into ``record`` and ``run.json``."""
    record["training"] = found
    folder = workspace.root / "runs" / record["run"]
    write_atomically(folder / "run.json", json.dumps(record, indent=2).encode())


def _judge(config: Config, workspace: Workspace, keys: dict[str, str]) -> dict[str, Any] | None:
    if config.validate_.judge is None or "validate" not in keys:
        return None
    rows = workspace.kept("validate", keys["validate"])
    return judge_record(rows, DecisionLog(workspace.decisions).current(), config.validate_)


def check_answered(config: Config, workspace: Workspace, plan: Plan) -> None:
    """QualityError where so many rows got no answer that a release would mislead.

    Their share of the rows that needed a rewrite is compared with ``rewrite.max_unanswered``.
    """
    manifest = workspace.manifest("rewrite", plan.keys["rewrite"])
    facts = manifest["facts"] if manifest else {}
    rows = manifest["rows_in"] - facts["control"] if manifest else 0
    lacking = {name: facts[name] for name in sorted(TRANSIENT) if facts.get(name)}
    missing = sum(lacking.values())
    if not rows or missing <= config.rewrite.max_unanswered * rows:
        return
    why = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in lacking.items())
    do = "run 'srllm build' again: everything finished is kept and only they are asked for"
    if lacking.get("over_budget"):
        do = f"raise rewrite.max_cost (now {config.rewrite.max_cost}) and {do}"
    dropped = workspace.dropped("rewrite", plan.keys["rewrite"]).to_pylist()
    detail = next(row["detail"] for row in dropped if row["reason"] in lacking)
    raise QualityError(
        f"{missing:,} of {rows:,} rows have no answer yet ({why}; one of them: {detail}), so no "
        f"release was made; {do}, or release without them by raising rewrite.max_unanswered "
        f"(now {config.rewrite.max_unanswered})."
    )


def say(manifest: dict[str, Any], stored: bool) -> None:
    """One line on stderr about a stage that is done."""
    how = "from the store" if stored else f"{manifest['seconds']:.1f} s"
    print(
        f"  {manifest['stage']:<12}{manifest['rows_in']:>8,} in {manifest['rows_kept']:>8,} kept "
        f"{manifest['rows_dropped']:>7,} dropped   {how}",
        file=sys.stderr,
        flush=True,
    )
