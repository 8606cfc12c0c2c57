"""Does each part of the prompt pay? Ablation of the rewriting engine on held-back pairs.

200 pairs (100 of ParaDetox, 100 of the Wiki Neutrality Corpus, by the digest of their id) are
rewritten by the same model with one part more at a time; all other pairs are the pair bank. Every
system is scored with J = mean of STA x SIM x FL per sentence (benchmarks/joint_score.py), with
the share that the gates accept, and against the system before it with a paired bootstrap.

Run it with an OpenAI-compatible server for the model, here llama-cpp-python's, and a folder that
holds paradetox.jsonl and wiki_neutrality.jsonl, in the environment of ``make test``:

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
from srllm_data.provider.session import Session
from srllm_data.rewrite import rewrite
from srllm_data.rewrite.prompt import Prompt
from srllm_data.schema import schema_after
from srllm_data.validate import Gatekeeper

RESULTS = Path(__file__).parent / "results" / "rewrite_quality.json"
EACH = 100
#: Pairs of which both sides are asked about by the check.
CHECKED = 50
#: Rows of every system before the next rows: a stopped run compares equal rows.
CHUNK = 20
BARE = {"examples": 0, "lexicon_notes": False, "mark_spans": False}
BANK = {"examples": 3}
BM25 = {**BANK, "examples_by": "bm25"}
BOTH = {**BANK, "examples_by": "both"}
NOTES = {**BOTH, "lexicon_notes": True}
MARKS = {**NOTES, "mark_spans": True}
PLAIN = {"lexicon_notes": True, "mark_spans": True}
SYSTEMS: dict[str, dict[str, Any]] = {
    "zero-shot": BARE,
    "random examples": {**BANK, "examples_by": "random"},
    "retrieved, BM25": BM25,
    "retrieved, BM25 and embedding": BOTH,
    "retrieved + lexicon": NOTES,
    "retrieved + lexicon + marks": MARKS,
    "retrieved + lexicon + marks + refine": {**MARKS, "refine_rounds": 1},
    "zero-shot + lexicon": {"lexicon_notes": True},
    "zero-shot + lexicon + marks": PLAIN,
    "zero-shot + lexicon + marks + the editor's candidate": {**PLAIN, "editor_too": True},
}
#: Which systems differ in one part.
STEPS = [
    ("zero-shot", "random examples"),
    ("random examples", "retrieved, BM25"),
    ("retrieved, BM25", "retrieved, BM25 and embedding"),
    ("retrieved, BM25 and embedding", "retrieved + lexicon"),
    ("retrieved + lexicon", "retrieved + lexicon + marks"),
    ("retrieved + lexicon + marks", "retrieved + lexicon + marks + refine"),
    ("zero-shot", "zero-shot + lexicon"),
    ("zero-shot + lexicon", "zero-shot + lexicon + marks"),
    ("zero-shot + lexicon + marks", "zero-shot + lexicon + marks + the editor's candidate"),
    ("zero-shot + lexicon + marks", "retrieved + lexicon + marks"),
]


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
    judge = Gatekeeper(RedactConfig(), ValidateConfig())
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in SYSTEMS}
    for start in range(0, rows.num_rows, CHUNK):
        part = rows.slice(start, CHUNK)
        for name, settings in SYSTEMS.items():
            config = RewriteConfig(
                model=given.model,
                base_url=given.base_url,
                concurrency=1,
                timeout_s=600.0,
                pairs=[str(bank_file)],
                **{**BARE, **settings},
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
    config = RewriteConfig(model=given.model, base_url=given.base_url, timeout_s=600.0)
    checks = {
        f"{kind} that the check finds biased": _mean(
            checked([p[side] for p in held[:CHECKED]], config, given)
        )
        for kind, side in (("texts", "text"), ("references", "rewrite"))
    }
    report(held, bank, rows, found, judge, given.model, checks)


def checked(texts: list[str], config: RewriteConfig, given: argparse.Namespace) -> list[float]:
    """1 for each text that the model's check (``check_first``) does not find neutral."""
    prompt = Prompt(config)
    with Session(config.each_model(), given.work / "requests.sqlite") as session:
        questions = [(0, prompt.check({"text": t})) for t in texts]
        replies = session.ask_all(questions, lambda place: None, "check")
    return [float(r[-1].outcome != "ok" or r[-1].value) for r in replies]


def report(
    held: list[dict[str, str]],
    bank: list[dict[str, str]],
    rows: pa.Table,
    found: dict[str, list[dict[str, Any]]],
    judge: Gatekeeper,
    model: str,
    checks: dict[str, float],
) -> None:
    """Score every system and write the result file; no text goes into it."""
    from joint_score import PARTS, Scorer, paired_bootstrap

    records = {r["id"]: r for r in rows.to_pylist()}
    baselines = {
        "reference": [{"id": p["id"], "rewrite": p["rewrite"]} for p in held],
        "copy": [{"id": p["id"], "rewrite": p["text"]} for p in held],
    }
    scorers = {}
    trust = {}
    for source in sorted({p["source"] for p in held}):
        train = [p for p in bank if p["source"] == source]
        test = [p for p in held if p["source"] == source]
        scorer = Scorer([p["text"] for p in train], [p["rewrite"] for p in train])
        scorers[source] = scorer
        trust[source] = scorer.separates([p["text"] for p in test], [p["rewrite"] for p in test])
    table: list[dict[str, Any]] = []
    j_of: dict[str, list[float]] = {}
    accepted_of: dict[str, list[float]] = {}
    for name, answers in (baselines | found).items():
        rewrites = {a["id"]: a["rewrite"] for a in answers}
        scores: dict[str, dict[str, float]] = {}
        for source, scorer in scorers.items():
            some = [p for p in held if p["source"] == source]
            scored = scorer.score([p["text"] for p in some], [rewrites[p["id"]] for p in some])
            scores |= dict(zip((p["id"] for p in some), scored, strict=True))
        there = [(records[p["id"]], rewrites[p["id"]]) for p in held if rewrites[p["id"]]]
        verdicts = {
            r["id"]: j.verdict == "accept" for (r, _), j in zip(there, judge(there), strict=True)
        }
        accepted_of[name] = [float(verdicts.get(p["id"], False)) for p in held]
        j_of[name] = [scores[p["id"]]["j"] for p in held]
        row: dict[str, Any] = {"system": name, "rewrites": len(there)}
        row |= {part: _mean([scores[p["id"]][part] for p in held]) for part in PARTS}
        for source in scorers:
            row[f"j {source}"] = _mean(
                [scores[p["id"]]["j"] for p in held if p["source"] == source]
            )
        row["accepted"] = _mean(accepted_of[name])
        used = [a["tokens"] for a in answers if "tokens" in a]
        row["tokens_in"], row["tokens_out"] = (sum(t[n] for t in used) for n in (0, 1))
        rounds = [a["facts"] for a in answers if "facts" in a]
        for fact in ("round_1_tried", "round_1_kept", "round_1_accepted"):
            if any(fact in f for f in rounds):
                row[fact] = sum(f.get(fact, 0) for f in rounds)
        table.append(row)
    results = {
        "model": model,
        "pairs": len(held),
        "bank": len(bank),
        "auroc of STA, texts against references": {k: round(v, 3) for k, v in trust.items()},
        "systems": table,
        "checks": checks,
        "steps": [
            {
                "from": a,
                "to": b,
                "j, difference and 95 % interval": _rounded(paired_bootstrap(j_of[a], j_of[b])),
                "accepted, likewise": _rounded(paired_bootstrap(accepted_of[a], accepted_of[b])),
            }
            for a, b in STEPS
        ],
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 4)


def _rounded(values: tuple[float, ...]) -> list[float]:
    return [round(v, 4) for v in values]


if __name__ == "__main__":
    main()
