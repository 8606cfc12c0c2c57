"""What a report says: better, worse or no difference, on what; and which measures to distrust."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from math import inf
from typing import Any, Literal

from srllm_train.evaluation.contract import Measure, Outcome
from srllm_train.evaluation.record import Report
from srllm_train.evaluation.statistics import Difference, Estimate, Statistics, holm
from srllm_train.evaluation.words import count, interval, probability, shown

Says = Literal["better", "worse", "no difference"]

#: Corrected p from which on a difference counts as chance.
LEVEL = 0.05
#: Seeds that a trained system needs before its interval says something about training again.
SEEDS = 3


@dataclass(frozen=True)
class Verdict:
    """One test: the difference between two systems on a headline measure, and what it comes to."""

    suite: str
    measure: Measure
    difference: Difference
    says: Says

    @property
    def sentence(self) -> str:
        """The verdict in plain words, with the figures that it rests on."""
        d = self.difference
        if self.says == "no difference":
            return (
                f"No difference between {d.new} and {d.old} on {self.measure.name}: {self.figures}."
            )
        return f"{d.new} is {self.says} than {d.old} on {self.measure.name}: {self.figures}."

    @property
    def figures(self) -> str:
        """Difference, interval, corrected p and rows; where none was found, what could be."""
        d, digits = self.difference, self.measure.digits
        told = f"{shown(d.value, digits, sign=True)} {interval(d.low, d.high, digits)}"
        if self.measure.better == "near":
            told = f"distance from {self.measure.ideal:g} {told}"
        told += f", corrected p {probability(d.adjusted)}"
        if self.says != "no difference":
            return f"{told}, {count(d.rows, 'row')}"
        if d.detectable is None:
            return f"{told}; the two agree on {count(d.rows, 'row')}"
        return f"{told}; {count(d.rows, 'row')} would show {shown(d.detectable, digits)} or more"


@dataclass(frozen=True)
class Flag:
    """A measure that ranks a trivial system above people.

    certain: whether the paired difference's interval excludes 0; else the two are not told apart.
    """

    suite: str
    measure: Measure
    system: str
    difference: Difference
    certain: bool


@dataclass
class Found:
    """What one suite's values come to. estimates: by system and measure, where there are values."""

    outcome: Outcome
    statistics: Statistics
    estimates: dict[tuple[str, str], Estimate]
    verdicts: list[Verdict] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    #: Systems that are not better than one that does nothing: by measure, system minus that one.
    idle: list[tuple[Measure, Difference]] = field(default_factory=list)

    def flags_of(self, measure: Measure) -> list[Flag]:
        """The flags of one measure."""
        return [f for f in self.flags if f.measure.name == measure.name]

    def distrusted(self) -> list[tuple[Measure, str]]:
        """Flagged measures with what is wrong and what not to do; headline ones first."""
        told = [
            (m, _distrust(m, found)) for m in self.outcome.measures if (found := self.flags_of(m))
        ]
        return sorted(told, key=lambda pair: not pair[0].headline)


@dataclass
class Findings:
    """A report with all that its pages, its summary and its verdict are made of."""

    report: Report
    suites: dict[str, Found]

    @property
    def verdicts(self) -> list[Verdict]:
        """All verdicts, suite by suite."""
        return [v for found in self.suites.values() for v in found.verdicts]

    @property
    def flags(self) -> list[Flag]:
        """All flags, suite by suite."""
        return [f for found in self.suites.values() for f in found.flags]

    @property
    def distrusted(self) -> list[tuple[str, Measure, str]]:
        """Suite, measure and sentence of every flagged measure; headline ones first."""
        told = [(s, m, t) for s, found in self.suites.items() for m, t in found.distrusted()]
        return sorted(told, key=lambda found: not found[1].headline)

    @property
    def idle(self) -> list[tuple[str, str]]:
        """Suite and sentence of every system that is not better than one that does nothing."""
        return [(s, _said_idle(m, d)) for s, found in self.suites.items() for m, d in found.idle]

    @property
    def left_out(self) -> list[tuple[str, str, str]]:
        """Titles of suites, what they went on without, and why; what is equal stands together."""
        told: dict[tuple[str, str], list[str]] = {}
        for suite, found in self.suites.items():
            reasons: dict[str, list[str]] = {}
            for name, why in sorted(found.outcome.left_out.items()):
                reasons.setdefault(why, []).append(name)
            for why, names in reasons.items():
                told.setdefault(("; ".join(names), why), []).append(self.title(suite))
        return [("; ".join(titles), names, why) for (names, why), titles in told.items()]

    def plain(self) -> dict[str, Any]:
        """Figures, verdicts and flags for programs.

        figures: by suite, system and measure the value, its 95 % interval, rows and seeds. What is
        infinite, such as odds of 3 to 0, is None.
        """
        figures: dict[str, dict[str, dict[str, list[float]]]] = {}
        for suite, found in self.suites.items():
            for (system, measure), e in found.estimates.items():
                told = [*(round(v, 6) for v in (e.value, e.low, e.high)), e.rows, e.seeds]
                figures.setdefault(suite, {}).setdefault(system, {})[measure] = told
        return {
            "figures": figures,
            "verdicts": [
                {"suite": v.suite, "says": v.says}
                | {k: None if n in (inf, -inf) else n for k, n in asdict(v.difference).items()}
                for v in self.verdicts
            ],
            "distrusted": [f"{suite}: {told}" for suite, _, told in self.distrusted],
            "idle": [f"{suite}: {told}" for suite, told in self.idle],
        }

    def title(self, suite: str) -> str:
        """The title of a suite."""
        return str(self.report.about.get(suite, {}).get("title", suite))


def findings(report: Report) -> Findings:
    """Every figure, test and flag of ``report``; the same report gives the same findings."""
    seed = int(report.settings.get("seed") or 1)
    found = {}
    for name, outcome in report.outcomes.items():
        statistics = Statistics(outcome, seed)
        estimates = {
            (system, measure.name): estimate
            for system in names(report)
            for measure in outcome.measures
            if (estimate := statistics.estimate(measure, system))
        }
        suite = Found(outcome, statistics, estimates)
        suite.verdicts = _verdicts(report, name, suite)
        suite.flags = _flags(report, name, suite)
        suite.idle = _idle(report, suite)
        found[name] = suite
    return Findings(report, found)


def _distrust(measure: Measure, flags: Sequence[Flag]) -> str:
    certain, unsure = (_and([f for f in flags if f.certain is is_so]) for is_so in (True, False))
    if not certain:
        return (
            f"{measure.name} does not tell {unsure} apart from people, and puts it above them: be "
            f"careful when ranking systems by it."
        )
    told = f"{measure.name} puts {certain} above people: do not rank systems by it alone."
    return f"{told} Nor does it tell {unsure} apart from them." if unsure else told


def _and(flags: Sequence[Flag]) -> str:
    """Systems with their differences from people, as a sentence lists them."""
    told = []
    for flag in flags:
        d, digits = flag.difference, flag.measure.digits
        gap = f"{shown(d.value, digits, sign=True)} {interval(d.low, d.high, digits)}"
        told.append(f"{flag.system} ({gap})")
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def names(report: Report, *kinds: str) -> list[str]:
    """The systems' names: people first, systems as they were given, then the trivial ones."""
    wanted = kinds or ("human", "system", "trivial")
    return [s["name"] for kind in wanted for s in report.systems if s["kind"] == kind]


def seeds(system: dict[str, Any]) -> int:
    """How many members a system of a report has."""
    members = system.get("members", 1)
    return members if isinstance(members, int) else len(members)


def trained(system: dict[str, Any]) -> bool:
    """Whether a system of a report was trained, so that another seed would give another one."""
    return system["kind"] == "system" and str(system.get("tuning") or "none") != "none"


def judged(measure: Measure, difference: Difference) -> Says:
    """What a test comes to; its p is that corrected by Holm where there is one."""
    p = difference.p if difference.adjusted is None else difference.adjusted
    if difference.low <= 0 <= difference.high or p >= LEVEL:
        return "no difference"
    return "better" if goodness(measure, difference.value) > 0 else "worse"


def goodness(measure: Measure, value: float) -> float:
    """A difference with the sign that says whether it is for the better."""
    return value if measure.better == "higher" else -value


def corrected(tests: Sequence[Difference]) -> list[Difference]:
    """``tests`` as one family, with Holm's correction."""
    adjusted = holm([t.p for t in tests])
    return [replace(t, adjusted=p) for t, p in zip(tests, adjusted, strict=True)]


def _verdicts(report: Report, suite: str, found: Found) -> list[Verdict]:
    tests: list[tuple[Measure, Difference]] = []
    for measure in found.outcome.measures:
        if not measure.headline:
            continue
        for new, old in _pairs(report, found, measure):
            if difference := found.statistics.difference(measure, new, old):
                tests.append((measure, difference))
    told = corrected([d for _, d in tests])
    return [
        Verdict(suite, measure, difference, judged(measure, difference))
        for (measure, _), difference in zip(tests, told, strict=True)
    ]


def _pairs(report: Report, found: Found, measure: Measure) -> list[tuple[str, str]]:
    """Who is compared with whom: all with the baseline or the first; a single one with people."""
    systems = [s for s in names(report, "system") if (s, measure.name) in found.estimates]
    named = report.settings.get("baseline")
    if named is not None:
        if (named, measure.name) not in found.estimates:
            return []
        if others := [s for s in systems if s != named]:
            return [(s, named) for s in others]
    if len(systems) > 1:
        return [(s, systems[0]) for s in systems[1:]]
    people = [s for s in names(report, "human") if (s, measure.name) in found.estimates]
    trivial = [s for s in names(report, "trivial") if (s, measure.name) in found.estimates]
    best = sorted(trivial, key=lambda s: -_rank(measure, found.estimates[s, measure.name].value))
    old = next((s for s in [*people, *best] if s not in systems), None)
    return [(s, old) for s in systems] if old else []


def _rank(measure: Measure, value: float) -> float:
    if measure.better == "near":
        return -abs(value - measure.ideal)
    return goodness(measure, value)


def _idle(report: Report, found: Found) -> list[tuple[Measure, Difference]]:
    """Tests against the best trivial system, where people do better than it.

    Where they do not, doing nothing is what the measure asks for, as of neutral texts.
    """
    told = []
    for measure in found.outcome.measures:
        ranks = {
            s: _rank(measure, e.value) for (s, m), e in found.estimates.items() if m == measure.name
        }
        people = max((ranks[s] for s in names(report, "human") if s in ranks), default=None)
        trivial = [s for s in names(report, "trivial") if s in ranks]
        best = max(trivial, key=lambda s: ranks[s], default=None)
        if not (measure.headline and measure.rewriting) or people is None or best is None:
            continue
        if people - ranks[best] < 1e-9:
            continue
        for system in [s for s in names(report, "system") if s in ranks]:
            d = found.statistics.difference(measure, system, best)
            if d and (d.low <= 0 <= d.high or goodness(measure, d.value) < 0):
                told.append((measure, d))
    return told


def _said_idle(measure: Measure, d: Difference) -> str:
    gap = f"{shown(d.value, measure.digits, sign=True)} {interval(d.low, d.high, measure.digits)}"
    how = "is not told apart from" if d.low <= 0 <= d.high else "is worse than"
    return f"On {measure.name}, {d.new} {how} {d.old}: {gap}."


def _flags(report: Report, suite: str, found: Found) -> list[Flag]:
    flags = []
    for measure in found.outcome.measures:
        if not measure.rewriting:
            continue
        for person in names(report, "human"):
            for system in names(report, "trivial"):
                difference = found.statistics.difference(measure, system, person)
                # Rounding in the sum of a thousand equal values is no rank.
                if difference is None or goodness(measure, difference.value) < 1e-9:
                    continue
                certain = not difference.low <= 0 <= difference.high
                flags.append(Flag(suite, measure, system, difference, certain))
    return flags
