"""The card of the embedded classifiers, written from what was measured."""

from typing import Any

from srllm_train.labelled_rows import SOURCES

_INTRO = """# Embedded classifiers

Two files that label texts on this machine, without a server or a key: `ngrams.safetensors`, a
logistic regression over hashed word and character n-grams, and `encoder.safetensors`, a low-rank
adapter with heads for all-MiniLM-L6-v2. Neither holds text: n-grams are hashed. Both are made by
one command from openly licensed data and srllm's own texts:

```sh
srllm train labellers --data FOLDER --out FOLDER
```

Every figure here is of these files on rows that they were not trained on (a fifth of each set,
split by topic, pair, near-equal text or contrast set), with 95 % bootstrap intervals. They say
what annotators of these sets would say. They are no judgement of people, and not human agreement.
"""
_LEAKS = """## Known leaks and limits

- ParaDetox: its toxic side is tokenised ("that 's") and mostly in lower case, its neutral side is
  not. Case and punctuation are taken out before n-grams are counted; the encoder reads lower case
  only. Spaces in front of an apostrophe can still tell the encoder a side.
- Davidson: tweets were collected by a lexicon of hate words, so most texts hold one, and dialect
  of African Americans is called offensive too often in it. HateXplain was collected likewise.
- BABE: sentences of eleven American outlets, 2017 to 2020. Its test topics are not in training,
  its outlets are; bias of other kinds, places and years is less well found.
- Our own texts have one author and one annotator, with test and training lines by the same hand:
  figures on them are optimistic.
- English only. Sarcasm, dog whistles that need knowledge, and bias by omission are missed.
- Words that only name a group are one and the same word to the n-grams and a mask to the encoder,
  so that which group a text is about cannot move their scores; words that the lexicon does not
  list, and its own findings, still can. What is true of one group only is not learned either.
"""


def card(found: dict[str, Any], manifest: dict[str, Any]) -> str:
    """Markdown of the card: data, licences, figures, leaks."""
    parts = [_INTRO, "## Data", "", _data(manifest), ""]
    parts += ["## AUROC on held-back rows", "", _aurocs(found["auroc"]), ""]
    parts += ["## Calibration", "", _calibration(found["calibration"]), ""]
    parts += ["## Ordinal labels (our own texts)", "", _ordinal(found["ordinal"]), ""]
    parts += ["## Look-alikes taken for biased (our own texts)", "", _look_alikes(found), ""]
    if "hatecheck" in found:
        parts += ["## HateCheck: share answered rightly, by function", ""]
        parts += [_hatecheck(found["hatecheck"]), ""]
    parts += ["## Identity", "", _identity(found), ""]
    parts += ["## Marked words", "", _spans(found["spans"]), ""]
    parts += ["## Target groups", "", _groups(found["groups"]), ""]
    return "\n".join([*parts, _LEAKS])


def _table(head: list[str], rows: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(c) for c in line) + " |" for line in lines)


def _data(manifest: dict[str, Any]) -> str:
    licences = manifest["licences"] | {"unusable": "CC0-1.0"}
    rows = [
        [source, licences.get(source, ""), n["train"], n["calibration"], n["test"]]
        for source, n in manifest["rows"].items()
    ]
    shared = [s.name for s in SOURCES if "AGPL" in s.licence and s.name in manifest["licences"]]
    note = ""
    if shared:
        note = (
            f"\n\n`{shared[0]}` is under AGPL-3.0. Whether weights learned from it are a work "
            f"based on it is not settled; who does not want to rely on an answer trains "
            f"without it: `srllm train labellers --without {shared[0]}`."
        )
    return _table(["set", "licence", "train", "calibration", "test"], rows) + note


def _aurocs(by_axis: dict[str, Any]) -> str:
    rows = [
        [axis, source, by["combined"]["rows"]]
        + [
            f"{by[n]['auroc']:.3f} ({by[n]['low']:.3f} to {by[n]['high']:.3f})" if n in by else ""
            for n in ("lexicon", "ngrams", "encoder", "combined")
        ]
        for axis, sources in by_axis.items()
        for source, by in sources.items()
    ]
    return _table(["axis", "set", "rows", "lexicon", "n-grams", "encoder", "combined"], rows)


def _calibration(by_axis: dict[str, Any]) -> str:
    rows = [
        [axis, f["rows"], f["brier"], f["expected_calibration_error"]]
        for axis, f in by_axis.items()
    ]
    return _table(["axis", "rows", "Brier", "expected calibration error"], rows)


def _ordinal(by_axis: dict[str, Any]) -> str:
    rows = [
        [axis, f["rows"], f["accuracy"], f["quadratic_kappa"], f"{f['values']}: {f['confusion']}"]
        for axis, f in by_axis.items()
    ]
    return _table(["axis", "rows", "accuracy", "quadratic kappa", "confusion (truth by row)"], rows)


def _look_alikes(found: dict[str, Any]) -> str:
    uses = found["own_look_alikes"]
    rows = [[u, f["rows"], f"{f['called_biased']:.1%}"] for u, f in uses.items() if u != "score"]
    score = uses["score"]
    return (
        _table(["use", "rows", "called biased"], rows)
        + f"\n\nAUROC of `look_alike_score`: {score['auroc']:.3f} "
        + f"({score['low']:.3f} to {score['high']:.3f})."
    )


def _hatecheck(found: dict[str, Any]) -> str:
    by = found["by_function"].items()
    rows = [[f, r["rows"], f"{r['accuracy']:.1%}"] for f, r in by]
    auroc = found["auroc_bias"]
    return (
        f"Overall {found['accuracy']:.1%}; AUROC of the bias score {auroc['auroc']:.3f} "
        f"({auroc['low']:.3f} to {auroc['high']:.3f}). A case counts as called hateful where it is "
        "labelled biased.\n\n" + _table(["function", "cases", "right"], rows)
    )


def _identity(found: dict[str, Any]) -> str:
    own, groups = found["identity_templates"], found["false_positives_by_group"]
    rows = [
        [
            group,
            f"{rate:.1%}",
            own["mean_bias_score_by_group"][group],
            f"{groups['by_group'][group]['rate']:.1%} of {groups['by_group'][group]['rows']}"
            if group in groups["by_group"]
            else "",
        ]
        for group, rate in own["flagged_by_group"].items()
    ]
    head = ["group", "templates flagged", "mean bias score", "unbiased own texts called biased"]
    gap = "not measured" if groups["gap"] is None else f"{groups['gap']:.1%}"
    words = (
        f"{own['sentences']:,} harmless sentences of eight templates, one for every word of the "
        f"lexicon that names a group: {own['flagged']:.2%} flagged, gap between groups "
        f"{own['gap']:.2%}; gap on our own unbiased texts {gap}."
    )
    if "identity_sample" in found:
        sample = found["identity_sample"]
        auroc = sample["auroc_toxicity"]
        words += (
            f" Published identity templates: AUROC of toxicity {auroc['auroc']:.3f}, "
            f"{sample['false_positives']:.1%} false positives, gap between words "
            f"{sample['gap_between_words']:.1%} ({sample['words']} words)."
        )
    return f"{words}\n\n{_table(head, rows)}"


def _spans(by_source: dict[str, Any]) -> str:
    rows = [
        [source, kind, f["rows"], f["precision"], f["recall"], f["f1"], f["mean_iou"]]
        for source, kinds in by_source.items()
        for kind, f in kinds.items()
    ]
    head = ["set", "spans", "rows", "precision", "recall", "F1", "mean IoU"]
    return "By word, against what annotators marked.\n\n" + _table(head, rows)


def _groups(by_source: dict[str, Any]) -> str:
    rows = [
        [source, f["rows"], f["precision"], f["recall"], f["f1"]] for source, f in by_source.items()
    ]
    return _table(["set", "rows", "precision", "recall", "F1"], rows)
