"""The plan of a build: the key of each stage, and what is fresh, stale or missing."""

from dataclasses import dataclass
from typing import Any

from srllm_data.config import Config
from srllm_data.errors import ConfigError, StoreError
from srllm_data.schema import STAGES
from srllm_data.stages import components, key_of
from srllm_data.workspace import Workspace


@dataclass(frozen=True)
class Plan:
    """Keys and components of every stage, in order, for one configuration as it is now."""

    keys: dict[str, str]
    components: dict[str, dict[str, Any]]


def make_plan(config: Config, workspace: Workspace) -> Plan:
    """Compute every stage's key without running anything; feeds are fetched once for it.

    An output with rows that failed only for now (fact ``ask_again``) counts as used up: the next
    plan asks again under a new key, and what follows is computed from the new answers.
    """
    keys: dict[str, str] = {}
    parts: dict[str, dict[str, Any]] = {}
    before = None
    for stage in STAGES:
        parts[stage] = components(stage, config, workspace, before) | {"attempt": 0}
        while _asks_again(workspace.manifest(stage, key_of(stage, parts[stage]))):
            parts[stage]["attempt"] += 1
        before = keys[stage] = key_of(stage, parts[stage])
    return Plan(keys, parts)


def _asks_again(manifest: dict[str, Any] | None) -> bool:
    return manifest is not None and bool(manifest["facts"].get("ask_again"))


def stage_range(first: str | None, last: str | None, only: str | None) -> tuple[str, ...]:
    """The stages from ``first`` to ``last``, or ``only`` one; ConfigError for an unknown name."""
    for name in (first, last, only):
        if name is not None and name not in STAGES:
            raise ConfigError(f"There is no stage '{name}'; the stages are {', '.join(STAGES)}.")
    if only and (first or last):
        raise ConfigError("Give either --only or --from and --until, not both.")
    start = STAGES.index(only or first or STAGES[0])
    end = STAGES.index(only or last or STAGES[-1])
    if start > end:
        raise ConfigError(f"Stage '{first}' comes after '{last}'; swap --from and --until.")
    return STAGES[start : end + 1]


def check_inputs(plan: Plan, chosen: tuple[str, ...], workspace: Workspace) -> None:
    """StoreError unless the stage before the first chosen one is fresh in the store."""
    position = STAGES.index(chosen[0])
    if position == 0:
        return
    before = STAGES[position - 1]
    if workspace.manifest(before, plan.keys[before]) is None:
        raise StoreError(
            f"Stage '{chosen[0]}' needs the output of '{before}', which is not in the store for "
            f"this configuration; run 'srllm build --until {before}' first."
        )


def freshness(plan: Plan, workspace: Workspace) -> list[dict[str, str]]:
    """For each stage: fresh, stale or missing, and why, against the newest run."""
    try:
        old = workspace.last_run()["stages"]
    except StoreError:
        old = {}
    found = []
    for stage in STAGES:
        if workspace.manifest(stage, plan.keys[stage]):
            state, why = "fresh", "in the store"
        elif stage not in old:
            state, why = "missing", "never built in the newest run"
        else:
            manifest = workspace.manifest(stage, old[stage]["key"])
            if old[stage]["key"] == plan.keys[stage]:
                state, why = "stale", "its files are gone from the store"
            elif manifest is None:
                state, why = "stale", "its last output is gone from the store"
            else:
                state = "stale"
                why = "; ".join(_changes(manifest["components"], plan.components[stage]))
        found.append({"stage": stage, "state": state, "why": why, "key": plan.keys[stage]})
    return found


def _changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    changes = []
    if old["code"] != new["code"]:
        changes.append("its code changed")
    if old["attempt"] != new["attempt"]:
        changes.append("rows that failed for now are asked again")
    if old["input"] != new["input"]:
        changes.append("its input changed")
    changes += _differences("setting", old["settings"], new["settings"])
    changes += _differences("library", old["libraries"], new["libraries"])
    changes += [
        f"content of {n.split(' ', 1)[1].split(' ')[0]} changed"
        for n in _differences("file", old["files"], new["files"])
    ]
    return changes


def _differences(kind: str, old: Any, new: Any, path: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for name in sorted(old.keys() | new.keys()):
            inner = f"{path}.{name}" if path else name
            found += _differences(kind, old.get(name), new.get(name), inner)
        return found
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            c
            for i, pair in enumerate(zip(old, new, strict=True))
            for c in _differences(kind, *pair, f"{path}[{i}]")
        ]
    return [] if old == new else [f"{kind} {path} was {old} and is {new}"]
