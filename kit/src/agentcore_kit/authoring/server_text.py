"""What `kit add tool` writes for a tool server: the tool, where it looks, its test. Sample data is as for an agent."""

from __future__ import annotations

import textwrap

from agentcore_kit.authoring.tool_text import FIND, Lookup, fields

_WIDTH = 90

IMPORTS: dict[str, str] = {
    "Annotated": "typing",
    "Literal": "typing",
    "Failure": "agentcore_kit.mcp_server",
    "tool": "agentcore_kit.mcp_server",
    "BaseModel": "pydantic",
    "Field": "pydantic",
}
"""What the tool's code uses, and where it is from; besides its own module."""


def result_type(tool: Lookup) -> str:
    """Return the name of the type of its result."""
    return "".join(word.capitalize() for word in tool.subject.split())


def declaration(tool: Lookup) -> str:
    """Return the tool, to stand in the module of all tools."""
    return _DECLARATION.format(**_fields(tool))


def source(tool: Lookup) -> str:
    """Return the module that it looks in."""
    find = FIND.format(**fields(tool), raises="NotFound; a ConnectionError is tried again")
    return _SOURCE.format(**fields(tool), find=find)


def test(tool: Lookup) -> str:
    """Return its test."""
    return _TEST.format(**_fields(tool))


def _fields(tool: Lookup) -> dict[str, object]:
    title = f"{tool.subject[0].upper()}{tool.subject[1:]}"
    described = str(fields(tool)["which"]).partition(": ")[2]
    lines = textwrap.wrap(" ".join(described.split()), _WIDTH, drop_whitespace=False)
    literals = " ".join(f'"{line}"' for line in lines)
    return {**fields(tool), "title": title, "class": result_type(tool), "described": literals}


_DECLARATION = '''class {class}(BaseModel):
    """The {subject} of one {words}."""

    {parameter}: str = Field(description="the {words} asked for")
    {result}: float = Field(description="the {subject} of that {words}")


@tool("{name}", title="{title}", effect="read")
def {function}(
    {parameter}: Annotated[
        Literal[{literal}],
        Field(description={described}),
    ],
) -> {class}:
    """Retrieves the {subject} of one {words}.

    {use}

    Returns: the {words} and its {subject}.

    Errors: 404 when there is no {subject} of it: tell the user that there is none;
    503 when the service is unavailable after three tries: tell the user to try again later.
    """
    try:
        found = {module}.find({parameter})
    except {module}.NotFound as error:
        raise Failure(404, str(error)) from None
    return {class}({parameter}={parameter}, {result}=found)
'''

_SOURCE = '''"""Where the figures of the tool {name} come from: sample data, until `find` asks a service of yours."""

from __future__ import annotations

import csv
from pathlib import Path

_DATA = Path(__file__).parent / "data" / "{module}.csv"


class NotFound(LookupError):
    """There is no such figure; asking again will not help."""


{find}'''

_TEST = '''"""The tool {name}: its figure, and what it says when there is none."""

from __future__ import annotations

import pytest
from agentcore_kit.mcp_server import Failure

from tool import {module}, tools


def test_it_is_the_figure_of_the_data() -> None:
    assert tools.{function}("{first}").{result} == {module}.find("{first}")


def test_what_is_not_there_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def find({parameter}: str) -> float:
        raise {module}.NotFound("there is none")

    monkeypatch.setattr({module}, "find", find)
    with pytest.raises(Failure, match="there is none") as refused:
        tools.{function}("{first}")
    assert refused.value.code == 404
'''
