"""Suite 2: does a rewriter change what is to be changed, and only that?

After EREN (Chen et al. 2024, COLING): success on rows that need an edit, preservation of those that
need none, and their harmonic mean EQ.
"""

from collections import Counter

from srllm_train.evaluation import rows
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Measure, Outcome, Values
from srllm_train.evaluation.gates import verdicts

NAME = "locality"
TITLE = "Locality"
ASKS = "Is what needs a rewrite rewritten, and what needs none left alone?"
SOURCES = (rows.PARADETOX, rows.WIKI, rows.HATECHECK, rows.BABE)

#: Token F1 from which a text counts as nearly unchanged.
_NEARLY = 0.95

MEASURES = (
    Measure(
        "EQ",
        "harmonic mean of success and preserved",
        ("success", "preserved"),
        "harmonic",
        headline=True,
        rewriting=True,
    ),
    Measure(
        "success",
        "share of biased texts whose rewrite the gates accept, those that only delete included",
        ("success",),
        headline=True,
        rewriting=True,
    ),
    Measure(
        "preserved",
        "share of neutral texts that come back word for word",
        ("preserved",),
        headline=True,
        rewriting=True,
    ),
    Measure(
        "accepted", "share that the gates accept as they are set", ("accepted",), rewriting=True
    ),
    Measure(
        "nearly preserved",
        f"share of neutral texts with a token F1 of at least {_NEARLY}",
        ("nearly",),
        rewriting=True,
    ),
    Measure(
        "hard negatives",
        "preserved among HateCheck's texts that look hateful and are not: quoted, denied, "
        "reclaimed, homonyms, groups in a neutral or warm sentence",
        ("hard",),
        rewriting=True,
    ),
)


def run(bench: Bench) -> Outcome:
    """Let every system rewrite biased rows and controls alike, told of neither."""
    found = bench.rewriting_rows()
    outcome = Outcome(MEASURES, found, {}, left_out=dict(bench.missing))
    outcome.notes = [
        "Success is what the gates of this configuration accept, with deletions: no trivial system "
        "gets past them, and people do not always.",
        "No system is told which texts are neutral. A build asks its labellers first: evaluate the "
        "system 'build' for what a release would hold.",
    ]
    for system, members in bench.rewrites(found):
        outcome.answers[system.name] = members
        outcome.values[system.name] = []
        for said in members:
            values: Values = {}
            biased = [r for r in found if not r.control and r.id in said]
            judged = verdicts(bench, [(r.text, said[r.id] or "") for r in biased])
            for row, verdict in zip(biased, judged, strict=True):
                values[row.id] = {"success": verdict["kept"], "accepted": verdict["accepted"]}
            for row in found:
                if row.control and row.id in said:
                    answer = said[row.id] or ""
                    same = float(answer.split() == row.text.split())
                    values[row.id] = {
                        "preserved": same,
                        "nearly": float(token_f1(row.text, answer) >= _NEARLY),
                    }
                    if row.source == "hatecheck":
                        values[row.id]["hard"] = same
            outcome.values[system.name].append(values)
    return outcome


def token_f1(text: str, other: str) -> float:
    """F1 of the words that both share, as often as both have them, 0 to 1."""
    a, b = Counter(text.split()), Counter(other.split())
    shared = (a & b).total()
    return 2 * shared / (a.total() + b.total()) if shared else 0.0
