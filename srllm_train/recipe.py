"""Recipes: everything that decides how a model is trained, in one YAML file with a schema."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from srllm_data.config.section import Section
from srllm_data.errors import ConfigError

FOLDER = Path(__file__).parent / "recipes"

#: Name of the base model that installs from PyPI.
EMBEDDED = "smollm2"


class Dpo(Section):
    """What differs where a model learns from preference pairs (Rafailov et al. 2023)."""

    beta: float = Field(0.1, gt=0, description="how far the model may leave its start")
    learning_rate: float = Field(1e-5, gt=0)
    epochs: float = Field(1.0, gt=0)
    batch: int = Field(4, ge=1, description="pairs a device and step")


class Limits(Section):
    """What an adapter's rewrites of the dev rows may show before it is marked unfit."""

    max_empty: float = Field(0.01, ge=0, le=1, description="share of answers without a text")
    max_repeated: float = Field(0.02, ge=0, le=1, description="share that loops, beyond its text")
    max_foreign: float = Field(0.02, ge=0, le=1, description="share in another language")


class Recipe(Section):
    """How a model is trained; ``srllm train --recipe`` names one."""

    base: str = Field(description="smollm2 (installs from PyPI), a folder, or a hub id")
    revision: str | None = Field(None, description="commit of the hub id")
    system: str = Field(description="the system turn before every text")
    marks: bool = Field(False, description="show the biased words of the text after it")
    max_controls: float = Field(
        1.0, ge=0, le=1, description="share of rows to learn from that come back unchanged"
    )

    method: Literal["lora", "prefix", "full"] = "lora"
    rank: int = Field(16, ge=1, description="of LoRA")
    alpha: int = Field(32, ge=1, description="of LoRA: updates are scaled by alpha / rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="of LoRA")
    targets: str | list[str] | None = Field(
        "all-linear", description="modules with LoRA; peft's choice for the model if null"
    )
    virtual_tokens: int = Field(20, ge=1, description="of prefix tuning")
    quantize: Literal["nf4"] | None = Field(None, description="4-bit base weights, for QLoRA")
    double_quant: bool = Field(True, description="quantize the quantization constants, too")

    epochs: float = Field(1.0, gt=0)
    max_steps: int | None = Field(None, ge=1, description="stop there, whatever epochs says")
    learning_rate: float = Field(2e-4, gt=0)
    scheduler: Literal["constant", "constant_with_warmup", "linear", "cosine"] = "cosine"
    warmup: float = Field(0.03, ge=0, lt=1, description="share of the steps")
    optimizer: str = Field("adamw_torch", description="name of a transformers optimizer")
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    batch: int = Field(8, ge=1, description="rows, or packed sequences, a device and step")
    accumulation: int = Field(1, ge=1, description="steps whose gradients are added up")
    max_length: int = Field(
        512, ge=16, description="tokens of a row, or of a packed sequence; longer rows are left out"
    )
    packing: bool = Field(False, description="fill sequences with several rows, kept apart")
    precision: Literal["fp32", "bf16", "fp16"] = "bf16"
    attention: Literal["sdpa", "eager", "flash_attention_2", "varlen"] = "sdpa"
    gradient_checkpointing: bool = Field(False, description="less memory, a third more time")
    compile: bool = Field(False, description="let torch compile the model")
    dpo: Dpo = Dpo()

    evaluations: int = Field(
        0, ge=0, description="times that dev rows are rewritten on the way; the best state is kept"
    )
    patience: int = Field(3, ge=1, description="evaluations without a gain before training stops")
    dev_rows: int = Field(64, ge=1, description="dev rows that are rewritten")
    limits: Limits = Limits()

    seed: int = Field(1, ge=0)
    deterministic: bool = Field(True, description="refuse kernels that differ from run to run")
    track: Literal["tensorboard", "mlflow", "wandb", "none"] = "tensorboard"
    country: str | None = Field(
        None, pattern=r"^[A-Z]{3}$", description="where the energy comes from, for CO2; ISO code"
    )

    @field_validator("system")
    @classmethod
    def _one_section(cls, system: str) -> str:
        # It is a section of the prompt file that the adapter is asked with.
        system = system.strip()
        if not system or any(line.startswith("# ") for line in system.splitlines()):
            raise ValueError("write some text, without a line that begins with '# '")
        return system

    @model_validator(mode="after")
    def _fits(self) -> "Recipe":
        if self.quantize and self.method == "full":
            raise ValueError("quantize needs method lora or prefix: 4-bit weights do not train")
        if self.attention == "varlen" and not self.packing:
            raise ValueError("attention varlen needs packing: true")
        if self.method == "prefix" and (self.packing or self.gradient_checkpointing):
            # A prefix stands before each row, and recomputing a layer would see it twice.
            raise ValueError("method prefix needs packing and gradient_checkpointing: false")
        return self


def names() -> list[str]:
    """Recipes that come with srllm."""
    return sorted(p.stem for p in FOLDER.glob("*.yaml"))


def load_recipe(name: str, changes: list[str] | tuple[str, ...] = ()) -> Recipe:
    """The recipe of that name, or in that file, after ``key=value`` changes (``dpo.beta=0.2``).

    Raises ConfigError, which names the file and the setting.
    """
    path = FOLDER / f"{name}.yaml"
    if name not in names():
        path = Path(name)
        if path.suffix not in (".yaml", ".yml") or not path.is_file():
            raise ConfigError(
                f"There is no recipe '{name}'; name one of {', '.join(names())}, or a YAML file."
            )
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        said = " ".join(str(error).split())[:200]
        raise ConfigError(f"{path} cannot be read ({said}); mend it.") from None
    if not isinstance(found, dict):
        raise ConfigError(f"{path} holds no settings; write them as 'name: value'.")
    for change in changes:
        _change(found, change)
    try:
        return Recipe.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        # What is wrong may be in the file or in a change to it.
        set_ = next((c for c in reversed(changes) if where and c.partition("=")[0] == where), None)
        place = f"--set {set_}" if set_ else f"{path}{': ' if where else ''}{where}"
        raise ConfigError(f"{place}: {said}; correct it.") from None


def _change(settings: dict[str, Any], change: str) -> None:
    key, equals, value = change.partition("=")
    *parents, last = key.split(".")
    if not equals or not last:
        raise ConfigError(f"--set {change} is no change; write it as name=value.")
    place = settings
    for parent in parents:
        inner = place.get(parent)
        if not isinstance(inner, dict | None):
            raise ConfigError(f"--set {change}: {parent} has no settings in it; name another.")
        place[parent] = inner or {}
        place = place[parent]
    place[last] = _value(value)


def _value(text: str) -> Any:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    if isinstance(value, dict) and not text.startswith("{"):
        # A text with a colon in it, such as a system turn.
        return text
    if isinstance(value, str) and text[:1] not in "'\"":
        try:
            # YAML takes 1e-4 for a text.
            return float(value)
        except ValueError:
            # YAML leaves out what follows a #.
            return text
    return value
