"""Whose statement is it? Who is reported to say what, in the text and in the rewrite."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srllm_data.validate.claims import subject_of
from srllm_data.validate.pair import Pair, is_content, lemmas

if TYPE_CHECKING:
    from spacy.tokens import Token

_REPORTING = frozenset(
    "accord accuse add admit allege announce argue ask believe boast brag call claim comment "
    "complain concede confirm conclude declare deny describe estimate explain find hold hope fear "
    "insist joke maintain moan mutter note object observe predict promise propose quip quote rant "
    "remark remember repeat reply report reveal rule say scoff shout show sneer snap state suggest "
    "swear tell think tweet vow warn whine write yell".split()
)
#: Nouns that say that a statement is somebody's.
_VIEWS = frozenset(
    "view opinion belief accusation claim allegation statement word report complaint".split()
)
_HEARING = frozenset("hear learn".split())
_OWN = frozenset("i we you".split())
_PRONOUNS = frozenset("i we you he she they it who that which this one".split())
#: Who may speak for the author of a text.
_AUTHORS = frozenset("author writer speaker poster commenter user reviewer text".split())
#: Verbs of what people hold to be so, which others may be said to hold too.
_THINKING = frozenset("believe think find hold hope fear remember estimate".split())
#: Verbs that report something without a clause ("he denies it").
_ALONE = frozenset("accuse admit announce claim complain confirm deny insist promise vow".split())
_ANYBODY = frozenset("man woman person people".split())
_KEPT = 0.6


@dataclass(frozen=True)
class _Report:
    """A verb of saying, who says it, and the content words that are said; full: with a clause."""

    verb: "Token"
    speaker: "Token | None"
    said: "tuple[Token, ...]"
    full: bool


def voices(pair: Pair) -> dict[str, float]:
    """Counts of reported statements that lose their speaker or get another one.

    attribution_lost: the rewrite keeps the statement and does not say whose it is;
    attribution_changed: it names somebody as its speaker whom the text does not.
    """
    before = [r for r in _reports(pair.old) if r.full or r.verb.i not in pair.marked]
    after = _reports(pair.new)
    free = list(after)
    lost = changed = 0
    for report in before:
        match = max(free, key=lambda r: _alike(report, r), default=None)
        if match is not None and _alike(report, match) >= 1:
            free.remove(match)
            changed += _another(report, match, pair)
        elif report.full and _is_anothers(report, pair):
            lost += _is_kept(report, pair)
    spare = sum(t.lemma_.lower() in _VIEWS for t in pair.new) - sum(
        t.lemma_.lower() in _VIEWS for t in pair.old
    )
    changed += sum(_is_new(report, pair) for report in free)
    return {"attribution_lost": max(0, lost - max(0, spare)), "attribution_changed": changed}


def _reports(tokens: "list[Token]") -> list[_Report]:
    found = []
    for token in tokens:
        lemma = token.lemma_.lower()
        if token.lower_ == "according":
            speakers = [g for c in token.children for g in c.children if g.dep_ == "pobj"]
            if not speakers and token.i + 2 < len(tokens) and token.nbor().lower_ == "to":
                speakers = [t for t in tokens[token.i + 2 : token.i + 8] if t.dep_ == "pobj"][:1]
            said = _words(token.sent, set(speakers[0].subtree) if speakers else set())
            found.append(_Report(token, speakers[0] if speakers else None, said, True))
        elif token.pos_ == "VERB" and (lemma in _REPORTING or lemma in _HEARING):
            if token.tag_ in ("VB", "VBG") and not any(c.dep_ == "nsubj" for c in token.children):
                continue
            report = _report(token, lemma)
            if report is not None:
                found.append(report)
    return found


def _report(verb: "Token", lemma: str) -> _Report | None:
    speaker = subject_of(verb)
    passive = any(c.dep_ == "auxpass" for c in verb.children)
    if passive or lemma in _HEARING:
        by = ("by",) if passive else ("from",)
        sources = [
            g for c in verb.children if c.lower_ in by for g in c.children if g.dep_ == "pobj"
        ]
        if not sources:
            return None
        speaker = sources[0]
    clauses = [c for c in verb.children if c.dep_ in ("ccomp", "parataxis")]
    clauses += [c for c in verb.children if c.dep_ == "xcomp" and c.pos_ != "VERB"]
    if clauses:
        said = [t for c in clauses for t in c.subtree]
        return _Report(verb, speaker, tuple(t for t in said if is_content(t)), True)
    inserted = verb.dep_ in ("ccomp", "parataxis") and speaker is not None
    quoted = speaker is not None and any(t.tag_ in ("``", "''") for t in verb.sent)
    if inserted or quoted:
        own = {t for c in verb.children if c.dep_.startswith("nsubj") for t in c.subtree}
        return _Report(verb, speaker, _words(verb.sent, own | {verb}), True)
    return _Report(verb, speaker, (), False) if lemma in _ALONE else None


def _words(span: "Iterable[Token]", without: "set[Token]") -> "tuple[Token, ...]":
    return tuple(t for t in span if t not in without and is_content(t))


def _alike(one: _Report, other: _Report) -> float:
    """How surely ``one`` and ``other`` are the same report; from 1 on they are taken to be."""
    score = 0.0
    if one.verb.lemma == other.verb.lemma:
        score += 1
    if one.speaker is not None and other.speaker is not None:
        score += one.speaker.lemma_.lower() == other.speaker.lemma_.lower()
    return score + 2 * _overlap(one, other)


def _overlap(one: _Report, other: _Report) -> float:
    known = {t.lemma for t in other.said}
    return sum(t.lemma in known for t in one.said) / len(one.said) if one.said else 0.0


def _another(report: _Report, match: _Report, pair: Pair) -> bool:
    """Whether ``match`` gives the statement of ``report`` to somebody whom the text does not."""
    was, now = report.speaker, match.speaker
    if was is None or now is None or was.i in pair.marked or was.lemma == now.lemma:
        return False
    if was.pos_ == "PRON" and was.lower_ not in _PRONOUNS:
        return False
    if report.verb.lemma_.lower() in _THINKING:
        return _unknown(now, pair)
    if was.pos_ in ("NOUN", "PROPN") and now.pos_ in ("NOUN", "PROPN"):
        if now not in pair.source:
            return now.lemma_.lower() not in _AUTHORS | _ANYBODY
        apart = lemmas(was.subtree).isdisjoint(lemmas([now])) and lemmas(now.subtree).isdisjoint(
            lemmas([was])
        )
        return apart and was.pos == now.pos and _overlap(report, match) >= _KEPT
    if was.lower_ in _OWN:
        return now.lower_ not in _PRONOUNS and now.lemma_.lower() not in _AUTHORS
    return _unknown(now, pair)


def _is_new(report: _Report, pair: Pair) -> bool:
    return report.full and report.speaker is not None and _unknown(report.speaker, pair)


def _unknown(speaker: "Token", pair: Pair) -> bool:
    """Whether nobody of the name of ``speaker`` is in the text, nor anybody biased in the place."""
    if speaker.lower_ in _PRONOUNS or speaker.pos_ not in ("NOUN", "PROPN"):
        return False
    if speaker in pair.source or speaker.lemma_.lower() in _AUTHORS | _ANYBODY:
        return False
    return not any(c <= speaker.i < d and not pair.plain((a, b, c, d)) for a, b, c, d in pair.edits)


def _is_anothers(report: _Report, pair: Pair) -> bool:
    """Whether ``report`` is by somebody other than the author whom nothing biased is said of."""
    speaker = report.speaker
    if speaker is None or speaker.i in pair.marked:
        return False
    for token in pair.new:
        if token.lemma == speaker.lemma and token.dep_ == "nsubj":
            verbs = (token.head, *(t for t in token.head.children if t.dep_ in ("xcomp", "conj")))
            if not lemmas(verbs).isdisjoint(_REPORTING):
                return False
    return speaker.pos_ in ("NOUN", "PROPN") or speaker.lower_ in ("he", "she", "they", "it")


def _is_kept(report: _Report, pair: Pair) -> bool:
    said = [t for t in report.said if t.i not in pair.marked and t is not report.verb]
    return bool(said) and pair.kept.share_of(said) >= _KEPT
