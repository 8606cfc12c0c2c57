"""From names of systems to a report."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from srllm_data import __version__, local_models
from srllm_data.config import Config
from srllm_data.errors import ConfigError, SrllmError, StoreError
from srllm_train.evaluation import rows
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.cache import Cache
from srllm_train.evaluation.contract import Outcome, System
from srllm_train.evaluation.record import Report
from srllm_train.evaluation.scorers import Scorers
from srllm_train.evaluation.suites import NAMES, suite
from srllm_train.evaluation.systems import systems


@dataclass(frozen=True)
class Asked:
    """What is evaluated, and on what.

    systems: as ``systems.py`` reads them. baseline: the name of the one that others are compared
    with. on: a release, folder or file with rows of the user's own. data: folder with local copies
    of benchmarks. most: rows of a source, None for what each suite takes. trained_on: the folder
    that adapters learned from.
    """

    systems: tuple[str, ...]
    suites: tuple[str, ...] = ()
    baseline: str | None = None
    on: Path | None = None
    data: Path | None = None
    most: int | None = None
    seed: int = 1
    lm_eval: tuple[str, ...] = ()
    trained_on: Path | None = None
    say: Callable[[str], None] = field(
        default=lambda line: print(line, file=sys.stderr, flush=True), compare=False
    )


def evaluate(asked: Asked, config: Config) -> Report:
    """Run the suites that ``asked`` names, all if none, and return what they found.

    Raises ConfigError for a system, suite, baseline or folder that does not exist. A suite that
    cannot run says why in its place, and its error is raised where none can. Answers and
    scores are kept as they come, so a stopped run goes on.
    """
    names = _suites(asked.suites)
    if not asked.systems:
        raise ConfigError("No system was named; name one, such as embedded.")
    found = systems(asked.systems, config)
    baseline = _baseline(asked.baseline, found)
    for option, folder in (("--data", asked.data), ("--trained-on", asked.trained_on)):
        if folder is not None and not folder.is_dir():
            raise ConfigError(f"{option}: {folder} is no folder; correct its name.")
    cache = Cache(Path(config.workspace) / "evaluation.sqlite")
    bench = Bench(
        found,
        cache,
        Scorers(cache),
        config,
        data=asked.data,
        most=asked.most,
        seed=asked.seed,
        rows=rows.read(asked.on) if asked.on else None,
        lm_eval=asked.lm_eval,
        trained_on=asked.trained_on,
    )
    outcomes, about = {}, {}
    broken: list[SrllmError] = []
    for name in names:
        module = suite(name)
        asked.say(f"{module.TITLE}: {module.ASKS}")
        if name == "judge" and (requests := module.estimate(bench)):
            asked.say(f"Judge and scorers need at most {requests:,} requests.")
        before = dict(bench.read)
        bench.read, bench.failed = {}, {}
        try:
            outcomes[name] = module.run(bench)
        except StoreError:
            raise
        except SrllmError as error:
            asked.say(f"{module.TITLE} is left out: {error}")
            broken.append(error)
            outcomes[name] = Outcome((), [], {}, left_out={"the suite": str(error)})
        outcomes[name].left_out |= bench.failed
        about[name] = {"title": module.TITLE, "asks": module.ASKS, "sources": bench.read}
        bench.read = before | bench.read
    if len(broken) == len(names):
        raise broken[0]
    settings = {
        "srllm": __version__,
        "baseline": baseline,
        "seed": asked.seed,
        "most": asked.most,
        "on": asked.on.name if asked.on else None,
        "libraries": local_models.versions(),
    }
    return Report(settings, [_told(s) for s in found], outcomes, about)


def _suites(names: Sequence[str]) -> list[str]:
    for name in names:
        if name not in NAMES:
            raise ConfigError(f"There is no suite '{name}'; name some of {', '.join(NAMES)}.")
    return [name for name in NAMES if not names or name in names]


def _baseline(name: str | None, found: Sequence[System]) -> str | None:
    known = [s.name for s in found]
    if name is not None and name not in known:
        raise ConfigError(f"--baseline: '{name}' is none of the systems ({', '.join(known)}).")
    return name


def _told(system: System) -> dict[str, Any]:
    return {
        "name": system.name,
        "kind": system.kind,
        "says": system.says,
        "prompting": system.prompting,
        "tuning": system.tuning,
        "size": system.size,
        "members": [m.digest for m in system.members],
    }
