"""Parameters that take a day, month, quarter or year: what the periods of a text mean for them, as they want it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from agentcore_kit.local.offline_model import dates
from agentcore_kit.local.offline_model.catalogue import Kind, Parameter
from agentcore_kit.local.offline_model.dates import Mention, Period

UNITS = {Kind.DATE: "day", Kind.MONTH: "month", Kind.QUARTER: "quarter", Kind.YEAR: "year"}


def find(parameter: Parameter, mentions: list[Mention], base: list[Any], today: date) -> list[tuple[Any, Mention]]:
    """The values that the mentioned periods give, each with its mention.

    Args:
        parameter: What takes them.
        mentions: The periods of a text, in order.
        base: The parameter's values in the request before: "the year before" and "what about Q2?" are relative to them.
        today: The day of the request.
    """
    result: list[tuple[Any, Mention]] = []
    for number, mention in enumerate(mentions):
        before = mentions[number - 1].period if mention.joined else None
        for period in _meant(parameter, mention, mentions, read(base, today)):
            whole = Period(before.first, period.last, period.unit) if before and not parameter.role else period
            result += [(value, mention) for value in write(parameter, whole, today)]
    return result


def read(values: list[Any], today: date) -> list[Period]:
    """The periods that written values stand for."""
    return [mention.period for value in values for mention in dates.find(str(value), today)[:1] if mention.period]


def write(parameter: Parameter, period: Period, today: date) -> list[Any]:
    """A period in the parameter's unit and notation: a year is four quarters."""
    result = []
    for piece in dates.pieces(period, UNITS[parameter.kind], today):
        day = piece.last if parameter.role > 0 and parameter.kind is Kind.DATE else piece.first
        text = parameter.style.format(y=day.year, m=day.month, d=day.day, q=(day.month + 2) // 3)
        result.append(int(text) if text.isdigit() and not parameter.accepts else text)
    return result


def last_and_before(parameter: Parameter, found: list[Any], mentions: list[Mention], today: date) -> list[Any]:
    """At least two values to compare, oldest first: the ends of a range, those named, or one and the one before it.

    Without any it is the last complete period and the one before it, or the one that the text names relative to it.
    """
    unit = UNITS[parameter.kind]
    found = found or write(parameter, dates.relative(unit, -1, today), today)
    if len(found) > 2 and any(mention.joined for mention in mentions):
        return [found[0], found[-1]]
    if len(found) == 1:
        relation = next((m for m in mentions if m.shift and not m.period), Mention(0, 0, None, -1))
        found = found + [v for p in read(found, today) for v in write(parameter, _moved(p, relation, unit), today)]
    return sorted(found)


def _moved(period: Period, mention: Mention, unit: str) -> Period:
    return dates.shifted(period, mention.shift, mention.unit or unit)


def _meant(parameter: Parameter, mention: Mention, mentions: list[Mention], base: list[Period]) -> Iterator[Period]:
    """What one mention means, seen with the others and with the request before."""
    period, unit = mention.period, UNITS[parameter.kind]
    if mention.shift:
        anchors = [m.period for m in mentions if m.period and not m.shift] or base
        yield from [_moved(anchor, mention, unit) for anchor in anchors] or ([period] if period else [])
    elif period is None or (period.unit == "day" and unit != "day"):
        return
    elif mention.bare and base and not mention.joined and unit != "day":  # "what about Q2?" stays in the year spoken of
        yield dates.shifted(period, base[0].first.year - period.first.year, "year")
    elif period.unit == "year" and unit != "year" and len(base) == 1:  # "and in 2024?" after one quarter: the same one
        yield dates.shifted(base[0], period.first.year - base[0].first.year, "year")
    else:
        yield period
