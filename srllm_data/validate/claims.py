"""Does the rewrite claim what the text claims, not the contrary, of the same people?"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from srllm_data.validate.facts import exchanged
from srllm_data.validate.pair import Pair, is_content

if TYPE_CHECKING:
    from spacy.tokens import Token

_NEGATIONS = frozenset(
    "not n't n’t nt never no none nobody nothing neither nor nowhere without unable cannot".split()
)
#: Words that deny by themselves, by lemma; they and a plain negation may replace each other.
_DENYING = frozenset(
    "refuse decline fail deny reject lack refrain avoid prevent prohibit forbid ban hardly barely "
    "scarcely seldom rarely few little unless impossible absent miss forget stop".split()
)
_DENIALS = _NEGATIONS | set("do does did ca can wo will a any".split())
#: "I do not think that it works" denies that it works.
_THINKING = frozenset("think believe expect suppose imagine feel seem appear want accept".split())
#: Verbs of so little content that two of them say nothing about each other.
_LIGHT = frozenset("be have do get make go take".split())
_OBJECTIVE = {"me": "i", "him": "he", "her": "she", "them": "they", "us": "we"}
#: Opposites among words of grammar; they count only where one stands for the other.
_BARE = frozenset("ADP CCONJ SCONJ DET PRON".split())
#: Longer edits are rewritten clauses, in which two opposites need not be about the same thing.
_LONGEST = 3
_LONGEST_OF_VERBS = 8


def claims(pair: Pair) -> dict[str, float]:
    """Counts of the claims outside biased spans that the rewrite turns round.

    negations_flipped: denied by one of the two only; opposites: words replaced by their
    contrary; roles_turned: who did it and whom it was done to have changed places.
    """
    flipped, opposites = _turned(pair)
    return {
        "negations_flipped": max(_flipped(pair), _bare_negations(pair), flipped),
        "opposites": opposites,
        "roles_turned": _roles_turned(pair) + exchanged(pair),
    }


def _flipped(pair: Pair) -> int:
    """Verbs that one of the two denies and the other does not, of the same subject.

    A verb that both hold once is the same statement whatever its subject is called.
    """
    before, after = _statements(pair.old, pair.marked), _statements(pair.new, frozenset())
    once = {
        verb
        for verb in {verb for _, verb, _ in before} - _LIGHT
        if all(sum(verb == v for _, v, _ in found) == 1 for found in (before, after))
    }
    counts, counts_after = (
        Counter(("" if verb in once else subject, verb, denied) for subject, verb, denied in found)
        for found in (before, after)
    )
    flipped = 0
    for subject, verb in sorted({key[:2] for key in counts} & {key[:2] for key in counts_after}):
        denied = counts[subject, verb, True] - counts_after[subject, verb, True]
        plainly = counts_after[subject, verb, False] - counts[subject, verb, False]
        flipped += max(0, min(denied, plainly), min(-denied, -plainly))
    return flipped


def _bare_negations(pair: Pair) -> int:
    """Edits that take out or put in a negation and nothing else that says something."""
    found = 0
    for edit in pair.edits:
        a, b, c, d = edit
        changed = (*pair.old[a:b], *pair.new[c:d])
        if not pair.marked.isdisjoint(range(a, b)):
            continue
        bare = all(t.lower_ in _DENIALS for t in changed)
        one_sided = (a == b or c == d) and len(changed) <= 4 and pair.plain(edit)
        if bare or (one_sided and not any(is_content(t) for t in changed)):
            found += sum(t.lower_ in _NEGATIONS for t in changed) % 2
    return found


def _statements(tokens: "list[Token]", marked: frozenset[int]) -> list[tuple[str, str, bool]]:
    """Subject, verb and whether it is denied, for every verb that is not ``marked``."""
    found = []
    for verb in tokens:
        if verb.pos_ not in ("VERB", "AUX") or verb.dep_.startswith("aux"):
            continue
        if verb.i not in marked:
            subject = subject_of(verb)
            name = subject.lower_ if subject is not None else ""
            found.append((name, verb.lemma_.lower(), _denies(verb)))
    return found


def subject_of(verb: "Token") -> "Token | None":
    """What ``verb`` is said of, its own subject or that of the verb it hangs on."""
    subjects = [c for c in verb.children if c.dep_ in ("nsubj", "nsubjpass", "expl")]
    if subjects:
        return subjects[0]
    return subject_of(verb.head) if verb.dep_ in ("conj", "xcomp") and verb.head != verb else None


def _denies(verb: "Token") -> bool:
    """Whether ``verb`` is denied, itself or by the verb that governs it ("does not think that")."""
    determiners = (c for noun in verb.children for c in noun.children if c.dep_ == "det")
    denied = sum(t.lower_ in _NEGATIONS for t in (*verb.children, *determiners)) % 2 == 1
    if verb.dep_ in ("ccomp", "xcomp") and verb.head.lemma_ in _THINKING:
        return denied != _denies(verb.head)
    return denied


def _turned(pair: Pair) -> tuple[int, int]:
    """Short edits outside biased spans that deny what was not denied, or say the contrary.

    An opposite and a negation cancel each other ("not closed", "open").
    """
    flipped = opposed = 0
    for edit in pair.edits:
        a, b, c, d = edit
        if max(b - a, d - c) > _LONGEST_OF_VERBS:
            continue
        short = max(b - a, d - c) <= _LONGEST and pair.plain(edit, 0)
        before, after = pair.old[a:b], pair.new[c:d]
        pairs = [
            (x, y)
            for x in before
            for y in after
            if x.i not in pair.marked
            and (short or x.pos_ == y.pos_ == "VERB")
            and _opposed(x, y, edit)
        ]
        pairs = [
            (x, y)
            for x, y in pairs
            if _gone(x, pair.new, pair.old) and _gone(y, pair.old, pair.new)
        ]
        denied = (
            short
            and _negators(before) % 2 != _negators(after) % 2
            and not any(
                is_content(t) and not _negators([t]) and t.lower_ not in ("one", "single")
                for t in (*before, *after)
            )
        )
        denying = any(
            {x.lemma_.lower(), y.lemma_.lower()} & (_DENYING | _NEGATIONS) for x, y in pairs
        )
        opposed += bool(pairs) and not (denied and not denying)
        flipped += denying or (
            denied and not pairs and pair.plain(edit) and bool(b - a) and bool(d - c)
        )
    return flipped, opposed


def _negators(tokens: "list[Token]") -> int:
    return sum(t.lower_ in _NEGATIONS or t.lemma_.lower() in _DENYING for t in tokens)


def _gone(token: "Token", here: "list[Token]", there: "list[Token]") -> bool:
    """Whether ``token`` of ``there`` is rarer ``here``."""
    lemma = token.lemma
    return sum(t.lemma == lemma for t in here) < sum(t.lemma == lemma for t in there)


def _opposed(one: "Token", other: "Token", edit: tuple[int, int, int, int]) -> bool:
    a, b, c, d = edit
    if {one.pos_, other.pos_} & _BARE and (b - a, d - c) != (1, 1):
        return False
    known = opposites()
    return any(
        y in known.get(x, ())
        for x in {one.lower_, one.lemma_.lower()}
        for y in {other.lower_, other.lemma_.lower()}
    ) or _prefixed(one.lemma_.lower(), other.lemma_.lower())


def _prefixed(one: str, other: str) -> bool:
    """Whether one of two words is the other with a prefix that denies it."""
    short, long = sorted((one, other), key=len)
    return len(short) > 3 and any(
        long == p + short for p in ("un", "in", "im", "ir", "il", "dis", "non")
    )


@lru_cache(maxsize=1)
def opposites() -> dict[str, frozenset[str]]:
    """The contraries of a word, by lemma (``antonyms.txt``)."""
    found: dict[str, set[str]] = {}
    lines = Path(__file__).with_name("antonyms.txt").read_text("utf-8").splitlines()
    for line in lines:
        if line.startswith("#"):
            continue
        left, right = (side.split() for side in line.split("|"))
        for one in left:
            for other in right:
                found.setdefault(one, set()).add(other)
                found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


def _roles_turned(pair: Pair) -> int:
    """Verbs whose subject and object have changed places, or that became passive without that."""
    before, after = _relations(pair.old, pair.marked), _relations(pair.new, frozenset())
    turned = 0
    for one in before:
        same = any(
            (r.verb, r.subject, r.passive) == (one.verb, one.subject, one.passive) for r in after
        )
        turned += not same and any(_turned_round(one, r) for r in after if r.verb == one.verb)
    return turned


@dataclass(frozen=True)
class _Relation:
    """Who does it (or, if passive, whom it is done to), and whom and what it is done to."""

    verb: str
    subject: str
    objects: frozenset[str]
    others: frozenset[str]
    passive: bool


def _turned_round(one: _Relation, other: _Relation) -> bool:
    if one.subject == other.subject:
        active = other if one.passive else one
        return one.passive != other.passive and bool(active.objects - {one.subject})
    return other.subject in one.objects | one.others and one.subject in other.objects | other.others


def _relations(tokens: "list[Token]", marked: frozenset[int]) -> list[_Relation]:
    found = []
    for verb in tokens:
        if verb.pos_ != "VERB" or verb.i in marked or verb.lemma_.lower() in _LIGHT:
            continue
        subject = subject_of(verb)
        objects: set[str] = set()
        others: set[str] = set()
        agent = None
        passive = any(c.dep_ in ("nsubjpass", "auxpass") for c in verb.children)
        for child in verb.children:
            if child.dep_ in ("dobj", "dative") and child.pos_ != "ADP":
                objects.add(_called(child))
            elif child.dep_ == "agent":
                agent = next((g for g in child.children if g.dep_ == "pobj"), None)
            elif child.dep_ in ("prep", "dative"):
                others.update(_called(g) for g in child.children if g.dep_ == "pobj")
        if passive and agent is not None:
            if subject is not None:
                objects.add(_called(subject))
            subject, passive = agent, False
        if subject is not None and subject.i not in marked:
            name, verb_name = _called(subject), verb.lemma_.lower()
            found.append(_Relation(verb_name, name, frozenset(objects), frozenset(others), passive))
    return found


def _called(token: "Token") -> str:
    word = token.lower_
    return _OBJECTIVE.get(word, word if token.pos_ == "PRON" else str(token.lemma_.lower()))
