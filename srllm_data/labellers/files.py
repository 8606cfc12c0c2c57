"""Files of trained classifiers: found, checked against their digests, opened."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from srllm_data.errors import ConfigError
from srllm_data.workspace import file_digest

#: The classifiers that come with srllm.
OWN = Path(__file__).parent / "classifiers"
MANIFEST = "manifest.json"


def checked(folder: Path, name: str) -> tuple[Path, dict[str, Any]]:
    """The file ``name`` of ``folder``, and what the manifest says of it.

    Raises ConfigError where either is missing or the file is not what was trained.
    """
    path = folder / name
    again = (
        "install srllm again"
        if folder == OWN
        else "run 'srllm train labellers' again, or correct label.classifiers"
    )
    try:
        said: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())["files"][name]
        found = file_digest(path)
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"The classifier {path} or its manifest is missing; {again}.") from None
    if found != said["sha256"]:
        raise ConfigError(
            f"The classifier {path} has been altered since it was trained (its digest is not that "
            f"of {MANIFEST}); {again}."
        )
    return path, said


@lru_cache(maxsize=4)
def digests(folder: Path) -> dict[str, str]:
    """Digests of all files that the manifest of ``folder`` names; "missing" for one that is not."""
    try:
        names = sorted(json.loads((folder / MANIFEST).read_bytes())["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {MANIFEST: "missing"}
    return {n: file_digest(folder / n) if (folder / n).is_file() else "missing" for n in names}
