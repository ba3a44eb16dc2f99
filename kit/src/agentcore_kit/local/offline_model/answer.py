"""Phrases answers: from tool results only, with every figure exactly as a tool gave it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from agentcore_kit.local.offline_model.catalogue import Kind, Parameter, Tool
from agentcore_kit.local.offline_model.conversation import Call
from agentcore_kit.local.offline_model.scope import ESCALATE, Rule
from agentcore_kit.local.offline_model.text import humanise, listed, stem

LABEL = "offline model, not an LLM"

_UNITS = ("unit", "units", "currency")
_OWN_UNIT = re.compile(r"\w(?i:seconds|minutes|hours|days|percent|bytes)$|Ms$|_ms$")
_SCALE = re.compile(r"\b(thousand|million|billion)s\b")
_TRANSIENT = re.compile(r"\b(?:429|50[234]|unavailable|time[d -]*out|temporar\w+|throttl\w+|try again|later)\b", re.I)
_MOST_OFFERS = 6
_LONGEST_LABEL = 40

Row = dict[str, Any]


def offers(tools: list[Tool]) -> str:
    """What the agent can do: the first sentence of each tool's documentation."""
    items = [f"- {tool.summary[0].upper()}{tool.summary[1:]}." for tool in tools if tool.summary]
    return "\n".join(items[:_MOST_OFFERS] + ["- and more."] * (len(items) > _MOST_OFFERS))


def greeting(tools: list[Tool]) -> str:
    """Who answers, and what it can do."""
    can = f"This is what I can do:\n{offers(tools)}" if tools else "I have no tools to work with."
    return f"Hello! I am an {LABEL}. {can}"


def refusal(rule: Rule | None, tools: list[Tool]) -> str:
    """A polite refusal, in the prompt's own words where it gives them; for an escalation, who takes over."""
    if rule and rule.phrase:
        return rule.phrase
    if rule and rule.kind == ESCALATE:
        who = rule.text.split(":", 1)[-1].strip()
        return f"A person needs to take this over: {who[0].lower()}{who[1:]}"
    topic = f" ({rule.topic[0].lower()}{rule.topic[1:]})" if rule and 0 < len(rule.topic) <= _LONGEST_LABEL else ""
    can = f" This is what I can do:\n{offers(tools)}" if tools else ""
    return f"I'm sorry, I can't help with that{topic}: it is outside my scope.{can}"


def addressed(text: str, name: str) -> str:
    """A text that calls the user by name: "Kim, revenue for EMEA, 2026-Q3: 556.2 million USD."."""
    if not name or not text:
        return text
    if text.startswith("Hello!"):
        return f"Hello {name}{text[5:]}"
    if text.startswith("|"):
        return f"{name}, here is what I found:\n\n{text}"
    plain = text[:1] if re.match(r"I\b|.[^a-z]", text) else text[0].lower()
    return f"{name}, {plain}{text[1:]}"


def question(missing: list[Parameter]) -> str:
    """Asks for what is missing, and names the choices."""
    asked = []
    for parameter in missing:
        choices = listed([str(value) for value in parameter.values]) if parameter.kind is Kind.CHOICE else ""
        hint = choices or re.split(r"(?<!e\.g)\. |\.$", parameter.description)[0]
        asked.append(f"{parameter.label} ({hint})" if hint else parameter.label)
    return f"To do that I still need the {listed(asked, 'and the')}. Could you tell me?"


def offer(tool: Tool, missing: list[Parameter]) -> str:
    """Offers to do what was only asked about; nothing is done until the user wants it."""
    needs = f" For that I need the {listed([parameter.label for parameter in missing], 'and')}." if missing else ""
    return f"I can do that for you: {tool.summary[0].lower()}{tool.summary[1:]}.{needs} Shall I?"


def as_documented(calls: list[Call], tools: list[Tool]) -> list[Call]:
    """The calls without what is not among the fields that their tools document: that is no part of the answer.

    Text that somebody slipped into a record is so neither shown nor calculated with.
    """
    fields = {tool.name: set(tool.fields) for tool in tools}
    return [c if c.failed else replace(c, value=_only(c.value, fields.get(c.name, set()))) for c in calls]


def _only(value: Any, fields: set[str]) -> Any:
    if isinstance(value, list):
        return [_only(item, fields) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _only(item, fields) for name, item in value.items() if name in fields} or value


def figure(call: Call, parameter: Parameter) -> float | int | None:
    """The number in a result that a parameter asks for: the one its documentation speaks of, else the first."""
    fields = call.value if isinstance(call.value, dict) else {"value": call.value}
    numbers = {name: value for name, value in fields.items() if _is_number(value) and name not in call.input}
    named = [
        v for name, v in numbers.items() if {stem(word) for word in humanise(name).lower().split()} & parameter.words
    ]
    return next(iter(named or numbers.values()), None)


def phrase(calls: list[Call], about: list[Row]) -> str:
    """The answer to a request from all its calls, tool by tool, and then what failed.

    Args:
        calls: The calls, with their results.
        about: What each call of a calculation was about: its own inputs are numbers that the answer has shown already.
    """
    parts = []
    for name in dict.fromkeys(call.name for call in calls):
        group = [call for call in calls if call.name == name]
        derived = len(about) == len(group) and all(_is_number(value) for call in group for value in call.input.values())
        labels = about if derived else [call.input for call in group]
        parts.append(_results([pair for pair in zip(group, labels, strict=True) if not pair[0].failed], derived))
    return "\n\n".join(filter(None, [*parts, *_failures(calls)]))


def _name(call: Call) -> str:
    return humanise(call.name.rsplit("___", 1)[-1])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _failures(calls: list[Call]) -> list[str]:
    """What failed and what to do, in the tools' own words; the same message is told once."""
    grouped: dict[tuple[str, str, bool], list[str]] = {}
    for call in calls:
        if call.failed:
            message, again = _failure(call.value)
            grouped.setdefault((_name(call), message, again), []).append(_about(call.input))
    return [
        f'I could not complete "{name}" for {"; ".join(filter(None, things)) or "this request"}: {message}. '
        + ("Please try again in a few minutes." if again else "Please check the request and ask again.")
        for (name, message, again), things in grouped.items()
    ]


def _failure(value: Any) -> tuple[str, bool]:
    """What a failed call says, and whether to try again: as it says itself, else as its words let expect."""
    error = value.get("error") or value if isinstance(value, dict) else value
    message = str(error.get("message") or error) if isinstance(error, dict) else str(error)
    message = re.sub(r"^Error(?: \d+)?:\s*", "", message.strip()).rstrip(".")
    again = error.get("retryable") if isinstance(error, dict) else None
    return message, bool(_TRANSIENT.search(message)) if again is None else bool(again)


def _about(label: Row) -> str:
    """What a call was about, in short: "EMEA, 2026-Q3"; numbers and answers of yes or no with their names."""
    parts = []
    for name, value in label.items():
        text = listed([str(item) for item in value], "and") if isinstance(value, list) else str(value)
        if len(text) <= _LONGEST_LABEL and not isinstance(value, dict):
            parts.append(f"{humanise(name)} {text}" if isinstance(value, (int, float)) else text)
    return ", ".join(parts)


def _results(done: list[tuple[Call, Row]], derived: bool) -> str:
    """One result as a sentence, several alike as a table."""
    rows = []
    for call, label in done:
        fields = call.value if isinstance(call.value, dict) else {}
        own = {name: value for name, value in fields.items() if not (derived and name in call.input)}
        rows.append({**label, **own} if own and not _nested(own) else {})
    if len(rows) > 1 and all(rows):
        return _grid(rows) or _table(rows)
    return "\n\n".join(_one(call, label, derived) for call, label in done)


def _nested(fields: Row) -> Row:
    return {name: value for name, value in fields.items() if isinstance(value, (dict, list))}


def _one(call: Call, label: Row, derived: bool) -> str:
    """One result: text as it is, records as a table, fields as a sentence; that there is none, where there is none."""
    value = call.value
    fields = value if isinstance(value, dict) else {}
    fields = {name: item for name, item in fields.items() if not (derived and name in call.input)}
    nested = [f"{humanise(name).capitalize()}:\n\n{_inner(item) or 'none'}" for name, item in _nested(fields).items()]
    parts = [_sentence(fields, label), *nested] if isinstance(value, dict) else [_inner(value)]
    return "\n\n".join(filter(None, parts)) or f'"{_name(call)}" found nothing for {_about(label) or "this request"}.'


def _inner(value: Any) -> str:
    rows = [value] if isinstance(value, dict) else value
    if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
        return _table(rows)
    return ", ".join(str(item) for item in rows) if isinstance(rows, list) else "" if rows is None else str(rows)


def _sentence(fields: Row, label: Row) -> str:
    """ "Revenue for EMEA, 2026-Q3: 556.2 million USD." """
    known = {str(value) for value in label.values()}
    told = {name: value for name, value in fields.items() if name not in _UNITS and str(value) not in known}
    told = {name: value for name, value in told.items() if value is not None and not isinstance(value, (dict, list))}
    long = [str(value) for value in told.values() if len(str(value)) > 2 * _LONGEST_LABEL]
    short = {name: _with_unit(name, value, fields) for name, value in told.items() if str(value) not in long}
    about = f" for {_about(label)}" if _about(label) else ""
    if len(short) == 1:
        sentence = "".join(f"{humanise(name)}{about}: {value}." for name, value in short.items())
    else:
        sentence = (
            f"{about[1:] or 'result'}: {listed([f'{humanise(n)} {v}' for n, v in short.items()], 'and')}."
            if short
            else ""
        )
    return "\n\n".join(filter(None, [sentence[:1].upper() + sentence[1:], *long]))


def _with_unit(name: str, value: Any, fields: Row) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    unit = _unit(fields) if _is_number(value) and not _OWN_UNIT.search(name) else ""
    return f"{value} {unit}".rstrip()


def _unit(fields: Row) -> str:
    return _SCALE.sub(r"\1", " ".join(str(fields[name]) for name in _UNITS if fields.get(name)))


def _table(rows: list[Row]) -> str:
    """A Markdown table; units that all rows share stand in the heading."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    shared = len({_unit(row) for row in rows}) == 1
    columns = [name for name in names if not (shared and name in _UNITS)]
    figures = [name for name in columns if all(_is_number(row.get(name)) for row in rows)]
    heads = [_heading(name, rows[0] if shared and name in figures else {}) for name in columns]
    return _markdown(
        heads, [[_cell(row.get(name)) for name in columns] for row in rows], [name in figures for name in columns]
    )


def _grid(rows: list[Row]) -> str:
    """A table of one figure by two things, such as regions by quarters; "" when the rows are no such grid."""
    names = [name for name in rows[0] if name not in _UNITS]
    figures = [name for name in names if all(_is_number(row.get(name)) for row in rows)]
    things = [name for name in names if name not in figures]
    if len(figures) != 1 or len(things) != 2 or len({_unit(row) for row in rows}) > 1:
        return ""
    down, across = (list(dict.fromkeys(str(row.get(name)) for row in rows)) for name in things)
    cells = {(str(row.get(things[0])), str(row.get(things[1]))): str(row[figures[0]]) for row in rows}
    if min(len(down), len(across)) < 2 or len(cells) != len(rows) or len(cells) != len(down) * len(across):
        return ""
    lines = [[one, *(cells[one, other] for other in across)] for one in down]
    title = f"{_heading(figures[0], rows[0])} by {humanise(things[0])} and {humanise(things[1])}:\n\n"
    return title + _markdown([humanise(things[0]).capitalize(), *across], lines, [False, *[True] * len(across)])


def _heading(name: str, fields: Row) -> str:
    unit = "" if _OWN_UNIT.search(name) else _unit(fields)
    return humanise(name).capitalize() + (f" ({unit})" if unit else "")


def _markdown(heads: list[str], lines: list[list[str]], right: list[bool]) -> str:
    ruler = ["---:" if aligned else "---" for aligned in right]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [heads, ruler, *lines])


def _cell(value: Any) -> str:
    return _plain(value).replace("|", "\\|").replace("\n", " ")


def _plain(value: Any) -> str:
    """A value in words: sentences one after the other, other items and fields with commas."""
    if isinstance(value, dict):
        return ", ".join(f"{humanise(name)} {_plain(item)}" for name, item in value.items())
    if isinstance(value, list):
        items = [_plain(item) for item in value]
        return (" " if all(item.endswith((".", "!", "?")) for item in items) else ", ").join(items)
    return "" if value is None else str(value)
