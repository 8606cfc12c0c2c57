"""The suites: which there are, where they lie, and what they say.

``meta`` of an expectation is ours: ``says`` is the plain sentence of what holds, ``hold`` makes the
rows that fail wait for a curator, and of fewer than ``from_rows`` rows nothing is asked.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srllm_data.config import Config
from srllm_data.errors import ConfigError

#: Which stage's output each suite looks at.
BOUNDARIES = {
    "gathered": "gather",
    "deduplicated": "deduplicate",
    "redacted": "redact",
    "labelled": "label",
    "rewritten": "rewrite",
    "released": "release",
}
SEVERITIES = ("critical", "warning", "info")

#: The suite whose failing rows may be held: all columns but the gates' are there, none is released.
HOLDS = "rewritten"

#: Where an expectation names columns.
_COLUMNS = ("column", "column_A", "column_B")


@dataclass(frozen=True)
class Suite:
    """One suite: its file, what it is for, and its expectations as the file has them."""

    boundary: str
    path: Path
    purpose: str
    expectations: list[dict[str, Any]]

    @property
    def holding(self) -> list[dict[str, Any]]:
        """The expectations whose failing rows are held."""
        return [e for e in self.expectations if e["meta"].get("hold")]


def suite_path(boundary: str, config: Config) -> Path:
    """The file of a suite: configured, or the project's own; ConfigError where it is missing."""
    folder = Path(__file__).parent.parent / "expectations"
    if config.validate_.expectations:
        folder = Path(config.validate_.expectations)
    elif not folder.is_dir():
        folder = folder.parent.parent / "expectations"
    path = folder / f"{boundary}.json"
    if not path.is_file():
        raise ConfigError(f"The expectation suite {path} is missing; restore it.")
    return path


def read_suite(boundary: str, config: Config) -> Suite:
    """Read a suite; ConfigError where it is unknown, missing or malformed."""
    if boundary not in BOUNDARIES:
        raise ConfigError(
            f"There is no expectation suite '{boundary}'; the suites are {', '.join(BOUNDARIES)}."
        )
    path = suite_path(boundary, config)
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        expectations = [_checked(e) for e in given["expectations"]]
    except (ValueError, KeyError, TypeError) as error:
        raise malformed(path, error) from None
    if boundary != HOLDS and any(e["meta"].get("hold") for e in expectations):
        raise ConfigError(
            f"The expectation suite {path} holds rows, which only {HOLDS}.json can; move that "
            "expectation there or take its 'hold' away."
        )
    return Suite(boundary, path, (given.get("meta") or {}).get("purpose", ""), expectations)


def malformed(path: Path, error: Exception) -> ConfigError:
    """The sentence about a suite that cannot be understood."""
    return ConfigError(
        f"The expectation suite {path} is malformed ({str(error).splitlines()[0]}); mend it, or "
        "unset validate.expectations to use the project's own."
    )


def columns(expectation: dict[str, Any]) -> set[str]:
    """The columns that an expectation looks at."""
    kwargs = expectation["kwargs"]
    return {kwargs[n] for n in _COLUMNS if n in kwargs} | set(kwargs.get("column_list", ()))


def parameters(expectation: dict[str, Any]) -> set[str]:
    """What an expectation needs to know beside the rows (``{"$PARAMETER": name}``)."""
    values = expectation["kwargs"].values()
    return {v["$PARAMETER"] for v in values if isinstance(v, dict) and "$PARAMETER" in v}


def _checked(expectation: dict[str, Any]) -> dict[str, Any]:
    unknown = expectation.keys() - {"type", "kwargs", "severity", "meta"}
    if unknown:
        raise ValueError(f"an expectation has the unknown key '{min(unknown)}'")
    severity = expectation.get("severity", "critical")
    if severity not in SEVERITIES:
        raise ValueError(f"the severity '{severity}' is none of {', '.join(SEVERITIES)}")
    meta = dict(expectation.get("meta") or {})
    meta.setdefault("says", expectation["type"].replace("_", " "))
    if meta.get("hold") and severity == "critical":
        raise ValueError(f"'{meta['says']}' is critical, so it cannot hold rows; make it a warning")
    return {
        "type": expectation["type"],
        "kwargs": dict(expectation["kwargs"]),
        "severity": severity,
        "meta": meta,
    }
