"""Whether a model still knows its language, and what it prefers to say about groups."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from srllm_train.evaluation import crows, harness, neutral_text, stereoset
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Measure, Member, Outcome, Row, System, Table, Values
from srllm_train.evaluation.sources import Missing, Record

NAME = "language"
TITLE = "Language understanding kept"
ASKS = "Does the network still tell sense from nonsense, and does it prefer stereotypes?"
SOURCES = (*stereoset.SOURCES, crows.SOURCE, *neutral_text.SOURCES)

#: Target terms of StereoSet for each row that may be read; one has about 160 sentences.
_TERMS = 0.1
#: ... and at least so many: of fewer no interval can be drawn that is worth its name.
_LEAST_TERMS = 10


def _stereoset(prefix: str, of: str) -> Iterator[Measure]:
    of = f"{of}, percent, mean over target terms (Nadeem et al. 2021)."
    lms, ss = f"{prefix}lms", f"{prefix}ss"
    yield Measure(
        f"{prefix}icat",
        f"LMS x min(SS, 100 - SS) / 50 of {of} 100 is best, 50 what dice get.",
        (lms, ss),
        "icat",
        digits=1,
        headline=not prefix,
    )
    yield Measure(lms, f"How often sense is likelier than nonsense in {of}", (lms,), digits=1)
    yield Measure(
        ss,
        f"How often the stereotype is likelier than its opposite in {of}",
        (ss,),
        better="near",
        ideal=50.0,
        digits=1,
    )


def _crows(column: str, of: str) -> Measure:
    says = f"How often the more stereotypical sentence of {of} is likelier, percent (Nangia 2020)."
    return Measure(column, says, (column,), better="near", ideal=50.0, digits=1)


MEASURES = (
    *_stereoset("", "StereoSet's intra- and intersentence examples"),
    Measure(
        "perplexity",
        "Of neutral texts, exp(nats / tokens) over all of them; compare models with the same "
        "tokens alone.",
        ("nats", "tokens"),
        "perplexity",
        better="lower",
        digits=2,
        headline=True,
    ),
    Measure(
        "bits_per_byte",
        "Of neutral texts; may be compared across tokenizers.",
        ("bits", "bytes"),
        "ratio",
        better="lower",
    ),
    *_stereoset("intra_", "StereoSet's intrasentence examples"),
    *_stereoset("inter_", "StereoSet's intersentence examples"),
    _crows("crows", "all CrowS-Pairs"),
    _crows("crows_stereo", "CrowS-Pairs whose first sentence states a stereotype"),
    _crows("crows_antistereo", "CrowS-Pairs whose first sentence goes against a stereotype"),
)

NOTES = (
    "Only systems with a network on this machine take part; people and trivial systems have none.",
    "Intersentence and overall figures of StereoSet are likelihoods of the second sentence after "
    "the first; its authors trained another head for these, so theirs are not comparable.",
    "Published figures are of all of CrowS-Pairs; a local copy may be a part of it.",
)


def run(bench: Bench) -> Outcome:
    """StereoSet, CrowS-Pairs, perplexity and the named tasks, of every network.

    No answer can fail here; an empty sentence of a benchmark is less likely than any other.
    """
    outcome = Outcome(MEASURES, [], {}, notes=list(NOTES))
    outcome.left_out |= bench.without_network()
    systems = list(bench.networks())
    for system, members in systems:
        outcome.values[system.name] = [{} for _ in members]
    if not systems:
        outcome.left_out["all sources"] = "No system has a network on this machine; name one."
        return outcome
    _add_stereoset(bench, systems, outcome)
    _add_crows(bench, systems, outcome)
    _add_neutral_text(bench, systems, outcome)
    for task in bench.lm_eval:
        _add_task(bench, task, systems, outcome)
    return outcome


Systems = Sequence[tuple[System, list[Member]]]


def _records(bench: Bench, outcome: Outcome, source: Any) -> list[Record]:
    try:
        return bench.records(source)
    except Missing as missing:
        outcome.left_out[source.name] = str(missing)
        return []


def _add_stereoset(bench: Bench, systems: Systems, outcome: Outcome) -> None:
    records = [
        record
        for source, task in zip(stereoset.SOURCES, stereoset.TASKS, strict=True)
        for record in _records(bench, outcome, source)
        if record["task"] == task
    ]
    if not records:
        return
    every = {stereoset.term(r): r for r in records}
    share = _TERMS if bench.most is None else max(_TERMS, _LEAST_TERMS / bench.most)
    terms = dict.fromkeys(bench.sample(sorted(every), str, share))
    if len(terms) < len(every):
        outcome.notes.append(
            f"StereoSet's figures are of {len(terms)} of its {len(every)} target terms, all "
            f"examples of each; intervals over so few terms are somewhat too narrow."
        )
    chosen = [r for r in records if stereoset.term(r) in terms]
    outcome.rows += [
        Row(name, "", source="StereoSet", group=every[name]["bias_type"]) for name in terms
    ]
    outcome.facts["StereoSet"] = {"terms": len(terms), "of": len(every), "examples": len(chosen)}

    def values(system: System, member: Member) -> Values:
        scores = stereoset.scored(bench, system, member, chosen)
        read = [r for r in chosen if member.causal or r["task"] == stereoset.INTRA]
        return stereoset.values(read, scores)

    _add(systems, outcome, values)
    for system, members in systems:
        if not all(member.causal for member in members):
            outcome.left_out[f"{system.name}, StereoSet intersentence"] = (
                "It fills masks and has no head that tells whether one sentence follows another."
            )


def _add_crows(bench: Bench, systems: Systems, outcome: Outcome) -> None:
    pairs = bench.sample(_records(bench, outcome, crows.SOURCE), lambda r: str(r["id"]))
    if not pairs:
        return
    outcome.rows += [Row(r["id"], "", source="CrowS-Pairs", group=r["bias_type"]) for r in pairs]
    _add(
        systems,
        outcome,
        lambda system, member: crows.values(pairs, crows.scored(bench, system, member, pairs)),
    )
    equal = [
        (system.name, len(pairs), n, sum(v.get("crows_neutral", 0.0) > 0 for v in member.values()))
        for system, _ in systems
        for n, member in enumerate(outcome.values[system.name], 1)
    ]
    outcome.tables.append(
        Table(
            "CrowS-Pairs that are equally likely",
            "To three digits; they are not stereotypical in crows, and in neither other score.",
            ("system", "pairs", "seed", "equally likely"),
            tuple(equal),
        )
    )


def _add_neutral_text(bench: Bench, systems: Systems, outcome: Outcome) -> None:
    rows = neutral_text.rows(bench, outcome.left_out)
    causal = [(s, members) for s, members in systems if all(m.causal for m in members)]
    for system, members in systems:
        if (system, members) not in causal:
            outcome.left_out[f"{system.name}, perplexity"] = (
                "It fills masks, so it gives no text as a whole a likelihood."
            )
    outcome.rows += rows
    _add(
        causal,
        outcome,
        lambda system, member: neutral_text.values(bench, system, member, rows),
    )


def _add_task(bench: Bench, task: str, systems: Systems, outcome: Outcome) -> None:
    """A task of lm-evaluation-harness; where it fails for one system, it says why and goes on."""
    name = harness.label(task)
    rows: dict[str, Row] = {}
    measures: dict[str, Measure] = {}
    figures: list[tuple[str | float | int | None, ...]] = []
    for system, members in systems:
        if not all(m.causal for m in members):
            outcome.left_out[f"{system.name}, {name}"] = (
                "It fills masks; tasks need the other kind."
            )
            continue
        try:
            found = [harness.tried(bench, member, task) for member in members]
        except harness.CannotRun as error:
            outcome.left_out[f"{system.name}, {name}"] = str(error)
            continue
        for n, (about, values) in enumerate(zip(found, outcome.values[system.name], strict=True)):
            own, said = harness.rows_and_values(task, about)
            rows |= {row.id: row for row in own}
            values.update(said)
            measures |= {m.name: m for m in harness.measures(task, about)}
            figures += [
                (system.name, n + 1, part, len(one["documents"]), metric, figure)
                for part, one in about.items()
                for metric, figure in sorted(one["figures"].items())
            ]
    if not figures:
        return
    outcome.rows += rows.values()
    outcome.measures += tuple(measures.values())
    outcome.tables.append(
        Table(
            f"{name} as lm-evaluation-harness puts it",
            "Each task and metric with the package's own aggregate.",
            ("system", "seed", "task", "documents", "metric", "figure"),
            tuple(figures),
        )
    )


def _add(systems: Systems, outcome: Outcome, values: Callable[[System, Member], Values]) -> None:
    for system, members in systems:
        for found, member in zip(outcome.values[system.name], members, strict=True):
            found.update(values(system, member))
