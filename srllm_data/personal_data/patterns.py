"""Personal data that has a form of its own: addresses, numbers, handles. Presidio plus our own."""

import logging
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine
    from spacy.language import Language

_LABEL = r"[^\W_](?:[\w-]{0,61}\w)?"
_DOT = r"\s?(?:\(dot\)|\[dot\]|\{dot\}|\sdot\s|\.)\s?"
_SPOKEN_DOT = r"\s(?:\(dot\)|\[dot\]|\{dot\}|dot)\s"
_MAIL_WORD = r"[A-Za-z0-9][\w+-]{0,40}"
_TOP = r"(?:com|org|net|edu|gov|info|io|co|me|uk|us|ca|au|ie|nz|in|de|fr|eu|example|test)\b"
#: Words that stand before "at example dot com" when a site is meant, not a mailbox.
_NOT_A_MAILBOX = (
    r"(?!(?:look(?:ing|ed)?|available|found|check|meet|online|here|there|live|shop|us|me|him|her"
    r"|them|it|one|site|page|bought|sold|work(?:s|ing|ed)?|read|order|read|more|is|are|was|not)\s)"
)
_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq"
    r"|Terrace|Ter|Way|Crescent|Close|Highway|Hwy|Parkway|Pkwy|Row|Mews|Gardens|Grove|Walk|Circle"
    r"|Cir|Trail|Alley|Quay|Parade)"
)
_UNIT = r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Room|Rm|Floor|Fl|No|#)\.?\s?#?\d{0,5}[A-Za-z]?\b"
_TOWN = (
    r"(?:,?\s[A-Z][\w.'’-]+(?:\s[A-Z][\w.'’-]+){0,2},?\s(?:[A-Z]{2}\s\d{5}(?:-\d{4})?"
    r"|[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}))?"
)
#: "12 Main Street shops": a number of things on a street, not an address.
_NOT_COUNTED = r"(?!\s(?!(?:is|was|has|as|this|its|his|yes|across|always|plus|does)\b)[a-z]{3,}s\b)"

#: Own patterns, each with its score.
_OWN = {
    "EMAIL_ADDRESS": (
        (
            rf"(?<![\w.+-])\w[\w.!#$%&'*+/=?^`{{|}}~-]{{0,63}}@(?:{_LABEL}\.){{1,8}}"
            rf"[A-Za-z][\w-]{{0,61}}\w",
            0.95,
        ),
        (
            rf"(?i)(?<![\w.+@-]){_MAIL_WORD}(?:{_DOT}{_MAIL_WORD}){{0,3}}"
            rf"\s?[\[({{<]at[\])}}>]\s?(?:[a-z0-9-]{{1,40}}{_DOT}){{1,3}}{_TOP}",
            0.8,
        ),
        (
            rf"(?i)(?<![\w.+@-]){_NOT_A_MAILBOX}{_MAIL_WORD}(?:{_DOT}{_MAIL_WORD}){{0,3}}"
            rf"\sat\s(?:[a-z0-9-]{{1,40}}{_SPOKEN_DOT}){{1,3}}{_TOP}",
            0.8,
        ),
    ),
    "USERNAME": (
        (
            r"(?<![\w@/])@(?!(?:everyone|here|channel|all|users?|mention)\b)"
            r"\w{1,40}(?:@[\w-]+(?:\.[\w-]+)+)?",
            0.9,
        ),
        (r"(?<![\w/.])/?u/[A-Za-z0-9_-]{3,20}\b", 0.8),
    ),
    "STREET_ADDRESS": (
        # Two seats of government stand for governments.
        (
            rf"(?:{_UNIT},?\s)?(?<![\w$£€.,-])(?!10 Downing|1600 Pennsylvania)\d{{1,5}}[A-Za-z]?"
            rf"(?:-\d{{1,4}})?,?\s(?:[NSEW]\.?\s|(?:North|South|East|West)\s)?"
            rf"(?:(?:[A-Z][\w.'’-]*|\d{{1,3}}(?:st|nd|rd|th))\s){{1,4}}?{_STREET}\b(?:\.(?=,))?"
            rf"{_NOT_COUNTED}(?:,?\s{_UNIT})?{_TOWN}",
            0.7,
        ),
        (
            r"(?<![\w$£€.,-])\d{2,5}\s(?!(?:ways?|lanes?|miles?|minutes?|hours?|days?|yards?"
            r"|feet|foot|dollars?|percent|years?|degrees?|km|metres?|meters?)\s)"
            r"[a-z]+(?:\s[a-z]+)?\s(?:street|avenue|ave|boulevard|blvd|road|rd)\b",
            0.5,
        ),
        (rf"\bP\.?\s?O\.?\sBox\s\d{{1,6}}\b{_TOWN}", 0.7),
    ),
}

#: Telephone numbers that phonenumbers refuses: local ones, and ranges kept for fiction. A score
#: of 0.3 counts only beside a word such as "call".
_PHONES = (
    (r"(?<![\w.-])(?:\+?1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w-])", 0.6),
    (r"(?<![\w.$£€-])555[-. ]\d{4}(?![\w-])", 0.6),
    (r"(?<![\w.$£€-])[2-9]\d{2}-\d{4}(?![\w-])", 0.3),
    (r"(?<![\w.-])\(?0\d{2,4}\)?[ -]\d{3,4}[ -]?\d{3,4}(?![\w-])", 0.6),
    (r"(?<![\w.-])\(?07\d{3}\)? ?\d{3} ?\d{3}(?![\w-])", 0.6),
    (r"(?<![\w+])\+\d{1,3}(?:[-. ]?\(?\d{1,4}\)?){2,5}(?![\w-])", 0.6),
)
_PHONE_CONTEXT = ["phone", "telephone", "cell", "mobile", "call", "dial", "text", "number", "fax"]

#: A text without a match cannot hold the entity, so its recognisers need not run.
_HINTS = {
    "EMAIL_ADDRESS": re.compile(r"@|\bat\b|[\[({]at[\])}]", re.IGNORECASE),
    "USERNAME": re.compile(r"@|\bu/"),
    # The characters that phonenumbers takes between digits.
    "PHONE_NUMBER": re.compile(
        r"\d(?:[-x‐-―−ー-／ \xa0\xad\u200b\u2060\u3000()（）［］.\[\]/~⁓∼～]{0,4}\d){6}"
    ),
    "CREDIT_CARD": re.compile(r"(?:\d[- ]?){12}"),
    "IBAN_CODE": re.compile(r"[A-Z]{2}\d\d"),
    "IP_ADDRESS": re.compile(r"\d\.\d|::|:[0-9A-Fa-f]{1,4}:"),
    "US_SSN": re.compile(r"\d{3}[- .]?\d\d[- .]?\d{4}"),
    "STREET_ADDRESS": re.compile(r"\d"),
}

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
        self._own = [
            (entity, re.compile(pattern), score)
            for entity in entities
            for pattern, score in _OWN.get(entity, ())
            if score >= min_score
        ]
        self._min_score = min_score
        self.known = frozenset({*theirs, *_OWN})
        self.unknown = [e for e in entities if e not in self.known]

    def __call__(self, text: str) -> Iterator[tuple[str, int, int, float]]:
        """Type, start, end and score of everything found; may overlap."""
        for entity, pattern, score in self._own:
            if _HINTS[entity].search(text):
                for match in pattern.finditer(text):
                    yield entity, *match.span(), score
        # Asked one by one, as the analyser parses the text for context even where nothing is found.
        wanted = [
            entity
            for entity, recognisers in self._theirs.items()
            if (entity not in _HINTS or _HINTS[entity].search(text))
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
                yield r.entity_type, r.start, r.end, r.score

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
    from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import PhoneRecognizer

    # It warns of every recogniser of another language that it leaves out.
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    # Presidio's e-mail recogniser refuses private domains and asks tldextract, which goes to the
    # network; names come from the parsed text, so nothing here needs a model.
    for name in ("EmailRecognizer", "PhoneRecognizer", "SpacyRecognizer"):
        registry.remove_recognizer(name)
    registry.add_recognizer(PhoneRecognizer(supported_regions=_REGIONS))
    registry.add_recognizer(
        PatternRecognizer(
            supported_entity="PHONE_NUMBER",
            patterns=[Pattern(f"phone {n}", *p) for n, p in enumerate(_PHONES)],
            context=_PHONE_CONTEXT,
        )
    )
    blank = spacy.blank("en")
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    setattr(engine, "nlp", {"en": blank})  # noqa: B010  (declared as None)
    analyser = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
    return analyser, blank
