"""An adapter and its base as one plain model: what servers load and GGUF is converted from."""

import json
import warnings
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from srllm_data.errors import SrllmError, StoreError
from srllm_data.workspace import explained, write_atomically
from srllm_train import adapter
from srllm_train.adapter_card import card
from srllm_train.base import load_base
from srllm_train.prompt_file import PROMPT, template
from srllm_train.recipe import Recipe


def merge(folder: Path, out: Path, force: bool = False) -> dict[str, Any]:
    """Merge the adapter in ``folder`` into its base and write the model to ``out``; its record.

    ``out`` becomes a plain folder of transformers: safetensors in 16 bits, configuration, greedy
    generation, the tokenizer with its chat template, and the prompt file. A fully trained model is
    written the same way. force: an unfit one, too.

    Raises SrllmError for a prefix, an unfit or a merged adapter, and where ``out`` is in use.
    """
    # The libraries warn of each other's old names.
    warnings.filterwarnings("ignore", category=FutureWarning)
    record = adapter.read_record(folder)
    recipe = _recipe(record, folder)
    _check(record, recipe, folder, force)
    with explained(out):
        if out.exists() and any(out.iterdir()):
            raise SrllmError(f"{out} holds something already; name another --out.")
        out.mkdir(parents=True, exist_ok=True)
    tokenizer, network = _merged(folder, recipe)
    greedy = network.generation_config
    greedy.do_sample = False
    greedy.temperature = greedy.top_p = greedy.top_k = None
    _save(network, tokenizer, out)
    record["adapter"] = record["weights"]
    record["weights"] = adapter.weights_digest(out)
    if not network.config.is_encoder_decoder:
        write_atomically(out / PROMPT, template(recipe, record["adapter"]).encode())
    write_atomically(out / "README.md", card(record).encode())
    write_atomically(out / adapter.RECORD, (json.dumps(record, indent=2) + "\n").encode())
    return record


def _recipe(record: dict[str, Any], folder: Path) -> Recipe:
    try:
        return Recipe.model_validate(record["recipe"])
    except (KeyError, ValidationError):
        raise StoreError(
            f"The recipe in {folder / adapter.RECORD} is not one of this srllm; merge with the "
            f"version that trained it."
        ) from None


def _check(record: dict[str, Any], recipe: Recipe, folder: Path, force: bool) -> None:
    if "adapter" in record:
        raise SrllmError(f"{folder} is merged already; serve it as it is.")
    if recipe.method == "prefix":
        raise SrllmError(
            f"{folder} holds a prefix, which changes no weights and cannot be merged; train with "
            f"method: lora to merge and serve."
        )
    if adapter.weights_digest(folder) != record["weights"]:
        raise StoreError(
            f"The weights in {folder} are not those that its {adapter.RECORD} names; copy or train "
            f"the adapter again."
        )
    if record["unfit"] and not force:
        raise SrllmError(
            f"{folder} is unfit: {'; '.join(record['unfit'])}; train it again, or merge it all the "
            f"same with --force."
        )


def _merged(folder: Path, recipe: Recipe) -> tuple[Any, Any]:
    """Tokenizer and network in 16 bits; of a base that was trained on in 4 bits, the whole one."""
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer

    # CPUs compute ten times as fast in bf16 as in fp16.
    precision = "fp16" if recipe.precision == "fp16" else "bf16"
    plain = {"quantize": None, "attention": "sdpa", "packing": False, "precision": precision}
    if recipe.method == "full":
        plain |= {"base": str(folder), "revision": None}
    tokenizer, network = load_base(recipe.model_copy(update=plain))
    if recipe.method == "full":
        return tokenizer, network.to(torch.float16 if precision == "fp16" else torch.bfloat16)
    network = adapter.loaded(folder, network, recipe)
    ends = (network.get_input_embeddings(), network.get_output_embeddings())
    if network.config.tie_word_embeddings and any(isinstance(e, BaseTunerLayer) for e in ends):
        raise SrllmError(
            f"{folder} changes one of input and output layer, for which its base has one weight, "
            f"so it cannot be merged; train without that layer in 'targets'."
        )
    return tokenizer, network.merge_and_unload(safe_merge=True)


def _save(network: Any, tokenizer: Any, out: Path) -> None:
    from safetensors import SafetensorError

    with explained(out):
        try:
            network.save_pretrained(out)
            tokenizer.save_pretrained(out)
        except SafetensorError as error:
            raise OSError(str(error)) from None
