"""Search of many texts for personal data."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from srllm_data import nlp
from srllm_data.errors import ConfigError
from srllm_data.personal_data.entities import entities, tags
from srllm_data.personal_data.masks import PLACEHOLDER, Masked
from srllm_data.personal_data.names import may_hold_names, names, tagged
from srllm_data.personal_data.patterns import Patterns
from srllm_data.personal_data.policy import PARSED, Policy, is_about_a_group, policy

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from srllm_data.config import RedactConfig

#: Texts searched together, and characters parsed at once: both bound the memory only.
_BATCH = 512
_CHUNK = 20_000

#: How sure the parser is of a place or a body.
_PARSED_SCORE = 0.6

#: A character of no alphabet: no pattern runs across it.
_BARRIER = "\ue000"

#: Types that come from a parsed text.
_PARSED = frozenset({"PERSON", *PARSED.values()})

#: What the parser sees in place of personal data, so that the rest reads as it did.
_STAND_INS = {"PERSON": "someone", "USERNAME": "@user"}


@dataclass(frozen=True)
class Finding:
    """Personal data of ``type`` at ``text[start:end]``; score says how sure that is, 0 to 1."""

    type: str
    start: int
    end: int
    score: float


def find(texts: Sequence[str], config: "RedactConfig") -> Iterator[list[Finding]]:
    """Personal data in each text, in order of ``texts``: sorted by place, without overlaps.

    Placeholders that are in a text already are left alone, and nothing more is found in a text
    whose findings have been replaced by placeholders. Raises ConfigError for an entity type
    that no recogniser knows, and for a word for a group in ``redact.always``.
    """
    decided = policy(config)
    patterns = _patterns(tuple(config.entities), config.min_score)
    if patterns.unknown:
        raise ConfigError(
            f"redact.entities names '{patterns.unknown[0]}', which no recogniser knows; "
            f"choose from {', '.join(sorted({*patterns.known, *_PARSED}))}."
        )
    for first in range(0, len(texts), _BATCH):
        found = [_Search(text, patterns, decided) for text in texts[first : first + _BATCH]]
        if not _PARSED.isdisjoint(config.entities):
            _add_names(found, config)
        for search in found:
            yield sorted(search.findings, key=lambda f: f.start)


@lru_cache(maxsize=2)
def _patterns(entities: tuple[str, ...], min_score: float) -> Patterns:
    return Patterns([e for e in entities if e not in _PARSED], min_score)


class _Search:
    """What has been found in one text so far."""

    def __init__(self, text: str, patterns: Patterns, decided: Policy) -> None:
        self._text = text
        self._patterns = patterns
        self._placeholders = [(*m.span(), m[1]) for m in PLACEHOLDER.finditer(text)]
        self._kept: list[tuple[int, int]] = []
        self.findings: list[Finding] = []
        view = self.view({}, _BARRIER)
        self.add(view, [Finding(*found, 1.0) for found in decided.always(view.text)])
        self._kept = decided.kept(text)
        self._add_patterns()

    def add(self, view: Masked, found: Sequence[Finding]) -> bool:
        """Add ``found`` in ``view`` where it touches no mask; True if anything was added."""
        located = [
            Finding(f.type, *place, f.score)
            for f in found
            if (place := view.locate(f.start, f.end)) and not self._keeps(*place)
        ]
        self.findings += _without_overlaps(located)
        return bool(located)

    def add_names(self, view: Masked, found: Sequence[Finding]) -> bool:
        """Likewise, then look again for patterns beside the names; True if anything was added."""
        added = self.add(view, found)
        if added:
            self._add_patterns()
        return added

    def view(self, stand_ins: dict[str, str], default: str) -> Masked:
        """The text with placeholders and findings masked, each type by its stand-in."""
        masks = [(f.start, f.end, f.type) for f in self.findings] + self._placeholders
        return Masked(self._text, ((s, e, stand_ins.get(t, default)) for s, e, t in masks))

    def _keeps(self, start: int, end: int) -> bool:
        return any(s <= start and end <= e for s, e in self._kept)

    def _add_patterns(self) -> None:
        """Until nothing more is found: of two that overlap, one may leave a part of the other."""
        more = True
        while more:
            view = self.view({}, _BARRIER)
            more = self.add(view, [Finding(*found) for found in self._patterns(view.text)])


def _without_overlaps(found: list[Finding]) -> list[Finding]:
    """The longest of those that overlap; of equally long ones the surest."""
    kept: list[Finding] = []
    for f in sorted(found, key=lambda f: (f.start - f.end, -f.score, f.start, f.type)):
        at = bisect(kept, f.start, key=lambda k: k.start)
        if (not at or kept[at - 1].end <= f.start) and (at == len(kept) or f.end <= kept[at].start):
            kept.insert(at, f)
    return kept


def _add_names(searches: list[_Search], config: "RedactConfig") -> None:
    """Parse and add names, again for each text with new ones, until no parse shows more.

    With all names replaced the parser may see others, so this is what makes redaction final.
    """
    places = not set(PARSED.values()).isdisjoint(config.entities)
    while searches:
        views = [s.view(_STAND_INS, "it") for s in searches]
        chunks = [(n, *c) for n, v in enumerate(views) for c in _chunks(v.text)]
        chunks = [c for c in chunks if places or may_hold_names(c[2])]
        found: dict[int, list[Finding]] = {}
        for (n, start, _), doc in zip(chunks, _parsed([c[2] for c in chunks]), strict=True):
            found.setdefault(n, []).extend(_names(doc, start, views[n], config, places))
        searches = [
            searches[n] for n, more in found.items() if searches[n].add_names(views[n], more)
        ]


def _parsed(texts: list[str]) -> "list[Doc]":
    """Texts with entities; with tags too where there may be a name, as tags cost as much."""
    pipeline = nlp.load("parser", "lemmatizer", "attribute_ruler")
    docs = [pipeline.make_doc(text) for text in texts]
    entities(pipeline)(docs)
    tags(pipeline)([(doc, places) for doc in docs if (places := tagged(doc))])
    return docs


def _names(
    doc: "Doc", offset: int, view: Masked, config: "RedactConfig", places: bool
) -> Iterator[Finding]:
    def masked(start: int, end: int) -> bool:
        return view.locate(offset + start, offset + end) is None

    people = names(doc, masked, config.keep_public_figures)
    for name in people if "PERSON" in config.entities else ():
        if not name.kept and name.score >= config.min_score:
            yield Finding("PERSON", offset + name.start, offset + name.end, name.score)
    for ent in doc.ents if places else ():
        type_ = PARSED.get(ent.label_)
        if (
            type_ in config.entities
            and config.min_score <= _PARSED_SCORE
            and not is_about_a_group(ent.text)
            and not masked(ent.start_char, ent.end_char)
            and not any(n.start < ent.end_char and ent.start_char < n.end for n in people)
        ):
            yield Finding(type_, offset + ent.start_char, offset + ent.end_char, _PARSED_SCORE)


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """Pieces of at most ``_CHUNK`` characters with their offsets, cut at spaces if there are."""
    start = 0
    while start < len(text):
        end = len(text)
        if end - start > _CHUNK:
            space = text.rfind(" ", start + 1, start + _CHUNK)
            end = space if space > 0 else start + _CHUNK
        yield start, text[start:end]
        start = end
