"""Names of people in a parsed text.

The small model calls many words of social texts people. A hit stays only where it is a run of
capitalised words that are no words for groups, no insults, no slang and not all common words.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srllm_data.personal_data import cues
from srllm_data.personal_data.cued import (
    cued,
    has_evidence,
    is_no_person,
    is_place_here,
    listed_beside,
)
from srllm_data.personal_data.figures import fold, holds_office, is_listed, text_of
from srllm_data.personal_data.runs import (
    certainty,
    extended,
    is_capitalised,
    is_common,
    is_generic,
    is_given,
    is_honorific,
    is_name_word,
    offsets,
    runs,
)
from srllm_data.personal_data.told import (
    families,
    full_names,
    hyphened,
    lower_case,
    surnames_alone,
    told,
    with_initials,
    with_particles,
)
from srllm_data.personal_data.words import (
    CALENDAR,
    frequent_names,
    is_certain_word,
    is_common_word,
    is_ruled_out,
    not_names,
    phrases,
    possible_names,
)

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

#: Words but "I"; first: with nothing of its sentence before it.
_CAPITALISED = re.compile(
    r"(?P<first>(?:(?<=[.!?:;\n\"“(])|^)\s*)?(?<![\w@#])(?!I\b)"
    r"(?P<word>[^\W\d_a-z][^\W_]*(?:['’.-][^\W\d_]+)*)"
)
_LOWER = re.compile(r"(?<![\w@#])[^\W\d_]{3,}(?!\w)")
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
        if is_ruled_out(word):
            continue
        if found["first"] is None or not is_common_word(word) or word in possible_names():
            return True
    return cues.HONOURED.search(text) is not None or any(
        map(is_certain_word, frequent_names().intersection(_LOWER.findall(text)))
    )


def tagged(doc: "Doc") -> list[int]:
    """The words of ``doc``, whose entities are set, whose tags :func:`names` looks at, in order."""
    capitals = [t.i for t in doc if t.text[0].isupper()]
    if any(
        doc[at].ent_type_ == "PERSON"
        or fold(doc[at].text) in possible_names()
        or is_honorific(doc[at])
        for at in capitals
    ):
        return sorted({near for at in capitals for near in (at, at + 1) if near < len(doc)})
    return []


def names(doc: "Doc", masked: Callable[[int, int], bool], keep_figures: bool) -> list[Name]:
    """Names of people in ``doc`` in order, outside of what ``masked(start, end)`` is true for."""
    text = text_of(doc)
    tokens = list(doc)
    capitals = [t for t in tokens if t.text[0].isupper()]
    found: dict[int, tuple[int, float, bool]] = {}
    refused: list[tuple[int, int]] = []

    def add(start: int, end: int, score: float, by_line: bool = False) -> None:
        if not refused:
            refused.extend([(-1, -1), *(m.span() for m in phrases().finditer(text.lower()))])
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
    for run in _honoured(doc, capitals):
        add(*offsets(run), 0.8)
    for ent in doc.ents:
        if ent.label_ == "PERSON":
            for run in runs(doc, ent.start, ent.end):
                run = extended(doc, run)
                if (score := certainty(run)) and not is_no_person(run) and has_evidence(run):
                    add(*offsets(run), score)
    for run in _missed(doc, capitals):
        add(*offsets(run), 0.6)
    for run in cued(doc, tokens):
        add(*offsets(run), 0.6)
    for run in (
        *told(doc, capitals),
        *full_names(doc, capitals),
        *with_initials(doc, capitals),
        *surnames_alone(doc, capitals),
    ):
        add(*offsets(run), 0.6)
    for run in hyphened(doc, capitals):
        add(*offsets(run), 0.6)
    for start, end in (*families(doc), *lower_case(doc), *with_particles(doc)):
        add(start, end, 0.5)
    for run in listed_beside(doc, tokens, found):
        add(*offsets(run), 0.5)
    if not found:
        return []
    decided = _decided(doc, found, keep_figures)
    return sorted([*decided, *_repeated(doc, capitals, decided, masked)], key=lambda n: n.start)


def _decided(
    doc: "Doc", found: dict[int, tuple[int, float, bool]], keep_figures: bool
) -> list[Name]:
    """The names with a verdict on each: a public figure's is kept, a later part of it as well."""
    text = text_of(doc)
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
                or _is_part_of_listed(text, start, end)
                or any(earlier)
            )
        before.append((words, kept))
        decided.append(Name(start, end, score, kept))
    return decided


def _is_part_of_listed(text: str, start: int, end: int) -> bool:
    """True for one word whose neighbour makes it the name of a public figure: "Dolly Parton"."""
    before = re.search(r"[^\W\d_]+ $", text[max(0, start - 30) : start])
    after = re.match(r" [^\W\d_]+", text[end : end + 30])
    name = text[start:end]
    return (before is not None and is_listed(before[0] + name)) or (
        after is not None and is_listed(name + after[0])
    )


def _repeated(
    doc: "Doc", capitals: list["Token"], decided: list[Name], masked: Callable[[int, int], bool]
) -> Iterator[Name]:
    """Later words of the text that are part of a private person's name."""
    text = text_of(doc)
    words = [(n, w) for n in decided for w in text[n.start : n.end].split() if len(w) > 2]
    public = {w for n, w in words if n.kept}
    private = {w: n for n, w in reversed(words) if not n.kept and w[0].isupper()}
    for token in capitals if private else ():
        start, end = offsets([token])
        name = private.get(text[start:end])
        if (
            name
            and name.end < start
            and text[start:end] not in public
            and is_name_word(token)
            and (not is_common(token) or token.tag_ == "NNP")
            and token.lower_ not in CALENDAR
            and not is_generic(token)
            and not is_place_here(token)
            and not any(n.start < end and start < n.end for n in decided)
            and not masked(start, end)
        ):
            yield Name(start, end, 0.6, kept=False)


def _by_lines(text: str) -> Iterator[tuple[int, int]]:
    if not re.search(r"\b[Bb][Yy]\b", text):
        return
    for line in _BY_LINE.finditer(text):
        for name in re.finditer(_NAME, line["names"]):
            words = [w.lower() for w in name[0].split()]
            if not any(map(is_ruled_out, words)) and not all(map(is_common_word, words)):
                yield line.start("names") + name.start(), line.start("names") + name.end()


def _honoured(doc: "Doc", capitals: list["Token"]) -> Iterator[list["Token"]]:
    """What follows "Mr", "Dr" and the like, which the model may miss."""
    for token in capitals:
        if token.i + 1 == len(doc):
            break
        title = token.lower_.rstrip(".")
        if not is_honorific(token) or (
            not title.endswith("s") and token.is_upper and len(title) > 3
        ):
            continue
        at = token.i + 1
        if doc[at].text == "." and not token.whitespace_ and at + 1 < len(doc):
            at += 1  # "Lt." is two tokens, "Dr." is one
        follower = doc[at]
        phrase = f"{title} {follower.lower_}"
        if follower.lower_ in cues.AFTER_HONORIFIC or phrase in not_names():
            continue
        run = next(runs(doc, at, min(at + 3, len(doc))), [])
        if run and run[0].i == at:
            if title not in cues.LOOSE_HONORIFICS or not is_common(follower) or is_given(follower):
                yield run
        elif title not in cues.LOOSE_HONORIFICS and is_capitalised(follower) and follower.is_alpha:
            yield [follower]


def _missed(doc: "Doc", capitals: list["Token"]) -> Iterator[list["Token"]]:
    """A given name and what follows it where the model sees no name, or one of something else."""
    for token in capitals:
        if (
            is_given(token)
            and token.tag_ == "NNP"
            and (not token.ent_type_ or (token.ent_type_ in _MISTAKEN and token.ent_iob_ == "B"))
            and is_name_word(token)
        ):
            run = extended(doc, [token], _MISTAKEN)
            if sum(map(is_name_word, run)) > 1 and certainty(run) and not is_no_person(run):
                yield run
