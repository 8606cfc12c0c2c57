"""The typed configuration: one YAML file, overridden by environment variables.

``SRLLM_<SECTION>__<KEY>`` overrides one key (``SRLLM_CLEAN__MIN_WORDS=5``). Secrets are read
from the environment only and are no part of this model. Relative paths are relative to the
folder of the configuration file.
"""

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from srllm_data.errors import ConfigError, shown

ENV_PREFIX = "SRLLM_"

#: What an endpoint speaks.
Protocol = Literal["chat", "moderation", "perspective"]


class Section(BaseModel):
    """Base of every section: unknown keys are refused, values are not coerced silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ColumnsConfig(Section):
    """Which column of the source holds what; only ``text`` is needed."""

    text: str = Field("text", description="column with the text")
    key: str | None = Field(None, description="column with the row's own key; text digest if unset")
    url: str | None = Field(None, description="column with the place of publication")
    collected_at: str | None = Field(None, description="column with a date")
    licence: str | None = Field(None, description="column with a licence that varies by row")


class SourceConfig(Section):
    """One source; exactly one of path, dataset, feed or callable says where it is."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="short name, part of row ids")
    path: str | None = Field(None, description="file, glob or fsspec URL")
    dataset: str | None = Field(None, description="Hugging Face dataset id or local directory")
    feed: str | None = Field(None, description="RSS or Atom URL")
    callable: str | None = Field(None, description="package.module:function that yields mappings")
    format: Literal["csv", "tsv", "jsonl", "json", "parquet"] | None = Field(
        None, description="format of path; by its name if unset"
    )
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="of a CSV file")
    encoding: str = Field("utf-8", description="of a text file")
    subset: str | None = Field(None, description="configuration name of the dataset")
    split: str = Field("train", description="split of the dataset")
    revision: str | None = Field(None, description="git revision of a hub dataset")
    arguments: dict[str, Any] = Field({}, description="keyword arguments of the callable")
    columns: ColumnsConfig = ColumnsConfig()
    licence: str = Field(min_length=1, description="SPDX id or a name, carried with every row")
    consent: str | None = Field(None, description="note on consent or legal basis")
    weight: float = Field(1.0, gt=0, description="sampling weight carried with every row")
    required: bool = Field(False, description="stop the build if this source cannot be read")
    limit: int | None = Field(None, ge=1, description="read at most this many rows")

    @model_validator(mode="after")
    def _one_place(self) -> "SourceConfig":
        places = [k for k in ("path", "dataset", "feed", "callable") if getattr(self, k)]
        if len(places) != 1:
            raise ValueError(
                f"source '{self.name}' needs exactly one of path, dataset, feed or callable"
            )
        return self


class GatherConfig(Section):
    """Where the texts come from."""

    sources: list[SourceConfig] = Field(min_length=1)
    timeout_s: float = Field(20.0, gt=0, description="of one network request of a feed")

    @model_validator(mode="after")
    def _distinct_names(self) -> "GatherConfig":
        names = [s.name for s in self.sources]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two sources are named '{name}'; give each its own name")
        return self


class CleanConfig(Section):
    """What a text must look like to go on."""

    languages: list[str] = Field(["en"], min_length=1, description="ISO 639-1 codes to keep")
    language_confidence: float = Field(
        0.9, ge=0, le=1, description="another language is believed from this probability on"
    )
    min_words: int = Field(3, ge=1, description="shorter texts are dropped")
    max_chars: int = Field(4000, ge=1, description="longer texts are dropped")


class DeduplicateConfig(Section):
    """When two texts count as the same."""

    threshold: float = Field(0.8, gt=0, le=1, description="Jaccard similarity of word shingles")
    shingle_words: int = Field(3, ge=1, description="words in a shingle")
    bands: int = Field(25, ge=1, description="MinHash bands")
    rows_per_band: int = Field(5, ge=1, description="MinHash values in a band")
    seed: int = Field(1, ge=0)


class RedactConfig(Section):
    """Which personal data is replaced by typed placeholders."""

    entities: list[str] = Field(
        [
            "PERSON",
            "EMAIL_ADDRESS",
            "PHONE_NUMBER",
            "CREDIT_CARD",
            "IBAN_CODE",
            "IP_ADDRESS",
            "US_SSN",
            "STREET_ADDRESS",
            "USERNAME",
        ],
        description="entity types to redact, LOCATION and ORGANIZATION if added; NRP is refused",
    )
    min_score: float = Field(0.4, ge=0, le=1, description="weaker findings are ignored")
    keep_public_figures: bool = Field(
        True, description="leave the people of lexicon/public_figures.txt and titled officials"
    )
    keep: list[str] = Field([], description="names and phrases that always stay")
    always: list[str] = Field(
        [], description="phrases that never stay, as PERSON or as written: 'ORGANIZATION: Acme'"
    )

    @model_validator(mode="after")
    def _identity_terms_stay(self) -> "RedactConfig":
        if "NRP" in self.entities:
            raise ValueError(
                "redact.entities must not name NRP: nationality, religion and politics are what "
                "the dataset is about; remove it"
            )
        for phrase in self.always:
            words = phrase.partition(": ")[2] or phrase
            if any(words.casefold() == kept.casefold() for kept in self.keep):
                raise ValueError(
                    f"redact.keep and redact.always both name '{words}'; remove it from one"
                )
            if phrase.startswith("NRP:") or not words.strip():
                raise ValueError(f"redact.always cannot hold '{phrase}'; write TYPE: phrase")
        if not all(phrase.strip() for phrase in self.keep):
            raise ValueError("redact.keep holds an empty phrase; remove it")
        return self


class PriceConfig(Section):
    """What a model costs, in US dollars for a million tokens."""

    input: float = Field(ge=0, description="a million tokens sent")
    output: float = Field(ge=0, description="a million tokens received")
    batch: float = Field(0.5, ge=0, le=1, description="share of both that the batch API charges")


class EndpointConfig(Section):
    """What requests to one model at one endpoint need."""

    #: How sentences to the user name the settings, and what to do without an endpoint.
    section: ClassVar[str] = "rewrite"
    otherwise: ClassVar[str] = "unset rewrite.model to use the embedded editor"

    model: str | None = Field(None, description="model name at the endpoint")
    base_url: str = Field(
        "https://api.openai.com/v1",
        pattern=r"^https?://[^\s/]+",
        description="OpenAI-compatible endpoint",
    )
    api_key_env: str = Field("OPENAI_API_KEY", description="environment variable with the key")
    temperature: float = Field(0.0, ge=0, le=2)
    max_tokens: int = Field(512, ge=1, le=2**31, description="of one answer")
    seed: int = Field(1, ge=0, le=2**53)
    concurrency: int = Field(8, ge=1, description="most requests in flight; fewer where it is busy")
    requests_per_minute: int | None = Field(None, ge=1, description="limit of the account")
    tokens_per_minute: int | None = Field(None, ge=1, description="limit of the account")
    timeout_s: float = Field(60.0, gt=0, description="of one request")
    max_attempts: int = Field(4, ge=1, description="tries for a request that gets no answer")
    max_wait_s: float = Field(
        300.0, ge=0, description="longest wait for a busy endpoint, and of a silent one in all"
    )
    prices: dict[str, PriceConfig] = Field({}, description="by model name, for costs")
    max_cost: float | None = Field(
        None, ge=0, description="US dollars that this workspace may spend; the rest is not sent"
    )

    @property
    def protocol(self) -> Protocol:
        """What the endpoint speaks."""
        return "chat"

    @property
    def where(self) -> str:
        """The endpoint in sentences to the user, without secrets."""
        return shown(self.base_url)

    def each_model(self) -> Sequence["EndpointConfig"]:
        """One configuration for each model, in order."""
        return [self]

    @model_validator(mode="after")
    def _priced(self) -> Self:
        for config in self.each_model() if self.model and self.protocol == "chat" else []:
            if self.max_cost is not None and config.model not in self.prices:
                raise ValueError(
                    f"{self.section}.max_cost needs the price of '{config.model}'; add it to "
                    f"{self.section}.prices with input and output, in US dollars for a million "
                    f"tokens"
                )
        return self


class RaterConfig(EndpointConfig):
    """A labeller at an endpoint."""

    section: ClassVar[str] = "label.raters"
    otherwise: ClassVar[str] = "take the rater out of label.raters"

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="short name, in labels' facts")
    kind: Protocol = Field(description="a chat model, OpenAI's moderation, or the Perspective API")
    weight: float = Field(1.0, gt=0, description="of its scores among those of all labellers")
    calibration: list[Annotated[float, Field(allow_inf_nan=False)]] = Field(
        [1.0, 0.0],
        min_length=2,
        max_length=2,
        description="[a, b]: a score p becomes sigmoid(a * logit(p) + b); not that of sentiment",
    )

    @property
    def protocol(self) -> Protocol:
        """What the endpoint speaks."""
        return self.kind

    @property
    def where(self) -> str:
        """The endpoint in sentences to the user, without secrets."""
        return f"{shown(self.base_url)} (label.raters, {self.name})"

    @model_validator(mode="before")
    @classmethod
    def _of_its_kind(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        usual = _USUAL.get(str(data.get("kind")), {})
        return {**data, **{k: v for k, v in usual.items() if data.get(k) is None}}

    @model_validator(mode="after")
    def _its_model(self) -> "RaterConfig":
        if self.kind == "chat" and not self.model:
            raise ValueError(f"label.raters: '{self.name}' is a chat model; give it a model")
        if self.kind == "perspective" and self.model:
            raise ValueError(
                f"label.raters: '{self.name}' is the Perspective API, which has no models; remove "
                f"its model"
            )
        return self


#: What a rater of each kind has where nothing is set.
_USUAL = {
    "moderation": {"model": "omni-moderation-latest"},
    "perspective": {
        "base_url": "https://commentanalyzer.googleapis.com/v1alpha1",
        "api_key_env": "PERSPECTIVE_API_KEY",
    },
}


class LabelConfig(Section):
    """When a score becomes a label."""

    bias_threshold: float = Field(0.5, ge=0, le=1, description="bias is Yes from this score on")
    toxicity_mild: float = Field(0.3, ge=0, le=1, description="toxicity is Mild from here on")
    toxicity_high: float = Field(0.7, ge=0, le=1, description="toxicity is High from here on")
    harm_medium: float = Field(0.3, ge=0, le=1, description="harm is Medium from this score on")
    harm_high: float = Field(0.7, ge=0, le=1, description="harm is High from here on")
    sentiment_neutral: float = Field(
        0.05, ge=0, le=1, description="sentiment is Neutral where it is nearer to 0 than this"
    )
    raters: list[RaterConfig] = Field([], description="labellers at endpoints")

    @model_validator(mode="after")
    def _distinct_raters(self) -> "LabelConfig":
        names = [r.name for r in self.raters]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two label.raters are named '{name}'; give each its own name")
        return self


class OtherModelConfig(Section):
    """One more model that rewrites every row; the gates choose the best candidate."""

    model: str = Field(description="model name at the endpoint")
    base_url: str | None = Field(
        None, pattern=r"^https?://[^\s/]+", description="its endpoint; rewrite.base_url if unset"
    )
    api_key_env: str | None = Field(
        None, description="environment variable with its key; rewrite.api_key_env if unset"
    )


class RewriteConfig(EndpointConfig):
    """Who rewrites: an OpenAI-compatible endpoint if ``model`` is set, else the embedded editor."""

    model: str | None = Field(None, description="model name at the endpoint; unset: the editor")
    prompt: str = Field(
        "rewrite-v2", description="name of a prompt template, or a file of your own ending in .md"
    )
    examples: int = Field(0, ge=0, description="nearest pairs of the pair bank shown to the model")
    examples_by: Literal["bm25", "embedding", "both", "random"] = Field(
        "bm25", description="how the nearest pairs are found; random is for comparisons"
    )
    pairs: list[str] = Field(
        ["own"],
        description="the pair bank: own (srllm's pairs), release folders (what curators accepted "
        "there), and JSONL files with text and rewrite",
    )
    lexicon_notes: bool = Field(True, description="tell why terms are loaded, and neutral ones")
    mark_spans: bool = Field(True, description="show the text with its biased words marked")
    check_first: bool = Field(False, description="ask first whether anything is to be changed")
    samples: int = Field(1, ge=1, description="candidates of each model; the gates choose")
    others: list[OtherModelConfig] = Field([], description="more models that rewrite every row")
    editor_too: bool = Field(False, description="let the embedded editor add a candidate")
    refine_rounds: int = Field(
        0, ge=0, le=5, description="times to mend a rewrite that the gates do not accept"
    )
    estimate_by: Literal["gates", "model"] = Field(
        "gates", description="who lists what is to be mended: the gates, or the model as well"
    )
    batch: bool = Field(
        False, description="use the endpoint's batch API: cheaper, and done within a day"
    )
    batch_poll_s: float = Field(60.0, gt=0, description="longest pause between looks at a batch")
    max_unanswered: float = Field(
        0.02, ge=0, le=1, description="share of rows without an answer that a release may lack"
    )

    @property
    def judged(self) -> bool:
        """Whether the gates choose among candidates, so that they decide what the rewrite is."""
        several = self.samples > 1 or self.others or self.editor_too or self.refine_rounds
        return self.model is not None and bool(several)

    def each_model(self) -> list["RewriteConfig"]:
        """One configuration for each model, in order."""
        changes = [o.model_dump(exclude_none=True) for o in self.others]
        return [self, *(self.model_copy(update=c) for c in changes)]

    @model_validator(mode="after")
    def _samples_differ(self) -> "RewriteConfig":
        if self.samples > 1 and not self.temperature:
            raise ValueError(
                "rewrite.samples over 1 needs a rewrite.temperature over 0, else all samples are "
                "the same"
            )
        return self


class ValidateConfig(Section):
    """Thresholds of the row gates; changing one recomputes verdicts, never rewrites."""

    max_bias: float = Field(0.3, ge=0, le=1, description="bias score of an accepted rewrite")
    max_toxicity: float = Field(0.25, ge=0, le=1, description="toxicity score likewise")
    min_content_kept: float = Field(
        0.6, ge=0, le=1, description="share of unbiased content words that the rewrite keeps"
    )
    hold_content_kept: float = Field(
        0.4, ge=0, le=1, description="from here to min_content_kept a curator decides"
    )
    min_length_ratio: float = Field(0.5, ge=0, description="words of rewrite over words of text")
    max_length_ratio: float = Field(1.5, gt=0, description="words of rewrite over words of text")
    min_drop: float = Field(
        0.1, ge=0, le=1, description="a score over its limit that drops by less is rejected"
    )
    max_added: float = Field(
        0.4, ge=0, le=1, description="share of the rewrite's content words that are new"
    )
    min_order: float = Field(
        0.6, ge=0, le=1, description="share of neighbouring words that were near each other before"
    )
    max_repeats: int = Field(2, ge=1, description="different texts with one and the same rewrite")
    expectations: str | None = Field(
        None, description="folder with Great Expectations suites; the project's own if unset"
    )


class ReviewConfig(Section):
    """What happens to held rows that no curator has decided."""

    undecided: Literal["hold", "accept", "reject"] = Field(
        "hold", description="hold keeps them out of the release and lists them"
    )


class ReleaseConfig(Section):
    """How the dataset is named and split."""

    name: str = Field("srllm-dataset", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    description: str = Field("Biased or toxic texts beside rewrites that keep their facts.")
    train: float = Field(0.7, gt=0, lt=1, description="share of the train split")
    validation: float = Field(0.1, ge=0, lt=1, description="share of the validation split")
    seed: int = Field(1, ge=0)

    @model_validator(mode="after")
    def _shares(self) -> "ReleaseConfig":
        if self.train + self.validation >= 1:
            raise ValueError(
                "release.train and release.validation must leave room for a test split"
            )
        return self


class EngineConfig(Section):
    """Where row-wise stages run; changes speed, never results."""

    name: Literal["local", "ray"] = "local"
    workers: int = Field(1, ge=1, description="parts computed at the same time")
    part_rows: Annotated[int, Field(ge=1)] = 5000


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
            "rewrite": config.rewrite.model_copy(
                update={
                    "pairs": [
                        p if p == "own" else _absolute(here, p) for p in config.rewrite.pairs
                    ],
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
        section = section.setdefault(key, {})
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
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
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
    if source.dataset and (here / source.dataset).exists():
        update["dataset"] = _absolute(here, source.dataset)
    return source.model_copy(update=update)
