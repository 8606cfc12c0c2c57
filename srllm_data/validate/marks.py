"""Marks of answers that are no rewrite: talk about it, refusals, advice, blanks, markup."""

import re

_KIND = r"(?:version|rewrite|text|sentence|post|output|revision|suggestion)"
_FOR_US = (
    r"(?:assist|help|rewrite|rephrase|comply|fulfil\w*|provide|generate|create|produce|engage|"
    r"continue|do that)"
)
_CARE = (
    r"(?:respect\w*|kind|kindness|inclusive\w*|polite\w*|others|stereotyp\w+|language|dignity|"
    r"mindful|generali\w+|judg\w+)"
)

#: Patterns by signal.
_MARKS = {
    "preamble": (
        r"\A\W*(?:sure|certainly|of course|okay|absolutely)\s*[,!:.]",
        rf"\bhere(?:'s| is| are)\b[^.]{{0,60}}\b{_KIND}\b",
        rf"\A\W*(?:rewrit\w+|rephras\w+|revis\w+|neutral|unbiased|debiased|output|answer)"
        rf"(?: {_KIND})?\s*:",
        r"\bI (?:would |'d )?(?:suggest|propose|recommend) (?:the following|rephras\w+|rewrit\w+)",
        r"\b(?:can|could|should) be (?:rewritten|rephrased|reworded) as\b",
    ),
    "advice": (
        r"\b(?:you|we|one|people|everyone) (?:should|must|need to|ought to) (?:all |always )?"
        r"(?:be|treat|try to be|respect|avoid|refrain|remember|use|strive)\b[^.]{0,60}"
        rf"\b{_CARE}\b",
        r"\bit(?:'s| is) (?:always )?(?:important|essential|crucial|best|vital) (?:to|that we) "
        r"(?:remember|respect|treat|avoid|note|be|recogni[sz]e|acknowledge|consider|use|approach)",
        r"\b(?:everyone|everybody|all people) deserves?\b[^.]{0,40}\b(?:respect|dignity|kindness)",
        r"\b(?:let's|let us|please) (?:all )?(?:be (?:respectful|kind|mindful)|treat|refrain)\b",
    ),
    "refusal": (
        rf"\bI(?:'m| am) (?:sorry|afraid|(?:un|not )able|not comfortable)\b"
        rf"[^.]{{0,60}}\b{_FOR_US}\b",
        rf"\bI (?:can'?t|cannot|can not|won'?t|will not|must decline to) {_FOR_US}\b",
        r"\bas an? (?:AI|artificial intelligence|(?:large )?language model|assistant)\b",
        r"\bagainst my (?:guidelines|programming|policy)\b",
    ),
    "blanks": (
        r"[\[({<]\s*(?:redacted|removed|deleted|censored|omitted|expletive|slur|insult|profanity|"
        r"blank|mask|name|group|n/a|toremove|bleep\w*|neutral term|\.\.\.|…)[^\])}>]{0,20}[\])}>]",
        r"\bTOREMOVE\b|\bREDACTED\b|\bN/A\b|\bX{3,}\b|\*{2,}|_{3,}|#{3,}|[█▇■]+",
    ),
    "markup": (
        r"```|\A\s*[{\[]\s*[\"'{\[]|\A\s*\"?\w+\"?\s*:\s*\"",
        r"\A(?:[-*•]|\d+\.|#{1,6}) |</?(?:[a-z]+|[A-Z]+)>|&(?:amp|lt|gt|quot|nbsp);",
        r"\[/?INST\]|<\|[^|]*\|>|\\n|\\u[0-9a-f]{4}|\[\[|\]\]",
    ),
    "prompt_echo": (
        r"\b(?:rewrite|rephrase|debias|neutrali[sz]e|edit) (?:the|this|following|your) "
        rf"(?:following |given |biased )?(?:{_KIND}|passage|input|message)\b",
        rf"\b(?:biased|neutral|unbiased|debiased|rewritten|rephrased) {_KIND}\b",
        rf"\b(?:original|input|source|biased) {_KIND}\s*:|\bJSON object\b|\A\W*Note\s*:",
        r"\b(?:this|the) (?:rewrite|rewritten|revised|rephrased)\b[^.]{0,20}"
        r"\b(?:removes|avoids|keeps|preserves)\b",
    ),
}
_PATTERNS = {name: re.compile("|".join(p), re.IGNORECASE) for name, p in _MARKS.items()}


def marks(text: str, rewrite: str) -> dict[str, float]:
    """How many marks of each kind ``rewrite`` holds beyond those of ``text``."""
    return {
        name: max(0, _count(pattern, rewrite) - _count(pattern, text))
        for name, pattern in _PATTERNS.items()
    }


def _count(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in pattern.finditer(text.replace("’", "'")))
