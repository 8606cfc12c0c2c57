"""The section of training on new releases."""

from pydantic import Field, model_validator

from srllm_data.config.section import Section


class TrainConfig(Section):
    """What is trained on each new release, and when it replaces the adapter in use.

    It decides nothing about a release, so it is part of no stage's key.
    """

    recipe: str | None = Field(
        None, description="a recipe, or a YAML file; unset: builds train nothing"
    )
    set: list[str] = Field([], description="changes to the recipe, such as epochs=2")
    preferences: bool = Field(
        False, description="train on the release's preference pairs as well, where it has any"
    )
    work_pool: str | None = Field(
        None, description="work pool of the deployment that trains, where a Prefect server is used"
    )
    alpha: float = Field(
        0.05, gt=0, lt=1, description="an adapter is promoted below this probability of chance"
    )
    min_rows: int = Field(30, ge=1, description="fewest biased test rows that are compared on")
    max_rows: int = Field(
        250, ge=1, description="most of them; at most as many neutral ones join them"
    )

    @model_validator(mode="after")
    def _rows(self) -> "TrainConfig":
        if self.min_rows > self.max_rows:
            raise ValueError("train.min_rows is over train.max_rows; lower it")
        return self
