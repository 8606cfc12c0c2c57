"""Signals of form: is the rewrite a text at all, and a well-formed one?

Every defect counts only as far as the source lacks it, so that the register of a source (no
capitals, no verb, "***") is never held against its rewrite.
"""

import re
from collections import Counter
from typing import TYPE_CHECKING

from srllm_data.validate.grammar import errors
from srllm_data.validate.meaning import Edit, Ranges, inside

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_DETERMINERS = frozenset("a an the every my your our their its".split())
#: Prepositions that seldom stand without what they govern.
_PREPOSITIONS = frozenset("of from into like as than by during between against without".split())
#: Tags that cannot follow a determiner: nothing that a noun phrase starts with.
_NO_NOUN = frozenset("VBZ VBP VBD MD IN TO CC DT PRP PRP$ WP WDT WRB EX . , : -RRB-".split())
_NO_OBJECT = frozenset("VBZ VBP VBD MD CC . , :".split())
_SPACED = re.compile(r"\A\s+|\s[,.;:!?](?=\s|$)|[^\S\n]{2,}")
_RUNS = re.compile(r"[,;:]\s*[,.;:!?]|\.\s*[,;]|(?<!\.)\.\s*\.(?!\.)")
_EMPTY = re.compile(r"\(\s*\)|\[\s*\]|“\s*”|\"\s*\"|‘\s*’")
_START = re.compile(r"\A\s*[,;:.!?)-](?!\.)|[.!?]\s+[,;:]")
_HYPHEN = re.compile(r"(?<=\s)-(?=\w)|(?<=\w)-(?=\s)")
_SMALL = re.compile(r"(?:\A\s*|[.!?]\s+)[a-z]")
_VOWEL = re.compile(r"[aeiou]", re.IGNORECASE)
_SPOKEN_CONSONANT = re.compile(r"uni(?!n)|us[ae]|eu|one|once|ou?ija|ut[ie]|ub", re.IGNORECASE)
_SPOKEN_VOWEL = re.compile(r"hour|hono|honest|heir|herb", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_LETTERS = re.compile(r"[^\W\d_]+")
#: What stands for an answer that is none, if nothing else is said.
_NOTHING = frozenset(
    "a ai an answer any applicable available blank comment content data done eof empty end error "
    "false here intentionally is left missing n na nan nil no none not nothing null ok okay "
    "output provided provide remains removed response result rewrite rewriting rewritten string "
    "tbd text the this to todo true undefined unavailable unchanged unknown version void was "
    "necessary needed required possible str".split()
)
_FEW = 6
_ABBREVIATED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Prof|Sen|Rep|Gov|e\.g|i\.e|vs)\.?\Z")
_NUMBER_END = re.compile(r"\d[.,]\Z")
_SPLIT_STOP = re.compile(r"\s[.!?]\Z")
#: Words that end a text seldom, although their tags allow it.
_LEANING = frozenset("a an the even very every because although whereas than if whose".split())
#: Adverbs and verbs' particles that taggers take for prepositions.
_PARTICLES = frozenset(
    "about above across after along around back before behind below beside between beyond by "
    "down in inside near off on out outside over past so that through under up within without "
    "though".split()
)
_BROKEN_AFTER = 5
_INHERIT = frozenset("conj appos pobj advcl".split())
#: A word in the place of more words than these has another part in the sentence.
_REPLACED = 2
_PAIRS = (("(", ")"), ("[", "]"), ("“", "”"))
_STOPS = tuple(".!?…")
_ENDS = (*_STOPS, *"\"'”’)]")
_OPEN_ENDS = tuple(",;:–—-(")
_SUBJECTS = ("nsubj", "nsubjpass")
#: Words that mean nothing where they stand, whatever a parser makes of them there.
_EXPLETIVES = frozenset("fucking fuckin fing freaking frigging bloody goddamn damn effing".split())
#: What a sentence can lose and still stand.
_OPTIONAL = frozenset(
    "amod advmod npadvmod nmod compound quantmod intj appos acl relcl advcl conj cc punct preconj "
    "prep agent det predet poss parataxis dep mark neg nummod expl case meta aux".split()
)


def form(text: "Doc", rewrite: "Doc", biased: Ranges, edits: list[Edit]) -> dict[str, float]:
    """Signals of the form of ``rewrite``, as far as ``text`` (biased at ``biased``) lacks the same.

    edits: of :func:`srllm_data.validate.meaning.edits`.

    words: of the rewrite; copied: its words are the text's, whatever case and punctuation; cut:
    the rewrite ends in the middle of a sentence and the text does not; holes: words that were taken
    out although the words around them need them; misfits: words put in the place of a biased span
    of another class or number; defects: things that no well-formed text holds.
    """
    before, after = text.text, rewrite.text
    return {
        "words": _count_words(before, after),
        "copied": spelling(before) == spelling(after),
        "defects": _added_defects(text, rewrite),
        "cut": _cut(text, rewrite),
        "verb_lost": _has_verb(text) and not _has_verb(rewrite),
        "holes": _holes(text, rewrite, edits),
        "misfits": _misfits(text, rewrite, edits, biased),
    }


def spelling(text: str) -> str:
    """The letters and digits of ``text``, without case, punctuation and spaces."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _count_words(text: str, rewrite: str) -> int:
    """Words of ``rewrite``; none where all it does is say that there is nothing."""
    words = [w for w in _TAG.sub(" ", rewrite).split() if any(c.isalpha() for c in w)]
    letters = _LETTERS.findall(" ".join(words).lower())
    if len(letters) <= _FEW and _NOTHING.issuperset(letters):
        return len(words) if set(_LETTERS.findall(text.lower())).issuperset(letters) else 0
    return len(words) if max(map(len, letters), default=0) > 1 else 0


def _cut(text: "Doc", rewrite: "Doc") -> bool:
    """Whether ``rewrite`` ends in the middle of a sentence, and ``text`` does not."""
    before, after = text.text.rstrip(), rewrite.text.rstrip()
    if after.endswith(_OPEN_ENDS):
        return not before.endswith(_OPEN_ENDS)
    if _ABBREVIATED.search(after) and not _ABBREVIATED.search(before):
        return True
    if (number := _NUMBER_END.search(after)) and not before.endswith(number[0]):
        return re.search(rf"(?<!\d){re.escape(number[0])}\d", before) is not None
    if after.endswith(_ENDS) or not after[-1:].isalnum():
        return False
    # Texts that are split into tokens were not written by hand, and those who rewrite them are
    # right not to care for the stop at the end.
    if before.endswith(_STOPS) and not _SPLIT_STOP.search(before):
        return True
    return (_wants_more(rewrite) and not _wants_more(text)) or _broken_word(text, rewrite)


def _wants_more(doc: "Doc") -> bool:
    """Whether the last word is one that others have to follow."""
    words = [t for t in doc if not t.is_space]
    while words and words[-1].is_punct:
        words.pop()
    if not words:
        return False
    last = words[-1]
    if last.tag_ == "IN":
        return last.lower_ not in _PARTICLES and last.dep_ != "prt" and not _stranded(last)
    if last.lower_ in _LEANING:
        return True
    return last.tag_ in ("CC", "PRP$") or (last.tag_ == "DT" and last.lower_ in _DETERMINERS)


def _stranded(preposition: "Token") -> bool:
    """Whether what ``preposition`` governs stands before it ("which I agree with")."""
    clause = list(preposition.sent)
    return any(t.tag_ in ("WDT", "WP", "WRB") or t.dep_ == "relcl" for t in clause)


def _broken_word(text: "Doc", rewrite: "Doc") -> bool:
    """Whether the last word is the start of the one that stands at its place in ``text``."""
    if len(rewrite) < _BROKEN_AFTER:
        return False
    last, previous = rewrite[-1].lower_, rewrite[-2].lower_
    if any(t.lower_ == last for t in text):
        return False
    return any(
        t.i and t.lower_.startswith(last) and text[t.i - 1].lower_ == previous
        for t in text
        if len(t) > len(last) + 1
    )


def _added_defects(text: "Doc", rewrite: "Doc") -> int:
    found = _defects(rewrite)
    return sum((found - _defects(text)).values()) if found.total() else 0


def _defects(doc: "Doc") -> Counter[str]:
    """Things that no well-formed text holds, by kind."""
    text = doc.text
    found = Counter(
        spaced=len(_SPACED.findall(text)),
        runs=len(_RUNS.findall(text)),
        empty=len(_EMPTY.findall(text)),
        start=len(_START.findall(text)),
        hyphen=len(_HYPHEN.findall(text)),
        small=_SMALL.search(text) is not None,
        unpaired=sum(text.count(a) != text.count(b) for a, b in _PAIRS) + text.count('"') % 2,
    )
    if len(doc) and (doc[0].tag_ in ("CC", "WDT") or (doc[0].tag_ == "WP" and "?" not in text)):
        found["opening"] += 1
    for token in doc:
        following = doc[token.i + 1] if token.i + 1 < len(doc) else None
        found.update(_between(token, following))
    return found + errors(doc)


def _between(token: "Token", following: "Token | None") -> list[str]:
    """Kinds of defect of ``token`` with the token after it (None: the text ends)."""
    kinds = []
    word = token.lower_
    tag = following.tag_ if following is not None else "."
    if word in _DETERMINERS and token.tag_ in ("DT", "PRP$") and tag in _NO_NOUN:
        kinds.append("determiner")
    if word in _PREPOSITIONS and token.pos_ == "ADP" and tag in _NO_OBJECT:
        kinds.append("preposition")
    if token.tag_ == "CC" and tag in (".", ",", ":", "CC"):
        kinds.append("conjunction")
    if token.tag_ == "POS" and tag in (".", ",", ":", "CC", "VBZ", "VBP", "VBD", "MD"):
        kinds.append("possessive")
    if following is not None and word in ("a", "an") and following.text.isalpha():
        vowel = _VOWEL.match(following.text) and not _SPOKEN_CONSONANT.match(following.text)
        vowel = bool(vowel or _SPOKEN_VOWEL.match(following.text))
        if vowel != (word == "an") and not following.text.isupper():
            kinds.append("article")
    if following is not None and word == following.lower_ and word.isalpha():
        kinds.append("doubled")
    return kinds


def _has_verb(doc: "Doc") -> bool:
    return any(t.pos_ in ("VERB", "AUX") for t in doc)


def _holes(text: "Doc", rewrite: "Doc", edits: list[Edit]) -> int:
    """Words taken out of ``text`` that their neighbours in the parse cannot do without.

    Looks only at rewrites without new words, and there at sentences whose words are where they
    were: where something new is said, or the same elsewhere, the parse of the text does not tell
    what the rewrite needs. A phrase between punctuation marks may always go.
    """
    words, kept = [t.lower_ for t in text], [t.lower_ for t in rewrite]
    if any(w.isalpha() and w not in words for w in kept):
        return 0
    fewer = Counter(words) - Counter(kept)
    added = [(a, b) for a, b, c, d in edits if any(t.is_alpha or t.is_digit for t in rewrite[c:d])]
    gone = [False] * len(words)
    for start, end, *_ in edits:
        if not _between_marks(text, start, end):
            gone[start:end] = [w in fewer for w in words[start:end]]
    return sum(
        _torn(token, gone)
        for sentence in text.sents
        if not any(a <= sentence.end and sentence.start <= b for a, b in added)
        and not all(gone[sentence.start : sentence.end])
        for token in sentence
    )


def _between_marks(doc: "Doc", start: int, end: int) -> bool:
    """Whether tokens ``start`` to ``end`` are all between two marks or ends of the text."""
    if start == end:
        return True
    opens = start == 0 or doc[start - 1].is_punct or doc[start].is_punct or doc[start].is_sent_start
    closes = end == len(doc) or doc[end].is_punct or doc[end - 1].is_punct
    return bool(opens and closes)


def _torn(token: "Token", gone: list[bool]) -> bool:
    if token.is_punct or token.dep_ in ("punct", "intj"):
        return False
    if (token if gone[token.i] else token.head).lower_ in _EXPLETIVES:
        return False
    if gone[token.i] and not gone[token.head.i]:
        stand_ins = [c for c in token.children if c.tag_ == "PRP"]
        stand_ins += [c for c in token.head.children if c.dep_ == token.dep_]
        if token.dep_ in _OPTIONAL or not all(gone[c.i] for c in stand_ins):
            return False
        return _heir(token, gone) is None
    if gone[token.i]:
        return False
    if gone[token.head.i]:
        heir = _heir(token.head, gone)
        if heir is None:
            return True
        if token.dep_ in _SUBJECTS:
            # The heir's own subject leaves nothing for this one to do.
            return any(c.dep_ in _SUBJECTS and not gone[c.i] for c in heir.children)
        return token.dep_ in ("prep", "relcl") and token.i < heir.i
    if token.dep_ == "cc":
        joined = [c for c in token.head.children if c.dep_ == "conj" and c.i > token.i]
        return bool(joined) and all(gone[c.i] for c in joined)
    return False


def _heir(token: "Token", gone: list[bool]) -> "Token | None":
    """What takes the place of ``token``, which is gone: what was joined to it or hung on it.

    "Tears and nine courses" leave "nine courses", "the clan of the family" leaves "the family".
    """
    for child in token.children:
        if child.dep_ == "prep" and gone[child.i]:
            heir = _heir(child, gone)
        elif child.dep_ in _INHERIT:
            heir = _heir(child, gone) if gone[child.i] else child
        else:
            continue
        if heir is not None:
            return heir
    return None


def _misfits(text: "Doc", rewrite: "Doc", edits: list[Edit], biased: Ranges) -> int:
    return sum(
        inside(text[start].idx, biased)
        and inside(text[end - 1].idx, biased)
        and rewrite[new].is_alpha
        and not _fits(rewrite[new].tag_, text[start:end].root.tag_)
        for start, end, new, new_end in edits
        if 0 < end - start <= _REPLACED and new_end - new == 1
    )


def _fits(tag: str, place: str) -> bool:
    if not (tag.startswith("NN") and place.startswith("NN")):
        return not (tag.startswith("NN") or place.startswith("NN"))
    return tag.endswith("S") or not place.endswith("S") or "NNP" in (tag, place)
