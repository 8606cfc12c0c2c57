"""What a model learns from: the pairs of a release, or JSON Lines files that hold pairs."""

import json
from codecs import BOM_UTF8
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from srllm_data.errors import SrllmError
from srllm_data.workspace import digest, file_digest

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Pair:
    """A text and its rewrite; the same words twice where nothing is to be changed.

    marked: the biased words of the text.
    """

    id: str
    text: str
    rewrite: str
    marked: tuple[str, ...] = ()

    @property
    def control(self) -> bool:
        """Whether the text is to come back unchanged."""
        return self.text.split() == self.rewrite.split()


@dataclass(frozen=True)
class Preference:
    """Two answers to a text, one better than the other."""

    text: str
    chosen: str
    rejected: str
    marked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Material:
    """Pairs and preferences by split, and where they come from.

    name, digest: of the release, or of the folder and its files. about: what a folder's README.md
    says of its pairs, for the card.
    """

    name: str
    digest: str
    pairs: dict[str, list[Pair]]
    preferences: dict[str, list[Preference]] = field(default_factory=dict)
    about: str = ""


def read(place: Path) -> Material:
    """The pairs in ``place``: a release, or a folder with train.jsonl and validation.jsonl.

    A line of such a file is an object with text, rewrite, and perhaps id and marked (a list of the
    text's biased words). Raises SrllmError, which names the file and the line.
    """
    if (place / "manifest.json").is_file():
        return _release(place)
    if (place / "train.jsonl").is_file():
        return _folder(place)
    raise SrllmError(
        f"{place} is no release and holds no train.jsonl; name a release's folder, such as "
        f"workspace/releases/v1-..., or a folder with train.jsonl and validation.jsonl."
    )


def _release(place: Path) -> Material:
    from srllm_data.errors import StoreError

    try:
        manifest = json.loads((place / "manifest.json").read_bytes())
        files: dict[str, str] = manifest["files"]
        wrong = [n for n, d in files.items() if file_digest(place / n) != d]
        name, version = f"{manifest['name']} v{manifest['version']}", str(manifest["digest"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise StoreError(f"{place} is no whole release; build or copy it again.") from None
    if wrong:
        raise StoreError(
            f"{place / wrong[0]} is not what the release's manifest says; build or copy it again."
        )
    marks: dict[str, tuple[str, ...]] = {}
    found: dict[str, list[Pair]] = {}
    for split, rows in _splits(place, "data", files).items():
        found[split] = [
            Pair(r["id"], r["text"], r["rewrite"], _marked(r.get("biased_spans"))) for r in rows
        ]
        marks |= {p.id: p.marked for p in found[split]}
    ordered = {
        split: [
            Preference(r["prompt"], r["chosen"], r["rejected"], marks.get(r["id"], ()))
            for r in rows
        ]
        for split, rows in _splits(place, "preferences", files).items()
    }
    return Material(name, version, found, ordered)


def _splits(place: Path, folder: str, files: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Rows of the release's Parquet files in ``folder``, by split."""
    # datasets would leave a copy of them in its cache.
    import pyarrow.parquet as pq

    return {
        split: [
            row
            for name in sorted(files)
            if name.startswith(f"{folder}/{split}-")
            for row in pq.read_table(place / name).to_pylist()
        ]
        for split in SPLITS
    }


def _marked(spans: list[dict[str, Any]] | None) -> tuple[str, ...]:
    used = [s["text"] for s in spans or [] if s["use"] == "used"]
    return tuple(dict.fromkeys(used))


def _folder(place: Path) -> Material:
    files = {s: place / f"{s}.jsonl" for s in SPLITS if (place / f"{s}.jsonl").is_file()}
    pairs = {split: list(read_lines(path)) for split, path in files.items()}
    return Material(
        place.resolve().name,
        digest({path.name: file_digest(path) for path in files.values()}),
        {split: pairs.get(split, []) for split in SPLITS},
        about=about.read_text("utf-8") if (about := place / "README.md").is_file() else "",
    )


def read_lines(path: Path) -> list[Pair]:
    """The pairs of a JSON Lines file; SrllmError, which names the line, for one that is none."""
    found = []
    # A text may hold other line ends, such as U+2028, as they are.
    for number, line in enumerate(path.read_bytes().removeprefix(BOM_UTF8).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            text, rewrite, marked = row["text"], row["rewrite"], row.get("marked") or []
            if not isinstance(marked, list):
                raise ValueError("its marked words are no list")
            for value in (text, rewrite, *marked):
                if not value.strip():
                    raise ValueError("a value is empty")
                # Half of a surrogate pair is no text: it cannot be encoded.
                value.encode("utf-8")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SrllmError(
                f"{path}, line {number}, is no pair; write an object with text and rewrite."
            ) from None
        name = str(row.get("id") or f"{path.stem}-{number}")
        found.append(Pair(name, text, rewrite, tuple(marked)))
    return found
