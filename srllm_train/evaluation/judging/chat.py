"""The five metrics by a chat model, and its preference between a rewrite and the reference."""

from collections import Counter
from collections.abc import Sequence
from math import prod

from srllm_data.config import JudgeConfig
from srllm_data.ledger import TRANSIENT
from srllm_data.provider.answers import Reply
from srllm_data.provider.provider import Ask
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Table
from srllm_train.evaluation.judging import Case, Found
from srllm_train.evaluation.judging.asking import ask
from srllm_train.evaluation.judging.masking import masked
from srllm_train.evaluation.judging.questions import (
    Content,
    Opinions,
    content,
    opinions,
    preference,
    prompts,
)
from srllm_train.evaluation.judging.trust import known, trust

COLUMNS = ("kept", "supported", "relevant", "unbiased", "not_toxic", "all")
#: Share of comparisons that may turn with the order before a reader is warned.
_TURNING = 0.2
#: Requests about one answer: content, opinions, and the comparison in both orders.
REQUESTS = 4


def judged(bench: Bench, judge: JudgeConfig, cases: Sequence[Case], nothing: set[Case]) -> Found:
    """Values of ``cases`` in COLUMNS, preferred and inconsistent, and how far to trust them.

    nothing: cases whose answer says nothing: 0 in every column, and the judge does not see them.
    Other columns are missing where the judge gave no answer. kept: of the text's claims, missing
    where it has none. supported: of the rewrite's claims; 0 where it has none and the text has
    some. preferred: 1 if better than the reference in both orders, 0.5 if neither is, 0 if worse;
    missing where the orders differ, which is inconsistent. Raises ProviderError where the endpoint
    cannot be used at all.
    """
    shown = [case for case in cases if case not in nothing]
    texts = dict(zip(shown, masked(bench, [(r.text, a) for r, a in shown]), strict=True))
    compared = [
        (row, answer)
        for row, answer in shown
        if row.references and answer.strip() != row.references[0].strip()
    ]
    references = masked(bench, [(r.text, r.references[0]) for r, _ in compared])
    own = known(bench)
    asks: list[Ask] = [opinions(text) for text, _ in masked(bench, [(k.text, "") for k in own])]
    for case in shown:
        text, answer = texts[case]
        asks += content(text, answer), opinions(answer)
    for case, (text, reference) in zip(compared, references, strict=True):
        answer = texts[case][1]
        asks += preference(text, answer, reference), preference(text, reference, answer)
    replies, facts = ask(bench, judge, asks)
    told = iter(replies)
    table, verdict = trust(own, [next(told).value for _ in own])
    values = {case: _nothing(case) if case in nothing else {} for case in cases}
    for case in shown:
        values[case] |= scores(next(told).value, next(told).value)
        if case[0].references:
            values[case]["preferred"] = 0.5
    orders = [(next(told).value, next(told).value) for _ in compared]
    for case, (one, other) in zip(compared, orders, strict=True):
        del values[case]["preferred"]
        values[case] |= preferred(one, other)
    itself, notes = _of_itself(judge, replies, orders)
    facts |= {"prompts": prompts()}
    return Found(values, [table, itself], [verdict, *notes], facts)


def scores(read: Content | None, voiced: Opinions | None) -> dict[str, float]:
    """Values in COLUMNS from what a judge says of one answer; None where it does not answer."""
    found: dict[str, float] = {}
    if read is not None:
        if read.claims:
            found["kept"] = read.kept / read.claims
        if read.stated:
            found["supported"] = read.supported / read.stated
        elif read.claims:
            found["supported"] = 0.0
        found["relevant"] = read.relevant
    if voiced is not None:
        found |= {"unbiased": voiced.unbiased, "not_toxic": voiced.not_toxic}
    if read is not None and voiced is not None:
        found["all"] = prod(found.values())
    return {name: round(value, 6) for name, value in found.items()}


def preferred(one: str | None, other: str | None) -> dict[str, float]:
    """preferred and inconsistent from both orders; the answer comes first in the first one."""
    if one is None or other is None:
        return {}
    mirrored = {"first": "second", "second": "first"}.get(other, other)
    if one != mirrored:
        return {"inconsistent": 1.0}
    return {"preferred": {"first": 1.0, "same": 0.5, "second": 0.0}[one], "inconsistent": 0.0}


def _nothing(case: Case) -> dict[str, float]:
    found = dict.fromkeys(COLUMNS, 0.0)
    return {**found, "preferred": 0.0} if case[0].references else found


def _of_itself(
    judge: JudgeConfig, replies: Sequence[Reply], orders: Sequence[tuple[str | None, str | None]]
) -> tuple[Table, list[str]]:
    """What tells about the judge, not about systems; and what a reader has to be warned of."""
    both = [pair for pair in orders if None not in pair]
    turned = sum(bool(preferred(*pair)["inconsistent"]) for pair in both)
    each = [choice for pair in both for choice in pair]
    ends = Counter(reply.outcome for reply in replies)
    counts = {
        "comparisons that turn with the order": (turned, len(both)),
        "choices of the first rewrite": (each.count("first"), len(each)),
        "choices of the second rewrite": (each.count("second"), len(each)),
        **{f"answers: {outcome}": (n, len(replies)) for outcome, n in sorted(ends.items())},
    }
    table = Table(
        "The judge itself",
        "Comparisons are made in both orders; only those that come out the same count. Answers "
        "that it did not give are missing from the figures, not counted as 0.",
        ("what", "n", "of", "share"),
        tuple((n, a, b, round(a / b, 4) if b else None) for n, (a, b) in counts.items()),
    )
    notes = []
    if both and turned / len(both) > _TURNING:
        notes.append(
            f"In {turned} of {len(both)} comparisons the judge changed its mind with the order of "
            f"the rewrites: its preferences tell little."
        )
    if waiting := sum(n for outcome, n in ends.items() if outcome in TRANSIENT):
        notes.append(
            f"{waiting} of {len(replies)} answers did not arrive; evaluate again to ask for them."
        )
    if ends["truncated"]:
        notes.append(
            f"{ends['truncated']} answers were longer than {judge.max_tokens} tokens; raise "
            f"validate.judge.max_tokens."
        )
    if refused := ends["refused"] + ends["content_filtered"]:
        notes.append(
            f"The judge declined to answer {refused} of {len(replies)} questions; they are "
            f"missing, and likely to be about the worst texts."
        )
    return table, notes
