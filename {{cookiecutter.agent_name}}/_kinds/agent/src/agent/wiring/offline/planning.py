"""What to do next: call tools, ask for what is missing, decline, or answer from the results."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from agent.wiring.offline import answer, scope
from agent.wiring.offline.catalogue import PERIODS, Kind, Parameter, Tool
from agent.wiring.offline.conversation import Call, Conversation, Turn
from agent.wiring.offline.dates import pieces, relative, shifted
from agent.wiring.offline.dates import find as find_dates
from agent.wiring.offline.parameters import MOST_CALLS, Filled, Request, combinations, default, fill
from agent.wiring.offline.ranking import Index, Match


THRESHOLD = 0.3  # share of a request's words that a tool must explain
_RULE_SHARE = 0.2  # share of a request's words that a limit of the prompt must name
_FOLLOW_UP = re.compile(
    r"^\W*(?:ok(?:ay)?,?\s+)?(?:and|also|but|then|now|only|just|what about|how about|(?:the )?same|for|in|into|with)\b"
    r"|\b(?:it|that|they|them|there|those|same)\b(?!\s+(?:is|was)\s+(?:a|an|the)\b)", re.I
)
_GREETING = re.compile(
    r"^\W*(?:(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|thanks?|thank you|many thanks|cheers|great|perfect|ok(?:ay)?|bye|goodbye|help|that(?:'s| is| was)? help(?:ed|ful)|very much|a lot|so much|there|again)\b\W*)+$"
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
    source: Intent | None = None  # where the numbers come from that the text does not give

    @property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """Every call that the values ask for."""
        return [(self.tool.name, values) for values in combinations(self.values, self.paired)]


def decide(conversation: Conversation, index: Index, limits: scope.Scope) -> Plan:
    """Decides on the next step of a conversation."""
    turn = conversation.turns[-1]
    if turn.calls:
        return _after_results(conversation, index)
    if _GREETING.search(turn.text) or not turn.text:
        return Plan(text=answer.greeting(index.tools, limits))
    if scope.is_override(turn.text):
        return Plan(text=answer.refusal(None, index.tools, limits))
    own = _rank(index, _request(conversation, turn.text))
    rule = _limit(own, index, limits, _request(conversation, turn.text))
    if rule:
        return Plan(text=answer.refusal(rule, index.tools, limits))
    intent = understand(conversation, index)
    if intent is None:
        return Plan(text=answer.refusal(None, index.tools, limits))
    if intent.missing:
        return Plan(text=answer.question(intent.tool, intent.missing))
    calls = (intent.source or intent).calls
    if len(calls) > MOST_CALLS:
        return Plan(text=f"That would take {len(calls)} look-ups. Could you narrow it down?")
    return Plan(calls=calls)


def understand(conversation: Conversation, index: Index) -> Intent | None:
    """Finds the tool and the parameters of the last request, with what earlier turns add; None when no tool fits."""
    *earlier, turn = conversation.turns
    request = _request(conversation, turn.text)
    matches = _rank(index, request)
    if not matches:
        return None
    pending = _pending_text(earlier)
    if pending:
        whole = _request(conversation, f"{pending}\n{turn.text}")
        joint = _rank(index, whole)
        changed = _accepted(matches[0]) and matches[0].tool is not joint[0].tool and matches[0].score > 0.6
        if not changed and _accepted(joint[0]):
            return _intent(joint[0].tool, whole, index, {}, joint)
    before = next((t for t in reversed(earlier) if t.calls), None)
    if before and (_FOLLOW_UP.search(turn.text) or not _accepted(matches[0])):
        found = _follow_up(before, request, index, matches)
        if found:
            return found
    return _intent(matches[0].tool, request, index, {}, matches) if _accepted(matches[0]) else None


def _request(conversation: Conversation, text: str) -> Request:
    said = "\n".join(turn.text for turn in conversation.turns[:-1])
    return Request(text, conversation.today, f"{conversation.context}\n{said}")


def _rank(index: Index, request: Request) -> list[Match]:
    covered = [fill(tool, request).spans for tool in index.tools]
    return index.rank(request.tokens, covered)


def _accepted(match: Match) -> bool:
    return match.score >= THRESHOLD


def _limit(matches: list[Match], index: Index, limits: scope.Scope, request: Request) -> scope.Rule | None:
    """The limit of the prompt that a request runs into, if it fits that better than it fits a tool."""
    said = {token.stem for token in request.tokens}
    total = sum(index.rarity(word) for word in said) or 1.0
    known = matches[0].words if matches and _accepted(matches[0]) else set()
    best: tuple[float, scope.Rule] | None = None
    for rule in limits.rules:
        only_rule = (said & rule.words) - known
        weight = sum(index.rarity(word) for word in only_rule)
        only_tool = sum(index.rarity(word) for word in known - rule.words)
        if weight / total >= _RULE_SHARE and (len(only_rule) > 1 or weight > only_tool) and (best is None or weight > best[0]):
            best = weight, rule
    return best[1] if best else None


def _pending_text(earlier: list[Turn]) -> str:
    """The request that the last question back was about, with all answers given so far."""
    texts: list[str] = []
    for turn in reversed(earlier):
        if not turn.asked_back:
            break
        texts.insert(0, turn.text)
    return "\n".join(texts)


def _follow_up(before: Turn, request: Request, index: Index, matches: list[Match]) -> Intent | None:
    """Reads a request as the continuation of the one before: the same tool unless another is named, other values kept."""
    last = next((tool for tool in index.tools if tool.name == before.calls[-1].name), None)
    fit = next((match for match in matches if match.tool is last), None)
    best = matches[0]
    changed = best.tool is not last and best.words and _accepted(best) and best.weight > (fit.weight if fit else 0)
    if not changed and (last is None or not request.mentions and (fit is None or fit.score < 0.5) and request.tokens):
        return None
    tool = best.tool if changed else last
    return _intent(tool, request, index, _inputs(before.calls), matches) if tool else None


def _inputs(calls: list[Call]) -> dict[str, list[Any]]:
    """All values that calls had, by parameter."""
    values: dict[str, list[Any]] = {}
    for call in calls:
        for name, value in call.input.items():
            known = values.setdefault(name, [])
            if value not in known:
                known.append(value)
    return values


def _intent(tool: Tool, request: Request, index: Index, base: dict[str, list[Any]], matches: list[Match]) -> Intent:
    filled = fill(tool, request, base)
    sources = index.sources.get(tool.name, [])
    known = {p.name: base[p.name] for p in tool.parameters if p.name in base and not (sources and p.kind is Kind.NUMBER)}
    intent = _completed(tool, request, {**known, **filled.values}, filled)
    wanted = [p for p in intent.missing if p.kind is Kind.NUMBER]
    if wanted and wanted == intent.missing and sources:
        source = next(match.tool for match in matches if match.tool in sources)
        intent.source = _source(source, tool, request, base)
        intent.missing = intent.source.missing
    return intent


def _completed(tool: Tool, request: Request, values: dict[str, list[Any]], filled: Filled) -> Intent:
    """Adds what the documentation says to use when the user names nothing."""
    for parameter in tool.required:
        if not values.get(parameter.name):
            values[parameter.name] = default(parameter, request)
    missing = [parameter for parameter in tool.required if not values.get(parameter.name)]
    ordered = {p.name: values[p.name] for p in tool.parameters if values.get(p.name)}
    return Intent(tool, ordered, filled.paired, missing)


def _source(source: Tool, consumer: Tool, request: Request, base: dict[str, list[Any]]) -> Intent:
    """The calls that provide a calculation's numbers: of two periods when it compares a later with an earlier value."""
    filled = fill(source, request, base)
    known = {p.name: base[p.name] for p in source.parameters if p.name in base}
    values = {**known, **filled.values}
    period = next((p for p in source.parameters if p.kind in PERIODS), None)
    if period and {p.role for p in consumer.parameters} >= {-1, 1}:
        found = values.get(period.name) or default(period, request) or [_last(period, request)]
        values[period.name] = _two_periods(period, found, filled, request)
    return _completed(source, request, values, filled)


def _last(period: Parameter, request: Request) -> Any:
    found = fill_period(period, relative(PERIODS[period.kind], -1, request.today), request)
    return found[0]


def fill_period(parameter: Parameter, period: Any, request: Request) -> list[Any]:
    """A period as the parameter wants it written."""
    result = []
    for piece in pieces(period, PERIODS[parameter.kind], request.today):
        day = piece.first
        text = parameter.style.format(y=day.year, m=day.month, d=day.day, q=(day.month + 2) // 3)
        result.append(int(text) if text.isdigit() and not parameter.accepts else text)
    return result


def _two_periods(period: Parameter, found: list[Any], filled: Filled, request: Request) -> list[Any]:
    """At least two periods, oldest first: the ends of a range, the periods named, or the one named and the one before it."""
    if any(mention.joined for mention in request.mentions) and len(found) > 2:
        return [found[0], found[-1]]
    if len(found) == 1:
        known = find_dates(str(found[0]), request.today)
        moved = [m.shift for m in request.mentions if m.shift and not m.period and not filled.values.get(period.name)]
        size = {"day": 0, "month": 1, "quarter": 3, "year": 12}[PERIODS[period.kind]]
        if known and known[0].period:
            found = fill_period(period, shifted(known[0].period, moved[0] if moved else -size), request) + found
    return sorted(found)


def _after_results(conversation: Conversation, index: Index) -> Plan:
    """Goes on to the calculation when its numbers have come, else answers. Nothing is ever called a second time."""
    turn = conversation.turns[-1]
    intent = understand(conversation, index)
    if intent and intent.source and all(call.name == intent.source.tool.name for call in turn.calls):
        inputs = [values for _, values in _derived(intent, turn.calls)]
        if inputs:
            return Plan(calls=[(intent.tool.name, values) for values in inputs])
    labels = [label for label, _ in _derived(intent, turn.calls)] if intent and intent.source else []
    return Plan(text=answer.phrase(turn.calls, index.tools, labels))


def _derived(intent: Intent, calls: list[Call]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The calculation's inputs from the results so far, each with what it is about: for every entity, period by period."""
    source = intent.source.tool if intent.source else intent.tool
    numbers = [p for p in intent.tool.required if p.kind is Kind.NUMBER]
    period = next((p.name for p in source.parameters if p.kind in PERIODS), "")
    given = {name: values[0] for name, values in intent.values.items() if values}
    groups: dict[str, list[Call]] = {}
    for call in calls:
        if call.name == source.name and not call.failed:
            about = {k: v for k, v in call.input.items() if k != period}
            groups.setdefault(str(sorted(about.items())), []).append(call)
    result = []
    for group in groups.values():
        ordered = sorted(group, key=lambda call: str(call.input.get(period, "")))
        if len(numbers) == 1:
            result += [(c.input, {**given, numbers[0].name: answer.figure(c, numbers[0])}) for c in ordered]
        for earlier, later in zip(ordered, ordered[1:], strict=False) if len(numbers) == 2 else ():
            inputs = {p.name: answer.figure(earlier if p.role < 0 else later, p) for p in numbers}
            result.append((later.input, {**given, **inputs}))
    return [(about, inputs) for about, inputs in result if all(inputs.get(p.name) is not None for p in numbers)]
