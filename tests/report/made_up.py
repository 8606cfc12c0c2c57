"""Stores that hold what the runner writes, made up, and what a reader gets of a page."""

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa

from srllm_data.account import funnel
from srllm_data.config import Config
from srllm_data.runner import _manifest, _write_part
from srllm_data.schema import STAGES, StageOutput, drop, dropped_table, schema_after
from srllm_data.workspace import Workspace, canonical, write_atomically

#: Stands in every text of the made-up rows; no reader may see it without asking.
SAID = "words that nobody should read by surprise"

#: Stands in every text before redaction; no report may hold it.
RAW = "call 555-0100 now"

#: How rows of the made-up store end, and where.
ENDS = {
    "no_text": ("gather", "filtered"),
    "too_short": ("clean", "filtered"),
    "other_language": ("clean", "filtered"),
    "near_duplicate": ("deduplicate", "duplicate"),
    "refused": ("rewrite", "failed"),
    "content_lost": ("validate", "rejected"),
    "undecided_hold": ("review", "held"),
    "curator": ("review", "rejected"),
}

#: Why gates reject the rows that they reject.
DETAIL = "keeps only 10 % of the <content> words (at least 40 % needed; many lost); is cut"

CONFIG = Config.model_validate(
    {
        "workspace": "/somewhere",
        "gather": {
            "sources": [
                {"name": "forum", "path": "forum.csv", "licence": "CC0-1.0"},
                {"name": "news", "path": "news.jsonl", "licence": "CC-BY-4.0 <or later>"},
                {
                    "name": "wire",
                    "feed": "https://me:hunter2@example.org/feed?token=t0ps3cret",
                    "licence": "MIT",
                },
            ]
        },
        "rewrite": {
            "base_url": "https://me:hunter2@example.org/v1?key=t0ps3cret",
            "others": [{"model": "b", "base_url": "https://me:hunter2@example.org/v1"}],
            "pairs": ["own", "https://me:hunter2@example.org/pairs.jsonl?sig=t0ps3cret"],
        },
        "release": {"name": "made-up"},
    }
)


def signals(number: int) -> list[dict[str, Any]]:
    """Bias and toxicity fall the more, and the more content stays, the smaller the number."""
    values = {
        "bias_before": 0.9,
        "bias_after": 0.05 + (number % 30) / 100,
        "toxicity_before": 0.6,
        "toxicity_after": 0.1,
        "content_kept": 1.0,
        "added": 0.0,
        "order": 1.0,
    }
    return [{"name": name, "value": value} for name, value in values.items()]


def row(number: int, end: str | None, control: bool, source: str) -> dict[str, Any]:
    return {
        "end": end,
        "id": f"{number:016x}",
        "text": f"{number}: {SAID}",
        "source": source,
        "source_key": str(number),
        "location": f"{source}.csv:{number + 2}",
        "licence": "CC0-1.0" if source == "forum" else "CC-BY-4.0 <or later>",
        "weight": 1.0,
        "language": "en",
        "language_score": 1.0,
        "cluster": f"{number:016x}",
        "cluster_size": 1,
        "entities": [],
        "bias": "No" if control else "Yes",
        "toxicity": "No" if control else ("Mild", "High")[number % 2],
        "sentiment": "Neutral" if control else "Negative",
        "harm": "Low" if control else "Medium",
        "target_groups": [] if control else ["gender", "age"][: 1 + number % 2],
        "biased_spans": [],
        "control": control,
        "rewrite": f"{number}: rewritten {SAID}",
        "rewrite_by": "unchanged" if control else "example.org a-model rewrite-v1",
        "candidates": [],
        "signals": [] if control else signals(number),
        "priority": 0.5,
        "verdict": "hold" if end == "undecided_hold" else "accept",
        "reasons": ["keeps 50 % of the <content> words"] if end == "undecided_hold" else [],
        "split": ("train", "test")[number % 2],
        "disposition": "control" if control else "released",
    }


def detail_of(row: dict[str, Any]) -> str:
    """What the stage that dropped the row says of it; a note, or what an endpoint said, is SAID."""
    told = {"content_lost": DETAIL, "undecided_hold": "; ".join(row["reasons"])}
    return told.get(row["end"], SAID)


def facts_of(stage: str, rows: list[dict[str, Any]], facts: dict[str, object]) -> dict[str, object]:
    if stage == "gather":
        kept = Counter(r["source"] for r in rows if r["end"] != "no_text")
        lost = Counter(r["source"] for r in rows if r["end"] == "no_text")
        broken = "The feed example.org/feed cannot be read (404); correct its address."
        return {
            "sources": [
                {
                    "name": s.name,
                    "kept": kept[s.name],
                    "dropped": lost[s.name],
                    "error": broken if s.name == "wire" else None,
                }
                for s in CONFIG.gather.sources
            ]
        }
    ends = Counter(r["end"] for r in rows)
    if stage == "rewrite":
        return {
            "control": sum(r["control"] for r in rows),
            "ok": sum(not r["control"] for r in rows) - ends["refused"],
            "refused": ends["refused"],
            "ask_again": 0,
            **facts,
        }
    if stage == "validate":
        return {
            "gate=content_lost": ends["content_lost"],
            "gate=content_thin": ends["undecided_hold"],
            "verdict=accept": len(rows) - ends["content_lost"] - ends["undecided_hold"],
            "verdict=hold": ends["undecided_hold"],
            "verdict=reject": ends["content_lost"],
        }
    return facts


def build(
    root: Path,
    rows: list[dict[str, Any]],
    until: str = "release",
    release: bool = True,
    rewrite_facts: dict[str, object] | None = None,
    label_facts: dict[str, object] | None = None,
    **run: Any,
) -> tuple[Workspace, dict[str, Any]]:
    """A store as the runner would leave it after ``until``, and the record of its run."""
    workspace = Workspace(root)
    more = {"rewrite": rewrite_facts, "label": label_facts}
    stages = STAGES[: STAGES.index(until) + 1]
    for stage in stages:
        ending = [r for r in rows if r["end"] and ENDS[r["end"]][0] == stage]
        staying = [r for r in rows if r not in ending]
        schema = schema_after(stage)
        raw = {"text": f"{RAW} {SAID}"} if STAGES.index(stage) < STAGES.index("redact") else {}
        output = StageOutput(
            pa.Table.from_pylist(
                [{n: (r | raw).get(n) for n in schema.names} for r in staying], schema
            ),
            dropped_table(
                [drop(r["id"], ENDS[r["end"]][1], r["end"], detail_of(r)) for r in ending]
            ),
            facts_of(stage, rows, more.get(stage) or {}),
        )
        folder = workspace.folder(stage, f"key-{stage}")
        folder.mkdir(parents=True)
        _write_part(folder, 0, stage, output)
        components = {"code": "c", "settings": {}, "libraries": {f"lib-{stage}": "1.2"}}
        manifest = _manifest(stage, f"key-{stage}", components, folder, workspace)
        manifest["seconds"] = 1.5
        write_atomically(folder / "manifest.json", canonical(manifest).encode())
        rows = staying
    keys = {s: f"key-{s}" for s in stages}
    done = release and until == "release"
    record = {
        "run": "20260301T120000.000000Z",
        "started": "2026-03-01T12:00:00+00:00",
        "seconds": 1234.5,
        "stages": {s: {"key": k, "from_store": s in ("gather", "clean")} for s, k in keys.items()},
        "funnel": funnel(workspace, keys),
        "checks": [],
        "release": str(workspace.releases / "v3-0a1b2c3d") if done else None,
        "stopped": None,
    }
    return workspace, {**record, **run}


def rows_with(ends: dict[str | None, int], controls: int = 3) -> list[dict[str, Any]]:
    plan = [end for end, count in ends.items() for _ in range(count)]
    plan += [None] * controls
    return [
        row(i, end, i >= len(plan) - controls, ("forum", "news")[i % 3 == 0])
        for i, end in enumerate(plan)
    ]


FULL: dict[str | None, int] = {
    None: 10,
    "no_text": 2,
    "too_short": 3,
    "other_language": 1,
    "near_duplicate": 4,
    "refused": 2,
    "content_lost": 2,
    "undecided_hold": 3,
    "curator": 1,
}


class Page(HTMLParser):
    """What a reader gets: tables and their cells by id, links, text; fails on tags left open."""

    VOID = frozenset({"meta", "br", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.table = ""
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = self.hidden = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attributes
        if tag not in self.VOID:
            self.open.append((tag, "hidden" in dict(attributes)))
        if tag == "table":
            self.table = dict(attributes)["id"] or ""
            self.tables[self.table] = []
        if tag == "tr":
            self.tables[self.table].append([])
        if tag in ("td", "th"):
            self.tables[self.table][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if any(hides for _, hides in self.open):
            self.hidden += data
            return
        tags = {tag for tag, _ in self.open}
        if "style" in tags:
            return
        self.text += data
        if {"td", "th"} & tags:
            self.tables[self.table][-1][-1] += data

    def lines(self, table: str) -> dict[str, list[str]]:
        """Cells by the first cell of their row."""
        return {
            " ".join(r[0].split()): [" ".join(c.split()) for c in r[1:]]
            for r in self.tables.get(table, [])
        }

    def values(self, name: str) -> list[str]:
        return [v or "" for n, v in self.attributes if n == name]

    @property
    def said(self) -> str:
        return " ".join(self.text.split())
