"""The run's record for later: figures, settings and library versions."""

import re
from typing import Any

from srllm_data import __version__
from srllm_data.config import Config

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.I)


def figures(run: dict[str, Any]) -> list[tuple[str, list[tuple[str, Any]]]]:
    """What else the stages counted; labels, rewriting and gates have their own sections."""
    found = [
        (s["stage"], [(n, v) for n, v in s["facts"].items() if isinstance(v, int | float)])
        for s in run["funnel"]
        if s["stage"] not in ("label", "rewrite", "validate")
    ]
    return [(stage, counted) for stage, counted in found if counted]


def settings(config: Config) -> str:
    """The configuration as YAML, without what may be secret in a URL."""
    import yaml

    from srllm_data.errors import shown

    def safe(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: safe(v) for name, v in value.items()}
        if isinstance(value, list):
            return [safe(v) for v in value]
        return shown(value) if isinstance(value, str) and _ADDRESS.match(value) else value

    return yaml.safe_dump(
        safe(config.model_dump(by_alias=True)), sort_keys=False, allow_unicode=True
    )


def libraries(run: dict[str, Any]) -> list[tuple[str, str]]:
    """Every library that shaped the output of a stage, with its version."""
    versions = {"srllm": __version__}
    for stage in run["funnel"]:
        versions |= stage["components"]["libraries"]
    return sorted(versions.items())
