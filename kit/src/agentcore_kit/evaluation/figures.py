"""Figures in text: which numbers an answer states, and whether they are those that tools returned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agentcore_kit.runtime.personal_data import PHONES

_NO_FIGURE = r"(?!\d|[.,]\d|\s*(?:%|(?:percent|per cent|[mb]illions?|thousands?|mn?|bn?|k|USD|EUR)\b))"
"""What must not follow where digits are part of a date or a name: with a unit they state a figure after all."""

_YEAR = r"(?:19|20)\d\d"
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_MONTH_NUMBER, _DAY = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_ORDINAL = r"(?:st|nd|rd|th)"
_STANDARDS = r"(?:ISO|IEC|DIN|EN|RFC|IEEE|NIST|ANSI)"

_LABELS = re.compile(
    rf"""
      \b\d{{4}}[ -]?Q\d\b                                        # 2026-Q3
    | \bQ\d\b(?:[ ,-]{{0,3}}{_YEAR}\b{_NO_FIGURE})?              # Q3, Q3 2026
    | \b{_YEAR}-\d\d(?:-\d\d(?:T\d\d:\d\d[\d:.]*(?:Z|[+-]\d\d:?\d\d)?)?)?\b{_NO_FIGURE}  # 2026-11-23T08:30:00Z
    | \bError[ ]\d{{3}}\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""What contains digits but states no figure, in an answer or in what it was made of: quarters, dates, error codes."""

_DATES = rf"""
      \b{_DAY}(?:{_ORDINAL}|\.)?(?:\ ?(?:[-–]|to|and)\ ?{_DAY}(?:{_ORDINAL}|\.)?)?\ (?:of\ )?{_MONTH}
        (?:,?\ {_YEAR}\b{_NO_FIGURE})?(?!\w)                     # 17 May 2027, 23 to 27 November
    | \b{_MONTH}\ {_DAY}{_ORDINAL}?(?:\ ?(?:[-–]|to)\ ?{_DAY}{_ORDINAL}?|\ and\ {_DAY}{_ORDINAL}?(?=,?\ {_YEAR}))?
        \b{_NO_FIGURE}(?:,?\ {_YEAR}\b{_NO_FIGURE})?             # May 17, 2027
    | \b\d{{1,3}}{_ORDINAL}\b                                    # the 23rd
    | \b{_DAY}\.{_MONTH_NUMBER}\.(?:{_YEAR}|\d\d)\b{_NO_FIGURE}  # 17.05.2027
    | \b(?:{_DAY}/{_MONTH_NUMBER}|{_MONTH_NUMBER}/{_DAY})/(?:{_YEAR}|\d\d)\b{_NO_FIGURE}
"""
_TIMES = rf"""
      \b(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?\b{_NO_FIGURE}   # 09:30
    | \b(?:0?\d|1[0-2])\ ?(?i:[ap]\.?m\b\.?)                    # 5 pm
    | \b(?:[01]?\d|2[0-4])\ o['’]clock\b
    | \b24/7(?:/365)?\b{_NO_FIGURE}
"""
_IDENTIFIERS = rf"""
      \b(?!(?i:USD|EUR|GBP|CHF|JPY|CNY|minus|negative|plus)\b)[A-Za-z]{{1,10}}(?:[-_][A-Za-z0-9]{{1,20}}){{0,4}}[-_]\d{{2,}}
        (?:[-_][A-Za-z0-9]{{1,20}}|:{_YEAR}){{0,4}}\b{_NO_FIGURE}  # EMP-1234
    | \#\d{{2,}}\b{_NO_FIGURE}
    | \b{_STANDARDS}(?:/{_STANDARDS})?[ ]\d{{2,}}(?:[-:]\d+)*\b{_NO_FIGURE}  # ISO/IEC 27001
"""
_STEPS = rf"""
      \b(?i:steps?)[ #-]{{0,2}}\d{{1,3}}(?:\ ?(?:[-–]|to)\ ?\d{{1,3}})?\b{_NO_FIGURE}
    | \b\d{{1,3}}[ -](?i:steps?)\b
"""
_PHONE = re.compile("|".join(rf"{phone}{_NO_FIGURE}" for phone in PHONES))
_NAMES = re.compile("|".join((_DATES, _TIMES, _IDENTIFIERS, _STEPS)), re.VERBOSE)
"""Dates in words, times, identifiers and numbers of steps: an answer may say them in other words than a tool did."""

_ITEM = re.compile(r"^[ \t>*-]*(\d{1,3})[.)](?=[ \t]+\D)", re.MULTILINE)
"""The number of an item in a list."""

_NUMBER = re.compile(
    r"(?:(?<![\w.,])|(?<=\bUSD)|(?<=\bEUR))([-−–+]?)[$€]?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?![\d])"
    r"[ \u00a0]*(?:(?:USD|EUR) \(?(?=[mb]illion|thousand))?"
    r"(%|per ?cent\b|millions?\b|billions?\b|thousands?\b|(?:m|mn|bn|k)\b|USD\b|EUR\b)?",
    re.IGNORECASE,
)
_SCALES = {"b": 1000.0, "t": 0.001, "k": 0.001}
_KINDS = {"%": "percent", "p": "percent", "u": "currency", "e": "currency", "": ""}
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])|\n")
_FALLS = re.compile(
    r"\b(?:f[ae]ll(?:s|en|ing)?|declin\w+|decreas\w+|dropp?\w*|dipp?\w*|slipp?\w*|down|lower|less"
    r"|weaken\w*|worsen\w*|retreat\w*|los(?:s|t|e|es|ses|ing)|shr[aiu]nk\w*|contract(?:ed|ing|ion)|reduc\w+|negative|minus)\b",
    re.IGNORECASE,
)
_SMALL = 12
"""Bare whole numbers up to this are counts ("3 regions", "12 quarters"), not figures."""


@dataclass(frozen=True)
class Figure:
    """A number as written, without its sign.

    `kind` is that of its unit: `percent`, `scale` (thousand, million, billion), `currency`, or empty; `scale` makes
    millions of what is in thousands or billions. `minus` is the sign as written; `falls` says that there is one, or
    that its sentence has a word such as fell, down or lower.
    """

    text: str
    value: float
    decimals: int
    kind: str
    scale: float
    minus: bool
    falls: bool

    @property
    def scaled(self) -> float:
        """Its value in millions when the text says billion or thousand."""
        return self.value * self.scale

    @property
    def is_claim(self) -> bool:
        """Whether the number states something: not a count, not a year."""
        if self.decimals or self.kind:
            return True
        return self.value > _SMALL and not 1900 <= self.value <= 2100

    def equals(self, number: float) -> bool:
        """Whether it is that number, in its own unit or in millions, whatever the sign."""
        near = abs(self.scaled - abs(number)) <= 0.005 * abs(number)
        return self._rounds(number) or (self.scale != 1 and near)

    def says(self, wanted: Figure) -> bool:
        """Whether it is that figure: with its sign, and with its unit where both have one."""
        if (wanted.minus and not self.falls) or (self.minus and not wanted.minus):
            return False
        if self.kind and wanted.kind:
            return self.kind == wanted.kind and self._rounds(wanted.scaled / self.scale)
        return self.equals(wanted.value)

    def _rounds(self, number: float) -> bool:
        """Whether it is that number, rounded as written but by no more than half a percent."""
        slack = min(0.5 * 10**-self.decimals, 0.005 * abs(number)) + 1e-6
        return bool(abs(self.value - abs(number)) <= slack)


@lru_cache(maxsize=256)
def figures(text: str) -> tuple[Figure, ...]:
    """Return the numbers in a text, without those in quarters, dates, times, identifiers and numbers of telephones."""
    return tuple(_numbers_in(_NAMES.sub(" ", _PHONE.sub(_closed, _LABELS.sub(" ", _without_items(text))))))


def _without_items(text: str) -> str:
    """Return a text without the numbers of lists: a line that begins with a number has a neighbour in a list."""
    numbers_of_items = {int(found[1]) for found in _ITEM.finditer(text)}

    def kept(found: re.Match[str]) -> str:
        return " " if {int(found[1]) - 1, int(found[1]) + 1} & numbers_of_items else found[0]

    return _ITEM.sub(kept, text)


def _closed(found: re.Match[str]) -> str:
    """Return what is no telephone in a match: a bracket that is not closed begins something else."""
    text = found[0]
    return " " + text[text.rindex("(") :] if text.count("(") > text.count(")") else " "


def _numbers_in(text: str) -> Iterator[Figure]:
    for sentence in _SENTENCE.split(text):
        falls = bool(_FALLS.search(sentence))
        for found in _NUMBER.finditer(sentence):
            yield _figure(found, falls)


def _figure(found: re.Match[str], falls: bool) -> Figure:
    sign, whole, fraction, unit = (part or "" for part in found.groups())
    first, minus = unit[:1].lower(), sign in ("-", "−", "–")
    return Figure(
        text=found.group().strip(),
        value=float(whole.replace(",", "") + fraction),
        decimals=max(len(fraction) - 1, 0),
        kind=_KINDS.get(first, "scale"),
        scale=_SCALES.get(first, 1.0),
        minus=minus,
        falls=minus or falls,
    )


def claims(text: str) -> list[Figure]:
    """Return the numbers that state something."""
    return [figure for figure in figures(text) if figure.is_claim]


def states(text: str, wanted: float | str) -> bool:
    """Whether a text states a figure: a number, or with its unit `-0.8 percent`.

    A bare number states any unit, for tables have theirs in the head. A figure below zero needs a minus, or a word that
    says so in its sentence: "fell by 0.8 percent".
    """
    asked = figures(as_text(wanted))[0]
    return any(figure.says(asked) for figure in figures(text))


def as_text(figure: float | str) -> str:
    """Return a figure as it would be written."""
    return figure if isinstance(figure, str) else f"{figure:.10f}".rstrip("0").rstrip(".")


def numbers(value: Any) -> Iterator[float]:
    """Yield every number in a tool's input or result, also those in its texts."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, str):
        # The digits of an identifier count: an answer that says them with other words around them invents nothing.
        for figure in _numbers_in(_LABELS.sub(" ", value)):
            yield figure.value
            yield figure.scaled
    elif isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, Iterable):
        for item in value:
            yield from numbers(item)


def ungrounded(answer: str, known: Iterable[float]) -> list[str]:
    """Return the figures of an answer that are none of the known numbers."""
    sources = list(known)
    return [claim.text for claim in claims(answer) if not any(claim.equals(number) for number in sources)]
