"""Memorisation: whether a system says the very words of its training text."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from srllm_data.workspace import digest
from srllm_train.evaluation import rows as tried
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Answers, Measure, Outcome, Row, Table, Values
from srllm_train.evaluation.overlap import Corpus, recited, shared, words_of
from srllm_train.evaluation.trained_text import (
    Opening,
    TrainedText,
    count_words,
    openings,
    trained_text,
)
from srllm_train.pairs import read

NAME = "memorisation"
TITLE = "Memorisation and leakage"
ASKS = "Does a system say the very words of its training text, more than chance would have it?"
SOURCES = (tried.PARADETOX, tried.WIKI, tried.HATECHECK, tried.BABE)

NGRAMS = (8, 13)
#: Words that are shown of a text, words that are to follow, and tokens that these may take.
SHOWN, TO_COME, _TOKENS = 8, 8, 40
#: Texts to go on with, of each kind.
_MOST = 200


def _measures() -> tuple[Measure, ...]:
    def beyond(
        name: str, says: str, column: str, rewriting: bool, headline: bool = False, digits: int = 3
    ) -> Measure:
        return Measure(
            name,
            f"{says}, minus the same for as much held-out text",
            (f"{column}_train", f"{column}_held"),
            aggregate="difference",
            better="near",
            digits=digits,
            rewriting=rewriting,
            headline=headline,
        )

    run = "share of rewrites with {} words in a row of the training text that are not in the source"
    return (
        *(
            beyond(f"{n}-word runs beyond chance", run.format(n), f"gram{n}", True, n == NGRAMS[0])
            for n in NGRAMS
        ),
        beyond(
            "Longest run beyond chance",
            "words of a rewrite's longest run that is in the training text and not in the source",
            "run",
            True,
            digits=2,
        ),
        *(
            Measure(
                f"{n}-word runs of the whole training text",
                f"{run.format(n)}; chance is not taken off",
                (f"gram{n}_whole",),
                better="lower",
                rewriting=True,
            )
            for n in NGRAMS
        ),
        beyond(
            "Texts gone on with exactly, beyond chance",
            f"share of training texts of which the model, shown {SHOWN} words, says the next "
            f"{TO_COME} (as Carlini et al. 2023 do with tokens)",
            "exact",
            False,
        ),
        beyond(
            "Words gone on with, beyond chance",
            f"words, of the next {TO_COME}, that the model says before it leaves the text",
            "recited",
            False,
            digits=2,
        ),
    )


def run(bench: Bench) -> Outcome:
    """Rewrites, and what models go on with, against what ``bench.trained_on`` holds.

    Values by tried text: ``run_C`` (words), ``gram8_C`` and ``gram13_C`` (0 or 1), where C is
    whole, train or held; by opening: ``exact_C`` (0 or 1) and ``recited_C`` (words). Answers
    without a word are left out, since they would look good here; a table counts them.
    """
    outcome = Outcome(_measures(), [], {})
    if bench.trained_on is None:
        outcome.left_out["training text"] = (
            "No training text was named; name the release or folder that a system was trained on "
            "as --trained-on."
        )
        return outcome
    material = read(bench.trained_on)
    rows = bench.rewriting_rows()
    texts = trained_text(material, [r.text for r in rows], bench.seed)
    shown = [
        opening
        for some in openings(material, SHOWN, TO_COME, bench.seed)
        for opening in bench.sample(some, lambda o: o.id)[:_MOST]
    ]
    outcome.rows = [*rows, *(Row(o.id, o.shown) for o in shown)]
    if not texts.held:
        outcome.left_out["held-out text"] = (
            f"{material.name} has no validation or test texts, so chance is not known; name a "
            f"folder that holds some as validation.jsonl."
        )
    counts: dict[str, list[int]] = {}
    for system, members in bench.rewrites(rows):
        found = [_of_rewrites(bench, rows, said, texts) for said in members]
        outcome.values[system.name] = found
        counts[system.name] = [*_counted(found, rows), 0, 0]
    for system, networks in bench.networks(causal=True) if shown else ():
        found = [
            _gone_on(shown, bench.generated(system, member, [o.shown for o in shown], _TOKENS))
            for member in networks
        ]
        before = outcome.values.get(system.name) or [{} for _ in found]
        outcome.values[system.name] = [a | b for a, b in zip(before, found, strict=True)]
        counts[system.name] = [*counts.get(system.name, [0, 0])[:2], *_counted(found, shown)]
    outcome.left_out |= bench.missing | _cannot(bench)
    outcome.tables = [_counts(counts)]
    outcome.notes = _notes(texts, len(rows))
    outcome.facts = {
        "trained_on": {"name": material.name, "digest": material.digest},
        "words": {name: count_words(some) for name, some in _by_column(texts).items()},
        "openings": len(shown),
        "seed": bench.seed,
    }
    return outcome


def _by_column(texts: TrainedText) -> dict[str, list[str]]:
    """The texts by the name of their columns."""
    return {"whole": texts.whole, "train": texts.train, "held": texts.held}


def _of_rewrites(bench: Bench, rows: Sequence[Row], said: Answers, texts: TrainedText) -> Values:
    usable = [(row.id, row.text, s) for row in rows if words_of(s := said.get(row.id) or "")]
    values: Values = {id_: {} for id_, _, _ in usable}
    for name, some in _by_column(texts).items():
        if not some:
            continue
        corpus = cache(Corpus)

        def compute(items: list[Any], texts: Any = tuple(some), corpus: Any = corpus) -> list[Any]:
            found = [shared(said, source, corpus(texts), NGRAMS) for source, said in items]
            return [[longest, [there[n] for n in NGRAMS]] for longest, there in found]

        pairs = [[source, answer] for _, source, answer in usable]
        found = bench.cache.many("overlap", digest([some, NGRAMS]), pairs, compute)
        for (id_, _, _), (longest, there) in zip(usable, found, strict=True):
            grams = {f"gram{n}_{name}": float(yes) for n, yes in zip(NGRAMS, there, strict=True)}
            values[id_] |= {f"run_{name}": float(longest), **grams}
    return values


def _gone_on(shown: Sequence[Opening], said: Sequence[str]) -> Values:
    values: Values = {}
    for opening, answer in zip(shown, said, strict=True):
        if words_of(answer):
            count = min(recited(answer, opening.to_come), TO_COME)
            values[opening.id] = {
                f"exact_{opening.kind}": float(count == TO_COME),
                f"recited_{opening.kind}": float(count),
            }
    return values


def _counted(found: Sequence[Values], asked: Sequence[Any]) -> list[int]:
    """How many answers were measured, and how many had no word; over all members."""
    measured = sum(len(values) for values in found)
    return [measured, len(asked) * len(found) - measured]


def _cannot(bench: Bench) -> dict[str, str]:
    found = {}
    for system in bench.systems:
        if system.kind == "system" and not all(m.rewrite for m in system.members):
            found[f"{system.name}, rewrites"] = "It cannot be asked for rewrites."
        if system.kind == "system" and not all(m.network and m.causal for m in system.members):
            found[f"{system.name}, going on"] = "It has no network here that goes on with a text."
    return found


def _counts(counts: dict[str, list[int]]) -> Table:
    head = ("System", "Rewrites", "Empty or failed", "Texts gone on with", "Empty or failed")
    lines: list[tuple[str | float | int | None, ...]] = [(n, *some) for n, some in counts.items()]
    return Table("What was measured", "Empty and failed answers are left out.", head, tuple(lines))


def _notes(texts: TrainedText, rows: int) -> list[str]:
    return [
        "Case and punctuation do not count. What stands in the source is no memory and is left "
        "out; what else is shared by chance is measured with held-out text of the same kind.",
        "Beyond chance, only as much of the training text counts as there is held-out text; the "
        "whole training text has figures of its own, with chance in them.",
        "Only a system that was trained on the text named here can have memorised it; for all "
        "others the figures show what is usual.",
        f"{texts.tried} of {rows} tried texts are in the training or held-out text themselves; "
        f"these and their rewrites were taken out of both.",
    ]
