"""The rows that a curator can decide about, and what is already decided about them."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from srllm_data.decisions import Decision, DecisionLog, seen
from srllm_data.explain import held_rows
from srllm_data.labellers.select import groups_of
from srllm_data.workspace import Workspace, digest

State = Literal["waiting", "decided", "built"]
STATES: tuple[State, ...] = ("waiting", "decided", "built")


@dataclass(frozen=True)
class Row:
    """One row that a curator was asked about.

    values: its columns after the stage validate. gates: names of those that its reasons come from.
    state: waiting; decided, but not in a build yet; or built. outdated: the newest decision is
    about another rewrite and no longer applies.
    """

    values: dict[str, Any]
    gates: list[str]
    decision: Decision | None
    outdated: bool
    state: State

    @property
    def id(self) -> str:
        return str(self.values["id"])

    @property
    def shown(self) -> str:
        """Digest of what a curator judges: the row and what was decided before."""
        v = self.values
        return digest([v["text"], v["rewrite"], self.decision and self.decision.__dict__])


class Selection(BaseModel):
    """Which rows to go through; an empty value selects all.

    page: of the list.
    """

    reason: str = ""
    source: str = ""
    group: str = ""
    state: Literal["", State] = ""
    page: int = Field(1, ge=1)

    def of(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that are selected, in their order."""
        wanted = [(values, getattr(self, name)) for name, values in _FACETS.items()]
        return [r for r in rows if all(not w or w in values(r) for values, w in wanted)]

    def query(self, **other: str | int) -> str:
        """The query of an address that keeps this selection, changed by ``other``."""
        named = {name: getattr(self, name) for name in _FACETS} | other
        told = urlencode({name: value for name, value in named.items() if value})
        return f"?{told}" if told else ""

    def counts(self, rows: Sequence[Row]) -> dict[str, list[tuple[str, int]]]:
        """For each way to select: its values with the rows that choosing one would give."""
        found = {}
        for name, values in _FACETS.items():
            others = self.model_copy(update={name: ""}).of(rows)
            counts = Counter(value for row in others for value in values(row))
            chosen = getattr(self, name)
            counts.update({chosen: 0} if chosen else {})
            found[name] = counts.most_common()
        found["state"].sort(key=lambda counted: STATES.index(counted[0]))
        return found


_FACETS: dict[str, Callable[[Row], list[str]]] = {
    "state": lambda row: [row.state],
    "reason": lambda row: row.gates,
    "source": lambda row: [row.values["source"]],
    "group": lambda row: groups_of(row.values),
}


class Rows:
    """What the newest run of a workspace held, read again after each run."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.log = DecisionLog(workspace.decisions)
        self._run = ""
        self._asked: list[tuple[dict[str, Any], list[str]]] = []
        self._applied: dict[str, dict[str, Any]] = {}

    def read(self) -> tuple[dict[str, Any], list[Row]]:
        """The record of the newest run, and the rows: held ones first, by what they teach.

        StoreError where no run reached the stage review or the log was altered.
        """
        run = self.workspace.last_run()
        if run["run"] != self._run:
            keys = {stage: made["key"] for stage, made in run["stages"].items()}
            held = [row["id"] for row in held_rows(self.workspace, keys)]
            applied = self._read_applied(keys)
            asked = self._read_asked(keys, [*held, *sorted(applied.keys() - set(held))])
            self._asked = [(row, [gate_of(reason) for reason in row["reasons"]]) for row in asked]
            self._applied = applied
            self._run = run["run"]
        decisions = self.log.current()
        return run, [self._row(*asked, decisions.get(asked[0]["id"])) for asked in self._asked]

    def _row(self, values: dict[str, Any], gates: list[str], decision: Decision | None) -> Row:
        if decision is None:
            return Row(values, gates, None, False, "waiting")
        if decision.seen != seen(decision.action, values["text"], values["rewrite"]):
            return Row(values, gates, decision, True, "waiting")
        applied = self._applied.get(values["id"])
        built = applied is not None and all(getattr(decision, k) == v for k, v in applied.items())
        return Row(values, gates, decision, False, "built" if built else "decided")

    def _read_applied(self, keys: dict[str, str]) -> dict[str, dict[str, Any]]:
        """What the run knows of the decisions that it applied, by row."""
        import pyarrow.compute as pc

        kept = self.workspace.kept("review", keys["review"])
        names = ["id", "decision", "rewrite", "reviewer", "review_note"]
        found: dict[str, dict[str, Any]] = {}
        for row in kept.select(names).filter(pc.is_valid(kept["decision"])).to_pylist():
            found[row["id"]] = {
                "action": row["decision"],
                "rewrite": row["rewrite"] if row["decision"] == "edit" else None,
                "reviewer": row["reviewer"],
                "note": row["review_note"],
            }
        dropped = self.workspace.dropped("review", keys["review"])
        for row in dropped.filter(pc.equal(dropped["reason"], "curator")).to_pylist():
            found[row["id"]] = {"action": "reject", "note": row["detail"]}
        return found

    def _read_asked(self, keys: dict[str, str], ids: list[str]) -> list[dict[str, Any]]:
        import pyarrow as pa
        import pyarrow.compute as pc

        table = self.workspace.kept("validate", keys["validate"])
        wanted = table.filter(pc.is_in(table["id"], pa.array(ids, pa.string())))
        rows = {row["id"]: row for row in wanted.to_pylist()}
        return [rows[row_id] for row_id in ids]


def gate_of(reason: str) -> str:
    """The name of the gate that gave ``reason``; "other" for one that this version lacks."""
    return next((name for name, form in _forms() if form.fullmatch(reason)), "other")


@cache
def _forms() -> list[tuple[str, re.Pattern[str]]]:
    """For each gate, what its reasons look like: any figures, and a singular after a 1."""
    from srllm_data.validate.gates import CONTROL_GATES, GATES

    field = r"\\\{[^}]+\\\}"
    forms = []
    for gate in (*GATES, *CONTROL_GATES):
        form = re.escape(gate.says).replace(r"\ ", " ")
        form = re.sub(rf"({field}) (\w+)s\b", r"\1 \2s?", form)
        forms.append((gate.name, re.compile(re.sub(field, r"\\S+(?: %)?", form))))
    return forms
