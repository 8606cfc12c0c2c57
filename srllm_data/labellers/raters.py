"""Labellers at endpoints: chat models, OpenAI's moderation, the Perspective API.

All of them are asked through the request ledger, as rewriting is: no text is paid for twice, and
each ends in one typed outcome.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from srllm_data.config import RaterConfig
from srllm_data.errors import shown
from srllm_data.labellers.combine import platt
from srllm_data.labellers.opinion import EMPTY, Axis, Opinion, OpinionOutcome
from srllm_data.ledger import TRANSIENT, Answer, Outcome
from srllm_data.provider.answers import Reply, Shape, judge
from srllm_data.provider.protocol import ATTRIBUTES
from srllm_data.provider.provider import Ask
from srllm_data.provider.session import Question, Session
from srllm_data.provider.template import as_json, sections
from srllm_data.schema import BIAS, HARM, SENTIMENT, TARGET_GROUPS, TOXICITY

_PROMPT = Path(__file__).parent / "prompts" / "label-v1.md"

#: What a chat model says of each axis, in the order of its scores.
_VALUES: dict[Axis, tuple[str, ...]] = {
    "bias": BIAS,
    "toxicity": TOXICITY,
    "sentiment": SENTIMENT,
    "harm": HARM,
}
#: Sexual content is no abuse of anyone by the guideline, so it is no part of toxicity.
_MODERATION: dict[Axis, tuple[str, ...]] = {
    "toxicity": ("harassment", "harassment/threatening", "hate", "hate/threatening"),
    # Not violence/graphic: it marks detailed reports, which the guideline calls harmless.
    "harm": ("harassment/threatening", "hate", "hate/threatening", "violence"),
}
_PERSPECTIVE: dict[Axis, tuple[str, ...]] = {
    "toxicity": ("TOXICITY",),
    "harm": ("IDENTITY_ATTACK", "THREAT"),
}

_ENDS: dict[Outcome, tuple[OpinionOutcome, str]] = {
    "refused": ("refused", "the model declined"),
    "content_filtered": ("refused", "the endpoint's content filter stopped it"),
    "truncated": ("invalid_value", "the answer was longer than max_tokens"),
    "malformed": ("invalid_value", "no usable answer"),
    "bad_request": ("refused", "the endpoint refused the request"),
    "rate_limited": ("unreachable", "the endpoint was too busy"),
    "timed_out": ("timed_out", "no answer in time"),
    "unreachable": ("unreachable", "no connection or a server error"),
    "over_budget": ("over_budget", "it could have crossed max_cost"),
}


def rate(
    texts: Sequence[str], raters: Sequence[RaterConfig], ledger_path: Path, offline: bool = False
) -> tuple[list[list[Opinion]], Counter[str]]:
    """What each of ``raters`` says of each text, in order, and what asking them came to.

    Equal texts are asked once, texts without words never. offline: nothing is sent; what the
    ledger does not know ends as it did the last time, or as timed_out. The counts hold
    requests_sent, requests_from_ledger, tokens_in, tokens_out and cost (US dollars), the last three
    of the ledger's answers too (``ledger_``), requests, tokens and cost by rater
    (``rater_<name>_``), and ask_again: texts for which the next run would ask again.
    Raises ProviderError where an endpoint cannot be used at all, StoreError where the ledger
    cannot be written; answers that had arrived are in the ledger then.
    """
    opinions = [[EMPTY] * len(texts) for _ in raters]
    questions: list[Question] = []
    places: list[tuple[int, int]] = []
    worded = [at for at, text in enumerate(texts) if any(c.isalnum() for c in text)]
    for number, rater in enumerate(raters):
        for at in worded:
            questions.append((number, _ask(rater, texts[at])))
            places.append((number, at))
    if not questions:
        return opinions, Counter()
    with Session(raters, ledger_path, offline) as session:
        replies = session.ask_all(questions, lambda place: None, "labels")
        counts = session.counts
    again = set()
    for (number, at), reply in zip(places, replies, strict=True):
        opinions[number][at] = _opinion(raters[number], reply[-1])
        if reply[-1].outcome in TRANSIENT:
            again.add(at)
    counts["ask_again"] = len(again)
    return opinions, counts


def version(rater: RaterConfig) -> str:
    """Who ``rater`` is, with a digest of all that its scores depend on."""
    made_of = rater.model_dump(include={"kind", "model", "temperature", "max_tokens", "seed"})
    made_of |= {"base_url": shown(rater.base_url), "calibration": rater.calibration}
    made_of |= assets([rater])
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:8]
    return f"{rater.model or rater.kind} {digest}"


def assets(raters: Iterable[RaterConfig]) -> dict[str, str]:
    """SHA-256 by name of the prompt template, where one of ``raters`` is a chat model."""
    if all(r.kind != "chat" for r in raters):
        return {}
    return {_PROMPT.stem: hashlib.sha256(_PROMPT.read_bytes()).hexdigest()}


def _ask(rater: RaterConfig, text: str) -> Ask:
    shape, purpose = _SHAPES[rater.kind], f"rater_{rater.name}"
    if rater.kind != "chat":
        return Ask([{"role": "user", "content": text}], shape, "", purpose=purpose)
    parts = _prompt()
    asked = parts["User"].replace("{{text}}", as_json(text=text))
    messages = [
        {"role": "system", "content": parts["System"]},
        {"role": "user", "content": asked},
    ]
    return Ask(messages, shape, parts["Again"], purpose=purpose)


@lru_cache(maxsize=1)
def _prompt() -> dict[str, str]:
    parts = sections(_PROMPT)
    parts["System"] = parts["System"].replace("{{groups}}", ", ".join(TARGET_GROUPS))
    return parts


def _opinion(rater: RaterConfig, reply: Reply) -> Opinion:
    if reply.outcome == "ok":
        scores, groups = reply.value
        a, b = rater.calibration
        return Opinion(
            "answered",
            {x: p if x == "sentiment" else round(platt(p, a, b), 6) for x, p in scores.items()},
            groups,
        )
    outcome, detail = _ENDS[reply.outcome]
    said = reply.text if reply.outcome in TRANSIENT else ""
    if reply.outcome == "malformed":
        said = judge(Answer("malformed", reply.text), _SHAPES[rater.kind])[1]
    return Opinion(outcome, detail=f"{detail} ({said})" if said else detail)


_Scores = dict[Axis, float]


def _chat_scores(found: dict[str, Any]) -> tuple[_Scores, tuple[str, ...]]:
    """Scores and groups of a chat model's labels.

    The values of an axis lie evenly from 0 to 1 (sentiment: from -1 to 1). They are drawn towards
    the middle by how unsure the model is: half the way at confidence 0, so that No stays at 0.25
    or less and High at 0.75 or more.
    """
    sure = 0.5 + 0.5 * _number(found, "confidence")
    scores: _Scores = {}
    for axis, values in _VALUES.items():
        if found.get(axis) not in values:
            raise ValueError(f"'{axis}' is not one of {', '.join(values)}")
        # From -1 to 1.
        value = 2 * values.index(found[axis]) / (len(values) - 1) - 1
        scores[axis] = sure * value if axis == "sentiment" else 0.5 + 0.5 * sure * value
    groups = found.get("groups")
    if not isinstance(groups, list) or any(g not in TARGET_GROUPS for g in groups):
        raise ValueError(f"'groups' is no list of some of {', '.join(TARGET_GROUPS)}")
    return scores, tuple(g for g in TARGET_GROUPS if g in groups)


def _most_of(
    axes: Mapping[Axis, tuple[str, ...]],
) -> Callable[[dict[str, Any]], tuple[_Scores, tuple[str, ...]]]:
    """What takes the highest of some scores for each axis."""

    def take(found: dict[str, Any]) -> tuple[_Scores, tuple[str, ...]]:
        return {a: max(_number(found, n) for n in names) for a, names in axes.items()}, ()

    return take


def _number(found: dict[str, Any], name: str) -> float:
    value = found.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"'{name}' is no number from 0 to 1")
    return float(value)


def _schema(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _one_of(values: Sequence[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


#: What is read out of the answers of each kind of rater.
_SHAPES = {
    "chat": Shape(
        "labels",
        _schema(
            **{axis: _one_of(values) for axis, values in _VALUES.items()},
            groups={"type": "array", "items": _one_of(TARGET_GROUPS)},
            confidence={"type": "number"},
        ),
        _chat_scores,
    ),
    "moderation": Shape("category_scores", {}, _most_of(_MODERATION)),
    "perspective": Shape(
        "attribute_scores", {"required": list(ATTRIBUTES)}, _most_of(_PERSPECTIVE)
    ),
}
