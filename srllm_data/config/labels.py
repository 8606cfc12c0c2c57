"""The section of the label stage."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from srllm_data.config.endpoints import RaterConfig
from srllm_data.config.section import Section

#: What each labeller scores.
_SCORED = {
    "lexicon": ("bias", "toxicity", "harm"),
    "vader": ("sentiment",),
    "ngrams": ("bias", "toxicity", "harm"),
    "encoder": ("bias", "toxicity", "sentiment", "harm"),
    "chat": ("bias", "toxicity", "sentiment", "harm"),
    "moderation": ("toxicity", "harm"),
    "perspective": ("toxicity", "harm"),
}


class ClassifierConfig(Section):
    """A transformers sequence classifier that scores one axis."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="short name of the labeller")
    model: str = Field(min_length=1, description="hub id or folder")
    revision: str | None = Field(None, description="git revision at the hub")
    axis: Literal["bias", "toxicity", "sentiment", "harm"] = Field(description="what it scores")
    values: dict[str, float] = Field(
        min_length=1, description="its labels and the score of each, 0 to 1 (sentiment: -1 to 1)"
    )
    weight: float = Field(1.0, gt=0, description="of its score beside those of other labellers")
    calibration: list[float] = Field(
        [1.0, 0.0],
        min_length=2,
        max_length=2,
        description="scale and shift of its log-odds (Platt scaling)",
    )
    window: int = Field(512, ge=16, description="tokens read at once; longer texts in several")


class LabelConfig(Section):
    """Who labels, how their scores become one, and when a score becomes a label."""

    embedded: list[Literal["lexicon", "vader", "ngrams", "encoder"]] = Field(
        ["lexicon", "vader", "ngrams", "encoder"], description="labellers that come with srllm"
    )
    weights: dict[str, dict[str, Annotated[float, Field(ge=0)]]] = Field(
        {
            "bias": {"lexicon": 2.0, "ngrams": 1.0, "encoder": 2.0},
            "toxicity": {"lexicon": 1.0, "ngrams": 1.0, "encoder": 2.0},
            "sentiment": {"vader": 1.0, "encoder": 2.0},
            "harm": {"lexicon": 0.0, "ngrams": 1.0, "encoder": 1.0},
        },
        description="weight of each embedded labeller's score, by what it scores; 1 if unset",
    )
    classifiers: str | None = Field(
        None, description="folder of 'srllm train labellers'; srllm's own classifiers if unset"
    )
    transformers: list[ClassifierConfig] = Field([], description="sequence classifiers that label")
    raters: list[RaterConfig] = Field([], description="labellers at endpoints")
    combine: Literal["weighted", "dawid_skene"] = Field(
        "weighted", description="mean by weight, or votes by how reliable each labeller turns out"
    )
    bias_threshold: float = Field(0.35, ge=0, le=1, description="bias is Yes from this score on")
    toxicity_mild: float = Field(0.4, ge=0, le=1, description="toxicity is Mild from here on")
    toxicity_high: float = Field(0.6, ge=0, le=1, description="toxicity is High from here on")
    harm_medium: float = Field(0.15, ge=0, le=1, description="harm is Medium from this score on")
    harm_high: float = Field(0.3, ge=0, le=1, description="harm is High from here on")
    sentiment_neutral: float = Field(
        0.15, ge=0, le=1, description="sentiment is Neutral where it is nearer to 0 than this"
    )
    max_spam: float = Field(0.7, ge=0, le=1, description="a likelier advertisement is dropped")
    max_unintelligible: float = Field(
        0.7, ge=0, le=1, description="what is likelier no language at all is dropped"
    )
    ask_from: float = Field(
        0.0, ge=0, le=1, description="raters are asked about rows of this priority or more"
    )
    most_rows: int | None = Field(
        None, ge=1, description="most rows to be rewritten, the worthiest first; all if unset"
    )
    target_mix: dict[str, float] = Field(
        {}, description="wanted share of target groups among those rows; even if unset"
    )

    @model_validator(mode="after")
    def _sound(self) -> "LabelConfig":
        names: list[str] = [*self.embedded, *(c.name for c in self.transformers)]
        names += [r.name for r in self.raters]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two labellers are named '{name}'; give each its own name")
        scored = {axis for name in self.embedded for axis in _SCORED[name]}
        scored |= {c.axis for c in self.transformers}
        scored |= {axis for r in self.raters for axis in _SCORED[r.kind]}
        for axis in ("bias", "toxicity", "sentiment", "harm"):
            if axis not in scored:
                raise ValueError(
                    f"nobody scores {axis}; add a labeller that does to label.embedded (lexicon "
                    f"for bias, toxicity and harm, vader for sentiment, encoder for all)"
                )
        from srllm_data.schema import TARGET_GROUPS

        for group in self.target_mix:
            if group not in TARGET_GROUPS:
                raise ValueError(
                    f"label.target_mix names '{group}', which is no target group; choose from "
                    f"{', '.join(TARGET_GROUPS)}"
                )
        return self
