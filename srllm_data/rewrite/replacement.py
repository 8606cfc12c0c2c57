"""Ways to say a finding with the words that its lexicon entry offers."""

from typing import TYPE_CHECKING

from srllm_data.rewrite import grammar
from srllm_data.rewrite.draft import COORDINATORS, STOPS, Draft
from srllm_data.rewrite.place import (
    ABUSE,
    Finding,
    copula_of,
    hyphenated,
    is_verb,
    phrase_start,
    prenominal,
    said_of_group,
    weighs,
)

if TYPE_CHECKING:
    from spacy.tokens import Token

_INDEFINITE = grammar.words("some any every")


def replace(draft: Draft, finding: Finding) -> bool:
    """The entry's first replacement that fits the place, in the form that the place asks for."""
    entry = finding.entry
    root, first = finding.root, finding.first
    copula = copula_of(draft, first)
    phrasal = finding.first != finding.last and draft.doc[first].pos_ in ("VERB", "AUX")
    judges = finding.label in ABUSE | {"stereotype", "generalisation"}
    if judges and copula is not None and said_of_group(draft, copula):
        return False
    if phrasal and draft.doc[first].dep_ in ("amod", "compound"):
        phrasal = False
    if phrasal or (entry.pos == "ANY" and root.pos_ in ("VERB", "AUX")):
        verbs = [r for r in entry.replacements if grammar.kinds(r) & {"VERB", "NOUN"} == {"VERB"}]
        if not verbs or not grammar.takes(verbs[0], root, draft.doc[finding.last]):
            return False
        return _put(draft, finding, grammar.verb_form(verbs[0], root, root.lemma_))
    if entry.pos == "ADJ" and is_verb(root):
        return False
    if prenominal(draft, finding):
        return _replace_modifier(draft, finding)
    if entry.pos == "NOUN" or (entry.pos == "ANY" and root.pos_ in ("NOUN", "PROPN", "PRON")):
        return _replace_noun(draft, finding, copula)
    kind = {"ADJ": "ADJ", "ADV": "ADV"}.get(entry.pos, "ADJ")
    before = draft.before(first)
    if entry.pos == "ADJ" and before is not None and before.lower_ in ("a", "an"):
        return False
    for new in entry.replacements:
        if kind in grammar.kinds(new) or "PHRASE" in grammar.kinds(new):
            return _put(draft, finding, grammar.adjective_form(new, root.tag_))
    return False


def replace_verb(draft: Draft, finding: Finding) -> bool:
    """The entry's first verb that takes what the finding takes, in its tense and person."""
    from lemminflect import getLemma

    entry = finding.entry
    doc, verb = draft.doc, draft.doc[finding.first]
    before, after = draft.before(verb.i), draft.after(finding.last)
    described = before is not None and (
        before.pos_ in ("DET", "ADJ", "NUM", "ADP") or before.tag_ in ("PRP$", "POS")
    )
    nominal = after is not None and after.pos_ in ("NOUN", "PROPN", "ADJ")
    gerund = verb.tag_ == "VBG" and before is not None and before.pos_ == "ADP"
    participle = verb.tag_ in ("VBN", "VBG") and nominal and not gerund
    if described and (verb.tag_[:2] in ("NN", "JJ") or participle):
        return False
    if verb.dep_ == "amod" and verb.head.i > verb.i:
        return False
    lemma = getLemma(verb.lower_, "VERB")[0]
    for new in entry.replacements:
        if grammar.takes(new, verb, doc[finding.last]):
            return _put(draft, finding, grammar.verb_form(new, verb, lemma))
    return False


def _replace_modifier(draft: Draft, finding: Finding) -> bool:
    entry = finding.entry
    for replacement in entry.replacements:
        new = replacement.removesuffix(" person")
        nominal = entry.pos == "NOUN" and new == replacement and "NOUN" in grammar.kinds(new)
        nominal = nominal and not grammar.said_of_many(new) and grammar.ends_in_head(new)
        adjective = "ADJ" in grammar.kinds(new) and (entry.pos != "NOUN" or new != replacement)
        if new not in grammar.VACUOUS and (nominal or adjective):
            return _put(draft, finding, grammar.adjective_form(new, finding.root.tag_))
    return False


def _replace_noun(draft: Draft, finding: Finding, copula: "Token | None") -> bool:
    entry, root = finding.entry, finding.root
    start = phrase_start(draft, finding.first)
    opener = draft.before(start)
    plural = grammar.is_plural(root, opener.lower_ if opener is not None else "")
    graded = all(
        draft.doc[i].lower_ in grammar.DEGREE | COORDINATORS
        for i in range(start, finding.first)
        if draft.words[i]
    )
    told = ("relcl", "acl", "prep")
    bare = graded and not any(
        c.dep_ in told and c.i > finding.last and c.lower_ not in ("of", "like")
        for c in root.children
    )
    possessed = opener is not None and opener.tag_ in ("PRP$", "POS")
    subject = root.dep_ in ("nsubj", "nsubjpass")
    if copula is not None and (subject or copula.lemma_ in grammar.COPULAS - grammar.NAMING):
        copula = None
    determined = opener is not None and (opener.pos_ == "DET" or possessed)
    as_adjective = copula is not None and not plural and not determined and opener == copula
    for new in entry.replacements:
        bodily = not plural and not determined and root.dep_ in ("dobj", "pobj")
        if "NOUN" not in grammar.kinds(new) or as_adjective:
            continue
        if new.endswith("person") and (possessed or (bodily and new == "person")):
            continue
        if new in grammar.VACUOUS and ((bare and copula is not None) or weighs(draft, start)):
            break
        if new in grammar.MASS and opener is not None and opener.lower_ in ("a", "an"):
            continue
        if grammar.said_of_many(new):
            if not plural and (determined and opener is not None and opener.lower_ != "the"):
                continue
            if subject and any(t.tag_ == "VBZ" for t in (root.head, *root.head.children)):
                continue
        elif plural:
            new = grammar.plural(new)
        if any(draft.words[t.i].lower() == new and t.i < start for t in root.conjuncts):
            return draft.remove(range(start, finding.last + 1), entry.id, "delete")
        return _put(draft, finding, new)
    described = [r for r in entry.replacements if "NOUN" not in grammar.kinds(r)]
    if copula is None or not bare or not described:
        return False
    article = opener is not None and opener.lower_ in ("a", "an", "such")
    if not plural and not article and not as_adjective:
        return False
    first = opener.i if article and opener is not None else start
    ahead = draft.before(first)
    first = ahead.i if ahead is not None and ahead.lower_ == "such" else first
    return draft.put(first, finding.last, described[0], entry.id, entry.action)


def _put(draft: Draft, finding: Finding, new: str) -> bool:
    entry = finding.entry
    doc, first, last = draft.doc, finding.first, finding.last
    if hyphenated(doc, first, last):
        return False
    before = draft.before(first)
    words = new.split(" ")
    said = draft.words[before.i].lower() if before is not None else ""
    if len(words) > 1 and said == words[0].lower():
        new = " ".join(words[1:])
    mate = before
    while mate is not None and mate.lower_ in COORDINATORS | {","}:
        mate = draft.before(mate.i)
    if mate is not None and mate != before and draft.words[mate.i].lower() == new.lower():
        return draft.remove(range(first, last + 1), entry.id, "delete")
    if before is not None and new == "person" and before.lower_ in _INDEFINITE:
        new = f"{before.text}one"
        return draft.put(before.i, last, new, entry.id, entry.action)
    starts = before is None or before.text in STOPS or before.is_space or before.text == ":"
    titles = [t.is_title for t in doc[first].sent if t.is_alpha and len(t) > 3]
    headline = len(titles) > 3 and sum(titles) > 0.7 * len(titles)
    cased = grammar.like_case(new, doc[first : last + 1].text, starts, headline)
    return draft.put(first, last, cased, entry.id, entry.action)
