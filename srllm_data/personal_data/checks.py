"""Checks of what a pattern matches: check digits, lengths, and what stands before it."""

import re

from srllm_data.personal_data.policy import is_about_a_group

#: Length of an IBAN by country (SWIFT's registry).
_IBAN_LENGTHS = {
    country: int(length)
    for length, *countries in map(
        str.split,
        """15 NO
        16 BE
        18 DK FI FO GL NL SD
        19 MK SI
        20 AT BA EE KZ LT LU XK
        21 CH HR LI LV
        22 BG BH CR DE GB GE IE ME RS VA
        23 AE GI IL IQ OM SO TL
        24 AD CZ ES MD PK RO SA SE SK TN VG
        25 LY PT ST
        26 IS TR
        27 BI DJ FR GR IT MC MR SM
        28 AL AZ BY CY DO GT HU LB NI PL SV
        29 BR EG PS QA UA
        30 JO KW MU YE
        31 MT SC
        32 LC
        33 RU""".splitlines(),
    )
    for country in countries
}
#: What a number of several parts is where no address is meant.
_SECTION = re.compile(
    r"(?:\b(?:chapter|section|sect?\.?|clause|para(?:graph)?|part|rule|item|figure|fig\.?|table"
    r"|annex"
    r"|article|step|appendix|release|build|driver|update)|§)(?:\s[a-z]+)?\W{0,2}$"
    r"|(?:\b(?:version|firmware|oid|bios|kernel|patch|v|ver)\b)(?:(?!\b(?:from|at|ip|server"
    r"|host)\b)"
    r"[^.!?;]){0,25}$|\bv$",
    re.IGNORECASE,
)


_NETWORK = re.compile(r"\b(?:ips?|ipv4|address|server|host|dns|router)\b", re.I)
_ADDRESSED = re.compile(
    r"\b(?:ip|ips|ipv4|address|server|host|ping|dns|router|from|https?)\b", re.I
)


#: Right before a number of an order, a ticket and the like.
_REFERENCE = re.compile(
    r"\b(?:order|ticket|ref(?:erence)?|invoice|serial|tracking|parcel|booking|part|case|lot|batch"
    r"|model|sku|item"
    r"|docket|claim|policy|permit|licen[cs]e|confirmation|receipt|isbn|issn|barcode|gtin|ean|upc"
    r"|imei|account|acct"
    r"|meter|membership|passport|vin|error|product|vat|charity|company|asin|doi|catalog(?:ue)?"
    r"|bug|issue|pr)\b"
    r"(?:\s(?:number|numbers|no\.?|nos\.?|num|nr|id|code|ref))*(?:\s(?:is|was|are|reads"
    r"|says))?[\s:#.-]{0,3}$",
    re.IGNORECASE,
)
_UPDATED = re.compile(
    r"\b(?:rolled back|upgrad\w+|updat\w+|downgrad\w+|bump\w*|migrat\w+|install\w*|releas\w+"
    r"|patch\w*|shipped)\b"
    r"[^!?;]{0,30}$",
    re.IGNORECASE,
)
_SUFFIX = re.compile(
    r"[-+](?:alpha|beta|rc|dev|snapshot|release|pre|hotfix|final|lts|[a-z]?\d)|(?:rc|b|a|r)\d", re.I
)


def accepted(type_: str, text: str, start: int, end: int) -> int | None:
    """Where the finding at ``text[start:end]`` ends, as it may be shorter; None if it is none."""
    surface = text[start:end]
    match type_:
        case "PHONE_NUMBER":
            return end if _is_phone(text, start, surface) else None
        case "CREDIT_CARD":
            return end if _is_card(re.sub(r"\D", "", surface)) else None
        case "IBAN_CODE":
            length = _iban(surface)
            return start + length if length else None
        case "IP_ADDRESS":
            return end if _is_address(text, start, surface) else None
        case "STREET_ADDRESS":
            return start + _without_groups(surface)
    return end


def _without_groups(surface: str) -> int:
    """Length of ``surface`` without a part behind a comma that holds a word for a group."""
    comma = surface.rfind(",")
    while comma > 0 and is_about_a_group(surface[comma:]):
        surface = surface[:comma]
        comma = surface.rfind(",")
    return len(surface)


def _is_phone(text: str, start: int, surface: str) -> bool:
    if surface[0].isalpha() and surface[0] != "O":
        return True
    if _REFERENCE.search(text, max(0, start - 40), start):
        return False
    if re.match(r"(?:19|20)\d\d[-/ ](?:0[1-9]|1[0-2])[-/ ]", surface):
        return False
    groups = re.findall(r"[\dO]+", surface)
    digits = "".join(groups)
    if surface.startswith(("+", "00")):
        return len(digits) >= 8
    if re.search(r"[A-Z]{4} $|\d $", text[max(0, start - 5) : start]):
        return False
    if _SECTION.search(text, max(0, start - 40), start):
        return False
    if not digits.startswith(("0", "O")) and max(map(len, groups)) < 3:
        return False
    if re.search(r"\d\.\d", surface) and not digits.startswith("0"):
        return [len(g) for g in groups[-3:]] == [3, 3, 4] or [len(g) for g in groups] in (
            [3, 7],
            [3, 4],
        )
    return True


def _is_card(digits: str) -> bool:
    """Whether an issuer has numbers of this beginning and length, and the check digit is right."""
    length, two, four = len(digits), int(digits[:2]), int(digits[:4])
    issued = (
        (digits[0] == "4" and length in (13, 16, 19))
        or ((51 <= two <= 55 or 2221 <= four <= 2720) and length == 16)
        or (two in (34, 37) and length == 15)
        or (two in (30, 36, 38, 39) and length == 14)
        or ((3528 <= four <= 3589 or two in (50, 56, 57, 58, 60, 62, 64, 65, 67)) and length >= 16)
    )
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return issued and total % 10 == 0 and len(set(digits)) > 1


def _iban(surface: str) -> int:
    """Characters of ``surface`` that are an IBAN with the right check digits; 0 if none are."""
    length = _IBAN_LENGTHS.get(surface[:2].upper(), 0)
    places = [n for n, c in enumerate(surface) if c.isalnum()]
    if not length or len(places) < length:
        return 0
    if length < len(places) and places[length] == places[length - 1] + 1:
        return 0
    plain = "".join(surface[n] for n in places[:length]).upper()
    number = "".join(str(int(c, 36)) for c in plain[4:] + plain[:4])
    return places[length - 1] + 1 if int(number) % 97 == 1 else 0


def _is_address(text: str, start: int, surface: str) -> bool:
    if ":" in surface:
        return len([g for g in re.split(r"[:.%/]", surface) if g]) > 1
    if _SECTION.search(text, max(0, start - 40), start):
        return False
    if _SUFFIX.match(text, start + len(surface)) or _UPDATED.search(
        text, max(0, start - 50), start
    ):
        return _NETWORK.search(text, max(0, start - 30), start) is not None
    # Versions have small numbers; an address has them only in the private ranges.
    small = all(int(n) < 30 for n in re.findall(r"\d+", surface)[:4])
    named = _ADDRESSED.search(text, max(0, start - 30), start)
    return not small or surface.startswith("10.") or named is not None
