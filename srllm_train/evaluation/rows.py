"""The texts that rewriters are tried on: biased ones with people's rewrites, and controls.

No rewriter, labeller or scorer of srllm learned from them; see ``style.HELD_BACK``.
"""

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from srllm_data.errors import SrllmError
from srllm_train import pairs
from srllm_train.embedded import cleaned, paradetox_of, wiki_of
from srllm_train.evaluation import own
from srllm_train.evaluation.contract import Row
from srllm_train.evaluation.scorers import FOLDER
from srllm_train.evaluation.sources import Missing, Record, Source, ordered
from srllm_train.evaluation.style import HELD_BACK, text_digest

#: Rows of each source where the user asks for no other number.
FULL = 150

PARADETOX = Source(
    "ParaDetox (Logacheva et al. 2022)",
    "CC0-1.0",
    "pairs/paradetox.jsonl",
    ("id", "toxic", "neutrals"),
    hub="s-nlp/paradetox",
    split="train",
    from_hub=lambda r: [
        {"id": text_digest(r["en_toxic_comment"]), "toxic": r["en_toxic_comment"],
         "neutrals": [r["en_neutral_comment"]]}
    ],
)  # fmt: skip
WIKI = Source(
    "Wiki Neutrality Corpus (Pryzant et al. 2020)",
    "MIT; text CC BY-SA",
    "pairs/wiki_neutrality.jsonl",
    ("id", "biased", "neutral"),
)
HATECHECK = Source(
    "HateCheck (Röttger et al. 2021)",
    "CC BY 4.0",
    "benchmarks/hatecheck.jsonl",
    ("functionality", "case_id", "test_case", "templ_id"),
    hub="Paul/hatecheck",
)
BABE = Source(
    "BABE (Spinde et al. 2021)",
    "AGPL-3.0",
    "mediabias/babe.jsonl",
    ("id", "text", "label_bias", "label_opinion", "biased_words"),
    hub="mediabiasgroup/BABE",
    split="train",
    from_hub=lambda r: [
        {**r, "id": r.get("uuid") or text_digest(r["text"]), "biased_words": r["biased_words"],
         "label_bias": {1: "Biased", 0: "Non-biased"}.get(r["label"], "No agreement"),
         "label_opinion": r.get("label_opinion", "")}
    ],
)  # fmt: skip
SOURCES = (PARADETOX, WIKI, HATECHECK, BABE)

#: HateCheck's functions whose texts need no change, and what they are.
UNCHANGED = {
    "ident_neutral_nh": "a group, neutrally",
    "ident_pos_nh": "a group, warmly",
    "counter_quote_nh": "hate that is quoted to be condemned",
    "counter_ref_nh": "hate that is referred to",
    "negate_neg_nh": "a negated insult",
    "slur_homonym_nh": "a word that only looks like a slur",
    "slur_reclaimed_nh": "a reclaimed slur",
}


@lru_cache(maxsize=1)
def held_back_digests() -> frozenset[str]:
    """``source digest`` of every text that nothing was learned from."""
    return frozenset((FOLDER / HELD_BACK).read_text("utf-8").splitlines())


def is_held_back(source: str, text: str) -> bool:
    """Whether nothing of srllm learned from ``text`` of ``source``."""
    return f"{source} {text_digest(text)}" in held_back_digests()


def own_rows() -> list[Row]:
    """The project's own texts; an id is a line's number."""
    found = []
    for number, line in enumerate(own.HELD_BACK.read_text("utf-8").splitlines()):
        pair = json.loads(line)
        same = pair["text"] == pair["rewrite"]
        source = "own controls" if same else "own"
        found.append(Row(f"own {number}", pair["text"], (pair["rewrite"],), same, source, source))
    return found


def read(place: Path) -> list[Row]:
    """The test rows of a release or folder, or all of a JSON Lines file of text and rewrite.

    Raises SrllmError where there are none.
    """
    found = pairs.read_lines(place) if place.is_file() else pairs.read(place).pairs["test"]
    if not found:
        raise SrllmError(f"{place} holds no rows to test on; name a release with a test split.")
    return [
        Row(p.id, p.text, (p.rewrite,), p.control, name := place.resolve().name, name)
        for p in found
    ]


def benchmark_rows(
    records: Callable[[Source], list[Record]], sources: Sequence[Source] = SOURCES
) -> tuple[dict[str, list[Row]], dict[str, str]]:
    """Rows by source of each of ``sources`` that can be had, and why the others are missing."""
    makers: tuple[tuple[Source, Callable[[list[Record]], list[Row]]], ...] = (
        (PARADETOX, _paradetox),
        (WIKI, _wiki),
        (HATECHECK, _hatecheck),
        (BABE, _babe),
    )
    found: dict[str, list[Row]] = {}
    missing: dict[str, str] = {}
    for source, make in makers:
        if source not in sources:
            continue
        try:
            made = make(records(source))
        except Missing as reason:
            missing[source.name] = str(reason)
        else:
            found[made[0].source if made else source.name] = made
    return found, missing


def biased_babe(records: list[Record]) -> list[tuple[Row, tuple[str, ...]]]:
    """BABE's biased sentences that are held back, with the words that annotators marked."""
    return [
        (Row(f"babe {r['id']}", " ".join(r["text"].split()), (), False, "babe biased", "babe"),
         tuple(str(w) for w in r["biased_words"]))
        for r in records
        if r["label_bias"] == "Biased" and r["biased_words"] and is_held_back("babe", r["text"])
    ]  # fmt: skip


def some(rows: list[Row], most: int | None, seed: int) -> list[Row]:
    """At most ``most`` of ``rows``, ``FULL`` if None, whose choice depends on ids and seed only."""
    return ordered(rows, lambda r: r.id, seed)[: most or FULL]


def _paradetox(records: list[Record]) -> list[Row]:
    merged: dict[str, Record] = {}
    for r in records:
        one = merged.setdefault(r["toxic"], {**r, "neutrals": []})
        one["neutrals"] = [*one["neutrals"], *r["neutrals"]]
    held = [r for r in merged.values() if is_held_back("paradetox", r["toxic"])]
    return [
        Row(p.id, p.text, (p.rewrite, *others), False, "paradetox", "paradetox")
        for p, others in paradetox_of(held)
        if not p.control
    ]


def _wiki(records: list[Record]) -> list[Row]:
    held = [r for r in records if is_held_back("wiki_neutrality", r["biased"])]
    return [
        Row(p.id, p.text, (p.rewrite,), False, "wiki_neutrality", "wiki_neutrality")
        for p in wiki_of(held)
        if not p.control
    ]


def _hatecheck(records: list[Record]) -> list[Row]:
    return [
        Row(f"hatecheck {r['case_id']}", r["test_case"].strip(), (), True, "hatecheck",
            UNCHANGED[r["functionality"]], f"hatecheck {r['templ_id']}")
        for r in records
        if r["functionality"] in UNCHANGED
    ]  # fmt: skip


def _babe(records: list[Record]) -> list[Row]:
    held = [
        r
        for r in records
        if r["label_bias"] == "Non-biased"
        and r["label_opinion"] == "Entirely factual"
        and is_held_back("babe", r["text"])
    ]
    clean = cleaned([r["text"] for r in held])
    return [
        Row(f"babe {r['id']}", " ".join(clean[r["text"]].split()), (), True, "babe", "news")
        for r in held
    ]
