"""Train the fast tier: logistic regression over hashed n-grams, one head a question."""

from pathlib import Path
from typing import Any

import numpy as np

from srllm_data.labellers.ngrams import FILE, identity_hashes, packed
from srllm_data.lexicon.entry import identity_terms
from srllm_train.labelled_rows import Row, labels_of

VERSION = "ngrams-1"
HEADS = ("bias", "toxicity", "harm", "spam", "unintelligible")
#: Labels of either kind that a calibration needs.
LEAST = 20
#: Inverse strength of the L2 penalty.
C = 2.0


def fit(
    rows: list[Row],
    part: list[str],
    folder: Path,
    heads: tuple[str, ...] = HEADS,
    version: str = VERSION,
) -> dict[str, Any]:
    """Train on the rows of the part "train", calibrate on "calibration", write ``FILE``.

    Returns what the manifest says of the file. Features: presence x inverse document frequency,
    words and characters each scaled to unit length. Platt scaling (Platt 1999) of each head.
    """
    from safetensors.numpy import save_file
    from sklearn.linear_model import LogisticRegression

    identity = identity_hashes([form for forms in identity_terms().values() for form in forms])
    train = np.array([p == "train" for p in part])
    features, idf = _features(rows, train, identity)
    weights = np.zeros((features.shape[1], len(heads)), np.float32)
    intercept, platt = np.zeros(len(heads), np.float32), np.zeros((2, len(heads)))
    for at, head in enumerate(heads):
        labels = labels_of(rows, head)
        known = train & ~np.isnan(labels)
        model = LogisticRegression(C=C, solver="liblinear", max_iter=1000, random_state=0)
        model.fit(features[known], labels[known])
        # What is stored is what is calibrated.
        weights[:, at] = model.coef_[0].astype(np.float16)
        intercept[at] = model.intercept_[0]
        held = np.array([p == "calibration" for p in part]) & ~np.isnan(labels)
        margins = features[held] @ weights[:, at] + intercept[at]
        sources = [row.source for row, h in zip(rows, held, strict=True) if h]
        platt[:, at] = calibration(margins, labels[held], sources)
    tensors = {
        "identity": identity,
        "idf": idf.astype(np.float16),
        "weights": weights.astype(np.float16),
        "intercept": intercept,
        "platt": platt,
    }
    save_file(tensors, folder / FILE)
    return {"version": version, "heads": list(heads)}


def calibration(margins: Any, labels: Any, sources: list[str]) -> tuple[float, float]:
    """Scale and shift that make log-odds of ``margins``; each source counts the same.

    Nothing is scaled where fewer than ``LEAST`` labels are of one kind.
    """
    from sklearn.linear_model import LogisticRegression

    if min((labels == 1).sum(), (labels == 0).sum()) < LEAST:
        return 1.0, 0.0
    sizes = {s: sources.count(s) for s in dict.fromkeys(sources)}
    shares = [1 / sizes[s] for s in sources]
    weight = np.array(shares) * len(shares) / sum(shares)
    model = LogisticRegression(C=1e6).fit(np.asarray(margins)[:, None], labels, weight)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def _features(rows: list[Row], train: Any, identity: Any) -> tuple[Any, Any]:
    from scipy.sparse import csr_matrix, hstack
    from sklearn.preprocessing import normalize

    from srllm_data.labellers import ngrams_kernel as kernel

    data, offsets = packed([row.text for row in rows])
    ends, buckets = kernel.sparse(data, offsets, identity)
    ones = np.ones(len(buckets), np.float32)
    shape = (len(rows), 2 * kernel.BUCKETS)
    present = csr_matrix((ones, buckets, ends), shape=shape)
    documents = np.asarray(present[train].sum(0))[0]
    idf = np.where(documents >= 2, np.log((1 + train.sum()) / (1 + documents)) + 1, 0)
    idf = idf.astype(np.float16).astype(np.float32)
    scaled = present.multiply(idf[None]).tocsr()
    words, characters = scaled[:, : kernel.BUCKETS], scaled[:, kernel.BUCKETS :]
    return hstack([normalize(words), normalize(characters)]).tocsr(), idf
