"""What a labeller says of one text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

#: What is labelled: scores from 0 to 1, sentiment from -1 to 1.
Axis = Literal["bias", "toxicity", "sentiment", "harm"]
AXES: tuple[Axis, ...] = get_args(Axis)

#: How asking a labeller ended; only ``answered`` has scores.
OpinionOutcome = Literal[
    "answered",
    "empty",  # the text holds no words
    "timed_out",
    "unreachable",
    "refused",
    "invalid_value",  # an answer outside the value set
    "over_budget",
    "not_asked",  # not among the rows that are worth asking for
]


@dataclass(frozen=True)
class Opinion:
    """Calibrated scores by axis, of one labeller on one text.

    groups: target groups that it names. detail: what happened where there was no answer.
    """

    outcome: OpinionOutcome
    scores: Mapping[Axis, float] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    detail: str = ""


EMPTY = Opinion("empty")


class Labeller(Protocol):
    """Who gives opinions; ``version`` changes whenever its scores may."""

    name: str
    version: str

    def opinions(self, texts: list[str]) -> list[Opinion]:
        """One opinion on each text, in order; none of them depends on the other texts."""
        ...
