"""Who wrote a text: what a linear classifier makes of it, and how varied an author's texts are.

Texts are by author and row; an author is a model or a person, a row is what they all rewrote.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from srllm_train.evaluation.overlap import words_of
from srllm_train.evaluation.sources import ordered

FOLDS = 5
#: Rows without which nothing can be learnt of an author.
FEWEST = 10
#: What is shown for a term of the lexicon.
COVERED = "[term]"
#: Rows that a giveaway has to stand in, so that it is a habit and not a name.
_HABIT = 3


@dataclass(frozen=True)
class Told:
    """How well one author is told from another, on texts that the classifier did not learn from.

    right: by row 1 where the author's text looks more like the author's than the other's text does,
    .5 for a tie, 0 otherwise; chance is .5. auroc: over all texts. giveaways: n-grams of words that
    point most to the author, then those that point most away.
    """

    right: dict[str, float]
    auroc: float
    giveaways: tuple[list[str], list[str]]


def told_apart(one: Mapping[str, str], other: Mapping[str, str], seed: int) -> Told | None:
    """Whether ``one`` is told from ``other``, by rows that both wrote and not the same.

    Logistic regression over n-grams of words (1, 2) and characters (2 to 4), as word-level features
    do in Sun et al. 2025 (Idiosyncrasies in Large Language Models); both texts of a row are in the
    same fold. None where fewer than 10 rows are left.
    """
    from sklearn.metrics import roc_auc_score

    rows = [r for r in sorted(one) if r in other and words_of(one[r]) != words_of(other[r])]
    if len(rows) < FEWEST:
        return None
    texts = [t for row in rows for t in (one[row], other[row])]
    owners = ["one", "other"] * len(rows)
    scores = [float(s[0]) for s in _held_out(texts, owners, [r for r in rows for _ in "ab"], seed)]
    right = {
        row: 0.5 + 0.5 * ((scores[2 * n] > scores[2 * n + 1]) - (scores[2 * n] < scores[2 * n + 1]))
        for n, row in enumerate(rows)
    }
    area = float(roc_auc_score([o == "one" for o in owners], scores))
    return Told(right, area, _giveaways(texts, owners))


def who_wrote(texts: Mapping[str, Mapping[str, str]], seed: int) -> dict[str, dict[str, float]]:
    """By author and row, whether a classifier of all authors names the right one (1 or 0).

    A text that another author has for the same row, word for word, is left out, and so is an author
    with fewer than 10 texts. Authors weigh the same, so chance is 1 / authors, of the mean over
    authors. Empty where there is no second author.
    """
    own = {author: _own(author, texts) for author in texts}
    own = {author: found for author, found in own.items() if len(found) >= FEWEST}
    if len(own) < 2:
        return {}
    each = [(author, row, text) for author in sorted(own) for row, text in own[author].items()]
    authors = sorted(own)
    scores = _held_out([t for *_, t in each], [a for a, *_ in each], [r for _, r, _ in each], seed)
    found: dict[str, dict[str, float]] = {author: {} for author in own}
    for (author, row, _), score in zip(each, scores, strict=True):
        found[author][row] = float(authors[max(range(len(score)), key=score.__getitem__)] == author)
    return found


def variety(texts: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """By row, what a text adds to the variety of all.

    words_N: its n-grams of N words (1, 2); distinct_N: its part in those that are distinct, so that
    the sums' ratio is distinct-N (Li et al. 2016, section 5). repeated: 1 where another row has the
    same words. opening: 1 where it begins with the three words that begin most texts.
    """
    words = {row: tuple(words_of(text)) for row, text in texts.items()}
    whole = Counter(words.values())
    most = tuple(opening(texts).split())
    found: dict[str, dict[str, float]] = {}
    grams = {n: Counter(g for w in words.values() for g in _ngrams(w, n)) for n in (1, 2)}
    for row, said in words.items():
        found[row] = {"repeated": float(whole[said] > 1), "opening": float(said[:3] == most)}
        for n, count in grams.items():
            own = _ngrams(said, n)
            found[row][f"words_{n}"] = float(len(own))
            found[row][f"distinct_{n}"] = sum(1 / count[g] for g in own)
    return found


def opening(texts: Mapping[str, str]) -> str:
    """The three words that begin most texts."""
    first = Counter(" ".join(words_of(text)[:3]) for text in texts.values())
    return max(first, key=lambda words: (first[words], words), default="")


def covered(words: str) -> str:
    """``words`` (lower case) with terms of the lexicon covered."""
    known, found = _terms(), words.split(" ")
    if words in known:
        return COVERED
    return " ".join(COVERED if word in known else word for word in found)


def _own(author: str, texts: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    others = [written for name, written in texts.items() if name != author]
    return {
        row: text
        for row, text in sorted(texts[author].items())
        if all(row not in o or words_of(o[row]) != words_of(text) for o in others)
    }


def _held_out(
    texts: Sequence[str], owners: Sequence[str], rows: Sequence[str], seed: int
) -> list[list[float]]:
    """Probability of each owner, in the order of names, by text; learnt from other folds' rows."""
    order = ordered(sorted(set(rows)), lambda row: row, seed)
    fold = {row: at % FOLDS for at, row in enumerate(order)}
    names = sorted(set(owners))
    found: list[list[float]] = [[] for _ in texts]
    for held in range(FOLDS):
        train = [i for i, row in enumerate(rows) if fold[row] != held]
        test = [i for i, row in enumerate(rows) if fold[row] == held]
        if not test:
            continue
        features, model = _fitted([texts[i] for i in train], [owners[i] for i in train])
        likely = model.predict_proba(features.transform([texts[i] for i in test]))
        at = {name: n for n, name in enumerate(model.classes_)}
        for i, row in zip(test, likely.tolist(), strict=True):
            found[i] = [round(row[at[n]], 9) if n in at else 0.0 for n in names]
    return found


def _fitted(texts: Sequence[str], owners: Sequence[str]) -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_union

    features = make_union(
        TfidfVectorizer(
            ngram_range=(1, 2), tokenizer=words_of, token_pattern=None, sublinear_tf=True
        ),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True),
    )
    model = LogisticRegression(C=10.0, max_iter=1000, class_weight="balanced")
    model.fit(features.fit_transform(texts), owners)
    return features, model


def _giveaways(texts: Sequence[str], owners: Sequence[str], most: int = 6) -> Any:
    """N-grams of words with the greatest weights for and against the first owner."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    words = TfidfVectorizer(
        ngram_range=(1, 2),
        tokenizer=words_of,
        token_pattern=None,
        sublinear_tf=True,
        min_df=_HABIT,
    )
    try:
        features = words.fit_transform(texts)
    except ValueError:  # No word stands in so many texts.
        return [], []
    model = LogisticRegression(C=10.0, max_iter=1000).fit(features, [o == "one" for o in owners])
    names, weights = words.get_feature_names_out(), model.coef_[0]
    order = sorted(range(len(names)), key=lambda i: (-weights[i], names[i]))
    towards = [str(names[i]) for i in order if weights[i] > 0][:most]
    away = [str(names[i]) for i in reversed(order) if weights[i] < 0][:most]
    return [covered(n) for n in towards], [covered(n) for n in away]


def _ngrams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]


@lru_cache(maxsize=1)
def _terms() -> frozenset[str]:
    from srllm_data.lexicon import entries
    from srllm_data.lexicon.inflect import surface_forms

    return frozenset(form for entry in entries().values() for form in surface_forms(entry))
