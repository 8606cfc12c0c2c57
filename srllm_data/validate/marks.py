"""Marks of answers that are no rewrite: talk about it, refusals, advice, blanks, markup.

Some marks stand out anywhere (``_MARKS``). Others are words that any text may hold and that only
tell something where they are said of the text instead of in it (``_REMARKS``): these count only in
passages that take next to nothing from the source.
"""

import re
from collections.abc import Iterable

_KIND = (
    r"(?:version|rewrit(?:e|ing)|rephrasing|rewording|paraphrase|text|sentence|post|tweet|comment|"
    r"letter|article|review|notice|message|statement|passage|paragraph|caption|headline|output|"
    r"response|revision|suggestion|alternative|option|wording|phrasing|input)"
)
_FOR_US = (
    r"(?:assist|help|rewrite|rephrase|comply|fulfil\w*|provide|generate|create|produce|engage|"
    r"continue|do that)"
)
#: The same where there is no doubt that somebody talks about the text.
_FOR_US_TOO = (
    r"(?:assist|help|rewrite|rephrase|reword|paraphrase|edit|comply|fulfil\w*|provide|generate|"
    r"create|produce|reproduce|repeat|write|engage|continue|do (?:this|so)|respond|process|"
    r"complete|perform|translate|discuss|take (?:part|sides)|participate|offer|condone|"
    r"facilitate|proceed|handle|(?:re)?writing|(?:re)?phrasing|helping|assisting|providing|"
    r"generating|creating|producing|editing|discussing|participating|repeating|processing)"
)
_REMADE = (
    r"(?:rewritten|rephrased|reworded|revised|edited|neutrali[sz]ed|detoxified|debiased|corrected|"
    r"cleaned[- ]up|adjusted|modified|improved|updated|softened|sanitized)"
)
_CALM = (
    r"(?:neutral|unbiased|polite|respectful|inclusive|non-?toxic|safe|objective|balanced|biased)"
)
_BAD = (
    r"(?:offensive|hateful|hate|harmful|hurtful|inappropriate|discriminatory|derogatory|toxic|"
    r"abusive|racist|sexist|ableist|homophobic|transphobic|xenophobic|antisemitic|islamophobic|"
    r"biased|insulting|disrespectful|violent|explicit|sensitive|prejudiced|stereotyp\w+|loaded)"
)
#: What talk about texts calls them, and what it calls their words.
_TEXT = r"(?:text|content|request|input|message|prompt|sentence|comment|post|tweet|statement|query)"
_TALK = r"(?:language|content|speech|slurs?|terms?|words?|material|views?|remarks?|comments?|text)"

#: Patterns by signal.
_MARKS = {
    "preamble": (
        r"\A\W*(?:(?:yes|ok|okay|sure|great)\W+)?(?:sure(?: thing)?|certainly|of course|okay|"
        r"absolutely|understood|no problem)\s*[,!:.]",
        rf"\bhere(?:'s| is| are)\b[^.]{{0,60}}\b{_KIND}\b",
        rf"^[\s*#_(>]*(?:(?:{_REMADE}|{_CALM}|suggested|proposed|final|new|possible|better|my|the|one|"
        rf"assistant|model|ai|output|answer|result|response|rewrite|version|option|suggestion|"
        rf"alternative|draft)\b[ ]?(?:{_KIND})?[ ]?(?:\d|[a-c]\b)?[\s*_)]{{0,3}}?)\s*(?::|[-–—]\s)",
        r"^\W*(?:my|the|a|one|another|first|final|suggested|possible)(?: \w+){0,2} "
        r"(?:suggestion|option|version|answer|rewrite|attempt|alternative|take|edit|draft)\s*:",
        rf"^\W*\w+, {_REMADE}\s*:",
        r"\bI (?:would |'d )?(?:suggest|propose|recommend) (?:the following|rephras\w+|rewrit\w+)",
        rf"\b(?:can|could|should|might|may) be {_REMADE} (?:as|like|to|in)\b",
        r"^\W*(?:explanations?|changes(?: made)?|rationale|reasoning|reasons?|notes?|edits|"
        r"disclaimer|comment|p\.? ?s\.?|nb|what i changed)\W*(?::|\s-\s|(?<=s\.)\s)",
    ),
    "advice": (
        r"\b(?:you|we|one|people|everyone) (?:should|must|need to|ought to) (?:all |always )?"
        r"(?:be|treat|try to be|respect|avoid|refrain|remember|use|strive)\b[^.]{0,60}"
        r"\b(?:respect\w*|kind|kindness|inclusive\w*|polite\w*|others|stereotyp\w+|language|"
        r"dignity|mindful|generali\w+|judg\w+)\b",
        r"\bit(?:'s| is) (?:always )?(?:important|essential|crucial|best|vital) (?:to|that we) "
        r"(?:remember|respect|treat|avoid|note|be|recogni[sz]e|acknowledge|consider|use|approach)",
        r"\b(?:everyone|everybody|all people) deserves?\b[^.]{0,40}\b(?:respect|dignity|kindness)",
        r"\b(?:let's|let us|please) (?:all )?(?:be (?:respectful|kind|mindful)|treat|refrain)\b",
    ),
    "refusal": (
        rf"\bI(?:'m| am) (?:sorry|afraid|(?:un|not )able|not comfortable)\b"
        rf"[^.]{{0,60}}\b{_FOR_US}\b",
        rf"\bI (?:can'?t|cannot|can not|won'?t|will not|must decline to) {_FOR_US}\b",
        r"\bas an? (?:\w+ )?(?:AI|artificial intelligence|(?:large )?language model|assistant)\b",
        r"\b(?:just|only|merely) an? (?:AI|language model|chatbot)\b",
        r"\bmy (?:\w+ )?(?:guidelines|programming|policy|policies|training|capabilities)\b"
        r"[^.]{0,40}"
        r"\b(?:not|n't|prevent\w*|prohibit\w*|forbid\w*|against)|"
        r"\bagainst my (?:\w+ )?(?:guidelines|programming|policy|policies)\b",
    ),
    "blanks": (
        # A kind of word in brackets, then anything in brackets that no text puts in brackets.
        r"[\[({<]\s*(?:redacted|removed|deleted|censored|omitted|expletive|slur|insult|profanity|"
        r"blank|mask|name|group|n/a|toremove|bleep\w*|neutral term|swear\w*|offensive|"
        r"inappropriate|\.\.\.|…)[^\])}>]{0,20}[\])}>]",
        r"[\[(<{][^\])}>\n]{0,30}\b(?:omitted|removed|redacted|deleted|censored|withheld|blanked|"
        r"replaced|unspecified)\s*[\])}>]",
        r"\[(?!sic\b|\W*\]|\d+\]|\[|/?[a-z]\]|/?inst\])[^\[\]\n:\"'{}()]{1,40}\](?![(\]])",
        r"(?<![\\{\w])\{(?!\{)[a-z][\w /-]{0,30}\}|\{\{[^{}\n]{0,40}\}\}|<(?:adj|noun|verb|adv|np|"
        r"term|word|person|group|insert\b[^>]{0,30}|extra_id_\d+|blank|unk|pad|mask)>",
        r"\bTOREMOVE\b|\bREDACTED\b|(?<![\w/])N/A\b|\bX{3,}\b|\*{2,}|_{3,}|#{3,}"
        r"|[█▇▮▓░■⬛⬜◼◾🤬]+",
        # Words with letters masked, strokes and signs in the place of words.
        r"(?<=[a-z])\*+(?=[a-z])|\b[a-z]+[#%$]+[a-z]+\b|\b[a-z]{1,2}@[a-z]{2,6}\b(?![.@\w])|"
        r"\b[a-z]_+[a-z]{1,6}\b|\b(?:f[-']|eff)ing\b|"
        r"\b(?-i:BLANK|CENSORED|EXPLETIVE|SLUR|INSULT|MASK|BLEEP|DELETED)\b|"
        r"\b(?:the|an?|those|these|my|your|our|every|such) (?:[-–—]|\.{3,}|…) (?=[a-z])",
        r"\b[b-hj-z](?:-{2,}|[–—]+)(?=[a-z\s.,!?]|\Z)|(?<![-\w|])(?:-{3,}|[–—]{2,})(?![-|])",
        r"(?=[^\s\w]*[#@$%&])(?<![\w.])[#@$%&*^!?]{3,}(?!\w)|(?<=\s)\?{2,}(?=[\s,.]|\Z)"
        r"|(?<=\s)\.{3,}(?=\s[a-z])|(?<=\s)\.{4,}(?=[\s,])",
        r"\*(?:beep|bleep|censored|expletive|insult|slur|redacted|removed)\*|\bbleep(?:ing|ed)?\b",
    ),
    "markup": (
        r"```|\A\s*[{\[]\s*[\"'{\[]|\A\s*\"?\w+\"?\s*:\s*\"|\"\w+\"\s*:\s*[\"\[{]",
        r"^(?:[-*•·]|\d+[.)]|#{1,6}|>) (?=\S)|</?[a-z][a-z0-9]*(?:\s[^<>]{0,80})?/?>|<!--",
        r"&(?:amp|lt|gt|quot|nbsp|apos|[mn]dash|hellip|[lr][sd]quo|#\d+|#x[0-9a-f]+);",
        r"\[/?INST\]|<\|[^|]*\|>|\\[nrt]|\\u[0-9a-f]{4}|\[\[|\]\]|\[/?[biuq]\]|<<|>>",
        r"(?<![\w*])\*\*(?=[^\s*])[^*\n]*[^\s*]\*\*(?![\w*])|(?<![\w*])\*(?!beep|bleep)[^\s*]"
        r"[^*\n]*(?<=[^\s*])\*(?![\w*])",
        r"(?<![\w_])__?(?=[a-z])[^_\n]*[a-z.!?]__?(?![\w_])|~~[^~\n]+~~|(?<!`)`(?=[^\s`])[^`\n]+`",
        r"^\s*\|.*\||\|\s*:?-{3,}|\]\(https?:|\\(?:text\w*|emph|begin|end|item|[\"'*_{}\[\]#])|"
        r"^[-=*_]{3,}\s*$|^\s*\w+:\s*[>|]-?\s*$|[▁Ġ]|\A---\s|%20|"
        r"\s#{2,6}\s*\Z|\A\w+\s*=\s*[\"']|\bprint\(|^\w+:\s+'|\A\s*\{[^{}]*\}\s*\Z",
    ),
    "prompt_echo": (
        r"\b(?:rewrite|rephrase|debias|neutrali[sz]e|detoxify|paraphrase|edit) "
        r"(?:the|this|these|following|your) "
        rf"(?:following |given |biased |toxic |\w+ )?(?:{_KIND}|below)\b",
        r"\b(?:biased|neutral|unbiased|debiased|rewritten|rephrased) "
        r"(?:version|rewrite|text|sentence|post|output|revision|suggestion)\b",
        rf"\b(?:original|input|source|biased) {_KIND}\s*:|\bJSON object\b|\A\W*Note\s*:",
        r"\b(?:this|the) (?:rewrite|rewritten|revised|rephrased)\b[^.]{0,20}"
        r"\b(?:removes|avoids|keeps|preserves)\b",
        # What stands before the parts of a prompt.
        rf"(?:^|[.!?\"]\s+)\W*(?:(?:original|input|source|biased|toxic|offensive|impolite|before|"
        rf"given|example|sample|user|human|system|prompt|instructions?|task|question|context|"
        rf"text|tweet|comment|sentence|passage|q|step|rules?|requirements|constraints|"
        rf"format|output format)(?: (?:{_KIND}|\d+))?)(?: to be \w+)?\s*(?::|\n)",
        r"^\W*(?:example|step|rule|task) \d+\b|#+\s*(?:instruction|input|response|output)|"
        r"\b(?:output|response) format\s*:|\b(?:user|human)\s*:[\s\S]*\b(?:assistant|ai|bot)\s*:",
    ),
}

#: Patterns by signal that count only in passages of the rewrite's own.
_REMARKS = {
    "preamble": (
        r"\bhope (?:that|this|it) (?:helps|works|is)|\blet me know\b|\bfeel free to\b|"
        r"\b(?:would|do) you (?:like|want) (?:me|another|any|a)\b|\bis there anything else\b|"
        r"\bhappy to (?:help|assist|adjust|revise)\b|\banything else\?|\byou(?:'re| are) welcome\b",
        rf"\b(?:here|below|this|that|it)\b[^.]{{0,40}}\b(?:{_REMADE}|option|alternative|rewrite|"
        rf"version|rewording|rephrasing)\b",
        rf"\A\W*here(?:'s| is| are| it is| you (?:go|are))\b[^.]{{0,30}}\Z|\bas follows\b|"
        rf"\bthe following (?:is|are|would|version|rewrite|way|sentence)\b|"
        rf"\b{_REMADE} {_KIND}\b|\b(?:my|the) (?:rewrite|rewording|version|"
        rf"suggestion) (?:is|would be|reads)\b",
        rf"\b(?:a|an|one|the|more|another) (?:\w+ )?{_CALM} (?:\w+ )?(?:way|{_KIND})\b",
        r"\bI(?:'ve| have|'ll| will)? (?:also |only |just |simply )?(?:kept|changed|removed|"
        r"replaced|reworded|rewrote|rewritten|rephrased?|edited|neutrali[sz]ed|preserved|avoided|"
        r"toned|softened|adjusted|reformulated|omitted|left out|rewrite|try to rephrase|"
        r"substituted|deleted|maintained)\b",
        r"\b(?:was|were|is|are|has been|have been) (?:kept|removed|replaced|reworded|rephrased|"
        r"rewritten|neutrali[sz]ed|preserved|retained|left unchanged|toned down)\b(?! from\b)",
        r"\bthis (?:rewrite|version|wording|phrasing|rephrasing|revision|sentence|alternative)\b|"
        r"\bin (?:a |an )?(?:more )?(?:neutral|respectful|polite|inclusive|objective) "
        r"(?:way|tone|manner|language|terms)\b",
        r"\b(?:first|second|third|last|original) (?:sentence|phrase|text|statement|version) "
        r"(?:is|was|uses|contains|should|needs)\b|\bstep by step\b|\bwithout the "
        r"(?:insults?|slurs?|bias|profanity|stereotypes?|offensive|loaded|swear\w*)\b",
        r"\A\W*(?:I understand|understood|got it|no problem|great question|thanks? (?:you )?for|"
        r"all right|alright|let me (?:think|re\w+|try|help|see|start|explain)|"
        r"let's (?:see|go|try|rewrite|rephrase|break))\b|"
        r"\b(?:it|this|that|you|one|we) (?:would|could|might|can) "
        r"(?:be|become|read|say|write|try|use)\s*\Z",
        rf"\b(?:the|your) {_KIND} (?:you (?:gave|provided|sent|wrote)|above|below|provided)\b",
        r"\A\W*(?:all the best|best regards|kind regards|cheers)\W*\Z",
    ),
    "advice": (
        r"\b(?:we|you|one|everyone|everybody|people|all of us|society) (?:all |really |always )?"
        r"(?:should(?:n't)?|must|need to|ought to|have to|can all)\b",
        r"\bit(?:'s| is|'d be| would be| might be| may be| can be)(?: also| always| more| far)? "
        r"(?:important|essential|crucial|best|better|vital|worth|helpful|necessary|polite|wise|"
        r"useful|constructive|fair|unfair|wrong|easy|kind|advisable|good|not (?:right|fair|okay|"
        r"ok|helpful|appropriate|acceptable)|never okay)(?: \w+)? "
        r"(?:to|that|keeping|noting|remembering|considering|asking|thinking|for)\b",
        r"\A\W*(?:(?:please|just|also|and|so|but|however|instead|next time|when[\w ]+)\W+){0,2}?"
        r"(?:remember|keep in mind|bear in mind|try(?: not)? to|consider|"
        r"please (?:be|remember|avoid|note|try|consider|use|do not|don't|refrain)|avoid|always|"
        r"never|think twice|be (?:kind|mindful|respectful|careful|aware)|focus on|show|use|"
        r"instead of|rather than|why not)\b(?=[^?]*"
        r"\b(?:that|to|not|your?|others?|people|language|term\w*|us|them|before|words?|it|all)\b)",
        r"\b(?:more|most|less|not|un|a better|the best|the key|another) ?"
        r"(?:constructive|helpful|productive|respectful|appropriate|acceptable|approach|"
        r"way (?:to|of|forward))\b",
        r"\b(?:let us|let's) (?:all |not )?(?:be|not|try|remember|forget|focus|show|keep|treat)\b|"
        r"\b(?:you|we) (?:might|may|could) (?:want to|consider)\b|\bnever the answer\b|"
        r"\bshould(?:n't| not| never)? be (?:judged|treated|valued|respected|blamed|made to)\b|"
        r"\b(?:doesn't|does not|don't|do not|won't|never) helps? (?:anyone|anybody|us|matters)\b|"
        r"\bname-calling\b|\binsult(?:ing (?:people|others|each other|anyone)|s are)\b",
        r"\bdeserves?\b|\b(?:has|have) (?:every|the|an equal) right\b|\bkey to\b|"
        r"\bthe (?:term|word|phrase|language|expression) (?:you|that you|is|used)\b|\bworks best\b|"
        r"\bnobody should\b|\bno one should\b|\bregardless of (?:their|gender|race|age|religion)\b|"
        r"\bnothing to do with (?:gender|race|religion|nationality|age|\w+ity)\b",
        # What sermons are about.
        r"\b(?:compassion\w*|empath\w+|kindness|dignity|tolerance|toleran[ct]\w*|stereotyp\w+|"
        r"generali[sz]\w+|prejudice\w*|respect(?:ful(?:ly)?)?|inclusiv\w+|inclusion|diversity|"
        r"mindful|hurtful|harmful|constructive\w*|dialogue|mutual|person-first|contempt|"
        r"discriminat\w+|marginali[sz]ed|judge (?:others|people|someone|a|by)|open-minded\w*|"
        r"understanding of|common ground|unwelcome|equality|equal(?:ly)? (?:treat\w+|rights|"
        r"valued))\b",
    ),
    "refusal": (
        rf"\b(?:I|we)(?:'m|'re| am| are)? (?:\w+ ){{0,2}}?"
        rf"(?:can'?t|cannot|can not|won'?t|will not|unable|not able|"
        rf"decline|refuse|not comfortable|not willing|unwilling|not going to|not allowed|"
        rf"must not|do not wish|do not feel|don't feel)\b[^.]{{0,30}}\b(?:{_FOR_US_TOO}|{_TEXT})\b",
        r"\bI (?:would|'d) (?:rather|prefer) not (?:to )?|\bI'd (?:rather|prefer) not\b|"
        r"\bI (?:refuse|decline|prefer not) to\b|\bI (?:have to|must|'ll have to|will) "
        r"(?:pass|decline|refuse)\b|\b(?:not|n't) something (?:that )?I(?:'m| am| can)\b|"
        r"\bI(?:'m| am) (?:just |only )?an? (?:\w+ )?(?:AI|language model|assistant|chatbot)\b|"
        r"\b(?:appropriate|right|possible|ethical|responsible) for me to\b|\bI don't think I "
        r"(?:should|can)\b|\b(?:outside|beyond) (?:of )?(?:my|what I)\b|\bI(?:'m| am| was|'ve been|"
        r" have been) (?:programmed|designed|trained|built|created|instructed)\b",
        rf"\b(?:{_TEXT}|rewrite|version|response|output|result)\b[^.]{{0,40}}"
        r"\b(?:cannot|can'?t|could ?n[o']t|could not|can not|not be|unable|not available|"
        r"unavailable|has been|was|is|were|been) (?:be )?(?:\w+ )?(?:completed|processed|"
        r"fulfilled|rewritten|rephrased|made|given|provided|produced|generated|flagged|blocked|"
        r"filtered|declined|rejected|refused|denied|available|supported|displayed|possible|"
        r"handled|answered|permitted|allowed|against|in violation)\b",
        r"\bno (?:rewrit\w+|response|answer|version|output|suitable) (?:\w+ )?(?:is|was|has|can|"
        r"could|will|available|possible)\b|\b(?:violat\w+|breach\w*)\b[^.]{0,30}"
        r"\b(?:polic\w+|guidelines|standards|terms)\b|\b(?:content|safety|usage|community|use) "
        r"(?:polic\w+|filters?|guidelines|standards|system|settings)\b|\bterms of service\b",
        r"\b(?:assistant|model|AI|system|chatbot|bot) (?:declin\w+|refus\w+|cannot|can'?t|will not|"
        r"won'?t|is (?:not able|unable|not allowed)|does not|has (?:declined|refused))\b",
        rf"\A\W*(?:sorry|apologies|my apologies|unfortunately|regrettably)\b[^.]{{0,40}}"
        rf"\b(?:can(?:no|')?t|can not|no|not|unable|won'?t|{_TEXT})\b",
        rf"\A\W*(?:(?:I(?:'m| am) )?unable to|cannot|can'?t|could not|not able to) {_FOR_US_TOO}\b|"
        rf"\b{_TEXT} (?:denied|rejected|blocked|refused|declined|not (?:available|allowed))\b",
        rf"\b(?:this|that|it|(?:the|your) {_TEXT})\b[^.]{{0,20}}\b(?:is|contains?|includes?|uses?|"
        rf"promotes?|has|due to)\b[^.]{{0,30}}\b{_BAD} (?:\w+ )?{_TALK}\b|\btry again\b|"
        rf"\b(?:another|a different) {_TEXT}\b",
    ),
    "prompt_echo": (
        r"\A\W*you are (?:a|an|the) (?:\w+[ -]){0,4}(?:editor|assistant|writer|AI|model|expert|"
        r"journalist|linguist|moderator|rewriter|system|bot|translator|copy-?editor|specialist)\b|"
        r"\byour (?:task|job|goal|role) is\b|\bI want you to\b|\bI will give you\b",
        r"\A\W*(?:please |now |then |and |always |only |just |as an? [\w ]+, |step \d+\W+)*"
        r"(?:rewrite|rephrase|reword|paraphrase|replace|remove|delete|return|output|keep|preserve|"
        r"do not|don't|make|turn|convert|change|edit|neutrali[sz]e|detoxify|debias|avoid|use|"
        r"respond|reply|answer|provide|write|translate|give|ensure|find|identify|read|print|"
        r"transform|correct|maintain|retain|complete|fix|say|express|mark|leave)\b[^.!?]*"
        r"\b(?:text|sentences?|tweet|comment|letter|notice|review|post|passage|paragraph|message|"
        r"(?:\w+ )?words|slurs?|insult\w*|language|tone|meaning|facts|version|output|rewrite|"
        r"rewritten|explain|explanations?|format|json|plain|unchanged|as it is|bias\w*|neutral\w*|"
        r"polite\w*|offen[ds]\w*|respectful|stereotypes?|instructions?|below|above|following)\b",
        r"\A\W*(?:preserve|keep|retain|maintain) (?:all |the |any )*(?:names|numbers|dates|names,|"
        rf"facts|content|factual)\b|\b{_TEXT} to (?:be )?(?:rewrit\w+|rephras\w+|edit\w*)\b|"
        r"\A\W*do not (?:explain|add|change|include|comment|alter|invent|remove)\b|"
        rf"\A\W*if the {_TEXT} (?:is|contains|has|does|already)\b|"
        r"\A\W*(?:how|what) (?:can|could|would|is|should)\b[^?]{0,60}\b(?:without bias|said|"
        r"rewritten|rephrased|neutral\w*|politely)\b",
    ),
}


def _compiled(patterns: dict[str, tuple[str, ...]]) -> dict[str, re.Pattern[str]]:
    flags = re.IGNORECASE | re.MULTILINE
    return {name: re.compile("|".join(p), flags) for name, p in patterns.items()}


_PATTERNS, _IN_REMARKS = _compiled(_MARKS), _compiled(_REMARKS)
#: Emphasis, which is markup and no blank.
_EMPHASIS = re.compile(
    r"(?<![\w*])(\*\*?)(?=[^\s*])([^*\n]*[^\s*])\1(?![\w*])|^[-=*_]{3,}\s*$", re.MULTILINE
)
_BLEEPS = re.compile(r"\W*(?:beep|bleep\w*|censored|expletive|insult|slur|redacted|removed)\W*")
_QUOTED = re.compile(r"[“\"][^”\"\n]*[”\"]")
_ENDS = re.compile(r"(?<=[.!?])[\"'”’)\]*]*\s+|\n+|:\s+|\s[-–—]\s|[()]|;\s|#\w+\s+")
_WORD = re.compile(r"[^\W\d_]+")
_STEM = 5
#: Shorter words say little about where a passage comes from.
_LETTERS = 4
_COMMON = frozenset(
    "about after again also because been before being could does from have here into just like "
    "make many more most much only other over should some such than that their them then there "
    "these they this those very were what when where which while will with without would your "
    "people text".split()
)
#: A passage with a larger share of known words is part of the rewrite.
_KNOWN = 0.4
#: The author speaks of herself, which is no advice.
_OWN_VOICE = re.compile(
    r"(?<![\"“'])\b(?:I|I'm|me|my|mine)\b(?! (?:suggest|encourage|recommend|urge))", re.IGNORECASE
)
#: A second version of the source: how much longer with both, and how much of it is known.
_TWICE = 1.5
_AGAIN = 0.5


def marks(text: str, rewrite: str) -> dict[str, float]:
    """How many marks of each kind ``rewrite`` holds beyond those of ``text``."""
    text, rewrite = text.replace("’", "'"), rewrite.replace("’", "'")
    found = {
        name: max(0, found - _count(name, text)) if (found := _count(name, rewrite)) else 0
        for name in _PATTERNS
    }
    stems = _stems(text)
    for passage in _remarks(rewrite, text, stems):
        for name, pattern in _IN_REMARKS.items():
            if name != "advice" or not _OWN_VOICE.search(passage):
                found[name] += any(_is_new(m[0], stems) for m in pattern.finditer(passage))
    found["prompt_echo"] += _holds_source(text, rewrite, stems)
    return {name: float(count) for name, count in found.items()}


def _count(name: str, text: str) -> int:
    if name == "blanks":
        text = _EMPHASIS.sub(lambda m: m[0] if _BLEEPS.fullmatch(m[0]) else m[2] or "", text)
        if "[" in text:
            # Quotations show in brackets what they leave out or explain.
            text = _QUOTED.sub(lambda m: m[0].replace("[", "").replace("]", ""), text)
    return sum(1 for _ in _PATTERNS[name].finditer(text))


def _stems(text: str) -> set[str]:
    return {w[:_STEM] for w in _WORD.findall(text.lower())}


def _is_new(words: str, stems: set[str]) -> bool:
    """Whether the last of ``words`` that say something is unknown to the source."""
    told = [w for w in _WORD.findall(words.lower()) if len(w) >= _LETTERS]
    return not told or any(w[:_STEM] not in stems for w in told)


def _remarks(rewrite: str, text: str, stems: set[str]) -> Iterable[str]:
    """Passages of ``rewrite`` that take next to nothing from ``text``, which has ``stems``."""
    lower = text.lower()
    for passage in _ENDS.split(rewrite):
        words = [w for w in _WORD.findall(passage.lower()) if len(w) >= _LETTERS]
        told = [w for w in words if w not in _COMMON] or words
        known = sum(w[:_STEM] in stems for w in told)
        if known <= _KNOWN * len(told) if told else passage.lower() not in lower:
            yield passage


def _holds_source(text: str, rewrite: str, stems: set[str]) -> bool:
    """Whether ``rewrite`` repeats ``text`` and says it once more."""
    if len(rewrite) < _TWICE * len(text):
        return False
    before, after = " ".join(_WORD.findall(text.lower())), _WORD.findall(rewrite.lower())
    rest = " ".join(after).replace(before, "", 1).split()
    if not before or len(rest) == len(after) or not rest:
        return False
    return sum(w[:_STEM] in stems for w in rest) >= _AGAIN * len(rest)
