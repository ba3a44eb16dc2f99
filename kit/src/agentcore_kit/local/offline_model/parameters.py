"""Fills a tool's parameters from a request, by the tool's JSON schema. Nothing is ever invented."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from agentcore_kit.local.offline_model import names, periods, recall, values
from agentcore_kit.local.offline_model.catalogue import Kind, Parameter, Tool
from agentcore_kit.local.offline_model.request import Candidate, Request

_FIRST_CUE = re.compile(
    r"\b(?:from|between|since|was|were|previously|over|vs\.?|versus|compared (?:to|with)|against|than)\s*(?:the\s+)?$",
    re.I,
)
_SECOND_CUE = re.compile(
    r"(?<!compared )\b(?:to|into|in|as|until|till|through|now|towards)\s*(?:the\s+)?$|[-\u2013]\s*$", re.I
)
_ALL = re.compile(r"\b(?:all|every|each|any|both)\b", re.I)

Shares = list[tuple[Parameter, list[Candidate]]]


@dataclass
class Filled:
    """The values found for a tool's parameters, and the places of the text they came from."""

    values: dict[str, list[Any]] = field(default_factory=dict)
    spans: list[tuple[int, int]] = field(default_factory=list)
    evidence: list[tuple[int, int]] = field(default_factory=list)  # the spans that speak for this tool
    reasons: list[tuple[int, int]] = field(default_factory=list)  # the spans that say why: they may be any words
    places: dict[str, list[tuple[int, int]]] = field(default_factory=dict)  # of each parameter's values in the text
    paired: list[str] = field(default_factory=list)  # parameters whose values belong together: "EMEA Q2 and APAC Q3"

    def add(self, parameter: Parameter, candidates: list[Candidate]) -> None:
        """Takes candidates for a parameter; each value is kept once."""
        found = [candidate.value for candidate in candidates]
        unique = [value for number, value in enumerate(found) if value not in found[:number]]
        if not unique:
            return
        self.values[parameter.name] = [unique] if parameter.many else unique
        places = [(candidate.start, candidate.end) for candidate in candidates if candidate.end]
        self.places[parameter.name] = places
        self.spans += places
        # A choice's words stand in the documentation and count there.
        if set(parameter.label.split()) & names.REASON:
            self.reasons += places
        elif parameter.kind is not Kind.CHOICE:
            self.evidence += [(found.start, found.end) for found in candidates if found.sure and found.end]


def fill(tool: Tool, request: Request, base: dict[str, list[Any]] | None = None) -> Filled:
    """Finds what a request gives for each parameter of a tool.

    Args:
        tool: The tool.
        request: What the user said.
        base: Values of the request before it, which "the year before" and "what about Q2?" are relative to.
    """
    filled, places = Filled(), {}
    for group in tool.groups:
        if group[0].kind in periods.UNITS:
            filled.evidence += [
                (mention.start, mention.end) for mention in request.mentions if not mention.period or mention.shift
            ]
        for parameter, chosen in _shared(group, request, filled, base or {}):
            filled.add(parameter, chosen)
            if len(chosen) > 1:
                places[parameter.name] = chosen
    filled.paired = _alternating(places)
    return filled


def default(parameter: Parameter, request: Request) -> list[Any]:
    """What to use when the user names nothing: what a memory says they prefer, else what the documentation says."""
    if parameter.kind is Kind.CHOICE and (values := recall.preferred(parameter, request.context)):
        return values
    if parameter.default_rule and parameter.kind is Kind.CHOICE and _ALL.search(parameter.default_rule):
        return parameter.values
    return [c.value for c in _find(parameter, Request(parameter.default_rule, request.today), Filled(), {})]


def combinations(found: dict[str, list[Any]], paired: list[str]) -> list[dict[str, Any]]:
    """Every call that several values ask for: three regions and four quarters are twelve calls."""
    together = [name for name in found if name in paired] if set(paired) <= found.keys() else []
    rows = zip(*(found[name] for name in together), strict=False) if together else [()]
    alone = [name for name in found if name not in together]
    calls = [
        dict(zip([*together, *alone], [*row, *rest], strict=True))
        for row in rows
        for rest in product(*(found[name] for name in alone))
    ]
    return [{name: call[name] for name in found} for call in calls]


def _alternating(places: dict[str, list[Candidate]]) -> list[str]:
    """The two parameters whose values alternate in the text, as in "EMEA in Q2 and APAC in Q3"."""
    order = [name for _, name in sorted((c.start, name) for name, found in places.items() for c in found)]
    alternate = len(places) == 2 and len(set(order[:2])) == 2 and order == order[:2] * (len(order) // 2)
    return order[:2] if alternate else []


def _find(parameter: Parameter, request: Request, filled: Filled, base: dict[str, list[Any]]) -> list[Candidate]:
    kind = parameter.kind
    if kind in periods.UNITS:
        found = periods.find(parameter, request.mentions, base.get(parameter.name, []), request.today)
        return [Candidate(value, mention.start, mention.end) for value, mention in found]
    if kind is Kind.EMAIL:
        return values.emails(request)
    if kind is Kind.IDENTIFIER:
        return values.identifiers(parameter, request)
    if kind is Kind.CHOICE:
        return values.choices(parameter, request)
    if kind is Kind.NUMBER:
        return values.numbers(request, filled.spans)
    if kind is Kind.BOOLEAN:
        return values.booleans(parameter, request)
    return names.texts(parameter, request, filled.spans)


def _shared(group: list[Parameter], request: Request, filled: Filled, base: dict[str, list[Any]]) -> Shares:
    """What the text offers to the parameters of a group, shared among them."""
    if group[0].kind is Kind.TEXT:
        return _texts(group, request, filled)
    candidates = _find(group[0], request, filled, base)
    roles = {parameter.role: parameter for parameter in group}
    if len(group) == 2 and roles.keys() == {-1, 1}:
        return _by_role(roles[-1], roles[1], candidates, request)
    if group[0].kind is Kind.NUMBER:
        return _by_nearness(group, candidates, request)
    if len(group) == 1:
        return [(group[0], candidates)]
    return [(parameter, [candidate]) for parameter, candidate in zip(group, candidates, strict=False)]


def _texts(group: list[Parameter], request: Request, filled: Filled) -> Shares:
    """Each free text in turn: what one takes is no longer there for the next."""
    result, seen = [], Filled(spans=list(filled.spans))
    for parameter in group:
        found = names.texts(parameter, request, seen.spans)
        seen.add(parameter, found)
        result.append((parameter, found))
    return result


def _by_role(first: Parameter, second: Parameter, candidates: list[Candidate], request: Request) -> Shares:
    """Tells "from A" and "to B" apart; what has no such word is taken in order. A long period has two ends."""
    if first.kind is Kind.NUMBER and len(candidates) < 2:
        return []  # one number alone is no pair to compare
    chosen: dict[int, Candidate] = {}
    rest = []
    for candidate in candidates:
        before = request.text[: candidate.start]
        role = -1 if _FIRST_CUE.search(before) else 1 if _SECOND_CUE.search(before) else 0
        if role and role not in chosen:
            chosen[role] = candidate
        else:
            rest.append(candidate)
    for role in (-1, 1):
        if role not in chosen and rest:
            chosen[role] = rest.pop(0)
    if first.kind is Kind.DATE:
        chosen = {role: _end(role, candidate, request) for role, candidate in chosen.items()}
    return [(parameter, [chosen[role]]) for role, parameter in ((-1, first), (1, second)) if role in chosen]


def _end(role: int, candidate: Candidate, request: Request) -> Candidate:
    """The first or the last day of the period that a candidate was taken from."""
    period = next((m.period for m in request.mentions if m.start == candidate.start), None)
    return candidate._replace(value=(period.last if role > 0 else period.first).isoformat()) if period else candidate


def _by_nearness(group: list[Parameter], candidates: list[Candidate], request: Request) -> Shares:
    """Gives each number to the parameter whose words stand nearest; an optional one takes none without such words."""
    result: Shares = []
    left = list(candidates)
    for parameter in sorted(group, key=lambda p: not p.required):
        scores = [values.nearness(parameter, candidate, request.text) for candidate in left]
        if scores and (max(scores) > 0 or (parameter.required and len(group) == 1)):
            best = left.pop(scores.index(max(scores)))
            result.append((parameter, [values.with_unit(parameter, best, request.text)]))
    return result
