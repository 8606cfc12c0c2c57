"""The forms of street addresses in several countries."""

_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq"
    r"|Terrace|Ter|Way|Crescent|Cres|Close|Highway|Hwy|Parkway|Pkwy|Row|Mews|Gardens|Gdns|Grove"
    r"|Walk|Circle|Cir|Hill|Heights|View|Yard|Vale|Passage|Pike|Turnpike|Bend|Cove|Ridge|Hollow"
    r"|Wynd"
    r"|Brae|Chowk|Colony|Enclave|Layout|Bazaar|Bagh|Sector|Trail|Alley|Quay|Parade|Plaza|Villas"
    r"|Cottages|Esplanade|Wharf|Rise|Loop"
    r"|Park|Croft|Meadows?|Crossing|Estate|Gate|Fold|Garth|Chase|Mount|Path|Green|Bank|Marg|Nagar"
    r"|Straße|Strasse|straat|weg)"
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
    r"(?!\s(?!(?:is|was|has|as|this|its|his|yes|across|always|plus|does|reckons|says|smells"
    r"|stinks|needs|looks"
    r"|gets|keeps|wants|goes|belongs|costs|floods|burns|owns|sits|stands|thinks|knows|lives|likes"
    r"|comes|makes"
    r"|takes|leaks|opens|closes|remains|becomes|seems|feels|sounds|hosts|faces|holds|offers|uses"
    r"|gives|shows"
    r"|tells|asks|leads|less|perhaps|sometimes|unless|besides|towards|thus|runs|serves|houses"
    r"|sells)\b)"
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

ADDRESS = (
    # Two seats of government stand for governments.
    (
        rf"(?:{_UNIT},?\s(?:{_NAME}(?:\s{_NAME}){{0,2}},\s)?)?(?!10 Downing|1600 Pennsylvania)"
        rf"{_NUMBER},?\s{_COMPASS}(?:(?:{_NAME}|\d{{1,3}}(?:st|nd|rd|th))\s){{1,4}}?{_STREET}\b"
        rf"(?:\.(?=,)|\s(?:{_STREET}|[NSEW]{{1,2}})\b)*{_NOT_COUNTED}(?:,?\s{_UNIT})?{_TOWN}",
        0.7,
    ),
    (
        rf"(?:{_NUMBER}|\b[NSEW]\d{{3,5}}),?\s(?:[NSEW]\.?\s)?(?:State\s|County\s|US\s|Farm\s"
        rf"|Rural\s)?"
        rf"(?:Route|Rte|Road|Rd|Highway|Hwy|FM|CR|US|SR)[\s-]\d{{1,5}}\b"
        rf"(?:\s(?:North|South|East|West|[NSEW])\b)?(?:,?\s(?:Lot|Unit|Apt|Box"
        rf"|#)\s?\d{{1,4}})?{_TOWN}",
        0.6,
    ),
    (
        rf"{_NUMBER},?\s{_COMPASS}(?:(?:Avenue|Boulevard|Road|Street|Square)\sof\s(?:the\s)?{_NAME}"
        rf"|Broadway\b)(?:,?\s{_UNIT})?{_TOWN}",
        0.7,
    ),
    # Streets of one word, and "The Green".
    (
        rf"(?:{_UNIT},?\s)?{_NUMBER},?\s(?:The\s)?(?!Norway|Galway|Conway|Subway|Railway|Runaway"
        rf"|Hathaway"
        rf"|Watergate|Colgate|Safeway|Gateway|Always|Segway|Hallway|Headway"
        rf"|Milky\sWay)[A-Z][a-z]+(?:way|gate|croft)\b"
        rf"{_NOT_COUNTED}(?:,?\s{_UNIT})?{_TOWN}",
        0.6,
    ),
    (
        rf"(?:{_UNIT},?\s)?{_NUMBER},?\sThe\s(?:{_STREET}|Paddocks?|Willows|Orchards?|Limes|Elms"
        rf"|Oaks|Beeches"
        r"|Firs|Glebe|Maltings|Spinney|Circus|Strand|Mall|Headrow|Shambles|Cloisters|Quadrant"
        r"|Promenade"
        rf"|Causeway|Hollies|Laurels|Pines|Dell|Poplars|Cedars|Chestnuts"
        rf"|Coppice)\b{_NOT_COUNTED}{_TOWN}",
        0.6,
    ),
    (
        r"(?i:(?<![\w$£€₹.,#-])\d{1,4}[a-z]?,?\s(?:heol|ffordd|clos|lôn|stryd|rhodfa|llys|maes"
        r"|bóthar|sráid)\s"
        r"(?:(?:y|yr|yn|ar|an|na|nan)\s)?[^\W\d_]{3,}(?:,\s[a-z]+)?)",
        0.6,
    ),
    (
        r"(?i)(?<![\w$£€₹.,#-])(?:flat|apt|apartment|unit|room)\s?[\da-z]{1,4},\s\d{1,4}[a-z]?\s"
        r"(?!(?:am|pm|mins?|minutes|people|bed|beds|bedroom|of|and|or|a|per|quid"
        r"|pounds)\b)[a-z'’]{4,}"
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
        rf"(?!{_MEASURES}\s)(?:[a-z'’]+|\d{{1,3}}(?:st|nd|rd"
        rf"|th))(?:\s(?!{_MEASURES}\s)[a-z'’]+)?\s{_LOWER_STREET}\b"
        rf"(?!\s(?:trip|marathon|smart|wise|name|racing|race|works?|food|art)\b){_NOT_COUNTED}"
        r"(?:,?\s(?:apt|unit|flat|suite"
        r"|#)\s?\w{1,5}\b)?(?:,\s[a-z]+(?:\s[a-z]+)?,?\s[a-z]{2}\s\d{5}\b)?",
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
        r"(?<!\w)(?:[A-Z][\w-]*\s){0,2}[A-Z][\w-]*(?:straße|strasse|str\.|gasse|allee|straat|laan"
        r"|gracht"
        r"|gatan|vägen|veien|gade|vej|katu|utca|(?:\s(?:Straße|utca|út|Str\.)))\s\d{1,4}[a-z]?\b"
        rf"(?:,\s(?:\d{{4,5}}\s)?{_NAME})?",
        0.7,
    ),
    (
        rf"\b(?i:(?:G\.?)?P\.?\s?O\.?\s?Box|Private Bag|Postfach|Postbus"
        rf"|Apartado)\s#?\d{{1,6}}\b{_TOWN}",
        0.7,
    ),
    (rf"\b(?:RR|Rural Route|R\.R\.|HC)\s#?\d{{1,3}},?\sBox\s\d{{1,5}}[A-Za-z]?\b{_TOWN}", 0.7),
)
