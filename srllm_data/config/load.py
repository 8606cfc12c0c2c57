"""The whole configuration, and how it is read, overridden and checked."""

import difflib
import json
import os
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from srllm_data.config.endpoints import RewriteConfig
from srllm_data.config.labels import LabelConfig
from srllm_data.config.rows import (
    CleanConfig,
    DeduplicateConfig,
    EngineConfig,
    GatherConfig,
    RedactConfig,
    ReleaseConfig,
    ReviewConfig,
    SourceConfig,
    ValidateConfig,
)
from srllm_data.config.section import Section
from srllm_data.config.train import TrainConfig
from srllm_data.errors import ConfigError

ENV_PREFIX = "SRLLM_"


class Config(Section):
    """The whole configuration of a build."""

    workspace: str = Field("workspace", description="folder for stages, ledgers and releases")
    gather: GatherConfig
    clean: CleanConfig = CleanConfig()
    deduplicate: DeduplicateConfig = DeduplicateConfig()
    redact: RedactConfig = RedactConfig()
    label: LabelConfig = LabelConfig()
    rewrite: RewriteConfig = RewriteConfig()
    validate_: ValidateConfig = Field(ValidateConfig(), alias="validate")
    review: ReviewConfig = ReviewConfig()
    release: ReleaseConfig = ReleaseConfig()
    train: TrainConfig = TrainConfig()
    engine: EngineConfig = EngineConfig()

    def section(self, stage: str) -> Section:
        """The section of ``stage``."""
        section: Section = getattr(self, "validate_" if stage == "validate" else stage)
        return section


def without_sources() -> Config:
    """The defaults and what the environment overrides, for texts that come from no source."""
    source = {"name": "one-off", "path": "-", "licence": "unknown"}
    return _load({"gather": {"sources": [source]}}, "The environment", Path.cwd())


def load_config(
    path: str | Path = "srllm.yaml",
    workspace: str | Path | None = None,
    sources: list[str] | None = None,
) -> Config:
    """Read, override from the environment and validate ``path``.

    workspace: replaces the configured one (relative to the current folder).
    sources: names of the sources to keep; all if None.
    Every path in the result is absolute. Raises ConfigError with one sentence for each problem.
    """
    path = Path(path)
    return _load(_read_yaml(path), str(path), path.resolve().parent, workspace, sources)


def _load(
    data: dict[str, Any],
    path: str,
    here: Path,
    workspace: str | Path | None = None,
    sources: list[str] | None = None,
) -> Config:
    for name, value in _from_environment(os.environ):
        _override(data, name, value)
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(_sentence(e) for e in error.errors())
        raise ConfigError(f"{path}: {problems}.") from None
    names = [s.name for s in config.gather.sources]
    for name in sources or ():
        if name not in names:
            raise ConfigError(f"{path} has no source '{name}'{_nearest(name, names)}.")
    workspace = str(Path(workspace).resolve()) if workspace else _absolute(here, config.workspace)
    return config.model_copy(
        update={
            "workspace": workspace,
            "gather": config.gather.model_copy(
                update={
                    "sources": [
                        _absolute_source(here, s)
                        for s in config.gather.sources
                        if not sources or s.name in sources
                    ],
                }
            ),
            "label": config.label.model_copy(
                update={
                    "classifiers": config.label.classifiers
                    and _absolute(here, config.label.classifiers),
                    "transformers": [
                        c.model_copy(update={"model": _folder_or_id(here, c.model)})
                        for c in config.label.transformers
                    ],
                }
            ),
            "rewrite": config.rewrite.model_copy(
                update={
                    "pairs": [
                        p if p == "own" else _absolute(here, p) for p in config.rewrite.pairs
                    ],
                    "adapter": _adapter(here, config.rewrite.adapter, Path(workspace)),
                    "prompt": _absolute(here, config.rewrite.prompt)
                    if config.rewrite.prompt.endswith(".md")
                    else config.rewrite.prompt,
                }
            ),
            "validate_": config.validate_.model_copy(
                update={
                    "expectations": config.validate_.expectations
                    and _absolute(here, config.validate_.expectations)
                }
            ),
            "train": config.train.model_copy(
                update={"recipe": _file_or_name(here, config.train.recipe)}
            ),
        }
    )


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"There is no configuration file {path}; make one with 'srllm init'."
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8; save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"{path} is not valid YAML{where}; correct it there.") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path} holds no settings; make a new one with 'srllm init'.")
    return data


def _from_environment(environment: "os._Environ[str]") -> list[tuple[str, str]]:
    return sorted(
        (k, v)
        for k, v in environment.items()
        if k.startswith(ENV_PREFIX) and ("__" in k or k == "SRLLM_WORKSPACE")
    )


def _override(data: dict[str, Any], name: str, value: str) -> None:
    keys = name.removeprefix(ENV_PREFIX).lower().split("__")
    if keys[0] not in _known_keys(()):
        raise ConfigError(
            f"The environment variable {name} names no setting{_nearest(keys[0], _known_keys(()))}."
        )
    section = data
    for key in keys[:-1]:
        # An unset section is there as null in the file of 'srllm init'.
        section[key] = {} if section.get(key) is None else section[key]
        section = section[key]
        if not isinstance(section, dict):
            raise ConfigError(
                f"The environment variable {name} reaches into a value, not a section."
            )
    try:
        section[keys[-1]] = yaml.safe_load(value)
    except yaml.YAMLError:
        section[keys[-1]] = value


def _sentence(error: Any) -> str:
    where = _dotted(error["loc"])
    kind = error["type"]
    if kind == "extra_forbidden":
        key = str(error["loc"][-1])
        if any(word in key.lower() for word in ("key", "secret", "token", "password")):
            named = "api_key_env" in _known_keys(error["loc"][:-1])
            section = _dotted(error["loc"][:-1]) if named else "rewrite"
            return (
                f"'{where}' is no setting, and secrets are read from the environment only "
                f"(see {section}.api_key_env)"
            )
        return f"unknown setting '{where}'{_nearest(key, _known_keys(error['loc'][:-1]))}"
    if kind == "missing":
        return f"'{where}' is missing; add it"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    got = type(error["input"]).__name__
    return f"'{where}' is wrong ({error['msg'].lower()}; got {error['input']!r}, a {got})"


def _dotted(location: tuple[Any, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _known_keys(location: tuple[Any, ...]) -> list[str]:
    model: Any = Config
    for part in location:
        if isinstance(part, int):
            continue
        fields = {f.alias or n: f for n, f in model.model_fields.items()}
        annotation = fields[part].annotation if part in fields else None
        arguments = getattr(annotation, "__args__", None)
        model = arguments[0] if arguments else annotation
        if not (isinstance(model, type) and issubclass(model, Section)):
            return []
    return [f.alias or n for n, f in model.model_fields.items()]


def _nearest(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f" (known: {', '.join(known)})"


def _absolute(here: Path, path: str) -> str:
    if "://" in path or path.startswith("~"):
        return path if "://" in path else str(Path(path).expanduser())
    return os.path.normpath(here / path)


def _absolute_source(here: Path, source: SourceConfig) -> SourceConfig:
    update: dict[str, Any] = {}
    if source.path:
        update["path"] = _absolute(here, source.path)
    if source.dataset:
        update["dataset"] = _folder_or_id(here, source.dataset)
    return source.model_copy(update=update)


def _folder_or_id(here: Path, name: str) -> str:
    """The folder ``name`` if there is one, else the hub's id of that name."""
    return _absolute(here, name) if (here / name).exists() else name


def _adapter(here: Path, adapter: str | None, workspace: Path) -> str | None:
    """The adapter's folder, or the name of the one that comes with srllm.

    That of ``current`` is what ``train-and-evaluate`` promoted in the workspace.
    """
    if adapter == "current":
        try:
            promoted = json.loads((workspace / "adapters" / "current.json").read_bytes())
            return str(workspace / "adapters" / promoted["adapter"])
        except FileNotFoundError:
            return "embedded"
        except (OSError, ValueError, KeyError, TypeError):
            raise ConfigError(
                f"{workspace / 'adapters' / 'current.json'} is damaged; restore it, or name an "
                f"adapter in rewrite.adapter."
            ) from None
    return adapter if adapter in (None, "embedded") else _absolute(here, str(adapter))


def _file_or_name(here: Path, recipe: str | None) -> str | None:
    """The recipe's file, or its name where it comes with srllm."""
    return _absolute(here, recipe) if recipe and recipe.endswith((".yaml", ".yml")) else recipe
