"""Export of a release for training: pairs of a text and its rewrite, in one file.

The columns of the reference repository, ``biased_text`` and ``debiased_text``, are there too.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srllm_data.errors import StoreError
from srllm_data.personal_data.masks import PLACEHOLDER
from srllm_data.personal_data.surrogates import surrogate
from srllm_data.workspace import explained, write_atomically, write_table

#: Columns of the release that an export keeps, beside the texts.
_KEPT = (
    *("id", "split", "source", "licence", "language", "control"),
    *("bias", "toxicity", "sentiment", "harm", "target_groups"),
)
_TEXTS = ("text", "rewrite", "prompt", "chosen", "rejected")


def export(release: Path, out: Path, surrogates: bool = False, preferences: bool = False) -> int:
    """Write the pairs of ``release``, or its preference pairs, to ``out``; returns the rows.

    out: a name that ends in .jsonl, .csv or .parquet. surrogates: replace placeholders by
    realistic stand-ins. Raises StoreError for a folder that is no release and for another ending.
    """
    if out.suffix not in (".jsonl", ".csv", ".parquet"):
        raise StoreError(f"{out} must end in .jsonl, .csv or .parquet; rename it.")
    entities = {row["id"]: row["entities"] or [] for _, row in _rows(release, "data")}
    records = []
    for split, row in _rows(release, "preferences" if preferences else "data"):
        row["split"] = split
        if surrogates:
            row = with_surrogates({**row, "entities": entities.get(row["id"], [])})
        if preferences:
            row.pop("entities", None)
            records.append(row)
            continue
        pair = {"text": row["text"], "rewrite": row["rewrite"]}
        names = {"biased_text": row["text"], "debiased_text": row["rewrite"]}
        records.append({**{n: row[n] for n in _KEPT if n in row}, **pair, **names})
    _write(out, records)
    return len(records)


def with_surrogates(row: dict[str, Any]) -> dict[str, Any]:
    """``row`` with the placeholders of its texts, candidates too, replaced by stand-ins.

    The n-th place of a placeholder in a text gets the stand-in of its n-th place in the source
    text, so a surname stays a surname; one that the source text lacks gets one of its type. Offsets
    of other columns (``entities``, ``biased_spans``) stand for the text before.
    """
    stand_ins: dict[str, list[str]] = {}
    for entity in row["entities"] or []:
        known = stand_ins.setdefault(entity["placeholder"], [])
        known.append(
            entity["surrogate"] or surrogate(row["id"], entity["placeholder"], entity["type"])
        )

    def replaced(text: str | None) -> str | None:
        seen: dict[str, int] = {}

        def stand_in(match: re.Match[str]) -> str:
            placeholder = match[0]
            if placeholder not in stand_ins:
                stand_ins[placeholder] = [surrogate(row["id"], placeholder, match[1])]
            known = stand_ins[placeholder]
            at = seen[placeholder] = seen.get(placeholder, -1) + 1
            return known[min(at, len(known) - 1)]

        return None if text is None else PLACEHOLDER.sub(stand_in, text)

    changed: dict[str, Any] = {name: replaced(row[name]) for name in _TEXTS if name in row}
    if row.get("candidates"):
        changed["candidates"] = [{**c, "text": replaced(c["text"])} for c in row["candidates"]]
    return {**row, **changed}


def _rows(release: Path, folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Split and columns of every row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not (release / "manifest.json").is_file():
        raise StoreError(f"{release} is no release; name a folder of <workspace>/releases.")
    for path in sorted((release / folder).glob("*.parquet")):
        try:
            rows = pq.read_table(path, partitioning=None).to_pylist()
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreError(f"{path} is damaged ({error}); publish the release again.") from None
        for row in rows:
            yield path.name.split("-")[0], row


def _write(out: Path, records: list[dict[str, Any]]) -> None:
    import pyarrow as pa

    if out.suffix == ".parquet":
        write_table(out, pa.Table.from_pylist(records))
        return
    lines = io.StringIO()
    if out.suffix == ".jsonl":
        lines.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
    elif records:
        writer = csv.DictWriter(lines, list(records[0]), lineterminator="\n")
        writer.writeheader()
        for record in records:
            joined = {k: "; ".join(v) if isinstance(v, list) else v for k, v in record.items()}
            writer.writerow(joined)
    with explained(out):
        write_atomically(out, lines.getvalue().encode())
