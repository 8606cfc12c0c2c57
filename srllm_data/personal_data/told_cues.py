"""What stands beside names that are other words as well, or in lower case."""

import re

#: What only a person does, right behind the name.
DOES = re.compile(
    r"(?:['’](?:s|ll|d)|,? (?:who|of all people))? "
    r"(?:(?:never|always|still|just|only|once|really|actually|also|then|already|finally|even|ever"
    r"|now"
    r"|has|had|have|hasn't|hadn't) )?(?:(?:never|always|just|already|only|not) )?"
    r"(?:says?|said|tells?|told|asks?|asked|hates?|hated|loves?|loved|wants?|wanted|thinks?"
    r"|thought|knows?|knew"
    r"|reckons?|reckoned|believes|believed|supports|supported|rang|phoned|phones|rings|texts"
    r"|texted|flew|drives"
    r"|drove|walked|walks|sat|sits|lives|lived|teaches|taught|wears|wore|gets|got|gave|gives|goes"
    r"|went"
    r"|married|writes|wrote|posted|posts|swears|swore|cries|cried|laughed|laughs|shouted|shouts"
    r"|cooks|cooked"
    r"|bakes|baked|sings|sang|prays|prayed|votes|voted|joined|quit|studies|studied|speaks|spoke"
    r"|owes|owns"
    r"|retired|forgot|remembers|remembered|promised|complained|complains|apologised|apologized"
    r"|explained"
    r"|insists|insisted|replied|whispered|grinned|smiled|nodded|shrugged|sighed|worries|worried"
    r"|plays guitar"
    r"|works (?:in|at|for|as|nights|on)|worked (?:in|at|for|as|nights|on)|used to|wouldn't"
    r"|couldn't|didn't"
    r"|doesn't (?:eat|drink|like|want|know|think|believe|speak|drive|work|date|have|need|get)"
    r"|will be there|is (?:coming|pregnant|married|expecting|due|our|my|his|her|in charge"
    r"|on shift|vegan"
    r"|allergic|retiring|the one who|a lovely|in my)|was (?:sacked|fired|hired|sent|told|born"
    r"|arrested|bullied"
    r"|on shift|expelled|suspended|adopted|raised)|is (?:his|her|their) (?:first |real "
    r"|middle )?name"
    r"|been to|can't (?:park|drive|cook|read|hear|see|walk|swim|stand|tell|eat)|thanked|hugged"
    r"|met|invited"
    r"|borrowed|lent|bought|sold|emailed|called (?:me|him|her|us|them)|calls (?:me|him|her|us|them)"
    r"|(?:from|in) (?:accounts|marketing|hr|HR|IT|sales|finance|payroll|reception|work|school"
    r"|church"
    r"|college|uni|legal|dispatch|the [A-Za-z]+ (?:office|team|desk|shop|department|ward|club"
    r"|flat))"
    r"|next door|down the road|across the (?:road|street|hall)|upstairs|moved (?:to|in|out|from"
    r"|here|back|house)|came (?:out|home|over|round|to|from|back|in)"
    r"|turned (?:up|\d+)|lost (?:his|her)|left (?:me|him|her|us|school|work)|and (?:I|me) )\b"
)
#: Of those, what nobody says of a country, a town or its football club.
DOES_NO_PLACE = re.compile(
    r"(?: (?:never|always|still|just|only|once|really|also|has|had))* (?:says|said to|told|asked"
    r"|hates|thinks"
    r"|knew|reckons|rang|phoned|texted|flew|wears|wore|walked|sat|drives|drove|married|wrote"
    r"|cried|laughed"
    r"|supports|been to|whispered|smiled|nodded|shrugged|hugged|borrowed|cooks|bakes|is (?:coming"
    r"|pregnant"
    r"|married|my|his|her|our)|(?:from|in) (?:accounts|marketing|hr|HR|IT|sales|finance|payroll"
    r"|reception"
    r"|work|the [A-Za-z]+ (?:office|team|desk|shop|department)))\b"
)
#: A family: "the Whittakers' dog".
FAMILY = re.compile(r"\b[Tt]he ([A-Z][a-z]{2,}(?:[a-z]|['’]))s\b(?! [A-Z])")
#: What others may do as well: a pronoun or the same word in lower case must tell the rest.
IS = re.compile(
    r"(?:['’]s| is| was| isn't| isn’t| wasn't| has| had| will| would| can| can't| could| should"
    r"| won't"
    r"|,|\?| [a-z]+(?:s|ed)\b| (?:got|gets|put|let|took|made|broke|lost|kept|cut|hit|ran|came"
    r"|felt|stood|wore"
    r"|taught|grew|drew|left|held|woke|spent)\b)"
)
PRONOUN = re.compile(
    r"\b(?:he|she|his|him|hers|himself|herself|her)(?:['’](?:s|ll|d))?\b", re.IGNORECASE
)
ADDRESSED = re.compile(
    r"\b(?:love(?: you)?|miss you|thanks|thank you|cheers|hi|hey|hello|hiya|ok|okay|sorry|bye"
    r"|morning|night"
    r"|congrats|congratulations|well done|no|yes|come on|please|oh|oi|good (?:luck|night|morning)"
    r"|welcome"
    r"|love to|regards to|hugs to|on|for|with|by)[ ,]{1,2}$",
    re.IGNORECASE,
)
EPITHETS = {
    "young",
    "old",
    "wee",
    "little",
    "poor",
    "dear",
    "big",
    "our",
    "says",
    "ask",
    "by",
    "with",
}
NO_INITIALS = frozenset(
    "U.S. U.K. D.C. L.A. U.N. E.U. P.S. A.M. P.M. N.Y. U.A.E. N.I. B.C. A.D.".split()
)
AUXILIARIES = frozenset("I Is Was Did Does Do Has Had Will Can Could Would Should Are Were".split())
OF_A_KIND = {"a", "an", "any", "every", "some", "no", "another", "such", "the", "these", "those"}
#: "Thanks for coming, Nancy."
LAST_WORD = re.compile(r"\b[a-z]+, $")
CLOSED = re.compile(r"\s*(?:[,.!?]|$|xx?\b|<3|❤)")
WHERE = re.compile(
    r"\b(?:in|from|to|of|near|around|across|through|outside|via|at|into|leaving|visit(?:ed|ing)?"
    r"|over"
    r"|towards?|inside|the|a|an|any|every|some|no|north|south|east|west|new|old|st\.?|saint|and"
    r"|or|via)\s$",
    re.IGNORECASE,
)


SYLLABLES = frozenset(
    "ah bin bo bum byung chae chan chang chul da dae do dong eon eun gi ha hae han hee heon ho "
    "hoon hwa hwan "
    "hye hyeon hyo hyuk hyun hyung il in jae jeong ji jin jong joo joon ju jun jung kang ki kwang "
    "kyu kyung "
    "man mi mee min moon myung na nam nyeo rim ran sang se seo seok seon seong seung shik sik so "
    "sol song soo "
    "sook su suk sun sung tae ui un won woo wook woon wu yang ye yeon yeong yong yoo yoon you "
    "young yu yuk "
    "li na mei ling wei ming xin yi ting fang hua hui jing lan lei qing xia yan ying yu zhen hao "
    "chi kai wing "
    "man ka chun fai keung kin kit lok man pui shan siu sze tsz wai wah yee yin yuen yuk".split()
)


#: Names that are other words where they are in lower case, as net talk has them.
NEVER_LOWER = frozenset(
    "neva theres ada ade ina nae eba aba vid ita indie dom meta eve stan dev destiny val kat mac "
    "gal mimi mama "
    "nana dada papa tata lala lulu pepe yara hana nova zen ari lex kay jay dee bee gee vee".split()
)
LOWER_TITLED = re.compile(r"\b(?:mr|mrs|ms|miss|dr|prof|sgt|mx)\.? (?P<name>[a-z][a-z'’-]{2,})\b")
PARTICLED = re.compile(
    r"\b(?:Van|Von|De|Della|Di|Du|Le|La|Dos|Ter|Ten)(?: (?:der|den|de|la|las|los"
    r"|'t))? ([A-Z][^\W\d_]{2,})\b"
)
QUESTION = re.compile(r"(?:^|[.!?\n] )(?:Did|Does|Is|Was|Has|Will|Can|Could|Would|Should|Do) $")
ANSWER = re.compile(
    r" (?:ever|really|actually|still|know|think|have|want|like|say|tell|come|coming|live|wear|eat"
    r"|speak|need)\b"
)
#: What a person does and hardly a firm: firms and teams have bare names as surnames do.
SPEAKS = re.compile(
    r"(?:,? (?:told (?:me|us|him|her|them|police|the court|reporters)|said (?:he|she|that|the|it)"
    r"|asked (?:me|him|her|if|why)"
    r"|says (?:he|she|it|the|his|her)|replied|shouted|whispered|laughed|nodded|shrugged|smiled"
    r"|sighed|cried|married"
    r"|wept|grinned|thinks|reckons|hates|knew|prays|bakes)\b|, (?:who (?:is|was|has|had) (?:\d\d"
    r"|born|a|an|the)|\(?\d\d\)?,|a (?:\w+ )?(?:mother|father"
    r"|nurse|teacher|driver|pensioner|student|widow|widower|baker|cleaner|farmer|plumber)))"
)
#: Before a name in lower case; kin: with whose relative it is.
LOWER_NAMED = re.compile(
    r"(?:\bme (?:n|and|&|\+) |\b(?:bf|gf|bff|hubby|hubs|bestie|ok|okay|lmao|lol|love u|love you"
    r"|ily|miss u"
    r"|miss you|shoutout to|shout out to|thanku|thx|ty|tysm|soz|sorry|gn|morning|alright|cmon"
    r"|come on|bless"
    r"|rip|wtf|ffs|pls|please|bro|lad|oi|oh|hbd|congrats|with|wi|from|next to|beside|behind|about"
    r"|for|to|than|without|saw|ask|asked|tell|told|and|n|met|like"
    r"|between|text|texted|call|called|ring|rang|invite|invited|is|was|by),? "
    r"|(?P<kin>\b(?:my|his|her|our|their|your|ur|me|[a-z]+['’]?s) (?:[a-z]+ )?(?:carer|sister"
    r"|brother|sis|bro|cousin|mate|friend"
    r"|neighbou?r|boss|manager|teacher|bf|gf|boyfriend|girlfriend|wife|husband|son|daughter"
    r"|nephew|niece|uncle"
    r"|auntie|aunty|aunt|nan|gran|grandma|grandad|mum|mom|dad|flatmate|roommate|housemate|ex"
    r"|partner|kid|lad"
    r"|tutor|nurse|midwife|landlord|colleague|coworker"
    r"|fianc[ée]e?) ))(?P<name>[a-z]{3,}(?:-[a-z]{2,})?)\b(?![-@]\w|['’]t\b)"
)
LOWER_DOES = re.compile(
    r"(?:,|['’]s| (?:is|was|has|had|says|said|got|gets|told|always|never|still|just|works|thinks"
    r"|wants|who"
    r"|goes|came|went|reckons|lives|knows|loves|hates|does|did|and|n)\b)"
)
LOWER_DOING = re.compile(
    r"(?:(?<=^)|(?<=[.!?,] )|(?<=\n)|(?<=\bwhen )|(?<=\bif )|(?<=\bbut )|(?<=\bso )|(?<=\bcos )"
    r"|(?<=\bthat ))"
    r"(?P<name>[a-z]{4,})(?= (?:from|says?|said|told|asked|reckons|thinks|knows|wants|hates|loves"
    r"|texted|rang|got|went|came"
    r"|was|is|has|had|won't|can't|isn't|wasn't|didn't|doesn't|n i\b|and i\b|who|works|lives|goes"
    r"|keeps|just|still|never|always)\b"
    r"|['’]s (?:mum|mom|dad|sister|brother|house|gaf|kid|kids|birthday|party|car|dog|nan|wife"
    r"|husband|fault|boyfriend|girlfriend)\b)"
)
