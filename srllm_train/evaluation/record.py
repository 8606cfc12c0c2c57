"""A report on disk: ``report.json`` with every value by row, and the texts beside it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from srllm_data.errors import StoreError
from srllm_data.workspace import digest, write_atomically
from srllm_train.evaluation.contract import Answers, Measure, Outcome, Row, Table, Values

FILE, TEXTS = "report.json", "texts.jsonl"


@dataclass
class Report:
    """Systems (name, kind, says, prompting, tuning, size, members), settings and outcomes by suite.

    about: by suite its title, what it asks, and the sources that it read.
    """

    settings: dict[str, Any]
    systems: list[dict[str, Any]]
    outcomes: dict[str, Outcome]
    about: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that was measured."""
        return digest(_plain(self))

    def kind(self, system: str) -> str:
        """Whether ``system`` is human, trivial or a system."""
        return next(str(s["kind"]) for s in self.systems if s["name"] == system)


def save(report: Report, folder: Path) -> None:
    """Write the report to ``folder``: figures without any text, and the texts."""
    texts = []
    for suite, outcome in report.outcomes.items():
        for at, row in enumerate(outcome.rows):
            said = {
                system: [member.get(row.id) for member in members]
                for system, members in outcome.answers.items()
            }
            if row.text or said:
                line = {"suite": suite, "row": at, "text": row.text, "references": row.references}
                texts.append(json.dumps({**line, "answers": said}, ensure_ascii=False) + "\n")
    write_atomically(folder / TEXTS, "".join(texts).encode())
    plain = {**_plain(report), "digest": report.digest}
    write_atomically(folder / FILE, (json.dumps(plain, ensure_ascii=False) + "\n").encode())


def load(path: Path) -> Report:
    """The report in ``path``, a report.json or its folder; StoreError where it is no whole one."""
    path = path / FILE if path.is_dir() else path
    try:
        plain = json.loads(path.read_bytes())
        report = Report(
            plain["settings"],
            plain["systems"],
            {suite: _outcome(found) for suite, found in plain["outcomes"].items()},
            plain["about"],
        )
        beside = path.with_name(TEXTS)
        if beside.is_file():
            _add_texts(report, beside)
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        raise StoreError(
            f"{path} is no whole report; name the folder or the {FILE} of one that 'srllm "
            f"evaluate' wrote."
        ) from None
    if plain.get("digest") != report.digest:
        raise StoreError(f"{path} was changed since it was written; evaluate again.")
    return report


def _plain(report: Report) -> dict[str, Any]:
    return {
        "settings": report.settings,
        "systems": report.systems,
        "about": report.about,
        "outcomes": {suite: _of(outcome) for suite, outcome in report.outcomes.items()},
    }


def _of(outcome: Outcome) -> dict[str, Any]:
    columns = sorted(
        {c for members in outcome.values.values() for m in members for v in m.values() for c in v}
    )
    rows = outcome.rows
    return {
        "measures": [asdict(m) for m in outcome.measures],
        "rows": [
            {k: v for k, v in asdict(r).items() if k not in ("text", "references")} for r in rows
        ],
        "values": {
            system: [
                {c: [member.get(r.id, {}).get(c) for r in rows] for c in columns}
                for member in members
            ]
            for system, members in outcome.values.items()
        },
        "tables": [asdict(t) for t in outcome.tables],
        "notes": outcome.notes,
        "left_out": outcome.left_out,
        "facts": outcome.facts,
    }


def _outcome(plain: dict[str, Any]) -> Outcome:
    rows = [Row(text="", **r) for r in plain["rows"]]
    values: dict[str, list[Values]] = {}
    for system, members in plain["values"].items():
        values[system] = [
            {
                r.id: known
                for at, r in enumerate(rows)
                if (known := {c: v[at] for c, v in member.items() if v[at] is not None})
            }
            for member in members
        ]
    measures = tuple(Measure(**{**m, "columns": tuple(m["columns"])}) for m in plain["measures"])
    tables = [
        Table(t["title"], t["says"], tuple(t["head"]), tuple(tuple(r) for r in t["rows"]))
        for t in plain["tables"]
    ]
    return Outcome(
        measures, rows, values, {}, tables, plain["notes"], plain["left_out"], plain["facts"]
    )


def _add_texts(report: Report, path: Path) -> None:
    from dataclasses import replace

    for line in path.read_text("utf-8").split("\n"):
        if not line:
            continue
        found = json.loads(line)
        outcome = report.outcomes[found["suite"]]
        row = outcome.rows[found["row"]]
        outcome.rows[found["row"]] = replace(
            row, text=found["text"], references=tuple(found["references"])
        )
        for system, said in found["answers"].items():
            members: list[Answers] = outcome.answers.setdefault(system, [{} for _ in said])
            for member, answer in zip(members, said, strict=True):
                member[row.id] = answer
