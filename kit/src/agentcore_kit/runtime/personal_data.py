"""The patterns of personal data and secrets in texts: masking, measuring and forgetting all read them here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agentcore_kit.config.served import KEY
from agentcore_kit.runtime import masking

Kind = Literal["e-mail", "token", "IBAN", "card", "social security number", "phone", "account", "address"]

PHONES = (
    r"(?<![\w.])(?:\+|00)\d[\d ()/-]{6,}\d\b",
    r"(?<![\w.])\(?0\d{2,5}\)?[ /-]\d[\d -]{4,}\d\b",
    r"(?<![\w.])(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}\b",
)
"""Numbers of telephones that are hardly anything else: with a country code, an area code, or as America writes them."""

_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("e-mail", re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("token", re.compile(rf"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*|{KEY}")),
    (  # the bank may be letters; what follows has digits, which words have not
        "IBAN",
        re.compile(r"\b[A-Z]{2}\d\d ?[A-Z0-9]{4}(?: ?(?=[A-Z]{0,3}\d)[A-Z0-9]{4}){2,7}(?: ?\w{1,3})?\b", re.IGNORECASE),
    ),
    ("card", re.compile(r"\b(?:\d{13,19}|\d{4}([ .-])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ .-])\d{6}\2\d{5})\b")),
    ("social security number", re.compile(r"(?<![\w.-])\d{3}-\d{2}-\d{4}\b(?![.-]\d)")),
    *(("phone", re.compile(pattern)) for pattern in PHONES),
    ("phone", re.compile(r"(?<![\w.])\(?\d{3,5}\)?[ /-]\d{3}[ -]\d{3,5}\b")),
    ("account", re.compile(r"(?<![\w.])(?!(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d\b)\d{8,12}(?!\w|\.\d)")),
    ("address", re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")),
)


@dataclass(frozen=True)
class PersonalData:
    """One piece of personal data: what it is, and as it is written."""

    kind: Kind
    text: str

    @property
    def plain(self) -> str:
        """The text without what it is grouped by, to tell whether two writings are the same."""
        return (
            re.sub(r"[\s()/.-]", "", self.text).lower() if self.kind not in ("e-mail", "token") else self.text.lower()
        )


def find(text: str) -> Iterator[PersonalData]:
    """Yield the e-mail addresses, tokens, and numbers of accounts, cards, phones and machines in a text."""
    for kind, pattern in _PATTERNS:
        for found in pattern.finditer(text):
            yield PersonalData(kind, found.group())
        text = pattern.sub(" ", text)  # what is a card is no telephone too


def mask(text: str) -> str:
    """Return a text with its kind in brackets in place of each secret and piece of personal data, such as `[card]`."""
    text = masking.mask(text)
    for kind, pattern in _PATTERNS:
        text = pattern.sub(f"[{kind}]", text)
    return text
