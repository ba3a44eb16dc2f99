"""What there is to say of a turn, held against an acceptable outcome: tools, parameters, and the answer's words.

Nothing here needs the evaluation framework, so that a smoke test, which asks only this, starts quickly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agentcore_kit.evaluation.dataset import Call, Outcome
from agentcore_kit.evaluation.documentation import documented
from agentcore_kit.evaluation.expectations import Pairs, equal, pair
from agentcore_kit.evaluation.figures import numbers, states, ungrounded
from agentcore_kit.evaluation.results import written
from agentcore_kit.evaluation.target import Record

Verdict = tuple[float, str] | None
"""A score from 0 to 1 with its reason; None where there is nothing to judge."""

_NOT = (
    r"(?:(?:ca|wo|do|does|could|is|are)n't|cannot"
    r"|(?:can|will|do(?:es)?|could|may|must|am|is|are|'m|'re)\ not|unable\ to)"
)
_UNABLE = (
    r"(?:(?:ca|wo|could)n't|cannot|(?:can|will|could|may|must)\ not"
    r"|(?:am\ |are\ |'m\ |'re\ )?(?:not\ (?:able|allowed|permitted)|unable)\ to)"
)
_DECLINES = re.compile(
    rf"""\b(?:
      (?:i|we)\ ?(?:\w+ly\ )?{_UNABLE}\ (?!wait|stress|go\ wrong|help\ but|\w+\ (?:it\ |this\ )?enough)\w+ |
      {_NOT} (?:\ (?:able|allowed|permitted)\ to)? (?:\ be|\ \w+ly)? \ (?:help|assist|answer(?:ed)?|provided?|shared?
        |given?|disclosed?|reveal(?:ed)?|discuss(?:ed)?|tell|say|show|offer|make|advise|recommend|comment|comply|predict|forecast
        |speculate|support|cover|include|follow|ignore|place|access|have\ (?:any\ )?access|do\ (?:that|this|so|it))
    | (?:can't|cannot|won't|will\ not) (?=\s*(?:[.,;!]|$))
    | (?:have|has|with)\ no\ access | (?:outside|beyond)\ (?:of\ )?(?:my|our|what|the\ scope) | out\ of\ scope
    | not\ something\ i | i\ (?:can\ )?only\ (?:help|answer) | i\ (?:must\ |have\ to\ )?(?:\w+ly\ )?(?:decline|refuse)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""A no of the one who speaks, or one with the verb that makes it one: "you can't go wrong" declines nothing."""

_MISSING = re.compile(
    rf"""\b(?:
      {_NOT} (?:\ able\ to)? (?:\ \w+ly)? \ (?:complete|retrieve|get|fetch|access|reach|find|provide|calculate|compute
        |determine|give|answer|load|look|have|exist|be|available|defined)
    | unavailable | no\ (?:data|figures?|revenue|value|such|indicator|result|fifth) | try\ again
    | (?<!without\ )fail(?:ed|ure|s)? | time[d\ -]*out | missing | undefined | there\ is\ only\ data
    | error\ (?:\d+|occurred|while|when) | an?\ (?:\w+\ )?error(?!-) | invalid | unreachable
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)


def choose(record: Record, outcomes: Sequence[Outcome]) -> Outcome:
    """Return the acceptable outcome that the turn comes nearest to."""
    if len(outcomes) == 1:
        return outcomes[0]

    def nearness(outcome: Outcome) -> tuple[float, ...]:
        verdicts = (said(record, outcome), selection(record, outcome), parameters(record, outcome))
        return tuple(verdict[0] if verdict else 1.0 for verdict in verdicts)

    return max(outcomes, key=lambda outcome: (sum(nearness(outcome)), nearness(outcome)))


def selection(record: Record, outcome: Outcome) -> Verdict:
    """Whether exactly the right tools were called, whatever their parameters."""
    called = {call["name"] for call in record["calls"]}
    wanted = {call.name for call in outcome.calls}
    optional = set(outcome.may_call) - wanted
    if called - optional == wanted:
        return 1.0, ""
    return 0.0, f"called {names_of(called)}, expected {names_of(wanted)}"


def parameters(record: Record, outcome: Outcome) -> Verdict:
    """The share of calls with the right parameters, among calls of tools that were rightly chosen.

    A call that hangs on what no judge has said is in no share: see `unjudged`.
    """
    wanted, made, pairs = _paired(record, outcome)
    measured = max(len(wanted), len(made)) - len(pairs.undecided)
    if not wanted or not measured:
        return None
    wrong = [f"missing {call}" for index, call in enumerate(wanted) if index not in pairs.found]
    taken = {*pairs.found.values()}
    wrong += [
        f"unexpected {written(call['name'], call['input'])}" for index, call in enumerate(made) if index not in taken
    ]
    return (len(pairs.found) - len(pairs.undecided)) / measured, "; ".join(wrong)


def unjudged(record: Record, outcome: Outcome) -> str:
    """Return which of the expected calls hang on what no judge has said; empty when all could be measured."""
    wanted, _, pairs = _paired(record, outcome)
    return "; ".join(f"not judged: {wanted[index]}" for index in sorted(pairs.undecided))


def _paired(record: Record, outcome: Outcome) -> tuple[list[Call], list[dict[str, Any]], Pairs]:
    """Return the expected calls of tools that were called, the calls of these without repetitions, and their pairs."""
    called = {call["name"] for call in record["calls"]}
    wanted = [call for call in outcome.calls if call.name in called]
    names = {call.name for call in wanted}
    made = _distinct(call for call in record["calls"] if call["name"] in names)
    return wanted, made, pair(made, wanted, record.get("judged", ()))


def said(record: Record, outcome: Outcome) -> Verdict:
    """Whether the answer says what the outcome asks for."""
    answer = record["answer"].replace("’", "'")
    missing = ", ".join(f"{figure}" for figure in outcome.figures if not states(answer, figure))
    problems = [f"does not state {missing}"] if missing else []
    lowered = answer.lower()
    problems += [f"does not mention {text}" for text in outcome.mentions if not _mentions(lowered, text)]
    problems += [f"says {text}" for text in outcome.avoid if text.lower() in lowered]
    match outcome.outcome:
        case "answer" if not answer.strip():
            problems.append("is empty")
        case "decline":
            if not _DECLINES.search(answer):
                problems.append("does not decline")
            if stated := unsaid_figures(record, answer):
                problems.append(f"states {', '.join(stated)}")
        case "clarify":
            if "?" not in answer:
                problems.append("asks nothing back")
            if stated := unsaid_figures(record, answer):
                problems.append(f"states {', '.join(stated)} instead of asking back")
        case "unavailable" if not _MISSING.search(answer):
            problems.append("does not say what is missing")
    return float(not problems), "the answer " + "; ".join(problems) if problems else ""


def unsaid_figures(record: Record, answer: str) -> list[str]:
    """Return the figures of an answer that neither the user said first nor the tools' documentation has."""
    found = ungrounded(answer, numbers(record["input"]))
    return ungrounded(answer, [*numbers(record["input"]), *documented()]) if found else []


def _mentions(lowered: str, text: str) -> bool:
    return any(option.strip().lower() in lowered for option in text.split("|"))


def _distinct(calls: Any) -> list[dict[str, Any]]:
    """Return calls without repetitions: to try again is no wrong parameter."""
    found: list[dict[str, Any]] = []
    for call in calls:
        if not any(each["name"] == call["name"] and equal(each["input"], call["input"]) for each in found):
            found.append(call)
    return found


def names_of(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "no tool"
