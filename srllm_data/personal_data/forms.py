"""The forms of addresses, numbers and handles: srllm's own patterns, beside Presidio's.

A pattern's group ``value`` is the finding, or all that it matches. What it matches must pass the
type's check in :mod:`srllm_data.personal_data.checks`, as what Presidio finds must.
"""

import re

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

_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq"
    r"|Terrace|Ter|Way|Crescent|Cres|Close|Highway|Hwy|Parkway|Pkwy|Row|Mews|Gardens|Gdns|Grove"
    r"|Walk|Circle|Cir|Hill|Heights|View|Yard|Vale|Passage|Pike|Turnpike|Bend|Cove|Ridge|Hollow|Wynd"
    r"|Brae|Chowk|Colony|Enclave|Layout|Bazaar|Bagh|Sector|Trail|Alley|Quay|Parade|Plaza|Villas|Cottages|Esplanade|Wharf|Rise|Loop"
    r"|Park|Croft|Meadows?|Crossing|Estate|Gate|Fold|Garth|Chase|Mount|Path|Green|Bank|Marg|Nagar|Straße|Strasse|straat|weg)"
)
_LOWER_STREET = (
    r"(?:street|st|avenue|ave|boulevard|blvd|road|rd|lane|ln|drive|dr|court|ct|circle|cir|terrace"
    r"|crescent|cres|close|gardens|gdns|grove|parkway|pkwy|highway|hwy|mews)"
)
#: Streets of other languages are named the other way round.
_FOREIGN_STREET = (
    r"(?:rue|avenue|boulevard|chemin|place|impasse|quai|via|viale|piazza|corso|calle|avenida"
    r"|carrera|paseo|plaza|rua|travessa|ulica|ul\.)"
)
_LINK = (
    r"(?:de la|de los|de las|des?|del|du|della|dei|degli|delle|da|dos?|das|la|le|les|los|las|el)"
)
_UNIT_WORD = r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Room|Rm|Floor|Fl|Shop|Block|Door|Plot|House)"
_UNIT = rf"(?:(?:{_UNIT_WORD}\.?|No\.|#)\s?(?:No\.?\s)?#?\d{{0,5}}[A-Za-z]?\b|\d\w\w Floor)"
_ZIP = r"(?:[A-Z]{2},?\s\d{5}(?:-\d{4})?|\d{5,6})\b"
#: Of the United Kingdom, of Canada behind its province, of Ireland.
_POSTCODE = (
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}|[A-Z]{2}\s[A-Z]\d[A-Z]\s?\d[A-Z]\d"
    r"|[A-Z]\d\d\s[A-Z\d]{4})\b"
)
_CODE = rf"(?:{_ZIP}|{_POSTCODE}|[A-Z]{{2,3}}\s\d{{4}}\b)"
_NAME = r"[A-Z][\w.'’-]*"
#: A town with a post code, or behind a comma at the end of its phrase.
_TOWN = (
    rf"(?:(?:,?\s{_NAME}(?:\s{_NAME}){{0,2}}){{0,3}}?,?\s{_CODE}"
    r"|(?:,\s[A-Z][\w’'-]+(?:\s(?:on|upon|under|le|by|of|the)\s[A-Z][\w’'-]+|\s[A-Z][\w’'-]+){0,2})"
    r"{1,3}(?=[.,;:!?)\"”'’]|$|\s[a-z(—–-]))?"
)
#: "12 Main Street shops": a number of things on a street, not an address.
_NOT_COUNTED = (
    r"(?!\s(?!(?:is|was|has|as|this|its|his|yes|across|always|plus|does|reckons|says|smells|stinks|needs|looks"
    r"|gets|keeps|wants|goes|belongs|costs|floods|burns|owns|sits|stands|thinks|knows|lives|likes|comes|makes"
    r"|takes|leaks|opens|closes|remains|becomes|seems|feels|sounds|hosts|faces|holds|offers|uses|gives|shows"
    r"|tells|asks|leads|less|perhaps|sometimes|unless|besides|towards|thus|runs|serves|houses|sells)\b)"
    r"[a-z]{3,}s\b)"
)
_NUMBER = (
    r"(?:\b(?:(?:House|Plot|Door|Shop|Flat)\s)?(?:No|Nr|H\.\s?No)\.?\s)?"
    r"(?<![\w$£€₹.,#-])\d{1,5}[A-Za-z]?(?:[-–/]\d{1,4}[A-Za-z]?){0,3}(?:\s?½|\s1/2)?"
)
_COMPASS = r"(?:[NSEW]{1,2}\.?\s|(?:North|South|East|West)\s)?"
_MEASURES = (
    r"(?:ways?|lanes?|miles?|minutes?|mins?|hours?|days?|yards?|feet|foot|dollars?|percent|years?"
    r"|degrees?|km|metres?|meters?|people|of|in|on|at|the|a|an|to|and|or|from|more|other|different)"
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
    r"(?!(?:everyone|here|channel|all|mods?|moderators?|admins?|support|staff|team|friends|followers|anyone|users?|mention|home|work|school|property|dataclass|override"
    r"|test|param|returns?|throws|deprecated|author|see|font-face|media|import|keyframes|supports"
    r"|charset|page|staticmethod|classmethod|abstractmethod|functools|pytest|app|autowired"
    r"|component|service|bean|entity|id|input|output|injectable|nullable|nonnull|latest|next|beta"
    r"|types|babel|angular|vue|media|rest|(?:rest)?controller|repository|\w+mapping|request\w+|path\w+"
    r"|springboot\w*|transactional|not(?:null|blank|empty)|(?:before|after)(?:each|all|class)?|suppress\w+"
    r"|functional\w+|getter|setter|builder|tostring|main(?:actor|thread)|binding|published|objc|escaping"
    r"|viewchild|ngmodule|directive|hostlistener|configuration|value|qualifier|valid|column|table|ignore"
    r"|json\w+|api\w+|inject|provides|module|tailwind|apply|layer|include|extend|mixin|foreach|endif|csrf)\b|\d+(?:am|pm|x|k|%)?\b|\w+\(|\w+/(?!@|(?:insta|twitter|tiktok"
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
        r"(?:@|in/|user/|u/)?(?P<value>(?!(?:p|r|reel|watch|groups|pages|events|share|search|hashtag"
        r"|explore|i|intent|home|login|status|photo|topics|about|help)\b)\w[\w.-]{2,30}\w)",
        0.6,
    ),
)

_ADDRESS = (
    # Two seats of government stand for governments.
    (
        rf"(?:{_UNIT},?\s(?:{_NAME}(?:\s{_NAME}){{0,2}},\s)?)?(?!10 Downing|1600 Pennsylvania)"
        rf"{_NUMBER},?\s{_COMPASS}(?:(?:{_NAME}|\d{{1,3}}(?:st|nd|rd|th))\s){{1,4}}?{_STREET}\b"
        rf"(?:\.(?=,)|\s(?:{_STREET}|[NSEW]{{1,2}})\b)*{_NOT_COUNTED}(?:,?\s{_UNIT})?{_TOWN}",
        0.7,
    ),
    (
        rf"(?:{_NUMBER}|\b[NSEW]\d{{3,5}}),?\s(?:[NSEW]\.?\s)?(?:State\s|County\s|US\s|Farm\s|Rural\s)?"
        rf"(?:Route|Rte|Road|Rd|Highway|Hwy|FM|CR|US|SR)[\s-]\d{{1,5}}\b"
        rf"(?:\s(?:North|South|East|West|[NSEW])\b)?(?:,?\s(?:Lot|Unit|Apt|Box|#)\s?\d{{1,4}})?{_TOWN}",
        0.6,
    ),
    (
        rf"{_NUMBER},?\s{_COMPASS}(?:(?:Avenue|Boulevard|Road|Street|Square)\sof\s(?:the\s)?{_NAME}"
        rf"|Broadway\b)(?:,?\s{_UNIT})?{_TOWN}",
        0.7,
    ),
    # Streets of one word, and "The Green".
    (
        rf"(?:{_UNIT},?\s)?{_NUMBER},?\s(?:The\s)?(?!Norway|Galway|Conway|Subway|Railway|Runaway|Hathaway"
        rf"|Watergate|Colgate|Safeway|Gateway|Always|Segway|Hallway|Headway|Milky\sWay)[A-Z][a-z]+(?:way|gate|croft)\b"
        rf"{_NOT_COUNTED}(?:,?\s{_UNIT})?{_TOWN}",
        0.6,
    ),
    (
        rf"(?:{_UNIT},?\s)?{_NUMBER},?\sThe\s(?:{_STREET}|Paddocks?|Willows|Orchards?|Limes|Elms|Oaks|Beeches"
        r"|Firs|Glebe|Maltings|Spinney|Circus|Strand|Mall|Headrow|Shambles|Cloisters|Quadrant|Promenade"
        rf"|Causeway|Hollies|Laurels|Pines|Dell|Poplars|Cedars|Chestnuts|Coppice)\b{_NOT_COUNTED}{_TOWN}",
        0.6,
    ),
    (
        r"(?i:(?<![\w$£€₹.,#-])\d{1,4}[a-z]?,?\s(?:heol|ffordd|clos|lôn|stryd|rhodfa|llys|maes|bóthar|sráid)\s"
        r"(?:(?:y|yr|yn|ar|an|na|nan)\s)?[^\W\d_]{3,}(?:,\s[a-z]+)?)",
        0.6,
    ),
    (
        r"(?i)(?<![\w$£€₹.,#-])(?:flat|apt|apartment|unit|room)\s?[\da-z]{1,4},\s\d{1,4}[a-z]?\s"
        r"(?!(?:am|pm|mins?|minutes|people|bed|beds|bedroom|of|and|or|a|per|quid|pounds)\b)[a-z'’]{4,}"
        rf"(?:\s{_LOWER_STREET}\b)?",
        0.5,
    ),
    (
        rf"\b[A-Z]?-?\d{{1,4}}[A-Z]?(?:/\d+)?,\s(?:Sector|Block|Phase|Pocket)[\s-][\dA-Z]{{1,3}}\b"
        rf"(?:,\s{_NAME}(?:\s{_NAME})?)*(?:[\s-]+\d{{3}}\s?\d{{3}}\b)?",
        0.6,
    ),
    # A house name: the post code tells that it is an address.
    (
        rf"(?:{_UNIT},?\s)?{_NUMBER},?\s(?:{_NAME}\s?){{1,4}}(?:,\s(?:{_NAME}\s?){{1,4}}){{0,3}}"
        rf",?\s?(?:{_POSTCODE}|[A-Z]{{2}}\s\d{{5}})\b",
        0.7,
    ),
    (
        rf"(?<!\w){_NAME}(?:\s{_NAME}){{0,3}}(?:,\s(?:{_NAME}\s?){{1,4}}){{1,3}},?\s?{_POSTCODE}",
        0.7,
    ),
    (
        rf"(?i)(?<![\w$£€₹.,#-])(?!10 Downing|1600 Pennsylvania)\d{{2,5}}[a-z]?\s"
        rf"(?:[nsew]{{1,2}}\.?\s)?"
        rf"(?!{_MEASURES}\s)(?:[a-z'’]+|\d{{1,3}}(?:st|nd|rd|th))(?:\s(?!{_MEASURES}\s)[a-z'’]+)?\s{_LOWER_STREET}\b"
        rf"(?!\s(?:trip|marathon|smart|wise|name|racing|race|works?|food|art)\b){_NOT_COUNTED}"
        r"(?:,?\s(?:apt|unit|flat|suite|#)\s?\w{1,5}\b)?(?:,\s[a-z]+(?:\s[a-z]+)?,?\s[a-z]{2}\s\d{5}\b)?",
        0.5,
    ),
    (
        rf"(?i)(?<![\w$£€₹.,#-])(?!10 Downing)\d{{1,2}}[a-z]?\s"
        rf"(?!{_MEASURES}\s)[a-z'’]+\s(?:(?!{_MEASURES}\s)[a-z'’]+\s)?(?:rd|road|st|ave|ln|lane"
        rf"|cres|crescent|close|gdns|gardens|street|avenue|terrace|grove)\b"
        rf"(?!\s(?:trip|marathon|smart|wise|name|racing|race|works?|food|art)\b){_NOT_COUNTED}"
        r"(?!\s\w+\s(?:race|trip))(?:,?\s(?:apt|unit|flat|suite|#)\s?\w{1,5}\b)?",
        0.5,
    ),
    (
        rf"(?i:(?<![\w$£€₹.,#-])\d{{1,4}}(?:\s?bis)?,?\s{_FOREIGN_STREET}\s(?:{_LINK}\s|[dl]['’])?)"
        rf"{_NAME}(?:\s(?:{_LINK}\s)?{_NAME}){{0,3}}(?:,\s\d{{4,5}}\s{_NAME})?",
        0.7,
    ),
    (
        rf"\b(?i:{_FOREIGN_STREET}|Jalan|Jl\.)\s(?:{_LINK}\s|[dl]['’])?{_NAME}"
        rf"(?:\s(?:{_LINK}\s)?{_NAME}){{0,2}},?\s(?:n[º°.]\s?)?\d{{1,4}}[a-z]?\b(?:,\s(?:\d{{4,5}}\s)?{_NAME})?",
        0.6,
    ),
    (
        r"(?<!\w)(?:[A-Z][\w-]*\s){0,2}[A-Z][\w-]*(?:straße|strasse|str\.|gasse|allee|straat|laan|gracht"
        r"|gatan|vägen|veien|gade|vej|katu|utca|(?:\s(?:Straße|utca|út|Str\.)))\s\d{1,4}[a-z]?\b"
        rf"(?:,\s(?:\d{{4,5}}\s)?{_NAME})?",
        0.7,
    ),
    (rf"\b(?i:(?:G\.?)?P\.?\s?O\.?\s?Box|Private Bag|Postfach|Postbus|Apartado)\s#?\d{{1,6}}\b{_TOWN}", 0.7),
    (rf"\b(?:RR|Rural Route|R\.R\.|HC)\s#?\d{{1,3}},?\sBox\s\d{{1,5}}[A-Za-z]?\b{_TOWN}", 0.7),
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
    "STREET_ADDRESS": _ADDRESS,
    "PHONE_NUMBER": _PHONE,
    "CREDIT_CARD": ((r"(?i)(?:(?<![\w.-])|(?<=visa)|(?<=amex)|(?<=card)|(?<=mc)|(?<=is))[2-6](?:[ ._–—/|-]{0,3}\d){12,18}(?![\w-])(?!\.\d)", 0.8),),
    "IBAN_CODE": ((r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ .-]?[A-Za-z0-9]){11,30}", 0.9),),
    "IP_ADDRESS": ((rf"(?:(?<![\w.])|(?<=\bis)|(?<=\bip)|(?<=\bat)){_OCTET}(?:(?:{_IP_DOT}|\.){_OCTET}){{3}}(?![\d_])(?!\.\d)", 0.6),),
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
        r"|(?<!\d)[0O]7[\dO]{2}|(?:\b(?:double|oh|zero|one|two|three|four|five|six|seven|eight|nine)\b[\s,-]*){7}"
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
            r"\b(?:insta|ig\b|snap|twitter|tiktok|discord|telegram|kik\b|xbox|psn|gamertag|user|handle)",
            re.IGNORECASE,
        ),
        _USERNAME[5:7],
    ),
    (re.compile(r"\.(?:com|me)/"), _USERNAME[7:]),
)
