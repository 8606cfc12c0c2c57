"""The dataset card: what a release holds, where it comes from, and what it must not be used for."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import yaml

from srllm_data.config import Config
from srllm_data.schema import COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa


def dataset_card(
    config: Config,
    rows: "pa.Table",
    counts: dict[str, int],
    preferences: dict[str, int],
    stages: list[dict[str, Any]],
    withheld: tuple[str, ...],
) -> str:
    """Markdown with the YAML head that the hub and ``load_dataset`` read; no dates, no paths.

    rows: what the release stage kept. counts: rows by split. preferences:
    preference pairs by split. stages: the manifests in order.
    withheld: columns that are not in the released files.
    """
    licences = sorted({str(v) for v in rows["licence"].to_pylist()})
    head = {
        "pretty_name": config.release.name,
        "license": _hub_licence(licences),
        "language": sorted({str(v) for v in rows["language"].to_pylist()}) or ["en"],
        "task_categories": ["text-generation", "text-classification"],
        "tags": ["debiasing", "detoxification", "text-style-transfer", "srllm"],
        "configs": [
            {
                "config_name": name,
                "data_files": [
                    {"split": split, "path": f"{folder}/{split}-*"} for split, n in of.items() if n
                ],
            }
            for name, folder, of in (
                ("default", "data", counts),
                ("preferences", "preferences", preferences),
            )
            if any(of.values())
        ],
    }
    ends = Counter(rows["disposition"].to_pylist())
    sections = [
        f"---\n{yaml.safe_dump(head, sort_keys=False)}---",
        f"# {config.release.name}",
        config.release.description,
        f"{rows.num_rows:,} rows: {ends['released']:,} texts with a rewrite and "
        f"{ends['control']:,} neutral controls that need none (their `rewrite` is their `text`). "
        "**The source texts are offensive by nature.**",
        "## Splits",
        _table(
            ["split", "rows", "preference pairs"],
            [[s, f"{n:,}", f"{preferences[s]:,}"] for s, n in counts.items()],
        ),
        "A row's split depends on its near-duplicate cluster alone, so no two splits share one.",
        "The configuration `preferences` holds pairs of answers to a text, `chosen` better than "
        "`rejected`: the rewrite over partly mended candidates over the source text, and over "
        "candidates that lost or added something and answers that were no rewrite.",
        "## How it was made",
        "Each gathered row ends exactly once; `ledger.parquet` has every row's end and its reason.",
        _table(
            ["stage", "rows in", "kept", "dropped", "reasons"],
            [
                [
                    s["stage"],
                    f"{s['rows_in']:,}",
                    f"{s['rows_kept']:,}",
                    f"{s['rows_dropped']:,}",
                    ", ".join(f"{d['reason']} {d['rows']:,}" for d in s["dropped"]) or "–",
                ]
                for s in stages
            ],
        ),
        "Rewrites by: "
        + "; ".join(f"{n:,} by {by}" for by, n in sorted(Counter(_rewriters(rows)).items()))
        + ".",
        "## Sources and licences",
        _table(
            ["source", "licence", "consent", "rows"],
            [
                [*(str(v) if v is not None else "–" for v in key), f"{n:,}"]
                for key, n in sorted(_sources(rows).items(), key=str)
            ],
        ),
        "## Labels",
        "Labels come from the labellers in the `_by` columns; they are not human judgements. "
        "`opinions` holds what each of them said.",
        _table(
            ["label", "value", "rows"],
            [
                [label, value, f"{n:,}"]
                for label in ("bias", "toxicity", "sentiment", "harm")
                for value, n in sorted(Counter(rows[label].to_pylist()).items())
            ],
        ),
        _table(
            ["target group", "rows"],
            [
                [group, f"{n:,}"]
                for group, n in sorted(
                    Counter(g for gs in rows["target_groups"].to_pylist() for g in gs).items()
                )
            ],
        ),
        "## Columns",
        _table(
            ["column", "what it holds"],
            [[f"`{n}`", c.doc] for n, c in COLUMNS.items() if n not in withheld],
        ),
        "## Personal data",
        "Personal data was replaced by typed placeholders such as `<PERSON_1>` before labelling "
        "and rewriting; `entities` has their places, and a made-up stand-in for each. Automatic "
        "redaction misses some: report what you find, by row id, to whoever gave you this dataset.",
        "## Limits",
        "Rewrites passed automatic gates unless `decision` says that a curator decided. The gates "
        "see words, not the world: a rewrite may keep a claim that is false. A control is a text "
        "in which the labellers found nothing; they miss some, so some controls are biased. Do not "
        "use the source texts to train a model to write such text.",
        "## Reference",
        "Made with srllm after *Developing Safe and Responsible Large Language Model* "
        "(arXiv 2404.01399).",
    ]
    return "\n\n".join(sections) + "\n"


def _rewriters(rows: "pa.Table") -> list[str]:
    by = zip(rows["rewrite_by"].to_pylist(), rows["control"].to_pylist(), strict=True)
    return [str(name) for name, control in by if not control]


def _sources(rows: "pa.Table") -> Counter[tuple[Any, ...]]:
    columns = [rows[c].to_pylist() for c in ("source", "licence", "consent")]
    return Counter(zip(*columns, strict=True))


def _hub_licence(licences: list[str]) -> str:
    return licences[0].lower() if len(licences) == 1 else "other"


def _table(head: list[str], lines: list[list[str]]) -> str:
    if not lines:
        return "None."
    rule = ["---"] * len(head)
    return "\n".join(
        "| " + " | ".join(_cell(c) for c in row) + " |" for row in [head, rule, *lines]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
