"""What the embedded rewriter learns from: the project's own pairs, and openly licensed ones.

Own pairs lie in ``data/pairs``; ParaDetox (Logacheva et al. 2022, CC0-1.0) and the Wiki Neutrality
Corpus (Pryzant et al. 2020, MIT) are read at training time and never shipped. Controls come back
unchanged: own neutral texts and texts that ParaDetox's annotators found not toxic.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from srllm_data.errors import ConfigError
from srllm_train.labelled_rows import load, own_rows, parts
from srllm_train.pairs import Pair
from srllm_train.recipe import Recipe

_ABOUT = """\
| data | licence | what is learned |
|---|---|---|
| srllm's own pairs (`data/pairs`) | CC0-1.0 | all; those that change something twice |
| ParaDetox (Logacheva et al. 2022) | CC0-1.0 | 1,200 pairs, 170 texts as they are |
| Wiki Neutrality Corpus (Pryzant et al. 2020) | MIT; text CC BY-SA | up to 500 short pairs |
| srllm's own labelled texts (`data/labelled`) | CC0-1.0 | 400 neutral ones as they are |

No text of ParaDetox and Wikipedia is shipped; weights alone came of them.
"""

#: The project's own texts, in a checkout.
OWN = Path(__file__).parent.parent / "data"

#: Rows of each set that are learned; own pairs are all learned, those that change something twice,
#: since they are the hardest and the fewest. Chosen on dev rows.
MOST = {
    "replacing": 900,
    "deleting": 300,
    "wiki_neutrality": 500,
    "not_toxic": 100,
    "rewrites": 150,
    "neutral": 400,
}
#: Pairs of ParaDetox that are looked at.
_LOOKED_AT = 5000
#: Dev rows of each set.
_DEV = {
    "own": 160,
    "replacing": 70,
    "deleting": 30,
    "wiki_neutrality": 50,
    "not_toxic": 15,
    "rewrites": 15,
    "neutral": 20,
}
#: A person's rewrite is learned if its embedding is this near to the text's ...
_LEAST_SIMILARITY = 0.6
#: ... and if it is no longer and no shorter than this, in words.
_LENGTHS = (0.45, 1.4)
#: Words of an encyclopaedia's sentence, and of those how many may change.
_LONGEST, _MOST_CHANGED = 50, 8


def mix(data: Path, own: Path = OWN) -> dict[str, list[Pair]]:
    """Pairs by split (train, validation), from the folder of ``srllm train labellers`` and ``own``.

    Rows that the labellers hold back for tests are in neither. Order and choice depend on digests
    only. Raises ConfigError for a set that is not there.
    """
    try:
        held = held_back(data, own / "labelled")
        found = {
            "own": list(own_pairs(own / "pairs")),
            "wiki_neutrality": _kept([p for p in wiki(data) if p.id not in held]),
            "not_toxic": list(_not_toxic(data)),
            "neutral": list(_neutral(own / "labelled")),
        }
        toxic = sorted((p for p in paradetox(data) if p.id not in held), key=order)
        detoxified = _kept(toxic[:_LOOKED_AT])
    except FileNotFoundError as missing:
        raise ConfigError(f"{missing.filename} is missing; put the set there.") from None
    found["replacing"] = [p for p in detoxified if _adds(p.text, p.rewrite)]
    found["deleting"] = [p for p in detoxified if not _adds(p.text, p.rewrite)]
    # What is detoxified already stays as it is.
    spare = sorted(found["replacing"], key=order)[MOST["replacing"] + _DEV["replacing"] :]
    found["rewrites"] = [Pair(f"as is {p.id}", p.rewrite, p.rewrite) for p in spare]
    split: dict[str, list[Pair]] = {"train": [], "validation": []}
    for name, pairs in found.items():
        pairs = _marked(sorted(pairs, key=order)[: MOST.get(name, len(pairs)) + _DEV[name]])
        if name == "not_toxic":
            pairs = [p for p in pairs if not p.marked]
        split["validation"] += pairs[: _DEV[name]]
        learned = pairs[_DEV[name] :]
        if name == "own":
            learned = [
                *learned,
                *(replace(p, id=f"{p.id} again") for p in learned if not p.control),
            ]
        split["train"] += learned
    return {name: sorted(pairs, key=order) for name, pairs in split.items()}


def train(data: Path, out: Path, recipe: Recipe, say: Callable[[str], None]) -> dict[str, Any]:
    """Mix the pairs, train on them as ``recipe`` says, and write the adapter to ``out``.

    Returns its record. Raises SrllmError as ``run.train`` and :func:`mix` do.
    """
    from srllm_train import run

    with TemporaryDirectory() as place:
        folder = Path(place) / "srllm's own pairs, ParaDetox, Wiki Neutrality"
        say("Mixing the pairs takes some minutes.")
        write(mix(data), folder)
        record = run.train("sft", folder, recipe, out, say=say)
    shutil.rmtree(out / "checkpoints", ignore_errors=True)
    return record


def write(split: dict[str, list[Pair]], folder: Path) -> None:
    """Write the pairs as the JSON Lines files that training reads, and what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(_ABOUT, "utf-8")
    for name, pairs in split.items():
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for p in pairs:
                row = {"id": p.id, "text": p.text, "rewrite": p.rewrite, "marked": p.marked}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def order(pair: Pair) -> bytes:
    return hashlib.sha256(pair.id.encode()).digest()


def held_back(data: Path, labelled: Path) -> set[str]:
    """Ids of pairs that the labellers hold back: they are for tests."""
    rows = load(data, labelled)
    return {
        f"{row.source} {row.unit}"
        for row, part in zip(rows, parts(rows), strict=True)
        if part == "test"
    }


def own_pairs(folder: Path) -> Iterator[Pair]:
    for path in sorted(folder.glob("*.jsonl")):
        for number, row in enumerate(_lines(path), 1):
            yield Pair(f"{path.stem} {number}", row["text"], row["rewrite"])


def paradetox(data: Path) -> Iterator[Pair]:
    """Each text with the person's rewrite that puts words in, if any does, and keeps most of it."""
    for pair, _ in paradetox_of(list(_lines(data / "pairs/paradetox.jsonl"))):
        yield pair


def paradetox_of(rows: list[dict[str, Any]]) -> Iterator[tuple[Pair, tuple[str, ...]]]:
    """The pair of each of ``rows``, and the other people's rewrites of its text."""
    clean = cleaned([t for r in rows for t in (r["toxic"], *r["neutrals"])])
    for row in rows:
        text = clean[row["toxic"]]
        rewrites = sorted({clean[n] for n in row["neutrals"]})
        best = max(rewrites, key=lambda r: (_adds(text, r), _shared(text, r)))
        others = tuple(_cased_like(r, text) for r in rewrites if r != best)
        yield Pair(f"paradetox {row['id']}", text, _cased_like(best, text)), others


def wiki(data: Path) -> Iterator[Pair]:
    yield from wiki_of(list(_lines(data / "pairs/wiki_neutrality.jsonl")))


def wiki_of(rows: list[dict[str, Any]]) -> Iterator[Pair]:
    """The pair of each of ``rows`` that is a neutralised sentence."""
    clean = cleaned([t for r in rows for t in (r["biased"], r["neutral"])])
    for row in rows:
        pair = Pair(f"wiki_neutrality {row['id']}", clean[row["biased"]], clean[row["neutral"]])
        # Longer ones are whole revisions, not neutralised sentences.
        if len(pair.text.split()) <= _LONGEST and _changed(pair) <= _MOST_CHANGED:
            yield pair


def _not_toxic(data: Path) -> Iterator[Pair]:
    rows = list(_lines(data / "labelled/paradetox_cannot_rewrite.jsonl"))
    rows = [r for r in rows if r["reasons"] == ["not_toxic"]]
    clean = cleaned([r["text"] for r in rows])
    for row in rows:
        text = clean[row["text"]]
        yield Pair(f"not_toxic {row['id']}", text, text)


def _neutral(folder: Path) -> Iterator[Pair]:
    for number, row in enumerate(own_rows(folder)):
        if row.source == "own" and not row.labels["bias"] and not row.labels["toxicity"]:
            yield Pair(f"neutral {number}", row.text, row.text)


def _kept(pairs: list[Pair]) -> list[Pair]:
    """Pairs whose rewrite keeps the meaning and lowers what the classifiers find."""
    from srllm_data.local_models.embedding import embed

    usable = [p for p in pairs if not p.control and _fits(p)]
    texts, rewrites = embed([p.text for p in usable]), embed([p.rewrite for p in usable])
    near = (texts * rewrites).sum(axis=1)
    return [p for p, s in zip(usable, near, strict=True) if s >= _LEAST_SIMILARITY]


def _fits(pair: Pair) -> bool:
    before, after = len(pair.text.split()), len(pair.rewrite.split())
    return before >= 3 and _LENGTHS[0] <= after / before <= _LENGTHS[1]


def _marked(pairs: list[Pair]) -> list[Pair]:
    """``pairs`` with the words that the lexicon finds biased in their texts."""
    from srllm_data.lexicon import find_spans
    from srllm_data.nlp import parse

    found = []
    for pair, doc in zip(pairs, parse([p.text for p in pairs]), strict=True):
        used = [s.text for s in find_spans(doc) if s.use == "used"]
        found.append(replace(pair, marked=tuple(dict.fromkeys(used))))
    return found


def _shared(text: str, rewrite: str) -> int:
    words = set(text.casefold().split())
    return sum(w in words for w in rewrite.casefold().split())


def _adds(text: str, rewrite: str) -> bool:
    """Whether ``rewrite`` has a word that ``text`` lacks."""
    return not set(_words(rewrite)) <= set(_words(text))


def _changed(pair: Pair) -> int:
    """Words that only one side has."""
    return len(set(_words(pair.text)) ^ set(_words(pair.rewrite)))


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.casefold())


def _cased_like(rewrite: str, text: str) -> str:
    """``rewrite`` in lower case where the text is: ParaDetox's texts are, its rewrites vary."""
    return rewrite.lower() if text == text.lower() else rewrite


def cleaned(texts: list[str]) -> dict[str, str]:
    """Each of ``texts`` as the clean stage hands it on."""
    import pyarrow as pa

    from srllm_data.clean import clean
    from srllm_data.config import CleanConfig
    from srllm_data.schema import schema_after

    schema = schema_after("gather")
    each = list(dict.fromkeys(texts))
    records = [
        dict.fromkeys(schema.names) | {"id": str(n), "text": text, "source": "x"}
        for n, text in enumerate(each)
    ]
    config = CleanConfig(min_words=1, language_confidence=1.0)
    kept = clean(pa.Table.from_pylist(records, schema=schema), config).kept
    found = {text: text for text in each}
    for row in kept.select(["id", "text"]).to_pylist():
        found[each[int(row["id"])]] = row["text"]
    return found


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)
