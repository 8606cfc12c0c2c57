"""A report as 'srllm evaluate' saves it, from seeded figures: no model, no benchmark."""

import random
from typing import Any

from srllm_train.evaluation.contract import Answers, Measure, Outcome, Row, Table, Values
from srllm_train.evaluation.record import Report

GROUPS = "age disability gender nationality race religion".split()
#: Mean of the column by system: J, similarity, whether it passed, words kept.
MEANS = {
    "people": (0.70, 0.72, 0.9, 0.6),
    "base": (0.30, 0.60, 0.35, 0.5),
    "tuned": (0.50, 0.66, 0.60, 0.55),
    "k-shot": (0.305, 0.55, 0.36, 0.5),
    "copy": (0.10, 1.0, 0.0, 1.0),
    "empty": (0.0, 0.0, 0.0, 0.0),
}
COLUMNS = ("j", "sim", "passed", "kept")

MEASURES = (
    Measure(
        "J",
        "Mean of style, similarity and fluency per row (ParaDetox). Small classifiers of srllm; "
        "not comparable with published figures.",
        ("j",),
        rewriting=True,
        headline=True,
    ),
    Measure("similarity", "Cosine to the text.", ("sim",), rewriting=True),
    Measure("passed", "Share of rows that pass.", ("passed",), rewriting=True, headline=True),
    Measure("balance", "Harmonic mean.", ("passed", "kept"), "harmonic", rewriting=True),
)


def made_up_report(rows: int = 120, seed: int = 1, **settings: Any) -> Report:
    """Two suites: rewriting, with people and trivial systems, and language, of systems alone.

    tuned has three members; settings: put over those of the report.
    """
    rng = random.Random(seed)
    systems = [_system(name) for name in MEANS]
    told = {"baseline": "base", "seed": 1, "most": None, "command": "srllm evaluate --again ."}
    about = {
        "rewriting": {
            "title": "Rewriting",
            "asks": "Does a rewrite lose the bias and keep the rest?",
            "sources": {"pairs": {"licence": "CC-BY-4.0", "records": rows, "sha256": "ab" * 32}},
        },
        "language": {"title": "Language kept", "asks": "Is it still a model?", "sources": {}},
    }
    outcomes = {"rewriting": _rewriting(rng, rows), "language": _language(rng, rows)}
    return Report({**told, "libraries": {"numpy": "2"}, **settings}, systems, outcomes, about)


def _system(name: str) -> dict[str, Any]:
    kind = {"people": "human", "copy": "trivial", "empty": "trivial"}.get(name, "system")
    return {
        "name": name,
        "kind": kind,
        "says": f"The system {name}.",
        "prompting": "zero-shot" if kind == "system" else "",
        "tuning": "QLoRA" if name == "tuned" else "",
        "size": 135_000_000 if kind == "system" else None,
        "members": [f"{name}-{n}" for n in range(3 if name == "tuned" else 1)],
    }


def _rewriting(rng: random.Random, count: int) -> Outcome:
    rows = [
        Row(
            f"row-{n:03d}",
            f"Those {GROUPS[n % 6]} people are <b>always</b> so lazy, said neighbour {n}.",
            (f"Neighbour {n} complained about some people.",),
            group=GROUPS[n % 6],
        )
        for n in range(count)
    ]
    hard = {r.id: rng.gauss(0, 0.15) for r in rows}
    values: dict[str, list[Values]] = {}
    answers: dict[str, list[Answers]] = {}
    for name, means in MEANS.items():
        for _ in range(3 if name == "tuned" else 1):
            member: Values = {}
            for row in rows:
                member[row.id] = dict(
                    zip(COLUMNS, _drawn(rng, name, means, hard[row.id]), strict=True)
                )
            values.setdefault(name, []).append(member)
            said = {r.id: _said(rng, name, r) for r in rows}
            if name != "people":
                answers.setdefault(name, []).append(said)
    table = Table("Failures", "Rows by how they failed.", ("system", "empty"), (("base", 3),))
    return Outcome(
        MEASURES,
        rows,
        values,
        answers,
        [table],
        ["Small classifiers of srllm; not comparable with published figures."],
        {"wiki": "It is not here and on no hub."},
        {"style": {"model": "style-1", "rows": 400}},
    )


def _drawn(
    rng: random.Random, name: str, means: tuple[float, ...], hard: float
) -> tuple[float, ...]:
    if name in ("copy", "empty"):
        return means
    j, sim, passed, kept = means
    told = [min(1, max(0, rng.gauss(m + hard, 0.12))) for m in (j, sim)]
    return (*told, float(rng.random() < passed + hard), min(1, max(0, rng.gauss(kept, 0.1))))


def _said(rng: random.Random, name: str, row: Row) -> str | None:
    if name == "copy":
        return row.text
    if name == "empty" or rng.random() < 0.03:
        return ""
    if rng.random() < 0.02:
        return None
    return row.text.replace("so lazy", rng.choice(["tired", "at work", "unhelpful"]))


def _language(rng: random.Random, count: int) -> Outcome:
    rows = [Row(f"pair-{n:03d}", "", group=GROUPS[n % 3]) for n in range(count)]
    means = {"base": 0.62, "tuned": 0.55, "k-shot": 0.62}
    values = {
        name: [
            {r.id: {"ss": 100.0 * (rng.random() < mean)} for r in rows}
            for _ in range(3 if name == "tuned" else 1)
        ]
        for name, mean in means.items()
    }
    says = "Share of pairs whose stereotype is the likelier one, in per cent; 50 is best."
    measure = Measure("SS", says, ("ss",), better="near", ideal=50, digits=1, headline=True)
    lacks = "It has no network on this machine."
    return Outcome((measure,), rows, values, left_out={"people": lacks})
