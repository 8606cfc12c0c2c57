"""Signals of meaning: which facts of the text the rewrite keeps, loses, adds or turns round.

Words inside biased spans never count as facts; everything else of the text does.
"""

import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING

from srllm_data.lexicon.groups import mentioned

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

#: Character ranges of a text.
Ranges = list[tuple[int, int]]
#: First token and end in the text, first token and end in the rewrite.
Edit = tuple[int, int, int, int]

PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*_\d+>")

_CONTENT = frozenset("NOUN PROPN VERB ADJ ADV NUM".split())
_STEM = 5
_REACH = 4
_NAMED = frozenset("PERSON ORG GPE LOC FAC EVENT WORK_OF_ART PRODUCT LAW".split())

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES = {w: n for n, w in enumerate(_UNITS)} | {w: 10 * n for n, w in enumerate(_TENS, 2)}
_SCALES = {"hundred": 2, "thousand": 3, "k": 3, "million": 6, "m": 6, "billion": 9, "bn": 9}
_NUMBER = re.compile(
    rf"(?P<code>\b[a-z]+\d\w*)|(?<![A-Za-z_\d.])(?:(?P<digits>\d+(?:,\d{{3}})*(?:\.\d+)*)"
    rf"|(?P<tens>{'|'.join(_TENS)})(?:[- ](?P<ones>{'|'.join(_UNITS[1:10])}))?\b"
    rf"|(?P<units>{'|'.join(sorted(_UNITS, key=len, reverse=True))})\b)"
    rf"(?:[ -]?(?P<scale>{'|'.join(_SCALES)})\b)?",
    re.IGNORECASE,
)
_DATES = frozenset(
    "january february march april june july august september october november december monday "
    "tuesday wednesday thursday friday saturday sunday today tomorrow yesterday tonight".split()
)
_REPORTING = frozenset(
    "accord accuse add admit allege announce argue ask believe boast call claim comment complain "
    "concede confirm declare deny describe explain insist joke mutter note object observe "
    "predict quip quote remark repeat reply report say scoff sneer state suggest tell think "
    "tweet warn write".split()
)
_VIEWS = frozenset("view opinion belief feel find hold accusation".split())
_HEDGES = frozenset(
    "alleged allegedly apparently appear estimate estimated likely may maybe might perhaps "
    "possibly probably reportedly seem seemingly supposedly suspected".split()
)
_NEGATIONS = frozenset("not n't n’t never no none nobody nothing neither unable".split())
_DENIALS = _NEGATIONS | {"do", "does", "did", "ca", "can", "wo", "will", "a", "any"}
#: "I do not think that it works" denies that it works.
_THINKING = frozenset("think believe expect suppose imagine feel seem appear want accept".split())
#: Verbs of so little content that two of them say nothing about each other.
_LIGHT = frozenset("be have do get make go take".split())
_QUOTATION = re.compile(r"[“\"]([^“”\"]+)[”\"]|(?<!\w)[‘']([^‘’']{12,})[’'](?!\w)")
#: Shorter quotations are often scare quotes, which a rewrite may well drop.
_QUOTED_WORDS = 3
_WORD = re.compile(r"\w+")


def edits(text: "Doc", rewrite: "Doc") -> list[Edit]:
    """Where tokens of ``text`` became other tokens of ``rewrite``, or none."""
    matcher = SequenceMatcher(
        None, [t.lower_ for t in text], [t.lower_ for t in rewrite], autojunk=False
    )
    return [(a, b, c, d) for operation, a, b, c, d in matcher.get_opcodes() if operation != "equal"]


def meaning(text: "Doc", rewrite: "Doc", biased: Ranges, edits: list[Edit]) -> dict[str, float]:
    """Signals of ``rewrite`` against ``text``, whose biased spans are at ``biased``.

    content: content words of the text outside its biased spans; content_kept and added: shares
    of the text's and the rewrite's content words; order: share of the rewrite's neighbouring
    words that are near each other in the text too; length_ratio: words over words;
    sentences_added: wholly new sentences beyond those that replace a wholly lost one; the others
    are counts of what is lost, added or turned round.
    """
    facts = [t for t in text if not inside(t.idx, biased)]
    source, kept = _Words(text), _Words(rewrite)
    content = [t for t in facts if _is_content(t)]
    written = [t for t in rewrite if _is_content(t)]
    return {
        "content": len(content),
        "content_kept": kept.share_of(content),
        "added": 1 - source.share_of(written),
        "sentences_added": max(0, _strange(rewrite, source) - _strange(text, kept)),
        "order": _order(text, rewrite),
        "length_ratio": len(_words(rewrite)) / max(1, len(_words(text))),
        "names_lost": len({t.lower_ for t in _names(text, biased, True) if t not in kept}),
        "names_added": len({t.lower_ for t in _names(rewrite, [], False) if t not in source}),
        "numbers_lost": len(_numbers(text.text, biased) - _numbers(rewrite.text, ones=True)),
        "numbers_added": len(_numbers(rewrite.text) - _numbers(text.text, ones=True)),
        "dates_lost": len(_dates(facts) - _dates(rewrite)),
        "negations_flipped": max(
            _flipped(text, rewrite, biased), _bare_negations(text, rewrite, biased, edits)
        ),
        "quotations_lost": _unsaid(_quotations(text.text, biased), rewrite),
        "quotations_added": _unsaid(_quotations(rewrite.text), text),
        "attribution_lost": _attributed(facts) and not _credited(rewrite),
        "hedges_lost": bool(_hedges(facts)) and not _hedges(rewrite),
        "placeholders_lost": len(_placeholders(text) - _placeholders(rewrite)),
        "placeholders_added": len(_placeholders(rewrite) - _placeholders(text)),
    }


class _Words:
    """The words of a text; holds a token whose word, lemma, stem or number is among them."""

    def __init__(self, doc: "Doc") -> None:
        self._words = {w for t in doc for w in (t.lower_, t.lemma_.lower())}
        self._stems = {w[:_STEM] for w in self._words if len(w) >= _STEM}
        self._numbers = _numbers(doc.text, ones=True)

    def __contains__(self, token: "Token") -> bool:
        word = token.lower_
        return (
            word in self._words
            or token.lemma_.lower() in self._words
            or (len(word) >= _STEM and word[:_STEM] in self._stems)
            or (token.like_num and not self._numbers.isdisjoint(_numbers(word, ones=True)))
        )

    def share_of(self, tokens: "list[Token]") -> float:
        """Share of ``tokens`` that are held; 1 where there are none."""
        return sum(t in self for t in tokens) / len(tokens) if tokens else 1.0


def inside(at: int, ranges: Ranges) -> bool:
    """Whether character ``at`` is in one of ``ranges``."""
    return any(start <= at < end for start, end in ranges)


def _is_content(token: "Token") -> bool:
    if token.like_num:
        return True
    return token.pos_ in _CONTENT and not token.is_stop and any(c.isalpha() for c in token.text)


def _words(doc: "Doc") -> "list[Token]":
    return [t for t in doc if any(c.isalnum() for c in t.text)]


def _strange(doc: "Doc", other: _Words) -> int:
    """Sentences of ``doc`` whose content words, two or more, are all unknown to ``other``."""
    sentences = ([t for t in s if _is_content(t)] for s in doc.sents)
    return sum(len(words) > 1 and other.share_of(words) == 0 for words in sentences)


def _order(text: "Doc", rewrite: "Doc") -> float:
    places: dict[str, list[int]] = {}
    for place, token in enumerate(_words(text)):
        places.setdefault(token.lower_, []).append(place)
    words = [t.lower_ for t in _words(rewrite)]
    pairs = [(a, b) for a, b in pairwise(words) if a in places and b in places]
    if not pairs:
        return 1.0
    near = sum(
        any(0 < later - earlier <= _REACH for earlier in places[a] for later in places[b])
        for a, b in pairs
    )
    return near / len(pairs)


def _names(doc: "Doc", skip: Ranges, openers: bool) -> "list[Token]":
    """Words of proper names outside ``skip``; words for the members of a group are none.

    openers: also names that open a sentence, where any word has a capital.
    """
    members = {i for m in mentioned(doc) for i in range(m.first, m.last + 1)}
    return [
        t
        for t in doc
        if t.text[:1].isupper()
        and len(t) > 1
        and not t.is_stop
        and t.lower_ not in _DATES
        and t.i not in members
        and (t.ent_type_ in _NAMED or (t.pos_ == "PROPN" and not t.ent_type_))
        and not (_opens(t) and not (openers and t.ent_type_ and not _continues(t)))
        and not inside(t.idx, skip)
    ]


def _opens(token: "Token") -> bool:
    return token.i == 0 or token.is_sent_start or token.nbor(-1).tag_ in (".", "``", ":")


def _continues(token: "Token") -> bool:
    return token.i + 1 < len(token.doc) and token.nbor().ent_iob_ == "I"


def _numbers(text: str, skip: Ranges | None = None, ones: bool = False) -> set[str]:
    """Numbers in ``text``, written alike: "1,200", "twenty-one" and "4.2m" as plain decimals.

    Words with a number in them ("ps5") count as they are.

    ones: also those written "one", which is a pronoun as often as a number.
    """
    text = PLACEHOLDER.sub(lambda m: " " * len(m.group()), text)
    found = set()
    for match in _NUMBER.finditer(text):
        if inside(match.start(), skip or []) or (match.group().lower() == "one" and not ones):
            continue
        found.add(_plain(match))
    return found


def _plain(match: re.Match[str]) -> str:
    if match["code"]:
        return match["code"].lower()
    digits = match["digits"]
    if digits and digits.count(".") > 1:
        return digits
    value = (
        Decimal(digits.replace(",", ""))
        if digits
        else Decimal(sum(_VALUES[w.lower()] for w in match.group("tens", "ones", "units") if w))
    )
    return f"{value.scaleb(_SCALES.get((match['scale'] or '').lower(), 0)).normalize():f}"


def _dates(tokens: "Iterable[Token]") -> set[str]:
    return {t.lower_ for t in tokens if t.lower_ in _DATES and (t.lower_ != "march" or t.is_title)}


def _flipped(text: "Doc", rewrite: "Doc", biased: Ranges) -> int:
    """Verbs that one of the two denies and the other does not, of the same subject.

    A verb that both hold once is the same statement whatever its subject is called.
    """
    before, after = _statements(text, biased), _statements(rewrite, [])
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


def _bare_negations(text: "Doc", rewrite: "Doc", biased: Ranges, edits: list[Edit]) -> int:
    """Edits that take out or put in a negation and nothing else."""
    return sum(
        all(t.lower_ in _DENIALS for t in (*text[a:b], *rewrite[c:d]))
        and any(t.lower_ in _NEGATIONS for t in text[a:b])
        != any(t.lower_ in _NEGATIONS for t in rewrite[c:d])
        and not any(inside(t.idx, biased) for t in text[a:b])
        for a, b, c, d in edits
    )


def _statements(doc: "Doc", biased: Ranges) -> list[tuple[str, str, bool]]:
    """Subject, verb and whether it is denied, for every verb outside ``biased``."""
    found = []
    for verb in doc:
        if verb.pos_ not in ("VERB", "AUX") or verb.dep_.startswith("aux"):
            continue
        if not inside(verb.idx, biased):
            subject = _subject(verb)
            name = subject.lower_ if subject is not None else ""
            found.append((name, verb.lemma_.lower(), _denies(verb)))
    return found


def _subject(verb: "Token") -> "Token | None":
    subjects = [c for c in verb.children if c.dep_ in ("nsubj", "nsubjpass", "expl")]
    if subjects:
        return subjects[0]
    return _subject(verb.head) if verb.dep_ in ("conj", "xcomp") and verb.head != verb else None


def _denies(verb: "Token") -> bool:
    """Whether ``verb`` is denied, itself or by the verb that governs it ("does not think that")."""
    determiners = (c for noun in verb.children for c in noun.children if c.dep_ == "det")
    denied = sum(t.lower_ in _NEGATIONS for t in (*verb.children, *determiners)) % 2 == 1
    if verb.dep_ in ("ccomp", "xcomp") and verb.head.lemma_ in _THINKING:
        return denied != _denies(verb.head)
    return denied


def _quotations(text: str, skip: Ranges | None = None) -> list[str]:
    return [
        " ".join(words)
        for m in _QUOTATION.finditer(text)
        if len(words := _WORD.findall((m[1] or m[2]).casefold())) >= _QUOTED_WORDS
        and not any(start < m.end() and m.start() < end for start, end in skip or [])
    ]


def _unsaid(quotations: list[str], doc: "Doc") -> int:
    """How many of ``quotations`` are not in ``doc`` word for word."""
    said = f" {' '.join(_WORD.findall(doc.text.casefold()))} "
    return sum(f" {quotation} " not in said for quotation in quotations)


def _attributed(tokens: "Iterable[Token]") -> bool:
    """Whether somebody other than the author is reported to say something."""
    return any(
        t.lemma_.lower() in _REPORTING
        and (t.lower_ == "according" or (t.tag_ in ("VBD", "VBZ", "VBP", "VBN") and _reports(t)))
        for t in tokens
    )


def _reports(verb: "Token") -> bool:
    said = verb.dep_ in ("ccomp", "parataxis") or any(
        c.dep_ in ("ccomp", "parataxis") for c in verb.children
    )
    subject = _subject(verb)
    return said and subject is not None and subject.lower_ not in ("i", "we", "you", "who")


def _credited(tokens: "Iterable[Token]") -> bool:
    """Whether anything says that a statement is somebody's, loosely."""
    return any(t.lemma_.lower() in _REPORTING or t.lemma_.lower() in _VIEWS for t in tokens)


def _hedges(tokens: "Iterable[Token]") -> int:
    return sum(t.lemma_.lower() in _HEDGES for t in tokens)


def _placeholders(doc: "Doc") -> set[str]:
    return set(PLACEHOLDER.findall(doc.text))
