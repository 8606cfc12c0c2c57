"""Signals of meaning: what of the text the rewrite keeps, loses, adds or turns round.

Words inside biased spans never count as facts; everything else of the text does.
"""

from itertools import pairwise
from typing import TYPE_CHECKING

from srllm_data.validate.additions import additions
from srllm_data.validate.claims import claims
from srllm_data.validate.facts import facts
from srllm_data.validate.hedges import hedges
from srllm_data.validate.pair import Edit, Pair, Ranges, edits, inside, is_content
from srllm_data.validate.voices import voices

if TYPE_CHECKING:
    from spacy.tokens import Token

__all__ = ["Edit", "Ranges", "edits", "inside", "meaning"]

_REACH = 4


def meaning(pair: Pair) -> dict[str, float]:
    """Signals of the rewrite of ``pair`` against its text.

    content: content words of the text outside its biased spans; content_kept and added: shares
    of the text's and the rewrite's content words; added_words: how many are new; order: share of
    the rewrite's neighbouring words that are near each other in the text too; length_ratio: words
    over words; and those of :mod:`srllm_data.validate.facts`, ``.claims``, ``.hedges``,
    ``.voices`` and ``.additions``.
    """
    content = [t for t in pair.facts if is_content(t)]
    words, rewritten = _words(pair.old), _words(pair.new)
    written = [t for t in pair.new if is_content(t)]
    return {
        "content": len(content),
        "content_kept": pair.kept.share_of(content),
        "added": 1 - pair.source.share_of(written),
        "added_words": sum(t not in pair.source for t in written),
        "order": _order(words, rewritten),
        "length_ratio": len(rewritten) / max(1, len(words)),
        **facts(pair),
        **claims(pair),
        **hedges(pair),
        **voices(pair),
        **additions(pair),
    }


def _words(tokens: "list[Token]") -> list[str]:
    return [w for w in (t.lower_ for t in tokens) if any(c.isalnum() for c in w)]


def _order(text: list[str], rewrite: list[str]) -> float:
    places: dict[str, list[int]] = {}
    for place, word in enumerate(text):
        places.setdefault(word, []).append(place)
    pairs = [(a, b) for a, b in pairwise(rewrite) if a in places and b in places]
    if not pairs:
        return 1.0
    near = sum(
        any(0 < later - earlier <= _REACH for earlier in places[a] for later in places[b])
        for a, b in pairs
    )
    return near / len(pairs)
