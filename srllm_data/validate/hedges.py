"""Does the rewrite hold as certain, possible or demanded what the text holds so?"""

from typing import TYPE_CHECKING

from srllm_data.validate.pair import Pair

if TYPE_CHECKING:
    from spacy.tokens import Token

_HEDGES = frozenset(
    "alleged allegedly apparently appear estimate estimated likely may maybe might perhaps "
    "possibly probably reportedly seem seemingly supposedly suspected".split()
)
_ADVERBS = frozenset(
    "allegedly apparently arguably conceivably likely maybe ostensibly perhaps possibly "
    "potentially presumably probably purportedly reportedly seemingly supposedly".split()
)
_MODALS = {"may": "possible", "might": "possible", "must": "strong", "shall": "strong"} | {
    "should": "weak",
    "ought": "weak",
    "can": "can",
    "ca": "can",
    "could": "can",
}
_SEEMING = frozenset("seem appear".split())
#: "He is said to", "she is believed to".
_HEARSAY = frozenset(
    "say believe think allege report suspect suppose rumour rumor understand".split()
)
#: What somebody plans to do is not done yet.
_INTENDING = frozenset(
    "plan intend hope aim propose expect try attempt threaten promise consider want wish vow "
    "offer seek".split()
)
_RANK = ("possible", "intended", "strong", "weak", "can", "")
#: Who says "can" may mean "may"; obligations are often left out of what is asked for.
_ALIKE = {frozenset(pair) for pair in (("can", "possible"), ("can", ""), ("can", "intended"))}


def hedges(pair: Pair) -> dict[str, float]:
    """Counts of claims outside biased spans whose certainty the rewrite changes.

    hedges_lost: held possible, planned or demanded by the text only; hedges_added: by the
    rewrite only.
    """
    lost = added = 0
    for verb in pair.told:
        place = pair.aligned.get(verb.i)
        if place is None or not _is_claim(verb) or not _is_claim(pair.new[place]):
            continue
        if verb.tag_ == "VB" and not any(c.dep_ in ("aux", "nsubj") for c in verb.children):
            continue  # what is asked for may be asked for in other words
        around = [c for c in verb.children if c.dep_ not in ("nsubj", "nsubjpass")]
        if any(
            t.i in pair.marked for t in (*around, *([verb.head] if verb.dep_ == "xcomp" else ()))
        ):
            continue
        was, now = _held(verb), _held(pair.new[place])
        if was != now and frozenset((was, now)) not in _ALIKE:
            stronger = _RANK.index(was) < _RANK.index(now)
            lost += stronger
            added += not stronger
    some = [
        t
        for t in pair.told
        if t.lemma_.lower() in _HEDGES and t.head.lemma_.lower() in pair.kept.words
    ]
    none_left = bool(some) and not any(t.lemma_.lower() in _HEDGES for t in pair.new)
    return {"hedges_lost": max(lost, none_left), "hedges_added": max(added, _inserted(pair))}


def _inserted(pair: Pair) -> int:
    """Adverbs that only say how sure a claim is, put in where nothing biased was."""
    found = 0
    for edit in pair.edits:
        a, b, c, d = edit
        if b - a <= 1 and d - c <= 2 and pair.plain(edit, 2):
            found += any(t.lower_ in _ADVERBS for t in pair.new[c:d]) and not any(
                t.lower_ in _ADVERBS for t in pair.old
            )
    return found


def _is_claim(token: "Token") -> bool:
    return token.pos_ in ("VERB", "AUX") and token.dep_ not in ("aux", "auxpass")


def _held(verb: "Token") -> str:
    """How sure the claim of ``verb`` is; of "is ill", "seems ill" it is that of "ill"."""
    around = list(verb.children)
    for child in verb.children:
        if child.dep_ in ("acomp", "attr"):
            around += child.children
    return _sure(verb, around)


def _sure(verb: "Token", around: "list[Token]") -> str:
    kinds = {""}
    for token in around:
        if token.dep_ == "aux" and (kind := _MODALS.get(token.lower_)):
            kinds.add(kind)
        elif token.lower_ in _ADVERBS and token.dep_ == "advmod":
            kinds.add("possible")
    head = verb.head
    if verb.dep_ == "xcomp" and head is not verb:
        governing = head.lemma_.lower()
        passive = any(c.dep_ == "auxpass" for c in head.children)
        if governing in _SEEMING or (governing in _HEARSAY and passive):
            kinds.add("possible")
        elif governing in _INTENDING:
            kinds.add("intended")
        elif governing in ("have", "ought"):
            kinds.add("strong")
        if head.dep_ != "xcomp":
            kinds.update(k for t in head.children if (k := _MODALS.get(t.lower_)) == "possible")
    elif verb.dep_ == "conj" and verb.tag_ == "VB" and kinds == {""}:
        return _sure(head, [head, *head.children]) if head.pos_ in ("VERB", "AUX") else ""
    return next(kind for kind in _RANK if kind in kinds)
