"""Where a finding stands in its sentence, by the parse and, as posts defy it, by the words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srllm_data.lexicon import Entry, Span
from srllm_data.rewrite import grammar
from srllm_data.rewrite.draft import COORDINATORS, PAUSES, STOPS, Draft

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token
    from spacy.tokens import Span as Tokens

_NO_NOUNS = grammar.words("bc cuz cause coz cos tho af rn lol smh ain aint")
_CLIPPED_BE = grammar.words("'s ’s 're ’re 'm ’m s r ur im ur youre theyre")
_DEFINITE = grammar.words("the these my our your his her their some few several two three a")
#: Labels of what may go as abuse that carries no fact.
ABUSE = frozenset({"insult", "slur", "profanity", "dehumanising"})


@dataclass(frozen=True)
class Finding:
    """A used span: its tokens ``first`` to ``last`` and the entry that asks for an edit."""

    first: int
    last: int
    root: "Token"
    label: str
    entry: Entry


def find(doc: "Doc", span: Span, entry: Entry) -> Finding:
    """The finding that ``span`` with ``entry`` is in ``doc``."""
    tokens = tokens_of(doc, span)
    return Finding(tokens.start, tokens.end - 1, tokens.root, span.label, entry)


def tokens_of(doc: "Doc", span: Span) -> "Tokens":
    """The tokens that ``span`` covers, a word that it covers in part included."""
    tokens = doc.char_span(span.start, span.end, alignment_mode="expand")
    assert tokens is not None
    return tokens


def segments(doc: "Doc") -> Iterator[list[int]]:
    """Positions of the words between two stops, pauses or line breaks."""
    segment: list[int] = []
    for token in doc:
        glued = token.i > 0 and not doc[token.i - 1].whitespace_ and token.text == "-"
        if (token.text in STOPS or token.text in PAUSES or token.is_space) and not glued:
            if segment:
                yield segment
            segment = []
        else:
            segment.append(token.i)
    if segment:
        yield segment


def prenominal(draft: Draft, finding: Finding) -> bool:
    """Whether the finding stands before the noun that it describes."""
    doc, last = draft.doc, finding.last
    first_of_list = next((t for t in finding.root.conjuncts if t.dep_ == "amod"), finding.root)
    head = first_of_list.head
    if finding.entry.pos == "NOUN" and not grammar.is_noun(head):
        return False
    if first_of_list.dep_ in ("amod", "compound", "nmod") and head.i > last:
        if head.lower_ in _NO_NOUNS or head.text[0] in "@#":
            return False
        between = doc[last + 1 : head.i]
        if finding.root.pos_ == "NOUN" and any(t.is_punct for t in between):
            return False
        return all(t.pos_ not in ("VERB", "AUX", "PRON") or t.dep_ == "amod" for t in between)
    after = draft.after(last)
    if after is None or after.pos_ not in ("NOUN", "PROPN") or after.dep_ == "npadvmod":
        return False
    if after.lower_ in _NO_NOUNS or after.text[0] in "@#" or after.like_url:
        return False
    if after.i == last + 1 and not doc[last].whitespace_:
        return False
    is_adjective = finding.entry.pos in ("ADJ", "ANY")
    return is_adjective and copula_of(draft, finding.first) is None


def listed(draft: Draft, finding: Finding) -> bool:
    """Whether a neighbour in a list can stand for the finding ("stupid and late")."""
    doc = draft.doc
    if finding.root.pos_ not in ("ADJ", "ADV"):
        return False
    for at, step in ((finding.first - 1, -1), (finding.last + 1, 1)):
        joined = False
        while 0 <= at < len(doc) and draft.words[at] and doc[at].lower_ in COORDINATORS | {","}:
            joined = joined or doc[at].lower_ in COORDINATORS
            at += step
        # "blind or stupid" says less than "blind".
        either = any(t.lower_ == "or" for t in doc[min(at, finding.first) : max(at, finding.last)])
        if joined and 0 <= at < len(doc) and draft.words[at] and draft.mates(finding.root.i, at):
            return not either
    return False


def hyphenated(doc: "Doc", first: int, last: int) -> bool:
    left = first > 1 and doc[first - 1].text == "-" and not doc[first - 1].whitespace_
    right = last + 2 < len(doc) and doc[last + 1].text == "-" and not doc[last].whitespace_
    return left or right


def copula_of(draft: Draft, at: int) -> "Token | None":
    """The form of "be" (or become, seem, ...) whose complement opens at or before ``at``."""
    token, article = draft.before(at), False
    while token is not None:
        if token.lemma_ in grammar.COPULAS or token.lower_ in _CLIPPED_BE:
            owns = token.tag_ == "POS" and token.nbor().pos_ != "DET"
            return None if owns else token
        if article and token.tag_ == "PRP":
            return token
        article = token.lower_ in ("a", "an")
        passed = token.pos_ in ("DET", "ADV", "ADJ", "PART", "CCONJ")
        if not passed and token.lower_ not in grammar.DEGREE | {"all", "both"}:
            return None
        token = draft.before(token.i)
    return None


def said_of_group(draft: Draft, copula: "Token") -> bool:
    """Whether what the copula says is said of a whole group ("women are ...")."""
    from srllm_data.lexicon.groups import mentioned

    subject = next((c for c in copula.children if c.dep_ == "nsubj"), None)
    if subject is not None and any(c.lower_ in ("every", "each", "any") for c in subject.children):
        return True
    for mention in mentioned(draft.doc):
        noun = draft.doc[mention.last]
        gap = draft.doc[mention.last + 1 : copula.i]
        close = mention.last < copula.i and all(
            t.pos_ in ("ADV", "AUX", "PART", "DET") for t in gap
        )
        several = noun.tag_ in ("NNS", "NNPS") or noun.lower_ in ("people", "folk")
        opener = draft.before(phrase_start(draft, mention.first))
        definite = opener is not None and opener.lower_ in _DEFINITE
        if close and several and not definite:
            return True
    return False


def names_group(token: "Token") -> bool:
    from srllm_data.lexicon.groups import mentioned

    return any(m.first <= token.i <= m.last for m in mentioned(token.doc))


def phrase_start(draft: Draft, at: int) -> int:
    """Where the adjectives before the noun at ``at`` begin."""
    start = at
    token = draft.before(at)
    while token is not None and token.pos_ not in ("DET", "PRON", "VERB"):
        if token.pos_ == "ADJ" or token.dep_ in ("amod", "compound"):
            start = token.i
        elif token.lower_ not in COORDINATORS or start == at:
            break
        token = draft.before(token.i)
    return start


def is_verb(token: "Token") -> bool:
    """Whether a participle is the verb of its clause ("has failed to")."""
    governs = any(c.dep_ in ("dobj", "xcomp", "ccomp", "aux") for c in token.children)
    return token.tag_.startswith("VB") and (governs or token.dep_ not in ("amod", "acomp", "conj"))


def weighs(draft: Draft, start: int) -> bool:
    """ "What an idiot", "only an idiot": the noun is the point, so "person" would not do."""
    ahead = draft.before(start)
    if ahead is not None and ahead.lower_ in ("a", "an"):
        ahead = draft.before(ahead.i)
    return ahead is not None and ahead.lower_ in ("what", "such", "only", "like", "as", "into")
