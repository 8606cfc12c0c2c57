"""The style classifier and the calibration of fluency: what they learn, and how.

Style (STA): hashed n-grams with logistic regression on both sides of pairs, one head for each kind
of text and a general one. Fluency (FL): logistic regression over a text's surprise under SmolLM2,
neutral texts against the same texts with their words shuffled. Texts that are held back for tests
are never read.
"""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from srllm_data.errors import ConfigError
from srllm_data.labellers.ngrams import FILE, Ngrams
from srllm_data.workspace import digest, file_digest, write_atomically
from srllm_train import embedded, fit_ngrams, labelled_rows
from srllm_train.labelled_rows import Row, parts
from srllm_train.pairs import Pair

#: Kinds of text with a head of their own; others are scored by the general one.
KINDS = ("own", "paradetox", "wiki_neutrality")
GENERAL = "general"
VERSION = "style-1"
HELD_BACK = "held_back.txt"
#: Pairs of each kind that the general head learns, so that no kind outweighs the others.
_GENERAL = 1500
#: Neutral texts of each kind that fluency is calibrated on.
_FLUENCY = 150
_LICENCES = {"own": "CC0-1.0", "paradetox": "CC0-1.0", "wiki_neutrality": "MIT; text CC BY-SA"}


def train(data: Path, out: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Train both on ``data`` (the folder of ``srllm train labellers``), write them to ``out``.

    Returns the manifest: digests, licences, rows, and AUROC by head on a tenth that is not learned.
    Raises ConfigError for a set that is not there.
    """
    try:
        held = embedded.held_back(data, embedded.OWN / "labelled")
        kinds = {
            "own": list(embedded.own_pairs(embedded.OWN / "pairs")),
            "paradetox": list(embedded.paradetox(data)),
            "wiki_neutrality": list(embedded.wiki(data)),
        }
    except FileNotFoundError as missing:
        raise ConfigError(f"{missing.filename} is missing; put the set there.") from None
    pairs = {
        kind: sorted((p for p in found if p.id not in held and not p.control), key=embedded.order)
        for kind, found in kinds.items()
    }
    rows = [row for kind, found in pairs.items() for at, p in enumerate(found)
            for row in _rows(p, kind, at)]  # fmt: skip
    part = parts(rows, test=0.1)
    out.mkdir(parents=True, exist_ok=True)
    say(f"{len(rows):,} texts of {len(pairs)} kinds")
    about = fit_ngrams.fit(rows, part, out, (*KINDS, GENERAL), VERSION)
    files = {FILE: {**about, "sha256": file_digest(out / FILE)}}
    manifest: dict[str, Any] = {
        "files": files,
        "licences": _LICENCES,
        "pairs": {kind: len(found) for kind, found in pairs.items()},
    }
    write_atomically(out / "manifest.json", json.dumps(manifest, indent=2).encode() + b"\n")
    manifest["auroc"] = _auroc(rows, part, out)
    _write_held_back(data, out / HELD_BACK)
    say("Reading texts for fluency takes some minutes.")
    manifest["fluency"] = _fluency([p.rewrite for f in pairs.values() for p in f[:_FLUENCY]])
    write_atomically(out / "manifest.json", json.dumps(manifest, indent=2).encode() + b"\n")
    return manifest


def _write_held_back(data: Path, path: Path) -> None:
    """Digests of the texts that no model of srllm learned from: a hub's copy has other ids."""
    rows = labelled_rows.load(data, embedded.OWN / "labelled")
    part = parts(rows)
    lines = {
        f"{row.source} {text_digest(row.text)}\n"
        for row, p in zip(rows, part, strict=True)
        if p == "test" and row.source in ("babe", "paradetox", "wiki_neutrality")
    }
    write_atomically(path, "".join(sorted(lines)).encode())


def text_digest(text: str) -> str:
    """What names a text in the list of held-back ones, whatever its case and punctuation."""
    return digest([normal(text)])[:12]


def normal(text: str) -> str:
    """Words only, in lower case: one side of the pairs is tokenised and the other is not."""
    return " ".join(re.findall(r"\w+", text.lower().replace("'", "").replace("’", "")))


def _rows(pair: Pair, kind: str, at: int) -> list[Row]:
    heads = (kind, GENERAL) if at < _GENERAL else (kind,)
    return [
        Row(normal(text), kind, pair.id, dict.fromkeys(heads, neutral))
        for text, neutral in ((pair.text, 0.0), (pair.rewrite, 1.0))
    ]


def _auroc(rows: list[Row], part: list[str], folder: Path) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    found = {}
    held = [row for row, p in zip(rows, part, strict=True) if p == "test"]
    said = Ngrams(folder).probabilities([row.text for row in held])
    for at, head in enumerate((*KINDS, GENERAL)):
        some = [n for n, row in enumerate(held) if head in row.labels]
        labels = [held[n].labels[head] for n in some]
        found[head] = round(float(roc_auc_score(labels, said[some, at])), 3)
    return found


def _fluency(texts: list[str]) -> dict[str, Any]:
    """The logit of fluency over nats a token, and how well it tells whole texts from torn ones."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    from srllm_data.local_models.language_model import SMOLLM2, surprise

    both = [*texts, *map(_torn, texts)]
    nats = []
    for text in both:
        total, tokens = surprise(text, SMOLLM2, "evaluate")
        nats.append(total / max(1, tokens))
    labels = [1] * len(texts) + [0] * len(texts)
    model = LogisticRegression().fit(np.array(nats)[:, None], labels)
    return {
        "logit": [round(float(model.coef_[0, 0]), 6), round(float(model.intercept_[0]), 6)],
        "auroc": round(float(roc_auc_score(labels, [-n for n in nats])), 3),
        "texts": len(texts),
    }


def _torn(text: str) -> str:
    words = text.split()
    random.Random(text).shuffle(words)  # noqa: S311
    return " ".join(words)
