"""What the gates make of human pairs and trivial systems, and how good their signals are.

    python benchmarks/gates_pairs.py FOLDER [--rows 400] [--show GATE]

FOLDER holds the labelled sets of ``srllm train labellers``: of ParaDetox and the Wiki Neutrality
Corpus only pairs are taken that the classifiers were not trained on, the first ones by the digest
of their id, both sides as the clean stage hands them on; the pairs of data/sample are the
third set. All are judged as rows that need a rewrite, by the default settings with all of their
models.

AUROC of the bias side: a score of the texts against that of their references (people called the one
biased or toxic and the other not), and of biased against other sentences of BABE, on topics that
the classifiers were not trained on. AUROC of the meaning side: a signal of the references (people
said that they keep the meaning) against that of the reference of another text, the nearest one by
embedding: the hardest negatives that need no new label. Intervals are Wilson's and, of AUROC,
bootstrap, of 95 %. ``--show`` prints references that a gate turns away; the texts may offend.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from gates_planted import wilson
from sklearn.metrics import roc_auc_score

from srllm_data.clean import clean
from srllm_data.config import CleanConfig, RedactConfig, ValidateConfig
from srllm_data.local_models.embedding import embed
from srllm_data.schema import schema_after
from srllm_data.trivial import SYSTEMS
from srllm_data.validate import judge, measure
from srllm_train.gated import labelled, rewritten
from srllm_train.labelled_rows import Row, load, parts

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "gates_pairs.json"
SETS = {"paradetox": ("toxic", "neutrals"), "wiki_neutrality": ("biased", "neutral")}
BIAS = ("bias", "toxicity")
MEANING = ("similarity", "content_kept", "order", "added", "length_ratio", "perplexity_ratio")
#: Signals that fall as the meaning is lost; the others rise.
FALLING = ("similarity", "content_kept", "order")


def read(folder: Path, rows: int, held: set[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Text and reference of the first ``rows`` held-back pairs of each set."""
    found = {}
    for name, (text, reference) in SETS.items():
        lines = map(json.loads, (folder / f"pairs/{name}.jsonl").read_text("utf-8").splitlines())
        pairs = [(r["id"], r[text], r[reference]) for r in lines if (name, str(r["id"])) in held]
        pairs.sort(key=lambda p: hashlib.sha256(str(p[0]).encode()).digest())
        found[name] = [
            (_cleaned(t), _cleaned(r if isinstance(r, str) else r[0])) for _, t, r in pairs[:rows]
        ]
    sample = sorted((HERE.parent / "data" / "sample" / "rewrites").glob("*.jsonl"))
    own = [json.loads(line) for f in sample for line in f.read_text("utf-8").splitlines()]
    own.sort(key=lambda p: hashlib.sha256(p["text"].encode()).digest())
    found["own"] = [(p["text"], p["rewrite"]) for p in own[:rows]]
    return found


def _cleaned(text: str) -> str:
    """``text`` as the clean stage hands it on."""
    names = schema_after("gather").names
    record = dict.fromkeys(names) | {"id": "x", "text": text, "source": "x"}
    rows = pa.Table.from_pylist([record], schema=schema_after("gather"))
    kept = clean(rows, CleanConfig(min_words=1, language_confidence=1.0)).kept
    return str(kept["text"][0].as_py()) if kept.num_rows else text


def signals_of(rows: pa.Table, rewrites: Sequence[str], config: ValidateConfig) -> Any:
    """Signals by name of each rewrite."""
    table = measure(rewritten(rows, rewrites), RedactConfig(), None, config)
    return [{s["name"]: s["value"] for s in of_row} for of_row in table["signals"].to_pylist()]


def verdicts(signals: Any, config: ValidateConfig) -> dict[str, Any]:
    """Shares by verdict, and how many rows each gate turns away, alone and with others."""
    judged = [judge(s, config) for s in signals]
    counts = Counter(j.verdict for j in judged)
    failed = Counter(name for j in judged for name, *_ in j.failed)
    alone = Counter(j.failed[0][0] for j in judged if len(j.failed) == 1)
    return {
        "rows": len(judged),
        **{v: wilson(counts[v], len(judged)) for v in ("accept", "hold", "reject")},
        "gates": {
            name: {"fail": n, "only this one": alone[name]} for name, n in failed.most_common()
        },
    }


def auroc(positive: Sequence[float], negative: Sequence[float]) -> list[float]:
    """AUROC with its bootstrap interval of 95 %; rows of both are drawn again."""
    rng = np.random.default_rng(1)
    p, n = np.asarray(positive), np.asarray(negative)

    def once(a: Any, b: Any) -> float:
        return float(roc_auc_score([1] * len(a) + [0] * len(b), np.r_[a, b]))

    drawn = [
        once(p[rng.integers(0, len(p), len(p))], n[rng.integers(0, len(n), len(n))])
        for _ in range(500)
    ]
    return [round(float(v), 3) for v in (once(p, n), *np.percentile(drawn, [2.5, 97.5]))]


def babe(test: list[Row]) -> dict[str, Any]:
    """AUROC of the scores of the gates on BABE's sentences."""
    rows = [r for r in test if r.source == "babe" and "bias" in r.labels]
    table = labelled([r.text for r in rows])
    signals = measure(rewritten(table, [r.text for r in rows]), RedactConfig())["signals"]
    scores = [
        next(s["value"] for s in of_row if s["name"] == "bias_before")
        for of_row in signals.to_pylist()
    ]
    biased = [s for s, r in zip(scores, rows, strict=True) if r.labels["bias"]]
    others = [s for s, r in zip(scores, rows, strict=True) if not r.labels["bias"]]
    return {"biased": len(biased), "others": len(others), "auroc of bias": auroc(biased, others)}


def nearest_other(pairs: list[tuple[str, str]]) -> list[str]:
    """For each text the reference of another one that is nearest to it."""
    texts, references = embed([t for t, _ in pairs]), embed([r for _, r in pairs])
    near = texts @ references.T
    np.fill_diagonal(near, -2)
    same = {(i, j) for i, (t, _) in enumerate(pairs) for j, (u, _) in enumerate(pairs) if t == u}
    for i, j in same:
        near[i, j] = -2
    return [pairs[j][1] for j in near.argmax(axis=1)]


def main() -> None:
    """Judge every set and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--show", help="print references that this gate turns away")
    given = parser.parse_args()
    config = ValidateConfig()
    labels = load(given.folder, HERE.parent / "data" / "labelled")
    test = [r for r, part in zip(labels, parts(labels), strict=True) if part == "test"]
    results: dict[str, Any] = {} if given.show else {"babe": babe(test)}
    for name, pairs in read(given.folder, given.rows, {(r.source, r.unit) for r in test}).items():
        texts, references = [t for t, _ in pairs], [r for _, r in pairs]
        rows = labelled(texts)
        mine = signals_of(rows, references, config)
        if given.show:
            for (text, reference), s in zip(pairs, mine, strict=True):
                if given.show in {gate for gate, *_ in judge(s, config).failed}:
                    print(f"{name}\n  {text}\n  {reference}\n  {judge(s, config).reasons}")
            continue
        spans = [
            [(s["start"], s["end"]) for s in of_row if s["use"] == "used"]
            for of_row in rows["biased_spans"].to_pylist()
        ]
        found: dict[str, Any] = {"human reference": verdicts(mine, config)}
        for system, write in SYSTEMS.items():
            said = [write(t, s) for t, s in zip(texts, spans, strict=True)]
            found[system] = verdicts(signals_of(rows, said, config), config)
        lenient = config.model_copy(update={"accept_deletions": True})
        others = signals_of(rows, nearest_other(pairs), config)
        results[name] = {
            "systems": found,
            "human reference, accept_deletions": verdicts(mine, lenient),
            "auroc of the bias side": {
                axis: auroc([s[f"{axis}_before"] for s in mine], [s[f"{axis}_after"] for s in mine])
                for axis in BIAS
            },
            "auroc of the meaning side": {
                signal: auroc(
                    [s[signal] for s in (mine if signal in FALLING else others)],
                    [s[signal] for s in (others if signal in FALLING else mine)],
                )
                for signal in MEANING
            },
        }
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        print(f"\n{name}: {len(pairs)} pairs")
        for system, of in found.items():
            shares = "  ".join(f"{v} {of[v][0]:.3f}" for v in ("accept", "hold", "reject"))
            print(f"  {system:20}{shares}")
        print("  bias side", results[name]["auroc of the bias side"])
        print("  meaning side", results[name]["auroc of the meaning side"])
        print("  why not", found["human reference"]["gates"])


if __name__ == "__main__":
    main()
