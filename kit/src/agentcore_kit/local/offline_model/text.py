"""Words: tokens with their positions, light stems, and the words that carry no meaning of their own."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for lists that read better in a line."""
    return frozenset(text.split())


STOPWORDS = word_set(
    """
    a about above after again ago all also am an and any anyone anything are aren around as ask at be because been
    before being below between both but by call can cannot could couldn did didn do does doesn doing don done
    each either else etc every example few for from further get gets give given go going gonna good got had happen
    happens has hasn have haven having he hello help her here hers hey hi him his hope how however i if in instead into
    is isn it its itself just kindly know let like ll look many may maybe me might mine most much must my need
    needs never new no nor not now of off ok okay on once one only or other our ours out over own per please pls
    question questions quite rather re really same say shall she should show since so some something still such
    sure take tell than thank thanks that the their theirs them then there these they thing things this those
    though through to too under until up upon us use used user uses ve very via want wants was wasn we well were
    what whats when where whether which while who whom whose why will with within without won would wouldn yes
    yet you your yours
    """
)
NUMBER_WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_IRREGULAR = dict(
    pair.split(":")
    for pair in word_set(
        """
        made:make sold:sell bought:buy paid:pay spent:spend sent:send grew:grow grown:grow growth:grow
        rose:rise risen:rise fell:fall fallen:fall lost:lose won:win went:go came:come forgot:forget
        forgotten:forget flew:fly flight:fly left:leave wrote:write written:write broke:break broken:break
        met:meet people:person children:child men:man women:woman
        stole:steal stolen:steal brought:bring caught:catch chose:choose chosen:choose drove:drive driven:drive
        drew:draw drawn:draw held:hold hid:hide hidden:hide froze:freeze frozen:freeze threw:throw thrown:throw
        tore:tear torn:tear wore:wear worn:wear built:build lent:lend taught:teach spoke:speak spoken:speak
        slept:sleep stuck:stick hung:hang felt:feel rang:ring rung:ring stood:stand
        """
    )
)
_WORD = re.compile(r"[^\W\d_]{1,2}-[^\W\d_]+|[^\W\d_]+(?:['\u2019][^\W\d_]+)*|\d+(?:[.,]\d+)*")
_PLURAL = re.compile(r"(?<=[A-Z]{2})s(?![a-z])")  # of an acronym: "IDs"
# Words that carry no meaning of their own where they stand: "keeps disconnecting", "at the end of the year",
# "Somebody stole my bike".
_EMPTY = re.compile(
    r"\b(?:keeps?|kept|stops?|stopped|starts?|started|begins?|began)\s+(?=\w+ing\b)"
    r"|\b(?:at|by|before|until|from|since)\s+(?:the\s+)?(?:very\s+)?(?:end|beginning|start|middle)\s+of\s+"
    r"(?=(?:the|this|next|last)\b)"
    r"|^\W*(?:somebody|someone)\s+(?=\w)",
    re.I,
)
# One syllable that ends in one vowel and one consonant: what was "making" or "hired" had an e; "winning" has two n.
_LOST_E = re.compile(r"[^aeiou]*[aeiou][^aeiousxzwy]")
_HUMP = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^\WA-Z\d_]+|[A-Z]+|\d+")
# Suffix, what replaces it, and the shortest word it is taken from. The first that fits is taken.
_SUFFIXES = (
    ("ies", "y", 5), ("sses", "ss", 6), ("ness", "", 7), ("atory", "", 9), ("ator", "", 9), ("ation", "", 9),
    ("ment", "", 7), ("ability", "", 9), ("able", "", 8), ("ance", "", 9), ("ison", "", 9), ("ing", "", 6),
    ("edly", "", 7), ("ed", "", 5), ("ly", "", 6), ("ion", "", 8),
)  # fmt: skip


class Token(NamedTuple):
    """A word of a text: its stem and where it stands."""

    stem: str
    start: int
    end: int


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Reduces a lower-case word to what its common forms share: "changes", "changed" and "changing" give "chang"."""
    word = _IRREGULAR.get(word, word)
    if word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is", "ies", "sses")):
        word = word[:-1]
    for suffix, replacement, shortest in _SUFFIXES:
        if word.endswith(suffix) and len(word) >= shortest:
            word = word[: -len(suffix)] + replacement
            if suffix in ("ing", "ed") and _LOST_E.fullmatch(word):
                word += "e"
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou":
        word = word[:-1]
    if len(word) > 3 and word.endswith("e") and not _LOST_E.fullmatch(word[:-1]):  # "wine" is not "win"
        word = word[:-1]
    return word[:-2] if len(word) > 6 and word.endswith("at") else word


def tokens(text: str) -> list[Token]:
    """Splits a text into its meaningful words; camelCase and snake_case names fall into their parts."""
    result = []
    empty = [match.span() for match in _EMPTY.finditer(text)]
    for match in _WORD.finditer(text):
        if any(start <= match.start() < end for start, end in empty):
            continue
        word = re.split("['\u2019]", match.group(), maxsplit=1)[0]
        word = word.replace("-", "").lower() if "-" in word else word  # "e-mail" is "email", "Wi-Fi" is "wifi"
        parts = name_parts(word) if not word.islower() and not word[0].isdigit() else [word]
        for part in parts if len(parts) > 1 else [word]:
            root = stem(part.lower())
            acronym = part.isupper() and len(part) > 1  # "US" and "IT" are not "us" and "it"
            if acronym or (part.lower() not in STOPWORDS and root not in STOPWORDS):
                result.append(Token(root, match.start(), match.end()))
    return result


def stems(text: str) -> list[str]:
    """The stems of a text's meaningful words, in order."""
    return [token.stem for token in tokens(text)]


def name_parts(name: str) -> list[str]:
    """The words of a name in camel or snake case; an acronym is one: "createHRTicket" is create, HR and Ticket."""
    return _HUMP.findall(_PLURAL.sub("", name))


def humanise(name: str) -> str:
    """A technical name in plain words: "employeeId" and "employee_id" give "employee id"."""
    return " ".join(part.lower() if not part.isupper() else part for part in name_parts(name))


def alike(one: str, other: str) -> bool:
    """Whether two stems are forms of one word: the same, or most of it ("register" and "registr")."""
    if one == other or one[:5] != other[:5]:
        return one == other
    shorter = min(len(one), len(other))
    common = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), shorter)
    return common >= 5 and max(len(one), len(other)) - common <= 2


def listed(items: list[str], last: str = "or") -> str:
    """Joins items for a sentence: "a, b or c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""
