"""Finds free text for a parameter: quotations, known examples, proper names, a reason, or the whole request."""

from __future__ import annotations

import re
from typing import Any

from agentcore_kit.local.offline_model.catalogue import Parameter
from agentcore_kit.local.offline_model.request import Candidate, Request, overlaps
from agentcore_kit.local.offline_model.text import STOPWORDS, Token, alike, tokens, word_set
from agentcore_kit.local.offline_model.values import choices

WHOLE = word_set(
    "query question search prompt request issue problem description details body message comment note content text "
    "keywords"
)
REASON = word_set("reason justification purpose why motivation rationale")
_TECHNICAL = word_set("name id code title number key type")

_POLITE = re.compile(
    r"^\s*(?:(?:hi|hello|hey|please|can you|could you|would you|i(?:'d| would) like (?:you )?to)\b[\s,]*)+"
    r"|(?<![ ,])[ ,]*\bplease\b\s*(?=[.?!]*$)",
    re.I,
)
_BECAUSE = re.compile(
    r"\b(?:because(?: of)?|since(?! \d)|so that|in order to|as (?=I\b|we\b)|reason(?: is)?:?)\s+([^.?!]+)", re.I
)
# "to" and "for" give a reason with what follows them: "to help my team", "for the new project", "for onboarding".
_PURPOSE = re.compile(r"(?<!\s)[,;]?\s+(?:to|for)\s+(?=\w)", re.I)
_OWN_PURPOSE = re.compile(
    r"((?:\w+\s+)?(?:my|our|his|her|their|the|an?)\s+[^.?!,]+)|([a-z]+(?:\s+[a-z]+){0,3})(?=\W*$)", re.I
)
_HEAD = re.compile(r"\w+(?:\W\w+){0,2}")
_PROPER = r"(?!I\b)[A-Z][\w&'-]*"  # "I" is no name
_NAME = rf"(?:{_PROPER}|\d+)(?: (?:{_PROPER}|de|of|the|am|\d+))*"
_MORE = re.compile(rf"(?:,\s*|,?\s+and\s+)({_NAME})")
# The prepositions before the first of a pair (from), the second (to), and a parameter of its own.
_PREPOSITIONS = {
    -1: "from|out of|leaving",
    1: "to|into|towards|for",
    0: "in|at|for|to|of|about|on|regarding|near|called|with|is",
}
_END = (
    r"(?=\s*(?:[,.;:?!]|$"
    r"|\b(?:in|at|on|for|to|from|with|by|and|or|until|next|please|as|when|tomorrow|today|this|last)\b))"
)


_NO_VALUE = rf"(?:{'|'.join(sorted(STOPWORDS))})\b"
# What a request is about, in small letters: "the rules for a leave of absence".
_OBJECT = (
    r"(?i:\b(?:for|about|on|of|regarding|concerning)\s+(?:the\s+|an?\s+|my\s+|our\s+)?)"
    rf"((?!{_NO_VALUE})[a-z][\w'-]*(?:\s(?:of\s)?(?!{_NO_VALUE})[a-z][\w'-]*){{0,2}}?)"
    rf"(?=\W*$|[,.;:?!]|\s+{_NO_VALUE})"
)


def texts(parameter: Parameter, request: Request, taken: list[tuple[int, int]]) -> list[Candidate]:
    """What a request gives for a parameter that takes free text."""
    words = set(parameter.label.split())
    fresh = [q for q in request.quoted if not any(start <= q.start and q.end <= end for start, end in taken)]
    near = [q for q in fresh if words & set(re.findall(r"\w+", request.text[: q.start].lower())[-3:])]
    if fresh:
        return (near or fresh)[:1]
    known = choices(parameter, request) or _nearly(parameter, request)
    if known:
        return known
    if words & REASON:
        return _reason(request, taken)
    if words & WHOLE:
        text = _POLITE.sub("", request.text).strip()
        return [Candidate(text, 0, 0)] if tokens(text) else []
    return _proper_names(parameter, request, taken + [(m.start, m.end) for m in request.mentions])


def _reason(request: Request, taken: list[tuple[int, int]]) -> list[Candidate]:
    """Why something is wanted: what follows "because", else a "to" or "for" that no other parameter has taken."""
    if because := _BECAUSE.search(request.text):
        return [Candidate(because[1].strip(), *because.span())]
    for before in _PURPOSE.finditer(request.text):
        found, head = (pattern.match(request.text, before.end()) for pattern in (_OWN_PURPOSE, _HEAD))
        if found and head and not overlaps(*head.span(), taken):
            return [Candidate(found.group().strip(), before.start(), found.end())]
    return []


def _nearly(parameter: Parameter, request: Request) -> list[Candidate]:
    """The one example that a request says in other forms of its words: "how to cancel" for "cancellation".

    For a tool that changes nothing, half of an example's words are enough, unless another example has as many.
    """
    found: dict[Any, tuple[float, int]] = {}
    places: dict[Any, list[Token]] = {}
    for phrase, value in parameter.phrases.items():
        said = [token for token in request.tokens if any(alike(token.stem, word) for word in phrase)]
        hits = len({token.stem for token in said})
        share = min(1.0, hits / len(phrase))
        if said and share >= (0.5 if parameter.guessed else 1.0) and (share, hits) > found.get(value, (0.0, 0)):
            found[value], places[value] = (share, hits), said
    best = [value for value in found if found[value] == max(found.values())]
    return [Candidate(best[0], places[best[0]][0].start, places[best[0]][-1].end)] if len(best) == 1 else []


def _proper_names(parameter: Parameter, request: Request, taken: list[tuple[int, int]]) -> list[Candidate]:
    """The first name that one of the patterns finds, with the further ones of a list: "Berlin, Paris and Rome"."""
    words = [word for word in parameter.label.split() if word not in _TECHNICAL] or parameter.label.split()
    digits = not parameter.choices or any(any(map(str.isdigit, key)) for key in parameter.choices)
    patterns = _patterns(parameter.role, re.escape(words[-1]))
    for pattern in [*patterns, _OBJECT] if parameter.guessed and not parameter.role else patterns:
        for match in re.finditer(pattern, request.text):
            value = _trimmed(match[1])
            if not value or overlaps(*match.span(1), taken) or value.lower() == words[-1]:
                continue
            if parameter.subject.issuperset(token.stem for token in tokens(value)):  # the VPN is no name of its user
                continue
            if not digits and re.search(r"\d", value):  # none of the examples looks like "A-100"
                continue
            found, position = [Candidate(value, *match.span(1), pattern is not _OBJECT)], match.end(1)
            while not parameter.role and (more := _MORE.match(request.text, position)):
                found.append(Candidate(more[1], *more.span(1)))
                position = more.end()
            return found
    return []


def _patterns(role: int, noun: str) -> list[str]:
    """Where a name may stand, the surest place first."""
    after = rf"(?i:\b(?:{_PREPOSITIONS[role]})\s+(?:the\s+)?)"
    named = rf"(?i:\b{noun}\s+(?:called|named|is|:)\s*)([\w-]+(?:\s[\w-]+)?)"
    if role:  # one of a pair: "from Hamburg to Munich", "Hamburg to Munich", "from hamburg"
        before_to = [rf"({_NAME})(?=\s+to\s+[A-Z])"] if role < 0 else []
        return [
            f"{after}({_NAME})",
            *before_to,
            named,
            rf"{after}((?!the\b|an?\b|my\b)[a-z][\w-]*(?:\s[a-z][\w-]*)??){_END}",
        ]
    beside = rf"(?i:\b{noun}\s+)((?!{_NO_VALUE})[a-z][\w.-]*){_END}"  # "the VPN of user asmith"
    anywhere = rf"(?<!^)(?<![.!?]\s)\b({_NAME})"
    before_noun = rf"(?i:\b((?:(?!(?:{_NO_VALUE}))[a-z][\w-]*\s){{1,2}}){noun}\b)"
    return [f"{after}({_NAME})", named, anywhere, beside, before_noun]


def _trimmed(phrase: str) -> str:
    """A phrase without the empty words at its ends."""
    words = phrase.split()
    while words and words[0] in STOPWORDS:
        words.pop(0)
    while words and words[-1] in STOPWORDS:
        words.pop()
    return " ".join(words)
