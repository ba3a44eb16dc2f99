"""What to do next: call tools, ask for what is missing, decline, or answer from the results."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from agentcore_kit.local.offline_model import answer, periods, scope, speech, values
from agentcore_kit.local.offline_model.catalogue import Kind
from agentcore_kit.local.offline_model.conversation import Call, Conversation
from agentcore_kit.local.offline_model.ranking import Index, Match
from agentcore_kit.local.offline_model.request import Request, overlaps
from agentcore_kit.local.offline_model.text import stems
from agentcore_kit.local.offline_model.understanding import Intent, offered, request_of, understand

MOST_CALLS = 40  # more calls than this at once are a misunderstanding

RULE_SHARE = 0.2  # share of a request's words that a limit of the prompt must name
ALARM_SHARE = 0.4  # the same, for what a person must take over whatever else the request speaks of
_TOLD_TO = 2.0  # how much more a tool weighs against a limit when the request begins with the verb for it
_SMALL_TALK = re.compile(
    r"""
    ^\W*(?:(?:hi|hello|hey|good\s(?:morning|afternoon|evening|day)|thanks?|thank\syou|many|cheers|great|perfect|ok(?:ay)?
        |bye|goodbye|help|that(?:'s|\sis|\swas)?|helped|helpful|very|much|a\slot|so|there|again|never\s?mind|cancel
        |forget\sit)\b\W*)+$
    | \b(?:what\scan\syou\sdo|what\sdo\syou\sdo|who\sare\syou|what\sare\syou|how\scan\syou\shelp)\b
    | \bare\syou\s(?:an?\s)?(?:ai|llm|robot|bot|human)\b
    """,
    re.I | re.X,
)
_FORECAST = set(stems("forecast prediction outlook"))


@dataclass(frozen=True)
class Limit:
    """How far a request runs into one limit of the prompt."""

    rule: scope.Rule
    words: frozenset[str]  # the request's words that it has, and no wanted tool
    weight: float  # of these words
    against: float  # of the words that speak for the wanted tools
    share: float  # of these words in the request
    holds: bool


@dataclass
class Plan:
    """Tool calls to make, or else a text to say."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    text: str = ""


def decide(conversation: Conversation, index: Index, rules: tuple[scope.Rule, ...]) -> Plan:
    """Decides on the next step of a conversation, and calls the user by name when the context gives it."""
    plan = _decide(conversation, index, rules)
    return Plan(plan.calls, answer.addressed(plan.text, conversation.user_name))


def _decide(conversation: Conversation, index: Index, rules: tuple[scope.Rule, ...]) -> Plan:
    request, done = request_of(conversation), conversation.turns[-1].calls
    if not done and (not request.text or _SMALL_TALK.search(request.text)):
        return Plan(text=answer.greeting(index.tools))
    if not done and scope.is_override(request.text):
        return Plan(text=answer.refusal(None, index.tools))
    matches = index.rank(request)
    held = offered(matches)
    if held and not done:
        rule = _limit(request, [held], index, rules)
        needed = [parameter for parameter in held.tool.required if parameter.name not in held.filled.values]
        return Plan(text=answer.refusal(rule, index.tools) if rule else answer.offer(held.tool, needed))
    intents = understand(conversation, index, matches)
    if done:
        return _after_results(answer.as_documented(done, index.tools), intents)
    wanted = [match for match in matches if match.tool in [intent.tool for intent in intents]]
    rule = _limit(request, wanted, index, rules) or person(request, wanted, rules)
    if rule or not intents:
        return Plan(text=answer.refusal(rule, index.tools))
    missing = next((intent.missing for intent in intents if intent.missing), None)
    if missing:
        return Plan(text=answer.question(missing))
    calls = [call for intent in intents for call in intent.calls]
    if len(calls) > MOST_CALLS:
        return Plan(text=f"That would take {len(calls)} look-ups at once. Could you narrow it down?")
    return Plan(calls=calls)


def person(request: Request, wanted: list[Match], rules: tuple[scope.Rule, ...]) -> scope.Rule | None:
    """Who takes over for somebody who asks for a person, or complains of what no tool is for."""
    asked = speech.wants_person(request.text) and not any(match.complete and match.strong for match in wanted)
    if asked or (speech.complains(request.text) and not any(match.strong & match.plain for match in wanted)):
        return scope.takes_over(rules)
    return None


def _limit(request: Request, wanted: list[Match], index: Index, rules: tuple[scope.Rule, ...]) -> scope.Rule | None:
    """The limit of the prompt that a request runs into, if it fits that better than the tools wanted.

    Of two that fit as well, a question is declined, and what somebody tells is for a person to hear.
    """
    found = [limit for limit in limits(request, wanted, index, rules) if limit.holds]
    first = scope.DECLINE if request.asks_fact else scope.ESCALATE
    return max(found, key=lambda limit: (limit.weight, limit.rule.kind == first)).rule if found else None


def limits(request: Request, wanted: list[Match], index: Index, rules: tuple[scope.Rule, ...]) -> list[Limit]:
    """How far a request runs into each limit of the prompt, given the tools that it seems to want."""
    said = _said(request)
    total = index.weight(said) or 1.0
    said |= speech.said_otherwise(request.text)
    explained = {word for match in wanted for word in match.words}
    known = {word for word in said if index.in_full(word) in explained}
    telling = known - _identifying(request, wanted)
    reasons = {
        token.stem for m in wanted for token in request.tokens if overlaps(token.start, token.end, m.filled.reasons)
    }  # why somebody wants something may be said in any words; a person must take over nevertheless
    told_to = request.tokens and any(m.tool.writes and request.tokens[0].stem in m.strong & m.plain for m in wanted)
    result = []
    for rule in rules:
        counted = said - known - (reasons if rule.kind == scope.DECLINE else set())
        only_rule = frozenset(word for word in counted if rule.speaks_of(word))
        weight, against = index.weight(only_rule), index.weight(telling - rule.words)
        against *= _TOLD_TO if told_to else 1.0
        share = weight / total
        alarm = rule.kind == scope.ESCALATE and share >= ALARM_SHARE
        holds = share >= RULE_SHARE and (len(only_rule) > 1 or weight > against or alarm)
        result.append(Limit(rule, only_rule, weight, against, share, holds))
    return result


def _identifying(request: Request, wanted: list[Match]) -> set[str]:
    """The words of identifiers, such as a customer's number: they speak for no tool."""
    taken = [p for match in wanted for p in match.tool.parameters if p.kind is Kind.IDENTIFIER]
    places = [(found.start, found.end) for parameter in taken for found in values.identifiers(parameter, request)]
    return {token.stem for token in request.tokens if overlaps(token.start, token.end, places)}


def _said(request: Request) -> set[str]:
    """The words of a request without its dates; what it wants for a period that has not begun would be a forecast."""
    dated = [(mention.start, mention.end) for mention in request.mentions]
    periods_said = [mention.period for mention in request.mentions if mention.period and mention.period.unit != "day"]
    future = any(period.first > request.today for period in periods_said)
    said = {token.stem for token in request.tokens if not overlaps(token.start, token.end, dated)}
    return said | _FORECAST if future else said


def _after_results(calls: list[Call], intents: list[Intent]) -> Plan:
    """Goes on to a calculation when its numbers have come, else answers. Nothing is ever called twice."""
    called = {call.name for call in calls}
    derived = [(intent.tool.name, *pair) for intent in intents if intent.source for pair in _derived(intent, calls)]
    if any(name not in called for name, _, _ in derived):
        return Plan(calls=[(name, inputs) for name, _, inputs in derived if name not in called])
    return Plan(text=answer.phrase(calls, [about for _, about, _ in derived]))


def _derived(intent: Intent, calls: list[Call]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """A calculation's inputs from the results so far, each with what it is about: by entity, then by period."""
    source = intent.source.tool if intent.source else intent.tool
    period = next((parameter.name for parameter in source.parameters if parameter.kind in periods.UNITS), "")
    given = {name: values[0] for name, values in intent.values.items()}
    groups: dict[str, list[Call]] = {}
    for call in calls:
        if call.name == source.name and not call.failed:
            groups.setdefault(str({k: v for k, v in call.input.items() if k != period}), []).append(call)
    result = []
    for group in groups.values():
        ordered = sorted(group, key=lambda call: str(call.input.get(period, "")))
        pairs = pairwise(ordered) if len(intent.tool.numbers) == 2 else zip(ordered, ordered, strict=True)
        for earlier, later in pairs:
            numbers = {p.name: answer.figure(earlier if p.role < 0 else later, p) for p in intent.tool.numbers}
            result.append((later.input, {**given, **numbers}))
    return [(about, inputs) for about, inputs in result if None not in inputs.values()]
