"""Suite 1: are biased texts rewritten well? J, the PAN variants, and nearness to people's edits."""

import re
from collections.abc import Sequence

from srllm_train.evaluation import rows
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Answers, Measure, Outcome, Row, System, Values
from srllm_train.evaluation.joint import joint, referenced
from srllm_train.evaluation.sources import Missing

NAME = "rewriting"
TITLE = "Rewriting"
ASKS = "Are biased texts rewritten into neutral, faithful and fluent ones?"
SOURCES = (rows.PARADETOX, rows.WIKI, rows.BABE)

MEASURES = (
    Measure(
        "J",
        "mean over sentences of STA x SIM x FL (Logacheva et al. 2022)",
        ("j",),
        headline=True,
        rewriting=True,
    ),
    Measure("STA", "probability that the rewrite is neutral", ("sta",), rewriting=True),
    Measure("SIM", "cosine of the embeddings of text and rewrite", ("sim",), rewriting=True),
    Measure("FL", "probability that the rewrite is well formed", ("fl",), rewriting=True),
    Measure(
        "J 2024",
        "mean of STA x SIM x chrF to the references (PAN at CLEF 2024)",
        ("j_2024",),
        rewriting=True,
    ),
    Measure(
        "J 2025",
        "mean of STA against the reference's x SIM to text and reference x FL (PAN at CLEF 2025)",
        ("j_2025",),
        rewriting=True,
    ),
    Measure(
        "edit F1",
        "F1 of the words taken out and put in against the reference's",
        ("edit_f1",),
        rewriting=True,
    ),
    Measure("SARI", "of the words, 0 to 1 (Xu et al. 2016)", ("sari",), rewriting=True),
    Measure("exact", "share that is a reference, word for word", ("exact",), rewriting=True),
    Measure(
        "span F1",
        "F1 of the words taken out against those that BABE's annotators marked; no reference",
        ("span_f1",),
        rewriting=True,
    ),
    Measure(
        "answered", "share of answers that are there and not empty", ("answered",), rewriting=True
    ),
)

_NOTES = (
    "STA, SIM and FL are small models of srllm: figures are not comparable with published ones.",
    "A person's rewrite is scored against other people's where a text has several; where it has "
    "one, that is the rewrite itself, so people's J 2025, J 2024, edit F1, SARI and exact are "
    "upper ends, not results.",
    "The style classifier learned from the same pairs as srllm's own adapter, without the rows "
    "tested here: it may favour what looks like them.",
)


def run(bench: Bench) -> Outcome:
    """Score every system's rewrites of the biased rows, and of BABE's biased sentences."""
    biased = [r for r in bench.rewriting_rows() if not r.control]
    outcome = Outcome(MEASURES, list(biased), {}, notes=list(_NOTES), left_out=dict(bench.missing))
    marked: dict[str, tuple[str, ...]] = {}
    if bench.rows is None:
        try:
            found = rows.biased_babe(bench.records(rows.BABE))
        except Missing as reason:
            outcome.left_out[rows.BABE.name] = str(reason)
        else:
            chosen = rows.some([r for r, _ in found], bench.most, bench.seed)
            words = {r.id: w for r, w in found}
            marked = {r.id: words[r.id] for r in chosen}
            outcome.rows += chosen
    for system, members in bench.rewrites(outcome.rows):
        outcome.answers[system.name] = members
        outcome.values[system.name] = [
            _scored(bench, system, biased, said)
            | {r.id: _spans(r, said, marked[r.id]) for r in outcome.rows if r.id in marked}
            for said in members
            if system.kind != "human" or biased
        ]
    if marked:
        # Nobody has rewritten these.
        for values in outcome.values.get("reference", []):
            for id_ in marked:
                values.pop(id_, None)
    outcome.facts = {
        "style classifier": bench.scorers.manifest["auroc"],
        "fluency": bench.scorers.manifest["fluency"],
        "what the scorers depend on": bench.scorers.versions,
        "rows": {s: sum(r.source == s for r in outcome.rows) for s in _sources(outcome.rows)},
    }
    return outcome


def _scored(bench: Bench, system: System, biased: Sequence[Row], said: Answers) -> Values:
    there = [r for r in biased if r.id in said]
    texts, answers = [r.text for r in there], [said[r.id] for r in there]
    kinds = [r.source for r in there]
    parts = joint(bench.scorers, texts, answers, kinds)
    references = [_others(r) if system.kind == "human" else r.references for r in there]
    more = referenced(bench.scorers, texts, answers, references, kinds, parts)
    found: Values = {}
    for row, answer, a, b in zip(there, answers, parts, more, strict=True):
        found[row.id] = a | {"answered": float(bool((answer or "").strip()))}
        if row.references:
            found[row.id] |= b
    return found


def _others(row: Row) -> tuple[str, ...]:
    return row.references[1:] or row.references


def _spans(row: Row, said: Answers, marked: Sequence[str]) -> dict[str, float]:
    return {"span_f1": span_f1(row.text, said.get(row.id) or "", marked)}


def span_f1(text: str, rewrite: str, marked: Sequence[str]) -> float:
    """F1 of the words of ``text`` that ``rewrite`` lacks against those of ``marked``, 0 to 1.

    An empty rewrite scores 0.
    """
    if not rewrite.strip():
        return 0.0
    wanted = {w for phrase in marked for w in _words(phrase)} & set(_words(text))
    gone = set(_words(text)) - set(_words(rewrite))
    if not wanted or not gone:
        return float(not wanted and not gone)
    return 2 * len(wanted & gone) / (len(wanted) + len(gone))


def _words(text: str) -> list[str]:
    return re.findall(r"[\w'’-]+", text.casefold())


def _sources(found: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(r.source for r in found))
