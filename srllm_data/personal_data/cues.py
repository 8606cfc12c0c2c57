"""Words beside a name that say whether it is a person's, where the parser does not know."""

import re

#: Capitalised, before a surname of any kind.
HONORIFICS = frozenset(
    "mr mrs ms miss mx dr prof professor rev reverend fr sgt sergeant constable pc detective nurse "
    "rabbi imam pastor coach auntie aunty aunt uncle capt captain corporal cpl lieutenant lt col "
    "colonel señor señora señorita herr frau monsieur madame mme mlle signor signora dame sir lady "
    "sister brother father mother deacon sheikh officer ustad pandit".split()
)
HONOURED = re.compile(
    r"\b(?:M[rsx]|Mrs|Dr|Miss|Prof|Rev|Sgt)\.? [A-Z]|\b(?:m[rsx]|mrs|dr|prof|sgt)\.? [a-z]{3}"
    r"|\bmiss (?!you|the|that|this|him|her|out|our|your|having|being|those|them|when|how)[a-z]{3}"
)
#: Titles that stand for the office or the family where a common word follows.
LOOSE_HONORIFICS = frozenset(
    "sister brother father mother aunt uncle auntie aunty officer coach captain nurse lady sir "
    "detective imam rabbi pastor constable colonel".split()
)
#: What follows a title and is no surname.
AFTER_HONORIFIC = frozenset(
    "president speaker chairman chairwoman mayor minister justice secretary right big man bean "
    "nature time christmas goose superior earth tongue land teresa sam ben tom jemima america "
    "pepper god act hood".split()
)

_PEOPLE = (
    r"(?:guy|lad|girl|boy|woman|man|bloke|kid|chap|mate|pal|friend|bestie|buddy|colleague|coworker"
    r"|co-worker|neighbou?r|boss|manager|teacher|tutor|student|classmate|roommate|flatmate"
    r"|housemate"
    r"|landlord|landlady|carer|nurse|doctor|gp|midwife|therapist|driver|cleaner|barber|hairdresser"
    r"|waiter|waitress|clerk|receptionist|supervisor|foreman|husband|wife|ex|partner|boyfriend"
    r"|girlfriend|fianc[ée]e?|son|daughter|brother|sister|cousin|nephew|niece|uncle|aunt|auntie"
    r"|aunty|mum|mom|mam|dad|father|mother|gran|nan|nana|grandma|granny|grandad|grandpa|grandson"
    r"|granddaughter|stepson|stepdad|stepmum|godson|twin|baby|toddler|in-law|victim|witness"
    r"|defendant"
    r"|suspect|plaintiff|patient|survivor|caller|reader|resident|teen|teenager|pensioner|widow|kids"
    r"|sons|daughters|sisters|brothers|twins|children|friends|couple|lads|girls|babysitter|mechanic"
    r"|plumber|carpenter|postman|bartender|trainee|apprentice|intern|coach|captain|author|veteran)"
)
#: Right before a name: somebody is named, greeted, thanked or mourned.
NAMING_BEFORE = re.compile(
    r"(?:\b(?:named|called|name is|name's|names are|nicknamed|surnamed|née|nee|alias|aka|rip"
    r"|r\.i\.p\.?|dear|hiya|hey|hi|hello|thanks|thank you|cheers|congrats|congratulations|sorry"
    r"|goodnight|good luck|happy (?:birthday|bday|anniversary)|bday|love from|yours|regards|signed"
    r"|sincerely|nice try|shut up|well done|miss you|poor|ask|asked|told|tell|met|meet"
    r"|married|phoned|rang|texted|visited|hugged|thanked|blamed|deported|fired|hired|bullied|dated"
    r"|remember|sitting with|talking to|spoke to|spoke with|interviewed by|played by|chat with"
    r"|lunch with|pint with|pint wi|written by|photos? by|words by|story by|comment from"
    r"|message from|letter from|it was|and my name|i'm|i am|im|this is)"
    rf"|\b{_PEOPLE}(?:'s name(?: is|'s))?,?)[\s:,\"“'‘]{{1,3}}$",
    re.IGNORECASE,
)
#: Before a name that is a word for a group otherwise: "my nephew Israel".
KIN_BEFORE = re.compile(
    r"\b(?:named|(?:[Mm]y|his|her|our|their|[Mm]e) (?:boss|mate|friend|best friend|neighbou?r"
    r"|manager|dad|mum"
    r"|mom|teacher|colleague|gran|grandad|grandma|ex|boyfriend|girlfriend|partner|flatmate"
    r"|roommate)|(?:my|his|her|their|our) name is|name's|nephew|niece|cousin|uncle|aunt|auntie"
    r"|brother|sister|son|daughter|husband|wife|grandson|granddaughter|stepson|stepdaughter"
    r"|twin)\s$"
)
#: The same for names in lower case, where more than a hint is needed.
LOWER_BEFORE = re.compile(
    r"(?:\b(?:named|called|name is|name's|nicknamed|rip|dear|hiya|hey|hi|thanks|thank you|cheers"
    r"|happy (?:birthday|bday)|bday|pint wi|pint with|out with|sat with|chat with|lunch with"
    r"|uncle|auntie|aunty|aunt|nurse|mr|mrs|ms|miss|dr|rip uncle|my name is|shut up|love from)"
    r"|\b(?:guy|lad|bloke|girl|kid|mate|cousin|sister|brother|son|daughter|nephew|niece|husband"
    r"|wife"
    r"|boyfriend|girlfriend|neighbou?r|boss|friend|flatmate|roommate|teacher|manager|carer|mum|mom"
    r"|dad|gran|nan|ex))[\s:,]{1,2}$",
    re.IGNORECASE,
)
#: Right behind a name: something that only a person has, is or does.
NAMING_AFTER = re.compile(
    rf"['’]s? {_PEOPLE}\b"
    r"|['’]s (?:idea|fault|turn|birthday|funeral|wedding|wheelchair|house|phone|desk|hijab|turban"
    r"|accent|email|post|comment|car|dog|cat|surname)\b"
    r"|,? \(?\d{2}\)?,|,? \(?aged? \d"
    r"|,? (?:said|says|asked|asks|replied|replies|told|tells|shouted|whispered|muttered|laughed"
    r"|smiled|sighed|nodded|shrugged|grinned|cried|wept|knits|swears|sleeps|teaches|texted|phoned"
    r"|tweeted|posted|commented|goes,|thinks|reckons|laughs|looked|looks)\b"
    r"|,? who(?:'s|’s)?\b"
    r"|,? (?:and|&) (?:I|me|his|her|their)\b"
    r"|,? (?:my|your|his|her|our) "
    rf"{_PEOPLE}\b"
)
#: What a person does, behind a name that the parser takes for a place or a thing.
DOING_AFTER = re.compile(
    r" (?:says?|said|is|are|were|both|isn't|was|wasn't|has|had|wants?|wanted|works?|worked|lives?"
    r"|lived|got|came"
    r"|went|runs?|ran|drives?|drove|teaches|taught|told|asked|asks|never|still|who|loves?|hates?"
    r"|thinks?|knows?|knew|sat|stood|wore|wears|died|married|left|moved|opened|sells?|sold|speaks?"
    r"|spoke|cleans?|cooks?|plays?|played|won|lost|grew|studied|studies|retired|stayed|kept|made"
    r"|gave|took|brought|walked|cried|laughed|posted|wrote|writes|called|calls|rang)\b"
)
#: Behind a name that is a place's, a firm's or a thing's.
NO_PERSON_AFTER = re.compile(
    r"(?:['’]s)? (?:Street|St\b|Road|Rd|Avenue|Ave|Lane|Drive|Square|Park|Gardens|Green|Bridge|Hill"
    r"|Bay|Beach|Island|Islands|Lake|River|Valley|Mountain|Mount|Vineyard|Cross|County|City|Town"
    r"|Village"
    r"|University|College|School|Academy|Institute|Hospital|Clinic|Infirmary|Library|Museum|Gallery"
    r"|Theatre|Theater|Church|Cathedral|Chapel|Mosque|Temple|Station|Airport|Stadium|Arena|Hall"
    r"|House|Hotel|Tower|Building|Court|Prison|Foundation|Trust|Fund|Prize|Award|Medal|Cup|Trophy"
    r"|Act|Law|Amendment|Bill|Bank|Group|Inc|Ltd|LLC|Corp|Company|Brothers|Bros|Sons|FC|United"
    r"|Rovers"
    r"|Athletic|Wanderers|Albion|Hotspur|Thistle|Orient|Argyle|Villa|Spurs|AFC|RFC|CC|Tech|State"
    r"|Technique|Method"
    r"|Cathedral|Minster|Abbey|Priory|Castle|Palace|Pier|Zoo|Mall|Centre|Center|Estate|Docks"
    r"|Harbour|Canal|Falls"
    r"|Springs|Creek|Canyon|Coast|District|Borough|Parish|Council|Police|Regiment|Awards|Open"
    r"|Classic|Marathon|Carnival"
    r"|Parade|Pride|Mubarak|Diwali|Guys|Review|Report|Inquiry|Commission|Committee|Association"
    r"|Society|Union|Party"
    r"|League|Airlines|Airways|Motors|Records|Studios|Pictures|Press|Books|Magazine|Journal"
    r"|Chronicle|Echo|Mail|Express"
    r"|Mirror|Observer|Guardian|Telegraph|Partners|Holdings|Industries|Systems|Technologies|Foods"
    r"|Stores|Caf[eé]"
    r"|Restaurant|Inn|Arms|Tavern|Kitchen|Bakery|Pharmacy|Surgery|Estates|Ground|Pub|Club"
    r"|Building|Barracks|Primary"
    r"|High School|Grammar|Infants|Nursery|Junction|Interchange|Parkway|Crescent|Close|Terrace"
    r"|Town Hall|Uni|Way|Times|Herald|Tribune|Post|Gazette|News|Day|Eve|Week|Festival|Show)\b"
    r"|['’]s? (?:law|razor|disease|syndrome|sake|paradox|principle|theorem|palsy|rule|dilemma|wager"
    r"|constant|equation|number|cat)\b"
    r"| of [A-Z]"
    r"|,? (?:is|was|remains) (?:a|an|the|my favourite|one of the) (?:\w+ )?(?:song|novel|book"
    r"|film|movie"
    r"|musical|opera|play|poem|album|sitcom|series|show|brand|town|city|village|county|state"
    r"|country"
    r"|suburb|river|airline|company|firm|ship|storm|hurricane)\b|,? (?:is|was) (?:all )?about\b"
    r"| (?:jeans|fans|voters|supporters|trainers|shoes|boots|engines?|traffic|derby|tapes|memes"
    r"|bros|airport)\b"
    r"|(?: &| and) (?:Sons|Co\b|Spencer|Daughters)"
)
PLACE_AFTER = re.compile(
    r" (?:line|station|office|street|branch|fans|supporters|road|park|bridge|coach station|market"
    r"|Line|Station|Street|Park|Road|Bridge|Tuesday|Market|University|College)\b"
)
#: Behind the first word of what is named for a person: "Ruth Ellis House".
NAMED_FOR = re.compile(
    r" (?:[A-Z][\w'’]+ )?(?:House|Foundation|Trust|Centre|Center|School|College|Hospital"
    r"|Institute|Library|Prize"
    r"|Award|Awards|Memorial|Museum|Theatre|Theater|Hall|Building|Act|Fund|Scholarship|Academy"
    r"|University|Clinic"
    r"|Stadium|Arena|Airport|Bridge|Day|Cup|Trophy|Society|Primary|Inquiry|Review|Report)\b"
)
#: Behind a full name whose surname is a word for a place as well.
PERSON_GOES_ON = re.compile(
    rf"{DOING_AFTER.pattern}| (?:and|&) [A-Z]|,? \(?\d\d\)?,|, who\b"
    r"| (?:has|is|was|do|does|did|could|would|wo|ca)n['’]?t\b| [a-z]+ed\b"
)
SAINT_BEFORE = re.compile(r"(?:\b(?:Saint|Saints|St\.?|Sts\.?|Santa|San|Mount|Mt\.?)|[#@_])\s?$")
#: Before a word that names a place, a thing or a kind of person.
NO_PERSON_BEFORE = re.compile(
    r"(?:\b(?:the|a|an|any|every|another|some|typical|such|these|those|in|near|across|around"
    r"|towards?"
    r"|throughout|outside|inside|visit|visiting|saint|st\.?|mount|lake|fort|port|camp|cape|san"
    r"|santa"
    r"|new|north|south|east|west|team|hurricane|storm|operation|brand|university of|city of|town of"
    r"|republic of|hashtag|#)|[#@_/])\s?$",
    re.IGNORECASE,
)
