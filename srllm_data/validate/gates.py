"""Gates: rules over signals, in a fixed order, each with the verdict of a row that fails it."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from srllm_data.config import ValidateConfig
from srllm_data.schema import COLUMNS, StageOutput, drop, dropped_table, schema_after

Signals = dict[str, float]


@dataclass(frozen=True)
class Gate:
    """One rule. A row fails it where ``fails`` holds for its signals and the thresholds.

    says: the reason, with signals by name and thresholds as ``c.<name>`` in braces.
    """

    name: str
    verdict: Literal["reject", "hold"]
    fails: Callable[[Signals, ValidateConfig], bool]
    says: str


def _any(*names: str) -> Callable[[Signals, ValidateConfig], bool]:
    return lambda s, c: any(s[name] > 0 for name in names)


def _left_over(score: str, most: str, clear: bool) -> Callable[[Signals, ValidateConfig], bool]:
    """Whether ``score`` is over its limit; clear: after a clear drop, else without one.

    A drop of the other score counts as well: whoever took the insult out has done something.
    """

    def fails(s: Signals, c: ValidateConfig) -> bool:
        drops = [s[f"{n}_before"] - s[f"{n}_after"] for n in ("bias", "toxicity")]
        dropped = max(drops) >= c.min_drop
        return bool(s[f"{score}_after"] > getattr(c, most) and dropped == clear)

    return fails


#: Of fewer content words than this a share tells too little to reject a rewrite.
_FEW = 4

#: What no rewrite may be (reject), then what a curator has to look at (hold).
GATES = (
    Gate("empty", "reject", lambda s, c: s["words"] == 0, "holds no words"),
    Gate("copied", "reject", _any("copied"), "is the biased text itself"),
    Gate("refusal", "reject", _any("refusal"), "declines instead of rewriting"),
    Gate("preamble", "reject", _any("preamble"), "talks about the rewrite before giving it"),
    Gate("advice", "reject", _any("advice"), "gives advice that the text does not give"),
    Gate(
        "blanks",
        "reject",
        _any("blanks"),
        "blanks {blanks:.0f} words out instead of rewriting them",
    ),
    Gate("markup", "reject", _any("markup"), "holds markup or code that the text lacks"),
    Gate("prompt_echo", "reject", _any("prompt_echo"), "repeats words of the instruction"),
    Gate("language", "reject", _any("language_changed"), "is in another language than the text"),
    Gate(
        "personal_data",
        "reject",
        _any("personal_data_added"),
        "holds personal data that the text lacks ({personal_data_added:.0f} findings)",
    ),
    Gate(
        "invented_placeholder",
        "reject",
        _any("placeholders_added"),
        "invents {placeholders_added:.0f} placeholders for personal data",
    ),
    Gate(
        "hostile_added",
        "reject",
        _any("hostile_added"),
        "brings in slurs, insults or profanity that the text lacks ({hostile_added:.0f})",
    ),
    Gate(
        "bias_unchanged",
        "reject",
        _left_over("bias", "max_bias", clear=False),
        "is as biased as the text (bias {bias_after:.2f} after {bias_before:.2f}; "
        "at most {c.max_bias:.2f} wanted)",
    ),
    Gate(
        "toxicity_unchanged",
        "reject",
        _left_over("toxicity", "max_toxicity", clear=False),
        "is as toxic as the text (toxicity {toxicity_after:.2f} after {toxicity_before:.2f}; "
        "at most {c.max_toxicity:.2f} wanted)",
    ),
    Gate(
        "content_lost",
        "reject",
        lambda s, c: s["content"] >= _FEW and s["content_kept"] < c.hold_content_kept,
        "keeps only {content_kept:.0%} of the content words "
        "(at least {c.hold_content_kept:.0%} needed)",
    ),
    Gate(
        "bias_left",
        "hold",
        _left_over("bias", "max_bias", clear=True),
        "is still biased (bias {bias_after:.2f} after {bias_before:.2f}; "
        "at most {c.max_bias:.2f} wanted)",
    ),
    Gate(
        "toxicity_left",
        "hold",
        _left_over("toxicity", "max_toxicity", clear=True),
        "is still toxic (toxicity {toxicity_after:.2f} after {toxicity_before:.2f}; "
        "at most {c.max_toxicity:.2f} wanted)",
    ),
    Gate(
        "spans_left",
        "hold",
        _any("spans_left"),
        "keeps {spans_left:.0f} of {spans:.0f} biased spans word for word",
    ),
    Gate(
        "content_thin",
        "hold",
        lambda s, c: (
            (s["content"] < _FEW or c.hold_content_kept <= s["content_kept"])
            and s["content_kept"] < c.min_content_kept
        ),
        "keeps {content_kept:.0%} of the content words (at least {c.min_content_kept:.0%} wanted)",
    ),
    Gate(
        "added",
        "hold",
        lambda s, c: s["added"] > c.max_added and s["added_words"] > max(1, s["spans"]),
        "is new for {added:.0%} of its content words (at most {c.max_added:.0%} wanted)",
    ),
    Gate(
        "sentence_added",
        "hold",
        _any("sentences_added", "claims_added"),
        "adds {sentences_added:.0f} sentences and {claims_added:.0f} claims that the text does not "
        "hold",
    ),
    Gate(
        "length",
        "hold",
        lambda s, c: not c.min_length_ratio <= s["length_ratio"] <= c.max_length_ratio,
        "is {length_ratio:.2f} times as long as the text "
        "({c.min_length_ratio:.2f} to {c.max_length_ratio:.2f} wanted)",
    ),
    Gate(
        "order",
        "hold",
        lambda s, c: s["order"] < c.min_order,
        "keeps the order of {order:.0%} of neighbouring words (at least {c.min_order:.0%} wanted)",
    ),
    Gate(
        "names",
        "hold",
        _any("names_lost", "names_added"),
        "loses {names_lost:.0f} names and adds {names_added:.0f}",
    ),
    Gate(
        "person_added",
        "hold",
        _any("persons_added"),
        "names {persons_added:.0f} people that the text does not name",
    ),
    Gate(
        "numbers",
        "hold",
        _any("numbers_lost", "numbers_added", "amounts_changed"),
        "loses {numbers_lost:.0f} numbers and adds {numbers_added:.0f}, and changes "
        "{amounts_changed:.0f} amounts",
    ),
    Gate(
        "dates",
        "hold",
        _any("dates_lost", "dates_added"),
        "loses {dates_lost:.0f} dates and adds {dates_added:.0f}",
    ),
    Gate(
        "negation",
        "hold",
        _any("negations_flipped"),
        "turns statements into their opposite ({negations_flipped:.0f})",
    ),
    Gate(
        "quotation",
        "hold",
        _any("quotations_lost", "quotations_added"),
        "changes {quotations_lost:.0f} quotations and adds {quotations_added:.0f}",
    ),
    Gate(
        "meaning_turned",
        "hold",
        _any("opposites", "roles_turned"),
        "says the contrary with {opposites:.0f} words and changes who did what to whom "
        "{roles_turned:.0f} times",
    ),
    Gate(
        "attribution",
        "hold",
        _any("attribution_lost", "attribution_changed"),
        "no longer says whose statement it is ({attribution_lost:.0f} times), or says it of "
        "somebody else ({attribution_changed:.0f} times)",
    ),
    Gate(
        "hedging",
        "hold",
        _any("hedges_lost", "hedges_added"),
        "is surer than the text of {hedges_lost:.0f} claims and less sure of {hedges_added:.0f}",
    ),
    Gate(
        "tone",
        "hold",
        _any("praise_added"),
        "praises with {praise_added:.0f} words what the text complains about",
    ),
    Gate(
        "group_erased",
        "hold",
        _any("groups_lost"),
        "no longer names {groups_lost:.0f} of the groups that the text is about",
    ),
    Gate(
        "lost_placeholder",
        "hold",
        _any("placeholders_lost"),
        "loses {placeholders_lost:.0f} placeholders for personal data",
    ),
    Gate(
        "ill_formed",
        "hold",
        _any("defects", "cut", "verb_lost"),
        "is not well formed ({defects:.0f} defects, {cut:.0f} cut ends, "
        "{verb_lost:.0f} sentences without their verb)",
    ),
    Gate("torn", "hold", _any("holes"), "lacks {holes:.0f} words that its sentences need"),
    Gate("misfit", "hold", _any("misfits"), "puts words where they do not fit ({misfits:.0f})"),
    Gate(
        "deletion",
        "hold",
        lambda s, c: s["deleted_only"] > 0 and not c.accept_deletions,
        "only takes words out of the text, as a word list could: is anything missing?",
    ),
    Gate(
        "fluency",
        "hold",
        lambda s, c: s.get("perplexity_ratio", 0.0) > c.max_perplexity_ratio,
        "reads less like English than the text (perplexity {perplexity_ratio:.1f} times as high; "
        "at most {c.max_perplexity_ratio:.1f} times wanted)",
    ),
    Gate(
        "similarity",
        "hold",
        lambda s, c: s.get("similarity", 1.0) < c.min_similarity,
        "is about something else (similarity {similarity:.2f}; "
        "at least {c.min_similarity:.2f} wanted)",
    ),
    Gate(
        "entailment",
        "hold",
        lambda s, c: s.get("entails", 1.0) < c.min_entailment,
        "does not follow from the text (entailment {entails:.2f}; "
        "at least {c.min_entailment:.2f} wanted)",
    ),
    Gate(
        "contradiction",
        "hold",
        lambda s, c: s.get("contradicts", 0.0) > c.max_contradiction,
        "contradicts the text (contradiction {contradicts:.2f}; "
        "at most {c.max_contradiction:.2f} wanted)",
    ),
    Gate(
        "repeated",
        "hold",
        lambda s, c: s["repeats"] > c.max_repeats,
        "is the rewrite of {repeats:.0f} different texts (at most {c.max_repeats} wanted)",
    ),
    Gate(
        "judge_bias",
        "hold",
        lambda s, c: c.judge is not None and s.get("judge_bias_after", 0.0) > c.judge.max_bias,
        "is biased in the eyes of the judge (bias {judge_bias_after:.2f} after "
        "{judge_bias_before:.2f}; at most {c.judge.max_bias:.2f} wanted)",
    ),
    Gate(
        "judge_meaning",
        "hold",
        lambda s, c: c.judge is not None and s.get("judge_meaning", 1.0) < c.judge.min_meaning,
        "does not state what the text states in the eyes of the judge ({judge_missing:.0f} facts "
        "missing, {judge_added:.0f} added; meaning {judge_meaning:.2f}, at least "
        "{c.judge.min_meaning:.2f} wanted)",
    ),
    Gate(
        "judge_inconsistent",
        "hold",
        lambda s, c: s.get("judge_consistent") == 0,
        "leaves the judge undecided: it says something else when the two texts change places",
    ),
    Gate(
        "judge_unanswered",
        "hold",
        lambda s, c: s.get("judge_answered") == 0,
        "is not judged yet: the judge has not answered",
    ),
)

#: The one gate of controls, whose rewrite is their own text.
CONTROL_GATES = (
    Gate(
        "control_changed",
        "reject",
        lambda s, c: not s["unchanged"],
        "differs from the text although the text needs no rewrite",
    ),
)


@dataclass(frozen=True)
class Judgement:
    """What the gates say of one rewrite; failed: name, verdict and reason of every failed gate."""

    verdict: Literal["accept", "hold", "reject"]
    failed: tuple[tuple[str, Literal["reject", "hold"], str], ...]
    signals: Signals

    @property
    def reasons(self) -> list[str]:
        """What a curator reads."""
        return [reason for *_, reason in self.failed]

    @property
    def rank(self) -> tuple[float, ...]:
        """Smaller is better: gates that reject, gates that fail, then bias left over content."""
        s = self.signals
        return (
            sum(verdict == "reject" for _, verdict, _ in self.failed),
            len(self.failed),
            s["bias_after"] + s["toxicity_after"] - s["content_kept"],
        )


def judge(signals: Signals, config: ValidateConfig, control: bool = False) -> Judgement:
    """Put ``signals`` through all gates: reject if one rejects, else hold if one holds."""
    failed = [g for g in (CONTROL_GATES if control else GATES) if g.fails(signals, config)]
    verdicts = {g.verdict for g in failed}
    verdict: Literal["accept", "hold", "reject"] = (
        "reject" if "reject" in verdicts else "hold" if verdicts else "accept"
    )
    told = tuple((g.name, g.verdict, reason(g, signals, config)) for g in failed)
    return Judgement(verdict, told, signals)


def decide(rows: pa.Table, signals: pa.Table, config: ValidateConfig) -> StageOutput:
    """Judge each of ``rows`` by its ``signals`` (of :func:`measure`, in the same order).

    A row is rejected if it fails a gate that rejects, held if it fails only others, accepted if it
    fails none. Rejected rows are dropped with the name of the first such gate as reason.
    facts: rows by verdict and by gate that they fail.
    """
    if rows["id"].to_pylist() != signals["id"].to_pylist():
        raise ValueError("signals are not those of the rows")
    facts: Counter[str] = Counter({f"verdict={v}": 0 for v in ("accept", "hold", "reject")})
    judged, dropped = [], []
    ids, controls = rows["id"].to_pylist(), rows["control"].to_pylist()
    for at, measured in enumerate(signals["signals"].to_pylist()):
        values = {s["name"]: s["value"] for s in measured}
        judgement = judge(values, config, controls[at])
        facts[f"verdict={judgement.verdict}"] += 1
        facts.update(f"gate={name}" for name, *_ in judgement.failed)
        if judgement.verdict == "reject":
            first = next(name for name, verdict, _ in judgement.failed if verdict == "reject")
            dropped.append(drop(ids[at], "rejected", first, "; ".join(judgement.reasons)))
        else:
            judged.append((at, measured, judgement.verdict, judgement.reasons))
    places, *written = zip(*judged, strict=True) if judged else ((), (), (), ())
    kept = rows.take(pa.array(places, pa.int64()))
    for name, values_of in zip(("signals", "verdict", "reasons"), written, strict=True):
        kept = kept.append_column(name, pa.array(values_of, COLUMNS[name].type))
    kept = kept.select(schema_after("validate").names)
    return StageOutput(kept, dropped_table(dropped), dict(sorted(facts.items())))


def reason(gate: Gate, signals: Signals, config: ValidateConfig) -> str:
    """What a curator reads about a row with ``signals`` that fails ``gate``."""
    said = gate.says.format(c=config, **signals).replace("%", " %")
    return re.sub(r"(?<![\d.,])1 (\w+)s\b", r"1 \1", said)
