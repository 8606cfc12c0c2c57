"""Fingerprint: whether rewrites give away who wrote them, and how varied they are."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Any

from srllm_data.workspace import digest, file_digest
from srllm_train.evaluation import authorship
from srllm_train.evaluation import rows as tried
from srllm_train.evaluation.authorship import FEWEST, Told, covered, opening, told_apart, variety
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Measure, Outcome, Row, System, Table
from srllm_train.evaluation.overlap import words_of

NAME = "fingerprint"
TITLE = "Fingerprint and variety"
ASKS = "Do rewrites give away who wrote them, and how varied are they?"
SOURCES = (tried.PARADETOX, tried.WIKI)

#: By author and row.
_Texts = dict[str, dict[str, str]]

MEASURES = (
    Measure(
        "Told from people",
        "share of texts for which a linear classifier, given the rewrites of a system and of a "
        "person, knows which is which; chance is .5, best is chance",
        ("told",),
        better="near",
        ideal=0.5,
        rewriting=True,
        headline=True,
    ),
    Measure(
        "Distinct words",
        "distinct words over all words of the rewrites (distinct-1, Li et al. 2016)",
        ("distinct_1", "words_1"),
        "ratio",
        rewriting=True,
    ),
    Measure(
        "Distinct pairs of words",
        "distinct pairs of words over all pairs (distinct-2, Li et al. 2016)",
        ("distinct_2", "words_2"),
        "ratio",
        rewriting=True,
    ),
    Measure(
        "Repeated rewrites",
        "share of rewrites that are those of another text as well, word for word",
        ("repeated",),
        better="lower",
        rewriting=True,
    ),
    Measure(
        "Most common opening",
        "share of rewrites that begin with the three words that begin most of them",
        ("opening",),
        better="lower",
        rewriting=True,
    ),
)


def run(bench: Bench) -> Outcome:
    """What rewrites of biased texts say of who wrote them.

    Values by text: ``told`` (1, .5 for a tie, 0), ``words_N`` and ``distinct_N`` (n-grams of 1 and
    2 words), ``repeated`` and ``opening`` (0 or 1). Rewrites that failed, are empty or the text
    itself have none, and a table counts them.
    """
    rows = [r for r in bench.rewriting_rows() if not r.control]
    outcome = Outcome(MEASURES, rows, {}, left_out=dict(bench.missing))
    found = [(s, [_usable(rows, said) for said in many]) for s, many in bench.rewrites(rows)]
    people = next((texts[0] for system, texts in found if system.kind == "human"), {})
    if not people:
        outcome.left_out["people"] = (
            "No biased text has a person's rewrite, so nobody can be told from people."
        )
    told: dict[str, Told] = {}
    for system, members in found:
        outcome.values[system.name] = []
        for texts in members:
            values = variety(texts)
            pair = None if system.kind == "human" else _told(bench, texts, people)
            if pair:
                told.setdefault(system.name, pair)
                for row, right in pair.right.items():
                    values[row]["told"] = right
            outcome.values[system.name].append(values)
        if people and system.kind != "human" and system.name not in told:
            outcome.left_out[f"{system.name}, told from people"] = (
                f"Fewer than {FEWEST} of its rewrites are changed and not a person's own words."
            )
    for system in bench.systems:
        if system.kind != "human" and system.name not in outcome.values:
            outcome.left_out[system.name] = "It cannot be asked for rewrites."
    authors = {s.name: texts[0] for s, texts in found if s.kind != "trivial"}
    outcome.tables = [_counts(found, rows), _pairs(told, outcome), *_all(bench, authors)]
    outcome.notes = [
        "Only rewrites of biased texts that change something count; where two authors wrote the "
        "same words for a text, it is left out of telling these two apart.",
        f"Logistic regression over n-grams of words and characters, {authorship.FOLDS} folds: who "
        f"wrote a rewrite is asked of a classifier that has seen nobody's rewrite of that text.",
        "Distinct words fall with the length of all texts: compare systems that rewrite about as "
        "many. Terms of the lexicon are covered in the tables.",
        "Of a system with several seeds, the tables show the first.",
    ]
    outcome.facts = {"classifier": _version(), "seed": bench.seed}
    return outcome


def _usable(rows: Sequence[Row], said: dict[str, str | None]) -> dict[str, str]:
    return {
        r.id: answer
        for r in rows
        if words_of(answer := said.get(r.id) or "") and words_of(answer) != words_of(r.text)
    }


def _told(bench: Bench, one: dict[str, str], other: dict[str, str]) -> Told | None:
    def compute(items: list[Any]) -> list[Any]:
        found = [told_apart(a, b, seed) for a, b, seed in items]
        return [asdict(pair) if pair else None for pair in found]

    item = [one, other, bench.seed]
    (found,) = bench.cache.many("told apart", _version(), [item], compute)
    if found is None:
        return None
    towards, away = found["giveaways"]
    return Told(found["right"], found["auroc"], (towards, away))


def _counts(found: Sequence[tuple[System, list[dict[str, str]]]], rows: Sequence[Row]) -> Table:
    lines = tuple(
        (s.name, len(texts[0]), len(rows) - len(texts[0]), covered(opening(texts[0])))
        for s, texts in found
    )
    return Table(
        "What was compared",
        "Left out: failed, empty and unchanged rewrites.",
        ("System", "Rewrites", "Left out", "Most common opening"),
        lines,
    )


def _pairs(told: dict[str, Told], outcome: Outcome) -> Table:
    lines = tuple(
        (
            name,
            len(pair.right),
            round(fmean(pair.right.values()), 4),
            round(pair.auroc, 4),
            "; ".join(pair.giveaways[0]),
            "; ".join(pair.giveaways[1]),
        )
        for name, pair in told.items()
    )
    return Table(
        "Told from people",
        "Share of pairs told apart and AUROC (chance is .5 of both), and the words that give each "
        "away.",
        ("System", "Pairs", "Told apart", "AUROC", "Points to the system", "Points to a person"),
        lines,
    )


def _all(bench: Bench, authors: _Texts) -> list[Table]:
    """Which of all authors wrote a text; nothing where there are only two."""

    def compute(items: list[Any]) -> list[Any]:
        return [authorship.who_wrote(texts, seed) for texts, seed in items]

    if len(authors) < 3:
        return []
    item = [authors, bench.seed]
    (found,) = bench.cache.many("who wrote", _version(), [item], compute)
    if not found:
        return []
    means = {name: fmean(right.values()) for name, right in found.items()}
    chance = round(1 / len(found), 4)
    lines = [(name, len(found[name]), round(mean, 4), chance) for name, mean in means.items()]
    texts = sum(map(len, found.values()))
    lines.append(("mean of all", texts, round(fmean(means.values()), 4), chance))
    return [
        Table(
            "Who wrote it",
            "Share of each author's texts of which a classifier of all of them names the author.",
            ("Author", "Texts", "Named", "Chance"),
            tuple(lines),
        )
    ]


def _version() -> str:
    """What the classifier's findings depend on."""
    return digest([file_digest(Path(authorship.__file__)), version("scikit-learn")])
