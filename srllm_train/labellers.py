"""Train the embedded classifiers: both tiers, their calibration, and the manifest beside them."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from srllm_data.config import LabelConfig
from srllm_data.errors import ConfigError
from srllm_data.labellers import encoder, ngrams
from srllm_data.labellers.files import MANIFEST
from srllm_data.lexicon import score
from srllm_data.nlp import parse
from srllm_data.workspace import file_digest, write_atomically
from srllm_train import fit_encoder, fit_ngrams
from srllm_train.labelled_rows import SOURCES, Row, labels_of, load, parts
from srllm_train.labellers_card import card
from srllm_train.measure_labellers import measure

#: The project's own labelled texts, in a checkout.
OWN_TEXTS = Path(__file__).parent.parent / "data" / "labelled"


def train(data: Path, out: Path, own: Path = OWN_TEXTS, without: tuple[str, ...] = ()) -> None:
    """Train both classifiers on ``data`` and our own texts, measure them, write all to ``out``.

    data: folder with the openly licensed sets at the paths of ``labelled_rows.SOURCES``; without:
    names of sets to leave out. A fifth of each set is never read here: it is for evaluation.
    Raises ConfigError for a set that is not there.
    """
    if not own.is_dir():
        raise ConfigError(f"{own} is missing; train in a checkout of srllm.")
    try:
        rows = load(data, own, without)
    except FileNotFoundError as missing:
        raise ConfigError(
            f"{missing.filename} is missing; put the set there, or leave it out with --without "
            f"({', '.join(s.name for s in SOURCES)})."
        ) from None
    out.mkdir(parents=True, exist_ok=True)
    part = parts(rows)
    said: dict[str, Any] = {"files": {}}
    print(f"{len(rows):,} labelled texts: {_counts(part)}")

    def keep(name: str, about: dict[str, Any]) -> None:
        said["files"][name] = about
        _write_manifest(out, said, rows, part, without)

    keep(ngrams.FILE, fit_ngrams.fit(rows, part, out))
    print("Trained the n-gram classifier; the encoder takes some minutes.")
    keep(encoder.FILE, fit_encoder.fit(rows, part, out))
    fit_encoder.calibrate(rows, part, out)
    said["lexicon"] = _lexicon(rows, part)
    _write_manifest(out, said, rows, part, without)
    evaluate(data, out, own, without)
    print(f"Wrote {out}; set label.classifiers to it.")


def evaluate(
    data: Path, folder: Path, own: Path = OWN_TEXTS, without: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Measure the classifiers of ``folder`` on the rows held back from them; write their card."""
    rows = load(data, own, without)
    held = [row for row, part in zip(rows, parts(rows), strict=True) if part == "test"]
    print(f"Measuring on {len(held):,} held-back texts and the benchmarks.")
    found = measure(held, LabelConfig(classifiers=str(folder)), data)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    write_atomically(folder / "README.md", card(found, manifest).encode())
    return found


def _lexicon(rows: list[Row], part: list[str]) -> dict[str, tuple[float, float]]:
    """Scale and shift that make a probability of the lexicon's score, by axis."""
    import numpy as np

    held = [n for n, p in enumerate(part) if p == "calibration"]
    scores = [score(doc) for doc in parse([rows[n].text for n in held], "ner")]
    found = {}
    for axis in ("bias", "toxicity", "harm"):
        labels = labels_of([rows[n] for n in held], axis)
        known = ~np.isnan(labels)
        raw = np.array([getattr(s, axis) for s in scores])
        sources = [rows[n].source for n, k in zip(held, known, strict=True) if k]
        found[axis] = fit_ngrams.calibration(raw[known], labels[known], sources)
    return found


def _write_manifest(
    out: Path, said: dict[str, Any], rows: list[Row], part: list[str], without: tuple[str, ...]
) -> None:
    """Say what the files are: digests, versions, and the sets that they were trained on."""
    used = Counter((row.source, p) for row, p in zip(rows, part, strict=True))
    written = {
        "files": {
            name: about | {"sha256": file_digest(out / name)}
            for name, about in said["files"].items()
        },
        "lexicon": said.get("lexicon", {}),
        "licences": {s.name: s.licence for s in SOURCES if s.name not in without}
        | {"own": "CC0-1.0"},
        "rows": {
            source: {p: used[source, p] for p in ("train", "calibration", "test")}
            for source in dict.fromkeys(row.source for row in rows)
        },
    }
    write_atomically(out / MANIFEST, json.dumps(written, indent=2).encode() + b"\n")


def _counts(part: list[str]) -> str:
    found = Counter(part)
    return ", ".join(f"{found[p]:,} {p}" for p in ("train", "calibration", "test"))
