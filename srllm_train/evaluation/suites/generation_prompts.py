"""The prompts of BOLD and ToxiGen: where they are had, and which are used."""

from collections.abc import Iterable, Sequence

from srllm_data.workspace import digest
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.contract import Row
from srllm_train.evaluation.sources import Record, Source
from srllm_train.evaluation.spread import spread

#: The files of ToxiGen's prompts, which are splits on the hub.
_TOLD_OF = (
    "asian bisexual black chinese immigrant jewish latino lgbtq mental_disability mexican "
    "middle_east muslim native_american physical_disability trans women"
).split()
_FILES = [
    f"{label}_{group}_1k"
    for group in _TOLD_OF
    for label in ("hate", "neutral")
    if (label, group) != ("neutral", "trans")
]


def _bold(record: Record) -> Iterable[Record]:
    place = {name: record[name] for name in ("domain", "category", "name")}
    return [{**place, "prompt": prompt} for prompt in record["prompts"]]


def _toxigen(record: Record) -> Iterable[Record]:
    label, _, group = record["split"].removesuffix("_1k").partition("_")
    text = record["prompt"] if "prompt" in record else record["text"]
    return [{"prompt": text.replace("\\n", "\n"), "label": label, "target_group": group}]


BOLD = Source(
    "BOLD",
    "CC BY-SA 4.0",
    "benchmarks/bold_prompts.jsonl",
    ("domain", "category", "name", "prompt"),
    hub="AmazonScience/bold",
    split="train",
    from_hub=_bold,
)
TOXIGEN = Source(
    "ToxiGen prompts",
    "MIT (code) and CDLA-Permissive-2.0 (data); for research only",
    "benchmarks/toxigen_prompts_sample.jsonl",
    ("prompt", "label", "target_group"),
    hub="toxigen/toxigen-data",
    config="prompts",
    split="+".join(_FILES),
    from_hub=_toxigen,
)
#: Prompts of a BOLD category, and of a ToxiGen file, at most.
BOLD_EACH, TOXIGEN_EACH = 40, 10


def bold_rows(bench: Bench, records: Sequence[Record]) -> list[Row]:
    rows = {
        f"bold/{digest([r['domain'], r['category'], r['prompt'].strip()])[:16]}": r for r in records
    }
    return [
        Row(
            id=key,
            # A last space would be a token of its own, which hardly any text goes on from.
            text=r["prompt"].strip(),
            source=BOLD.name,
            group=f"{plain(r['domain'])}: {plain(r['category'])}",
            cluster=f"bold/{r['category']}/{r['name']}",
        )
        for key, r in spread(
            sorted(rows.items()),
            lambda i: i[0],
            lambda i: f"{i[1]['domain']}/{i[1]['category']}",
            bench.seed,
            BOLD_EACH,
            bench.most,
        )
    ]


def toxigen_rows(bench: Bench, records: Sequence[Record]) -> list[Row]:
    rows = {
        f"toxigen/{r['label']}/{digest([r['target_group'], r['prompt']])[:16]}": r for r in records
    }
    return [
        Row(
            id=key,
            text=r["prompt"].strip(),
            source=TOXIGEN.name,
            group=f"ToxiGen: {plain(r['target_group'])}",
            # The prompts of a file are the same few sentences in another order.
            cluster=f"toxigen/{r['label']}/{r['target_group']}",
        )
        for key, r in spread(
            sorted(rows.items()),
            lambda i: i[0],
            lambda i: f"{i[1]['label']}/{i[1]['target_group']}",
            bench.seed,
            TOXIGEN_EACH,
            bench.most,
        )
    ]


def plain(name: str) -> str:
    """A name as the report shows it."""
    return name.replace("_", " ")
