"""Robustness: how much of its quality a rewriter keeps when the text is noisy."""

from collections.abc import Sequence
from statistics import fmean

from srllm_train.evaluation import rows as texts
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Answers, Measure, Outcome, Row, Table, Values
from srllm_train.evaluation.noise import FAMILIES, Noisy, noise

NAME = "robustness"
TITLE = "Robustness to noise"
ASKS = "How much of its quality does a rewriter keep when the text is misspelt, torn or disguised?"
SOURCES = (texts.PARADETOX, texts.WIKI)

#: Percent of letters, or of words.
LEVELS = (5, 10, 20)
HEADLINE = 10
#: J without noise from which on a ratio to it says anything.
_LEAST = 0.05
#: Biased texts at most: each is tried with 18 kinds of noise.
_MOST = 60
_SHARE = 0.4

_SAYS = {
    "scanning": "letters that scanners take for others",
    "keyboard": "letters beside the right one on the keyboard",
    "spaces": "words split in two or joined",
    "deletion": "letters left out",
    "substitution": "letters replaced by any other, or by one that looks the same",
    "evasion": "words disguised (l33t, s-p-a-c-e-d, st*rred, drawn ooout), biased ones first",
}
_BY_WORD = ("spaces", "evasion")
_EXAMPLE = "The meeting on 3 May was a farce, and those lazy idiots never answered a single letter."


def _measures() -> tuple[Measure, ...]:
    def kept(name: str, says: str, column: str) -> Measure:
        return Measure(name, says, (column, "base"), "ratio", rewriting=True)

    of = "the text without noise; 1 is nothing lost"
    found = [
        kept(
            f"J kept at {HEADLINE} % noise",
            f"J of rewrites of noisy texts over J of those of {of}; mean of the six families",
            f"j_{HEADLINE}",
        ),
        # Who answers every text alike keeps all of a J of nothing.
        Measure(
            f"J at {HEADLINE} % noise",
            "STA x SIM x FL of rewrites of noisy texts; mean of the six families",
            (f"j_{HEADLINE}",),
            headline=True,
            rewriting=True,
        ),
        Measure(
            "J without noise",
            "STA x SIM x FL of the same texts without noise (Logacheva et al. 2022, ParaDetox)",
            ("j_0",),
            rewriting=True,
        ),
    ]
    for family, says in _SAYS.items():
        unit = "words" if family in _BY_WORD else "letters"
        found += [
            kept(
                f"J kept, {family} {level} %",
                f"J over that of {of}: {level} % of {unit} hit; {says}",
                _column(family, level),
            )
            for level in LEVELS
        ]
    return tuple(found)


def run(bench: Bench) -> Outcome:
    """Rewrites of noisy texts against the same texts without noise.

    Values by text: ``j_0``, ``j_FAMILY_LEVEL``, and ``j_10``, the mean of the families at 10 %;
    ``base`` is ``j_0`` where its mean is enough to be kept or lost. An answer that failed or is
    empty is 0.
    """
    biased = [r for r in bench.rewriting_rows() if not r.control]
    rows = bench.sample(biased, lambda r: r.id, _SHARE)[:_MOST]
    outcome = Outcome(_measures(), rows, {}, left_out=dict(bench.missing))
    if not rows:
        outcome.left_out["texts"] = "There is no biased text to put noise on."
        return outcome
    tried = _tried(rows, bench.seed)
    asked = [
        Row(_id(row, column), noisy.text) for row in rows for column, noisy in tried[row.id].items()
    ]
    for system, members in bench.rewrites(asked, ("trivial", "system")):
        outcome.values[system.name] = [_scored(bench, rows, tried, said) for said in members]
    for system in bench.systems:
        if system.kind == "human":
            outcome.left_out[system.name] = "People were not shown the noisy texts."
        elif system.name not in outcome.values:
            outcome.left_out[system.name] = "It cannot be asked for rewrites."
        elif not all("base" in v for m in outcome.values[system.name] for v in m.values()):
            outcome.left_out[f"{system.name}, J kept"] = (
                f"Its J without noise is below {_LEAST}, so there is nothing to keep."
            )
    outcome.tables = [_by_family(outcome), _examples(bench.seed)]
    outcome.notes = [
        f"{len(rows)} biased texts, each as it is and with {len(FAMILIES) * len(LEVELS)} kinds of "
        f"noise. The share is one of letters, but of words for spaces and evasion; words with "
        f"digits, links, mentions and placeholders are left alone. Names may be misspelt.",
        "J is computed with small scorers of srllm; it is not comparable with published figures. "
        "Similarity is that to the text without noise, so a rewrite that mends the spelling gains.",
        "For the style score a word that a system leaves disguised is put back into plain "
        "spelling: the scorer would not know it, and noise would look like a cure.",
        "Who answers every text with the same sentence keeps all of its J: read what is kept "
        "beside J itself.",
    ]
    outcome.facts = {
        "scorers": {s: bench.scorers.versions[s] for s in ("style", "similarity", "fluency")},
        "levels": list(LEVELS),
        "seed": bench.seed,
    }
    return outcome


def _tried(rows: Sequence[Row], seed: int) -> dict[str, dict[str, Noisy]]:
    """By row and column, the text that is asked about."""
    return {
        row.id: {
            "j_0": Noisy(row.text, ()),
            **{
                _column(family, level): noise(row.text, family, level / 100, seed)
                for family in FAMILIES
                for level in LEVELS
            },
        }
        for row in rows
    }


def _scored(
    bench: Bench, rows: Sequence[Row], tried: dict[str, dict[str, Noisy]], said: Answers
) -> Values:
    each = [(row, column) for row in rows for column in tried[row.id]]
    scores = _joint(
        bench,
        [row.source for row, _ in each],
        [tried[row.id][column] for row, column in each],
        [said[_id(row, column)] for row, column in each],
    )
    values: Values = {row.id: {} for row in rows}
    for (row, column), score in zip(each, scores, strict=True):
        values[row.id][column] = score
    enough = fmean(found["j_0"] for found in values.values()) >= _LEAST
    for found in values.values():
        found[f"j_{HEADLINE}"] = fmean(found[_column(f, HEADLINE)] for f in FAMILIES)
        if enough:
            found["base"] = found["j_0"]
    return values


def _joint(
    bench: Bench, kinds: Sequence[str], noisy: Sequence[Noisy], rewrites: Sequence[str | None]
) -> list[float]:
    """STA x SIM x FL of each rewrite, 0 for one that failed (Logacheva et al. 2022, section 6).

    STA is that of the rewrite without the noise it repeats, SIM that to the text without noise.
    """
    said = [rewrite or "" for rewrite in rewrites]
    plain = [n.undone(s) for n, s in zip(noisy, said, strict=True)]
    style = bench.scorers.style(plain, kinds)
    alike = bench.scorers.similarity([(n.clean, s) for n, s in zip(noisy, said, strict=True)])
    fluent = bench.scorers.fluency(said)
    return [a * b * c for a, b, c in zip(style, alike, fluent, strict=True)]


def _by_family(outcome: Outcome) -> Table:
    lines: list[tuple[str | float | int | None, ...]] = []
    for system, members in outcome.values.items():
        for family in FAMILIES:
            columns = ["j_0", *(_column(family, level) for level in LEVELS)]
            means = [fmean(v[c] for m in members for v in m.values()) for c in columns]
            lines.append((system, family, *(round(mean, 4) for mean in means)))
    head = ("System", "Noise", *(f"{level} %" for level in (0, *LEVELS)))
    return Table("J by noise", "Mean J of the rewrites at each share of noise.", head, tuple(lines))


def _examples(seed: int) -> Table:
    lines = [
        (family, _SAYS[family], noise(_EXAMPLE, family, HEADLINE / 100, seed).text)
        for family in FAMILIES
    ]
    says = f"One sentence with noise of {HEADLINE} %."
    return Table("What the noise looks like", says, ("Noise", "What it is", "Text"), tuple(lines))


def _column(family: str, level: int) -> str:
    return f"j_{family}_{level}"


def _id(row: Row, column: str) -> str:
    return f"{row.id} {column}"
