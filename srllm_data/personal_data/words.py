"""What is known of words: names, places, what is nobody's name, what is in the dictionary."""

import calendar
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from srllm_data.personal_data.figures import fold
from srllm_data.personal_data.known_names import all_given_names, frequent_given_names, origins

_LEXICON = Path(__file__).parent.parent / "lexicon"
_SLUR = re.compile(
    r"nigg|nicca|bitch|cunt|fuck|shit|slut|whore|retard|faggot|tranny|tard$|ass(?:hole|hat)"
)
_NOT_A_NAME = re.compile(
    r"(.)\1\1|^(?:a?(?:ha){2,}h?|lo+l+z?|lma+o+|wo+w+|na+h+|yo+)$|(?:phobia|phobe|ness|.{3}ism)$"
)
CALENDAR = frozenset(n.lower() for n in (*calendar.month_name, *calendar.day_name) if n)


@lru_cache(maxsize=50_000)
def is_ruled_out(word: str) -> bool:
    word = word.rstrip(".").replace("’", "'").removesuffix("'s")
    forms = {word, word.removesuffix("s"), word.removesuffix("es"), word.split("-")[0]}
    if word.endswith("ies"):
        forms.add(word[:-3] + "y")
    return (
        not forms.isdisjoint(not_names())
        or _NOT_A_NAME.search(word) is not None
        or _SLUR.search(re.sub(r"(.)\1+", r"\1\1", word)) is not None
    )


def _is_stop_word(word: str) -> bool:
    from spacy.lang.en.stop_words import STOP_WORDS

    return word in STOP_WORDS and word != "will"


@lru_cache(maxsize=50_000)
def is_common_word(word: str) -> bool:
    """True for a word of the dictionary, "rockin" and the like, a stop word, a month or a day."""
    from lemminflect import getAllLemmas
    from spacy.lang.en.stop_words import STOP_WORDS

    word = fold(word)
    full = f"{word}g" if word.endswith("in") else word
    return any(map(getAllLemmas, (word, full))) or word in STOP_WORDS or word in CALENDAR


def is_clear_name(name: str) -> bool:
    """True for a name that is no other word, nor a place, and is ruled out by no list."""
    folded = fold(name)
    return (
        len(folded) > 2
        and folded not in places()
        and not is_ruled_out(folded)
        and not is_common_word(folded)
    )


@lru_cache(maxsize=50_000)
def is_certain_word(folded: str) -> bool:
    return folded in frequent_names() and is_clear_name(folded)


@lru_cache(maxsize=1)
def frequent_names() -> frozenset[str]:
    return frozenset({*map(fold, frequent_given_names()), *listed_names()})


@lru_cache(maxsize=1)
def possible_names() -> frozenset[str]:
    """Given names that may be other words as well: names only where somebody is named."""
    found = {*map(fold, all_given_names()), *listed_names(), *_lines("rare_given_names.txt")}
    return frozenset(n for n in found if len(n) > 1 and not _is_stop_word(n))


@lru_cache(maxsize=1)
def surnames() -> frozenset[str]:
    known = {fold(name) for origin in origins().values() for name in origin.surnames}
    return frozenset(known.union(_lines("surnames.txt")))


@lru_cache(maxsize=1)
def eastern_surnames() -> frozenset[str]:
    """Surnames that stand before the given name."""
    known = origins()
    return frozenset(
        fold(name)
        for origin in ("chinese", "korean", "vietnamese")
        for name in known[origin].surnames
    )


@lru_cache(maxsize=1)
def phrases() -> re.Pattern[str]:
    """The phrases of several words that are nobody's name; words for groups among them."""
    from srllm_data.lexicon.entry import identity_terms

    known = {*_lines("not_names.txt"), *(f for forms in identity_terms().values() for f in forms)}
    phrases = sorted((p for p in known if re.search(r"[ -]", p)), key=lambda p: (-len(p), p))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!\w)")


@lru_cache(maxsize=1)
def listed_names() -> frozenset[str]:
    return frozenset(_lines("given_names.txt"))


@lru_cache(maxsize=1)
def places() -> frozenset[str]:
    """Countries, and cities, counties and states that are given names as well."""
    return states() | frozenset(_lines("name_places.txt"))


@lru_cache(maxsize=1)
def towns() -> frozenset[str]:
    """Cities and towns of the world; many are surnames as well, as those come from towns."""
    return frozenset(_lines("places.txt"))


@lru_cache(maxsize=1)
def states() -> frozenset[str]:
    """Countries, and the states of the United States."""
    from faker.providers.address.en import Provider as Countries
    from faker.providers.address.en_US import Provider as States

    return frozenset(fold(name) for name in (*Countries.countries, *States.states))


@lru_cache(maxsize=1)
def not_names() -> frozenset[str]:
    """Words and phrases that are nobody's name: the list, identity terms, the loaded lexicon."""
    from srllm_data.lexicon import entries
    from srllm_data.lexicon.entry import identity_terms, people_nouns

    groups = {form for forms in identity_terms().values() for form in forms}
    loaded = {form for entry in entries().values() for form in entry.forms}
    people = (loaded | people_nouns()) - listed_names()
    return frozenset(_lines("not_names.txt")) | groups | people | {f"{form}s" for form in loaded}


def _lines(name: str) -> Iterator[str]:
    lines = (_LEXICON / name).read_text(encoding="utf-8").splitlines()
    return (line for line in lines if line and line[0] != "#")
