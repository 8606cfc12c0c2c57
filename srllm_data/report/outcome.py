"""What became of the rows that needed a rewrite: accepted, held, rejected or failed, and why."""

import re
from collections import Counter
from typing import Any

from srllm_data.report.tables import Tables
from srllm_data.schema import VERDICTS

#: How many waiting rows are listed; the counts are always complete.
MAX_HELD = 100

#: Ends of rows that needed a rewrite, the best one first.
ENDS = ("accepted", "held", "rejected", "failed", "withdrawn")

_HELD = ("id", "source", "location", "priority", "target_groups")

#: What parts the reasons of a row in its detail; inside brackets it parts the words of one.
_BETWEEN = re.compile(r"; (?![^()]*\))")


def acceptance(tables: Tables) -> dict[str, Any] | None:
    """Ends of the rows that needed a rewrite: all, by source and by target group."""
    if not tables.has("review"):
        return None
    whole: Counter[str] = Counter()
    sources: dict[str, Counter[str]] = {}
    groups: dict[str, Counter[str]] = {}
    labelled = tables.values("label", "id", "source", "control", "target_groups")
    for row_id, source, control, named in zip(*labelled, strict=True):
        if control:
            continue
        end = tables.ends.get(row_id, "accepted")
        whole[end] += 1
        sources.setdefault(source, Counter())[end] += 1
        for group in named or ["none"]:
            groups.setdefault(group, Counter())[end] += 1
    return {
        "all": whole,
        "ends": [end for end in ENDS if end == "accepted" or whole[end]],
        "tables": [
            ("source", sorted(sources.items(), key=_by_rows)),
            ("target group", sorted(groups.items(), key=lambda g: (g[0] == "none", *_by_rows(g)))),
        ],
    }


def _by_rows(group: tuple[str, Counter[str]]) -> tuple[int, str]:
    return -group[1].total(), group[0]


def gates(stages: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Rewrites by verdict, and by gate that they fail; one may fail several.

    Controls are not counted: they pass unless they were changed.
    """
    if "validate" not in stages:
        return None
    from srllm_data.validate.gates import CONTROL_GATES, GATES

    facts = stages["validate"]["facts"]
    known = [(g, facts.get(f"gate={g.name}", 0)) for g in (*GATES, *CONTROL_GATES)]
    verdicts = Counter({v: facts.get(f"verdict={v}", 0) for v in VERDICTS})
    changed = sum(facts.get(f"gate={g.name}", 0) for g in CONTROL_GATES)
    verdicts["accept"] -= stages["rewrite"]["facts"]["control"] - changed
    verdicts["reject"] -= changed
    return {
        "verdicts": [(v, verdicts[v]) for v in VERDICTS],
        "rows": verdicts.total(),
        "failed": [
            (g.name, g.verdict, n)
            for g, n in sorted(known, key=lambda gate: (-gate[1], gate[0].name))
            if n
        ],
        "passed": [g.name for g, n in known if not n],
    }


def held(tables: Tables) -> dict[str, Any] | None:
    """The rows that wait for a curator, those first that teach most."""
    if not tables.has("review"):
        return None
    import pyarrow as pa
    import pyarrow.compute as pc

    from srllm_data.labellers.select import worthiest_first

    waiting = {row["id"]: reasons(row) for row in dropped(tables, "review", "held")}
    ids = pa.array(waiting, pa.string())
    found: list[dict[str, Any]] = []
    for part in tables.parts("validate", *_HELD):
        found += part.filter(pc.is_in(part["id"], value_set=ids)).to_pylist()
    first = worthiest_first(found)[:MAX_HELD]
    return {"rows": [r | {"reasons": waiting[r["id"]]} for r in first], "total": len(found)}


def dropped(tables: Tables, stage: str, end: str) -> list[dict[str, Any]]:
    """Id, reason and detail of the rows that ``stage`` ended with the disposition ``end``."""
    import pyarrow.compute as pc

    table = tables.dropped(stage, "id", "disposition", "reason", "detail")
    found: list[dict[str, Any]] = table.filter(pc.equal(table["disposition"], end)).to_pylist()
    return found


def reasons(row: dict[str, Any]) -> list[str]:
    """What a dropped row's detail says, reason by reason."""
    return _BETWEEN.split(row["detail"]) if row["detail"] else []
