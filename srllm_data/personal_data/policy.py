"""What the configuration decides about names and phrases, whatever a recogniser says."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from srllm_data.errors import ConfigError

if TYPE_CHECKING:
    from srllm_data.config import RedactConfig

#: Entity labels of the parser and the types that they stand for, redacted only where asked for.
PARSED = {
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "ORG": "ORGANIZATION",
}
_NOT_NAMES = Path(__file__).parent.parent / "lexicon" / "not_names.txt"
_TYPED = re.compile(r"([A-Z][A-Z_]*): ?(?=\S)")


class Policy:
    """Phrases of ``redact.keep`` and ``redact.always`` in a text.

    Raises ConfigError for a phrase of ``redact.always`` that is a word for a group.
    """

    def __init__(self, keep: tuple[str, ...], always: tuple[str, ...]) -> None:
        self._types: dict[str, str] = {}
        for phrase in always:
            typed = _TYPED.match(phrase)
            words = phrase[typed.end() :] if typed else phrase
            if _groups().fullmatch(words.casefold().removeprefix("the ")):
                raise ConfigError(
                    f"redact.always must not name '{words}': words for groups are what the "
                    "dataset is about; remove it."
                )
            self._types[_plain(words)] = typed[1] if typed else "PERSON"
        self._keep = _phrases(_plain(phrase) for phrase in keep)
        self._always = _phrases(self._types)

    def kept(self, text: str) -> list[tuple[int, int]]:
        """Places whose findings stay in ``text``."""
        return [m.span() for m in self._keep.finditer(text)] if self._keep else []

    def always(self, text: str) -> list[tuple[str, int, int]]:
        """Type, start and end of what is redacted in any case."""
        found = self._always.finditer(text) if self._always else ()
        return [(self._types[_plain(m[0])], *m.span()) for m in found]


@lru_cache(maxsize=4)
def _policy(keep: tuple[str, ...], always: tuple[str, ...]) -> Policy:
    return Policy(keep, always)


def policy(config: "RedactConfig") -> Policy:
    """The policy of ``config``."""
    return _policy(tuple(config.keep), tuple(config.always))


def is_about_a_group(phrase: str) -> bool:
    """True if a word for a group, such as "Muslim" or "deaf", is in ``phrase``."""
    return _groups().search(phrase) is not None


@lru_cache(maxsize=1)
def _groups() -> re.Pattern[str]:
    from srllm_data.lexicon.entry import identity_terms

    words = _NOT_NAMES.read_text(encoding="utf-8").partition("# insults")[0].splitlines()
    forms = {form for forms in identity_terms().values() for form in forms}
    forms |= {form for word in words if word and word[0] != "#" for form in (word, f"{word}s")}
    found = _phrases(forms)
    assert found
    return found


def _phrases(phrases: Iterable[str]) -> re.Pattern[str] | None:
    """Any of ``phrases`` as whole words, the longest first; None if there are none."""
    parts = [
        r"\s+".join(map(re.escape, phrase.split()))
        for phrase in sorted(set(phrases), key=lambda p: (-len(p), p))
    ]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE) if parts else None


def _plain(phrase: str) -> str:
    return " ".join(phrase.casefold().split())
