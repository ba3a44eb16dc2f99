"""Phrases answers: from tool results only, with every figure exactly as a tool gave it."""

from __future__ import annotations

import re
from typing import Any

from agent.wiring.offline.catalogue import Kind, Parameter, Tool
from agent.wiring.offline.conversation import Call
from agent.wiring.offline.scope import ESCALATE, Rule
from agent.wiring.offline.text import humanise, listed, stem

LABEL = "offline model, not an LLM"
_UNITS = ("unit", "units", "currency")
_TRANSIENT = re.compile(r"\b(?:50[234]|429|unavailable|time[d -]*out|try again|temporar\w+|throttl\w+|later)\b", re.I)
_LONGEST_LIST = 6


def offers(tools: list[Tool]) -> str:
    """What the agent can do: the first sentence of each tool's documentation."""
    items = [f"- {tool.summary[0].upper()}{tool.summary[1:]}." for tool in tools if tool.summary]
    return "\n".join(items[:_LONGEST_LIST] + ["- and more."] * (len(items) > _LONGEST_LIST))


def greeting(tools: list[Tool]) -> str:
    """Who answers, and what it can do."""
    return f"Hello! I am an {LABEL}." + (f" This is what I can do:\n{offers(tools)}" if tools else " I have no tools to work with.")


def refusal(rule: Rule | None, tools: list[Tool]) -> str:
    """A polite refusal, in the prompt's own words where it gives them; for an escalation, who takes over."""
    if rule and rule.phrase:
        return rule.phrase
    if rule and rule.kind == ESCALATE:
        who = rule.text.split(":", 1)[-1].strip()
        return f"A person needs to take this over: {who[0].lower()}{who[1:]}"
    reason = f" ({rule.topic[0].lower()}{rule.topic[1:]})" if rule and len(rule.topic) < 60 else ""
    can = f" This is what I can do:\n{offers(tools)}" if tools else ""
    return f"I'm sorry, I can't help with that{reason}: it is outside my scope.{can}"


def question(tool: Tool, missing: list[Parameter]) -> str:
    """Asks for what is missing and names the choices."""
    asked = []
    for parameter in missing:
        choices = [str(value) for value in parameter.values] if parameter.kind is Kind.CHOICE else []
        hint = listed(choices) if choices else parameter.description.rstrip(".")
        asked.append(f"{parameter.label} ({hint})" if hint else parameter.label)
    return f"To do that I still need the {listed(asked, 'and the')}. Could you tell me?"


def figure(call: Call, parameter: Parameter) -> float | int | None:
    """The number in a result that a parameter asks for: the one its documentation speaks of, else the first."""
    if isinstance(call.value, (int, float)) and not isinstance(call.value, bool):
        return call.value
    if not isinstance(call.value, dict):
        return None
    numbers = {k: v for k, v in call.value.items() if isinstance(v, (int, float)) and not isinstance(v, bool) and k not in call.input}
    named = [v for k, v in numbers.items() if {stem(w) for w in humanise(k).split()} & parameter.words]
    return next(iter(named or numbers.values()), None)


def phrase(calls: list[Call], about: list[dict[str, Any]]) -> str:
    """The answer to a request from all its calls, tool by tool.

    Args:
        calls: The calls, with their results.
        about: What each call of the last tool was about, when that is not among its own inputs.
    """
    names = list(dict.fromkeys(call.name for call in calls))
    parts = []
    for name in names:
        group = [call for call in calls if call.name == name]
        labels = about if about and name == names[-1] and len(about) == len(group) else [call.input for call in group]
        parts.append(_results(group, labels))
    failures = [_failure(call) for call in calls if call.failed]
    parts += list(dict.fromkeys(failures))
    return "\n\n".join(part for part in parts if part)


def _failure(call: Call) -> str:
    value = call.value
    message = str(value.get("error") or value.get("message") or value) if isinstance(value, dict) else str(value)
    message = re.sub(r"^Error:\s*", "", message).strip().rstrip(".")
    about = listed([str(v) for v in call.input.values()], "and")
    advice = "Please try again in a moment." if _TRANSIENT.search(message) else "Please check the request and ask again."
    return f"I could not get {humanise(call.name.rsplit('___', 1)[-1])} for {about}: {message}. {advice}"


def _results(calls: list[Call], labels: list[dict[str, Any]]) -> str:
    done = [(call, label) for call, label in zip(calls, labels, strict=True) if not call.failed]
    if len(done) == 1:
        return _one(*done[0])
    rows = [{**{k: v for k, v in label.items()}, **call.value} for call, label in done if isinstance(call.value, dict)]
    if rows and len(rows) == len(done) and not any(isinstance(v, (list, dict)) for row in rows for v in row.values()):
        return _table(rows)
    return "\n\n".join(_one(call, label) for call, label in done)


def _one(call: Call, label: dict[str, Any]) -> str:
    """One result: as it is when it is text, as a table when it is a list of records, else as a sentence."""
    value = call.value
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return _table(value)
    if not isinstance(value, dict):
        return listed([str(v) for v in value], "and") if isinstance(value, list) else str(value)
    flat = {k: v for k, v in value.items() if not isinstance(v, (list, dict))}
    nested = [f"{humanise(k).capitalize()}:\n\n{_nested(v)}" for k, v in value.items() if isinstance(v, (list, dict))]
    return "\n\n".join(filter(None, [_sentence(flat, label), *nested]))


def _nested(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return _table(value)
    if isinstance(value, dict):
        return _table([value])
    return ", ".join(str(item) for item in value) or "none"


def _sentence(fields: dict[str, Any], label: dict[str, Any]) -> str:
    """ "Revenue for EMEA, 2026-Q3: 556.2 million USD." """
    about = [str(v) for v in label.values() if not isinstance(v, (list, dict))]
    told = {k: v for k, v in fields.items() if k not in _UNITS and str(v) not in about and v is not None}
    texts = {k: v for k, v in told.items() if isinstance(v, str) and len(v) > 60}
    short = [f"{humanise(k)} {_with_unit(v, fields)}" for k, v in told.items() if k not in texts]
    head = f"For {', '.join(about)}: " if about else ""
    sentence = f"{head}{listed(short, 'and')}." if short else ""
    return "\n\n".join(filter(None, [sentence and sentence[0].upper() + sentence[1:], *texts.values()]))


def _with_unit(value: Any, fields: dict[str, Any]) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "yes" if value is True else "no" if value is False else str(value)
    units = [str(fields[k]) for k in _UNITS if fields.get(k)]
    units = [re.sub(r"^(thousand|million|billion)s$", r"\1", unit) for unit in units]
    return " ".join([str(value), *units])


def _table(rows: list[dict[str, Any]]) -> str:
    """A Markdown table; a unit that all rows share goes into the heading."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    shared = [name for name in names if name in _UNITS and len({str(row.get(name)) for row in rows}) == 1]
    units = " ".join(re.sub(r"^(thousand|million|billion)s$", r"\1", str(rows[0][name])) for name in shared)
    columns = [name for name in names if name not in shared]
    numeric = [n for n in columns if all(isinstance(row.get(n), (int, float)) for row in rows)]
    heads = [f"{humanise(n).capitalize()} ({units})" if units and n in numeric else humanise(n).capitalize() for n in columns]
    lines = [f"| {' | '.join(heads)} |", "|" + "|".join(" ---: " if n in numeric else " --- " for n in columns) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(_cell(row.get(n)) for n in columns)} |" for row in rows)])


def _cell(value: Any) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
