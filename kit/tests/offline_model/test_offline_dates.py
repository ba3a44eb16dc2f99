"""Dates and periods in plain words; the day is Monday, 16 November 2026."""

from __future__ import annotations

from datetime import date

import pytest

from agentcore_kit.local.offline_model.dates import find, pieces

TODAY = date(2026, 11, 16)


def quarters(text: str) -> list[str]:
    """The quarters of all periods that a text mentions, each once."""
    found = [piece.first for m in find(text, TODAY) if m.period for piece in pieces(m.period, "quarter", TODAY)]
    return list(dict.fromkeys(f"{day.year}-Q{(day.month + 2) // 3}" for day in found))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Q3", "2026-Q3"),
        ("Q4", "2025-Q4"),
        ("Q3 2024", "2024-Q3"),
        ("2024-Q3", "2024-Q3"),
        ("3Q24", "2024-Q3"),
        ("Q3 '24", "2024-Q3"),
        ("third quarter of 2024", "2024-Q3"),
        ("2025 second-quarter results", "2025-Q2"),
        ("the third quarter's revenue in 2024", "2024-Q3"),
        ("last quarter", "2026-Q3"),
        ("last qtr", "2026-Q3"),
        ("the most recent complete quarter", "2026-Q3"),
        ("this quarter", "2026-Q4"),
        ("next quarter", "2027-Q1"),
        ("the quarter before last", "2026-Q2"),
        ("two quarters ago", "2026-Q2"),
        ("Q4 of last year", "2025-Q4"),
        ("last two quarters", "2026-Q2 2026-Q3"),
        ("Q2 and Q3 2024", "2024-Q2 2024-Q3"),
        ("Q1, Q2 and Q3 2025", "2025-Q1 2025-Q2 2025-Q3"),
        ("Q3 in 2024 and 2025", "2024-Q3 2025-Q3"),
        ("2024", "2024-Q1 2024-Q2 2024-Q3 2024-Q4"),
        ("this year", "2026-Q1 2026-Q2 2026-Q3"),
        ("first half of 2025", "2025-Q1 2025-Q2"),
        ("H2 2025", "2025-Q3 2025-Q4"),
        ("the last quarter of 2025", "2025-Q4"),
        ("the first six months of 2026", "2026-Q1 2026-Q2"),
        ("I may ask and march on", ""),
        ("2026-02-31", ""),
        ("Q5 2024", ""),
        ("9999-Q4", ""),
        ("0000-Q1", ""),
        ("Q4 of 1776", ""),
        ("Q1 1850 in EMEA", ""),
        ("July 1850", ""),
        ("in 9999", ""),
    ],
)
def test_quarters(text: str, expected: str) -> None:
    assert quarters(text) == expected.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-01", "2026-12-01"),
        ("12.07.2026", "2026-07-12"),
        ("3 March", "2027-03-03"),
        ("March 3rd, 2027", "2027-03-03"),
        ("since 1 February", "2026-02-01"),
        ("today", "2026-11-16"),
        ("tomorrow", "2026-11-17"),
        ("the day after tomorrow", "2026-11-18"),
        ("yesterday", "2026-11-15"),
        ("on Friday", "2026-11-20"),
        ("next Friday", "2026-11-27"),
        ("last Friday", "2026-11-13"),
        ("in two weeks", "2026-11-30"),
        ("three days ago", "2026-11-13"),
        ("20 to 22 August 2026", "2026-08-20 2026-08-22"),
        ("from 3 July to 5 July", "2027-07-03 2027-07-05"),
    ],
)
def test_days(text: str, expected: str) -> None:
    assert [mention.period.first.isoformat() for mention in find(text, TODAY) if mention.period] == expected.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("July", "2026-07-01..2026-07-31"),
        ("December", "2025-12-01..2025-12-31"),
        ("in may", "2026-05-01..2026-05-31"),
        ("last month", "2026-10-01..2026-10-31"),
        ("last week", "2026-11-09..2026-11-15"),
        ("last 12 months", "2025-11-01..2026-10-31"),
        ("year to date", "2026-01-01..2026-12-31"),
    ],
)
def test_first_and_last_day(text: str, expected: str) -> None:
    periods = [mention.period for mention in find(text, TODAY) if mention.period]
    assert [f"{period.first}..{period.last}" for period in periods] == [expected]


@pytest.mark.parametrize(
    "text", ["July through September", "from Q4 to Q2", "between March and May 2026", "Jul-Sep 2026"]
)
def test_ranges_end_after_they_begin(text: str) -> None:
    first, last = find(text, TODAY)
    assert last.joined
    assert first.period
    assert last.period
    assert first.period.first < last.period.first


@pytest.mark.parametrize(
    ("text", "shift", "unit"),
    [
        ("the year before", -1, "year"),
        ("a month earlier", -1, "month"),
        ("the quarter after", 1, "quarter"),
        ("same quarter last year", -1, "year"),
        ("compared to last year", -1, "year"),
        ("year over year", -1, "year"),
        ("QoQ", -1, "quarter"),
        ("before that", -1, ""),
    ],
)
def test_distances_to_a_period_that_is_known_elsewhere(text: str, shift: int, unit: str) -> None:
    [mention] = find(text, TODAY)
    assert (mention.period, mention.shift, mention.unit) == (None, shift, unit)
