"""Sections of the stages that need neither labeller nor model, but for the judge of rewrites."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from srllm_data.config.endpoints import JudgeConfig
from srllm_data.config.section import Section


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


class ValidateConfig(Section):
    """Thresholds of the row gates; changing one recomputes verdicts, never rewrites."""

    max_bias: float = Field(0.4, ge=0, le=1, description="bias score of an accepted rewrite")
    max_toxicity: float = Field(0.3, ge=0, le=1, description="toxicity score likewise")
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
    accept_deletions: bool = Field(
        False, description="accept a rewrite that only takes words out, without a curator"
    )
    similarity: str | None = Field(
        "minilm",
        description="sentence-transformers model that compares text and rewrite: minilm, hub id "
        "or folder",
    )
    min_similarity: float = Field(0.5, ge=-1, le=1, description="cosine of their embeddings")
    fluency: str | None = Field(
        "smollm2",
        description="causal language model that reads both: smollm2, hub id or folder",
    )
    max_perplexity_ratio: float = Field(
        1.6, gt=0, description="perplexity of the rewrite over that of the text"
    )
    entailment: str | None = Field(
        None, description="NLI classifier that reads both, by hub id or folder"
    )
    min_entailment: float = Field(
        0.5, ge=0, le=1, description="probability that the text entails the rewrite"
    )
    max_contradiction: float = Field(
        0.5, ge=0, le=1, description="probability that they contradict each other"
    )
    judge: JudgeConfig | None = Field(None, description="a chat model that compares; none if unset")
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
