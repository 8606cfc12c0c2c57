"""The judge: a chat model that reads each text and its rewrite twice, in both orders.

It is not told which of the two is the rewrite. Signals, each the mean over both orders unless said
otherwise: judge_answered (1 or 0; the others are missing at 0), judge_bias_before and
judge_bias_after, judge_fluency_before and judge_fluency_after, judge_meaning (0 to 1: whether both
state the same), judge_missing and judge_added (facts, the most that an order lists) and
judge_consistent (1 or 0).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from srllm_data.config import JudgeConfig, ValidateConfig
from srllm_data.ledger import TRANSIENT, Ledger
from srllm_data.provider.answers import Reply, Shape
from srllm_data.provider.estimate import Estimate, Tally
from srllm_data.provider.provider import Ask
from srllm_data.provider.session import Question, Session, spent
from srllm_data.provider.template import as_json, sections
from srllm_data.validate.gates import judge

_PROMPT = Path(__file__).parent / "prompts" / "judge-v1.md"
_TEXTS = ("text_1", "text_2")
#: What the judge may answer, from the worst to the best or from nothing to much: 0, 0.5 and 1.
_BIAS = ("none", "slight", "strong")
_FLUENCY = ("broken", "flawed", "good")
_FACTS = ("different", "partly", "same")
#: Bytes of an answer, for estimates: the JSON and two facts in words.
_ANSWER_BYTES = 300


@dataclass(frozen=True)
class _Said:
    """One answer; pairs are of the text and its rewrite, ``only`` counts facts in one of them."""

    bias: tuple[float, float]
    fluency: tuple[float, float]
    only: tuple[int, int]
    meaning: float

    def swapped(self) -> "_Said":
        """The same answer with the texts in the other order."""
        return _Said(self.bias[::-1], self.fluency[::-1], self.only[::-1], self.meaning)


def ask_judge(
    rows: pa.Table, signals: pa.Table, config: ValidateConfig, ledger_path: Path
) -> tuple[pa.Table, dict[str, object]]:
    """``signals`` with those of ``config.judge`` added, and facts: what asking it came to.

    rows and signals as for ``decide``. Not asked: about controls, about rows that are rejected
    anyway, and about rewrites that name a person whom the text does not name, which are held
    anyway. Facts count the rows by how asking ended (``judge=<outcome>``, the first outcome that
    is no answer) and judge_consistent; ``ask_again`` those that the next run asks about again.
    Raises ProviderError where the endpoint cannot be used at all, StoreError where the ledger
    cannot be written; answers that had arrived are in the ledger then.
    """
    assert config.judge is not None
    measured = signals["signals"].to_pylist()
    asked = worth(rows, signals, config)
    counts: Counter[str] = Counter()
    replies: list[list[Reply]] = []
    if asked:
        questions = [q for pair in asked.values() for q in _questions(*pair)]
        with Session([config.judge], ledger_path) as session:
            replies = session.ask_all(questions, lambda place: None, "judge")
            counts = session.counts
    facts = Counter({"judge_consistent": 0})
    for at, one, other in zip(asked, replies[::2], replies[1::2], strict=True):
        ends = [one[-1], other[-1]]
        outcome = next((r.outcome for r in ends if r.outcome != "ok"), "answered")
        facts[f"judge={outcome}"] += 1
        counts["ask_again"] += any(r.outcome in TRANSIENT for r in ends)
        told = {"judge_answered": 0.0}
        if outcome == "answered":
            told = _signals(ends[0].value, ends[1].value.swapped())
            facts["judge_consistent"] += bool(told["judge_consistent"])
        measured[at] += [{"name": name, "value": value} for name, value in told.items()]
    written = signals.set_column(
        signals.schema.get_field_index("signals"),
        signals.schema.field("signals"),
        pa.array(measured, signals.schema.field("signals").type),
    )
    return written, dict(sorted(facts.items())) | spent(counts)


def worth(rows: pa.Table, signals: pa.Table, config: ValidateConfig) -> dict[int, tuple[str, str]]:
    """Text and rewrite of the rows that the judge is asked about, by their place in ``rows``.

    signals: measured, without the judge's own.
    """
    found = {}
    records = rows.select(["text", "rewrite", "control"]).to_pylist()
    for at, (row, measured) in enumerate(zip(records, signals["signals"].to_pylist(), strict=True)):
        values = {s["name"]: s["value"] for s in measured}
        if row["control"] or values["persons_added"] or judge(values, config).verdict == "reject":
            continue
        found[at] = row["text"], row["rewrite"]
    return found


def estimate(
    parts: Iterable[Sequence[tuple[str, str]]], config: JudgeConfig, ledger_path: Path
) -> Estimate:
    """What asking the judge about texts and their rewrites would take; nothing is sent."""
    rows, tally = 0, Tally(config)
    with Session([config], ledger_path, offline=True) as session, Ledger(ledger_path) as ledger:
        for pairs in parts:
            rows += len(pairs)
            for found in session.known([q for pair in pairs for q in _questions(*pair)]):
                if isinstance(found, list):
                    tally.known += 1
                else:
                    # A malformed answer is asked for once more.
                    tally.add(found, _ANSWER_BYTES, calls=1)
        return tally.estimate(rows, ledger)


def assets(config: JudgeConfig | None) -> dict[str, str]:
    """SHA-256 by name of the prompt template, if there is a judge."""
    if config is None:
        return {}
    return {_PROMPT.stem: hashlib.sha256(_PROMPT.read_bytes()).hexdigest()}


def _questions(text: str, rewrite: str) -> list[Question]:
    """The question in both orders: text first, rewrite first."""
    parts = _prompt()
    asked = []
    for pair in ((text, rewrite), (rewrite, text)):
        told = parts["User"].replace("{{texts}}", as_json(**dict(zip(_TEXTS, pair, strict=True))))
        messages = [
            {"role": "system", "content": parts["System"]},
            {"role": "user", "content": told},
        ]
        asked.append((0, Ask(messages, _SHAPE, parts["Again"], purpose="judge")))
    return asked


@lru_cache(maxsize=1)
def _prompt() -> dict[str, str]:
    return sections(_PROMPT)


def _signals(one: _Said, other: _Said) -> dict[str, float]:
    """Signals of both answers, of which each has the text before the rewrite."""
    scores, again = ((*s.bias, *s.fluency, s.meaning) for s in (one, other))
    means = [(a + b) / 2 for a, b in zip(scores, again, strict=True)]
    # A slip by one step is noise; who sees opposites, or another text as the more biased one, saw
    # the order and not the texts.
    steady = max(abs(a - b) for a, b in zip(scores, again, strict=True)) < 1
    leans = [s.bias[0] - s.bias[1] for s in (one, other)]
    missing, added = (max(pair) for pair in zip(one.only, other.only, strict=True))
    return {
        "judge_answered": 1.0,
        "judge_bias_before": means[0],
        "judge_bias_after": means[1],
        "judge_fluency_before": means[2],
        "judge_fluency_after": means[3],
        "judge_meaning": means[4],
        "judge_missing": float(missing),
        "judge_added": float(added),
        "judge_consistent": float(steady and leans[0] * leans[1] >= 0),
    }


def _said(found: dict[str, Any]) -> _Said:
    (bias, fluency), (bias_2, fluency_2) = (_of_text(found, name) for name in _TEXTS)
    only, only_2 = (_listed(found, f"only_in_{name}") for name in _TEXTS)
    meaning = _step(found, "same_facts", _FACTS)
    return _Said((bias, bias_2), (fluency, fluency_2), (only, only_2), meaning)


def _of_text(found: dict[str, Any], name: str) -> tuple[float, float]:
    told = found.get(name)
    if not isinstance(told, dict):
        raise ValueError(f"'{name}' is no JSON object with bias and fluency")
    return _step(told, "bias", _BIAS), _step(told, "fluency", _FLUENCY)


def _listed(found: dict[str, Any], name: str) -> int:
    facts = found.get(name)
    if not isinstance(facts, list) or not all(isinstance(f, str) for f in facts):
        raise ValueError(f"'{name}' is no list of facts")
    return len(facts)


def _step(found: dict[str, Any], name: str, values: tuple[str, ...]) -> float:
    if found.get(name) not in values:
        raise ValueError(f"'{name}' is not one of {', '.join(values)}")
    return values.index(found[name]) / (len(values) - 1)


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _one_of(values: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


_LIST = {"type": "array", "items": {"type": "string"}}
_OF_TEXT = _object(bias=_one_of(_BIAS), fluency=_one_of(_FLUENCY))
_SHAPE = Shape(
    "comparison",
    # What differs comes first: a model that has listed it judges better whether it is the same.
    _object(
        only_in_text_1=_LIST,
        only_in_text_2=_LIST,
        same_facts=_one_of(_FACTS),
        text_1=_OF_TEXT,
        text_2=_OF_TEXT,
    ),
    _said,
)
