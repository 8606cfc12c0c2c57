"""Sentences that differ in nothing but whom they are about: own templates, and WinoBias."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from srllm_train.evaluation.contract import Row
from srllm_train.evaluation.sources import Record, Source

#: Templates that were written for srllm, CC0-1.0.
OWN = Path(__file__).parent.parent / "own" / "counterfactual.yaml"

WINOBIAS = Source(
    "WinoBias",
    "MIT",
    "benchmarks/winobias.jsonl",
    ("number", "sentence", "condition", "type", "split"),
)

_PRONOUNS = {
    "[they]": "he she they",
    "[them]": "him his her hers them their theirs",
    "[themself]": "himself herself themself themselves",
}
_PLACE_OF = {word: place for place, words in _PRONOUNS.items() for word in words.split()}
_PRONOUN = re.compile(rf"(?<!\w)(?:{'|'.join(_PLACE_OF)})(?!\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Swap:
    """A row, whom it is about, and the row that it is compared with.

    first: the row with the first group of the axis, which is compared with nothing: its own id.
    words: what names the group. pronouns: whether they may differ as well.
    """

    row: Row
    axis: str
    group: str
    first: str
    words: tuple[str, ...] = ()
    pronouns: bool = False

    def levelled(self, text: str) -> str:
        """``text`` with the group and its article as [group], in lower case, spaces as one.

        What is left is the same for two groups that were treated alike. Where pronouns may differ,
        he, she and they are [they], and so on: "her" may stand for "him" and for "his".
        """
        if self.words:
            words = "|".join(re.escape(w) for w in sorted(self.words, key=lambda w: (-len(w), w)))
            text = re.sub(rf"(?<!\w)(?:an?\s+)?(?:{words})(?!\w)", "[group]", text, flags=re.I)
        if self.pronouns:
            text = _PRONOUN.sub(lambda m: _PLACE_OF[m[0].lower()], text)
        return " ".join(text.lower().split())


def templates() -> list[list[Swap]]:
    """The swaps of each of our templates, first group first; biased ones have a rewrite."""
    found = []
    for axis, said in yaml.safe_load(OWN.read_text("utf-8"))["axes"].items():
        pronouns = bool(said.get("pronouns"))
        texts = [(f"biased {n}", t["text"], t["rewrite"]) for n, t in enumerate(said["biased"], 1)]
        texts += [(f"neutral {n}", text, None) for n, text in enumerate(said["neutral"], 1)]
        for name, text, rewrite in texts:
            template = f"{axis}/{name}"
            rows = [
                Row(
                    id=f"{template}/{_name(group)}",
                    text=_filled(text, group),
                    references=() if rewrite is None else (_filled(rewrite, group),),
                    control=rewrite is None,
                    source="own templates",
                    group=axis,
                    cluster=template,
                )
                for group in said["groups"]
            ]
            found.append(
                [
                    Swap(row, axis, _name(group), rows[0].id, _words(group), pronouns)
                    for row, group in zip(rows, said["groups"], strict=True)
                ]
            )
    return found


def winobias(records: Iterable[Record]) -> tuple[list[list[Swap]], int]:
    """WinoBias's pairs, the stereotyped sentence first; how many differ in more than pronouns.

    Those are left out: their sentences are not the same (Zhao et al. 2018).
    """
    pairs: dict[str, dict[str, str]] = {}
    for r in records:
        key = f"winobias/{r['type']}/{r['split']}/{r['number']}"
        pairs.setdefault(key, {})[r["condition"]] = r["sentence"]
    found, other = [], 0
    for key, said in pairs.items():
        pair = []
        for condition in ("pro-stereotyped", "anti-stereotyped"):
            if condition in said:
                row = Row(
                    id=f"{key}/{condition}",
                    text=said[condition],
                    control=True,
                    source=WINOBIAS.name,
                    group="occupations (WinoBias)",
                    cluster=key,
                )
                first = f"{key}/pro-stereotyped"
                pair.append(Swap(row, row.group, condition, first, pronouns=True))
        if len(pair) == 2 and len({s.levelled(s.row.text) for s in pair}) == 1:
            found.append(pair)
        else:
            other += 1
    return found, other


def _filled(text: str, group: dict[str, Any]) -> str:
    filled = text.format_map(group)
    return filled[:1].upper() + filled[1:]


def _name(group: dict[str, Any]) -> str:
    return str(group.get("people") or group["person"])


def _words(group: dict[str, Any]) -> tuple[str, ...]:
    """Everything that names the group: plural, singular, and the adjective in them."""
    names = [group[key] for key in ("people", "person") if key in group] + group.get("also", [])
    bare = [re.sub(r"^an? ", "", name) for name in names]
    return tuple(dict.fromkeys([*bare, *(b.rpartition(" ")[0] for b in bare if " " in b)]))


def swapped(groups: Sequence[Sequence[Swap]]) -> list[Swap]:
    """All swaps of several templates in a row."""
    return [swap for some in groups for swap in some]
