"""Dates and periods in plain words: "Q3", "July through September", "last two quarters", "next Friday", "in two weeks".

Every expression becomes a period with a first and a last day, whatever its unit; what a tool wants (days, months, quarters or
years) is cut from it afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

MONTHS_IN = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_DAYS_IN = {"day": 1, "week": 7}
_SIZE = {"day": 0, "week": 1, "month": 2, "quarter": 3, "half": 4, "year": 5}
_NUMBERS = {w: n for n, w in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}
_NUMBERS |= {"a": 1, "an": 1, "couple of": 2}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
_MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass(frozen=True)
class Period:
    """From the first to the last day, both included; the unit is what the text counted in."""

    first: date
    last: date
    unit: str


@dataclass(frozen=True)
class Mention:
    """A period as a text mentions it."""

    start: int
    end: int
    period: Period | None  # None when the text only says how far from another period: "the year before"
    shift: int = 0  # that distance, in units
    unit: str = ""  # the unit it is counted in; "" when the text leaves it open: "before that"
    bare: bool = False  # no year was named, so it was assumed
    joined: bool = False  # the end of a range that the mention before it begins


def _span(index: int, count: int, unit: str) -> Period:
    """The period of `count` months that begins with month number `index` (year * 12 + month - 1)."""
    after = index + count
    last = date(after // 12, after % 12 + 1, 1) - timedelta(days=1)
    return Period(date(index // 12, index % 12 + 1, 1), last, unit)


def _index(day: date) -> int:
    return day.year * 12 + day.month - 1


def relative(unit: str, offset: int, today: date, count: int = 1) -> Period:
    """The `count` units from `offset` units after the one that today is in: ("quarter", -1, today) is the last quarter."""
    if unit in MONTHS_IN:
        size = MONTHS_IN[unit]
        return _span(_index(today) // size * size + offset * size, size * count, unit)
    size = _DAYS_IN[unit]
    base = today - timedelta(days=today.weekday()) if unit == "week" else today
    first = base + timedelta(days=offset * size)
    return Period(first, first + timedelta(days=size * count - 1), unit)


def shifted(period: Period, count: int, unit: str) -> Period:
    """The same period some units earlier or later."""
    if unit in _DAYS_IN:
        distance = timedelta(days=count * _DAYS_IN[unit])
        return Period(period.first + distance, period.last + distance, period.unit)
    index = _index(period.first) + count * MONTHS_IN[unit]
    if period.unit in MONTHS_IN:
        return _span(index, _index(period.last) - _index(period.first) + 1, period.unit)
    first = _day(period.first.day, index)
    return Period(first, first + (period.last - period.first), period.unit)


def pieces(period: Period, unit: str, today: date) -> list[Period]:
    """Cuts a period into units; of a larger unit only what has ended, if anything of it has: this year's quarters so far."""
    if unit == "day":
        return [Period(period.first, period.last, "day")]
    size = MONTHS_IN[unit]
    start = _index(period.first) // size * size
    parts = [_span(index, size, unit) for index in range(start, _index(period.last) + 1, size)]
    if _SIZE[period.unit] > _SIZE[unit]:
        parts = [part for part in parts if part.last < today] or parts
    return parts


def _day(day: int, index: int) -> date:
    last = _span(index, 1, "month").last
    return last.replace(day=min(day, last.day))


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[re.sub(r"\s+", " ", word.lower())]


def _year(word: str | None, today: date) -> int | None:
    """The year a phrase names: 2024, '24, last year, this year."""
    digits = re.search(r"\d+", word or "")
    if digits:
        return int(digits.group()) + (2000 if int(digits.group()) < 100 else 0)
    return today.year - (0 if re.match("this|the current", word) else 1) if word else None


def _part(size: int, number: int, year: int | None, today: date, unit: str) -> Period:
    """The n-th month, quarter or half of a year; without a year the most recent one that has ended."""
    period = _span((year or today.year) * 12 + (number - 1) * size, size, unit)
    return shifted(period, -1, "year") if year is None and period.last >= today else period


_YEAR = r"(?:(?:of|in|/|-|,)?\s*(?:FY\s*)?(?P<year>(?:19|20)\d\d(?![\d-])|'\d\d\b|(?:the\s+)?(?:last|previous|prior|this|current)\s+year))?"
_MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_DAYNO = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_COUNT = r"(?P<count>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|a|an|couple\s+of)"
_UNIT = r"(?P<unit>day|week|month|quarter|half|year)s?"
_LAST, _NEXT = r"last|latest|past|most\s+recent|previous|prior|preceding", r"next|coming|upcoming|following"
Found = tuple[Period | None, int, bool]  # period, shift in months, bare


def _quarter(m: re.Match[str], today: date) -> Found:
    year = _year(m["iso"] or m["year"], today)
    number = int(m["q1"] or m["q2"] or _ORDINALS[m["nth"].lower()])
    return _part(3, number, year, today, "quarter"), 0, year is None


def _half(m: re.Match[str], today: date) -> Found:
    year = _year(m["year"], today)
    return _part(6, int(m["n"]) if m["n"] else _ORDINALS[m["nth"].lower()], year, today, "half"), 0, year is None


def _month(m: re.Match[str], today: date) -> Found:
    year = _year(m["year"], today)
    if year is None and m["month"] in ("may", "march", "mar", "dec") and not _BEFORE_MONTH.search(m.string[: m.start()]):
        return None, 0, False  # a verb, or an abbreviation of something else
    return _part(1, _MONTH_NAMES.index(m["month"][:3].lower()) + 1, year, today, "month"), 0, year is None


def _calendar_day(m: re.Match[str], today: date) -> Found:
    year, month = _year(m["year"], today), _MONTH_NAMES.index(m["month"][:3].lower())
    day = _day(int(m["day"]), (year or today.year) * 12 + month)
    if year is None:  # the coming one; after "since" the one that was
        past = re.search(r"\b(?:since|after|last)\s+(?:the\s+)?$", m.string[: m.start()], re.I)
        day = _day(day.day, _index(day) + (-12 if past and day > today else 12 if not past and day < today else 0))
    return Period(day, day, "day"), 0, year is None


def _iso_day(m: re.Match[str], today: date) -> Found:
    try:
        day = date(int(m[1]), int(m[2]), int(m[3]))
    except ValueError:
        return None, 0, False
    return Period(day, day, "day"), 0, False


def _several(m: re.Match[str], today: date) -> Found:
    count, unit = _number(m["count"]), m["unit"].lower()
    return relative(unit, 1 if re.match(_NEXT, m["which"], re.I) else -count, today, count), 0, False


def _single(m: re.Match[str], today: date) -> Found:
    which, unit = m["which"].lower(), m["unit"].lower()
    offset = -1 if re.match(_LAST, which) else 1 if re.match(_NEXT, which) else 0
    relation = re.match("previous|prior|preceding|following", which) is not None
    return relative(unit, offset, today), offset if relation else 0, False


def _distance(m: re.Match[str], today: date) -> Found:
    sign, unit, count = (1 if m["ahead"] else -1), m["unit"].lower(), _number(m["count"])
    if unit in MONTHS_IN and sign < 0:
        return relative(unit, -count, today), 0, False
    day = _day(today.day, _index(today) + count * MONTHS_IN[unit]) if unit in MONTHS_IN else None
    return Period(day, day, "day") if day else _near_day(today, sign * count * _DAYS_IN[unit]), 0, False


def _near_day(today: date, days: int) -> Period:
    return Period(today + timedelta(days=days), today + timedelta(days=days), "day")


def _weekday(m: re.Match[str], today: date) -> Found:
    """Friday is the coming one, next Friday that of next week, last Friday the one that was."""
    which, number = (m["which"] or "").lower(), _WEEKDAYS.index(m["name"][:3].lower())
    ahead = (number - today.weekday()) % 7
    if which == "next":
        ahead = number - today.weekday() + 7
    elif which == "last":
        ahead = ahead - 7
    return _near_day(today, ahead), 0, False


def _moved(m: re.Match[str], today: date) -> Found:
    return None, 1 if m["ahead"] else -1, False


_RULES: list[tuple[re.Pattern[str], Callable[[re.Match[str], date], Found]]] = [
    (re.compile(pattern, re.I), rule)
    for pattern, rule in (
        (r"\b(\d{4})-(\d{2})-(\d{2})\b", _iso_day),
        (r"\b(?:the\s+)?day\s+after\s+tomorrow\b", lambda m, t: (_near_day(t, 2), 0, False)),
        (r"\b(?:the\s+)?day\s+before\s+yesterday\b", lambda m, t: (_near_day(t, -2), 0, False)),
        (rf"\b(?:the\s+)?{_UNIT}\s+before\s+last\b", lambda m, t: (relative(m["unit"].lower(), -2, t), 0, False)),
        (rf"\b(?:the|a|an|one)\s+{_UNIT}\s+(?:before|earlier|prior|(?P<ahead>after|later))\b", _moved),
        (r"\bsame\s+(?:quarter|month|period|time)\s+(?:(?:of|in)\s+)?(?:the\s+)?(?:last|previous|prior)\s+(?P<unit>year)(?P<ahead>)", _moved),
        (r"\b(?:compared (?:to|with)|vs\.?|versus|against|than|over)\s+(?:the\s+)?(?:last|previous|prior)\s+(?P<unit>year)(?P<ahead>)\b", _moved),
        (r"\b(?P<unit>year)[- ](?:over|on)(?P<ahead>)[- ]year\b", _moved),
        (r"\b(?:before|after(?P<ahead>))\s+that\b", _moved),
        (rf"\b{_DAYNO}(?:\s+of)?\s+{_MONTH},?\s*{_YEAR}(?!\w)", _calendar_day),
        (rf"\b{_MONTH}\s+(?:the\s+)?{_DAYNO}(?!\d),?\s*{_YEAR}(?!\w)", _calendar_day),
        (
            rf"\b(?:(?P<iso>\d{{4}})[-\s/]?Q(?P<q1>[1-4])\b|(?:Q(?P<q2>[1-4])|(?P<nth>first|second|third|fourth|1st|2nd|3rd|4th)\s+quarter)\b\s*{_YEAR})",
            _quarter,
        ),
        (rf"\b(?:H(?P<n>[12])|(?P<nth>first|second|1st|2nd)\s+half)\b\s*{_YEAR}", _half),
        (rf"\b(?:the\s+)?(?P<which>{_LAST}|{_NEXT})\s+{_COUNT}\s+(?:complete[d]?\s+|full\s+)?{_UNIT}\b", _several),
        (
            rf"\b(?:the\s+)?(?P<which>{_LAST}|{_NEXT}|this|current)\s+(?:complete[d]?\s+|full\s+|calendar\s+|fiscal\s+|financial\s+)*{_UNIT}\b",
            _single,
        ),
        (rf"\b(?P<ahead>in|within)\s+(?:a\s+)?{_COUNT}\s+{_UNIT}\b(?!\s+ago)", _distance),
        (rf"\b(?P<ahead>)(?:a\s+)?{_COUNT}\s+{_UNIT}\s+ago\b", _distance),
        (r"\b(?:year\s+to\s+date|ytd|so\s+far\s+this\s+year)\b", lambda m, t: (relative("year", 0, t), 0, False)),
        (r"\btomorrow\b", lambda m, t: (_near_day(t, 1), 0, False)),
        (r"\byesterday\b", lambda m, t: (_near_day(t, -1), 0, False)),
        (r"\b(?:today|tonight)\b", lambda m, t: (_near_day(t, 0), 0, False)),
        (
            r"\b(?:(?P<which>this|next|last|on|coming)\s+)?(?P<name>(?:mon|tues|wednes|thurs|fri|satur|sun)day)s?\b",
            _weekday,
        ),
        (r"\b(?P<year>(?:19|20)\d\d)-(?P<n>0[1-9]|1[0-2])\b(?!-)", lambda m, t: (_part(1, int(m["n"]), int(m["year"]), t, "month"), 0, False)),
        (rf"\b{_MONTH},?\s*{_YEAR}(?!\w)", _month),
        (r"\b(?:FY\s*)?((?:19|20)\d\d)\b(?!-)", lambda m, t: (_span(int(m[1]) * 12, 12, "year"), 0, False)),
    )
]
_BEFORE_MONTH = re.compile(r"\b(?:in|of|for|since|last|next|from|to|until|and|through)\s+$", re.I)
_SHARED_MONTH = re.compile(rf"\b{_DAYNO}\s*(?=(?:to|until|till|through|and|-|–)\s*[0-3]?\d(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH},?\s*{_YEAR})", re.I)
_RANGE = re.compile(r"^\s*(?:to|through|thru|until|till|up\s+to|-|–)\s*(?:the\s+)?$", re.I)
_BETWEEN = re.compile(r"\bbetween\s+(?:the\s+)?$", re.I)


def find(text: str, today: date) -> list[Mention]:
    """The periods a text mentions, in order, each as far as the words and today's date settle it."""
    mentions = list(_matches(text, today))
    mentions.sort(key=lambda mention: mention.start)
    return _join(_borrow_years(mentions, today), text)


def _matches(text: str, today: date) -> Iterator[Mention]:
    taken: list[tuple[int, int]] = []
    rules = [(_SHARED_MONTH, _calendar_day), *_RULES]
    for pattern, rule in rules:
        for match in pattern.finditer(text):
            start, end = match.span()
            free = all(end <= a or start >= b for a, b in taken)
            period, shift, bare = rule(match, today) if free else (None, 0, False)
            unit = (match.groupdict().get("unit") or "").lower() if shift else ""
            if period or shift:
                end -= len(match.group()) - len(match.group().rstrip(" ,"))
                taken.append((start, end))
                yield Mention(start, end, period, shift, unit, bare)


def _borrow_years(mentions: list[Mention], today: date) -> list[Mention]:
    """Gives "Q2 and Q3 2024" and "Q3 in 2024 and 2025" the years that stand beside them."""
    years = [m.period.first.year for m in mentions if m.period and m.period.unit == "year" and not m.shift]
    bare = [m for m in mentions if m.bare and m.period and m.period.unit != "day"]
    if years and bare:
        dated = [replace(m, period=_in_year(m.period, year), bare=False) for year in years for m in bare if m.period]
        return sorted([m for m in mentions if m not in bare and not (m.period and m.period.unit == "year")] + dated, key=lambda m: m.start)
    result: list[Mention] = []
    for position, mention in enumerate(mentions):
        near = [m for m in mentions[position + 1 : position + 2] + mentions[max(0, position - 1) : position] if m.period and not m.bare]
        lender = next((m for m in near if m.period and mention.period and m.period.unit == mention.period.unit), None)
        if mention.bare and mention.period and mention.period.unit != "day" and lender and lender.period:
            mention = replace(mention, period=_in_year(mention.period, lender.period.first.year), bare=False)
        result.append(mention)
    return result


def _in_year(period: Period, year: int) -> Period:
    return shifted(period, year - period.first.year, "year")


def _join(mentions: list[Mention], text: str) -> list[Mention]:
    for position in range(1, len(mentions)):
        before, mention = mentions[position - 1], mentions[position]
        gap = text[before.end : mention.start]
        between = _BETWEEN.search(text[: before.start]) and gap.strip() == "and"
        if before.period and mention.period and (between or _RANGE.match(gap)):
            first, last = before.period, mention.period
            if first.first > last.first and before.bare:
                mentions[position - 1] = replace(before, period=shifted(first, -1, "year"))
            mentions[position] = replace(mention, joined=True)
    return mentions
