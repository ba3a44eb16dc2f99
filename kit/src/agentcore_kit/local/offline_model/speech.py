"""What the form of a request says, whatever it is about: that it only asks how, wants a person, or complains."""

from __future__ import annotations

import re

from agentcore_kit.local.offline_model.text import stems

_GREETING = r"^\W*(?:(?:hi|hello|hey|please|so|and|also|but|ok|okay|well)\b\W*)*"
_LEAD = (
    rf"{_GREETING}"
    r"(?:(?:(?:can|could|would|will)\s+(?:you|somebody|someone)\s+(?:please\s+)?)?(?:tell|explain|show|remind)\s+(?:to\s+)?(?:me|us)\s+"
    r"|i(?:'d|\s+would)?\s+(?:like|want|need)\s+to\s+know\s+|do\s+you\s+know\s+|i\s+wonder\s+)?"
)
_PEOPLE = r"(?:i|we|you|one|people|somebody|someone|(?:an?|the|new|our|my)\s+\w+)"
_HOW_TO = re.compile(
    rf"""{_LEAD}(?:
    how\s+(?:do|can|could|should|would|must|may|might)\s+{_PEOPLE}\b(?!\s+(?:compare|rank|perform|stand)\b)
    | how\s+(?:does|is)\s+(?:one|somebody|someone)\b
    | how\s+to\b
    | how\s+(?:i|we)\s+(?:can|could|should|must|may)\b
    | what\s+(?:do|must|should|can)\s+(?:i|we)\s+(?:(?:have|need)\s+to\s+)?do\b
    | what(?:'s|\s+is|\s+are)\s+the\s+(?:\w+\s+)?(?:procedure|process|steps?|way|instructions?)\s+(?:to|for|of)\b
    | what\s+are\s+the\s+steps\b
    | which\s+steps\b
    | (?:the\s+)?steps\s+(?:to|for)\b
    )""",
    re.I | re.X,
)
_PERMITTED = re.compile(
    rf"{_LEAD}(?:"
    rf"(?:am|are|is)\s+(?:{_PEOPLE}|it|there)\s+(?:\w+\s+)?(?:allowed|permitted|entitled|eligible|forbidden)\b"
    rf"|(?:how\s+(?:often|long|many\s+times)\s+)?may\s+{_PEOPLE}\s+(?!have\b|see\b|ask\b|get\b|know\b)\w+"
    rf"|how\s+(?:often|long|many\s+times)\s+(?:can|must)\s+{_PEOPLE}\b"
    r")",
    re.I,
)
_FACT = re.compile(
    rf"{_LEAD}(?:"
    r"(?:who|whose|when|since\s+when|until\s+when|where|which|how\s+(?:much|many|long|far|often|old)|at\s+what\s+time|what\s+time)\b"
    r"|(?:is|are|was|were|has|had|have|did|does)\s+"
    r"(?!(?:it|there)\s+(?:possible|(?:an?|any)\s+(?:way|chance))\b|(?:\w+\s+){1,2}able\s+to\b)"
    r"[a-z][^.!;\n]*\?\W*$"
    r")",
    re.I,
)
# "When you have time, move it", "Where possible, move it": no question, but a request with a condition before it.
_CONDITION = re.compile(
    rf"{_GREETING}(?:when|where)\s+(?:(?:i|you|we|he|she|they|it|this|that|the|my|our|your|his|her|their|an?)\b"
    r"|(?:possible|needed|necessary)\b)",
    re.I,
)
_PERSON = re.compile(
    r"\b(?:talk|speak|chat|complain)(?:ing)?\s+(?:to|with)\s+(?:an?\s+|the\s+|your\s+)?(?:\w+\s+){0,2}?"
    r"(?:person|human|people|somebody|someone|agent|representative|manager|supervisor|employee|colleague|team|boss|staff)\b"
    r"|\b(?:real|live|actual)\s+(?:person|human|agent|people)\b|\bhuman\s+being\b"
    r"|\b(?:connect|transfer|put|pass|hand)\s+me\s+(?:\w+\s+)?(?:to|with|through|over|on)\b"
    r"|\b(?:get|give|need|want|find)\s+(?:me\s+)?an?\s+(?:\w+\s+)?(?:human|person)\b",
    re.I,
)
_COMPLAINT = re.compile(
    r"\b(?:not|isn't|no longer|hardly)\s+(?:acceptable|good enough)\b|\bunacceptable\b|\bhad\s+enough\b|\bfed\s+up\b"
    r"|\b(?:ridiculous|outrageous|disgraceful|appalling|(?:is|what)\s+a\s+(?:joke|disgrace|scandal))\b"
    r"|\b(?:nobody|no\s+one)\s+(?:helps?|helped|cares|answers?|answered|responds?|listens)\b|\bwaste\s+of\s+(?:my\s+)?time\b"
    r"|\bi(?:'m| am)\s+(?:very\s+|really\s+|so\s+|extremely\s+)?"
    r"(?:angry|furious|upset|disappointed|dissatisfied|frustrated|unhappy)\b"
    r"|\b(?:want|would\s+like|need|wish)\s+to\s+complain\b",
    re.I,
)
_EARNER = (
    r"(?:he|she|\w+(?:er|or|ist|ant|ee|man|woman)s?|[A-Z]{2,4}s?|boss|chief|head|staff|colleagues?|people|everybody|everyone"
    r"|person|somebody|someone|[A-Z][a-z]+ [A-Z][a-z]+)"
)
# What is said in other words, and the words that a prompt is likely to say it with.
_SAID_OTHERWISE = (
    (_PERSON, "person human"),
    (_COMPLAINT, "complaint complain dissatisfied unhappy"),
    (
        re.compile(
            r"\b(?:can(?:'t|not)|could\s?n[o']t|is\s?n[o']t|are\s?n[o']t|not)\s+(?:be\s+)?(?:right|correct|true)\b|\bincorrect\b"
            r"|\b(?:does|do)(?:n't|\s+not)\s+(?:match|agree|add\s+up|tally|look\s+right|seem\s+right)\b|\b(?:dis|not\s+)agree\b",
            re.I,
        ),
        "wrong disputes",
    ),
    (
        re.compile(
            r"\b(?:did|do|was|have|has)(?:n't|\s+not|\s+i\s+not)\s+(?:been\s+)?(?:get|got|given|receive|received|granted)\b"
            r"|\b(?:turned\s+down|rejected|denied|declined|passed\s+over)\b",
            re.I,
        ),
        "refused missing",
    ),
    (
        re.compile(
            r"\b[Hh]ow\s+much\s+(?:money\s+)?(?:do|does|did|is|are|will|would)\s+(?:the\s+|our\s+|my\s+|an?\s+|your\s+)*"
            rf"(?:[\w&-]+\s+){{0,2}}?{_EARNER}\s+(?:make|earn|earning|making|get\s+paid|paid|take\s+home|bring\s+home)\b"
            r"|\b(?:[Hh]ow\s+much|[Ww]hat)\s+(?:money\s+)?(?:do|did|will|would)\s+I\s+(?:make|earn|get\s+paid|take\s+home)\b"
        ),
        "pay salary earns compensation",
    ),
    (
        re.compile(
            r"^\W*(?:(?:please|can|could|would|will|you)\b\W*)*(?:raise|lower|increase|reduce|alter|modify|adjust|correct|"
            r"improve|bump|edit|rewrite)\b",
            re.I,
        ),
        "change modify alter",
    ),
)


def asks_how(text: str) -> bool:
    """Whether a request asks how something is done, and so does not ask to do it."""
    return _HOW_TO.search(text) is not None


def asks_permission(text: str) -> bool:
    """Whether a request asks whether, or how often, something is allowed."""
    return _PERMITTED.search(text) is not None


def asks_fact(text: str) -> bool:
    """Whether a request asks how things are, as "Who …", "Has my …?" do: then nothing is to be changed."""
    return _FACT.search(text) is not None and not _CONDITION.search(text)


def wants_person(text: str) -> bool:
    """Whether somebody asks for a person to talk to."""
    return _PERSON.search(text) is not None


def complains(text: str) -> bool:
    """Whether somebody says that they are not content with what they get."""
    return _COMPLAINT.search(text) is not None


def said_otherwise(text: str) -> frozenset[str]:
    """The stems of the words that a prompt is likely to use for what a request says in other words."""
    return frozenset(stem for form, words in _SAID_OTHERWISE if form.search(text) for stem in stems(words))
