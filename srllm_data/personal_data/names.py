"""Names of people in a parsed text.

The small model calls many words of social texts people. A hit stays only where it is a run of
capitalised words that are no words for groups, no insults, no slang and not all common words.
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from srllm_data.personal_data import cues
from srllm_data.personal_data.figures import fold, holds_office, is_listed
from srllm_data.personal_data.known_names import all_given_names, frequent_given_names, origins

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_LEXICON = Path(__file__).parent.parent / "lexicon"
_WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*\.?")
#: Words but "I"; first: with nothing of its sentence before it.
_CAPITALISED = re.compile(
    r"(?P<first>(?:(?<=[.!?:;\n\"“(])|^)\s*)?(?<![\w@#])(?!I\b)"
    r"(?P<word>[^\W\d_a-z][^\W_]*(?:['’.-][^\W\d_]+)*)"
)
_LOWER = re.compile(r"(?<![\w@#])[^\W\d_]{3,}(?!\w)")
_INITIAL = re.compile(r"(?:[A-Z]\.?){1,3}")
_PARTICLES = {"al", "bin", "bint", "da", "das", "de", "del", "della", "den", "der", "di", "dos"}
_PARTICLES |= {"ab", "af", "ap", "av", "bar", "ben", "ferch", "zu"}
_PARTICLES |= {"du", "el", "ibn", "la", "le", "ten", "ter", "van", "von", "y"}
#: "a Karen", "every Chad": a kind of person, nobody in particular.
_GENERIC = {"a", "an", "another", "any", "every", "no", "some", "such", "these", "those", "typical"}
#: Ruled out, but surnames behind a given name.
_SURNAMES = {"black", "bishop", "brown", "duke", "english", "french", "gray", "green", "grey"}
_SURNAMES |= {"holland", "ireland", "king", "law", "love", "pope", "savage", "white", "wolf"}
_SLUR = re.compile(
    r"nigg|nicca|bitch|cunt|fuck|shit|slut|whore|retard|faggot|tranny|tard$|ass(?:hole|hat)"
)
_NOT_A_NAME = re.compile(
    r"(.)\1\1|^(?:a?(?:ha){2,}h?|lo+l+z?|lma+o+|wo+w+|na+h+|yo+)$|(?:phobia|phobe|ness|.{3}ism)$"
)
#: Entity labels that the model gives to names that it does not know.
_MISTAKEN = ("ORG", "FAC", "PRODUCT", "WORK_OF_ART")
_NAME = r"[A-Z][\w'’.-]*(?: [A-Z][\w'’.-]*){1,3}"
_BY_LINE = re.compile(
    rf"^[ \t]*(?:By|BY|(?:Written|Reported|Reporting|Posted|Story|Words) by)[: ] ?(?P<names>{_NAME}"
    rf"(?:,? (?:and|AND|&) {_NAME})*?)(?=\s*$|\s*[|—–]|\s-\s|,? (?:Staff|Senior|Chief|Special|News"
    r"|Political|Opinion|Guest|Contributing|Associated|Columnist|Correspondent|Reporter|Editor|for"
    r"|CNN|AP|Reuters)\b)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Name:
    """A name at ``text[start:end]``; kept says that it is a public figure's."""

    start: int
    end: int
    score: float
    kept: bool


def may_hold_names(text: str) -> bool:
    """False if every capitalised word of ``text`` is ruled out, or common and begins a sentence,
    and nobody is named in lower case."""
    for found in _CAPITALISED.finditer(text):
        word = found["word"].lower()
        if _is_ruled_out(word):
            continue
        if found["first"] is None or not _is_common_word(word) or word in _possible_names():
            return True
    return cues.HONOURED.search(text) is not None or any(
        map(_is_certain_word, _frequent_names().intersection(_LOWER.findall(text)))
    )


def needs_tags(doc: "Doc") -> bool:
    """True if :func:`names` looks at tags of ``doc``, whose entities are set."""
    return any(e.label_ == "PERSON" for e in doc.ents) or any(
        t.text[0].isupper() and (fold(t.text) in _possible_names() or _is_honorific(t)) for t in doc
    )


def names(doc: "Doc", masked: Callable[[int, int], bool], keep_figures: bool) -> list[Name]:
    """Names of people in ``doc`` in order, outside of what ``masked(start, end)`` is true for."""
    text = doc.text
    found: dict[int, tuple[int, float, bool]] = {}

    refused: list[tuple[int, int]] = []

    def add(start: int, end: int, score: float, by_line: bool = False) -> None:
        if not refused:
            refused.extend([(-1, -1), *(m.span() for m in _phrases().finditer(text.lower()))])
        if any(s < end and start < e for s, e in refused):
            return
        overlaps = [s for s, (e, *_) in found.items() if s < end and start < e]
        if all(start <= s and found[s][0] <= end for s in overlaps) and not masked(start, end):
            before = [found.pop(s) for s in overlaps]
            found[start] = (
                end,
                max([score, *(sure for _, sure, _ in before)]),
                any([by_line, *(line for *_, line in before)]),
            )

    for start, end in _by_lines(text):
        add(start, end, 0.8, by_line=True)
    for run in _honoured(doc):
        add(*_offsets(run), 0.8)
    for ent in doc.ents:
        if ent.label_ == "PERSON":
            for run in _runs(doc, ent.start, ent.end):
                run = _extended(doc, run)
                if (score := _score(run)) and not _is_no_person(run) and _has_evidence(run):
                    add(*_offsets(run), score)
    for run in _missed(doc):
        add(*_offsets(run), 0.6)
    for run in _cued(doc):
        add(*_offsets(run), 0.6)
    for run in _listed_beside(doc, found):
        add(*_offsets(run), 0.5)
    if not found:
        return []
    decided = _decided(doc, found, keep_figures)
    return sorted([*decided, *_repeated(doc, decided, masked)], key=lambda n: n.start)


def _decided(
    doc: "Doc", found: dict[int, tuple[int, float, bool]], keep_figures: bool
) -> list[Name]:
    """The names with a verdict on each: a public figure's is kept, a later part of it as well."""
    text = doc.text
    decided: list[Name] = []
    before: list[tuple[frozenset[str], bool]] = []
    for start, (end, score, by_line) in sorted(found.items()):
        name = text[start:end]
        words = frozenset(fold(name).split(" "))
        earlier = [kept for others, kept in before if words <= others]
        if by_line or not keep_figures:
            kept = False
        elif len(words) == 1 and earlier:
            kept = earlier[-1]
        else:
            kept = (
                is_listed(name)
                or all(is_listed(part) for part in re.split(r"[-–/]", name))
                or holds_office(doc, start, end)
                or any(earlier)
            )
        before.append((words, kept))
        decided.append(Name(start, end, score, kept))
    return decided


def _repeated(
    doc: "Doc", decided: list[Name], masked: Callable[[int, int], bool]
) -> Iterator[Name]:
    """Later words of the text that are part of a private person's name."""
    text = doc.text
    words = [(n, w) for n in decided for w in text[n.start : n.end].split() if len(w) > 2]
    public = {w for n, w in words if n.kept}
    private = {w: n for n, w in reversed(words) if not n.kept and w[0].isupper()}
    for token in doc if private else ():
        start, end = _offsets([token])
        name = private.get(text[start:end])
        if (
            name
            and name.end < start
            and text[start:end] not in public
            and _is_name_word(token)
            and (not _is_common(token) or token.tag_ == "NNP")
            and token.lower_ not in _CALENDAR
            and not _is_generic(token)
            and not any(n.start < end and start < n.end for n in decided)
            and not masked(start, end)
        ):
            yield Name(start, end, 0.6, kept=False)


def _by_lines(text: str) -> Iterator[tuple[int, int]]:
    for line in _BY_LINE.finditer(text):
        for name in re.finditer(_NAME, line["names"]):
            words = [w.lower() for w in name[0].split()]
            if not any(map(_is_ruled_out, words)) and not all(map(_is_common_word, words)):
                yield line.start("names") + name.start(), line.start("names") + name.end()


def _honoured(doc: "Doc") -> Iterator[list["Token"]]:
    """What follows "Mr", "Dr" and the like, which the model may miss."""
    for token in doc[:-1]:
        title = token.lower_.rstrip(".")
        if not _is_honorific(token) or (
            not title.endswith("s") and token.is_upper and len(title) > 3
        ):
            continue
        follower = doc[token.i + 1]
        phrase = f"{title} {follower.lower_}"
        if follower.lower_ in cues.AFTER_HONORIFIC or phrase in _not_names():
            continue
        run = next(_runs(doc, token.i + 1, min(token.i + 4, len(doc))), [])
        if run and run[0].i == token.i + 1:
            if (
                title not in cues.LOOSE_HONORIFICS
                or not _is_common(follower)
                or _is_given(follower)
            ):
                yield run
        elif title not in cues.LOOSE_HONORIFICS and follower.is_title and follower.is_alpha:
            yield [follower]


def _cued(doc: "Doc") -> Iterator[list["Token"]]:
    """Given names that the model does not see, and other words where somebody is named."""
    text = doc.text
    done = 0
    for token in doc:
        start, end = _offsets([token])
        if token.i < done or not _WORD.fullmatch(token.text):
            continue
        if not token.text[0].isupper():
            if token.text.islower() and _is_certain(token):
                run = [token, *_lower_surname(token)]
                if len(run) > 1 or _is_named(text, start, end):
                    done = run[-1].i + 1
                    yield run
            continue
        possible = fold(token.text) in _possible_names()
        if not _is_name_word(token) and (not possible or _is_ruled_out(token.lower_)):
            kin = cues.KIN_BEFORE.search(text, max(0, start - 25), start)
            if kin and token.is_title and fold(token.text) in _frequent_names():
                yield [token]
            continue
        if token.ent_type_ in _WHOLES and _is_part_of_whole(token):
            continue
        named = _is_named(text, start, end)
        if token.lower_ in _CALENDAR and not cues.NAMING_AFTER.match(text, end):
            continue
        if token.ent_type_ in _WHOLES and not (named or fold(token.text) in _listed_names()):
            continue
        begins = not token.i or doc[token.i - 1].text in _ENDS
        sure = fold(token.text) in _listed_names() or token.ent_type_ == "PERSON"
        if (
            (_is_certain(token) and (sure or named or _is_before_surname(token)))
            or _begins_full_name(token)
            or (named and possible)
            or (named and not begins and not _is_common(token) and not token.is_upper)
            or (possible and token.tag_ == "NNP" and token.is_title and _is_alone(token, begins))
        ):
            run = _extended(doc, [token], _WHOLES)
            if not _is_no_person(run) and (_score(run) or (named and len(run) == 1)):
                done = run[-1].i + 1
                yield run


def _begins_full_name(token: "Token") -> bool:
    """True at two words that are no other words: a surname second, or what a person does behind."""
    doc = token.doc
    if token.i + 1 >= len(doc):
        return False
    follower = token.nbor()
    hyphen = token.i + 2 < len(doc) and doc[token.i + 2].text == "-" and not follower.whitespace_
    if fold(token.text) in _eastern_surnames() and follower.text[0].isupper() and hyphen:
        return True
    if (
        "ORG" in (token.ent_type_, follower.ent_type_)
        or not (_is_name_word(token) and _is_name_word(follower))
        or not token.is_title
        or _is_common(follower)
        or {fold(token.text), fold(follower.text)} & _places()
    ):
        return False
    if fold(follower.text) in _surnames():
        return not _is_common(token) or fold(token.text) in _possible_names()
    doing = cues.DOING_AFTER.match(doc.text, _offsets([follower])[1])
    return not _is_common(token) and doing is not None


def _has_evidence(run: list["Token"]) -> bool:
    """False for one word that is no known name where nothing beside it names a person."""
    if len(run) > 1:
        return True
    word = fold(run[0].text)
    start, end = _offsets(run)
    return (
        word in _possible_names() or word in _surnames() or _is_named(run[0].doc.text, start, end)
    ) and (word not in _places() or _is_named(run[0].doc.text, start, end))


def _is_before_surname(token: "Token") -> bool:
    return token.i + 1 < len(token.doc) and fold(token.nbor().text) in _surnames()


def _is_alone(token: "Token", begins: bool) -> bool:
    """True if a capital tells that a word is a name: amid small letters, or before a verb."""
    whole = token.ent_type_ in ("DATE", "EVENT", "LANGUAGE", "TIME")
    if whole or token.lower_ in _CALENDAR or fold(token.text) in _places():
        return False
    follower = token.nbor() if token.i + 1 < len(token.doc) else None
    if begins:
        return follower is not None and follower.tag_ in ("VBZ", "VBD", "MD")
    words = [t for t in token.doc if t.is_alpha]
    return sum(t.text[0].isupper() for t in words) * 2 < len(words)


def _listed_beside(
    doc: "Doc", found: dict[int, tuple[int, float, bool]]
) -> Iterator[list["Token"]]:
    """What stands in one list with a name: "Okoro, Hendry and Sarah"."""
    inside = (
        {t.i for t in doc for s, (e, *_) in found.items() if s <= t.idx < e} if found else set()
    )
    more = True
    while more:
        more = False
        for token in doc:
            if token.i in inside or not token.text[0].isupper() or not _WORD.fullmatch(token.text):
                continue
            possible = fold(token.text) in _possible_names()
            if (
                (_joined(doc, token.i, -1, inside) or _joined(doc, token.i, 1, inside))
                and not _is_ruled_out(token.lower_)
                and (possible or not _is_common(token))
                and (token.ent_type_ not in ("GPE", "LOC", "NORP", "DATE") or _is_certain(token))
                and not (token.ent_type_ in _WHOLES and _is_part_of_whole(token))
                and not _is_no_person([token])
                and fold(token.text) not in _places()
            ):
                inside.add(token.i)
                more = True
                yield [token]


def _joined(doc: "Doc", at: int, step: int, inside: set[int]) -> bool:
    """True if only a comma, "and" or the like is between the token and a name on that side."""
    between = 0
    at += step
    while 0 <= at < len(doc) and doc[at].lower_ in (",", "and", "&", "or") and between < 2:
        between += 1
        at += step
    return between > 0 and at in inside


def _is_no_person(run: list["Token"]) -> bool:
    """True where the words beside the run say that it is a place, a body or a thing."""
    text = run[0].doc.text
    start, end = _offsets(run)
    if (
        run[0].text in ("St", "St.", "Saint")
        or cues.NO_PERSON_AFTER.match(text, end)
        or cues.SAINT_BEFORE.search(text, max(0, start - 12), start)
    ):
        return True
    if len(run) > 1:
        return False
    word = run[0]
    after = [t.text for t in word.doc[word.i + 1 : word.i + 3]]
    if (
        len(after) == 2
        and after[0] == ","
        and after[1][0].isupper()
        and fold(after[1]) in _states()
    ):
        return True
    if word.i and word.nbor(-1).lower_ in ("the", "a", "an"):
        return True
    if word.ent_type_ in ("GPE", "LOC") and word.i and word.nbor(-1).lower_ in _WHERE:
        return True
    if not _is_certain(word) and cues.NO_PERSON_BEFORE.search(text, max(0, start - 20), start):
        return True
    begins = not word.i or word.nbor(-1).text in _ENDS
    follows = word.nbor().tag_ if word.i + 1 < len(word.doc) else "."
    return begins and _is_common(word) and follows in ("IN", "PRP$", "DT", "NN", "NNS", "RB", "JJ")


_WHERE = ("in", "from", "to", "of", "near", "around", "across", "through", "outside", "via")
#: Entities that are no person as a whole, and what ends a sentence or a part of it.
_WHOLES = ("ORG", "FAC", "PRODUCT", "WORK_OF_ART", "GPE", "LOC", "EVENT", "LAW", "NORP")
_ENDS = (".", "!", "?", ":", ";", "“", '"', "\n", "…", "-", "–", "—", "(")


def _is_part_of_whole(token: "Token") -> bool:
    """True if the entity has words beside ``token`` that no name has."""
    doc = token.doc
    first, last = token.i, token.i + 1
    while doc[first].ent_iob_ == "I":
        first -= 1
    while last < len(doc) and doc[last].ent_iob_ == "I":
        last += 1
    others = [t for t in doc[first : token.i] if _is_name_word(t)]
    others += [t for t in doc[token.i + 1 : last] if t.text not in ("&", "and", "-")]
    return any(
        (_is_common(t) and fold(t.text) not in _surnames()) or not t.text[0].isupper()
        for t in others
    ) or any(_is_ruled_out(t.lower_) for t in others if t.i > token.i)


def _is_named(text: str, start: int, end: int) -> bool:
    before = cues.NAMING_BEFORE.search(text, max(0, start - 40), start)
    return bool(
        before
        or cues.LOWER_BEFORE.search(text, max(0, start - 30), start)
        or cues.NAMING_AFTER.match(text, end)
    )


def _lower_surname(token: "Token") -> list["Token"]:
    """A surname in lower case right behind a given name in lower case."""
    if token.i + 1 < len(token.doc):
        word = token.nbor()
        if word.text.islower() and fold(word.text) in _surnames() and not _is_common(word):
            return [word]
    return []


def _is_certain(token: "Token") -> bool:
    """True for a given name that is no other word and no place."""
    return _is_certain_word(fold(token.text))


def _runs(doc: "Doc", start: int, end: int) -> Iterator[list["Token"]]:
    """Maximal runs of name words in ``doc[start:end]``, particles and hyphens inside."""
    run: list[Token] = []
    for token in doc[start:end]:
        link = token.text in _PARTICLES or (token.text == "-" and not token.whitespace_)
        if _is_name_word(token) or (run and (link or _INITIAL.fullmatch(token.text))):
            run.append(token)
        elif _INITIAL.fullmatch(token.text) and token.i + 1 < end:
            run = [token]
        else:
            yield from _trimmed(run)
            run = []
    yield from _trimmed(run)


def _trimmed(run: list["Token"]) -> Iterator[list["Token"]]:
    while run and not _is_name_word(run[-1]):
        run = run[:-1]
    if run:
        yield run


def _missed(doc: "Doc") -> Iterator[list["Token"]]:
    """A given name and what follows it where the model sees no name, or one of something else."""
    for token in doc:
        if (
            _is_given(token)
            and token.tag_ == "NNP"
            and (not token.ent_type_ or (token.ent_type_ in _MISTAKEN and token.ent_iob_ == "B"))
            and _is_name_word(token)
        ):
            run = _extended(doc, [token], _MISTAKEN)
            if sum(map(_is_name_word, run)) > 1 and _score(run):
                yield run


def _extended(doc: "Doc", run: list["Token"], labels: tuple[str, ...] = ()) -> list["Token"]:
    """The run with the names beside it that the model left out or, in ``labels``, mistook."""
    if run[0].i > 1 and doc[run[0].i - 1].text == "-" and not doc[run[0].i - 2].whitespace_:
        run = [*(t for t in doc[run[0].i - 2 : run[0].i] if _is_name_word(doc[run[0].i - 2])), *run]
    elif run[0].i:
        before = doc[run[0].i - 1]
        if not before.ent_type_ and _is_given(before) and _is_name_word(before):
            run = [before, *run]
    while follower := _follower(doc, run[-1], labels):
        run = [*run, *follower]
    return run


def _follower(doc: "Doc", last: "Token", labels: tuple[str, ...]) -> list["Token"]:
    """The next name word after ``last``, with the particles or the hyphen before it; or nothing."""
    at = last.i + 1
    while at < len(doc) and (doc[at].text in _PARTICLES or _INITIAL.fullmatch(doc[at].text)):
        at += 1
    if at == last.i + 1 and at < len(doc) and doc[at].text == "-" and not last.whitespace_:
        at += 1
    if at >= len(doc) or not (last.whitespace_ or at > last.i + 1):
        return []
    word = doc[at]
    if doc[at - 1].text == "-" and word.is_alpha and _is_name_word(last):
        return list(doc[last.i + 1 : at + 1])
    same_entity = word.ent_iob_ == "I" and word.ent_type_ in labels
    surname = fold(word.text) in _surnames() and fold(word.text) not in _places()
    allowed = word.ent_type_ in ("", "PERSON", *labels) or (surname and word.ent_iob_ == "B")
    if not allowed or not _is_name_word(word):
        return []
    if word.ent_type_ != "PERSON" and _is_common(word) and not same_entity:
        known = word.is_title and surname and word.tag_ == "NNP"
        if not (known and any(map(_is_certain, doc[max(0, last.i - 2) : last.i + 1]))):
            return []
    return list(doc[last.i + 1 : at + 1])


def _score(run: list["Token"]) -> float:
    """How sure it is that ``run`` is a name, from 0 (it is not) to 1."""
    words = [t for t in run if _is_name_word(t) and not _INITIAL.fullmatch(t.text)]
    phrase = " ".join(t.lower_ for t in run)
    doc, start, end = run[0].doc, run[0].i, run[-1].i + 1
    phrases = {phrase, phrase.removesuffix("s")}
    phrases |= {doc[max(0, start - 1) : end].text.lower(), doc[start : end + 1].text.lower()}
    if not words or not phrases.isdisjoint(_not_names()):
        return 0.0
    known = any(_is_given(t) for t in words)
    if len(run) > 1:
        if not known and all(_is_common(t) or t.is_upper for t in words):
            return 0.0
        return 0.85
    return _single_score(words[0], known)


def _single_score(word: "Token", known: bool) -> float:
    if _is_generic(word):
        return 0.0
    if _is_common(word) or (word.is_upper and not known):
        return 0.5 if word.tag_ == "NNP" and word.is_title and known else 0.0
    if known:
        return 0.7
    return 0.5 if word.tag_ in ("NNP", "NNPS") and len(word.text) > 2 else 0.0


def _is_generic(word: "Token") -> bool:
    return bool(word.i) and word.nbor(-1).lower_ in _GENERIC


def _is_honorific(token: "Token") -> bool:
    return token.text[0].isupper() and token.lower_.rstrip(".") in cues.HONORIFICS


def _offsets(run: list["Token"]) -> tuple[int, int]:
    start, last = run[0].idx, run[-1]
    text = re.sub(r"['’]s$", "", last.text) if len(last.text) > 3 else last.text
    return start, last.idx + len(text)


def _is_name_word(token: "Token") -> bool:
    """True for a capitalised word that no list rules out."""
    text = token.text
    if not text[0].isupper() or not _WORD.fullmatch(text):
        return False
    if token.i and token.nbor(-1).text[-1] in "#@_" and not token.nbor(-1).whitespace_:
        return False
    proper = token.tag_ in ("NNP", "NNPS")
    if token.lower_ in _SURNAMES and token.i and _is_given(token.nbor(-1)):
        return proper and token.nbor(-1).is_title
    return not _is_ruled_out(text.casefold()) and (proper or not _is_common(token))


@lru_cache(maxsize=50_000)
def _is_ruled_out(word: str) -> bool:
    word = word.rstrip(".").replace("’", "'").removesuffix("'s")
    forms = {word, word.removesuffix("s"), word.removesuffix("es"), word.split("-")[0]}
    if word.endswith("ies"):
        forms.add(word[:-3] + "y")
    return (
        not forms.isdisjoint(_not_names())
        or _NOT_A_NAME.search(word) is not None
        or _SLUR.search(re.sub(r"(.)\1+", r"\1\1", word)) is not None
    )


def _is_given(token: "Token") -> bool:
    folded = fold(token.text)
    return folded in _listed_names() or _is_certain_word(folded)


def _is_common(token: "Token") -> bool:
    return _is_common_word(token.lower_)


def _is_stop_word(word: str) -> bool:
    from spacy.lang.en.stop_words import STOP_WORDS

    return word in STOP_WORDS and word != "will"


@lru_cache(maxsize=50_000)
def _is_common_word(word: str) -> bool:
    """True for a word of the dictionary, "rockin" and the like, a stop word, a month or a day."""
    from lemminflect import getAllLemmas
    from spacy.lang.en.stop_words import STOP_WORDS

    word = fold(word)
    full = f"{word}g" if word.endswith("in") else word
    return any(map(getAllLemmas, (word, full))) or word in STOP_WORDS or word in _CALENDAR


_CALENDAR = frozenset(n.lower() for n in (*calendar.month_name, *calendar.day_name) if n)


def is_clear_name(name: str) -> bool:
    """True for a name that is no other word, nor a place, and is ruled out by no list."""
    folded = fold(name)
    return (
        len(folded) > 2
        and folded not in _places()
        and not _is_ruled_out(folded)
        and not _is_common_word(folded)
    )


@lru_cache(maxsize=50_000)
def _is_certain_word(folded: str) -> bool:
    return folded in _frequent_names() and is_clear_name(folded)


@lru_cache(maxsize=1)
def _frequent_names() -> frozenset[str]:
    return frozenset({*map(fold, frequent_given_names()), *_listed_names()})


@lru_cache(maxsize=1)
def _possible_names() -> frozenset[str]:
    """Given names that may be other words as well: names only where somebody is named."""
    found = {*map(fold, all_given_names()), *_listed_names()}
    return frozenset(n for n in found if len(n) > 1 and not _is_stop_word(n))


@lru_cache(maxsize=1)
def _surnames() -> frozenset[str]:
    return frozenset(fold(name) for origin in origins().values() for name in origin.surnames)


@lru_cache(maxsize=1)
def _eastern_surnames() -> frozenset[str]:
    """Surnames that stand before the given name."""
    known = origins()
    return frozenset(
        fold(name)
        for origin in ("chinese", "korean", "vietnamese")
        for name in known[origin].surnames
    )


@lru_cache(maxsize=1)
def _phrases() -> re.Pattern[str]:
    """The phrases of several words that are nobody's name; words for groups among them."""
    from srllm_data.lexicon.entry import identity_terms

    known = {*_lines("not_names.txt"), *(f for forms in identity_terms().values() for f in forms)}
    phrases = sorted((p for p in known if re.search(r"[ -]", p)), key=lambda p: (-len(p), p))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!\w)")


@lru_cache(maxsize=1)
def _listed_names() -> frozenset[str]:
    return frozenset(_lines("given_names.txt"))


@lru_cache(maxsize=1)
def _places() -> frozenset[str]:
    """Countries, and cities, counties and states that are given names as well."""
    return _states() | frozenset(_lines("name_places.txt"))


@lru_cache(maxsize=1)
def _states() -> frozenset[str]:
    """Countries, and the states of the United States."""
    from faker.providers.address.en import Provider as Countries
    from faker.providers.address.en_US import Provider as States

    return frozenset(fold(name) for name in (*Countries.countries, *States.states))


@lru_cache(maxsize=1)
def _not_names() -> frozenset[str]:
    """Words and phrases that are nobody's name: the list, identity terms, the loaded lexicon."""
    from srllm_data.lexicon import entries
    from srllm_data.lexicon.entry import identity_terms, people_nouns

    groups = {form for forms in identity_terms().values() for form in forms}
    loaded = {form for entry in entries().values() for form in entry.forms}
    people = (loaded | people_nouns()) - _listed_names()
    return frozenset(_lines("not_names.txt")) | groups | people | {f"{form}s" for form in loaded}


def _lines(name: str) -> Iterator[str]:
    lines = (_LEXICON / name).read_text(encoding="utf-8").splitlines()
    return (line for line in lines if line and line[0] != "#")
