"""Does each part of the prompt pay? Ablation of the rewriting engine on held-back pairs.

200 pairs (100 of ParaDetox, 100 of the Wiki Neutrality Corpus, by the digest of their id) are
rewritten by the same model with one part more at a time; all other pairs are the pair bank. Every
system is scored with J = mean of STA x SIM x FL per sentence (benchmarks/rewrite_scores.py), with
the share that the gates accept, and against the system before it with a paired bootstrap.

Run it with an OpenAI-compatible server for the model, here llama-cpp-python's, and a folder that
holds paradetox.jsonl and wiki_neutrality.jsonl:

    pip install 'srllm[local]' scikit-learn
    python -m llama_cpp.server --model MODEL.gguf --model_alias NAME --interrupt_requests false
    python benchmarks/rewrite_quality.py PAIRS --model NAME --base-url http://127.0.0.1:8000/v1

Answers stay in the ledger beside the result file, so a stopped run goes on where it was.
"""

import argparse
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from srllm_data.config import LabelConfig, RedactConfig, RewriteConfig, ValidateConfig
from srllm_data.label import label
from srllm_data.rewrite import rewrite
from srllm_data.schema import schema_after
from srllm_data.validate import Judge

RESULTS = Path(__file__).parent / "results" / "rewrite_quality.json"
EACH = 100
#: Rows of every system before the next rows: a stopped run compares equal rows.
CHUNK = 20
BANK = {"examples": 3}
NOTES = {**BANK, "examples_by": "both", "lexicon_notes": True, "mark_spans": True}
SYSTEMS: dict[str, dict[str, Any]] = {
    "zero-shot": {"examples": 0},
    "random examples": {**BANK, "examples_by": "random"},
    "retrieved, BM25": {**BANK, "examples_by": "bm25"},
    "retrieved, BM25 and embedding": {**BANK, "examples_by": "both"},
    "retrieved + lexicon": NOTES,
    "retrieved + lexicon + refine": {**NOTES, "refine_rounds": 1},
}


def read_pairs(folder: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Held-back pairs, and the pairs of the bank: id, text, rewrite, source."""
    held, bank = [], []
    for name, text, rewritten in (
        ("paradetox", "toxic", "neutrals"),
        ("wiki_neutrality", "biased", "neutral"),
    ):
        lines = (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        pairs = []
        for record in map(json.loads, lines):
            reference = record[rewritten]
            reference = reference[0] if isinstance(reference, list) else reference
            pairs.append(
                {"id": record["id"], "text": record[text], "rewrite": reference, "source": name}
            )
        pairs.sort(key=lambda p: hashlib.sha256(p["id"].encode()).digest())
        held += pairs[:EACH]
        bank += pairs[EACH:]
    held.sort(key=lambda p: hashlib.sha256(p["id"].encode()).digest())
    return held, bank


def labelled(pairs: list[dict[str, str]]) -> pa.Table:
    """Rows as the label stage hands them on; all are taken to need a rewrite."""
    records = [
        {
            "id": p["id"],
            "text": p["text"],
            "source": p["source"],
            "source_key": p["id"],
            "cluster": p["id"],
            "language": "en",
        }
        for p in pairs
    ]
    rows = label(pa.Table.from_pylist(records, schema=schema_after("redact")), LabelConfig()).kept
    place = rows.schema.get_field_index("control")
    return rows.set_column(place, "control", pa.array([False] * rows.num_rows))


def main() -> None:
    """Ask for what the ledger does not hold yet, then score what every system has."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--work", type=Path, default=Path("rewrite_quality.work"))
    parser.add_argument("--limit", type=int, default=2 * EACH, help="rows")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    held, bank = read_pairs(given.pairs)
    held = held[: given.limit]
    bank_file = given.work / "bank.jsonl"
    with bank_file.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(p, ensure_ascii=False) + "\n" for p in bank)
    rows = labelled(held)
    judge = Judge(RedactConfig(), ValidateConfig())
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in SYSTEMS}
    for start in range(0, rows.num_rows, CHUNK):
        part = rows.slice(start, CHUNK)
        for name, settings in SYSTEMS.items():
            config = RewriteConfig(
                model=given.model,
                base_url=given.base_url,
                pairs=[str(bank_file)],
                concurrency=1,
                timeout_s=600.0,
                **settings,
            )
            began = time.monotonic()
            output = rewrite(part, config, given.work / "requests.sqlite", judge)
            rewrites = {r["id"]: r["rewrite"] for r in output.kept.to_pylist()}
            reasons = {r["id"]: r["reason"] for r in output.dropped.to_pylist()}
            facts = output.facts
            tokens = [
                int(str(facts[n])) + int(str(facts[f"ledger_{n}"]))
                for n in ("tokens_in", "tokens_out")
            ]
            found[name] += [
                {"id": i, "rewrite": rewrites.get(i), "reason": reasons.get(i)}
                for i in part["id"].to_pylist()
            ]
            found[name][-1] |= {"tokens": tokens, "facts": facts}
            print(
                f"{start + part.num_rows:4} {name:32} {len(rewrites):3} rewrites "
                f"{time.monotonic() - began:6.1f} s",
                flush=True,
            )
        (given.work / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
