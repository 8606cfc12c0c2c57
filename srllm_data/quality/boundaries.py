"""Checking a stage boundary: the result is stored by all that it depends on."""

import json
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data.config import Config
from srllm_data.quality.given import OF_RELEASE, Given, given, of_release, release_before
from srllm_data.quality.run import MAX_SHOWN, run
from srllm_data.quality.suites import BOUNDARIES, parameters, read_suite, suite_path
from srllm_data.workspace import Workspace, digest, file_digest, write_atomically

if TYPE_CHECKING:
    import pyarrow as pa

#: What is looked at beside this package, by file or folder of ``srllm_data``.
_BESIDE = ("drift.py", "deduplicate", "personal_data", "lexicon")


def check_boundary(boundary: str, key: str, config: Config, workspace: Workspace) -> dict[str, Any]:
    """Check the rows that a stage handed on under ``key``; the result (of ``run``) is stored.

    ConfigError where the suite is missing or malformed.
    """
    before = release_before(boundary, key, workspace)
    path = _result_path(boundary, key, config, workspace, before)
    if path.is_file():
        stored: dict[str, Any] = json.loads(path.read_bytes())
        return stored
    result = try_boundary(boundary, key, config, workspace)
    write_atomically(path, json.dumps(result, indent=1).encode())
    return result


def try_boundary(boundary: str, key: str, config: Config, workspace: Workspace) -> dict[str, Any]:
    """The same, without looking for a stored result and without storing one."""
    suite = read_suite(boundary, config)
    known = given(boundary, key, workspace, release_before(boundary, key, workspace))
    return run(suite, workspace.kept(BOUNDARIES[boundary], key), config, known)


def try_rows(
    boundary: str, rows: "pa.Table", config: Config, before: Path | None
) -> dict[str, Any]:
    """Check any rows against the suite of ``boundary``; nothing is stored.

    before: the release to compare with. What only a build knows is not checked.
    """
    return run(read_suite(boundary, config), rows, config, Given(of_release(before)))


def results(keys: dict[str, str], config: Config, workspace: Workspace) -> list[dict[str, Any]]:
    """The stored results of the boundaries whose stage is in ``keys``, without the raw ones.

    Of the failing rows of an expectation, the first ``MAX_SHOWN`` are named.
    """
    found = []
    for boundary, stage in BOUNDARIES.items():
        if stage in keys:
            before = release_before(boundary, keys[stage], workspace)
            path = _result_path(boundary, keys[stage], config, workspace, before)
            if path.is_file():
                result = json.loads(path.read_bytes())
                del result["gx"]
                for expectation in result["expectations"]:
                    expectation["row_ids"] = expectation["row_ids"][:MAX_SHOWN]
                found.append(result)
    return found


def critical(result: dict[str, Any]) -> list[str]:
    """Sentences of the critical expectations that failed."""
    return [
        e["sentence"]
        for e in result["expectations"]
        if not e["success"] and e["severity"] == "critical"
    ]


def _result_path(
    boundary: str, key: str, config: Config, workspace: Workspace, before: Path | None
) -> Path:
    # The settings that derived columns depend on are those of stages before, and so in the key.
    suite = suite_path(boundary, config)
    made_of = [key, file_digest(suite), code_digest(), version("great_expectations")]
    needed = set().union(*map(parameters, read_suite(boundary, config).expectations))
    if not needed.isdisjoint(OF_RELEASE):
        made_of.append(before.name if before else "")
    return workspace.root / "checks" / boundary / f"{digest(made_of)[:20]}.json"


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of the code that decides what a check finds."""
    here = Path(__file__).parent
    files = set(here.rglob("*.py"))
    for name in _BESIDE:
        path = here.parent / name
        files |= {f for f in path.rglob("*") if f.is_file()} if path.is_dir() else {path}
    return digest([file_digest(f) for f in sorted(files) if f.suffix != ".pyc"])
