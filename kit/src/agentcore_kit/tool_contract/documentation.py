"""The documentation standard: five elements of every tool, limits of length, and no two tools for one request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from agentcore_kit.config.tool import LONGEST_NAME, SEPARATOR
from agentcore_kit.runtime.json_schemas import fields
from agentcore_kit.tool_contract.definitions import Definition

ELEMENTS = ("name", "parameters", "returns", "errors", "when to use")
"""From the seed's table of what effective tool documentation includes."""

LONGEST_DESCRIPTION = 1024
"""Of a tool; models behind OpenAI-compatible endpoints take no more."""

LONGEST_PARAMETER = 512
"""Of a parameter. Every request pays for it again."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[A-Z][A-Za-z0-9]*|(?:_[A-Za-z0-9]+)+)", re.ASCII)
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+[0-9]*")
_VAGUE = {"data", "info", "information", "item", "items", "object", "result", "results", "stuff", "thing", "value"}
_FEWEST_CHARACTERS = 20
_USE = re.compile(r"\bUse when\b((?:(?!\bUse when\b).)+?)(?:\.\s|\.$|\n\n)", re.S)
_NEAR = 0.9


def missing(tool: Definition, *, typed: bool = True) -> dict[str, str]:
    """Return the elements that a tool's documentation lacks, each with what would be right.

    Args:
        tool: The tool. Its name is without the prefix that a gateway puts before it.
        typed: Whether its results need a schema with described fields, as a tool server's do. Those of an agent's own
            tools have none: what they return stands in the description alone.
    """
    found = {element: _CHECKS[element](tool) for element in ELEMENTS}
    if not typed and "outputSchema" not in tool:
        found["returns"] = _returns_said(tool)
    return {element: problem for element, problem in found.items() if problem}


def lacking(tool: Definition, *, typed: bool = True) -> Iterator[str]:
    """Yield a line for each element that a tool's documentation lacks, with how many of them it has.

    Args:
        tool: The tool.
        typed: As for `missing`.
    """
    lacks = missing(tool, typed=typed)
    score = f"{len(ELEMENTS) - len(lacks)} of {len(ELEMENTS)} elements"
    for element, problem in lacks.items():
        yield f"{tool['name']}: {element}: {problem} ({score})"


def name_problem(name: str) -> str:
    """Say what is wrong with a tool's name, without its prefix; empty when nothing is.

    Camel case and snake case are right, and so are acronyms: getMarketData, createHRTicket, check_vpn_status.
    """
    if not _NAME.fullmatch(name):
        said = name or "an empty name"
        return f"{said} is not a verb and a noun, such as getMarketData, createHRTicket or get_market_data"
    if {word.lower() for word in _WORDS.findall(name)[1:]} <= _VAGUE:
        return f"{name} does not say what it is about; name the subject, as in getMarketData"
    return ""


def _name(tool: Definition) -> str:
    return name_problem(tool["name"])


def _parameters(tool: Definition) -> str:
    for name, schema in fields(tool["inputSchema"]):
        described = str(schema.get("description", ""))
        if len(described) < _FEWEST_CHARACTERS:
            return f"{name} needs a description: its values, their format, an example, and what to use when not said"
        if len(described) > LONGEST_PARAMETER:
            return f"{name} has {len(described)} characters of description, allowed are {LONGEST_PARAMETER}"
    return ""


def _returns(tool: Definition) -> str:
    results = list(fields(tool.get("outputSchema", {})))
    if not results:
        return "give the function a return type with described fields"
    if nameless := [name for name, schema in results if not schema.get("description")]:
        return f"result field {nameless[0]} needs a description"
    return _returns_said(tool)


def _returns_said(tool: Definition) -> str:
    return "" if re.search(r"\bReturns:\s*\S", tool["description"]) else "say what comes back: Returns: …"


def _errors(tool: Definition) -> str:
    _, said, errors = tool["description"].partition("Errors:")
    known = said and re.search(r"\b[45]\d\d\b", errors)
    return "" if known else "say which errors there are and what to do: Errors: 404 when …: tell the user …"


def _when(tool: Definition) -> str:
    return "" if _USE.search(tool["description"]) else "say when to use it: Use when the user asks …"


_CHECKS = {"name": _name, "parameters": _parameters, "returns": _returns, "errors": _errors, "when to use": _when}


def limits(tool: Definition, prefix: str = "") -> Iterator[str]:
    """Yield what a gateway or a model would refuse or cut.

    Args:
        tool: The tool.
        prefix: What a gateway puts before its name; empty where nothing does.
    """
    full = f"{prefix}{SEPARATOR}{tool['name']}" if prefix else tool["name"]
    if len(full) > LONGEST_NAME:
        too_many, what = len(full) - LONGEST_NAME, "prefix or name" if prefix else "the name"
        yield f"{full} has {len(full)} characters, models take {LONGEST_NAME}; shorten {what} by {too_many}"
    if not re.fullmatch(r"[A-Za-z0-9_-]+", tool["name"]):
        yield "a name may have letters, digits, hyphens and underscores only"
    if len(tool["description"]) > LONGEST_DESCRIPTION:
        yield f"its description has {len(tool['description'])} characters, allowed are {LONGEST_DESCRIPTION}"


def ambiguous(tools: Sequence[Definition], beside: Sequence[Definition] = ()) -> Iterator[str]:
    """Yield the pairs of tools that one request would select, found with each tool's own words on when to use it.

    The ranking is the offline model's: by words alone. Where these decide nothing, a model has little to go by either.

    Args:
        tools: The tools of one repository.
        beside: Tools that somebody else documents, such as a gateway's. Where there are some, only the pairs of one of
            these and one of `tools` are yielded.
    """
    from agentcore_kit.local.offline_model.catalogue import read_tools
    from agentcore_kit.local.offline_model.ranking import Index
    from agentcore_kit.local.offline_model.request import Request

    both, today = [*tools, *beside], datetime.now(UTC).date()
    index, own = Index(read_tools([_spec(tool) for tool in both])), {tool["name"] for tool in tools}
    for tool in both:
        name = tool["name"]
        if not (used := _USE.search(tool["description"])):
            continue
        scores = {match.tool.name: match.score for match in index.rank(Request(" ".join(used[1].split()), today))}
        near = scores.pop(name) * _NEAR
        rivals = [one for one, score in scores.items() if score > near]
        if beside:
            rivals = [one for one in rivals if (one in own) != (name in own)]
        if rivals:
            yield f"what {name} is for would also select {rivals[0]}; say in both what tells them apart"


def _spec(tool: Definition) -> Any:
    return {"name": tool["name"], "description": tool["description"], "inputSchema": {"json": tool["inputSchema"]}}
