"""Personal data that has a form of its own: addresses, numbers, handles. Presidio plus our own."""

import logging
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from srllm_data.personal_data.checks import accepted
from srllm_data.personal_data.forms import HINTS, OWN, RARER

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine
    from spacy.language import Language

#: Countries whose national numbers are recognised; numbers with a "+" are from anywhere.
_REGIONS = ("US", "GB", "AU", "IN")


class Patterns:
    """Finds what ``entities`` names, apart from what needs a parsed text.

    unknown: the names in ``entities`` that are not ``known``.
    """

    def __init__(self, entities: Sequence[str], min_score: float) -> None:
        self._analyser, self._tokenise = _presidio()
        theirs = self._analyser.get_supported_entities("en")
        self._theirs: dict[str, list[Any]] = {
            e: self._analyser.registry.get_recognizers("en", [e]) for e in entities if e in theirs
        }
        rarer = {pattern: hint for hint, patterns in RARER for pattern in patterns}
        self._own = [
            (entity, rarer.get((pattern, score), HINTS[entity]), re.compile(pattern), score)
            for entity in entities
            for pattern, score in OWN.get(entity, ())
            if score >= min_score
        ]
        self._min_score = min_score
        self.known = frozenset({*theirs, *OWN})
        self.unknown = [e for e in entities if e not in self.known]

    def __call__(self, text: str) -> Iterator[tuple[str, int, int, float]]:
        """Type, start, end and score of everything found; may overlap."""
        hinted: dict[re.Pattern[str], bool] = {}
        for entity, hint, pattern, score in self._own:
            if hint not in hinted:
                hinted[hint] = hint.search(text) is not None
            if hinted[hint]:
                group = "value" if "value" in pattern.groupindex else 0
                for match in pattern.finditer(text):
                    start = match.start(group)
                    if end := accepted(entity, text, start, match.end(group)):
                        yield entity, start, end, score
        # Asked one by one, as the analyser parses the text for context even where nothing is found.
        wanted = [
            entity
            for entity, recognisers in self._theirs.items()
            if (entity not in HINTS or HINTS[entity].search(text))
            and any(r.analyze(text, [entity]) for r in recognisers)
        ]
        if wanted:
            for r in self._analyser.analyze(
                text=text,
                language="en",
                entities=wanted,
                score_threshold=self._min_score,
                nlp_artifacts=self._context(text),
            ):
                if end := accepted(r.entity_type, text, r.start, r.end):
                    yield r.entity_type, r.start, end, r.score

    def _context(self, text: str) -> Any:
        """Words in lower case for lemmas: enough for Presidio's context words, and cheap."""
        from presidio_analyzer.nlp_engine import NlpArtifacts

        doc = self._tokenise(text)
        return NlpArtifacts(
            entities=[],
            tokens=doc,
            tokens_indices=[t.idx for t in doc],
            lemmas=[t.lower_ for t in doc],
            nlp_engine=self._analyser.nlp_engine,
            language="en",
        )


def _presidio() -> tuple["AnalyzerEngine", "Language"]:
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import PhoneRecognizer

    # It warns of every recogniser of another language that it leaves out.
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    # Presidio's e-mail recogniser refuses private domains and asks tldextract, which would fetch
    # the public suffix list; names come from the parsed text, so nothing here needs a model.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
    for name in ("EmailRecognizer", "PhoneRecognizer", "SpacyRecognizer"):
        registry.remove_recognizer(name)
    registry.add_recognizer(PhoneRecognizer(supported_regions=_REGIONS))
    blank = spacy.blank("en")
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    setattr(engine, "nlp", {"en": blank})  # noqa: B010  (declared as None)
    analyser = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
    return analyser, blank
