"""Sections of whoever asks an endpoint: rewriting, raters and the judge."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from srllm_data.config.section import Section
from srllm_data.errors import shown

#: What an endpoint speaks.
Protocol = Literal["chat", "moderation", "perspective"]


class PriceConfig(Section):
    """What a model costs, in US dollars for a million tokens."""

    input: float = Field(ge=0, description="a million tokens sent")
    output: float = Field(ge=0, description="a million tokens received")
    batch: float = Field(0.5, ge=0, le=1, description="share of both that the batch API charges")


class EndpointConfig(Section):
    """What requests to one model at one endpoint need."""

    #: How sentences to the user name the settings, and what to do without an endpoint.
    section: ClassVar[str] = "rewrite"
    otherwise: ClassVar[str] = "unset rewrite.model to rewrite on this machine"

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


class JudgeConfig(EndpointConfig):
    """A chat model that compares every rewrite with its text."""

    section: ClassVar[str] = "validate.judge"
    otherwise: ClassVar[str] = "set validate.judge to null"

    model: str = Field(min_length=1, description="model name at the endpoint")
    max_bias: float = Field(
        0.25, ge=0, le=1, description="bias of an accepted rewrite, as the judge sees it"
    )
    min_meaning: float = Field(
        0.75, ge=0, le=1, description="how far an accepted rewrite states what the text states"
    )

    @property
    def where(self) -> str:
        """The endpoint in sentences to the user, without secrets."""
        return f"{shown(self.base_url)} ({self.section})"


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
    """Who rewrites: an OpenAI-compatible endpoint if ``model`` is set, else this machine."""

    model: str | None = Field(
        None, description="model name at the endpoint; unset: the adapter and the editor rewrite"
    )
    adapter: str | None = Field(
        "embedded",
        description="where model is unset: srllm's own adapter (embedded), the one that was last "
        "promoted (current), a folder that 'srllm train' wrote, or null for the editor alone",
    )
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
        if self.model is None:
            return self.adapter is not None
        return bool(self.samples > 1 or self.others or self.editor_too or self.refine_rounds)

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
