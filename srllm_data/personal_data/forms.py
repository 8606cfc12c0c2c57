"""The forms of addresses, numbers and handles: srllm's own patterns, beside Presidio's.

A pattern's group ``value`` is the finding, or all that it matches. What it matches must pass the
type's check in :mod:`srllm_data.personal_data.checks`, as what Presidio finds must.
"""

import re

from srllm_data.personal_data.streets import ADDRESS

_LABEL = r"[^\W_](?:[\w-]{0,61}\w)?"
#: Ways to write a full stop and an "at" so that programs do not see them.
_SPOKEN_DOT = (
    r"(?:\s?[(\[{<]\s?(?:dot|\.)\s?[)\]}>]\s?|\sdot\s|\s?[-_*|\"“'](?:dot|\.)[-_*|\"”']\s?)"
)
_DOT = rf"(?:{_SPOKEN_DOT}|\s?\.\s?)"
_AT = r"\s?(?:[\[({<]\s?(?:at|@|a)\s?[\])}>]|[-_*|\"“'](?:at|@)[-_*|\"”']|＠)\s?"
_MAIL_WORD = r"[A-Za-z0-9][\w+-]{0,40}"
_MAIL_NAME = (
    rf"{_MAIL_WORD}(?:(?:\.|{_SPOKEN_DOT}|\s(?:underscore|dash|hyphen|plus|minus)\s){_MAIL_WORD})"
    r"{0,3}"
)
_TOP = (
    r"(?:com|org|net|edu|gov|info|io|co|me|uk|us|ca|au|ie|nz|in|de|fr|eu|example|test|invalid|local"
    r"|biz|xyz|tv|app|dev|social|org|ac|club|online|site|blog|scot|wales|es|it|nl|se|no|dk|fi|pl|ch"
    r"|be|br|mx|jp|za|ng|ke|pk)\b"
)
#: Words that stand before "at example dot com" when a site is meant, not a mailbox.
_NOT_A_MAILBOX = (
    r"(?!(?:look(?:ing|ed)?|available|found|check|meet|online|here|there|live|shop|us|me|him|her"
    r"|them|it|one|site|page|bought|sold|work(?:s|ing|ed)?|read|order|read|more|is|are|was|not)\s)"
)

#: A mailbox as programs write it, or spelt out.
_EMAIL = (
    (
        rf"(?<![\w.+-])-{{0,3}}\w[\w.!#$%&'*+/=?^`{{|}}~-]{{0,63}}@(?:{_LABEL}\.){{1,8}}"
        rf"[A-Za-z][\w-]{{0,61}}\w",
        0.95,
    ),
    (
        rf"(?i)(?<![\w.+@-]){_MAIL_NAME}{_AT}(?:[a-z0-9-]{{1,40}}{_DOT}){{1,3}}[a-z]{{2,12}}\b",
        0.8,
    ),
    (
        rf"(?i)(?<![\w.+@-]){_NOT_A_MAILBOX}{_MAIL_NAME}"
        rf"\sat(?:\ssign)?\s(?:[a-z0-9-]{{1,40}}{_SPOKEN_DOT}){{1,3}}{_TOP}",
        0.8,
    ),
    (
        rf"(?i)(?<![\w.+@-])[\w.+-]{{1,64}}(?:\s@\s|@\s|@)(?:[a-z0-9-]{{1,40}}{_DOT}){{1,3}}"
        rf"{_TOP}",
        0.8,
    ),
    (
        rf"(?i)(?<![\w.+@-]){_NOT_A_MAILBOX}{_MAIL_NAME}\s?(?:@|\sat)\s?(?:gmail|googlemail|hotmail"
        r"|yahoo|outlook|protonmail|proton|icloud|aol|gmx)\b",
        0.6,
    ),
    (
        rf"(?i)\b(?:e-?mail|mail|write|contact|reach|message)\b[^.@]{{0,20}}?\s"
        rf"(?P<value>{_MAIL_NAME}\sat\s(?:[a-z0-9-]{{1,40}}\.){{1,3}}{_TOP})",
        0.6,
    ),
    # A plain full stop: a mailbox only if its name is no plain word.
    (
        rf"(?i)(?<![\w.+@-])(?=[\w.+-]*[\d._+])[\w.+-]{{2,64}}\sat\s(?:[a-z0-9-]{{1,40}}\.){{1,3}}{_TOP}",
        0.6,
    ),
    (r"(?<![\w.+@-])[a-z0-9][\w.+-]{1,40}\sAT\s(?:[a-z0-9-]{1,40}\.){1,3}[a-z]{2,12}\b", 0.7),
    (r"(?<![\w.+@-])[\w.+-]{2,40}@[\w-]{2,40},(?:com|org|net|co[.,]uk|edu|gov)\b", 0.7),
    (r"(?<![\w.+@-])[a-z0-9._+-]{2,40}AT[a-z0-9-]{2,40}(?:DOT[a-z]{2,12}){1,3}(?!\w)", 0.7),
)

#: What stands behind "@" in programs, or for everybody.
_NOT_A_HANDLE = (
    r"(?!(?:everyone|here|channel|all|mods?|moderators?|admins?|support|staff|team|friends"
    r"|followers|anyone|users?|mention|home|work|school|property|dataclass|override"
    r"|test|param|returns?|throws|deprecated|author|see|font-face|media|import|keyframes|supports"
    r"|charset|page|staticmethod|classmethod|abstractmethod|functools|pytest|app|autowired"
    r"|component|service|bean|entity|id|input|output|injectable|nullable|nonnull|latest|next|beta"
    r"|types|babel|angular|vue|media|rest|(?:rest)?controller|repository|\w+mapping|request\w+"
    r"|path\w+"
    r"|springboot\w*|transactional|not(?:null|blank|empty)|(?:before|after)(?:each|all|class)?"
    r"|suppress\w+"
    r"|functional\w+|getter|setter|builder|tostring|main(?:actor|thread)|binding|published|objc"
    r"|escaping"
    r"|viewchild|ngmodule|directive|hostlistener|configuration|value|qualifier|valid|column|table"
    r"|ignore"
    r"|json\w+|api\w+|inject|provides|module|tailwind|apply|layer|include|extend|mixin|foreach"
    r"|endif|csrf)\b|\d+(?:am|pm|x|k|%)?\b|\w+\(|\w+/(?!@|(?:insta|twitter|tiktok"
    r"|facebook|reddit|x\b|bluesky|threads|flickr|getty|youtube))|\w+-\w)"
)
_USERNAME = (
    (
        rf"(?i)(?<![\w@/.])\.?(?P<value>@{_NOT_A_HANDLE}\w{{1,40}}"
        rf"(?:@[\w-]+(?:\.[\w-]+)+|(?:\.[a-z0-9_]+)+)?)",
        0.9,
    ),
    # Glued to the word or the handle before it.
    (r"(?<=\w)@(?=\w*[_\d])[A-Za-z_]\w{2,40}\b(?![.-]\w)", 0.7),
    (r"(?<=\w/)@[A-Za-z_]\w{2,40}\b", 0.7),
    (r"(?<![\w/.])/?u/[A-Za-z0-9_-]{3,20}\b", 0.8),
    (r"(?<!\w)[a-zA-Z]\w{1,31}#\d{4}\b", 0.6),
    (
        r"(?i)\b(?:insta(?:gram)?|ig|snap(?:chat)?|twitter|tiktok|discord|telegram|kik|xbox|psn"
        r"|gamertag|username|handle|user)(?:\sis|:|\s?=|\sname is)\s?"
        r"(?P<value>(?=[\w.]*[\d_])[a-z][\w.]{2,30}\w)",
        0.6,
    ),
    (
        r"(?i)\b(?:insta|ig|snap|psn|kik|discord|telegram|tiktok|xbox|gamertag)\s"
        r"(?P<value>(?=\w*_\w|[a-z]+\d{2,}\b)[a-z]\w{3,30})\b",
        0.6,
    ),
    (
        r"(?i)\b(?:twitter|x|instagram|facebook|tiktok|github|t|reddit|linkedin)\.(?:com|me)/"
        r"(?:@|in/|user/|u/)?(?P<value>(?!(?:p|r|reel|watch|groups|pages|events|share|search"
        r"|hashtag"
        r"|explore|i|intent|home|login|status|photo|topics|about|help)\b)\w[\w.-]{2,30}\w)",
        0.6,
    ),
)

#: Telephone numbers that phonenumbers refuses: local ones, and ranges kept for fiction; apart from
#: other numbers and from IBANs.
_ALONE = r"(?<![\w.$£€₹-])(?<!\d )(?<![A-Z]{4} )"
_END = r"(?![\w-])(?! \d)"
_EXTENSION = r"(?:,?\s?(?:[Ee]xt(?:ension)?\.?|x)\s?\d{1,5}\b)?"
_DIGIT_WORD = (
    r"(?:(?:(?:double|triple|treble)\s)?"
    r"(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine))"
)
_PHONE = (
    (
        r"(?<![\w.-])(?:\+?1[-–. ]{1,3})?(?:\(\d{3}\)[-– ]{0,3}|\d{3}[-–./· ]{1,3})\d{3}"
        r"[-–.· ]{0,3}\d{4}(?![\w-])"
        rf"{_EXTENSION}",
        0.6,
    ),
    (rf"(?<![\w.$£€-])555[-. ]\d{{4}}(?![\w-]){_EXTENSION}", 0.6),
    (
        r"(?i)\b(?:phone|telephone|tel|cell|mobile|call|ring|dial|text|number|fax)\b[^.!?\d]{0,40}?"
        r"(?<![\w.$£€-])(?P<value>[2-9]\d{2}-\d{4})(?![\w-])",
        0.6,
    ),
    (
        r"(?i)\b(?:phone|telephone|tel|cell|mobile|call|ring|dial|text|whatsapp|number|fax)\b"
        r"[^.!?\d]{0,40}?(?<![\w.$£€-])(?P<value>1?[2-9]\d{2}[2-9]\d{6})(?![\w-])",
        0.6,
    ),
    (rf"(?i)\b(?:{_DIGIT_WORD}[\s,-]+){{6,13}}{_DIGIT_WORD}\b", 0.6),
    (rf"{_ALONE}\(?0\d{{2,4}}\)?[ -]\d{{3,4}}[ -]?\d{{3,4}}{_END}{_EXTENSION}", 0.6),
    (rf"{_ALONE}\(?0[1-9]\d{{2,4}}\)?(?:\s?[-/–.]\s?|\s)\d{{5,6}}{_END}", 0.6),
    (rf"{_ALONE}\(?07\d{{3}}\)?[ ._-]?\d{{3}}[ ._-]?\d{{3}}{_END}", 0.6),
    (
        rf"{_ALONE}(?!\d{{3}}([- ])\d\d\1\d{{4}}\b)0[1-9]\d{{0,3}}[-/ ]\d{{2,4}}"
        rf"(?:[ .-]\d{{2,4}}){{1,3}}{_END}",
        0.6,
    ),
    (rf"{_ALONE}(?!\d{{3}}([- ])\d\d\1\d{{4}}\b)0[1-9]\d{{8,9}}{_END}", 0.6),
    (rf"{_ALONE}[0O]7[\dO]{{3}} ?[\dO]{{3}} ?[\dO]{{3}}{_END}", 0.6),
    (
        r"(?<![\w+-])(?<!\d )(?<!\d{4} )(?:\+|00)[1-9]\d{0,2}(?:[-. /]{0,2}\(?\d{1,5}\)?){2,6}"
        r"(?![\w-])",
        0.6,
    ),
)

_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IP_DOT = r"(?:\s?[\[({]\s?(?:\.|dot)\s?[\])}]\s?|\sdot\s|\s\.\s)"

#: Own patterns by type, each with its score.
OWN: dict[str, tuple[tuple[str, float], ...]] = {
    "EMAIL_ADDRESS": _EMAIL,
    "USERNAME": _USERNAME,
    "STREET_ADDRESS": ADDRESS,
    "PHONE_NUMBER": _PHONE,
    "CREDIT_CARD": (
        (
            r"(?i)(?:(?<![\w.-])|(?<=visa)|(?<=amex)|(?<=card)|(?<=mc)"
            r"|(?<=is))[2-6](?:[ ._–—/|-]{0,3}\d){12,18}(?![\w-])(?!\.\d)",
            0.8,
        ),
    ),
    "IBAN_CODE": ((r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ .-]?[A-Za-z0-9]){11,30}", 0.9),),
    "IP_ADDRESS": (
        (
            rf"(?:(?<![\w.])|(?<=\bis)|(?<=\bip)|(?<=\bat)){_OCTET}(?:(?:{_IP_DOT}"
            rf"|\.){_OCTET}){{3}}(?![\d_])(?!\.\d)",
            0.6,
        ),
    ),
    "US_SSN": (
        (
            r"(?<![\w-])(?!000|666|9)\d{3}([-–—‑ ._/])(?!00)\d\d\1(?!0000)\d{4}(?![\w-])(?!\1\d)",
            0.5,
        ),
        (
            r"(?i)\b(?:ssn|ss ?#|social(?: security)?(?: (?:number|no\.?))?)\W{1,3}(?:is\s|was\s)?"
            r"(?P<value>(?!000|666|9)\d{9})\b",
            0.6,
        ),
    ),
}

#: A text without a match cannot hold the type, so its patterns need not run.
HINTS = {
    "EMAIL_ADDRESS": re.compile(r"[@＠]|\b[Aa][Tt]\b|AT|[\[({<]\s?[Aa]|[-_*|][Aa][Tt][-_*|]"),
    "USERNAME": re.compile(
        r"@|\bu/|#\d|insta|snap|kik|tiktok|discord|telegram|xbox|psn|user|handle|gamertag"
        r"|\big\b|\.com/|\.me/",
        re.IGNORECASE,
    ),
    # The characters that phonenumbers takes between digits.
    "PHONE_NUMBER": re.compile(
        r"\d(?:[-x‐-―−ー-／ \xa0\xad\u200b\u2060\u3000()（）［］.\[\]/~⁓∼～_O]{0,4}\d){6}"
        r"|(?<!\d)[0O]7[\dO]{2}|(?:\b(?:double|oh|zero|one|two|three|four|five|six|seven|eight"
        r"|nine)\b[\s,-]*){7}"
    ),
    "CREDIT_CARD": re.compile(r"(?:\d[ ._–—/|-]{0,3}){12}"),
    "IBAN_CODE": re.compile(r"[A-Za-z]{2}\d\d[ .-]?[A-Za-z0-9]"),
    "IP_ADDRESS": re.compile(r"\d\.\d|::|:[0-9A-Fa-f]{1,4}:|\d\s?[\[({]|\d\sdot"),
    "US_SSN": re.compile(r"\d{3}[-–—‑ ._/]?\d\d[-–—‑ ._/]?\d{4}"),
    "STREET_ADDRESS": re.compile(r"(?<![\w&#])\d"),
}

#: Likewise for patterns of a type that are rarer than its hint: what a match of them holds.
RARER = (
    (
        re.compile(r"\b[Aa][Tt]\b|AT|＠|[\[({<]\s?[@Aa]|[-_*|][Aa@][Tt]?[-_*|]"),
        _EMAIL[1:3] + _EMAIL[4:8] + _EMAIL[9:],
    ),
    (
        re.compile(r"\s@|@\s|@[\w-]+\s?[(\[{<]|@[\w-]+\sdot\b|@[\w-]+\s\.|@[\w-]+[-_]dot"),
        _EMAIL[3:4],
    ),
    (re.compile(r"/@"), _USERNAME[2:3]),
    (re.compile(r"u/|#\d"), _USERNAME[3:5]),
    (
        re.compile(
            r"\b(?:insta|ig\b|snap|twitter|tiktok|discord|telegram|kik\b|xbox|psn|gamertag|user"
            r"|handle)",
            re.IGNORECASE,
        ),
        _USERNAME[5:7],
    ),
    (re.compile(r"\.(?:com|me)/"), _USERNAME[7:]),
)
