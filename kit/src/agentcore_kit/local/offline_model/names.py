"""Finds free text for a parameter: quotations, known examples, proper names, a reason, or the whole request."""

from __future__ import annotations

import re

from agentcore_kit.local.offline_model.catalogue import Parameter
from agentcore_kit.local.offline_model.request import Candidate, Request, overlaps
from agentcore_kit.local.offline_model.text import STOPWORDS, tokens, word_set
from agentcore_kit.local.offline_model.values import choices

WHOLE = word_set(
    "query question search prompt request issue problem description details body message comment note content text "
    "keywords"
)
REASON = word_set("reason justification purpose why motivation rationale")
_TECHNICAL = word_set("name id code title number key type")

_POLITE = re.compile(
    r"^(?:\s*(?:hi|hello|hey|please|can you|could you|would you|i(?:'d| would) like (?:you )?to)\b[ ,]*)+"
    r"|[ ,]*\bplease\b\s*(?=[.?!]*$)",
    re.I,
)
_BECAUSE = re.compile(
    r"\b(?:because(?: of)?|since(?! \d)|so that|in order to|as (?=I\b|we\b)|reason(?: is)?:?)\s+([^.?!]+)"
    r"|[,;]?\s+(?:to|for)\s+((?:\w+\s+)?(?:my|our|the|an?)\s+[^.?!,]+)",
    re.I,
)
_NAME = r"(?:[A-Z][\w&'-]*|\d+)(?: (?:[A-Z][\w&'-]*|de|of|the|am|\d+))*"
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


def texts(parameter: Parameter, request: Request, taken: list[tuple[int, int]]) -> list[Candidate]:
    """What a request gives for a parameter that takes free text."""
    words = set(parameter.label.split())
    fresh = [q for q in request.quoted if not overlaps(q.start, q.end, taken)]
    near = [q for q in fresh if words & set(re.findall(r"\w+", request.text[: q.start].lower())[-3:])]
    if fresh:
        return (near or fresh)[:1]
    known = choices(parameter, request)
    if known:
        return known
    if words & REASON:
        because = _BECAUSE.search(request.text)
        return [Candidate((because[1] or because[2]).strip(), *because.span())] if because else []
    if words & WHOLE:
        text = _POLITE.sub("", request.text).strip()
        return [Candidate(text, 0, 0)] if tokens(text) else []
    return _proper_names(parameter, request, taken + [(m.start, m.end) for m in request.mentions])


def _proper_names(parameter: Parameter, request: Request, taken: list[tuple[int, int]]) -> list[Candidate]:
    """The first name that one of the patterns finds, with the further ones of a list: "Berlin, Paris and Rome"."""
    words = [word for word in parameter.label.split() if word not in _TECHNICAL] or parameter.label.split()
    for pattern in _patterns(parameter.role, re.escape(words[-1])):
        for match in re.finditer(pattern, request.text):
            value = _trimmed(match[1])
            if not value or overlaps(*match.span(1), taken):
                continue
            found, position = [Candidate(value, *match.span(1))], match.end(1)
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
    anywhere, before_noun = rf"(?<!^)(?<![.!?]\s)\b({_NAME})", rf"(?i:\b((?:[a-z][\w-]*\s){{1,2}}){noun}\b)"
    return [f"{after}({_NAME})", named, anywhere, before_noun]


def _trimmed(phrase: str) -> str:
    """A phrase without the empty words at its ends."""
    words = phrase.split()
    while words and words[0] in STOPWORDS:
        words.pop(0)
    while words and words[-1] in STOPWORDS:
        words.pop()
    return " ".join(words)
