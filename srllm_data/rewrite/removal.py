"""Ways to take a finding out of a sentence that holds without it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from srllm_data.rewrite import grammar
from srllm_data.rewrite.draft import COORDINATORS, PAUSES, STOPS, Draft, says
from srllm_data.rewrite.place import (
    ABUSE,
    Finding,
    hyphenated,
    listed,
    names_group,
    phrase_start,
    prenominal,
    segments,
)

if TYPE_CHECKING:
    from spacy.tokens import Token

_YOU = grammar.words("you u ya yous youse")
_ADDRESSING = grammar.words("you u ya i he she we they it your ur yall y'all")
_OATHS = grammar.words("fuck fucks hell heck shit fck fuk")
_QUESTIONS = grammar.words("what who where when why how wtf wat")
_NEEDS_ADVERB = grammar.words("behave act treat word phrase bode fare")
_PARTS = grammar.words("nsubj nsubjpass amod compound nmod advmod det dobj pobj attr acomp")
_ADJOINED = grammar.words("advmod npadvmod prep intj amod")
_LIGHT = grammar.words("nature kind sort manner way fashion type")
_CLOSING = grammar.words("now again please here there too yet then back away today down up out")
_TURNED_TO = grammar.words("listen look stop wait please hey hi hello yo oi sorry thanks")
_FILLERS = grammar.words(
    "you u ya your ur me it him her them us this that what oh ah ha lol off man dude bunch of"
    " lot mother"
)


def drop_abuse(draft: Draft, findings: Sequence[Finding]) -> None:
    """Remove the clauses that are nothing but abuse ("You stupid idiot!", "fuck this,")."""
    abuse = [f for f in findings if f.label in ABUSE | {"condescension"}]
    covered = {i for f in findings for i in range(f.first, f.last + 1)}
    doomed: list[tuple[list[int], Finding]] = []
    for segment in segments(draft.doc):
        inside = [f for f in abuse if segment[0] <= f.first <= segment[-1]]
        rest = [draft.doc[i] for i in segment if i not in covered and says(draft.doc[i])]
        if inside and all(_empty(t) for t in rest) and _alone(draft, segment, inside):
            words = [
                i
                for i in segment
                if i in covered or (i not in draft.fixed and draft.doc[i].text[0].isalnum())
            ]
            doomed.append((words, inside[0]))
    gone = {i for words, _ in doomed for i in words}
    if any(says(t) and t.i not in gone for t in draft.doc):
        for words, finding in doomed:
            draft.remove(words, finding.entry.id, "delete", aside=True)


def _empty(token: "Token") -> bool:
    handle = token.text[0] == "@" or token.text == "RT"
    return handle or token.lower_ in grammar.DEGREE | _FILLERS or token.pos_ in ("INTJ", "DET")


def _alone(draft: Draft, segment: list[int], inside: list[Finding]) -> bool:
    """Whether a segment can go without taking a part of its neighbours with it."""
    before, after = draft.before(segment[0]), draft.after(segment[-1])
    stops = all(t is None or t.text in STOPS or t.is_space for t in (before, after))
    if stops:
        return True
    if any(draft.doc[i].pos_ == "DET" and draft.doc[i].lower_ not in _YOU for i in segment):
        return False
    head = next((f for f in inside if f.entry.pos != "ADJ"), None)
    if head is None or any(prenominal(draft, f) for f in inside if f.last == segment[-1]):
        return False
    following = draft.after(after.i) if after is not None else None
    listed = following is not None and following.lower_ in COORDINATORS
    return not listed and not any(c.dep_ == "cc" for t in segment for c in draft.doc[t].children)


def delete_oath(draft: Draft, finding: Finding) -> bool:
    """ "what the fuck is it", "shut the fuck up": the oath and its article."""
    entry = finding.entry
    length = finding.last - finding.first
    the = draft.doc[max(finding.last - 1, 0)]
    if length > 1 and draft.doc[finding.first].lower_ not in _QUESTIONS:
        return False
    after = draft.after(finding.last)
    if draft.doc[finding.last].lower_ not in _OATHS or the.lower_ not in ("the", "da", "tha"):
        return False
    words = list(range(the.i, finding.last + 1))
    before = draft.before(the.i)
    asked = before is not None and before.lower_ in _QUESTIONS
    ordered = after is not None and after.tag_ in ("RP", "RB", "IN") and before is not None
    if asked or (ordered and before is not None and before.tag_.startswith("VB")):
        return draft.remove(words, entry.id, "delete")
    opens = before is None or before.text in STOPS | PAUSES
    if opens and after is not None and (after.lower_ in _ADDRESSING or after.pos_ == "AUX"):
        what = "What" if the.text[0].isupper() else "what"
        return draft.put(the.i, finding.last, what, entry.id, "replace")
    return False


def delete_aside(draft: Draft, finding: Finding) -> bool:
    """A form of address, an oath or a name's insulting apposition."""
    entry = finding.entry
    if finding.label not in ABUSE | {"condescension"} or entry.pos in ("ADJ", "ADV"):
        return False
    first = phrase_start(draft, finding.first)
    words = list(range(first, finding.last + 1))
    if any(draft.words[i] and i < finding.first and names_group(draft.doc[i]) for i in words):
        return False
    before, after = draft.before(first), draft.after(finding.last)
    opens = before is None or before.text in STOPS | PAUSES or before.is_space
    closes = after is None or not says(after)
    if before is not None and before.lower_ in _YOU:
        return _delete_after_you(draft, finding, words, before, after)
    if before is not None and before.pos_ == "DET" and after is not None:
        ahead = draft.before(before.i)
        abuse = finding.label in ABUSE
        if abuse and after.pos_ == "PROPN" and after.is_title and after.i == finding.last + 1:
            return draft.remove([before.i, *words], entry.id, "delete")
        if ahead is not None and ahead.text == "," and after.text == ",":
            return finding.root.dep_ == "appos" and draft.remove(
                [before.i, *words], entry.id, "delete", aside=True
            )
    if before is not None and before.pos_ == "DET":
        return False
    span = range(finding.first, finding.last + 1)
    if finding.root.pos_ == "INTJ" or finding.root.dep_ == "intj":
        return draft.remove(span, entry.id, "delete", aside=True)
    swears = finding.label == "profanity" and entry.pos == "ANY"
    kinds = ("PRON", "DET", *(("ADV", "INTJ", "PUNCT", "ADJ") if entry.action == "delete" else ()))
    clause = after is not None and after.pos_ in kinds and after.lower_ not in ("that", "which")
    if opens and swears and clause and finding.root.dep_ not in _PARTS:
        return draft.remove(span, entry.id, "delete", aside=True)
    singular = not grammar.is_plural(finding.root, "")
    if opens and after is not None and after.lower_ in _ADDRESSING and singular:
        return draft.remove(words, entry.id, "delete", aside=True)
    complete = before is not None and (
        before.tag_ in ("RP", "UH", "PRP")
        or before.lower_ in _CLOSING
        or (before.pos_ == "NOUN" and _commands(draft, before))
    )
    you = any(t.lower_ in _YOU for t in draft.doc[max(0, first - 4) : max(0, first - 1)])
    named = entry.pos == "NOUN" and finding.root.pos_ in ("NOUN", "PROPN")
    if complete and named and not you and closes and singular:
        return draft.remove(words, entry.id, "delete", aside=True)
    return False


def _commands(draft: Draft, noun: "Token") -> bool:
    """Whether the clause that ``noun`` closes is an order ("mind your own business")."""
    at = noun.i
    while at and draft.doc[at - 1].text not in STOPS | PAUSES:
        at -= 1
    opener = draft.doc[at]
    if opener.pos_ == "ADV" and at < noun.i:
        opener = draft.doc[at + 1]
    return opener.tag_ in ("VB", "VBP") and opener.pos_ == "VERB"


def _delete_after_you(
    draft: Draft,
    finding: Finding,
    words: list[int],
    you: "Token",
    after: "Token | None",
) -> bool:
    """ "you idiots voted" keeps its "you"; "shut it, you idiot" does not."""
    entry = finding.entry
    ahead = draft.before(you.i)
    if ahead is not None and (ahead.lemma_ in grammar.COPULAS or ahead.pos_ == "AUX"):
        return False
    subject = after is not None and after.pos_ in ("VERB", "AUX", "ADV", "PRON") and says(after)
    governed = ahead is not None and (
        ahead.lower_ in ("half", "all", "both", "some", "most")
        or (
            ahead.pos_ in ("VERB", "ADP", "SCONJ", "CCONJ", "DET", "NUM")
            and ahead.lower_ not in _TURNED_TO
        )
    )
    if subject or governed:
        return draft.remove(words, entry.id, "delete")
    return draft.remove([you.i, *words], entry.id, "delete", aside=True)


def delete_comparison(draft: Draft, finding: Finding) -> bool:
    """ "stop driving like an idiot": the whole comparison."""
    entry = finding.entry
    if finding.label not in ("insult", "slur") or entry.pos != "NOUN":
        return False
    like = draft.before(phrase_start(draft, finding.first))
    if like is not None and like.pos_ == "DET":
        like = draft.before(like.i)
    verb = draft.before(like.i) if like is not None else None
    if like is None or verb is None or like.lower_ != "like" or like.pos_ not in ("ADP", "SCONJ"):
        return False
    if verb.lemma_ in grammar.COPULAS | _NEEDS_ADVERB or verb.pos_ in ("AUX", "DET"):
        return False
    after = draft.after(finding.last)
    goes_on = ("NOUN", "PROPN", "PART", "PRON", "ADP", "SCONJ")
    if after is not None and after.pos_ in goes_on and says(after):
        return False
    return draft.remove(range(like.i, finding.last + 1), entry.id, "delete")


def delete_modifier(draft: Draft, finding: Finding) -> bool:
    """A word or phrase that its sentence can do without."""
    entry = finding.entry
    doc, first, last = draft.doc, finding.first, finding.last
    before, after = draft.before(first), draft.after(last)
    if hyphenated(doc, first, last) or (after is not None and after.lower_ in ("than", "as")):
        return False
    if first != last and doc[last].pos_ == "ADP":
        return False
    if doc[first].pos_ in ("ADP", "SCONJ") or doc[first].lower_ in ("for", "of", "like"):
        said_of = before
        while said_of is not None and said_of.pos_ == "ADV":
            said_of = draft.before(said_of.i)
        governed = said_of is not None and said_of.lemma_ not in grammar.COPULAS
        clause = after is not None and after.lower_ in ("to", "who", "that")
        return governed and not clause and draft.remove(range(first, last + 1), entry.id, "delete")
    nominal = entry.pos == "NOUN" or (entry.pos == "ANY" and finding.root.pos_ == "NOUN")
    if nominal and entry.replacements and finding.label not in ("insult", "slur", "profanity"):
        return False
    if finding.label not in ABUSE and any(names_group(t) for t in doc[first : last + 1]):
        return False
    if entry.replacements and before is not None and _needed(draft, finding, before):
        return False
    fits = prenominal(draft, finding) or listed(draft, finding)
    if fits and after is not None and after.lemma_.lower() in _LIGHT:
        return _delete_manner(draft, finding, after)
    oath = entry.pos == "ANY" and entry.action == "delete"
    oath = oath or (entry.pos == "VERB" and first == last)
    if not fits and (entry.pos == "ADV" or oath):
        fits = _adverbial(draft, finding)
    if not fits:
        return False
    words = list(range(first, last + 1))
    graded = entry.pos in ("ADJ", "ADV")
    if graded and before is not None and before.lower_ in ("most", "more", "least", "less"):
        return False
    while graded and before is not None and before.lower_ in grammar.DEGREE - {"such", "just"}:
        words.insert(0, before.i)
        before = draft.before(before.i)
    return draft.remove(words, entry.id, "delete")


def _needed(draft: Draft, finding: Finding, before: "Token") -> bool:
    """ "such a stupid plan", "your ass home": the rest alone would mean another thing."""
    if before.lower_ == "of" and finding.entry.pos == "NOUN":
        kind = draft.before(before.i)
        return kind is not None and kind.lemma_.lower() in _LIGHT
    if before.lower_ in ("a", "an"):
        ahead = draft.before(before.i)
        return ahead is not None and ahead.lower_ in ("such", "what", "how", "quite")
    if before.pos_ in ("VERB", "ADP") and finding.entry.pos == "ADJ":
        return finding.root.dep_ == "amod" and finding.root.head.tag_ == "NNS"
    return before.tag_ == "PRP$" and finding.entry.pos == "ANY" and finding.root.pos_ == "NOUN"


def _delete_manner(draft: Draft, finding: Finding, noun: "Token") -> bool:
    """ "in a shameful way", "of a brazen nature": the whole phrase."""
    entry = finding.entry
    article = draft.before(finding.first)
    preposition = draft.before(article.i) if article is not None else None
    if article is None or preposition is None or article.lower_ not in ("a", "an"):
        return False
    following = draft.after(noun.i)
    if preposition.lower_ not in ("in", "of") or (following is not None and says(following)):
        return False
    return draft.remove(range(preposition.i, noun.i + 1), entry.id, "delete")


def _adverbial(draft: Draft, finding: Finding) -> bool:
    """Whether the finding is an adverb or an oath inside a clause that holds without it."""
    root, after = finding.root, draft.after(finding.last)
    before = draft.before(finding.first)
    span = draft.doc[finding.first : finding.last + 1]
    tops = [t for t in span if t.head not in span or t.head == t]
    if len(span) > 1 and any(t.dep_ not in _ADJOINED for t in tops):
        return False
    swears = root.lower_.rstrip("'’").endswith(("in", "ing", "damn"))
    if root.pos_ in ("VERB", "AUX", "NOUN", "PROPN") and not swears:
        return False
    if root.pos_ == "VERB" and not swears:
        return False
    if before is not None and before.pos_ == "DET" and (after is None or not says(after)):
        return False
    active = before is not None and before.pos_ not in ("AUX", "PART", "ADP")
    if swears and active and after is not None and after.pos_ in ("VERB", "NOUN", "PROPN"):
        return True
    if after is not None and after.pos_ in ("ADJ", "ADV") and after.i == finding.last + 1:
        return True
    if root.dep_ in ("acomp", "attr", "dobj", "pobj", "nsubj", "oprd") and root.pos_ != "ADV":
        return False
    if any(c.dep_ in ("dobj", "ccomp", "xcomp", "nsubj") for c in root.children):
        return False
    if root.pos_ == "ADV" and root.dep_ == "advmod" and root.head.lemma_ in _NEEDS_ADVERB:
        return any(c.dep_ in ("dobj", "advmod") and c != root for c in root.head.children)
    if root.pos_ == "ADV" or root.dep_ == "advmod":
        return True
    if before is not None and before.pos_ == "AUX" and after is not None:
        return after.pos_ not in ("DET", "PRON")
    return after is not None and says(after)
