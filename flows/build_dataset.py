"""The flow ``build-dataset``: from the configured sources to a versioned release.

Tasks take and return keys of the content-addressed store, never tables. A stage whose output is
in the store is Prefect-cached, so the run page shows it as such.
"""

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.context import TaskRunContext
from pydantic import BaseModel, ConfigDict

from flows.train_and_evaluate import train_after
from srllm_data import progress, runs
from srllm_data.config import Config, load_config
from srllm_data.errors import QualityError, SrllmError, StoreError
from srllm_data.plan import Plan, check_inputs, make_plan, stage_range
from srllm_data.quality import BOUNDARIES, check_boundary, critical, write_data_docs
from srllm_data.release import publish as release_rows
from srllm_data.runner import read_part, run_stage
from srllm_data.schema import STAGES
from srllm_data.stages import rewriting
from srllm_data.workspace import Workspace
from srllm_train.promotion import recipe_of


class Build(BaseModel):
    """What every task of one run needs: the configuration, the plan and the chosen stages."""

    model_config = ConfigDict(frozen=True)

    config: Config
    plan: Plan
    chosen: tuple[str, ...]
    force: bool

    @property
    def workspace(self) -> Workspace:
        """The workspace of the configuration."""
        return Workspace(Path(self.config.workspace))

    def stored(self, stage: str) -> bool:
        """Whether the stage's output is in the store and may be taken from there."""
        return not self.force and self.workspace.manifest(stage, self.plan.keys[stage]) is not None


@flow(name="build-dataset")
def build_dataset(
    config: str = "srllm.yaml",
    sources: list[str] | None = None,
    from_stage: str | None = None,
    until_stage: str | None = None,
    only_stage: str | None = None,
    force: bool = False,
    workspace: str | None = None,
) -> dict[str, Any]:
    """Build the dataset and return the record of the run (``runs/<run>/run.json``).

    With ``train.recipe`` set, then train on its release.

    sources: names of the sources to read; all if None. from_stage, until_stage, only_stage: the
    range of stages. force: compute the range again even where the store has it.
    """
    settings = load_config(config, workspace, sources)
    with Workspace(Path(settings.workspace)).locked():
        build = prepare(settings, from_stage, until_stage, only_stage, force)
        run = runs.start(build.plan, build.chosen, [s for s in build.chosen if build.stored(s)])
        try:
            gathered = stage(build, "gather")
            expect(build, "gathered", gathered)
            cleaned = stage(build, "clean", gathered)
            distinct = stage(build, "deduplicate", cleaned)
            expect(build, "deduplicated", distinct)
            redacted = stage(build, "redact", distinct)
            expect(build, "redacted", redacted)
            labelled = stage(build, "label", redacted)
            expect(build, "labelled", labelled)
            if batched(build):
                fill_ledger(build, labelled)
            rewritten = stage(build, "rewrite", labelled)
            expect(build, "rewritten", rewritten)
            validated = stage(build, "validate", rewritten)
            reviewed = stage(build, "review", validated)
            released = stage(build, "release", reviewed)
            if "release" in build.chosen:
                # Said first: an endpoint that is down is why nothing is released.
                runs.check_answered(build.config, build.workspace, build.plan)
            expect(build, "released", released)
            if "release" in build.chosen:
                run["release"] = publish(build, released)
        except QualityError as stop:
            run["stopped"] = str(stop)
            raise QualityError(f"{stop} Report: {report(build, run)['report']}") from None
        record = report(build, run)
    # Training takes long, and another build need not wait for it.
    if settings.train.recipe and record["release"]:
        found = train_after(record["release"], settings, config, workspace)
        runs.add_training(build.workspace, record, found)
    return record


def prepare(
    config: Config, first: str | None, last: str | None, only: str | None, force: bool
) -> Build:
    """Compute every stage's key and check that the chosen range can start."""
    chosen = stage_range(first, last, only)
    if config.train.recipe:
        # A mistake in it is told now, not after the build.
        recipe_of(config.train)
    workspace = Workspace(Path(config.workspace))
    plan = make_plan(config, workspace)
    check_inputs(plan, chosen, workspace)
    return Build(config=config, plan=plan, chosen=chosen, force=force)


def stage(build: Build, name: str, before: str | None = None) -> str:
    """Run one stage as a task, if it is in the chosen range; return its key."""
    key = build.plan.keys[name]
    if name in build.chosen:
        stored = build.stored(name)
        _STAGES[name](build, before, return_state=True).result()
        manifest = build.workspace.manifest(name, key)
        if manifest is None:
            raise StoreError(f"The output of '{name}' vanished from {build.workspace.root}.")
        runs.say(manifest, stored)
    return key


def batched(build: Build) -> bool:
    """Whether this run asks for rewrites by the batch API."""
    config = build.config.rewrite
    return (
        config.batch
        and config.model is not None
        and "rewrite" in build.chosen
        and not build.stored("rewrite")
    )


def fill_ledger(build: Build, before: str) -> None:
    """Batches until no question is open that a batch answers: drafts, then what follows of them."""
    came = 1
    while came:
        ids, came = batch_submit(build, before)
        if ids:
            batch_wait(build, ids)
            came += batch_collect(build, ids)


@task(cache_policy=NO_CACHE)
def batch_submit(build: Build, before: str) -> tuple[list[str], int]:
    """Send what is asked for next as batches; return their ids, and how many answers came."""
    from srllm_data.rewrite import batch, wanted

    config, ledger = build.config.rewrite, build.workspace.requests
    parts = rewriting(build.config)
    requests = [
        request
        for path in build.workspace.parts("label", before)
        for request in wanted(read_part(path), config, ledger, **parts)
    ]
    return batch.submit(requests, config, ledger)


@task(cache_policy=NO_CACHE)
def batch_wait(build: Build, ids: list[str]) -> None:
    """Wait until these batches are over."""
    from srllm_data.rewrite import batch

    with progress.bar("batch", None):
        batch.wait(ids, build.config.rewrite, build.workspace.requests)


@task(cache_policy=NO_CACHE)
def batch_collect(build: Build, ids: list[str]) -> int:
    """Put the answers of these batches into the request ledger; return how many came."""
    from srllm_data.rewrite import batch

    return batch.collect(ids, build.config.rewrite, build.workspace.requests)


def expect(build: Build, boundary: str, key: str) -> None:
    """Check the suite of a stage boundary as a task, if its stage is in the chosen range."""
    if BOUNDARIES[boundary] in build.chosen:
        check.with_options(name=f"expect-{boundary}")(build, boundary, key)


def _stored_key(context: TaskRunContext, parameters: dict[str, Any]) -> str | None:
    build: Build = parameters["build"]
    name = context.task.name
    return f"{name}-{build.plan.keys[name]}" if build.stored(name) else None


def _worth_retrying(task: Any, run: Any, state: Any) -> bool:
    return not isinstance(state.data, SrllmError) and not isinstance(
        getattr(state.data, "exception", None), SrllmError
    )


def _stage_task(name: str, retries: int = 0) -> Any:
    @task(
        name=name,
        cache_key_fn=_stored_key,
        persist_result=True,
        retries=retries,
        retry_delay_seconds=2,
        retry_condition_fn=_worth_retrying,
    )
    def run(build: Build, before: str | None) -> str:
        key = build.plan.keys[name]
        components = build.plan.components[name]
        run_stage(name, key, components, build.config, build.workspace, build.force)
        return key

    return run


# Gather and rewrite talk to networks; the other stages fail the same way every time.
_STAGES = {
    name: _stage_task(name, retries=2 if name in ("gather", "rewrite") else 0) for name in STAGES
}


@task(cache_policy=NO_CACHE)
def check(build: Build, boundary: str, key: str) -> str:
    """Check one boundary's rows against its suite; QualityError if a critical one fails."""
    result = check_boundary(boundary, key, build.config, build.workspace)
    if failed := critical(result):
        raise QualityError(
            f"A critical expectation failed at '{boundary}', so no release was made: "
            f"{'; '.join(failed)}."
        )
    return boundary


@task(cache_policy=NO_CACHE)
def publish(build: Build, key: str) -> str:
    """Write the release and its Data Docs; return the release's path."""
    release = release_rows(build.config, build.workspace, build.plan)
    write_data_docs(
        [
            check_boundary(b, build.plan.keys[s], build.config, build.workspace)
            for b, s in BOUNDARIES.items()
        ],
        release.path.with_name(f"{release.path.name}.data_docs"),
    )
    return str(release.path)


@task(cache_policy=NO_CACHE)
def report(build: Build, run: dict[str, Any]) -> dict[str, Any]:
    """Write the run's record and report, show both in Prefect, and return the record."""
    record = runs.finish(build.config, build.workspace, run)
    create_table_artifact(
        key="funnel",
        table=[
            {k: s[k] for k in ("stage", "rows_in", "rows_kept", "rows_dropped")}
            for s in record["funnel"]
        ],
        description="Rows in, kept and dropped by stage",
    )
    link = Path(record["report"]).as_uri()
    create_link_artifact(key="report", link=link, description="Report of this run")
    return record
