"""What `kit add tool` writes for an agent: a tool that looks something up, where it looks, its test, sample data."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+[0-9]*")
_FIRST, _STEP = 101.5, 10.0
_WIDTH = 108
_ASK = "When the user names none, ask for it."

FIND = '''def find({parameter}: str) -> float:
    """Return the {subject} of one {words}. Raises {raises}."""
    with _DATA.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["{parameter}"] == {parameter}:
                return float(row["{result}"])
    raise NotFound(f"there is no {subject} of {{{parameter}}}")
'''
"""The function that looks a figure up, in the module of a tool of an agent or a tool server."""


@dataclass(frozen=True)
class Lookup:
    """A tool that looks one figure up.

    Attributes:
        name: The tool's name, a verb and a noun, for example `getExchangeRate`.
        parameter: What the figure is of, for example `currency`; a name in snake case.
        values: What can be asked about, for example `("EUR", "GBP")`.
        use: When a model is to use it, in words that follow `Use when the user asks`; empty for those of the name.
    """

    name: str
    parameter: str
    values: tuple[str, ...]
    use: str = ""

    @property
    def function(self) -> str:
        """The name of its function, in snake case."""
        return "_".join(word.lower() for word in _WORDS.findall(self.name))

    @property
    def module(self) -> str:
        """The name of its module: what it is about, in snake case."""
        return "_".join(self.subject.split())

    @property
    def subject(self) -> str:
        """What it is about, in words, for example `exchange rate`."""
        return " ".join(word.lower() for word in _WORDS.findall(self.name)[1:])

    @property
    def result(self) -> str:
        """The name of the figure in what it returns, for example `exchangeRate`."""
        first, *others = self.subject.split()
        return first + "".join(word.capitalize() for word in others)

    @property
    def question(self) -> str:
        """A question that it answers."""
        return f"What is the {self.subject} of {self.values[0]}?"

    def figures(self) -> dict[str, float]:
        """Return the figure of each value in the sample data."""
        return {value: _FIRST + number * _STEP for number, value in enumerate(self.values)}


def source(tool: Lookup) -> str:
    """Return the tool's module."""
    return _SOURCE.format(**fields(tool), find=FIND.format(**fields(tool), raises="NotFound or Unavailable"))


def test(tool: Lookup) -> str:
    """Return its test."""
    return _TEST.format(**fields(tool))


def data(tool: Lookup) -> str:
    """Return its sample data, as CSV."""
    rows = "".join(f"{value},{figure}\n" for value, figure in tool.figures().items())
    return f"{tool.parameter},{tool.result}\n{rows}"


def fields(tool: Lookup) -> dict[str, object]:
    """Return what stands at the places of the texts."""
    values = tool.values
    literal = ", ".join(f'"{value}"' for value in values)
    words = tool.parameter.replace("_", " ")
    use = (tool.use or f"for the {tool.subject} of {'an' if words[0] in 'aeiou' else 'a'} {words}").rstrip(".")
    return {
        "name": tool.name,
        "function": tool.function,
        "module": tool.module,
        "subject": tool.subject,
        "result": tool.result,
        "parameter": tool.parameter,
        "words": words,
        "type": "".join(word.capitalize() for word in tool.parameter.split("_")),
        "literal": literal,
        "use": _wrapped(f"Use when the user asks {use}.", " " * 4),
        "which": _wrapped(
            f"{tool.parameter}: Which {words} the {tool.subject} is of: {', '.join(values)}. {_ASK}", " " * 12
        ),
        "first": values[0],
        "figure": tool.figures()[values[0]],
    }


def _wrapped(text: str, indent: str) -> str:
    """Return a text in lines that fit a docstring, all but the first indented."""
    return textwrap.fill(text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


_SOURCE = '''"""The tool {name}, and where its figures come from: sample data, until `find` asks a service of yours."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Literal

from agentcore_kit.runtime.retries import RetryPolicy
from agentcore_kit.serving import tool_error
from strands import tool

{type} = Literal[{literal}]

SERVICE = RetryPolicy(attempts=3, timeout_seconds=2.0)

_DATA = Path(__file__).parent / "data" / "{module}.csv"


class NotFound(LookupError):
    """There is no such figure; asking again will not help."""


class Unavailable(ConnectionError):
    """The service cannot answer now; asking again may help."""


{find}

@tool(name="{name}")
async def {function}({parameter}: {type}) -> dict[str, Any]:
    """Retrieves the {subject} of one {words}.

    {use}

    Args:
        {which}

    Returns:
        {{"{parameter}": "{first}", "{result}": {figure}}}

    Errors:
        404 when there is no {subject} of it: tell the user that there is none.
        503 when the service is unavailable after three tries: tell the user to try again later.
    """
    try:
        found = await SERVICE.call(find, {parameter})
    except NotFound as error:
        return tool_error(404, str(error))
    except (Unavailable, TimeoutError):
        return tool_error(503, "the service for the {subject} is unavailable; try again in a few minutes")
    return {{"{parameter}": {parameter}, "{result}": found}}
'''

_TEST = '''"""The tool {name}: its figure, and the defined behaviour on each kind of failure."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agent import {module}


def ask({parameter}: Any = "{first}") -> dict[str, Any]:
    return asyncio.run({module}.{function}({parameter}))


def test_it_is_the_figure_of_the_data() -> None:
    assert ask() == {{"{parameter}": "{first}", "{result}": {module}.find("{first}")}}


def test_what_is_not_there_is_explained() -> None:
    assert "404: there is no {subject} of nothing" in str(ask("nothing"))


def test_a_service_that_fails_for_a_moment_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fails = [{module}.Unavailable("busy"), {module}.Unavailable("busy")]

    def find({parameter}: str) -> float:
        if fails:
            raise fails.pop()
        return 1.5

    monkeypatch.setattr({module}, "find", find)
    assert ask()["{result}"] == 1.5


def test_a_service_that_stays_down_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def find({parameter}: str) -> float:
        raise {module}.Unavailable("down")

    monkeypatch.setattr({module}, "find", find)
    assert "503" in str(ask())
'''
