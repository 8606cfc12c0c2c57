"""Systems that do nothing for a text, put through the gates beside the build's own rewriter.

The field's scores reward some of them: an empty answer keeps all knowledge, a copy is most
similar, a refusal is least toxic. Here none of them may get a biased row accepted; the report of
every build shows that, and warns where one did.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from srllm_data import progress
from srllm_data.config import Config
from srllm_data.schema import COLUMNS
from srllm_data.stages import components, key_of
from srllm_data.validate import MEASURED, judge, measure
from srllm_data.workspace import Workspace, file_digest

#: Start and end of each biased span of a text.
Spans = list[tuple[int, int]]

#: Rows of either kind, biased and control, that each system is tried on.
MOST = 100


def _deleted(text: str, spans: Spans) -> str:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    # As a careful script would: spaces and the first capital are put right.
    text = re.sub(r"\s+([,.;:!?])", r"\1", " ".join(text.split())).lstrip(" ,.;:")
    return text[:1].upper() + text[1:]


SYSTEMS: dict[str, Callable[[str, Spans], str]] = {
    "empty": lambda text, spans: "",
    "copy": lambda text, spans: text,
    "delete the lexicon": _deleted,
    "[REDACTED]": lambda text, spans: "[REDACTED]",
    "refusal": lambda text, spans: "I'm sorry, but I can't help with that.",
    "polite sentence": lambda text, spans: "Everyone deserves to be treated with respect.",
}

_COUNTS = ("rows", "accept", "hold", "reject", "controls", "controls_accepted")
_SCHEMA = pa.schema([("system", pa.string()), *((n, pa.int64()) for n in _COUNTS)])

#: The name of the build's own rewriter in the table.
OWN = "this build"


def trial(config: Config, workspace: Workspace, keys: dict[str, str]) -> list[dict[str, Any]]:
    """How the gates judge each system, and last the build's own rewrites; keys: by stage.

    system, rows (biased ones), how many of them are accept, hold and reject, controls, and
    controls_accepted. The systems are tried on the first ``MOST`` rows of either kind by id, the
    build is counted over all its rows: a row without a rewrite counts as rejected. The result is
    stored.
    """
    rows = _some(workspace.kept("label", keys["label"]))
    parts = components("validate", config, workspace, None)
    parts["rows"] = [rows[name].to_pylist() for name in MEASURED if name != "rewrite"]
    parts["systems"] = file_digest(Path(__file__))
    made = workspace.cached("trivial", key_of("trivial", parts), lambda: _tried(rows, config))
    return [*made.to_pylist(), _own(workspace, keys)]


def _some(rows: pa.Table) -> pa.Table:
    wanted = []
    for control in (False, True):
        ids = rows["id"].filter(pc.equal(rows["control"], control)).to_pylist()
        wanted += sorted(ids)[:MOST]
    return rows.filter(pc.is_in(rows["id"], value_set=pa.array(wanted, pa.string()))).sort_by("id")


def _tried(rows: pa.Table, config: Config) -> pa.Table:
    records = rows.select([n for n in MEASURED if n != "rewrite"]).to_pylist()
    asked = [
        {**r, "rewrite": write(r["text"], spans(r))} for write in SYSTEMS.values() for r in records
    ]
    schema = pa.schema([(name, COLUMNS[name].type) for name in MEASURED])
    with progress.quiet():
        table = pa.Table.from_pylist(asked, schema=schema)
        measured = measure(table, config.redact, config.label, config.validate_)
    signals = measured["signals"].to_pylist()
    found = []
    for n, system in enumerate(SYSTEMS):
        count = _none(system)
        for r, of_row in zip(records, signals[n * len(records) :], strict=False):
            said = {s["name"]: s["value"] for s in of_row}
            _count(count, r["control"], judge(said, config.validate_, r["control"]).verdict)
        found.append(count)
    return pa.Table.from_pylist(found, schema=_SCHEMA)


def spans(record: dict[str, Any]) -> Spans:
    """Start and end of the biased words of a labelled row, without those inside another."""
    found = [(s["start"], s["end"]) for s in record["biased_spans"] or [] if s["use"] == "used"]
    return [span for span in found if not any(_within(span, other) for other in found)]


def _within(span: tuple[int, int], other: tuple[int, int]) -> bool:
    return span != other and other[0] <= span[0] and span[1] <= other[1]


def _own(workspace: Workspace, keys: dict[str, str]) -> dict[str, Any]:
    count = _none(OWN)
    kept = workspace.kept("validate", keys["validate"], ["id", "verdict"])
    verdicts = dict(zip(kept["id"].to_pylist(), kept["verdict"].to_pylist(), strict=True))
    labelled = workspace.kept("label", keys["label"], ["id", "control"])
    for row, control in zip(*(labelled[n].to_pylist() for n in ("id", "control")), strict=True):
        _count(count, control, verdicts.get(row, "reject"))
    return count


def _none(system: str) -> dict[str, Any]:
    return {"system": system} | dict.fromkeys(_COUNTS, 0)


def _count(count: dict[str, Any], control: bool, verdict: str) -> None:
    if control:
        count["controls"] += 1
        count["controls_accepted"] += verdict == "accept"
    else:
        count["rows"] += 1
        count[verdict] += 1
