"""Why the offline model does what it does with a request, in plain text for a person who mends documentation."""

from __future__ import annotations

from collections.abc import Iterator

from agentcore_kit.local.offline_model import periods, planning, scope
from agentcore_kit.local.offline_model.advice import advice
from agentcore_kit.local.offline_model.catalogue import Kind, Parameter
from agentcore_kit.local.offline_model.conversation import Conversation
from agentcore_kit.local.offline_model.planning import Plan
from agentcore_kit.local.offline_model.ranking import PARTS, THRESHOLD, Index, Match
from agentcore_kit.local.offline_model.request import Request
from agentcore_kit.local.offline_model.scope import is_override
from agentcore_kit.local.offline_model.speech import complains, wants_person
from agentcore_kit.local.offline_model.text import Token, listed
from agentcore_kit.local.offline_model.understanding import Intent, offered, request_of, understand

_MOST_TOOLS = 5
_FORMS = {
    Kind.EMAIL: "an e-mail address",
    Kind.DATE: "a day",
    Kind.MONTH: "a month",
    Kind.QUARTER: "a quarter",
    Kind.YEAR: "a year",
    Kind.NUMBER: "a number",
    Kind.BOOLEAN: "a word of its name or description",
}


def explain(conversation: Conversation, index: Index, rules: tuple[scope.Rule, ...]) -> str:
    """Return why a request's tool was or was not chosen, where each value comes from, and what would have helped.

    Args:
        conversation: Its last turn is the request.
        index: The tools there are.
        rules: The limits of the prompt.
    """
    request = request_of(conversation)
    matches = index.rank(request)
    intents = understand(conversation, index, matches)
    held = offered(matches)
    wanted = [held] if held else [match for match in matches if match.tool in [intent.tool for intent in intents]]
    intents = [] if held else intents
    limits = planning.limits(request, wanted, index, rules)
    plan = planning.decide(conversation, index, rules)
    parts = [
        _decision(plan),
        _words(request, index),
        _ranking(request, index, matches, wanted),
        _values(request, matches, intents),
        _limits(request, wanted, rules, limits),
        (
            "What would change that",
            _lines(advice(request, index, matches, plan, [one.rule for one in limits if one.holds])),
        ),
    ]
    return "\n\n".join(f"{title}\n{body}" for title, body in parts if body)


def _lines(lines: Iterator[str] | list[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _decision(plan: Plan) -> tuple[str, str]:
    calls = [f"calls {name}({', '.join(f'{k}={v!r}' for k, v in inputs.items())})" for name, inputs in plan.calls]
    return "What the offline model does", _lines(calls or ["calls no tool, and says:", *plan.text.splitlines()[:3]])


def _words(request: Request, index: Index) -> tuple[str, str]:
    known = [f"{request.text[t.start : t.end].lower()} {index.rarity(t.stem):.1f}" for t in index.words(request)]
    forms = [
        (request.asks_how, "It asks how something is done: a tool that changes something is not called for it."),
        (
            request.asks_rule and not request.asks_how,
            "It asks what is allowed: a tool that tells the rules fits better.",
        ),
        (
            request.asks_fact and not request.asks_rule,
            "It asks how things are: a tool that changes something counts for 0.3 of its share.",
        ),
        (wants_person(request.text), "It asks for a person."),
        (is_override(request.text), "It tries to read or change the agent's instructions, or to give it another role."),
        (complains(request.text), "It complains."),
    ]
    said = [text for holds, text in forms if holds]
    return (
        "Words that count, and how telling each is (the fewer tools know it, the more)",
        _lines([", ".join(dict.fromkeys(known)) or "none", *said]),
    )


def _ranking(request: Request, index: Index, matches: list[Match], wanted: list[Match]) -> tuple[str, str]:
    def lines() -> Iterator[str]:
        for match in matches[:_MOST_TOOLS]:
            yield f"{match.score:.2f}  {match.tool.name}: {_verdict(match, matches, wanted)}"
            yield from (f"      {line}" for line in _contributions(request, index, match))
        if len(matches) > _MOST_TOOLS:
            yield f"… and {len(matches) - _MOST_TOOLS} more"

    more = "a word that follows another as in the documentation counts 0.30 more"
    return f"Tools, best first: what share of the words each explains, needed is {THRESHOLD:.2f} ({more})", _lines(
        lines()
    )


def _verdict(match: Match, matches: list[Match], wanted: list[Match]) -> str:
    if match is offered(matches):
        return "only offered, as the request asks how and no other tool tells it"
    if match in wanted:
        return "fits"
    if match.held:
        return "not called, as the request only asks how"
    if match.score < THRESHOLD:
        return "explains too little"
    if not match.accepted:
        return "no word of the request stands in its documentation; it has values only"
    return "another fits better"


def _contributions(request: Request, index: Index, match: Match) -> Iterator[str]:
    """What each word adds, word by word: its weight in the part of the documentation that it stands in."""
    missing = []
    for token, weight in zip(index.words(request), match.weights, strict=True):
        word = request.text[token.start : token.end].lower()
        taken = [
            name for name, spans in match.filled.places.items() if (token.start, token.end) in _within(spans, token)
        ]
        part = next((title for name, title in PARTS.items() if token.stem in match.tool.text[name]), "")
        if not weight:
            missing.append(word)
        elif taken and weight >= 1:
            yield f"{word}: {weight:+.2f}, the value of {taken[0]}"
        elif part:
            yield f"{word}: {weight:+.2f}, in {part}"
        else:
            yield f"{word}: {weight:+.2f}, from the tool that looks its numbers up, or as words to search for"
    if request.asks_rule and match.explains:
        yield "more, as it tells how things are done or what is allowed, and that is asked"
    if missing:
        yield f"not in its documentation: {', '.join(dict.fromkeys(missing))}"


def _within(spans: list[tuple[int, int]], token: Token) -> list[tuple[int, int]]:
    return [(token.start, token.end) for start, end in spans if start <= token.start and token.end <= end]


def _values(request: Request, matches: list[Match], intents: list[Intent]) -> tuple[str, str]:
    def lines() -> Iterator[str]:
        for intent in intents:
            match = next(match for match in matches if match.tool is intent.tool)
            for parameter in intent.tool.parameters:
                if text := _source(request, match, intent, parameter):
                    yield f"{intent.tool.name}.{parameter.name}: {text}"

    return "Parameters, and where each value comes from", _lines(lines())


def _source(request: Request, match: Match, intent: Intent, parameter: Parameter) -> str:
    values = intent.values.get(parameter.name, [])
    if not values:
        return f"missing; {_would_be_taken(parameter)}" if parameter in intent.missing else ""
    told = ", ".join(map(repr, values))
    places = match.filled.places.get(parameter.name, [])
    if any(places):
        return f"{told}, from {listed([repr(request.text[start:end]) for start, end in places], 'and')}"
    if parameter.name in match.filled.values:
        return f"{told}, the request itself, or what was said before"
    if parameter.default_rule:
        return f"{told}, as the description says what to use when nothing is named"
    return f"{told}, kept from the request before"


def _would_be_taken(parameter: Parameter) -> str:
    """What a request would have to say for a parameter."""
    if parameter.kind is Kind.CHOICE:
        return f"it takes {listed([str(value) for value in parameter.values])}, or a synonym that its description gives"
    if parameter.kind is Kind.IDENTIFIER and parameter.finder:
        return f"it takes what looks like {parameter.accepts.pattern if parameter.accepts else 'its example'}"
    if parameter.kind in _FORMS:
        default = (
            "; its description could say what to use when none is named" if parameter.kind in periods.UNITS else ""
        )
        return f"it takes {_FORMS[parameter.kind]}{default}"
    if parameter.choices:
        return "the request has none of the examples of its description; give more of them, or what users say for them"
    return "its description gives no example; give some in quotation marks, and what users say for them"


def _limits(
    request: Request, wanted: list[Match], rules: tuple[scope.Rule, ...], limits: list[planning.Limit]
) -> tuple[str, str]:
    said = {token.stem: request.text[token.start : token.end].lower() for token in request.tokens}

    def lines() -> Iterator[str]:
        for limit in limits:
            if limit.words:
                verdict = "holds" if limit.holds else "does not hold"
                yield f"{limit.rule.kind}, {limit.rule.topic!r}: {verdict}"
                words = ", ".join(said.get(word, f"{word}… (said in other words)") for word in sorted(limit.words))
                yield (
                    f"      {words}: {min(limit.share, 1):.0%} of the request, needed are "
                    f"{planning.RULE_SHARE:.0%}; weighs {limit.weight:.1f} against {limit.against:.1f} for the tool"
                )
        if taken := planning.person(request, wanted, rules):
            yield f"escalate: {taken.text}"

    body = _lines(lines())
    return "Limits of the prompt", body or _lines(
        ["none has a word of this request"] if rules else ["the prompt sets none"]
    )
