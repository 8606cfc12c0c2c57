"""Names that the words beside them tell, or a list, where the parser sees none."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from srllm_data.personal_data import cues
from srllm_data.personal_data.figures import fold, text_of
from srllm_data.personal_data.runs import (
    WORD,
    certainty,
    extended,
    is_before_surname,
    is_capitalised,
    is_certain,
    is_common,
    is_given,
    is_name_word,
    offsets,
)
from srllm_data.personal_data.words import (
    CALENDAR,
    eastern_surnames,
    frequent_names,
    is_certain_word,
    is_ruled_out,
    listed_names,
    places,
    possible_names,
    states,
    surnames,
    towns,
)

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_WHERE = ("in", "from", "to", "of", "near", "around", "across", "through", "outside", "via")
#: Entities that are no person as a whole, and what ends a sentence or a part of it.
_WHOLES = ("ORG", "FAC", "PRODUCT", "WORK_OF_ART", "GPE", "LOC", "EVENT", "LAW", "NORP")
_ENDS = (".", "!", "?", ":", ";", "“", '"', "\n", "…", "-", "–", "—", "(")


def cued(doc: "Doc", tokens: list["Token"]) -> Iterator[list["Token"]]:
    """Given names that the model does not see, and other words where somebody is named."""
    text = text_of(doc)
    done = 0
    for token in tokens:
        word = token.text
        capital = word[0].isupper()
        if not capital and not (word.islower() and is_certain_word(fold(word))):
            continue
        if token.i < done or not WORD.fullmatch(word):
            continue
        start, end = offsets([token])
        if not capital:
            if word.islower():
                run = [token, *_lower_surname(token)]
                if len(run) > 1 or _is_named(text, start, end):
                    done = run[-1].i + 1
                    yield run
            continue
        possible = fold(token.text) in possible_names()
        if not is_name_word(token) and (not possible or is_ruled_out(token.lower_)):
            kin = cues.KIN_BEFORE.search(text, max(0, start - 25), start)
            if kin and is_capitalised(token) and fold(token.text) in frequent_names():
                yield [token]
            continue
        if token.ent_type_ in _WHOLES and _is_part_of_whole(token):
            continue
        named = _is_named(text, start, end)
        if token.lower_ in CALENDAR and not cues.NAMING_AFTER.match(text, end):
            continue
        if token.ent_type_ in _WHOLES and not (named or fold(token.text) in listed_names()):
            continue
        begins = not token.i or doc[token.i - 1].text in _ENDS
        sure = fold(token.text) in listed_names() or token.ent_type_ == "PERSON"
        if (
            (is_certain(token) and (sure or named or is_before_surname(token)))
            or _begins_full_name(token)
            or (named and possible)
            or (named and not begins and not is_common(token) and not token.is_upper)
            or (
                possible
                and token.tag_ == "NNP"
                and is_capitalised(token)
                and _is_alone(token, begins)
            )
        ):
            run = extended(doc, [token], _WHOLES)
            if not is_no_person(run) and (certainty(run) or (named and len(run) == 1)):
                done = run[-1].i + 1
                yield run


def _begins_full_name(token: "Token") -> bool:
    """True at two words that are no other words: a surname second, or what a person does behind."""
    doc = token.doc
    if token.i + 1 >= len(doc):
        return False
    follower = token.nbor()
    hyphen = token.i + 2 < len(doc) and doc[token.i + 2].text == "-" and not follower.whitespace_
    if fold(token.text) in eastern_surnames() and follower.text[0].isupper() and hyphen:
        return True
    if (
        "ORG" in (token.ent_type_, follower.ent_type_)
        or not (is_name_word(token) and is_name_word(follower))
        or not is_capitalised(token)
        or is_common(follower)
        or {fold(token.text), fold(follower.text)} & places()
    ):
        return False
    if fold(follower.text) in surnames():
        return not is_common(token) or fold(token.text) in possible_names()
    doing = cues.DOING_AFTER.match(text_of(doc), offsets([follower])[1])
    return not is_common(token) and doing is not None


def has_evidence(run: list["Token"]) -> bool:
    """False for one word that is no known name where nothing beside it names a person."""
    if len(run) > 1:
        return True
    word = fold(run[0].text)
    start, end = offsets(run)
    doing = cues.DOING_AFTER.match(text_of(run[0].doc), end)
    return (
        word in possible_names()
        or word in surnames()
        or (doing is not None and not is_common(run[0]))
        or _is_named(text_of(run[0].doc), start, end)
    ) and (word not in places() or _is_named(text_of(run[0].doc), start, end))


def _is_alone(token: "Token", begins: bool) -> bool:
    """True if a capital tells that a word is a name: amid small letters, or before a verb."""
    whole = token.ent_type_ in ("DATE", "EVENT", "LANGUAGE", "TIME")
    if whole or token.lower_ in CALENDAR or fold(token.text) in places():
        return False
    follower = token.nbor() if token.i + 1 < len(token.doc) else None
    if begins:
        # "Dawn broke", "Hope dies last": of words, told() takes those that do what people do.
        if is_common(token):
            return False
        return follower is not None and follower.tag_ in ("VBZ", "VBD", "MD")
    words = [t for t in token.doc if t.is_alpha]
    return sum(t.text[0].isupper() for t in words) * 2 < len(words)


def listed_beside(
    doc: "Doc", tokens: list["Token"], found: dict[int, tuple[int, float, bool]]
) -> Iterator[list["Token"]]:
    """What stands in one list with a name: "Okoro, Hendry and Sarah"."""
    inside = {t.i for t in tokens for s, (e, *_) in found.items() if s <= t.idx < e}
    capitals = [t for t in tokens if t.text[0].isupper() and WORD.fullmatch(t.text)]
    more = bool(inside)
    while more:
        more = False
        for token in capitals:
            if token.i in inside:
                continue
            possible = fold(token.text) in possible_names()
            if (
                (_joined(doc, token.i, -1, inside) or _joined(doc, token.i, 1, inside))
                and not is_ruled_out(token.lower_)
                and (possible or not is_common(token))
                and (token.ent_type_ not in ("GPE", "LOC", "NORP", "DATE") or is_certain(token))
                and not (token.ent_type_ in _WHOLES and _is_part_of_whole(token))
                and (not is_no_person([token]) or _is_town_surname(token))
                and (fold(token.text) not in places() or is_given(token))
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


def is_no_person(run: list["Token"]) -> bool:
    """True where the words beside the run say that it is a place, a body or a thing."""
    text = text_of(run[0].doc)
    start, end = offsets(run)
    if (
        run[0].text in ("St", "St.", "Saint")
        or cues.NO_PERSON_AFTER.match(text, end)
        or cues.SAINT_BEFORE.search(text, max(0, start - 12), start)
    ):
        return True
    word = run[0]
    if len(run) == 1 and cues.NAMED_FOR.match(text, end) and _is_full_before_place(word):
        return True
    if len(run) > 1 and cues.NO_PERSON_AFTER.match(text, offsets(run[:-1])[1]):
        # "Bolton Wanderers", "Rosa Parks Day"; "Linda Hall" is a person, a building's name is not.
        sure = len(run) == 2 and is_certain(word) and fold(run[1].text) in surnames()
        sure = sure and not (word.i and is_given(word.nbor(-1)))
        if not sure or fold(word.text) in places() or not cues.PERSON_GOES_ON.match(text, end):
            return True
    if _is_town(run) or (len(run) == 1 and len(word.text) < 2):
        return True
    known = len(run) > 1 or is_certain(word) or is_given(word)
    if not known and fold(word.text) in towns() and not _is_named(text, start, end):
        return True
    if len(run) > 1:
        # "up in Harrow Lane", "the Harrow Lane": no given name among them.
        return not any(map(is_given, run)) and bool(
            cues.NO_PERSON_BEFORE.search(text, max(0, start - 20), start)
        )
    after = [t.text for t in word.doc[word.i + 1 : word.i + 3]]
    if len(after) == 2 and after[0] == "," and after[1][0].isupper() and fold(after[1]) in states():
        return True
    if word.i and word.nbor(-1).lower_ in ("the", "a", "an"):
        return True
    named = fold(word.text) not in places() and _is_named(text, start, end)
    if word.ent_type_ in ("GPE", "LOC") and word.i and word.nbor(-1).lower_ in _WHERE and not named:
        return True
    if not is_certain(word) and cues.NO_PERSON_BEFORE.search(text, max(0, start - 20), start):
        return True
    begins = not word.i or word.nbor(-1).text in _ENDS
    follows = word.nbor().tag_ if word.i + 1 < len(word.doc) else "."
    return (
        begins
        and is_common(word)
        and follows in ("IN", "PRP$", "DT", "PDT", "NN", "NNS", "RB", "JJ")
    )


def _is_full_before_place(word: "Token") -> bool:
    """True if a surname stands between ``word`` and the word for a place, or nothing does."""
    doc = word.doc
    if word.i + 2 < len(doc) and doc[word.i + 2].text[0].isupper() and doc[word.i + 2].is_alpha:
        return True
    return not is_certain(word) or fold(word.text) in towns()


def _is_town_surname(token: "Token") -> bool:
    folded = fold(token.text)
    return folded in towns() and folded in surnames() and token.ent_type_ != "GPE"


def _is_town(run: list["Token"]) -> bool:
    """True if the run, or a word at its edge with the next one outside, is a town of two words."""
    doc, start, end = run[0].doc, run[0].i, run[-1].i + 1
    spans = [(start - 1, start + 1), (end - 1, end + 1), (start, start + 2), (end - 2, end)]
    return any(
        s >= 0
        and e <= len(doc)
        and e - s == 2
        and doc[e - 1].is_alpha
        and fold(doc[s:e].text) in towns()
        for s, e in spans
    )


def is_place_here(token: "Token") -> bool:
    """True for a name that is a place as well, behind "in" and the like, or before a word of a "
    "place."""
    text = text_of(token.doc)
    if cues.PLACE_AFTER.match(text, offsets([token])[1]):
        return True
    folded = fold(token.text)
    where = token.i and token.nbor(-1).lower_ in (*_WHERE, "at", "than")
    return bool(where) and (folded in places() or folded in towns())


def _is_part_of_whole(token: "Token") -> bool:
    """True if the entity has words beside ``token`` that no name has."""
    doc = token.doc
    first, last = token.i, token.i + 1
    while doc[first].ent_iob_ == "I":
        first -= 1
    while last < len(doc) and doc[last].ent_iob_ == "I":
        last += 1
    others = [t for t in doc[first : token.i] if is_name_word(t)]
    others += [t for t in doc[token.i + 1 : last] if t.text not in ("&", "and", "-", "'s", "’s")]
    return any(
        (is_common(t) and fold(t.text) not in surnames()) or not t.text[0].isupper() for t in others
    ) or any(is_ruled_out(t.lower_) for t in others if t.i > token.i)


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
        if word.text.islower() and fold(word.text) in surnames() and not is_common(word):
            return [word]
    return []
