"""Mentions of target groups by neutral identity terms."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from srllm_data.lexicon.entry import identity_terms

if TYPE_CHECKING:
    from spacy.tokens import Doc

_END = ""


@dataclass(frozen=True)
class Mention:
    """Tokens ``first`` to ``last`` of a text name members of ``group``."""

    first: int
    last: int
    group: str


def mentioned(doc: "Doc") -> Iterator[Mention]:
    """Identity terms in ``doc``, the longest at each place."""
    trie = _trie()
    words = [t.lower_.replace("’", "'") for t in doc]
    at = 0
    while at < len(words):
        node, last, found = trie.get(words[at]), at, None
        while node is not None:
            if _END in node:
                found = (last, node[_END])
            last += 1
            node = node.get(words[last]) if last < len(words) else None
        if found:
            yield from (Mention(at, found[0], group) for group in found[1])
            at = found[0]
        at += 1


@lru_cache(maxsize=1)
def _trie() -> dict[str, Any]:
    import spacy

    tokenise = spacy.blank("en").tokenizer
    trie: dict[str, Any] = {}
    for group, forms in identity_terms().items():
        for form in forms:
            node = trie
            for token in tokenise(form):
                node = node.setdefault(token.lower_, {})
            node.setdefault(_END, []).append(group)
    return trie
