"""The clean stage: texts are repaired, and what is no usable text in a wanted language leaves."""

import html
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa

from srllm_data.config import CleanConfig
from srllm_data.errors import ConfigError
from srllm_data.progress import advance
from srllm_data.schema import StageOutput, drop, dropped_table, schema_after

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

#: Raw texts beyond this many times max_chars (or characters, if more) are not worth a repair.
RAW_TIMES, RAW_CHARS = 10, 50_000

#: Repairs can reveal one another (an entity that hides a tag): repeated until nothing changes.
ROUNDS = 8

#: Another language must reach this probability by itself: for slang, many languages share it.
LEAST_PROBABILITY = 0.3

#: Identification reads this many characters.
IDENTIFY_CHARS = 1000

# Common English words, function words and informal ones, without those that other languages
# in Latin letters use as well (a, as, in, me, no, so, was, die ...).
ENGLISH = frozenset(
    """the and you your yours that this these those there their they them then than of with what
    which who whose why how when where it its it's that's what's is isn't are aren't were weren't
    wasn't be been being have haven't has hasn't had having does doesn't did didn't don't dont can't
    cant couldn't could would wouldn't should shouldn't will won't wont might must not my mine our
    ours us his hers him she he's she's i'm i've i'll i'd you're youre you've you'll we're we've
    we'll they're theyre they've for from but because born cuz about into out up down off after
    before again any every other another some such very too just only always never now here like
    know think says said make made see look looks need get gets got getting go goes going gonna
    gotta wanna tryna lemme let's give take keep tell talk call ask feel love hate stop please
    thanks sorry good wrong great little old new real same own people woman women girl girls boy
    boys guy guys kid kids friend friends everyone everybody someone nobody nothing something
    anything everything white black day today tomorrow night year years back way thing things world
    life money work shit shitty bullshit fuck fucks fucked fuckin fucking damn ass asshole bitch
    bitches bitching hoe hoes pussy pussies stupid dumb idiot idiots trash ugly crazy ain't aint
    y'all yall yeah nah dude bro nigga niggas faggot faggots whore""".split()
)

_SAFE_ASCII = re.compile(r"[\t-\r\x1c-%'-;=?-~]*")

_INLINE = frozenset(
    "a abbr b big cite code del dfn em font i ins kbd mark q s samp small span strike strong sub "
    "sup tt u var wbr".split()
)
_BLOCK = (
    "article aside blockquote body br button caption center dd dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 head header hr html iframe li main nav noscript ol "
    "option p pre script section select style table tbody td textarea tfoot th thead tr ul"
)
# These stand for something else in angle brackets too (<time>, <link>): only with an attribute.
_MAYBE = (
    "address audio base data details embed img input label link map menu meta object param path "
    "picture source summary svg time title track video"
)
_NAMES = "|".join([*sorted(_INLINE), *_BLOCK.split()])
_MAYBE_NAMES = "|".join(_MAYBE.split())
_ATTRIBUTES = r"""(?=\s[^<>]*=)(?:(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+>|[^<>]*>)"""
_SCRIPT = re.compile(r"<(script|style)\b[^<>]*>(?:(?!<\1\b).)*?</\1\s*>", re.I | re.S)
_COMMENT = re.compile(r"<!--(?:(?!<!--).)*?-->", re.S)
_TAG = re.compile(
    rf"</?(?P<plain>{_NAMES})\s*/?>|<(?P<full>{_NAMES}|{_MAYBE_NAMES}){_ATTRIBUTES}"
    rf"|</(?:{_MAYBE_NAMES})\s*>|</?(?:o|w|v|m|st1|fb|svg|media):\w+[^<>]*>"
    r"|<!doctype\b[^<>]*>|<\?xml\b[^<>]*>|<!\[CDATA\[|\]\]>|<!\[endif\]>?",
    re.I,
)
_CUT_TAG = re.compile(
    rf"<(?:{_NAMES}|{_MAYBE_NAMES})\s[^<>]*=[^<>]*\Z"
    r"""|\A[^<>]{0,200}?\b[\w-]{1,30}="[^"<>]*"\s*/?>""",
    re.I,
)
_AMP_RUN = re.compile(r"&(?:amp;)+", re.I)
_ENTITY = re.compile(
    r"&(?:#\d{1,7};?|#x[0-9a-f]{1,6};?|[a-z][a-z0-9]{1,31};|(?:amp|lt|gt|quot|nbsp)(?![\w=]))", re.I
)

# Never shown: controls, soft hyphen, zero width, bidi, invisible operators, annotations, private
# use, noncharacters, variation selectors of the supplement.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffc"
    "\ufffe\uffff\ue000-\uf8ff\U0001d173-\U0001d17a\U000e0100-\U0010ffff]+"
)
_EMOJI = "\u00a9\u00ae\u203c\u2049\u20e3\u2122-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
# Scripts whose spelling needs joiners: Arabic, Syriac, N'Ko, those of India, Khmer, Mongolian ...
_JOINING = "\u0600-\u08ff\u0900-\u0dff\u0e80-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc"
_STRAY_JOINER = re.compile(
    rf"(?<![{_JOINING}])\u200c+|\u200c+(?![{_JOINING}])"
    rf"|(?<![{_JOINING}{_EMOJI}\ufe0f])\u200d+|\u200d+(?![{_JOINING}{_EMOJI}])"
    r"|(?<=[\u200c\u200d])[\u200c\u200d]+"
)
_STRAY_SELECTOR = re.compile(
    rf"(?<![{_EMOJI}#*0-9\u1000-\u109f\u1800-\u18af\u3400-\u9fff])[\ufe00-\ufe0f]+"
    r"|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]+"
)
# Tag characters spell the flags of England, Scotland and Wales, and hidden text.
_HIDDEN_TAGS = re.compile(
    "(\U0001f3f4[\U000e0061-\U000e007a]{2,6}\U000e007f)|[\U000e0000-\U000e007f]+"
)

_NOT_PROSE = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]{1,40}\.(?:com|org|net|co|ly|me)/\S+"
    r"|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]+|(?<!\w)@\w+|<[A-Za-z]+(?:_\w+)?>|\[[A-Z]+(?:_\w+)?\]"
    r"|&\w+;|\bRT\b"
)
# In scripts without spaces between words, each character counts as one.
_WORD = re.compile(
    "[\u0e01-\u0e2e\u0e81-\u0eae\u1000-\u102a\u1780-\u17a2\u3041-\u30ff\u3400-\u9fff"
    "\U00020000-\U000323af]|[^\\W\\d_]+(?:'[^\\W\\d_]+)*"
)
_LONG_LETTER = re.compile(r"([^\W\d_])\1{2,}")

#: Marks of a text that somebody has taken apart into tokens: "it 's late , do n't".
_PARTED_CLITIC = re.compile(r"(?<=[A-Za-z]) (n)?(?: ?(['’]) ?)(?=(?:[tsmd]|re|ve|ll)\b)")
_PARTED_STOP = re.compile(r"(?<=[\w)\]\"'’%]) (?=[.,](?:\s|\Z))")
_PARTED_MARK = re.compile(r"(?<=[\w)\]\"'’%]) (?=[!?;:](?:\s|\Z))|(?<=[(\[]) | (?=[)\]])")

_SITES = "facebook|twitter|x|instagram|whatsapp|linkedin|reddit|pinterest|youtube|telegram|email"
_BOILERPLATE = re.compile(
    rf"""(?:(?:
      (?:read|see|view|show|load|learn)\ (?:more|less|all)(?:\ about\ this)?
    | read\ the\ (?:full|whole|rest\ of\ the)\ (?:article|story|post)
    | continue\ reading | (?:click|tap)\ here(?:\ to\ (?:read\ more|subscribe|share))?
    | share(?:\ this(?:\ (?:article|post|story|page|with\ friends))?)?
    | (?:share|(?:follow|like|find)\ us|print|tweet|copy\ link)(?:\ (?:on|via|by)\ (?:{_SITES}))?
    | {_SITES} | home | menu | search | next | previous | back\ to\ top | about(?:\ us)?
    | contact(?:\ us)? | skip\ to\ (?:main\ )?content | loading(?:\ more)?
    | (?:sign|log)\ ?(?:in|up|out)(?:\ for\ our\ newsletter)? | register(?:\ now)?
    | subscribe(?:\ now|\ today|\ to\ our\ newsletter)? | newsletter
    | advertisement | sponsored(?:\ content)? | related(?:\ (?:articles|posts|stories|topics))?
    | comments? | (?:leave|post|add)\ a\ (?:comment|reply) | all\ rights\ reserved
    | (?:copyright|©)[^.|]{{0,60}} | privacy\ (?:policy|settings) | cookies?(?:\ \w{{4,12}})?
    | terms\ (?:of\ (?:use|service)|(?:and|&)\ conditions)
    | (?:accept|reject|decline|allow|manage)(?:\ all)?(?:\ cookies)?
    | (?:we|this\ (?:web)?site|our\ (?:web)?site)\ uses?\ cookies[^.]*
    | by\ (?:continuing|using)[^.]*cookies[^.]*
    )(?:[\s.,;:!|/·•…»›>→-]+|\Z))+""",
    re.I | re.X,
)
#: "Home | News | Sport | Tides": four or more items of one to three words.
_MENU = re.compile(r"(?:[\w'’&]+ ){0,2}[\w'’&]+(?: [|·•»›→] (?:[\w'’&]+ ){0,2}[\w'’&]+){3,}")


def clean(rows: pa.Table, config: CleanConfig) -> StageOutput:
    """Repair every text and drop what cannot be used; row-wise.

    Repairs mojibake, HTML (tags, entities, script and style with their content), invisible,
    control and bidi characters (joiners stay in emoji and where a script spells with them), and
    spells in NFC. Joins the words of a text that was taken apart into tokens ("it 's late ,"), as
    some published sets are: a model learns those spaces. Every run of white space, line breaks
    included, becomes one space: rows are sentences and short posts, and prompts, CSV exports and
    span offsets are safer on one line.

    Dropped with disposition ``filtered``: ``too_long``, ``boilerplate`` (the whole text is "Read
    more", a cookie notice ...), ``no_text`` (no letters beside links and handles), ``too_short``
    (words with letters beside links and handles) and ``other_language``. The last only if the
    languages outside ``config.languages`` together reach ``config.language_confidence``, one of
    them reaches LEAST_PROBABILITY and, where English is wanted, few words are English.
    kept gains ``language`` (the likeliest of the wanted ones) and ``language_score``.
    facts: ``changed``, the number of kept texts that differ from their source.
    Raises ConfigError for a language code that the identifier does not know.
    """
    identifier = _identifier()
    for code in config.languages:
        if code not in identifier.labels:
            raise ConfigError(
                f"clean.languages names '{code}', which is no ISO 639-1 code that can be "
                "identified; use two letters, such as en."
            )
    keep, texts, languages, scores, out, changed = [], [], [], [], [], 0
    ids, raw_texts = rows["id"].to_pylist(), rows["text"].to_pylist()
    for row, (id_, raw) in enumerate(zip(ids, raw_texts, strict=True)):
        text, problem = _repaired_within(raw or "", config.max_chars)
        problem = problem or _unusable(text, config)
        if problem is None:
            language, score, other = _language(text, config)
            problem = ("other_language", other) if other else None
            if problem is None:
                keep.append(row)
                texts.append(text)
                languages.append(language)
                scores.append(score)
                changed += text != raw
        if problem is not None:
            out.append(drop(id_, "filtered", *problem))
        advance(1)
    kept = rows.take(pa.array(keep, pa.int64()))
    kept = kept.set_column(
        kept.schema.get_field_index("text"), "text", pa.array(texts, pa.string())
    )
    kept = kept.append_column("language", pa.array(languages, pa.string()))
    kept = kept.append_column("language_score", pa.array(scores, pa.float64()))
    return StageOutput(
        kept=kept.select(schema_after("clean").names).cast(schema_after("clean")),
        dropped=dropped_table(out),
        facts={"changed": changed},
    )


def _repaired_within(raw: str, max_chars: int) -> tuple[str, tuple[str, str] | None]:
    text = " ".join(raw.split())
    if len(text) > max(RAW_TIMES * max_chars, RAW_CHARS):
        return "", ("too_long", f"{len(text):,} characters before its repair")
    text = _repaired(text)
    if len(text) > max_chars:
        return "", ("too_long", f"{len(text):,} characters, more than {max_chars:,}")
    return text, None


def _repaired(text: str) -> str:
    for _ in range(ROUNDS):
        before, text = text, _repaired_once(text)
        if text == before:
            break
    return text


def _repaired_once(text: str) -> str:
    if not _SAFE_ASCII.fullmatch(text):
        import ftfy

        text = _ENTITY.sub(lambda found: html.unescape(found[0]), _AMP_RUN.sub("&", text))
        text = _COMMENT.sub(" ", _SCRIPT.sub(" ", text))
        text = _CUT_TAG.sub(" ", _TAG.sub(_in_place_of_tag, text))
        text = ftfy.fix_text(text, unescape_html=False)
        text = _HIDDEN_TAGS.sub(r"\1", _INVISIBLE.sub("", text))
        text = _STRAY_SELECTOR.sub("", _STRAY_JOINER.sub("", text))
        text = unicodedata.normalize("NFC", text)
    return _rejoined(" ".join(text.split()))


def _rejoined(text: str) -> str:
    """``text`` with its tokens joined where somebody has taken it apart; else as it is."""
    joined = _PARTED_STOP.sub("", _PARTED_CLITIC.sub(r"\1\2", text))
    return text if joined == text else _PARTED_MARK.sub("", joined)


def _in_place_of_tag(tag: re.Match[str]) -> str:
    name = tag["plain"] or tag["full"] or ""
    return "" if name.lower() in _INLINE else " "


def _prose(text: str) -> str:
    """The text without links, addresses, handles and placeholders."""
    return _NOT_PROSE.sub(" ", text)


def _unusable(text: str, config: CleanConfig) -> tuple[str, str] | None:
    if len(text) < 500 and (_BOILERPLATE.fullmatch(text) or _MENU.fullmatch(text)):
        return "boilerplate", "the whole text is a remnant of a page's menus"
    words = len(_WORD.findall(_prose(text)))
    if not words:
        return "no_text", "no words beside links, handles, digits, signs or emoji"
    if words < config.min_words:
        return "too_short", f"{words} words, fewer than {config.min_words}"
    return None


def _language(text: str, config: CleanConfig) -> tuple[str, float, str | None]:
    """The likeliest wanted language, its probability, and what is believed instead, if anything."""
    prose = _LONG_LETTER.sub(r"\1", _prose(text[:IDENTIFY_CHARS]).replace("’", "'"))
    words = _WORD.findall(prose)
    ranked = _identifier().rank(" ".join(words))
    probabilities = dict(ranked)
    wanted = max(config.languages, key=lambda code: probabilities[code])
    score = round(probabilities[wanted], 4)
    top, top_probability = ranked[0]
    believed = (
        top not in config.languages
        and top_probability >= LEAST_PROBABILITY
        and 1 - sum(probabilities[c] for c in set(config.languages)) >= config.language_confidence
    )
    if believed and "en" in config.languages:
        # Capitalised words do not count, for names look foreign; and the surer the identifier,
        # the more English words it takes to say otherwise.
        telling = [word for word in words if word.islower()] or words
        english = sum(word.lower() in ENGLISH for word in telling)
        believed = english / len(telling) < top_probability / 2
    return wanted, score, f"reads as '{top}' ({top_probability:.2f})" if believed else None


@lru_cache(maxsize=1)
def _identifier() -> "LanguageIdentifier":
    """The identifier over the languages with an ISO 639-1 code."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([label for label in identifier.labels if len(label) == 2])
    return identifier
