"""What does the rewrite say that the text does not: new sentences, clauses, judgements, praise?"""

from bisect import bisect_right
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from srllm_data.validate.pair import Pair, is_content

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

#: At most this share of the words of a new sentence is known from the text.
_KNOWN = 0.34
#: A sentence of which no more is kept makes room for a new one.
_LOST = 0.5
#: New words beyond those that an edit takes out, from which on it makes a claim of its own.
_SURPLUS = 2
_SURPLUS_BIASED = 4
#: How far around a biased span words may have to change with it.
_MARGIN = 3
#: Valence (-4 to 4) from which on a word of the sentiment lexicon praises or complains.
_STRONG = 1.6
#: Sentiment (-1 to 1) from which on a text is praise itself, and by how much praise raises it.
_PRAISED = 0.3
_RISE = 0.25
_OWN = frozenset("i me my i'm".split())
#: What the author feels may take the place of an insult.
_FEELINGS = frozenset(
    "angry annoyed annoying disappointed disappointing frustrated frustrating furious happy "
    "unhappy impressed sad upset worried fed tired".split()
)
_PRAISING = frozenset("love enjoy admire adore recommend laugh thank appreciate praise".split())


def additions(pair: Pair) -> dict[str, float]:
    """Counts of what only the rewrite says.

    sentences_added: new sentences beyond those that replace a lost one; claims_added: clauses
    and judgements put in where nothing biased was; praise_added: words of praise beyond those
    of the text, where the text loses complaints.
    """
    return {
        "sentences_added": _new_sentences(pair),
        "claims_added": _claims(pair),
        "praise_added": _praise(pair),
    }


def _new_sentences(pair: Pair) -> int:
    """New sentences beyond the lost ones; of the author's own feelings only beyond the others."""
    new = [words for words in _contents(pair.rewrite) if pair.source.share_of(words[1]) <= _KNOWN]
    lost = sum(pair.kept.share_of(words) <= _LOST for _, words in _contents(pair.text))
    longer = sum(1 for _ in pair.rewrite.sents) - sum(1 for _ in pair.text.sents)
    own = sum(any(t.lower_ in _OWN for t in sentence) for sentence, _ in new)
    return max(0, len(new) - max(0, own - max(0, longer)) - lost)


def _contents(doc: "Doc") -> "list[tuple[Span, list[Token]]]":
    """Sentences of two content words or more, and these words."""
    found = ((s, [t for t in s if is_content(t)]) for s in doc.sents)
    return [(sentence, words) for sentence, words in found if len(words) > 1]


def _claims(pair: Pair) -> int:
    """Edits that put in more than the sentence of the text loses, biased words included."""
    if not pair.edits:
        return 0
    starts = [s.start for s in pair.text.sents]
    biased = {bisect_right(starts, i) for i in pair.marked}
    gone: Counter[int] = Counter()
    new: Counter[int] = Counter()
    claiming: list[tuple[int, bool]] = []
    for edit in pair.edits:
        a, b, c, d = edit
        for i in range(a, b):
            if is_content(pair.old[i]) and pair.old[i] not in pair.kept:
                gone[bisect_right(starts, i)] += 1
        at = bisect_right(starts, max(0, a - 1) if a == b else a)
        fresh = [t for t in pair.new[c:d] if is_content(t) and t not in pair.source]
        new[at] += len(fresh)
        taken = sum(is_content(t) for t in pair.old[a:b])
        far = pair.plain(edit, _MARGIN)
        if any(t.lower_ in _OWN or t.lemma_.lower() in _FEELINGS for t in pair.new[c:d]):
            continue
        if len(fresh) - taken >= (_SURPLUS if far else _SURPLUS_BIASED):
            claiming.append((at, True))
        elif far and not taken and any(_judges(t) for t in fresh):
            claiming.append((at, False))
    return sum(
        new[at] - gone[at] - (at in biased) >= (_SURPLUS if big else 1) for at, big in claiming
    )


def _judges(token: "Token") -> bool:
    if abs(_analyser().lexicon.get(token.lower_, 0)) < 1:
        return False
    return token.dep_ in ("advmod", "amod", "acomp") and token.pos_ in ("ADV", "ADJ")


def _praise(pair: Pair) -> int:
    """New words of praise, where the text is no praise and the rewrite sounds better than it."""
    valence = _analyser().lexicon
    praise = 0
    for edit in pair.edits:
        plain = pair.plain(edit)
        for token in pair.new[edit[2] : edit[3]]:
            if (
                valence.get(token.lower_, 0) >= _STRONG
                and _praises(token)
                and token not in pair.source
            ):
                praise += plain
    if not praise:
        return 0
    before = _sentiment(" ".join(t.text for t in pair.facts))
    return praise if before <= _PRAISED and _sentiment(pair.rewrite.text) - before >= _RISE else 0


def _praises(token: "Token") -> bool:
    """Whether ``token`` is said of something, and not denied ("pretty sure", "not good")."""
    if token.pos_ == "VERB":
        kind = token.lemma_.lower() in _PRAISING
    else:
        kind = token.pos_ == "ADJ" or (
            token.pos_ == "ADV" and token.head.pos_ not in ("ADJ", "ADV")
        )
    before = token.doc[max(0, token.i - 3) : token.i]
    return kind and not any(t.dep_ == "neg" or t.lower_ in ("no", "not", "never") for t in before)


def _sentiment(text: str) -> float:
    return float(_analyser().polarity_scores(text)["compound"])


@lru_cache(maxsize=1)
def _analyser() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
