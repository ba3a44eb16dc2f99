"""Dimension security: nobody without a token, nobody with a forged one, and errors that tell nothing of the inside."""

from __future__ import annotations

import pytest

from agentcore_kit.delivery import mcp_client
from agentcore_kit.testing.dimensions.tool.conftest import right_arguments
from agentcore_kit.testing.tool_client import Served

pytestmark = pytest.mark.dimension

FORGED = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsImV4cCI6OTk5OTk5OTk5OX0."
HOSTILE = "'; DROP TABLE records; --"


def test_nobody_gets_in_without_a_token(served: Served) -> None:
    with pytest.raises(mcp_client.NoAnswer, match=r"HTTP 40[13]"):
        mcp_client.list_tools(served.url, "")


def test_nobody_gets_in_with_a_forged_token(served: Served) -> None:
    with pytest.raises(mcp_client.NoAnswer, match=r"HTTP 40[13]"):
        mcp_client.list_tools(served.url, FORGED)


def test_an_error_says_nothing_of_the_inside(served: Served) -> None:
    """Every tool is called with a hostile text for each parameter, which its schema refuses or its code does.

    The other parameters are right where the tool only reads; what changes something gets no chance to.
    """
    for tool in served.tools():
        others = right_arguments(tool["name"]) if tool.get("annotations", {}).get("readOnlyHint") else {}
        for parameter in tool["inputSchema"].get("properties", {}):
            said = str(served.call(tool["name"], {**others, parameter: HOSTILE}))
            assert HOSTILE not in said, f"{tool['name']} repeats what it was given as {parameter}"
            assert "Traceback" not in said
