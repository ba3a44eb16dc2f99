"""Dates and periods in plain words: "Q3", "July through September", "last two quarters", "next Friday", "in two weeks".

Every expression becomes a period with a first and a last day, whatever its unit. What a tool wants, be it days, months,
quarters or years, is cut from it afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from agentcore_kit.local.offline_model.text import NUMBER_WORDS

MONTHS_IN = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_DAYS_IN = {"day": 1, "week": 7}
_SIZES = ["day", "week", "month", "quarter", "half", "year"]


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
    period: Period | None  # None when the text only says how far from another one, or names none that there is: "Q5"
    shift: int = 0  # that distance, in units
    unit: str = ""  # the unit it is counted in; "" when the text leaves it open: "before that"
    bare: bool = False  # no year was named, so one was assumed
    joined: bool = False  # the end of a range that the mention before it begins


def relative(unit: str, offset: int, today: date, count: int = 1) -> Period:
    """So many units, from `offset` units after the one today is in: ("quarter", -1, today) is the last quarter."""
    if unit in MONTHS_IN:
        size = MONTHS_IN[unit]
        return _months(_index(today) // size * size + offset * size, size * count, unit)
    base = today - timedelta(days=today.weekday()) if unit == "week" else today
    first = base + timedelta(days=offset * _DAYS_IN[unit])
    return Period(first, first + timedelta(days=_DAYS_IN[unit] * count - 1), unit)


def shifted(period: Period, count: int, unit: str) -> Period:
    """The same period some units earlier or later."""
    if unit in _DAYS_IN:
        distance = timedelta(days=count * _DAYS_IN[unit])
        return Period(period.first + distance, period.last + distance, period.unit)
    index = _index(period.first) + count * MONTHS_IN[unit]
    if period.unit in MONTHS_IN:
        return _months(index, _index(period.last) - _index(period.first) + 1, period.unit)
    first = _day(period.first.day, index)
    return Period(first, first + (period.last - period.first), period.unit)


def pieces(period: Period, unit: str, today: date) -> list[Period]:
    """Cuts a period into units. Of a larger one only what has ended counts, if any has: this year's quarters so far."""
    if unit == "day":
        return [replace(period, unit="day")]
    size = MONTHS_IN[unit]
    start = _index(period.first) // size * size
    parts = [_months(index, size, unit) for index in range(start, _index(period.last) + 1, size)]
    if _SIZES.index(period.unit) > _SIZES.index(unit):
        parts = [part for part in parts if part.last < today] or parts
    return parts


def find(text: str, today: date) -> list[Mention]:
    """The periods that a text mentions, in order, each as far as the words and today's date settle it."""
    mentions = sorted(_matches(text, today), key=lambda mention: mention.start)
    return _joined(_with_years(mentions), text)


def _index(day: date) -> int:
    """The number of a day's month, counted from year 0."""
    return day.year * 12 + day.month - 1


def _months(index: int, count: int, unit: str) -> Period:
    """The period of so many months that begins with month number `index`."""
    after = index + count
    last = date(after // 12, after % 12 + 1, 1) - timedelta(days=1)
    return Period(date(index // 12, index % 12 + 1, 1), last, unit)


def _day(day: int, index: int) -> date:
    """A day of month number `index`, or its last when it is shorter."""
    last = _months(index, 1, "month").last
    return last.replace(day=max(1, min(day, last.day)))


def _part(number: int, unit: str, year: int | None, today: date) -> Period:
    """The n-th month, quarter or half of a year; without a year the most recent one that has ended."""
    size = MONTHS_IN[unit]
    period = _months((year or today.year) * 12 + (number - 1) * size, size, unit)
    return shifted(period, -1, "year") if year is None and period.last >= today else period


# The rules: each is a pattern, and a function that gives the period, the distance to another one, and whether the year
# was left open. A rule further up has the first say about a stretch of text.

Found = tuple[Period | None, int, bool]
_NOTHING: Found = (None, 0, False)

_NUMBERS = {word: number for number, word in enumerate(NUMBER_WORDS, 1)} | {"a": 1, "an": 1, "couple of": 2}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
_MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_YEAR = (
    r"(?:(?:of|in|/|-|,)?\s*(?:FY\s*)?"
    r"(?P<year>(?:19|20)\d\d(?![\d-])|\d{4}(?=\s*(?:$|[?.!,;]|(?:and|by|for|in|or|to|vs)\b))|'\d\d\b|\d\d(?=\s*(?:$|[?.!,;]))|(?:the\s+)?(?:last|previous|prior|this|current)\s+year))?"
)
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?"
    r"|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_NTH = r"(?P<nth>first|second|third|fourth|1st|2nd|3rd|4th)"
_COUNT = rf"(?P<count>\d{{1,2}}|{'|'.join(_NUMBERS)})"
_UNIT = r"(?P<unit>day|week|month|quarter|qtr|half|year)s?"
_LAST, _NEXT = "last|latest|past|most recent|previous|prior|preceding", "next|coming|upcoming|following"
_LAST_YEAR = r"(?:the\s+)?(?:last|previous|prior)\s+(?P<unit>year)(?P<ahead>)\b"
_SHORT = {"y": "year", "q": "quarter", "m": "month", "w": "week"}
_WHOLE = r"(?:complete[d]?\s+|full\s+|calendar\s+|fiscal\s+|financial\s+)*"
_TO = "to|through|thru|until|till|up to|-|\u2013"
_BEFORE_MONTH = re.compile(r"\b(?:in|of|for|since|last|next|from|to|until|through)\s+$", re.I)
_RANGE = re.compile(rf"^\s*(?:{_TO})\s*(?:the\s+)?$", re.I)
_BETWEEN = re.compile(r"\bbetween\s+(?:the\s+)?$", re.I)


def _named_year(words: str | None, today: date) -> int | None:
    """The year that a phrase names: 2024, '24, last year, this year."""
    digits = re.search(r"\d+", words or "")
    if digits:
        return int(digits.group()) % 100 + 2000 if len(digits.group()) == 2 else int(digits.group())
    return today.year - (not re.search("this|current", words, re.I)) if words else None


def _named_day(m: re.Match[str], today: date) -> Found:
    """3 March is the coming one, but after "since" the one that was."""
    year, month = _named_year(m["year"], today), _MONTH_NAMES.index(m["month"][:3].lower())
    day = _day(int(m["day"]), (year or today.year) * 12 + month)
    past = re.search(r"\b(?:since|after|last)\s+(?:the\s+)?$", m.string[: m.start()], re.I)
    if year is None and (day > today if past else day < today):
        day = _day(day.day, _index(day) + (-12 if past else 12))
    return Period(day, day, "day"), 0, year is None


def _written_day(m: re.Match[str], today: date) -> Found:
    try:
        day = date(int(m["y"]), int(m["m"]), int(m["d"]))
    except ValueError:
        return _NOTHING
    return Period(day, day, "day"), 0, False


def _quarter(m: re.Match[str], today: date) -> Found:
    year = _named_year(m["iso"] or m["year"], today)
    number = int(m["q1"] or m["q2"] or m["q3"] or m["q4"] or _ORDINALS[m["nth"].lower()])
    return _part(number, "quarter", year, today), 0, year is None


def _half(m: re.Match[str], today: date) -> Found:
    year = _named_year(m["year"], today)
    return _part(int(m["h"] or _ORDINALS[m["nth"].lower()]), "half", year, today), 0, year is None


def _month(m: re.Match[str], today: date) -> Found:
    year = _named_year(m["year"], today)
    if (
        year is None
        and m["month"] in ("may", "march", "mar", "dec")
        and not _BEFORE_MONTH.search(m.string[: m.start()])
    ):
        return _NOTHING  # a verb, or short for something else
    return _part(_MONTH_NAMES.index(m["month"][:3].lower()) + 1, "month", year, today), 0, year is None


def _whole_year(m: re.Match[str], today: date) -> Found:
    return _months(int(m["y"]) * 12, 12, "year"), 0, False


def _of_year(m: re.Match[str], today: date) -> Found:
    """The last quarter of 2025, the first three months of 2026."""
    unit, count, year = _unit(m), _number(m["count"] or "one"), _named_year(m["year"], today)
    if unit not in MONTHS_IN or year is None:
        return _NOTHING
    start = year * 12 + (12 - count * MONTHS_IN[unit] if m["end"].lower() == "last" else 0)
    return _months(start, count * MONTHS_IN[unit], unit), 0, False


def _several(m: re.Match[str], today: date) -> Found:
    count, unit = _number(m["count"]), _unit(m)
    return relative(unit, 1 if re.match(_NEXT, m["which"], re.I) else -count, today, count), 0, False


def _single(m: re.Match[str], today: date) -> Found:
    """Last quarter is the last complete one; the previous quarter is that too, unless another period is spoken of."""
    which, unit = m["which"].lower(), _unit(m)
    offset = -1 if re.match(_LAST, which) else 1 if re.match(_NEXT, which) else 0
    return relative(unit, offset, today), offset if re.match("prev|prior|prec|foll", which) else 0, False


def _distance(m: re.Match[str], today: date) -> Found:
    """In two weeks, three days ago; two quarters ago is a whole quarter."""
    count, unit = _number(m["count"]), _unit(m)
    if m["ahead"] is None and unit in MONTHS_IN:
        return relative(unit, -count, today), 0, False
    return shifted(_days(today, 0), count if m["ahead"] else -count, unit), 0, False


def _weekday(m: re.Match[str], today: date) -> Found:
    """Friday is the coming one, next Friday that of next week, last Friday the one that was."""
    which, number = (m["which"] or "").lower(), _WEEKDAYS.index(m["name"][:3].lower())
    ahead = (number - today.weekday()) % 7
    if which == "next":
        ahead = number - today.weekday() + 7
    return _days(today, ahead - 7 if which == "last" else ahead), 0, False


def _impossible(m: re.Match[str], today: date) -> Found:
    return _NOTHING


def _is_far(m: re.Match[str]) -> bool:
    """Whether the text names a year of another age: 9999-Q4 is no quarter of ours, and must not become one."""
    groups = m.groupdict()
    year = groups.get("iso") or groups.get("y") or groups.get("year") or ""
    return year.isdigit() and len(year) >= 4 and not 1900 <= int(year) <= 2099


def _moved(m: re.Match[str], today: date) -> Found:
    return None, 1 if m["ahead"] else -1, False


def _unit(m: re.Match[str]) -> str:
    """The unit that a phrase counts in; "" when it leaves that open."""
    groups = m.groupdict()
    unit = (groups.get("unit") or _SHORT.get((groups.get("short") or "").lower()) or "").lower()
    return "quarter" if unit == "qtr" else unit


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[" ".join(word.lower().split())]


def _days(today: date, ahead: int) -> Period:
    day = today + timedelta(days=ahead)
    return Period(day, day, "day")


def _fixed(unit: str, offset: int) -> Callable[[re.Match[str], date], Found]:
    return lambda _, today: (relative(unit, offset, today), 0, False)


_PATTERNS: list[tuple[str, Callable[[re.Match[str], date], Found]]] = [
    (
        rf"{_DAY}\s*(?=(?:{_TO}|and)\s*[0-3]?\d(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH},?\s*{_YEAR})",
        _named_day,
    ),  # 1 to 4 May
    (r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})", _written_day),
    (r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})", _written_day),
    (r"(?:the\s+)?day\s+after\s+tomorrow", _fixed("day", 2)),
    (r"(?:the\s+)?day\s+before\s+yesterday", _fixed("day", -2)),
    (rf"(?:the\s+)?{_UNIT}\s+before\s+last", lambda m, today: (relative(_unit(m), -2, today), 0, False)),
    (rf"(?:the|an?|one)\s+{_UNIT}\s+(?:before|earlier|prior|(?P<ahead>after|later))", _moved),
    (rf"same\s+(?:quarter|month|period|time)\s+(?:(?:of|in)\s+)?{_LAST_YEAR}", _moved),
    (rf"(?:compared (?:to|with)|vs\.?|versus|against|than|over|with)\s+{_LAST_YEAR}", _moved),
    (r"(?P<unit>year|quarter|month)[- ](?:over|on)(?P<ahead>)[- ](?:year|quarter|month)", _moved),
    (r"(?P<short>[yqm])(?:o|/)[yqm](?P<ahead>)", _moved),
    (r"(?:(?:before|after(?P<ahead>))\s+that|the\s+one\s+before)", _moved),
    (r"L(?P<short>[QYM])", lambda m, today: (relative(_SHORT[m["short"].lower()], -1, today), 0, False)),
    (rf"{_DAY}(?:\s+of)?\s+{_MONTH},?\s*{_YEAR}(?!\w)", _named_day),
    (rf"{_MONTH}\s+(?:the\s+)?{_DAY}(?!\d),?\s*{_YEAR}(?!\w)", _named_day),
    (
        rf"(?:the\s+)?(?P<end>first|last)\s+(?:{_COUNT}\s+)?{_UNIT}\s+(?:of|in)\s+(?P<year>(?:19|20)\d\d|last year)",
        _of_year,
    ),
    (
        rf"(?:(?P<iso>\d{{4,}})[-\s/]?Q(?P<q1>[1-4])\b"
        rf"|(?:Q(?P<q2>[1-4])|{_NTH}[\s-]+(?:quarter|qtr)|quarter\s+(?P<q3>[1-4])|(?P<q4>[1-4])Q)(?:\b|(?=\d))\s*{_YEAR})",
        _quarter,
    ),
    (rf"Q[05-9]\b\s*{_YEAR}", _impossible),
    (rf"(?:H(?P<h>[12])|{_NTH}\s+half)\b\s*{_YEAR}", _half),
    (rf"(?:the\s+)?(?P<which>{_LAST}|{_NEXT})\s+{_COUNT}\s+{_WHOLE}{_UNIT}", _several),
    (rf"(?:the\s+)?(?P<which>{_LAST}|{_NEXT}|this|current)\s+{_WHOLE}{_UNIT}", _single),
    (rf"(?P<ahead>in|within)\s+(?:a\s+)?{_COUNT}\s+{_UNIT}\b(?!\s+ago)", _distance),
    (rf"(?:a\s+)?{_COUNT}\s+{_UNIT}\s+ago(?P<ahead>(?!))?", _distance),
    (r"(?:year\s+to\s+date|ytd|so\s+far\s+this\s+year)", _fixed("year", 0)),
    (r"tomorrow", _fixed("day", 1)),
    (r"yesterday", _fixed("day", -1)),
    (r"(?:today|tonight)", _fixed("day", 0)),
    (r"(?:(?P<which>this|next|last|on|coming)\s+)?(?P<name>(?:mon|tues|wednes|thurs|fri|satur|sun)day)s?", _weekday),
    (
        r"(?P<y>\d{4})-(?P<m>0[1-9]|1[0-2])\b(?!-)",
        lambda m, today: (_part(int(m["m"]), "month", int(m["y"]), today), 0, False),
    ),
    (rf"{_MONTH},?\s*{_YEAR}(?!\w)", _month),
    (r"in\s+(?P<y>\d{4})(?=\s*(?:$|[?.!,;]))", _whole_year),
    (r"(?:FY\s*)?(?P<y>(?:19|20)\d\d)\b(?!-)", _whole_year),
]
_RULES = [(re.compile(rf"\b{pattern}(?:\b|(?<=\W))", re.I), rule) for pattern, rule in _PATTERNS]


def _matches(text: str, today: date) -> Iterator[Mention]:
    taken: list[tuple[int, int]] = []
    for pattern, rule in _RULES:
        for match in pattern.finditer(text):
            start, end = match.start(), match.start() + len(match.group().rstrip(" ,"))
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            impossible = rule is _impossible or _is_far(match)
            period, shift, bare = _NOTHING if impossible else rule(match, today)
            if period or shift or impossible:
                taken.append((start, end))
                unit = _unit(match) if shift else ""
                yield Mention(start, end, period, shift, unit, bare)


def _with_years(mentions: list[Mention]) -> list[Mention]:
    """Gives quarters and months the years that stand beside them: "Q2 and Q3 2024", "Q3 in 2024 and 2025"."""
    years = [m for m in mentions if m.period and m.period.unit == "year" and not m.shift]
    parts = [m for m in mentions if m.period and m.period.unit in ("month", "quarter", "half") and not m.shift]
    open_parts = [m for m in parts if m.bare]
    if years and parts:
        result = [m for m in mentions if m not in open_parts and m not in years]
        for year in years:
            dated = [_in_year(part, year.period.first.year) for part in open_parts or parts if year.period]
            result += [*dated, replace(dated[-1], start=year.start, end=year.end)]
        return sorted(result, key=lambda mention: mention.start)
    dated = [m for m in parts if not m.bare]
    return [_in_year(m, _lender(m, dated)) if m in open_parts else m for m in mentions]


def _lender(mention: Mention, dated: list[Mention]) -> int | None:
    """The year of the nearest mention that has one and counts in the same unit."""
    periods = [m.period for m in sorted(dated, key=lambda m: abs(m.start - mention.start)) if m.period]
    return next((p.first.year for p in periods if mention.period and p.unit == mention.period.unit), None)


def _in_year(mention: Mention, year: int | None) -> Mention:
    period = mention.period
    if not period or year is None:
        return mention
    return replace(mention, period=shifted(period, year - period.first.year, "year"), bare=False)


def _joined(mentions: list[Mention], text: str) -> list[Mention]:
    """Marks the ends of ranges; "from Q4 to Q2" begins in the year before."""
    for position in range(1, len(mentions)):
        before, mention = mentions[position - 1], mentions[position]
        gap = text[before.end : mention.start]
        between = gap.strip() == "and" and _BETWEEN.search(text[: before.start])
        if before.period and mention.period and (between or _RANGE.match(gap)):
            mentions[position] = replace(mention, joined=True)
            if before.bare and before.period.first > mention.period.first:
                mentions[position - 1] = replace(before, period=shifted(before.period, -1, "year"))
    return mentions
