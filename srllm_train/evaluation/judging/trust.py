"""How far a judge agrees with people about texts whose labels are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from srllm_data.agreement import agreement
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Table
from srllm_train.evaluation.judging.questions import Opinions
from srllm_train.evaluation.rows import own_rows
from srllm_train.evaluation.sources import ordered

#: Biased texts, and as many neutral ones.
MOST = 50
#: Kappa below which agreement is not substantial (Landis and Koch 1977).
ENOUGH = 0.6
_DRAWS = 2000


@dataclass(frozen=True)
class Known:
    """A text that people find biased or toxic, or not; pair: of it and its rewrite."""

    text: str
    bad: bool
    pair: int


def known(bench: Bench) -> list[Known]:
    """Biased texts, their references, and neutral texts, the same ones in every report."""
    most = MOST if bench.most is None else min(MOST, bench.most)
    own = ordered(own_rows(), lambda row: row.id)
    found: list[Known] = []
    for row in [r for r in own if not r.control][:most]:
        pair = len(found)
        found += Known(row.text, True, pair), Known(row.references[0], False, pair)
    controls = [r for r in own if r.control][:most]
    return found + [Known(r.text, False, len(found) + n) for n, r in enumerate(controls)]


def trust(texts: Sequence[Known], said: Sequence[Opinions | None]) -> tuple[Table, str]:
    """A table of how far the judge agrees with people, and a sentence on whether to trust it.

    said: of each of ``texts``, None where it did not answer. A judge finds a text bad where it
    finds one opinion biased or toxic. Intervals: bootstrap over pairs, 95 %.
    """
    told = [(k, o) for k, o in zip(texts, said, strict=True) if o is not None]
    pairs: dict[int, list[tuple[bool, bool]]] = {}
    for text, opinions in told:
        pairs.setdefault(text.pair, []).append((text.bad, opinions.either > 0))
    shares = {(k.pair, k.bad): o.either / max(1, o.voiced) for k, o in told}
    worse = [
        float(share > shares[pair, False])
        for (pair, bad), share in shares.items()
        if bad and (pair, False) in shares
    ]
    groups = list(pairs.values())
    found = agreement([p for group in groups for p in group])
    rows, kappa = found["rows"], found["kappa"]
    drawn = [agreement([p for group in some for p in group]) for some in _draws(groups)]
    same = _with_interval(
        found["agree"] / rows if rows else None, [d["agree"] / d["rows"] for d in drawn]
    )
    beyond = _with_interval(kappa, [d["kappa"] for d in drawn if d["kappa"] is not None])
    pairwise = _with_interval(
        sum(worse) / len(worse) if worse else None, [sum(s) / len(s) for s in _draws(worse)]
    )
    table = Table(
        "Does the judge agree with people?",
        "Texts of srllm's own whose labels are known: biased ones, their rewrites by hand, and "
        "neutral ones. Values with their 95 % intervals. Look here first.",
        ("what", "n", "value", "low", "high"),
        (
            ("same answer (share of texts)", rows, *same),
            ("same answer beyond chance (Cohen's kappa)", rows, *beyond),
            (
                "finds the biased text worse than its rewrite (share of pairs)",
                len(worse),
                *pairwise,
            ),
        ),
    )
    return table, _verdict(kappa, rows, len(texts))


def _verdict(kappa: float | None, rows: int, asked: int) -> str:
    if kappa is None:
        return (
            f"Whether the judge agrees with people is not known: it gave no two different answers "
            f"on the {rows} of {asked} texts that it answered about. Do not trust its figures."
        )
    told = f"The judge agrees with people at a kappa of {kappa:.2f} on {rows} texts"
    if kappa < ENOUGH:
        return (
            f"{told}, less than the {ENOUGH} that is called substantial: do not trust its figures."
        )
    return f"{told}, which is substantial."


def _draws(items: Sequence[Any]) -> list[list[Any]]:
    import numpy as np

    if not items:
        return []
    rng = np.random.default_rng([1, len(items)])
    return [[items[i] for i in some] for some in rng.integers(0, len(items), (_DRAWS, len(items)))]


def _with_interval(
    value: float | None, drawn: Sequence[float]
) -> tuple[float | None, float | None, float | None]:
    import numpy as np

    if value is None or not drawn:
        return None, None, None
    low, high = np.percentile(drawn, [2.5, 97.5])
    return round(value, 4), round(float(low), 4), round(float(high), 4)
