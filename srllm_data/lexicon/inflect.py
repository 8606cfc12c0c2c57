"""Inflected forms of the entries, so that finding a term needs no lemma."""

from srllm_data.lexicon.entry import Entry


def surface_forms(entry: Entry) -> list[str]:
    """Every form of ``entry`` in all its inflections, lower case, without repetition.

    A noun phrase inflects its last word, a verb phrase its first; phrases of other kinds stay.
    """
    forms: dict[str, None] = {}
    for form in entry.forms:
        forms[form] = None
        words = form.split(" ")
        if entry.pos == "NOUN":
            forms |= {" ".join([*words[:-1], w]): None for w in _inflected(words[-1], "NOUN")}
        elif entry.pos == "VERB":
            forms |= {" ".join([w, *words[1:]]): None for w in _inflected(words[0], "VERB")}
        elif len(words) == 1:
            forms |= dict.fromkeys(_inflected(form, "ADJ" if entry.pos == "ADJ" else None))
    return list(forms)


def _inflected(word: str, pos: str | None) -> list[str]:
    from lemminflect import getAllInflections, getAllInflectionsOOV

    found = getAllInflections(word, upos=pos)
    if not found and pos in ("NOUN", "VERB"):
        found = getAllInflectionsOOV(word, pos)
    return sorted({form.lower() for forms in found.values() for form in forms})
