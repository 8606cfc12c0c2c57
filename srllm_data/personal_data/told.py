"""Names that are other words or places as well, where the sentence tells that a person is meant."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from srllm_data.personal_data import cues
from srllm_data.personal_data.figures import fold, is_listed, text_of
from srllm_data.personal_data.runs import (
    INITIAL,
    WORD,
    extended,
    is_capitalised,
    is_certain,     is_common,
    is_given,
    offsets,
)
from srllm_data.personal_data.words import (
    CALENDAR,
    frequent_names,
    is_clear_name,
    is_common_word,
    is_ruled_out,
    places,
    possible_names,
    surnames,
    towns,
)

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

ENDS = (".", "!", "?", ":", ";", "“", '"', "\n", "…", "-", "–", "—", "(")
#: What only a person does, right behind the name.
_DOES = re.compile(
    r"(?:['’](?:s|ll|d)|,? (?:who|of all people))? "
    r"(?:(?:never|always|still|just|only|once|really|actually|also|then|already|finally|even|ever|now"
    r"|has|had|have|hasn't|hadn't) )?(?:(?:never|always|just|already|only|not) )?"
    r"(?:says?|said|tells?|told|asks?|asked|hates?|hated|loves?|loved|wants?|wanted|thinks?|thought|knows?|knew"
    r"|reckons?|reckoned|believes|believed|supports|supported|rang|phoned|phones|rings|texts|texted|flew|drives"
    r"|drove|walked|walks|sat|sits|lives|lived|teaches|taught|wears|wore|gets|got|gave|gives|goes|went"
    r"|married|writes|wrote|posted|posts|swears|swore|cries|cried|laughed|laughs|shouted|shouts|cooks|cooked"
    r"|bakes|baked|sings|sang|prays|prayed|votes|voted|joined|quit|studies|studied|speaks|spoke|owes|owns"
    r"|retired|forgot|remembers|remembered|promised|complained|complains|apologised|apologized|explained"
    r"|insists|insisted|replied|whispered|grinned|smiled|nodded|shrugged|sighed|worries|worried|plays guitar"
    r"|works (?:in|at|for|as|nights|on)|worked (?:in|at|for|as|nights|on)|used to|wouldn't|couldn't|didn't"
    r"|doesn't (?:eat|drink|like|want|know|think|believe|speak|drive|work|date|have|need|get)"
    r"|will be there|is (?:coming|pregnant|married|expecting|due|our|my|his|her|in charge|on shift|vegan"
    r"|allergic|retiring|the one who|a lovely|in my)|was (?:sacked|fired|hired|sent|told|born|arrested|bullied"
    r"|on shift|expelled|suspended|adopted|raised)|is (?:his|her|their) (?:first |real |middle )?name"
    r"|been to|can't (?:park|drive|cook|read|hear|see|walk|swim|stand|tell|eat)|thanked|hugged|met|invited"
    r"|borrowed|lent|bought|sold|emailed|called (?:me|him|her|us|them)|calls (?:me|him|her|us|them)"
    r"|(?:from|in) (?:accounts|marketing|hr|HR|IT|sales|finance|payroll|reception|work|school|church"
    r"|college|uni|legal|dispatch|the [A-Za-z]+ (?:office|team|desk|shop|department|ward|club|flat))"
    r"|next door|down the road|across the (?:road|street|hall)|upstairs|moved (?:to|in|out|from|here|back|house)|came (?:out|home|over|round|to|from|back|in)"
    r"|turned (?:up|\d+)|lost (?:his|her)|left (?:me|him|her|us|school|work)|and (?:I|me) )\b"
)
#: Of those, what nobody says of a country, a town or its football club.
_DOES_NO_PLACE = re.compile(
    r"(?: (?:never|always|still|just|only|once|really|also|has|had))* (?:says|said to|told|asked|hates|thinks"
    r"|knew|reckons|rang|phoned|texted|flew|wears|wore|walked|sat|drives|drove|married|wrote|cried|laughed"
    r"|supports|been to|whispered|smiled|nodded|shrugged|hugged|borrowed|cooks|bakes|is (?:coming|pregnant"
    r"|married|my|his|her|our)|(?:from|in) (?:accounts|marketing|hr|HR|IT|sales|finance|payroll|reception"
    r"|work|the [A-Za-z]+ (?:office|team|desk|shop|department)))\b"
)
#: A family: "the Whittakers' dog".
_FAMILY = re.compile(r"\b[Tt]he ([A-Z][a-z]{2,}(?:[a-z]|['’]))s\b(?! [A-Z])")
#: What others may do as well: a pronoun or the same word in lower case must tell the rest.
_IS = re.compile(
    r"(?:['’]s| is| was| isn't| isn’t| wasn't| has| had| will| would| can| can't| could| should| won't"
    r"|,|\?| [a-z]+(?:s|ed)\b| (?:got|gets|put|let|took|made|broke|lost|kept|cut|hit|ran|came|felt|stood|wore"
    r"|taught|grew|drew|left|held|woke|spent)\b)"
)
_PRONOUN = re.compile(
    r"\b(?:he|she|his|him|hers|himself|herself|her)(?:['’](?:s|ll|d))?\b", re.IGNORECASE
)
_ADDRESSED = re.compile(
    r"\b(?:love(?: you)?|miss you|thanks|thank you|cheers|hi|hey|hello|hiya|ok|okay|sorry|bye|morning|night"
    r"|congrats|congratulations|well done|no|yes|come on|please|oh|oi|good (?:luck|night|morning)|welcome"
    r"|love to|regards to|hugs to|on|for|with|by)[ ,]{1,2}$",
    re.IGNORECASE,
)
_EPITHETS = {"young", "old", "wee", "little", "poor", "dear", "big", "our", "says", "ask", "by", "with"}
_NO_INITIALS = frozenset("U.S. U.K. D.C. L.A. U.N. E.U. P.S. A.M. P.M. N.Y. U.A.E. N.I. B.C. A.D.".split())
_AUXILIARIES = frozenset("I Is Was Did Does Do Has Had Will Can Could Would Should Are Were".split())
_OF_A_KIND = {"a", "an", "any", "every", "some", "no", "another", "such", "the", "these", "those"}
_CLOSED = re.compile(r"\s*(?:[,.!?]|$|xx?\b|<3|❤)")
_WHERE = re.compile(
    r"\b(?:in|from|to|of|near|around|across|through|outside|via|at|into|leaving|visit(?:ed|ing)?|over"
    r"|towards?|inside|the|a|an|any|every|some|no|north|south|east|west|new|old|st\.?|saint|and|or|via)\s$",
    re.IGNORECASE,
)


_SYLLABLES = frozenset(
    "ah bin bo bum byung chae chan chang chul da dae do dong eon eun gi ha hae han hee heon ho hoon hwa hwan "
    "hye hyeon hyo hyuk hyun hyung il in jae jeong ji jin jong joo joon ju jun jung kang ki kwang kyu kyung "
    "man mi mee min moon myung na nam nyeo rim ran sang se seo seok seon seong seung shik sik so sol song soo "
    "sook su suk sun sung tae ui un won woo wook woon wu yang ye yeon yeong yong yoo yoon you young yu yuk "
    "li na mei ling wei ming xin yi ting fang hua hui jing lan lei qing xia yan ying yu zhen hao chi kai wing "
    "man ka chun fai keung kin kit lok man pui shan siu sze tsz wai wah yee yin yuen yuk".split()
)


#: Names that are other words where they are in lower case, as net talk has them.
_NEVER_LOWER = frozenset(
    "neva theres ada ade ina nae eba aba vid ita indie dom meta eve stan dev destiny val kat mac gal mimi mama "
    "nana dada papa tata lala lulu pepe yara hana nova zen ari lex kay jay dee bee gee vee".split()
)
_LOWER_TITLED = re.compile(r"\b(?:mr|mrs|ms|miss|dr|prof|sgt|mx)\.? (?P<name>[a-z][a-z'’-]{2,})\b")
_PARTICLED = re.compile(
    r"\b(?:Van|Von|De|Della|Di|Du|Le|La|Dos|Ter|Ten)(?: (?:der|den|de|la|las|los|'t))? ([A-Z][^\W\d_]{2,})\b"
)
_QUESTION = re.compile(r"(?:^|[.!?\n] )(?:Did|Does|Is|Was|Has|Will|Can|Could|Would|Should|Do) $")
_ANSWER = re.compile(
    r" (?:ever|really|actually|still|know|think|have|want|like|say|tell|come|coming|live|wear|eat|speak|need)\b"
)
#: What a person does and hardly a firm: firms and teams have bare names as surnames do.
_SPEAKS = re.compile(
    r"(?:,? (?:told (?:me|us|him|her|them|police|the court|reporters)|said (?:he|she|that|the|it)|asked (?:me|him|her|if|why)"
    r"|says (?:he|she|it|the|his|her)|replied|shouted|whispered|laughed|nodded|shrugged|smiled|sighed|cried|married"
    r"|wept|grinned|thinks|reckons|hates|knew|prays|bakes)\b|, (?:who (?:is|was|has|had) (?:\d\d|born|a|an|the)|\(?\d\d\)?,|a (?:\w+ )?(?:mother|father"
    r"|nurse|teacher|driver|pensioner|student|widow|widower|baker|cleaner|farmer|plumber)))"
)
#: Before a name in lower case; kin: with whose relative it is.
_LOWER_NAMED = re.compile(
    r"(?:\bme (?:n|and|&|\+) |\b(?:bf|gf|bff|hubby|hubs|bestie|ok|okay|lmao|lol|love u|love you|ily|miss u"
    r"|miss you|shoutout to|shout out to|thanku|thx|ty|tysm|soz|sorry|gn|morning|alright|cmon|come on|bless"
    r"|rip|wtf|ffs|pls|please|bro|lad|oi|oh|hbd|congrats|with|wi|from|next to|beside|behind|about|for|to|than|without|saw|ask|asked|tell|told|and|n|met|like"
    r"|between|text|texted|call|called|ring|rang|invite|invited|is|was|by),? "
    r"|(?P<kin>\b(?:my|his|her|our|their|your|ur|me|[a-z]+['’]?s) (?:[a-z]+ )?(?:carer|sister|brother|sis|bro|cousin|mate|friend"
    r"|neighbou?r|boss|manager|teacher|bf|gf|boyfriend|girlfriend|wife|husband|son|daughter|nephew|niece|uncle"
    r"|auntie|aunty|aunt|nan|gran|grandma|grandad|mum|mom|dad|flatmate|roommate|housemate|ex|partner|kid|lad"
    r"|tutor|nurse|midwife|landlord|colleague|coworker|fianc[ée]e?) ))(?P<name>[a-z]{3,}(?:-[a-z]{2,})?)\b(?![-@]\w|['’]t\b)"
)
_LOWER_DOES = re.compile(
    r"(?:,|['’]s| (?:is|was|has|had|says|said|got|gets|told|always|never|still|just|works|thinks|wants|who"
    r"|goes|came|went|reckons|lives|knows|loves|hates|does|did|and|n)\b)"
)
_LOWER_DOING = re.compile(
    r"(?:(?<=^)|(?<=[.!?,] )|(?<=\n)|(?<=\bwhen )|(?<=\bif )|(?<=\bbut )|(?<=\bso )|(?<=\bcos )|(?<=\bthat ))"
    r"(?P<name>[a-z]{4,})(?= (?:from|says?|said|told|asked|reckons|thinks|knows|wants|hates|loves|texted|rang|got|went|came"
    r"|was|is|has|had|won't|can't|isn't|wasn't|didn't|doesn't|n i\b|and i\b|who|works|lives|goes|keeps|just|still|never|always)\b"
    r"|['’]s (?:mum|mom|dad|sister|brother|house|gaf|kid|kids|birthday|party|car|dog|nan|wife|husband|fault|boyfriend|girlfriend)\b)"
)


def told(doc: "Doc", capitals: list["Token"]) -> Iterator[list["Token"]]:
    """Capitalised words that may be a name, where the words around them need a person."""
    text = text_of(doc)
    words = [t for t in doc if t.is_alpha]
    headline = sum(t.text[0].isupper() for t in words) * 2 >= len(words)
    for token in capitals:
        folded = fold(token.text)
        if (
            folded not in possible_names()
            or not is_capitalised(token)
            or not WORD.fullmatch(token.text)
            or is_ruled_out(token.lower_)
            or len(token.text) < 3
        ):
            continue
        start, end = offsets([token])
        if cues.NO_PERSON_AFTER.match(text, end) or cues.SAINT_BEFORE.search(
            text, max(0, start - 12), start
        ):
            continue
        before = doc[token.i - 1] if token.i else None
        if before is not None and before.lower_ in _OF_A_KIND:
            continue
        begins = before is None or before.text in ENDS
        if (
            before is not None
            and before.lower_ in ("and", "&")
            and token.i > 1
            and doc[token.i - 2].text[0].isupper()
            and _is_beside_another(doc[token.i - 2])
        ):
            is_person = True
        elif begins:
            is_person = _begins(token, text, end)
        else:
            is_person = not headline and _inside(token, text, start, end)
        if is_person:
            yield extended(doc, [token])


def _begins(token: "Token", text: str, end: int) -> bool:
    """True for the first word of a sentence that does what a person does."""
    if token.lower_ in CALENDAR and not _PRONOUN.search(text[end : end + 90]):
        return _is_due(text, end)
    folded = fold(token.text)
    # "Brooklyn has never seen it, she's from Hull."
    takes_up = re.search(r", (?:but |and |so |because )?(?:he|she)\b", text[end : end + 90])
    sentence = re.split(r"[.!?](?:\s|$)|\n", text[end : end + 110])[0]
    refers = _PRONOUN.search(sentence) is not None
    if folded in places() or (folded in towns() and not is_given(token) and not is_common(token)):
        sure = _DOES_NO_PLACE.match(text, end) or (refers and _DOES.match(text, end))
        sure = sure or (takes_up and _IS.match(text, end))
        return folded in frequent_names() and bool(sure)
    if _DOES.match(text, end) and (refers or folded in frequent_names()):
        return True
    verb = token.i + 1 < len(token.doc) and token.nbor().tag_ in ("VBZ", "VBD", "MD")
    if not verb and not _IS.match(text, end):
        return _is_beside_another(token)
    echo = re.search(rf"\b{re.escape(token.lower_)}\b", text[end:]) is not None
    return (echo and is_common(token)) or refers


def _is_beside_another(token: "Token") -> bool:
    """True at "Harmony and Serenity were": two possible names, and what more than one person does."""
    after = token.doc[token.i + 1 : token.i + 4]
    if len(after) < 3 or after[0].lower_ not in ("and", "&") or not is_capitalised(after[1]):
        return False
    pair = (fold(token.text), fold(after[1].text))
    return (
        all(n in possible_names() and n not in places() and not is_ruled_out(n) for n in pair)
        and any(n in frequent_names() for n in pair)
        and re.match(
            r" (?:were|both|got|went|met|came|married|told|said|split|broke)\b",
            text_of(token.doc)[offsets([after[1]])[1] :],
        )
        is not None
    )


def _is_due(text: str, end: int) -> bool:
    return re.match(r" (?:is (?:due|pregnant|coming)|says|said|thinks|told|and (?:I|her|his)\b)", text[end:]) is not None


def _inside(token: "Token", text: str, start: int, end: int) -> bool:
    """True for a capital inside a sentence that no place, brand or title has."""
    doc = token.doc
    folded = fold(token.text)
    before = doc[token.i - 1]
    follower = token.nbor() if token.i + 1 < len(doc) else None
    if token.lower_ in CALENDAR or before.text[0].isupper() and before.text not in _AUXILIARIES:
        return False
    if follower is not None and follower.text[0].isupper() and follower.is_alpha:
        return False
    if token.ent_type_ in ("DATE", "TIME", "EVENT", "LANGUAGE", "NORP", "LAW", "WORK_OF_ART"):
        return False
    close = text[max(0, start - 24) : start]
    if folded in places() or folded in towns():
        if _WHERE.search(close):
            return False
        if _QUESTION.search(close) and _ANSWER.match(text, end):
            return is_given(token) or folded in frequent_names()
        addressed = _ADDRESSED.search(close) and _CLOSED.match(text, end)
        return bool(is_given(token) or folded in frequent_names()) and bool(
            addressed or _DOES.match(text, end)
        )
    if _WHERE.search(close) and is_common(token) and not cues.NAMING_AFTER.match(text, end):
        return False
    return folded in frequent_names() and before.text not in ("'", "‘", "“", '"', "/", "#", "@")


def full_names(doc: "Doc", capitals: list["Token"]) -> Iterator[list["Token"]]:
    """A clear given name and a surname behind it, whatever the parser takes them for."""
    text = text_of(doc)
    for token in capitals:
        if not is_capitalised(token) or token.i + 1 >= len(doc) or not is_certain(token):
            continue
        last = token.nbor()
        folded = fold(last.text)
        if (
            not is_capitalised(last)
            or not last.is_alpha
            or folded not in surnames()
            or is_ruled_out(last.lower_)
            or f"{fold(token.text)} {folded}" in towns()
            or (is_common(last) and not _ends_name(text, last))
        ):
            continue
        _, end = offsets([last])
        before = token.nbor(-1) if token.i else None
        if before is not None and (
            (before.text[0].isupper() and before.is_alpha and before.lower_ not in _EPITHETS)
            or before.lower_ in _OF_A_KIND - {"the"}
        ):
            continue
        start, first = offsets([token])
        if cues.SAINT_BEFORE.search(text, max(0, start - 12), start):
            continue
        if cues.NO_PERSON_AFTER.match(text, first) and (
            fold(token.text) in towns() or not _DOES.match(text, end)
            and not cues.DOING_AFTER.match(text, end)
        ):
            continue
        if not cues.NO_PERSON_AFTER.match(text, end):
            yield extended(doc, [token, last])


def lower_case(doc: "Doc") -> Iterator[tuple[int, int]]:
    """Offsets of names in lower case: clear ones where somebody is named, surnames behind a title."""
    text = text_of(doc)
    for match in _LOWER_TITLED.finditer(text):
        name = fold(match["name"])
        known = name in surnames() or name in possible_names()
        if known and not is_common_word(name) and not is_ruled_out(name) and name not in places():
            yield match.span("name")
    for match in _LOWER_NAMED.finditer(text):
        name = fold(match["name"])
        if (
            name in frequent_names()
            and name not in _NEVER_LOWER
            and not is_ruled_out(name)
            and name not in places()
        ):
            if is_clear_name(name) or (match["kin"] and _LOWER_DOES.match(text, match.end())):
                yield match.span("name")
    for match in _LOWER_DOING.finditer(text):
        name = match["name"]
        if is_clear_name(name) and name in frequent_names() and name not in _NEVER_LOWER:
            yield match.span("name")


def families(doc: "Doc") -> Iterator[tuple[int, int]]:
    """Offsets of surnames in the plural: "the Whittakers"."""
    for match in _FAMILY.finditer(text_of(doc)):
        name = fold(match[1])
        if (
            name in surnames()
            and is_clear_name(name)
            and not re.search(r"(?:ian|ite|ese|ist|ander|oner|ois|iner|ish)$", name)
            and not is_common_word(f"{name}s")
            and not is_ruled_out(f"{name}s")
            and f"{name}s" not in towns()
            and not is_listed(match[1])
        ):
            yield match.start(1), match.end()


def surnames_alone(doc: "Doc", capitals: list["Token"]) -> Iterator[list["Token"]]:
    """A surname that is no other word, no town and no given name, and does what people do."""
    text = text_of(doc)
    for token in capitals:
        name = fold(token.text)
        if (
            (name in surnames() or (len(name) > 3 and token.is_title and token.ent_type_ != "ORG"))
            and is_capitalised(token)
            and is_clear_name(name)
            and name not in towns()
            and token.ent_type_ not in ("GPE", "NORP", "LOC")
            and not (token.i and token.nbor(-1).lower_ in _OF_A_KIND)
            and _SPEAKS.match(text, offsets([token])[1])
        ):
            yield extended(doc, [token])


def with_particles(doc: "Doc") -> Iterator[tuple[int, int]]:
    """Offsets of surnames that begin with a capital particle: "Van der Linden said"."""
    text = text_of(doc)
    for match in _PARTICLED.finditer(text):
        known = fold(match[1]) in surnames() and fold(match[0]) not in towns()
        if known and cues.DOING_AFTER.match(text, match.end()):
            yield match.span()


def hyphened(doc: "Doc", capitals: list["Token"]) -> Iterator[list["Token"]]:
    """Given names of two syllables as Korean and Chinese ones are written: "Ji-woo Han"."""
    for token in capitals:
        at = token.i
        if (
            at + 2 < len(doc)
            and doc[at + 1].text == "-"
            and not token.whitespace_
            and not doc[at + 1].whitespace_
            and token.lower_ in _SYLLABLES
            and doc[at + 2].lower_ in _SYLLABLES
        ):
            run = list(doc[at : at + 3])
            if at + 3 < len(doc) and is_capitalised(doc[at + 3]) and fold(doc[at + 3].text) in surnames():
                run.append(doc[at + 3])
            elif at and is_capitalised(doc[at - 1]) and fold(doc[at - 1].text) in surnames():
                run.insert(0, doc[at - 1])
            yield run


def with_initials(doc: "Doc", capitals: list["Token"]) -> Iterator[list["Token"]]:
    """Initials with full stops and a surname: "A.K. Bhattacharya"."""
    for token in capitals:
        if "." not in token.text or not INITIAL.fullmatch(token.text) or token.text in _NO_INITIALS:
            continue
        run = [token]
        while run[-1].i + 1 < len(doc) and INITIAL.fullmatch(run[-1].nbor().text):
            run.append(run[-1].nbor())
        if run[-1].i + 1 == len(doc):
            continue
        last = run[-1].nbor()
        known = is_capitalised(last) and WORD.fullmatch(last.text) and not is_ruled_out(last.lower_)
        if known and not is_common(last) and fold(last.text) not in places():
            yield extended(doc, [*run, last])


def _ends_name(text: str, last: "Token") -> bool:
    """True if no other capital follows and the words behind go on with a person."""
    after = text[offsets([last])[1] :]
    return (
        cues.DOING_AFTER.match(after) is not None
        or _DOES.match(after) is not None
        or re.match(r"(?:[,.!?)]|$| (?:and|the|is|was|has|had|with|from|hasn't|isn't) )", after)
        is not None
    )
