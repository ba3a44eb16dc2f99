"""`kit add tool`: a documented tool of an agent or a tool server, with sample data, a test, and a row."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from agentcore_kit.authoring import server_text, tool_text
from agentcore_kit.authoring.changes import Changes, not_placed
from agentcore_kit.authoring.eval_rows import DATASET, Expectation, add_row
from agentcore_kit.authoring.proof import tried
from agentcore_kit.authoring.python_text import add_code, add_to_list, formatted
from agentcore_kit.authoring.tool_text import Lookup
from agentcore_kit.config.manifest import KindName
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError
from agentcore_kit.tool_contract.documentation import name_problem

GENERATED = ("README.md", "docs/tools.md", "tests/contract.json")
"""What the kit writes in the repository of a tool server when a tool is new."""

_PARAMETER = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,40}")
_TAKEN = ("any", "file", "find", "found", "literal", "not_found", "path", "row", "tool", "tools", "unavailable")
CHANGING = re.compile(
    "add|approve|book|cancel|close|create|delete|disable|enable|execute|file|grant|insert|move|open|order|pay|place|"
    "post|put|register|reject|remove|request|reset|revoke|save|schedule|send|set|start|stop|submit|transfer|update|"
    "upload|write"
)
"""Verbs of tools that change something: these need a person's decision on repeating and confirming."""


def lookup(name: str, parameter: str, values: str, use: str = "") -> Lookup:
    """Return what a person typed as a tool.

    Args:
        name: As for `Lookup`.
        parameter: As for `Lookup`.
        values: Those of `Lookup`, joined by commas.
        use: As for `Lookup`.

    Raises:
        CommandError: When one of them is not right.
    """
    named = tuple(value.strip() for value in values.split(",") if value.strip())
    tool = Lookup(name, parameter, named, " ".join(use.split()).removeprefix("Use when the user asks "))
    if problem := name_problem(name):
        raise CommandError(problem, "kit add tool getExchangeRate", WRONG_INPUT)
    if not tool.module.isidentifier() or keyword.iskeyword(tool.module):
        step = "say more in its name, as in getExchangeRate"
        raise CommandError(f"{name}: its module cannot be called {tool.module} in Python", step, WRONG_INPUT)
    verb = tool.function.partition("_")[0]
    if CHANGING.fullmatch(verb):
        raise CommandError(
            f"{name} would change something, and kit add writes tools that look something up: a change needs your "
            "decision on what happens when it is tried twice",
            "write it yourself beside the others, with attempts=1 where it must not be done twice",
            WRONG_INPUT,
        )
    if not _PARAMETER.fullmatch(parameter) or keyword.iskeyword(parameter) or parameter in _TAKEN:
        raise CommandError(f"--parameter: {parameter!r} is no name for it", "for example currency", WRONG_INPUT)
    if parameter == tool.module:
        step = "name what the figure is of, for example --parameter currency"
        raise CommandError(f"--parameter: {parameter} is what the tool itself is about", step, WRONG_INPUT)
    if not named or len({*named}) < len(named) or not all(map(_VALUE.fullmatch, named)):
        needed = "one or more, each once, of letters, digits, spaces, dots and hyphens: --values EUR,GBP"
        raise CommandError(f"--values: {values!r} is not right", needed, WRONG_INPUT)
    if '"' in tool.use or "\\" in tool.use:
        raise CommandError("--use has a quotation mark or backslash", "say it without", WRONG_INPUT)
    return tool


def add_tool(changes: Changes, tool: Lookup, kind: KindName) -> tuple[str, list[str]]:
    """Add a tool to an agent or a tool server; what is there of it stays as it is.

    Args:
        changes: The repository's files.
        tool: The tool.
        kind: The kind of repository.

    Returns:
        The id of its row, and what is left to a person, a line each.

    Raises:
        CommandError: When a place in a file was not found, or something else has one of its names.
    """
    package, text = ("agent", tool_text) if kind == "Agent" else ("tool", server_text)
    tools, module = f"src/{package}/tools.py", f"src/{package}/{tool.module}.py"
    if changes.exists(module) and tool.name not in changes.text(module) + changes.text(tools):
        step = "choose another name for the tool, or write it yourself"
        raise not_placed(module, 1, f"is there already, and not of a tool {tool.name}", step)
    if f'"{tool.name}"' in changes.text(tools) and not changes.exists(module):
        line = changes.text(tools).partition(f'"{tool.name}"')[0].count("\n") + 1
        raise not_placed(tools, line, f"{tool.name} is here already", "change it there, or choose another name")
    if not changes.exists(module):
        test = f"tests/test_{tool.module}.py"
        changes.create(module, formatted(changes, module, text.source(tool)))
        changes.create(f"src/{package}/data/{tool.module}.csv", tool_text.data(tool))
        changes.create(test, formatted(changes, test, text.test(tool)))
    if kind == "Agent":
        add_to_list(changes, tools, "TOOLS", f"agent.{tool.module}", tool.function)
    else:
        code = formatted(changes, tools, server_text.declaration(tool))
        add_code(changes, tools, tool.function, code, {**server_text.IMPORTS, tool.module: "tool"})
    row = _add_row(changes, tool)
    if kind == "Tool" and changes.changed():
        _generate(changes)
    return row, list(_left(tool, kind, module)) if row else []


def _add_row(changes: Changes, tool: Lookup) -> str:
    """Add the row that the tool answers; return its id, or nothing where a row has the tool already."""
    if f'"{tool.name}"' in changes.text(DATASET):
        return ""
    figure = f"{tool.figures()[tool.values[0]]}"
    expected = Expectation(calls=((tool.name, {tool.parameter: tool.values[0]}),), figures=(figure,))
    return add_row(changes, tool.question, expected)


def _generate(changes: Changes) -> None:
    """Let the kit write, in a copy, what it writes of the tools, and take that over."""
    with tried(changes) as trial:
        trial.kit("tools", "--write")
        trial.kit("record")
        for name in GENERATED:
            if changes.exists(name):
                changes.set(name, (trial.root / name).read_bytes().decode())


def _left(tool: Lookup, kind: KindName, module: str) -> Iterator[str]:
    yield f"let `find` in {module} ask your service, and remove the data of {tool.module}.csv, which is invented"
    yield f"say in the docstring of {tool.function} when to use it, and when not"
    if kind == "Agent":
        yield "say in src/agent/prompt.md that the agent does this; kit explain shows what a question gets"
    yield f"write more rows: kit add eval-row \"…\" --call '{tool.name} {{…}}'"
