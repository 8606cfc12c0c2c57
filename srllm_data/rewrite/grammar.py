"""English words for the editor: inflection, number, articles, capitals, verb frames."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Token


def words(text: str) -> frozenset[str]:
    """The words of ``text`` as a set."""
    return frozenset(text.split())


COPULAS = words("be seem become look sound remain stay feel appear get")
#: Verbs that take a noun for what the subject is ("remained an idiot", but "got an idiot").
NAMING = words("be seem become remain")
MASS = words("stuff nonsense")
NEGATIONS = words(
    "not n't n’t nt no never nor none nobody nothing neither nowhere without cannot cant dont"
)
#: Nouns that say nothing of whom they stand for: "he is a person" is no statement.
VACUOUS = words("person people individual man woman guy one thing stuff area")
#: Words that only grade what they stand before, and go with it.
DEGREE = words(
    "very so too quite rather really truly utterly totally completely absolutely pretty such most "
    "more particularly especially incredibly extremely simply just complete total absolute utter "
    "real big little old damn bloody super mega proper right blatantly openly plain"
)
_PLURALS = {"person": "people", "people": "people", "media": "media", "stuff": "stuff"}
_COLLECTIVE = words("vermin scum trash filth riffraff rabble garbage cattle swine")
_PLURAL_BEFORE = words("these those many few several both all most some such other")
_SINGULAR_BEFORE = words("a an this that every each another one")
_INTRANSITIVE = words(
    "come arrive gather speak appeal agree "
    "complain talk go live act walk move worry rise fall argue care"
)
_TRANSITIVE = words(
    "criticise pass enter have say use call support raise spend block reject oppose describe "
    "defeat approve allow reduce damage request promote occupy ask tell"
)
_CLAUSAL = words("say claim argue complain state report warn tell")
_UNDERGONE = frozenset({"ruin"})
_PREPOSITIONS = words("of with in from who for to at on about against by without")
_SILENT_H = re.compile(r"(?:hour|honest|honou?r|heir)", re.I)
_YOO_OR_WON = re.compile(
    r"(?:uni(?!n|mp|ss)|us(?:e|u|a)|u[bfkt][aeiou]|eu|ewe|on(?:e|ce)\b|one-)", re.I
)
_SPELT_OUT = re.compile(r"[A-Z][A-Z0-9]*\b(?!')")


def article(word: str) -> str:
    """``a`` or ``an`` as ``word`` is said."""
    if word[0].isdigit():
        return "an" if re.match(r"8|1[18](?!\d)", word) else "a"
    if len(word) > 1 and _SPELT_OUT.fullmatch(word) and not re.search("[AEIOU]", word[1:]):
        return "an" if word[0] in "AEFHILMNORSX" else "a"
    if _SILENT_H.match(word):
        return "an"
    return "an" if word[0].lower() in "aeiou" and not _YOO_OR_WON.match(word) else "a"


@lru_cache(maxsize=4096)
def kinds(phrase: str) -> frozenset[str]:
    """Parts of speech that ``phrase`` can fill (NOUN, VERB, ADJ, ADV); PHRASE for "using a ..."."""
    from lemminflect import getAllLemmas

    parts = phrase.split(" ")
    if len(parts) > 1 and parts[0].endswith("ing"):
        return frozenset({"PHRASE"})
    if (
        len(parts) > 1
        and getAllLemmas(parts[0]).keys() <= {"VERB", "AUX"}
        and getAllLemmas(parts[0])
    ):
        return frozenset({"VERB"})
    word = parts[_noun_head(parts)] if len(parts) > 1 else phrase
    found = frozenset(getAllLemmas(word))
    if word.endswith("ed"):
        found = frozenset({"ADJ"})
    elif word.endswith("ing") and "NOUN" not in found:
        found |= {"ADJ"}
    if len(parts) > 1 and "NOUN" in found:
        return frozenset({"NOUN"})
    return found or frozenset({"ADJ"} if "-" in word else {"NOUN", "ADJ"})


def plural(phrase: str) -> str:
    """The plural of a noun phrase whose head is singular ("child of immigrants")."""
    parts = phrase.split(" ")
    at = _noun_head(parts)
    parts[at] = _PLURALS.get(parts[at]) or _inflected(parts[at], "NNS")
    return " ".join(parts)


def ends_in_head(phrase: str) -> bool:
    """Whether a noun phrase can stand before another noun ("child of immigrants" cannot)."""
    parts = phrase.split(" ")
    return _noun_head(parts) == len(parts) - 1


def said_of_many(phrase: str) -> bool:
    """Whether a noun phrase is a plural already ("professionals")."""
    from lemminflect import getLemma

    head = phrase.split(" ")[_noun_head(phrase.split(" "))]
    return head == "people" or (head != "media" and getLemma(head, "NOUN")[:1] != (head,))


def verb_form(phrase: str, token: "Token", lemma: str) -> str:
    """``phrase`` with its first word in the form that ``token`` of ``lemma`` has."""
    parts = phrase.split(" ")
    tag = _verb_tag(token, lemma)
    if parts[0] == "be":
        parts[0] = "are" if tag == "VBP" else _inflected("be", tag)
    elif parts == ["have"] and tag == "VBG" and token.dep_ == "acl":
        parts = ["with"]
    else:
        parts[0] = _inflected(parts[0], tag)
    return " ".join(parts)


def adjective_form(phrase: str, tag: str) -> str:
    """``phrase`` in the degree of ``tag`` (JJ, JJR or JJS)."""
    if tag not in ("JJR", "JJS") or " " in phrase:
        return phrase
    if len(re.findall(r"[aeiouy]+", phrase)) > 2 or not _short(phrase):
        return f"{'more' if tag == 'JJR' else 'most'} {phrase}"
    return _inflected(phrase, tag)


def is_plural(token: "Token", before: str) -> bool:
    """Whether noun ``token`` is plural; ``before``: the word that opens its phrase, lower case."""
    from lemminflect import getLemma

    word = token.lower_
    if word in _COLLECTIVE:
        singular = before in _SINGULAR_BEFORE or token.head.tag_ == "VBZ"
        return not (singular and token.dep_ in ("nsubj", "nsubjpass", "attr", "dobj", "pobj"))
    if before in _SINGULAR_BEFORE and not word.endswith("s"):
        return False
    if before in _PLURAL_BEFORE and token.tag_ in ("NNS", "NNPS"):
        return True
    return bool(getLemma(word, "NOUN")[0] != word) and word != "ass"


def is_noun(token: "Token") -> bool:
    """Whether ``token`` is a noun by its tag and, unless a name, by the dictionary."""
    from lemminflect import getAllLemmas

    return token.pos_ == "PROPN" or (token.pos_ == "NOUN" and "NOUN" in getAllLemmas(token.lower_))


def takes(phrase: str, token: "Token", last: "Token") -> bool:
    """Whether verb ``phrase`` can stand where ``token`` (to ``last``) does."""
    parts = phrase.split(" ")
    outside = [c for c in token.children if not token.i < c.i <= last.i]
    preposition = last.i + 1 < len(last.doc) and last.nbor().lower_ in _PREPOSITIONS
    objects = any(c.dep_ in ("dobj", "nsubjpass") for c in outside) and not preposition
    objects = objects or (last != token and last.lower_ in _PREPOSITIONS)
    clause = any(c.dep_ == "ccomp" for c in outside) or token.dep_ == "parataxis"
    if parts[0] in _UNDERGONE and (token.tag_ != "VBN" or any(c.dep_ == "dobj" for c in outside)):
        return False
    if parts[0] in _CLAUSAL and not clause and not objects and "tell" not in parts:
        return False
    if len(parts) > 1:
        return objects == (parts[-1] in _PREPOSITIONS)
    if clause and not objects and parts[0] not in _CLAUSAL:
        return False
    if objects or token.tag_ == "VBN":
        return parts[0] not in _INTRANSITIVE
    return clause or parts[0] not in _TRANSITIVE or token != last


def like_case(new: str, old: str, starts: bool, headline: bool) -> str:
    """``new`` with the capitals of ``old``; ``starts``: it opens a sentence."""
    letters = [c for c in old if c.isalpha()]
    if len(letters) > 1 and all(c.isupper() for c in letters):
        return new.upper()
    if not letters or not letters[0].isupper():
        return new
    titled = " " in old and all(w[0].isupper() for w in old.split())
    if not starts and (headline or titled):
        small = _PREPOSITIONS | {"a", "an", "the"}
        return " ".join(w if w in small else capital(w) for w in new.split(" "))
    return capital(new) if starts else new


def capital(word: str) -> str:
    """``word`` with its first letter in upper case."""
    return word[:1].upper() + word[1:]


def _noun_head(parts: list[str]) -> int:
    for at, word in enumerate(parts):
        if at and word in _PREPOSITIONS:
            return at - 1
    return len(parts) - 1


def _short(word: str) -> bool:
    return len(re.findall(r"[aeiouy]+", word.removesuffix("e"))) < 2 or word.endswith("y")


def _verb_tag(token: "Token", lemma: str) -> str:
    from lemminflect import getAllInflections, getAllInflectionsOOV

    forms = getAllInflections(lemma, "VERB") or getAllInflectionsOOV(lemma, "VERB")
    fitting = [str(tag) for tag, parts in forms.items() if token.lower_ in parts]
    if "VB" in fitting and not any(c.dep_ in ("nsubj", "nsubjpass", "aux") for c in token.children):
        return "VB"
    if token.tag_ in fitting or not fitting:
        return token.tag_ if token.tag_.startswith("VB") else "VB"
    return fitting[0]


@lru_cache(maxsize=4096)
def _inflected(word: str, tag: str) -> str:
    from lemminflect import getInflection

    return str(next(iter(getInflection(word, tag)), word))
