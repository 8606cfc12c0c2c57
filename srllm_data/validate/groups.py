"""Does the rewrite still say which groups of people the text speaks of?"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from srllm_data.lexicon.entry import entries, identity_terms
from srllm_data.lexicon.groups import Mention, mentioned
from srllm_data.validate.pair import Pair, is_content

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

_STEM = 5
#: Words that point to a group without naming it.
_POINTERS = {
    "gender": frozenset(
        "he him his himself she her hers herself mr mrs ms miss sir madam lady lord".split()
    ),
    "age": frozenset("old older elderly aged young younger youth junior senior".split()),
    "disability": frozenset("hearing sight sighted impaired impairment wheelchair access".split()),
    "orientation": frozenset("lgbt lgbtq partner".split()),
}
#: Kin and age: seldom whom the text is about.
_IN_PASSING = frozenset(
    "child children kid kids toddler toddlers student students benefits labour".split()
)
#: Groups of which one name may stand for another.
_BROAD = frozenset("gender age occupation class politics education geography health".split())
#: Words that say no more of people than that they are people.
_ANYBODY = frozenset(
    "people person individual resident member employee worker staff guest visitor local "
    "activist someone somebody group crowd neighbour neighbor participant party".split()
)
#: Names of a group that stand for many groups.
_WEAK = frozenset("newcomers incomers locals activists campaigners protesters".split())
#: Adjectives that put somebody in a group.
_TRAITS = frozenset(
    "old young elderly fat obese overweight skinny short tall bald blonde blond ginger rich "
    "wealthy poor homeless jobless unemployed blind deaf disabled".split()
)
_FINITE = frozenset("VBZ VBP VBD MD".split())
#: A sentence of which no more is kept was a judgement on a group, and has gone.
_DROPPED = 0.34


def groups_lost(pair: Pair, spans: list[dict[str, Any]], groups: tuple[str, ...]) -> int:
    """Groups that the text names outright, and words that say which people, that the rewrite lost.

    spans: biased spans of the text; groups: those that the rewrite points to. A word of the same
    stem points to the group ("Diabetics", "diabetes"), and so do another name that the text
    lacks ("Poles", "Polish") and a pronoun to a gender. Groups of sentences that the rewrite
    leaves out, and of claims about all their members, may go.
    """
    words = {t.lower_ for t in pair.new}
    stems = {t.lemma_.lower()[:_STEM] for t in pair.new} | {w[:_STEM] for w in words}
    lost, there = set(), set()
    for mention in mentioned(pair.text):
        if _is_there(pair.text[mention.first : mention.last + 1], words, stems):
            there.add(mention.group)
        elif not _may_go(pair, mention, spans):
            lost.add(mention.group)
    lost -= there & _BROAD
    if lost:
        lost -= _renamed(pair, groups)
        lost = {g for g in lost if words.isdisjoint(_POINTERS.get(g, ()))}
    lost |= _unnamed(pair, spans, groups)
    return max(len(lost), int(_described(pair) or _generalised_mention(pair)))


def _unnamed(pair: Pair, spans: list[dict[str, Any]], groups: tuple[str, ...]) -> set[str]:
    """Groups that a biased term names, that have fair names, and that became just people."""
    found: set[str] = set()
    for span in spans:
        named = _fair_names().get(span["entry"] or "", frozenset()) - set(groups)
        if named and any(_generalised(pair, t) for t in _tokens(pair, span)):
            found |= named
    return found


@lru_cache(maxsize=1)
def _fair_names() -> dict[str, frozenset[str]]:
    """The groups of terms that have replacements, all of which name the group."""
    terms = {group: set(forms) for group, forms in identity_terms().items()}
    return {
        name: frozenset(
            g
            for g in entry.groups
            if entry.replacements
            and all(
                not terms[g].isdisjoint({r.lower(), *r.lower().split()}) for r in entry.replacements
            )
        )
        for name, entry in entries().items()
    }


def _generalised_mention(pair: Pair) -> bool:
    """Whether a word for any people stands where the text named a group."""
    places = {m.first for m in mentioned(pair.text)}
    return any(
        a <= i < b and pair.old[i] not in pair.kept and _only_anybody(pair, c, d)
        for i in places
        for a, b, c, d in pair.edits
    )


def _only_anybody(pair: Pair, first: int, end: int) -> bool:
    nouns = [t for t in pair.new[first:end] if t.pos_ in ("NOUN", "PROPN", "ADJ")]
    return bool(nouns) and all(t.lemma_.lower() in _ANYBODY for t in nouns)


def _renamed(pair: Pair, groups: tuple[str, ...]) -> set[str]:
    """Groups that the rewrite names with a word that the text lacks."""
    text = {t.lower_ for t in pair.old}
    new = {t.lower_ for t in pair.new} - text
    single = {
        group for group, forms in _single_words().items() if not forms.isdisjoint(new - _WEAK)
    }
    by_name = [(pair.new[m.first].lower_, m.group) for m in mentioned(pair.rewrite)]
    found = {group for word, group in by_name if word not in text | _WEAK}
    return found | single | (set(groups) - {group for _, group in by_name})


@lru_cache(maxsize=1)
def _single_words() -> dict[str, frozenset[str]]:
    return {g: frozenset(f for f in forms if " " not in f) for g, forms in identity_terms().items()}


def _is_there(mention: "Span", words: set[str], stems: set[str]) -> bool:
    return any(
        t.lower_[:_STEM] in stems
        or t.lemma_.lower() in stems
        or any(len(w) >= 4 and t.lower_.startswith(w) for w in words)
        for t in mention
    )


def _may_go(pair: Pair, mention: Mention, spans: list[dict[str, Any]]) -> bool:
    token = pair.text[mention.first]
    if all(t.lower_ in _IN_PASSING for t in pair.text[mention.first : mention.last + 1]):
        return True
    sentence = [t for t in token.sent if is_content(t) and t.i not in pair.marked]
    share = pair.kept.share_of(sentence) if sentence else 0.0
    if share <= _DROPPED:
        return True
    for span in spans:
        if not span["start"] <= token.idx < span["end"]:
            continue
        said = _tokens(pair, span)
        whole = len(said) == mention.last + 1 - mention.first
        if any(t.tag_ in _FINITE for t in said) or (span["entry"] and whole):
            return True
    return False


def _tokens(pair: Pair, span: dict[str, Any]) -> "list[Token]":
    return [t for t in pair.old if span["start"] <= t.idx < span["end"]]


def _described(pair: Pair) -> bool:
    """Whether a biased noun became a general one and lost what it is described with.

    "The vegan cultists" may become "the vegans", and not "the activists".
    """
    for noun in pair.old:
        traits = [c for c in noun.children if c.dep_ == "amod" and c.lower_ in _TRAITS]
        if traits and (noun.i in pair.marked or noun.dep_ == "appos") and _untold(pair, traits):
            return True
        if (
            noun.i not in pair.marked
            or noun.pos_ not in ("NOUN", "PROPN")
            or noun.dep_ in ("compound", "amod", "attr", "appos")
        ):
            continue
        lost = [t for t in noun.children if _names_kind(t) and t.i not in pair.marked]
        if any(t not in pair.kept for t in lost) and _generalised(pair, noun):
            return True
    return False


def _untold(pair: Pair, traits: "list[Token]") -> bool:
    """Whether one of ``traits`` is lost, and no new adjective can stand for it."""
    lost = [t for t in traits if t.i not in pair.marked and t not in pair.kept]
    return bool(lost) and not any(t.pos_ == "ADJ" and t not in pair.source for t in pair.new)


def _names_kind(modifier: "Token") -> bool:
    kind = modifier.dep_ in ("compound", "nmod") or modifier.text[:1].isupper()
    known = modifier.dep_ in ("compound", "nmod", "amod") and is_content(modifier)
    return kind and known and modifier.lemma_.lower() not in _ANYBODY


def _generalised(pair: Pair, noun: "Token") -> bool:
    """Whether nothing but a word for any people stands for ``noun``."""
    return any(a <= noun.i < b and _only_anybody(pair, c, d) for a, b, c, d in pair.edits)
