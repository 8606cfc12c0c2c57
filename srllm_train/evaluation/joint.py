"""J of rewrites, after ParaDetox and the two years of PAN, and what is near to references.

Every product is one of a sentence; a rewrite that is missing or empty scores 0 on everything.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from srllm_train.evaluation.scorers import Scorers

#: Columns of every rewrite, and those that need references.
PARTS = ("sta", "sim", "fl", "j")
REFERENCED = ("j_2024", "j_2025", "edit_f1", "sari", "exact")


def joint(
    scorers: Scorers, texts: Sequence[str], rewrites: Sequence[str | None], kinds: Sequence[str]
) -> list[dict[str, float]]:
    """sta, sim, fl and their product j of each rewrite, 0 to 1 (Logacheva et al. 2022, section 6).

    sta: probability that the rewrite is neutral; sim: cosine to the text; fl: probability that it
    is well formed. kinds: of each text, for the style classifier.
    """
    said = [r or "" for r in rewrites]
    styles = scorers.style(said, kinds)
    near = scorers.similarity(list(zip(texts, said, strict=True)))
    fluent = scorers.fluency(said)
    return [
        dict(zip(PARTS, (a, b, c, a * b * c), strict=True))
        for a, b, c in zip(styles, near, fluent, strict=True)
    ]


def referenced(
    scorers: Scorers,
    texts: Sequence[str],
    rewrites: Sequence[str | None],
    references: Sequence[Sequence[str]],
    kinds: Sequence[str],
    parts: Sequence[dict[str, float]],
) -> list[dict[str, float]]:
    """The columns :data:`REFERENCED` of each rewrite, 0 to 1; parts: what :func:`joint` found.

    j_2024: STA x SIM x chrF to the references (PAN at CLEF 2024). j_2025: see :func:`pan_2025`. Of
    several references the best counts.
    """
    said = [r or "" for r in rewrites]
    asked = [(i, ref) for i, refs in enumerate(references) for ref in refs]
    to_reference = scorers.similarity([(ref, said[i]) for i, ref in asked])
    style_of = scorers.style([ref for _, ref in asked], [kinds[i] for i, _ in asked])
    style_in = scorers.style(list(texts), kinds)
    found = [dict.fromkeys(REFERENCED, 0.0) for _ in said]
    for (i, _), near, neutral in zip(asked, to_reference, style_of, strict=True):
        if not said[i].strip():
            continue
        whole = pan_2025(parts[i], style_in[i], neutral, near)
        found[i]["j_2025"] = max(found[i]["j_2025"], whole)
    for i, (text, answer, refs) in enumerate(zip(texts, said, references, strict=True)):
        if not answer.strip() or not refs:
            continue
        found[i]["j_2024"] = parts[i]["sta"] * parts[i]["sim"] * chrf(answer, refs)
        found[i]["edit_f1"] = max(edit_f1(text, answer, ref) for ref in refs)
        found[i]["sari"] = sari(text, answer, refs)
        found[i]["exact"] = float(any(_words(answer) == _words(ref) for ref in refs))
    return found


def pan_2025(parts: dict[str, float], text: float, reference: float, near: float) -> float:
    """J of one sentence as PAN at CLEF 2025 defines it: STA' x SIM' x FL, 0 to 1.

    text, reference: how neutral they are; near: SIM of rewrite and reference. STA' is 1 if the
    rewrite is at least as neutral as the reference, else the mean of its neutrality and of whether
    it is at least as neutral as the text. SIM' = 0.4 SIM to the text + 0.6 SIM to the reference.
    """
    out = parts["sta"]
    style = max(float(reference <= out), (out + float(text <= out)) / 2)
    return style * (0.4 * parts["sim"] + 0.6 * near) * parts["fl"]


def chrf(answer: str, references: Sequence[str]) -> float:
    """chrF of sacrebleu (Popović 2015; character 6-grams, beta 2), 0 to 1."""
    from sacrebleu import sentence_chrf

    return float(sentence_chrf(answer, list(references)).score) / 100


def edit_f1(text: str, answer: str, reference: str) -> float:
    """F1 of the words that ``answer`` takes out and puts in against those of the reference."""
    from srllm_train import outputs
    from srllm_train.pairs import Pair

    return outputs.edit_f1(Pair("", text, reference), answer)


def sari(text: str, answer: str, references: Sequence[str]) -> float:
    """SARI, 0 to 1: mean F1 of added, F1 of kept and precision of deleted n-grams, n = 1 to 4.

    Source: Xu et al. 2016, TACL 4, section 4, by sentence. Where there was nothing to do and
    nothing was done, an operation scores 1; n-grams that no side is long enough for are left out.
    """
    source, said = _words(text), _words(answer)
    refs = [_words(r) for r in references]
    scores = []
    for n in range(1, 5):
        grams = [_grams(words, n) for words in (source, said, *refs)]
        if not any(grams):
            continue
        scores.append(_sari_of(grams[0], grams[1], grams[2:]))
    return sum(scores) / len(scores) if scores else 0.0


def _sari_of(source: Counter[Any], said: Counter[Any], refs: list[Counter[Any]]) -> float:
    count = len(refs)
    wanted: Counter[Any] = sum(refs, Counter())
    before = Counter({g: n * count for g, n in source.items()})
    after = Counter({g: n * count for g, n in said.items()})
    kept, keep = before & after, before & wanted
    good = kept & wanted
    precision = _share(good, kept, empty=not keep)
    recall = _share(good, keep, empty=not kept)
    keeping = _f1(precision, recall)
    gone, go = before - after, before - wanted
    deleting = _share(gone & go, gone, empty=not go)
    new, add = set(said) - set(source), set(wanted) - set(source)
    hits = len(new & add)
    if not new and not add:
        adding = 1.0
    else:
        adding = _f1(hits / len(new) if new else 0.0, hits / len(add) if add else 0.0)
    return (keeping + deleting + adding) / 3


def _share(good: Counter[Any], of: Counter[Any], empty: bool) -> float:
    """Mean over n-grams of the share that is good, as the authors' script computes it."""
    if not of:
        return float(empty)
    return sum(good[g] / of[g] for g in good) / len(of)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _words(text: str) -> list[str]:
    return text.casefold().split()


def _grams(words: list[str], n: int) -> Counter[Any]:
    return Counter(zip(*(words[i:] for i in range(n)), strict=False))
