"""Names that are other words or places as well, where the sentence tells that a person is meant."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from srllm_data.personal_data import cues, told_cues
from srllm_data.personal_data.figures import fold, is_listed, text_of
from srllm_data.personal_data.runs import (
    INITIAL,
    WORD,
    extended,
    is_capitalised,
    is_certain,
    is_common,
    is_given,
    offsets,
)
from srllm_data.personal_data.words import (
    CALENDAR,
    frequent_names,
    is_clear_name,
    is_common_word,
    is_ruled_out,
    places,
    possible_names,
    surnames,
    towns,
)

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

ENDS = (".", "!", "?", ":", ";", "“", '"', "\n", "…", "-", "–", "—", "(")


def told(doc: "Doc", capitals: list["Token"]) -> Iterator[list["Token"]]:
    """Capitalised words that may be a name, where the words around them need a person."""
    text = text_of(doc)
    # Not of tokens: each pass over those makes them anew.
    words = re.findall(r"[^\W\d_]+", text)[1:]
    headline = len(words) > 2 and sum(w[0].isupper() for w in words) * 2 > len(words)
    for token in capitals:
        folded = fold(token.text)
        if (
            folded not in possible_names()
            or not is_capitalised(token)
            or not WORD.fullmatch(token.text)
            or is_ruled_out(token.lower_)
            or len(token.text) < 3
        ):
            continue
        start, end = offsets([token])
        if cues.NO_PERSON_AFTER.match(text, end) or cues.SAINT_BEFORE.search(
            text, max(0, start - 12), start
        ):
            continue
        before = doc[token.i - 1] if token.i else None
        if before is not None and before.lower_ in told_cues.OF_A_KIND:
            continue
        begins = before is None or before.text in ENDS
        if (
            before is not None
            and before.lower_ in ("and", "&")
            and token.i > 1
            and doc[token.i - 2].text[0].isupper()
            and _is_beside_another(doc[token.i - 2])
        ):
            is_person = True
        elif begins:
            is_person = _begins(token, text, end)
        else:
            is_person = not headline and _inside(token, text, start, end)
        if is_person:
            yield extended(doc, [token])


def _begins(token: "Token", text: str, end: int) -> bool:
    """True for the first word of a sentence that does what a person does."""
    if token.lower_ in CALENDAR and not told_cues.PRONOUN.search(text[end : end + 90]):
        return _is_due(text, end)
    folded = fold(token.text)
    # "Brooklyn has never seen it, she's from Hull."
    takes_up = re.search(r", (?:but |and |so |because )?(?:he|she)\b", text[end : end + 90])
    sentence = re.split(r"[.!?](?:\s|$)|\n", text[end : end + 110])[0]
    refers = told_cues.PRONOUN.search(sentence) is not None
    if folded in places() or (folded in towns() and not is_given(token) and not is_common(token)):
        sure = told_cues.DOES_NO_PLACE.match(text, end) or (
            refers and told_cues.DOES.match(text, end)
        )
        sure = sure or (takes_up and told_cues.IS.match(text, end))
        return folded in frequent_names() and bool(sure)
    if told_cues.DOES.match(text, end) and (refers or folded in frequent_names()):
        return True
    verb = token.i + 1 < len(token.doc) and token.nbor().tag_ in ("VBZ", "VBD", "MD")
    if not verb and not told_cues.IS.match(text, end):
        return _is_beside_another(token)
    echo = re.search(rf"\b{re.escape(token.lower_)}\b", text[end:]) is not None
    return (echo and is_common(token)) or refers


def _is_beside_another(token: "Token") -> bool:
    """True at "Harmony and Serenity were": two possible names, and what more than one person "
    "does."""
    after = token.doc[token.i + 1 : token.i + 4]
    if len(after) < 3 or after[0].lower_ not in ("and", "&") or not is_capitalised(after[1]):
        return False
    pair = (fold(token.text), fold(after[1].text))
    return (
        all(n in possible_names() and n not in places() and not is_ruled_out(n) for n in pair)
        and any(n in frequent_names() for n in pair)
        and re.match(
            r" (?:were|both|got|went|met|came|married|told|said|split|broke)\b",
            text_of(token.doc)[offsets([after[1]])[1] :],
        )
        is not None
    )


def _is_due(text: str, end: int) -> bool:
    return (
        re.match(
            r" (?:is (?:due|pregnant|coming)|says|said|thinks|told|and (?:I|her|his)\b)", text[end:]
        )
        is not None
    )


def _inside(token: "Token", text: str, start: int, end: int) -> bool:
    """True for a capital inside a sentence that no place, brand or title has."""
    doc = token.doc
    folded = fold(token.text)
    before = doc[token.i - 1]
    follower = token.nbor() if token.i + 1 < len(doc) else None
    if token.lower_ in CALENDAR or (
        before.text[0].isupper() and before.text not in told_cues.AUXILIARIES
    ):
        return False
    if follower is not None and follower.text[0].isupper() and follower.is_alpha:
        return False
    if token.ent_type_ in ("DATE", "TIME", "EVENT", "LANGUAGE", "NORP", "LAW", "WORK_OF_ART"):
        return False
    close = text[max(0, start - 24) : start]
    if folded in places() or folded in towns():
        if told_cues.WHERE.search(close):
            return False
        if told_cues.QUESTION.search(close) and told_cues.ANSWER.match(text, end):
            return is_given(token) or folded in frequent_names()
        last = told_cues.LAST_WORD.search(close) and re.match(r"[.!?]", text[end:])
        addressed = (
            told_cues.ADDRESSED.search(close) and told_cues.CLOSED.match(text, end)
        ) or last
        return bool(is_given(token) or folded in frequent_names()) and bool(
            addressed or told_cues.DOES.match(text, end)
        )
    if (
        told_cues.WHERE.search(close)
        and is_common(token)
        and not cues.NAMING_AFTER.match(text, end)
    ):
        return False
    return folded in frequent_names() and before.text not in ("'", "‘", "“", '"', "/", "#", "@")


def full_names(doc: "Doc", capitals: list["Token"]) -> Iterator[list["Token"]]:
    """A clear given name and a surname behind it, whatever the parser takes them for."""
    text = text_of(doc)
    for token in capitals:
        if not is_capitalised(token) or token.i + 1 >= len(doc) or not is_certain(token):
            continue
        last = token.nbor()
        folded = fold(last.text)
        if (
            not is_capitalised(last)
            or not last.is_alpha
            or folded not in surnames()
            or is_ruled_out(last.lower_)
            or f"{fold(token.text)} {folded}" in towns()
            or (is_common(last) and not _ends_name(text, last))
        ):
            continue
        _, end = offsets([last])
        before = token.nbor(-1) if token.i else None
        if before is not None and (
            (
                before.text[0].isupper()
                and before.is_alpha
                and before.lower_ not in told_cues.EPITHETS
            )
            or before.lower_ in told_cues.OF_A_KIND - {"the"}
        ):
            continue
        start, first = offsets([token])
        if cues.SAINT_BEFORE.search(text, max(0, start - 12), start):
            continue
        if cues.NO_PERSON_AFTER.match(text, first) and (
            fold(token.text) in places()
            or (not told_cues.DOES.match(text, end) and not cues.DOING_AFTER.match(text, end))
        ):
            continue
        if not cues.NO_PERSON_AFTER.match(text, end):
            yield extended(doc, [token, last])


def lower_case(doc: "Doc") -> Iterator[tuple[int, int]]:
    """Offsets of names in lower case: clear ones where somebody is named, surnames behind a "
    "title."""
    text = text_of(doc)
    for match in told_cues.LOWER_TITLED.finditer(text):
        name = fold(match["name"])
        known = name in surnames() or name in possible_names()
        if known and not is_common_word(name) and not is_ruled_out(name) and name not in places():
            yield match.span("name")
    for match in told_cues.LOWER_NAMED.finditer(text):
        name = fold(match["name"])
        if (
            name in frequent_names()
            and name not in told_cues.NEVER_LOWER
            and not is_ruled_out(name)
            and name not in places()
        ) and (
            is_clear_name(name) or (match["kin"] and told_cues.LOWER_DOES.match(text, match.end()))
        ):
            yield match.span("name")
    for match in told_cues.LOWER_DOING.finditer(text):
        name = match["name"]
        if is_clear_name(name) and name in frequent_names() and name not in told_cues.NEVER_LOWER:
            yield match.span("name")


def families(doc: "Doc") -> Iterator[tuple[int, int]]:
    """Offsets of surnames in the plural: "the Whittakers"."""
    for match in told_cues.FAMILY.finditer(text_of(doc)):
        name = fold(match[1])
        if (
            name in surnames()
            and is_clear_name(name)
            and not re.search(r"(?:ian|ite|ese|ist|ander|oner|ois|iner|ish)$", name)
            and not is_common_word(f"{name}s")
            and not is_ruled_out(f"{name}s")
            and f"{name}s" not in towns()
            and not is_listed(match[1])
        ):
            yield match.start(1), match.end()


def surnames_alone(doc: "Doc", capitals: list["Token"]) -> Iterator[list["Token"]]:
    """A surname that is no other word, no town and no given name, and does what people do."""
    text = text_of(doc)
    for token in capitals:
        name = fold(token.text)
        if (
            (name in surnames() or (len(name) > 3 and token.is_title and token.ent_type_ != "ORG"))
            and is_capitalised(token)
            and is_clear_name(name)
            and name not in towns()
            and token.ent_type_ not in ("GPE", "NORP", "LOC")
            and not (token.i and token.nbor(-1).lower_ in told_cues.OF_A_KIND)
            and told_cues.SPEAKS.match(text, offsets([token])[1])
        ):
            yield extended(doc, [token])


def with_particles(doc: "Doc") -> Iterator[tuple[int, int]]:
    """Offsets of surnames that begin with a capital particle: "Van der Linden said"."""
    text = text_of(doc)
    for match in told_cues.PARTICLED.finditer(text):
        known = fold(match[1]) in surnames() and fold(match[0]) not in towns()
        if known and cues.DOING_AFTER.match(text, match.end()):
            yield match.span()


def hyphened(doc: "Doc", capitals: list["Token"]) -> Iterator[list["Token"]]:
    """Given names of two syllables as Korean and Chinese ones are written: "Ji-woo Han"."""
    for token in capitals:
        at = token.i
        if (
            at + 2 < len(doc)
            and doc[at + 1].text == "-"
            and not token.whitespace_
            and not doc[at + 1].whitespace_
            and token.lower_ in told_cues.SYLLABLES
            and doc[at + 2].lower_ in told_cues.SYLLABLES
        ):
            run = list(doc[at : at + 3])
            if (
                at + 3 < len(doc)
                and is_capitalised(doc[at + 3])
                and fold(doc[at + 3].text) in surnames()
            ):
                run.append(doc[at + 3])
            elif at and is_capitalised(doc[at - 1]) and fold(doc[at - 1].text) in surnames():
                run.insert(0, doc[at - 1])
            yield run


def with_initials(doc: "Doc", capitals: list["Token"]) -> Iterator[list["Token"]]:
    """Initials with full stops and a surname: "A.K. Bhattacharya"."""
    for token in capitals:
        if (
            "." not in token.text
            or not INITIAL.fullmatch(token.text)
            or token.text in told_cues.NO_INITIALS
        ):
            continue
        run = [token]
        while run[-1].i + 1 < len(doc) and INITIAL.fullmatch(run[-1].nbor().text):
            run.append(run[-1].nbor())
        if run[-1].i + 1 == len(doc):
            continue
        last = run[-1].nbor()
        known = is_capitalised(last) and WORD.fullmatch(last.text) and not is_ruled_out(last.lower_)
        if known and not is_common(last) and fold(last.text) not in places():
            yield extended(doc, [*run, last])


def _ends_name(text: str, last: "Token") -> bool:
    """True if no other capital follows and the words behind go on with a person."""
    after = text[offsets([last])[1] :]
    return (
        cues.DOING_AFTER.match(after) is not None
        or told_cues.DOES.match(after) is not None
        or re.match(r"(?:[,.!?)]|$| (?:and|the|is|was|has|had|with|from|hasn't|isn't) )", after)
        is not None
    )
