"""Figures in text: which numbers an answer states, and whether they are those that tools returned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_LABELS = re.compile(
    r"\b\d{4}[ -]?Q\d\b|\bQ\d\b(?:[ ,-]*\d{4}\b)?|\b\d{4}-\d\d(?:-\d\d)?\b|\bError \d{3}\b", re.IGNORECASE
)
"""What contains digits but states no figure: quarters, dates, error codes."""

_NUMBER = re.compile(
    r"(?<![\w.,])[-−+]?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?![\d])"
    r"[ \u00a0]*(%|per ?cent\b|millions?\b|billions?\b|thousands?\b|(?:m|mn|bn|k)\b|USD\b|EUR\b)?",
    re.IGNORECASE,
)
_SCALES = {"b": 1000.0, "t": 0.001, "k": 0.001}
_SMALL = 12
"""Bare whole numbers up to this are counts ("3 regions", "12 quarters"), not figures."""


@dataclass(frozen=True)
class Figure:
    """A number as written. `scaled` is its value in millions when the text says billion or thousand."""

    text: str
    value: float
    scaled: float
    decimals: int
    has_unit: bool

    @property
    def is_claim(self) -> bool:
        """Whether the number states something: not a count, not a year."""
        if self.decimals or self.has_unit:
            return True
        return self.value > _SMALL and not 1900 <= self.value <= 2100

    def equals(self, number: float) -> bool:
        """Whether it is that number, rounded as written but by no more than half a percent."""
        slack = min(0.5 * 10**-self.decimals, 0.005 * abs(number)) + 1e-6
        near = abs(self.value - abs(number)) <= slack
        return near or (self.scaled != self.value and abs(self.scaled - abs(number)) <= 0.005 * abs(number))


@lru_cache(maxsize=256)
def figures(text: str) -> tuple[Figure, ...]:
    """Return the numbers in a text, without sign: "fell by 0.8 percent" and "-0.8 percent" state the same."""
    return tuple(_figure(found) for found in _NUMBER.finditer(_LABELS.sub(" ", text)))


def _figure(found: re.Match[str]) -> Figure:
    whole, fraction, unit = found.group(1), found.group(2) or "", found.group(3)
    value = float(whole.replace(",", "") + fraction)
    scale = _SCALES.get(unit[0].lower(), 1.0) if unit else 1.0
    return Figure(found.group().strip(), value, value * scale, max(len(fraction) - 1, 0), bool(unit))


def claims(text: str) -> list[Figure]:
    """Return the numbers that state something."""
    return [figure for figure in figures(text) if figure.is_claim]


def states(text: str, number: float) -> bool:
    """Whether a text states that number."""
    return any(figure.equals(number) for figure in figures(text))


def numbers(value: Any) -> Iterator[float]:
    """Yield every number in a tool's input or result, also those in its texts."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, str):
        for figure in figures(value):
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
