"""What to do next: call tools, ask for what is missing, decline, or answer from the results."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from agent.wiring.offline import answer, periods, scope
from agent.wiring.offline.catalogue import Kind, Parameter, Tool
from agent.wiring.offline.conversation import Call, Conversation, Turn
from agent.wiring.offline.parameters import Filled, Request, combinations, default, fill
from agent.wiring.offline.ranking import Index, Match

MOST_CALLS = 40  # more calls than this at once are a misunderstanding

_RULE_SHARE = 0.2  # share of a request's words that a limit of the prompt must name
_GOES_ON = re.compile(
    r"^\W*(?:ok(?:ay)?,?\s+)?(?:and|also|but|then|now|only|just|what about|how about|(?:the )?same|for|in|into|with)\b", re.I
)
_REFERS = re.compile(r"\b(?:it|that|they|them|there|those|same)\b", re.I)
_AGAIN = re.compile(r"\b(?:again|same|repeat)\b", re.I)
_SMALL_TALK = re.compile(
    r"^\W*(?:(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|thanks?|thank you|many|cheers|great|perfect|ok(?:ay)?|bye|goodbye|help"
    r"|that(?:'s| is| was)?|helped|helpful|very|much|a lot|so|there|again)\b\W*)+$"
    r"|\b(?:what can you do|what do you do|who are you|what are you|how can you help|are you (?:an? )?(?:ai|llm|robot|bot|human))\b", re.I
)


@dataclass
class Plan:
    """Tool calls to make, or else a text to say."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    text: str = ""


@dataclass
class Intent:
    """A request, understood: the tool it needs and what is known of its parameters."""

    tool: Tool
    values: dict[str, list[Any]]
    paired: list[str]
    missing: list[Parameter]
    source: Intent | None = None  # the look-ups that provide the numbers which the text does not give

    @property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """Every call that the values ask for."""
        return [(self.tool.name, values) for values in combinations(self.values, self.paired)]


def decide(conversation: Conversation, index: Index, rules: tuple[scope.Rule, ...]) -> Plan:
    """Decides on the next step of a conversation."""
    text = conversation.turns[-1].text
    if conversation.turns[-1].calls:
        return _after_results(conversation, index)
    if _SMALL_TALK.search(text) or not text:
        return Plan(text=answer.greeting(index.tools))
    if scope.is_override(text):
        return Plan(text=answer.refusal(None, index.tools))
    intent, best = understand(conversation, index)
    rule = _limit(_request(conversation, text), best, index, rules)
    if rule or intent is None:
        return Plan(text=answer.refusal(rule, index.tools))
    if intent.missing:
        return Plan(text=answer.question(intent.tool, intent.missing))
    calls = (intent.source or intent).calls
    if len(calls) > MOST_CALLS:
        return Plan(text=f"That would take {len(calls)} look-ups at once. Could you narrow it down?")
    return Plan(calls=calls)


def understand(conversation: Conversation, index: Index) -> tuple[Intent | None, Match | None]:
    """Finds what the last request needs, with what earlier turns add, and the tool that its own words fit best."""
    *earlier, turn = conversation.turns
    request = _request(conversation, turn.text)
    matches = index.rank(request)
    best = matches[0] if matches and matches[0].accepted else None
    pending = _pending(earlier)
    if pending:
        whole = _request(conversation, f"{pending}\n{turn.text}")
        joint = index.rank(whole)
        another = best and best.plain and best.tool is not joint[0].tool
        if not another and joint[0].accepted:
            return _intent(joint[0].tool, whole, index, {}, joint), best
    before = next((t for t in reversed(earlier) if t.calls), None)
    if before and (best is None or not best.plain or _GOES_ON.search(turn.text) or (_REFERS.search(turn.text) and not best.complete)):
        found = _follow_up(before, request, index, matches)
        if found:
            return found, best
    return (_intent(best.tool, request, index, {}, matches) if best else None), best


def _request(conversation: Conversation, text: str) -> Request:
    said = "\n".join(turn.text for turn in conversation.turns[:-1])
    return Request(text, conversation.today, f"{conversation.context}\n{said}")


def _limit(request: Request, best: Match | None, index: Index, rules: tuple[scope.Rule, ...]) -> scope.Rule | None:
    """The limit of the prompt that a request runs into, if it fits that better than it fits a tool."""
    dated = [(mention.start, mention.end) for mention in request.mentions]
    said = {t.stem for t in request.tokens if not any(start <= t.start < end for start, end in dated)}
    total = sum(map(index.rarity, said)) or 1.0
    known = best.words if best else set()
    found: tuple[float, scope.Rule] | None = None
    for rule in rules:
        only_rule = (said & rule.words) - known
        weight, against = sum(map(index.rarity, only_rule)), sum(map(index.rarity, known - rule.words))
        if weight / total >= _RULE_SHARE and (len(only_rule) > 1 or weight > against) and (not found or weight > found[0]):
            found = weight, rule
    return found[1] if found else None


def _pending(earlier: list[Turn]) -> str:
    """The request that the last question back was about, with the answers given so far."""
    texts: list[str] = []
    for turn in reversed(earlier):
        if not turn.asked_back:
            break
        texts.insert(0, turn.text)
    return "\n".join(texts)


def _follow_up(before: Turn, request: Request, index: Index, matches: list[Match]) -> Intent | None:
    """Reads a request as going on from the one before: the same tool unless it names another, other values kept."""
    last = next((match for match in matches if match.tool.name == before.calls[-1].name), None)
    best = matches[0]
    if best is not last and best.accepted and best.strong and (last is None or best.weight > last.weight):
        last = best
    elif last is None or (last.score < 0.5 and not request.mentions and not _AGAIN.search(request.text)):
        return None
    return _intent(last.tool, request, index, _inputs(before.calls), matches)


def _inputs(calls: list[Call]) -> dict[str, list[Any]]:
    """All values that calls had, by parameter."""
    values: dict[str, list[Any]] = {}
    for call in calls:
        for name, value in call.input.items():
            values.setdefault(name, [])
            values[name] += [value] if value not in values[name] else []
    return values


def _intent(tool: Tool, request: Request, index: Index, base: dict[str, list[Any]], matches: list[Match]) -> Intent:
    filled, sources = fill(tool, request, base), index.sources.get(tool.name, [])
    kept = {name: base[name] for name in tool.names & base.keys() if not sources or name not in {p.name for p in tool.numbers}}
    intent = _completed(tool, request, {**kept, **filled.values}, filled)
    if sources and intent.missing and all(p.kind is Kind.NUMBER for p in intent.missing):
        source = next(match.tool for match in matches if match.tool in sources)
        intent.source = _source(source, tool, request, base)
        intent.missing = intent.source.missing
    return intent


def _completed(tool: Tool, request: Request, values: dict[str, list[Any]], filled: Filled) -> Intent:
    """Adds what the documentation says to use when the user names nothing."""
    for parameter in tool.required:
        if not values.get(parameter.name):
            values[parameter.name] = default(parameter, request)
    missing = [parameter for parameter in tool.required if not values[parameter.name]]
    return Intent(tool, {p.name: values[p.name] for p in tool.parameters if values.get(p.name)}, filled.paired, missing)


def _source(source: Tool, consumer: Tool, request: Request, base: dict[str, list[Any]]) -> Intent:
    """The look-ups for a calculation: for two periods, when it compares a later with an earlier value."""
    filled = fill(source, request, base)
    values = {**{name: base[name] for name in source.names & base.keys()}, **filled.values}
    period = next((p for p in source.parameters if p.kind in periods.UNITS), None)
    if period and {p.role for p in consumer.numbers} == {-1, 1}:
        found = values.get(period.name) or default(period, request)
        values[period.name] = periods.last_and_before(period, found, request.mentions, request.today)
    return _completed(source, request, values, filled)


def _after_results(conversation: Conversation, index: Index) -> Plan:
    """Goes on to the calculation when its numbers have come, else answers. Nothing is ever called twice."""
    calls = conversation.turns[-1].calls
    intent, _ = understand(conversation, index)
    derived = _derived(intent, calls) if intent and intent.source else []
    if intent and derived and all(call.name != intent.tool.name for call in calls):
        return Plan(calls=[(intent.tool.name, values) for _, values in derived])
    return Plan(text=answer.phrase(calls, [about for about, _ in derived]))


def _derived(intent: Intent, calls: list[Call]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """A calculation's inputs from the results so far, each with what it is about: for every entity, period after period."""
    source = intent.source.tool if intent.source else intent.tool
    period = next((p.name for p in source.parameters if p.kind in periods.UNITS), "")
    given = {name: values[0] for name, values in intent.values.items()}
    groups: dict[str, list[Call]] = {}
    for call in calls:
        if call.name == source.name and not call.failed:
            groups.setdefault(str({k: v for k, v in call.input.items() if k != period}), []).append(call)
    result = []
    for group in groups.values():
        ordered = sorted(group, key=lambda call: str(call.input.get(period, "")))
        pairs = zip(ordered, ordered[1:], strict=False) if len(intent.tool.numbers) == 2 else zip(ordered, ordered, strict=True)
        for earlier, later in pairs:
            numbers = {p.name: answer.figure(earlier if p.role < 0 else later, p) for p in intent.tool.numbers}
            result.append((later.input, {**given, **numbers}))
    return [(about, inputs) for about, inputs in result if None not in inputs.values()]
