"""Errors of grammar that rules over a parse see well, by kind.

The parse of a short or odd text is often wrong, so a rule looks only at words that are near each
other and at forms that are wrong under any parse.
"""

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_PLURAL = frozenset("they we these those".split())
_SINGULAR = frozenset("he she it".split())
_SINGLE = frozenset("a an every each another this".split())
_SEVERAL = frozenset("these those many several few both various numerous".split())
#: Plural in form and singular in use, or the reverse.
_EITHER = frozenset(
    "barracks crossroads headquarters means news people police series shambles species sports "
    "staff works youth kind sort type crew cattle half percent per cent pence hundred thousand "
    "million billion dozen quid inch majority k m am pm o'clock no way stone".split()
)
_SMALL = frozenset("few little many lot bit while couple hundred thousand million dozen".split())
#: Adjectives and participles that prepositions govern alone.
_SET_PHRASES = frozenset(
    "late general short particular sure certain good free old afar granted far average new full "
    "large least last first best common vain private public secret usual expected such same "
    "high low then now home work black white red blue green young".split()
)
_GOVERNS_NOUNS = frozenset("of on for with about from into by against".split())
_CLOSES = frozenset("IN . : , VBZ VBP VBD MD".split())
_NO_ADJECTIVE = frozenset("NN NNS . , WDT WP VBZ VBD MD IN".split())
_DEGREES = frozenset("more less better".split())
_ENDINGS = ("ic", "ed", "al", "ive", "ous", "ful", "ly")
_GROUPS = frozenset(
    "group groups crowd crowds dozens hundreds thousands millions couple handful pair bunch "
    "number numbers".split()
)
_ABSTRACT = re.compile(r"\w{3,}(?:ness|ity|tion|sion|ance|ence|ism|ment)\Z")
_PEOPLE = frozenset("who they he she we i you people person man woman men women".split())
#: Endings that tell the class of a word, whatever a tagger makes of it in its place.
_LY = frozenset(
    "early daily weekly monthly yearly quarterly hourly nightly likely unlikely friendly "
    "unfriendly lovely lonely elderly family costly deadly lively orderly disorderly cowardly "
    "homely ghastly heavenly worldly scholarly motherly fatherly brotherly sisterly womanly "
    "neighbourly neighborly kindly leisurely timely untimely unruly chilly bully rally supply "
    "reply assembly monopoly anomaly wobbly bubbly cuddly prickly sickly portly stately shapely "
    "comely bodily earthly priestly princely saintly beastly ungodly gnarly smelly jolly "
    "melancholy mostly mainly nearly really butterfly multiply simply".split()
)
_NOUN = re.compile(
    r"\w{3,}(?:ness|ity|ism|ance|ence|ship|[ei]ement|isation|ization|ection|eement)\Z"
)
_ADJECTIVE = re.compile(r"\w{3,}(?:[st]ive|ous|ful|less)\Z")
_VERBS = frozenset(
    "witness harness evidence reference influence sentence silence finance balance advance "
    "distance glance dance enhance implement experience commence finesse worship ship friendship "
    "section inconvenience audience sequence fence pity city".split()
)
_FORMS_ALIKE = frozenset(
    "read misread put cut set let hit hurt shut cost beat quit spread bet cast burst split".split()
)
#: Singular nouns that go with verbs in the plural as well.
_COLLECTIVES = frozenset(
    "family team committee council government crew band club company group party board union "
    "class public majority couple minority audience cabinet choir side generation rest lot half "
    "number variety range management opposition army navy parliament jury".split()
)
_MASS = frozenset(
    "advice information furniture equipment luggage homework news evidence feedback research "
    "software progress traffic weather".split()
)
_TIMES = frozenset(
    "day morning week weekend month year night moment time evening afternoon summer winter spring "
    "autumn season minute hour way bit lot".split()
)
#: Participles without a noun of the same form.
_PARTICIPLES = frozenset(
    "mistaken biased outspoken opinionated misinformed uninformed misguided uneducated privileged "
    "forgotten broken hidden written driven".split()
)
_ADJECTIVE_ONLY = re.compile(r"\w{3,}(?:ous|ful|less|ible|able|ed|en|ish)\Z")
_COMMA = re.compile(
    # A comma where a sentence ends, after a conjunction, before "of".
    r"\w, (?:He|She|We|They|But|And|These|Those|There)\b|\b(?:so|because|although|whereas|unless|"
    r"but|until), (?:I|he|she|it|we|they|the|a|an|my|his|her|their|our)\b"
    r"|\b(?!(?:and|or|but)\b)\w+, of (?:the|a|an|my|his|her|their|our|its)\b"
)
_ASKS = re.compile(
    r"\b(?:wonder|know|knows|understand|explain|told (?:me|us|them|him|her)|sure|asked|tell) "
    r"(?:how|why|what|when|where) (?:will|is|are|was|were|does|do|did|has|have|can|could|would|"
    r"should) (?:the|this|that|these|those|he|she|it|we|they|I|my|his|her|their|our|a|an)\b"
    r"(?![^.!]*\?)",
    re.IGNORECASE,
)
#: An auxiliary that ends a sentence without a comparison it could stand in.
_AUXILIARY = re.compile(
    r"(?<![\w'])(?!(?:\w+ ){0,3}?(?:than|as|so|if|said|says|it's|what|whatever|all)\b)"
    r"(?:\w+ ){4}(?:will|would|has|had|shall)(?=[.!?;](?:\s|\Z))"
)
#: A phrase said twice: its most words, and the most words between.
_LONGEST = 9
_BETWEEN = 3
#: Words within which two verbs are surely of the same clause.
_NEAR = 6
#: Tags and fewest letters of words whose ending is looked at.
_CLASSES = frozenset("JJ VBP VBZ NN".split())
_LONG = 6


def errors(doc: "Doc") -> Counter[str]:
    """Errors of grammar in ``doc``, by kind."""
    text = doc.text
    found = Counter(
        comma=sum(1 for _ in _COMMA.finditer(text)),
        asks=sum(1 for _ in _ASKS.finditer(text)),
        loop=_loops(doc),
        auxiliary=sum(1 for _ in _AUXILIARY.finditer(text)),
    )
    tokens = list(doc)
    last = len(tokens) - 1
    for i, token in enumerate(tokens):
        tag, dep = token.tag_, token.dep_
        following = tokens[i + 1] if i < last else None
        if dep in ("nsubj", "nsubjpass"):
            if _disagrees(token):
                found["agreement"] += 1
            if _parted(token):
                found["parted"] += 1
        elif dep in ("npadvmod", "dobj", "conj"):
            kind = _strayed(token, dep, tag)
            if kind:
                found[kind] += 1
        elif dep in ("aux", "auxpass"):
            if _wrong_form(token):
                found["form"] += 1
        elif dep in ("det", "amod", "nummod") and _wrong_number(token):
            found["number"] += 1
        if tag in _CLASSES and len(token) >= _LONG and _misplaced(token, following, tag):
            found["misplaced"] += 1
        if following is not None:
            kind = _pair(token, following, tokens[i + 2] if i + 1 < last else None, tag)
            if kind:
                found[kind] += 1
    return found


def _loops(doc: "Doc") -> int:
    """Phrases of two words or more that are said twice in a row, or nearly."""
    words = [t.lower_ for t in doc if not t.is_punct and not t.is_space]
    found = 0
    for shift in range(2, _LONGEST + 1):
        run = 0
        for a, b in zip(words, words[shift:], strict=False):
            run = run + 1 if a == b else 0
            if run >= 2 and run == max(shift - _BETWEEN, min(shift, 3)):
                found += 1
    sentences = Counter(s.text.strip().lower() for s in doc.sents if len(s) > _BETWEEN)
    return found + sum(n - 1 for n in sentences.values())


def _finite(verb: "Token") -> "Token":
    """The word of the predicate of ``verb`` that agrees with its subject."""
    parts = [c for c in verb.children if c.dep_ in ("aux", "auxpass") and c.i < verb.i]
    return parts[0] if parts else verb


def _disagrees(subject: "Token") -> bool:
    finite = _finite(subject.head)
    if finite.tag_ not in ("VBZ", "VBP", "VBD") or finite.i < subject.i:
        return False
    if finite.text[0] in "'’":
        return False
    if subject.tag_ in ("WDT", "WP") and subject.head.dep_ == "relcl":
        if finite.i - subject.i > 1 or subject.lower_ == "what":
            return False
        if subject.lower_ == "which" and subject.nbor(-1).lower_ == ",":
            return False
        subject = subject.head.head
        if any(c.dep_ == "prep" for c in subject.children):
            return False
    if any(c.dep_ in ("conj", "nummod", "appos") for c in subject.children):
        return False
    word, form = subject.lower_, finite.lower_
    if (
        word in _PLURAL
        or word == "people"
        or (subject.tag_ == "NNS" and word not in _EITHER and word[-3:] != "ics")
    ):
        return finite.tag_ == "VBZ" or form == "was"
    single = word in _SINGULAR or (
        subject.tag_ == "NN"
        and word not in _COLLECTIVES
        and any(c.lower_ in _SINGLE or c.tag_ == "PRP$" for c in subject.children)
        and all(c.dep_ != "prep" for c in subject.children)
    )
    if not single or form == "were":
        wrong = form == "were" and (subject.tag_ == "NN" or word in _SINGULAR)
        return single and wrong and not _wished(finite)
    return (
        finite.tag_ == "VBP" and form not in _FORMS_ALIKE and finite.dep_ not in ("ccomp", "conj")
    )


def _misplaced(token: "Token", following: "Token | None", tag: str) -> bool:
    """Whether the ending of a word tells that it is of another class than its place asks for."""
    word = token.lower_
    if tag in ("JJ", "NN"):
        noun = following is not None and following.tag_ in ("NN", "NNS")
        adverb = word.endswith("ly") and word not in _LY
        return noun and adverb and token.dep_ in ("amod", "compound")
    if word in _VERBS or not token.is_alpha:
        return False
    if _ADJECTIVE.match(word):
        return following is not None and following.tag_ in ("DT", "PRP$")
    return _NOUN.match(word) is not None


def _strayed(token: "Token", dep: str, tag: str) -> str:
    """Kind of error of a noun beside its clause, an object after a comma, or a joined verb."""
    if dep == "npadvmod":
        apart = (
            tag == "NN"
            and token.head.pos_ == "VERB"
            and token.i + 1 < token.head.i
            and token.nbor().lower_ == ","
            and token.lower_ not in _TIMES
            and not token.ent_type_
            and any(c.dep_ == "det" and c.lower_ in _SINGLE for c in token.children)
        )
        return "parted" if apart else ""
    if dep == "dobj":
        first = token.left_edge.i
        parted = first > 1 and token.doc[first - 1].lower_ == "," and first - 2 == token.head.i
        opens = token.doc[first]
        named = opens.tag_ in ("DT", "PRP$", "CD") and opens.lower_ not in ("a", "an")
        return "parted" if parted and named else ""
    if tag != "VBZ" or token.text[0] in "'’" or any("subj" in c.dep_ for c in token.children):
        return ""
    subjects = [c for c in token.head.children if c.dep_ in ("nsubj", "nsubjpass")]
    if token.head.tag_ not in ("VBD", "VBP") or not subjects or _finite(token) is not token:
        return ""
    plural = subjects[0].lower_ in _PLURAL or (
        subjects[0].tag_ == "NNS" and subjects[0].lower_ not in _EITHER
    )
    return "agreement" if plural and token.i - token.head.i < _NEAR else ""


def _wished(verb: "Token") -> bool:
    return any(t.lower_ in ("if", "wish", "though", "whether", "as") for t in verb.sent)


def _parted(subject: "Token") -> bool:
    """Whether a single comma parts ``subject`` from its verb."""
    finite = _finite(subject.head)
    if not subject.i + 1 < finite.i or subject.pos_ not in ("NOUN", "PROPN"):
        return False
    between = subject.doc[subject.i + 1 : finite.i]
    commas = [t.i for t in between if t.lower_ == ","]
    if len(commas) != 1 or any(t.is_punct and t.lower_ not in (",", "-") for t in between):
        return False
    if any(t.tag_ in ("CC", "VBG") or t.dep_ == "conj" for t in between):
        return False
    after = subject.doc[commas[0] + 1]
    if after == finite:
        # Taggers take participles for verbs: "the stand, damaged by fire, has been closed".
        sure = finite.tag_ in ("VBZ", "VBP", "MD") and subject.left_edge.i == subject.sent.start
        return sure and commas[0] == subject.i + 1
    if after.ent_type_ in ("GPE", "DATE"):
        return False
    return after.tag_ in ("DT", "WDT", "WP", "PRP$", "NN")


def _wrong_form(auxiliary: "Token") -> bool:
    """Whether the verb after ``auxiliary`` has a form that cannot follow it."""
    verb, word, tag = auxiliary.head, auxiliary.lower_, auxiliary.head.tag_
    if not 0 < verb.i - auxiliary.i <= 2 or verb.lower_ in ("got", "been"):
        return False
    if word in ("has", "have", "had", "having"):
        return tag in ("VB", "VBZ", "VBP") and verb.i - auxiliary.i == 1
    if word in ("do", "does", "did") or auxiliary.tag_ == "MD":
        denied = auxiliary.nbor().lower_ in ("not", "n't", "n’t") and auxiliary.tag_ != "MD"
        return tag in ("VBZ", "VBG") or (denied and tag in ("VBD", "VBN"))
    if word in ("is", "are", "was", "were", "am"):
        return tag in ("VB", "VBZ", "VBP") and verb.i - auxiliary.i == 1
    return word == "to" and tag == "VBD" and verb.i - auxiliary.i == 1


def _wrong_number(token: "Token") -> bool:
    """Whether the noun that ``token`` counts or points to has the other number."""
    noun, word = token.head, token.lower_
    if not 0 < noun.i - token.i <= 3 or noun.lower_ in _EITHER or not noun.is_alpha:
        return False
    between = noun.doc[token.i + 1 : noun.i]
    others = [t for t in between if t.tag_ != "JJ" and t.dep_ != "compound"]
    if others:
        return False
    if word in ("a", "an") and noun.lower_ in _MASS:
        return noun.i + 1 == len(noun.doc) or noun.nbor().tag_ not in ("NN", "NNS")
    if token.dep_ == "det" and word in _SINGLE and noun.tag_ == "NNS":
        return all(t.lower_ not in _SMALL for t in between)
    if noun.tag_ != "NN" or (noun.i + 1 < len(noun.doc) and not _ends_phrase(noun.nbor())):
        return False
    if word in _SEVERAL:
        return token.tag_ in ("DT", "JJ")
    return bool(
        token.dep_ == "nummod"
        and token.tag_ == "CD"
        and (word.isalpha() or word.isdigit())
        and word not in ("one", "1")
        and word not in _EITHER
        and len(word) < 4 + 4 * word.isalpha()
        and len(noun) > 3
        and not (token.i and token.nbor(-1).tag_ in ("NN", "NNP", "DT", "$", "SYM", "#"))
    )


def _ends_phrase(token: "Token") -> bool:
    return token.tag_ in ("IN", ".", ",", "VBZ", "VBP", "VBD", "MD", "CC", "TO", "RB")


def _pair(token: "Token", following: "Token", third: "Token | None", tag: str) -> str:
    """Kind of error of ``token`` with the two words after it, empty if none."""
    word, third_tag = token.lower_, third.tag_ if third is not None else "."
    if word in ("more", "most"):
        doubled = following.tag_ in ("JJR", "RBR", "JJS", "RBS")
        return "degree" if doubled and following.lower_ not in _DEGREES else ""
    if tag == "DT":
        return "no noun" if _lacks_noun(word, following, third_tag) else ""
    if tag in ("WDT", "WP"):
        lacks = following.tag_ == "JJ" and third_tag in ("DT", "PRP$", "PRP")
        return "no verb" if lacks else ""
    if tag == "IN" and word in _GOVERNS_NOUNS and token.pos_ == "ADP":
        return _governs(token, following, third_tag)
    if token.lemma_ in ("be", "have") and token.i:
        return "abstract" if _is_abstract(token, following, third) else ""
    return ""


def _lacks_noun(word: str, following: "Token", third_tag: str) -> bool:
    """Whether no noun follows a determiner, but a word that cannot stand for one."""
    after, tag = following.lower_, following.tag_
    if tag == "RB" and after.endswith("ly") and after not in _LY:
        return third_tag in _NO_ADJECTIVE
    if word not in ("a", "an") or after in _SMALL or not following.is_alpha:
        return False
    if tag == "JJ":
        return third_tag in _CLOSES and _ADJECTIVE_ONLY.match(after) is not None
    alone = tag in ("VBN", "VBD", "RB") or (tag == "NN" and after in _PARTICIPLES)
    return alone and third_tag in (".", ",")


def _governs(preposition: "Token", following: "Token", third_tag: str) -> str:
    """Kind of error of what ``preposition`` governs, empty if none."""
    after, tag = following.lower_, following.tag_
    if tag in ("JJ", "VBN", "VBD", "RB"):
        plain = following.is_alpha and after not in _SET_PHRASES and after.endswith(_ENDINGS)
        return "no object" if plain and third_tag in ("IN", ".", ":") else ""
    counted = (
        preposition.lower_ == "of"
        and preposition.i > 0
        and preposition.nbor(-1).lower_ in _GROUPS
        and tag in ("NN", "NNP")
        and following.is_lower
        and after not in _EITHER
    )
    return "number" if counted and third_tag in _CLOSES - {":"} else ""


def _is_abstract(verb: "Token", following: "Token", third: "Token | None") -> bool:
    """Whether people are said to be a quality ("they are more visibility")."""
    before, third_tag = verb.nbor(-1), third.tag_ if third is not None else "."
    if verb.lemma_ == "be" and following.lower_.endswith("ness") and before.lower_ in _PEOPLE:
        return third_tag not in ("NN", "NNS")
    if following.lower_ == "more" and third is not None:
        following = third
        third_tag = third.nbor().tag_ if third.i + 1 < len(verb.doc) else "."
    if verb.lemma_ == "be" and following.tag_ == "NN" and _ABSTRACT.match(following.lower_):
        said_of_people = before.lower_ in _PEOPLE or before.tag_ == "NNS"
        if said_of_people and third_tag not in ("NN", "NNS", "VBG", "CC", "JJ", "HYPH"):
            return True
    wants_verb = verb.lower_ in ("has", "have", "had", "been", "be") and third is not None
    return bool(wants_verb and third_tag in ("DT", "PRP$") and _NOUN.match(following.lower_))
