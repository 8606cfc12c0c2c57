"""Texts a second of each labeller on this machine, over the same texts in the same run.

    python benchmarks/labellers_rate.py FOLDER

FOLDER holds ``labelled/davidson.jsonl`` (19,827 tweets with a text and a label; any short texts
will do). The peer of the n-gram tier is scikit-learn: its TF-IDF vectorisers (word 1-2, character
2-5) and logistic regression, one head, against the five heads of ours.
"""

import argparse
import json
import os
import time
from pathlib import Path
from statistics import median

from srllm_data.labellers.encoder import Encoder
from srllm_data.labellers.files import OWN
from srllm_data.labellers.ngrams import Ngrams
from srllm_data.lexicon import score
from srllm_data.nlp import parse

RESULTS = Path(__file__).parent / "results" / "labellers_rate.json"
ROUNDS = 3


def speed(texts: list[str], train: list[str], labels: list[float], folder: Path) -> dict:
    """Texts a second of each tier: median of the rounds, each of which runs all of them."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    peer = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True),
        ),
        LogisticRegression(max_iter=1000),
    ).fit(train, labels)
    ngrams, encoder = Ngrams(folder), Encoder(folder)
    few = texts[: len(texts) // 8]
    tiers = {
        "ngrams": (texts, ngrams.probabilities),
        "scikit-learn, one head": (texts, peer.predict_proba),
        "encoder": (few, encoder.opinions),
        "lexicon and vader, parse included": (few, lambda t: [score(d) for d in parse(t, "ner")]),
    }
    for some, run in tiers.values():
        run(some[:64])
    taken: dict[str, list[float]] = {name: [] for name in tiers}
    for _ in range(ROUNDS):
        for name, (some, run) in tiers.items():
            start = time.perf_counter()
            run(some)
            taken[name].append(len(some) / (time.perf_counter() - start))
    rates = {name: round(median(found), 1) for name, found in taken.items()}
    return {
        "cores": os.cpu_count(),
        "texts": {name: len(some) for name, (some, _) in tiers.items()},
        "texts_per_second": rates,
        "ngrams_over_scikit_learn": round(rates["ngrams"] / rates["scikit-learn, one head"], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    path = parser.parse_args().folder / "labelled" / "davidson.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    half = len(rows) // 2
    found = speed(
        [row["text"] for row in rows[half : half + 4000]],
        [row["text"] for row in rows[:half]],
        [float(row["label"] != "neither") for row in rows[:half]],
        OWN,
    )
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
