"""Personal data, which is never remembered: a sentence that has any is left out as a whole.

Numbers and addresses are found by `runtime.personal_data`; what is personal by its meaning, by the words here.
"""

from __future__ import annotations

import re

from agentcore_kit.runtime.personal_data import find

_WORDS = [
    r"\b(?:my|his|her|their) (?:\w+ )?(?:phone|telephone|mobile|cell|fax|pin|iban|e-?mail)\b",
    r"\b(?:social security|passport|id card|driving licence|driver'?s license|tax id)\b",
    r"\b(?:my|his|her|their) (?:full |first |last |maiden )?name is\b",
    r"\b(?:call|reach|contact|text|ring) me\b|\bI live (?:at|in|on)\b|\b(?:home|postal|private) address\b",
    r"\b\d{1,4}[a-z]? (?:\w+ ){1,2}(?:street|road|avenue|lane)\b",
    r"\b(?:date of birth|born (?:on|in)|birthday|years old|my age)\b",
    r"\b(?:password|passphrase|passcode|api[ _-]?key|secret key|access token|credential)s?\b",
    r"\bpin(?: code)?(?: is\b|[:=]| \d)",
    r"\b(?:salary|I earn|my bonus|my pay|paid me|pay rise|my mortgage|my debt|bank account)\b",
    r"\b(?:diagnos\w+|surgery|therap(?:y|ist)|pregnan\w+|medication|sick leave|ill(?:ness)?|disease|hiv|allerg\w+"
    r"|depress\w+|diabet\w+|cancer|migraines?|doctor|hospital|disabilit\w+)\b",
    r"\b(?:relig\w+|church|mosque|synagogue|muslim|christian|jewish|hindu|trade union|political party|voted? for"
    r"|gay|lesbian|sexual\w*)\b",
    r"\b(?:my|his|her) (?:wife|husband|partner|son|daughter|kids?|child(?:ren)?|mother|father|ex)\b|\bdivorc\w+\b",
]
_ANY_WORD = re.compile("|".join(f"(?:{pattern})" for pattern in _WORDS), re.IGNORECASE)


def is_personal(sentence: str) -> bool:
    """Return whether a sentence has personal data, or may have: this errs on the side of forgetting."""
    return _ANY_WORD.search(sentence) is not None or any(find(sentence))
