"""What a request means: the tool it needs and the values for its parameters, seen with the turns before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agentcore_kit.local.offline_model import periods, recall
from agentcore_kit.local.offline_model.catalogue import Kind, Parameter, Tool
from agentcore_kit.local.offline_model.conversation import Call, Conversation, Turn
from agentcore_kit.local.offline_model.parameters import combinations, default, fill
from agentcore_kit.local.offline_model.ranking import Index, Match
from agentcore_kit.local.offline_model.request import Request, overlaps
from agentcore_kit.local.offline_model.text import stems

_MOST_CLAUSES = 6
_CLAUSE = 0.35  # the share that a tool must explain of one half of "... and ...", so that it is called beside another

_GOES_ON = re.compile(
    r"^\W*(?:ok(?:ay)?,?\s+)?(?:and|also|but|then|now|only|just|what about|how about|(?:the )?same|for|in|into|with)\b",
    re.I,
)
_REFERS = re.compile(r"\b(?:it|that|they|them|there|those|same)\b", re.I)
_AGAIN = re.compile(r"\b(?:again|same|repeat)\b", re.I)
_NAME = re.compile(r"\b(?:in|for|of|from)\s+(?:the\s+)?([A-Z][\w-]+)")
_AND = re.compile(r"[;?!]\s+|\.\s+(?=[A-Z])|(?<!\s),?\s+(?:and(?: also| then)?|as well as|plus)\s+|\n", re.I)

Values = dict[str, list[Any]]


@dataclass
class Intent:
    """One thing that is wanted."""

    tool: Tool
    values: Values
    paired: list[str]
    missing: list[Parameter]
    source: Intent | None = None  # the look-ups that provide the numbers which the text does not give

    @property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """Every call that the values ask for, the look-ups first."""
        wanted = self.source or self
        return [(wanted.tool.name, inputs) for inputs in combinations(wanted.values, wanted.paired)]


def request_of(conversation: Conversation) -> Request:
    """The last thing the user said."""
    said = "\n".join(turn.text for turn in conversation.turns[:-1])
    text = recall.with_terms(conversation.turns[-1].text, conversation.context)
    return Request(text, conversation.today, f"{conversation.context}\n{said}")


def offered(matches: list[Match]) -> Match | None:
    """The tool that would do what a request only asks how to do, when no other fits as well."""
    best = next((match for match in matches if match.accepted), None)
    held = max((match for match in matches if match.held and match.fits), key=lambda match: match.score, default=None)
    return held if held and (not best or held.score > best.score) else None


def understand(conversation: Conversation, index: Index, matches: list[Match]) -> list[Intent]:
    """Finds what the last request wants; nothing when no tool fits.

    Args:
        conversation: All turns.
        index: The tools there are.
        matches: How well each fits the last request's own words.
    """
    earlier, request = conversation.turns[:-1], request_of(conversation)
    rest = request.today, request.context
    best = next((match for match in matches if match.accepted), None)
    asked = _asked_about(earlier, request, index, best)
    if asked:
        request = Request(f"{_pending(earlier)}\n{request.text}", *rest, agreed=asked.writes)
        matches = index.rank(request)
        best = next(match for match in matches if match.tool is asked)
    known = {tool.name for tool in index.tools}
    before = next((turn for turn in reversed(earlier) if turn.calls and turn.calls[-1].name in known), None)
    refers = _REFERS.search(request.text) and not (best and best.complete)
    if before and (not best or not best.plain or _GOES_ON.search(request.text) or refers):
        found = _follow_up(before, request, index, matches)
        if found:
            return [found]
    several = _several(Request(_pending(earlier), *rest) if asked else request, request, index)
    return several or ([_intent(best.tool, request, request, index, {})] if best else [])


def _pending(earlier: list[Turn]) -> str:
    """The request that the last question back was about, with the answers given so far."""
    texts: list[str] = []
    for turn in reversed(earlier):
        if not turn.asked_back:
            break
        texts.insert(0, turn.text)
    return "\n".join(texts)


def _asked_about(earlier: list[Turn], request: Request, index: Index, best: Match | None) -> Tool | None:
    """The tool that the model asked back about, when the user answers that and does not want something else."""
    pending = _pending(earlier)
    if not pending or not index.tools:
        return None
    ranked = index.rank(Request(pending, request.today, request.context))
    asked = offered(ranked) or ranked[0]
    given = fill(asked.tool, request).values
    unknown = [p.name for p in asked.tool.required if p.name not in asked.filled.values and p.kind is not Kind.TEXT]
    another = best and best.plain and best.tool is not asked.tool
    return asked.tool if given.keys() & set(unknown) or not another else None


def _follow_up(before: Turn, request: Request, index: Index, matches: list[Match]) -> Intent | None:
    """Reads a request as going on from the one before: the same tool unless it names another, other values kept."""
    last = next(match for match in matches if match.tool.name == before.calls[-1].name)
    best = matches[0]
    only_values = last.filled.values and not last.plain and last.score >= 0.5
    named = best.accepted and best.strong and best.weight > last.weight and not only_values
    if best is not last and (named or last in best.sources):
        last = best
    elif last.score < 0.5 and not request.mentions and not _AGAIN.search(request.text):
        return None
    return _intent(last.tool, request, request, index, _inputs(before.calls))


def _inputs(calls: list[Call]) -> Values:
    """All values that calls had, by parameter."""
    values: Values = {}
    for call in calls:
        for name, value in call.input.items():
            values.setdefault(name, [])
            values[name] += [value] if value not in values[name] else []
    return values


def _several(request: Request, whole: Request, index: Index) -> list[Intent]:
    """The parts of "... and ...", when each clearly wants a tool of its own; a calculation covers its look-ups."""
    texts = [] if request.quoted else [text for text in _AND.split(request.text) if text.strip()]
    wanted: dict[str, tuple[Tool, Request]] = {}
    for text in texts if 1 < len(texts) <= _MOST_CLAUSES and index.tools else []:
        clause = Request(text, whole.today, whole.context)
        match = index.rank(clause)[0]
        telling = match.strong & match.plain or (match.plain and match.complete)
        if match.score >= _CLAUSE and telling and not match.held:
            wanted.setdefault(match.tool.name, (match.tool, clause))
    covered = {source.name for name in wanted for source in index.sources.get(name, [])}
    chosen = [pair for name, pair in wanted.items() if name not in covered]
    return [_intent(tool, clause, whole, index, {}) for tool, clause in chosen] if len(chosen) > 1 else []


def _intent(tool: Tool, clause: Request, whole: Request, index: Index, base: Values) -> Intent:
    """Fills a tool from its own clause, then from the whole request, then from the request before."""
    sources, numbers = index.sources.get(tool.name, []), {p.name for p in tool.numbers}
    kept = {name: value for name, value in base.items() if not (sources and name in numbers)}
    intent = _completed(tool, clause, whole, kept)
    if sources and intent.missing and numbers >= {parameter.name for parameter in intent.missing}:
        source = next(match.tool for match in index.rank(whole) if match.tool in sources)
        intent.source = _look_ups(source, tool, clause, whole, base)
        intent.missing = intent.source.missing
    return intent


def _completed(tool: Tool, clause: Request, whole: Request, base: Values, fixed: Values | None = None) -> Intent:
    """Adds what the documentation says to use when the user names nothing."""
    filled = fill(tool, clause, base)
    around = fill(tool, whole, base).values if whole is not clause else {}
    unknown = {parameter.name for parameter in tool.required if _is_unknown(parameter, tool, whole)}
    kept = {name: base[name] for name in (tool.names & base.keys()) - unknown}
    values = {**kept, **around, **filled.values, **(fixed or {})}
    for parameter in tool.required:
        if not values.get(parameter.name):
            values[parameter.name] = [] if parameter.name in unknown else default(parameter, whole)
    missing = [parameter for parameter in tool.required if not values[parameter.name]]
    return Intent(tool, {p.name: values[p.name] for p in tool.parameters if values.get(p.name)}, filled.paired, missing)


def _is_unknown(parameter: Parameter, tool: Tool, request: Request) -> bool:
    """Whether a request names a value that there is not: nothing else stands for "revenue in Antarctica" or "in Q5"."""
    if parameter.kind in periods.UNITS:
        return any(not mention.period and not mention.shift for mention in request.mentions)
    known = fill(tool, request).spans + [(mention.start, mention.end) for mention in request.mentions]
    words = {word for part in tool.text.values() for word in part}
    names = [stems(match[1]) for match in _NAME.finditer(request.text) if not overlaps(*match.span(1), known)]
    return parameter.kind is Kind.CHOICE and any(name and not words & set(name) for name in names)


def _look_ups(source: Tool, tool: Tool, clause: Request, whole: Request, base: Values) -> Intent:
    """The look-ups for a calculation: for two periods, when it compares a later with an earlier value."""
    intent = _completed(source, clause, whole, base)
    period = next((p for p in source.parameters if p.kind in periods.UNITS), None)
    if period and period not in intent.missing and {parameter.role for parameter in tool.numbers} == {-1, 1}:
        relative = any(mention.shift for mention in whole.mentions) and not any(m.period for m in whole.mentions)
        found = base.get(period.name, [])[-1:] if relative else intent.values.get(period.name, [])
        found = periods.last_and_before(period, found, whole.mentions, whole.today)
        return _completed(source, clause, whole, base, {period.name: found})
    return intent
