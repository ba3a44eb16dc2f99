"""The words that `cases.py` is written in: dates, and what a right answer is, computed from the sample data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from agent.backend import SampleData
from agentcore_kit.evaluation.dataset import Call, Category, FailureName, Metadata, Outcome, Row, Turn

EMEA, APAC, AMER = REGIONS = ("EMEA", "APAC", "AMER")
REVENUE, GROWTH, MARKET = "getQuarterlyRevenue", "calculateGrowth", "getMarketData"

DATE = date(2026, 11, 16)
"""The day of most rows, as in environments/local.yaml."""

_data = SampleData()


@dataclass(frozen=True)
class At:
    """A day, and the quarters that words like "last quarter" mean on it."""

    day: date

    @property
    def last(self) -> str:
        """The last complete quarter."""
        return shift(f"{self.day.year}-Q{(self.day.month + 2) // 3}", -1)

    def recent(self, quarter: int) -> str:
        """The newest complete quarter of that number: what "Q3" means without a year."""
        found = f"{self.day.year}-Q{quarter}"
        return found if found <= self.last else f"{self.day.year - 1}-Q{quarter}"

    def this_year(self) -> list[str]:
        """The complete quarters of the current year."""
        return [quarter for quarter in year(self.day.year) if quarter <= self.last]


def shift(quarter: str, by: int) -> str:
    """Return the quarter `by` quarters later."""
    index = int(quarter[:4]) * 4 + int(quarter[-1]) - 1 + by
    return f"{index // 4}-Q{index % 4 + 1}"


def year(number: int) -> list[str]:
    """Return the four quarters of a year."""
    return [f"{number}-Q{quarter}" for quarter in range(1, 5)]


@dataclass(frozen=True)
class Expected:
    """One acceptable end of a turn, with an answer in words. `a + b` expects both in one answer."""

    text: str
    outcome: Outcome

    def __add__(self, other: Expected) -> Expected:
        mine, its = self.outcome, other.outcome
        merged = Outcome(
            outcome=mine.outcome,
            calls=[*mine.calls, *(call for call in its.calls if call not in mine.calls)],
            may_call=sorted({*mine.may_call, *its.may_call}),
            figures=list(dict.fromkeys([*mine.figures, *its.figures])),
            mentions=[*mine.mentions, *its.mentions],
            avoid=[*mine.avoid, *its.avoid],
        )
        return Expected(f"{self.text} {other.text}", merged)

    def having(self, **changes: Any) -> Expected:
        """Return the same with other fields of the outcome, for example `may_call` or `mentions`."""
        return Expected(self.text, self.outcome.model_copy(update=changes))


def revenue(regions: str | Iterable[str], quarters: str | Iterable[str]) -> Expected:
    """The revenue of each region in each quarter, and no other call."""
    pairs = [(region, quarter) for region in _list(regions) for quarter in _list(quarters)]
    figures: list[float | str] = [f"{_data.revenue(*pair)} million" for pair in pairs]
    words = (f"{r} revenue in {q} was {f} USD." for (r, q), f in zip(pairs, figures, strict=True))
    return Expected(" ".join(words), Outcome(outcome="answer", calls=[_revenue(*p) for p in pairs], figures=figures))


def growth(regions: str | Iterable[str], current: str, previous: str) -> Expected:
    """The growth of each region's revenue; the two revenues may be in the answer but need not."""
    calls: list[Call] = []
    figures: list[float | str] = []
    words: list[str] = []
    for region in _list(regions):
        new, old = _data.revenue(region, current), _data.revenue(region, previous)
        percent = _percent(new, old)
        calls += [_revenue(region, current), _revenue(region, previous), _growth(new, old)]
        figures.append(percent)
        words.append(f"{region} revenue changed by {percent}, from {old} in {previous} to {new} in {current}.")
    return Expected(" ".join(words), Outcome(outcome="answer", calls=calls, figures=figures))


def growth_of(new: float, old: float) -> Expected:
    """The growth between two values that the user gives."""
    percent = _percent(new, old)
    outcome = Outcome(outcome="answer", calls=[_growth(new, old)], figures=[percent])
    return Expected(f"The change from {old} to {new} is {percent}.", outcome)


def summary(regions: str | Iterable[str], at: At) -> Expected:
    """An executive summary: revenue of the last complete quarter, and its growth on the quarter before."""
    return revenue(regions, at.last) + growth(regions, at.last, shift(at.last, -1))


def market(regions: str | Iterable[str], kind: str = "revenue") -> Expected:
    """The market indicator of each region."""
    found = [(region, _data.market(region, kind)) for region in _list(regions)]
    words = (f"The {region} market's {kind} indicator is {i.value} {i.unit} in {i.period}." for region, i in found)
    calls = [Call(name=MARKET, input={"region": region, "dataType": kind}) for region, _ in found]
    return Expected(
        " ".join(words), Outcome(outcome="answer", calls=calls, figures=[f"{i.value} {i.unit}" for _, i in found])
    )


def no_data(region: str, quarter: str) -> Expected:
    """A quarter without a figure: the tool is asked, and the user is told that there is none."""
    outcome = Outcome(outcome="unavailable", calls=[_revenue(region, quarter)])
    return Expected(f"There is no revenue for {region} in {quarter}; there is data from 2023-Q4 to 2026-Q3.", outcome)


def failing(wanted: Expected, works: Expected | None = None) -> Expected:
    """The calls of `wanted` fail: the user is told so, and given what `works`."""
    outcome = Outcome(outcome="unavailable", calls=wanted.outcome.calls)
    missing = Expected("The service is unavailable at the moment; please try again in a few minutes.", outcome)
    return missing + works if works else missing


def decline(avoid: Iterable[str] = ()) -> Expected:
    """A polite no, with what the agent can do instead, and no tool called."""
    text = "I cannot help with that. I can retrieve revenue, calculate growth and summarise EMEA, APAC and AMER."
    return Expected(text, Outcome(outcome="decline", avoid=list(avoid)))


def escalate(contact: str) -> Expected:
    """A person must take over, and is named."""
    outcome = Outcome(outcome="escalate", may_call=[REVENUE, GROWTH, MARKET], mentions=[contact])
    return Expected(f"A person has to look at this: please contact the {contact}.", outcome)


def clarify() -> Expected:
    """A question back instead of a guess."""
    return Expected("Which region and which quarter do you mean?", Outcome(outcome="clarify"))


def talk(text: str, mentions: Iterable[str] = ()) -> Expected:
    """An answer that needs no tool."""
    return Expected(text, Outcome(outcome="answer", mentions=list(mentions)))


@dataclass
class Case:
    """A conversation: each turn is what the user says and the acceptable ends, the best first."""

    category: Category
    turns: list[tuple[str, list[Expected]]]
    user: str | None = None
    failures: dict[str, FailureName] = field(default_factory=dict)
    injections: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    day: date | None = None

    def row(self, day: date, any_date: bool) -> Row:
        """Return the case as a row of the dataset."""
        best = [accepted[0] for _, accepted in self.turns]
        suffix = f"-{self.day}" if self.day else ""
        return Row(
            scenario_id=f"{self.category}-{_slug(self.turns[0][0])}{suffix}",
            turns=[Turn(input=said, expected_response=accepted[0].text) for said, accepted in self.turns],
            expected_trajectory=[call.name for expected in best for call in expected.outcome.calls],
            assertions=[assertion for expected in best for assertion in _assertions(expected.outcome)],
            metadata=Metadata(
                category=self.category,
                date=self.day or day,
                any_date=any_date,
                expect=[[expected.outcome for expected in accepted] for _, accepted in self.turns],
                user=self.user,
                failures=self.failures,
                injections=self.injections,
                tags=self.tags,
            ),
        )


def _assertions(outcome: Outcome) -> list[str]:
    calls = [f"Calls {c.name} with {', '.join(f'{k} {v}' for k, v in c.input.items())}." for c in outcome.calls]
    said = {
        "answer": [f"States {', '.join(map(str, outcome.figures))}."] if outcome.figures else [],
        "decline": ["Declines politely, says what it can do instead, and calls no tool."],
        "escalate": ["Says that a person must take over and names the contact."],
        "clarify": ["Asks back for what is missing."],
        "unavailable": ["Says what is missing and why, and invents no figure."],
    }[outcome.outcome]
    mentions = [f"Mentions {text}." for text in outcome.mentions]
    return [*calls, *said, *mentions, *(f"Does not say {text}." for text in outcome.avoid)]


def _list(values: str | Iterable[str]) -> list[str]:
    return [values] if isinstance(values, str) else list(values)


def _revenue(region: str, quarter: str) -> Call:
    return Call(name=REVENUE, input={"region": region, "quarter": quarter})


def _growth(new: float, old: float) -> Call:
    return Call(name=GROWTH, input={"currentValue": new, "previousValue": old})


def _percent(new: float, old: float) -> str:
    return f"{round((new - old) / abs(old) * 100, 1)} percent"


def _slug(text: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", text.lower().replace("'", "")))[:60].strip("-")
