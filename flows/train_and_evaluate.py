"""The flow ``train-and-evaluate``: from a release to an adapter that is promoted if it is better.

``build-dataset`` starts it for each new release: as a subflow, or as the deployment of this flow
that is named like the work pool ``train.work_pool``. What was trained is not trained again, what
was decided is not decided again, and what was killed goes on where it stopped.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from srllm_data.config import Config, load_config
from srllm_data.errors import SrllmError, StoreError, not_installed
from srllm_data.local_prefect import has_server
from srllm_data.workspace import locked
from srllm_train.adapters import Decision
from srllm_train.promotion import Job, decide, make_job, train_step


@flow(name="train-and-evaluate")
def train_and_evaluate(
    release: str | None = None, config: str = "srllm.yaml", workspace: str | None = None
) -> Decision:
    """Train on a release, compare the adapter with the one in use and return the decision.

    release: its folder's name in the workspace; the newest one if None.
    """
    job = make_job(load_config(config, workspace), release)
    with locked(job.workspace.adapters, "training"):
        decision = job.decision
        if decision is None:
            for step, (kind, _) in enumerate(job.steps):
                train.with_options(name=f"train-{kind}")(job, step)
            decision = evaluate(job)
        get_run_logger().info(told(decision))
        create_markdown_artifact(_page(decision), key="adapter")
    return decision


@task(cache_policy=NO_CACHE)
def train(job: Job, step: int) -> str:
    """Make the adapter of one step; return its folder."""
    try:
        return str(train_step(job, step, _sayer()))
    except ImportError as missing:
        raise not_installed("Training", missing) from None


@task(cache_policy=NO_CACHE)
def evaluate(job: Job) -> Decision:
    """Compare the adapter with the one in use, and promote it or not."""
    return decide(job)


def train_after(
    release: str, settings: Config, config: str, workspace: str | None
) -> dict[str, Any]:
    """Start the flow for the release of a finished build, if nothing is decided about it yet.

    Returns what became of it for the build's record: adapter, promoted (None where nothing is
    decided) and why. No error leaves it: the release is good without an adapter.
    """
    adapter = None
    try:
        job = make_job(settings, Path(release).name)
        adapter = job.adapter.name
        decision = job.decision
        if decision is None and settings.train.work_pool and has_server():
            why = _sent(job.release.name, settings.train.work_pool, config, workspace)
            return {"adapter": adapter, "promoted": None, "why": why}
        if decision is None:
            decision = train_and_evaluate(job.release.name, config, workspace)
        return {"adapter": adapter, "promoted": decision["promoted"], "why": told(decision)}
    except Exception as error:
        said = str(error) if isinstance(error, SrllmError) else f"{type(error).__name__}: {error}"
        why = f"Training failed, and the next build tries again: {' '.join(said.split())}"
        return {"adapter": adapter, "promoted": None, "why": why}


def told(decision: Decision) -> str:
    """A decision in words."""
    end = "promoted" if decision["promoted"] else "not promoted"
    return f"{decision['adapter']} was {end}. {decision['why']}"


def _sent(release: str, pool: str, config: str, workspace: str | None) -> str:
    name = f"train-and-evaluate/{pool}"
    given = {"release": release, "config": config, "workspace": workspace}
    try:
        run: Any = run_deployment(name, parameters=given, timeout=0)
    except ObjectNotFound:
        raise StoreError(
            f"The Prefect server has no deployment '{name}', which train.work_pool names; run "
            f"'prefect --no-prompt deploy --all', or set it to null."
        ) from None
    return f"Sent to the work pool {pool} as flow run {run.name}."


def _sayer() -> Callable[[str], None]:
    """Who is told how training goes: the run's log at a server, else the console."""
    log = get_run_logger().info if has_server() else lambda line: print(line, file=sys.stderr)

    def say(line: str) -> None:
        # The example of what is learned shows a text, which may offend.
        if "\n" not in line and not line.endswith(":"):
            log(line)

    return say


def _page(decision: Decision) -> str:
    lines = [told(decision), ""]
    if decision["figures"]:
        lines += [
            f"| texts | rows | {decision['adapter']} | {decision['against']} | difference "
            "| 95 % interval | p |",
            "|---|---|---|---|---|---|---|",
        ]
    for name, of in (decision["figures"] or {}).items():
        lines.append(
            f"| {name} | {of['rows']} | {of['new']} | {of['old']} | {100 * of['difference']:+.1f} "
            f"| {100 * of['low']:+.1f} to {100 * of['high']:+.1f} | {of['p']:.2g} |"
        )
    return "\n".join(lines)
