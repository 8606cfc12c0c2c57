"""The judge metrics of the SR-LLM paper, with guards, and commercial scorers where configured.

The paper's metrics are those of DeepEval, which give an empty answer the best value of each. Here
an answer that says nothing has the worst value of each, and no judge sees it.
"""

from srllm_data.errors import ProviderError
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Answers, Measure, Outcome, Row, Table
from srllm_train.evaluation.judging import Case, Found
from srllm_train.evaluation.judging import local as on_this_machine
from srllm_train.evaluation.judging.chat import COLUMNS, REQUESTS, judged
from srllm_train.evaluation.judging.commercial import measures, scored, scorers
from srllm_train.evaluation.judging.trust import known
from srllm_train.evaluation.rows import PARADETOX, WIKI
from srllm_train.evaluation.sources import Source, ordered

NAME = "judge"
TITLE = "Judge metrics of the paper"
ASKS = (
    "Do rewrites keep what the texts say and lose their bias, in the eyes of a chat model and of "
    "commercial scorers, and can these be trusted?"
)
SOURCES: tuple[Source, ...] = (PARADETOX, WIKI)

#: Biased rows at most, of all sources together: asking about them may cost money.
MOST = 100

_FIVE = (
    ("knowledge retention", "share of the text's claims that the rewrite keeps"),
    ("faithfulness", "share of the rewrite's claims that the text supports"),
    ("answer relevancy", "whether it is a rewrite of that text at all: 1, 0.5 or 0"),
    ("unbiased", "1 - share of the rewrite's opinions that are biased"),
    ("not toxic", "1 - share of the rewrite's opinions that are toxic"),
)
_FIVE_LOCAL = (
    ("knowledge retention", "share of the content words outside biased spans that are kept"),
    ("faithfulness", "share of the rewrite's content words from the text; 0 if turned round"),
    ("answer relevancy", "similarity to the text (cosine of embeddings)"),
    ("unbiased", "1 - bias by srllm's classifiers and lexicon"),
    ("not toxic", "1 - toxicity by srllm's classifiers and lexicon"),
)
_LOCAL = (
    *(
        Measure(f"{name} (local)", f"{says}, 0 to 1.", (column,), rewriting=True)
        for (name, says), column in zip(_FIVE_LOCAL, on_this_machine.COLUMNS, strict=False)
    ),
    Measure(
        "all five (local)",
        "Product of the five for each row.",
        (on_this_machine.COLUMNS[-1],),
        rewriting=True,
    ),
)
_JUDGE = (
    *(
        Measure(f"{name} (judge)", f"{says}, by the judge, 0 to 1.", (column,), rewriting=True)
        for (name, says), column in zip(_FIVE, COLUMNS, strict=False)
    ),
    Measure(
        "all five (judge)",
        "Product of the five for each row.",
        (COLUMNS[-1],),
        rewriting=True,
        headline=True,
    ),
    Measure(
        "preferred to the reference (judge)",
        "1 if better than the person's rewrite, 0 if worse, 0.5 if neither; asked in both orders, "
        "only where both agree.",
        ("preferred",),
        rewriting=True,
    ),
    Measure(
        "turns with the order (judge)",
        "Share of comparisons that the judge decides otherwise when the rewrites change places: a "
        "fault of the judge, not of the system.",
        ("inconsistent",),
        better="lower",
    ),
)


def estimate(bench: Bench) -> int:
    """The most requests that judge and scorers need; nothing is asked.

    Answers in the request ledger and texts that occur twice need none, and a malformed answer one
    more.
    """
    rows = _rows(bench)
    with_reference = sum(bool(row.references) for row in rows)
    answers = compared = 0
    for system in bench.systems:
        if system.kind == "human":
            answers += with_reference
        elif all(member.rewrite for member in system.members):
            answers += len(rows) * len(system.members)
            compared += with_reference * len(system.members)
    judge = 0
    if bench.config.validate_.judge:
        judge = len(known(bench)) + (REQUESTS - 2) * answers + 2 * compared
    return judge + len(scorers(bench)) * (len(rows) + answers)


def run(bench: Bench) -> Outcome:
    """Values of every system that rewrites: local ones always, others as configured."""
    rows = _rows(bench)
    answers = {system.name: said for system, said in bench.rewrites(rows)} if rows else {}
    outcome = Outcome(_LOCAL, rows, {}, answers)
    outcome.left_out = dict(bench.missing) | {
        system.name: "It cannot be asked for rewrites of these rows."
        for system in bench.systems
        if system.name not in answers
    }
    if not rows:
        outcome.left_out[NAME] = "There is no biased row; name a file of rows that has some."
        return outcome
    each = [case for members in answers.values() for m in members for case in _given(rows, m)]
    cases = list(dict.fromkeys(each))
    values, nothing = on_this_machine.local(bench, cases)
    outcome.notes = [
        "An answer that says nothing (empty, failed, a filler or a refusal) has 0 in every metric "
        "and is not shown to the judge.",
        "What is called (local) comes from small classifiers and word overlap of srllm; it is not "
        "comparable with a judge's or published figures.",
        "A copy has the best knowledge retention and faithfulness by definition, so none of the "
        "five tells a good rewrite by itself; their product does not see broken grammar, so the "
        "local one likes words that are merely deleted.",
    ]
    found = _asked(bench, outcome, cases, nothing)
    for name, one in found.items():
        outcome.tables += one.tables
        outcome.notes = [*one.notes, *outcome.notes]
        outcome.facts[name] = one.facts
        for case, columns in one.values.items():
            values[case] |= columns
    outcome.values = {
        system: [
            {row.id: dict(values[row, answer]) for row, answer in _given(rows, member)}
            for member in members
        ]
        for system, members in answers.items()
    }
    outcome.tables.append(_silent(rows, answers, nothing))
    return outcome


def _rows(bench: Bench) -> list[Row]:
    # No labeller takes a text without a letter.
    usable = [r for r in bench.rewriting_rows() if not r.control and any(map(str.isalnum, r.text))]
    return ordered(usable, lambda r: r.id, bench.seed)[: min(MOST, bench.most or MOST)]


def _given(rows: list[Row], member: Answers) -> list[Case]:
    """The rows that ``member`` was asked about, with its answers; people are not asked."""
    return [(row, member[row.id] or "") for row in rows if row.id in member]


def _asked(
    bench: Bench, outcome: Outcome, cases: list[Case], nothing: set[Case]
) -> dict[str, Found]:
    """What endpoints say by their name; why one says nothing is put into ``outcome``."""
    found: dict[str, Found] = {}
    judge = bench.config.validate_.judge
    if judge is None:
        outcome.left_out["judge"] = (
            "No chat model is set as judge, so only the local metrics are here; set "
            "validate.judge.model and validate.judge.base_url to ask one."
        )
    else:
        try:
            found["judge"] = judged(bench, judge, cases, nothing)
            outcome.measures = (*_JUDGE, *outcome.measures)
        except ProviderError as error:
            outcome.left_out["judge"] = str(error)
        if any(judge.model in f"{s.name} {s.says}" for s in bench.systems):
            outcome.notes.append("The judge is one of the systems; models prefer their own words.")
    for rater in scorers(bench):
        try:
            found[f"scorer {rater.name}"] = scored(bench, rater, cases, nothing)
            outcome.measures = (*outcome.measures, *measures(rater))
        except ProviderError as error:
            outcome.left_out[f"scorer {rater.name}"] = str(error)
    if not scorers(bench):
        outcome.left_out["commercial scorers"] = (
            "None is set; add one of kind moderation or perspective to label.raters to ask it."
        )
    return found


def _silent(rows: list[Row], answers: dict[str, list[Answers]], nothing: set[Case]) -> Table:
    return Table(
        "Answers that say nothing",
        "Empty or failed answers, fillers and refusals, over all members of a system; they have 0.",
        ("system", "answers", "say nothing"),
        tuple(
            (
                system,
                sum(len(_given(rows, m)) for m in members),
                sum(case in nothing for m in members for case in _given(rows, m)),
            )
            for system, members in answers.items()
        ),
    )
