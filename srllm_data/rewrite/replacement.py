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
        verbs = [r for r in entry.replacements if "VERB" in grammar.kinds(r)]
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
        adjective = "ADJ" in grammar.kinds(new)
        if new not in grammar.VACUOUS and (nominal or adjective):
            return _put(draft, finding, grammar.adjective_form(new, finding.root.tag_))
    return False


def _replace_noun(draft: Draft, finding: Finding, copula: "Token | None") -> bool:
    entry = finding.entry
    start = phrase_start(draft, finding.first)
    opener = draft.before(start)
    plural = grammar.is_plural(finding.root, opener.lower_ if opener is not None else "")
    graded = all(
        draft.doc[i].lower_ in grammar.DEGREE | COORDINATORS
        for i in range(start, finding.first)
        if draft.words[i]
    )
    bare = graded and not any(
        c.dep_ in ("relcl", "prep", "acl") and c.i > finding.last for c in finding.root.children
    )
    possessed = opener is not None and opener.tag_ in ("PRP$", "POS")
    if copula is not None and copula.lemma_ in grammar.COPULAS - grammar.NAMING:
        copula = None
    determined = opener is not None and (opener.pos_ == "DET" or possessed)
    as_adjective = copula is not None and not plural and not determined and opener == copula
    for new in entry.replacements:
        if "NOUN" not in grammar.kinds(new) or as_adjective or (possessed and new == "person"):
            continue
        if new in grammar.VACUOUS and ((bare and copula is not None) or weighs(draft, start)):
            break
        if new in grammar.MASS and opener is not None and opener.lower_ in ("a", "an"):
            continue
        new = grammar.plural(new) if plural else new
        if any(draft.words[t.i].lower() == new and t.i < start for t in finding.root.conjuncts):
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
    if before is not None and len(words) > 1 and before.lower_ == words[0].lower():
        new = " ".join(words[1:])
    if before is not None and new == "person" and before.lower_ in _INDEFINITE:
        new = f"{before.text}one"
        return draft.put(before.i, last, new, entry.id, entry.action)
    starts = before is None or before.text in STOPS or before.is_space or before.text == ":"
    titles = [t.is_title for t in doc[first].sent if t.is_alpha and len(t) > 3]
    headline = len(titles) > 3 and sum(titles) > 0.7 * len(titles)
    cased = grammar.like_case(new, doc[first : last + 1].text, starts, headline)
    return draft.put(first, last, cased, entry.id, entry.action)
