"""What a suite is given, what it returns, and the words for both.

A suite is a module with NAME, TITLE, ASKS (what it finds out, in one sentence), SOURCES and
``run(bench) -> Outcome``. Everything that is measured is a value of a row; what a table shows is an
aggregate of such values, so that every figure has an interval and can be computed again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from srllm_train.evaluation.network import Network

#: Values by row id and column. A row without a column says nothing about it.
Values = dict[str, dict[str, float]]
#: An answer by row id; None where a system failed to give one.
Answers = dict[str, str | None]
#: human: a person's rewrites. trivial: needs no understanding of a text. system: what is evaluated.
Kind = Literal["human", "trivial", "system"]


@dataclass(frozen=True)
class Row:
    """One text that systems are tried on, or one unit that is scored, such as a pair of sentences.

    references: people's rewrites. control: whether the text is to come back unchanged. group: what
    a plot by group tells apart. cluster: rows that are drawn together by the bootstrap, such as
    those of one template; the row alone if empty.
    """

    id: str
    text: str
    references: tuple[str, ...] = ()
    control: bool = False
    source: str = ""
    group: str = ""
    cluster: str = ""


@dataclass(frozen=True)
class Measure:
    """A figure of a suite: an aggregate of the columns' means over rows.

    says: what it is, its unit and source. aggregate: a name in ``statistics.AGGREGATES``. better:
    higher, lower, or near, where ``ideal`` is best. rewriting: whether it is about rewrites, so
    that trivial systems and people have it too. headline: shown in the first table and tested.
    """

    name: str
    says: str
    columns: tuple[str, ...]
    aggregate: str = "mean"
    better: Literal["higher", "lower", "near"] = "higher"
    ideal: float = 0.0
    digits: int = 3
    rewriting: bool = False
    headline: bool = False


@dataclass(frozen=True)
class Table:
    """A table of a suite's page, beside that of its measures."""

    title: str
    says: str
    head: tuple[str, ...]
    rows: tuple[tuple[str | float | int | None, ...], ...]


@dataclass
class Outcome:
    """What a suite found.

    values: by system's name one ``Values`` for each of its members. answers: likewise, where a
    reader wants to see them. left_out: why systems or sources are missing, by name. facts: what the
    figures depend on, such as scorers and their versions.
    """

    measures: tuple[Measure, ...]
    rows: list[Row]
    values: dict[str, list[Values]]
    answers: dict[str, list[Answers]] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Member:
    """One set of weights of a system; a system that was trained with several seeds has several.

    digest: names all that its rewrites depend on. weights: names the network alone, which several
    systems may share; the digest if empty. rewrite: asks for rewrites of texts, None for one
    that failed; None where it cannot be asked, as of a person or a masked language model. network:
    loads the network on this machine; None where there is none. causal: whether that network reads
    from left to right; else it fills masks.
    """

    digest: str
    rewrite: Callable[[Sequence[str]], list[str | None]] | None = None
    network: Callable[[], Network] | None = None
    causal: bool = True
    weights: str = ""

    @property
    def read_by(self) -> str:
        """What names its network."""
        return self.weights or self.digest


@dataclass(frozen=True)
class System:
    """What is evaluated. prompting, tuning and size (parameters) place it in the matrix."""

    name: str
    kind: Kind
    says: str
    members: tuple[Member, ...]
    prompting: str = ""
    tuning: str = ""
    size: int | None = None
