"""Personal data, which is never remembered: a sentence that has any is left out as a whole."""

from __future__ import annotations

import re

_PATTERNS = [
    r"[\w.+-]+@[\w-]+\.[\w.]+",  # e-mail
    r"(?<!\d)\+\d[\d ()/-]{6,}\d",  # telephone with country code
    r"\b\(?\d{3,5}\)?[ /-]\d{3}[ -]\d{3,5}\b",  # telephone in groups
    r"\b0\d{2,5}[ /-]?\d{5,9}\b",  # telephone with area code
    r"\b(?:my|his|her|their) (?:\w+ )?(?:phone|telephone|mobile|cell|fax|pin|iban|e-?mail)\b",
    r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",  # IBAN
    r"\b(?:\d[ -]?){13,19}\b",  # payment card
    r"\b\d{3}-\d{2}-\d{4}\b",  # social security number
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
_ANY = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE)


def is_personal(sentence: str) -> bool:
    """Return whether a sentence has personal data, or may have: this errs on the side of forgetting."""
    return _ANY.search(sentence) is not None
