"""What must never be stored stops here: before a row is made, and before a page is kept.

The patterns look for offers, requests and instructions. Reports, court news, research and
protection speak of the same things: where a text has their words, nothing is refused.
"""

import re

#: What is written in the place of a refused passage of a page.
REMOVED = "[srllm: illegal content removed: {}]"
_MARK = re.compile(r"\[srllm: illegal content removed: (\w+)\]")

_MINOR = (
    r"(?:child(?:ren)?|kid(?:die|dy|s)?|pre-?teens?|toddlers?|infants?|minors?|under-?age|jailbait"
    r"|(?:[3-9]|1[0-5])\s?(?:yo|y/o|yrs?|years?)(?:[ -]olds?)?)"
)
_SEXUAL = r"(?:porn(?:o|ography)?|p[0o]rn|nudes?|naked pics?|sex(?:y|ual)? (?:pics?|vids?|videos?))"
_TRADE = (
    r"(?:sell(?:ing)?|buy(?:ing)?|trad(?:e|ing)|swap(?:ping)?|send(?:ing)?|dm|pm|hmu|links?|mega"
    r"|telegram|download|looking for|anyone (?:got|have)|collection)"
)
_BOMB = (
    r"(?:pipe bombs?|nail bombs?|pressure[- ]cooker bombs?|car bombs?|ieds?|ricin|sarin"
    r"|nerve (?:gas|agents?)|molotov cocktails?)"
)
_PATTERNS = {
    "sexual_minors": re.compile(
        rf"\b{_TRADE}\b[^.!?\n]{{0,60}}\b{_MINOR}[ -]{{1,2}}{_SEXUAL}\b"
        rf"|\b{_MINOR}[ -]{{1,2}}{_SEXUAL}\b[^.!?\n]{{0,60}}\b{_TRADE}\b"
        rf"|\b(?:sell|trad|swap|buy)(?:e|ing)?\s(?:my |some |good |hot )?(?:cp|c\.p\.)\b",
        re.IGNORECASE,
    ),
    "attack_instructions": re.compile(
        rf"\b(?:how (?:to|you)|steps? to|guide to|recipe for|instructions (?:for|to))\b"
        rf"[^.!?\n]{{0,40}}\b{_BOMB}\b(?=.{{0,400}}?(?:\bstep \d|\bfuse\b|\bdetonat\w+"
        rf"|\b\d+ ?(?:g|grams?|ml|kg|oz)\b))",
        re.IGNORECASE | re.DOTALL,
    ),
}
_REPORTS = re.compile(
    r"\b(?:police|court|judge|jury|jail(?:ed)?|prison|arrest\w*|charg(?:ed|es)|convict\w*|guilty"
    r"|plead\w*|sentenced?|prosecut\w*|investigat\w*|officers?|detectives?|victims?|survivors?"
    r"|safeguarding|charity|campaign\w*|law(?:s|makers?)?|illegal|ban(?:s|ned)?|crimes?|trial"
    r"|accus\w+|alleg\w+|report(?:ed|s|ers?)?|study|research\w*|experts?|parents|protect\w*)\b",
    re.IGNORECASE,
)


def refused(text: str) -> str | None:
    """The category for which ``text`` must not be stored, if there is one."""
    if mark := _MARK.search(text):
        return mark[1]
    for category, pattern in _PATTERNS.items():
        if pattern.search(text) and not _REPORTS.search(text):
            return category
    return None


def without_refused(page: bytes) -> bytes:
    """``page`` with every passage that must not be stored replaced by a mark.

    A passage is the run between two tags or line breaks.
    """

    def kept(passage: re.Match[bytes]) -> bytes:
        category = refused(passage[0].decode("utf-8", "replace"))
        return REMOVED.format(category).encode() if category else passage[0]

    return re.sub(rb"[^<>\r\n]+", kept, page)
