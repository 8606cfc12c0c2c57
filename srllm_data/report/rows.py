"""Where rows came from and where they ended: release, dispositions, sources, expectations."""

import os
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from srllm_data.config import Config
from srllm_data.quality import BOUNDARIES
from srllm_data.report.tables import Tables
from srllm_data.schema import DISPOSITIONS

#: The first stage that can end a row so.
_FIRST = {
    "duplicate": "deduplicate",
    "filtered": "gather",
    "failed": "label",
    "rejected": "validate",
    "held": "review",
}


def release(tables: Tables) -> dict[str, Any] | None:
    """Name, rows and splits of the release, and the ways to it from the report's folder."""
    if not tables.published:
        return None
    path = Path(tables.run["release"])
    docs = os.path.relpath(path.with_name(f"{path.name}.data_docs") / "index.html", tables.page)
    splits, ends = (Counter(found) for found in tables.values("release", "split", "disposition"))
    return {
        "name": path.name,
        "data_docs": quote(docs),
        "card": quote(os.path.relpath(path / "README.md", tables.page)),
        "splits": [(s, splits[s]) for s in ("train", "validation", "test")],
        "rewritten": ends["released"],
        "controls": ends["control"],
    }


def dispositions(tables: Tables) -> list[tuple[str, int]]:
    """Rows by disposition; without a release, none is released or a control yet."""
    counts: Counter[str] = Counter()
    for stage in tables.run["funnel"]:
        for dropped in stage["dropped"]:
            counts[dropped["disposition"]] += dropped["rows"]
    possible = {end for end, stage in _FIRST.items() if tables.has(stage)}
    if tables.published:
        counts.update(*tables.values("release", "disposition"))
        possible |= {"released", "control"}
    return [(d, counts[d]) for d in DISPOSITIONS if d in possible or counts[d]]


def waiting(run: dict[str, Any]) -> dict[str, Any] | None:
    """Without a release, the rows that the last stage handed on have no end yet."""
    if run["release"] or not run["funnel"]:
        return None
    last = run["funnel"][-1]
    return {"stage": last["stage"], "rows": last["rows_kept"]}


def sources(
    config: Config, tables: Tables, stages: dict[str, dict[str, Any]]
) -> list[dict[str, Any]] | None:
    """Each source with its licences, and how many of its rows got where."""
    if "gather" not in stages:
        return None
    licences: dict[str, set[str]] = {}
    for source, licence in set(zip(*tables.values("gather", "source", "licence"), strict=True)):
        licences.setdefault(source, set()).add(licence)
    ended = tables.values("release", "source", "disposition") if tables.published else []
    published = Counter(zip(*ended, strict=True))
    configured = {s.name: s.licence for s in config.gather.sources}
    return [
        {
            **fact,
            "licences": sorted(licences.get(fact["name"], {configured[fact["name"]]})),
            "released": published[fact["name"], "released"],
            "controls": published[fact["name"], "control"],
        }
        for fact in stages["gather"]["facts"]["sources"]
    ]


def boundaries(run: dict[str, Any]) -> list[dict[str, Any]]:
    """Every boundary, with its result where it was checked; failed expectations first."""
    checks = {check["boundary"]: check for check in run["checks"]}
    unchecked: dict[str, Any] = {"rows": None, "expectations": []}
    found = []
    for name, stage in BOUNDARIES.items():
        check = checks.get(name, unchecked)
        told = sorted(check["expectations"], key=lambda e: bool(e["success"]))
        found.append(
            {
                "name": name,
                "stage": stage,
                "rows": check["rows"],
                "failed": sum(not e["success"] for e in told),
                "expectations": told,
            }
        )
    return found
