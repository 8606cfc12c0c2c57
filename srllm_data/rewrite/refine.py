"""Estimating what is wrong with a rewrite, after TEaR (Feng et al. 2024): typed errors with spans.

The gates' reasons are an estimate that costs nothing; a model's own list can be added to it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srllm_data.provider.answers import Shape

if TYPE_CHECKING:
    from srllm_data.validate import Judgement

TYPES = ("residual_bias", "meaning_loss", "addition", "fluency", "over_edit")
SEVERITIES = ("minor", "major", "critical")

#: What a failed gate says about the rewrite.
_GATES = {
    "residual_bias": "copied hostile_added bias_unchanged toxicity_unchanged bias_left "
    "toxicity_left spans_left blanks judge_bias",
    "meaning_loss": "content_lost content_thin names numbers dates negation quotation attribution "
    "hedging group_erased meaning_turned tone lost_placeholder judge_meaning similarity entailment "
    "contradiction",
    "addition": "preamble advice prompt_echo refusal personal_data invented_placeholder added "
    "sentence_added person_added",
    "fluency": "empty markup language ill_formed torn misfit fluency",
    "over_edit": "length order repeated",
}
#: Gates that say that nobody knows: no fault of the rewrite.
_UNKNOWN = ("judge_inconsistent", "judge_unanswered", "deletion")
_TYPE_OF = {gate: kind for kind, gates in _GATES.items() for gate in gates.split()}


@dataclass(frozen=True)
class Mistake:
    """One error of a rewrite; ``span`` holds the words concerned, where they are known."""

    type: str
    severity: str
    span: str
    note: str

    def __str__(self) -> str:
        words = f' at "{self.span}"' if self.span else ""
        return f"{self.type.replace('_', ' ')} ({self.severity}){words}: {self.note}"


def from_gates(judgement: "Judgement", left: list[str]) -> list[Mistake]:
    """The errors that the gates found; left: biased words of the text that are still there."""
    mistakes = []
    for gate, verdict, reason in judgement.failed:
        kind = type_of(gate)
        if kind is None:
            continue
        severity = "critical" if verdict == "reject" else "major"
        span = ", ".join(left) if kind == "residual_bias" else ""
        mistakes.append(Mistake(kind, severity, span, f"the rewrite {reason}"))
    return mistakes


def type_of(gate: str) -> str | None:
    """The type of error that a failed gate stands for; None for one that tells of no error."""
    return None if gate in _UNKNOWN else _TYPE_OF[gate]


def _mistakes(found: dict[str, Any]) -> list[Mistake]:
    errors = found.get("errors")
    if not isinstance(errors, list):
        raise ValueError("'errors' is missing or no list")
    mistakes = []
    for error in errors:
        if not isinstance(error, dict) or error.get("type") not in TYPES:
            raise ValueError(f"an error has no type; the types are {', '.join(TYPES)}")
        severity = error.get("severity")
        span, note = (str(error.get(n) or "")[:300] for n in ("span", "note"))
        mistakes.append(
            Mistake(error["type"], severity if severity in SEVERITIES else "major", span, note)
        )
    return mistakes


def _biased(found: dict[str, Any]) -> bool:
    if not isinstance(found.get("biased"), bool):
        raise ValueError("'biased' is missing or neither true nor false")
    return bool(found["biased"])


def _schema(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


CHECK = Shape("check", _schema(biased={"type": "boolean"}), _biased)
ESTIMATE = Shape(
    "estimate",
    _schema(
        errors={
            "type": "array",
            "items": _schema(
                type={"type": "string", "enum": list(TYPES)},
                severity={"type": "string", "enum": list(SEVERITIES)},
                span={"type": "string"},
                note={"type": "string"},
            ),
        }
    ),
    _mistakes,
)
