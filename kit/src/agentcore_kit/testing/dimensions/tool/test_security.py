"""Dimension security: nobody without a token, nobody with a forged one."""

from __future__ import annotations

import pytest

from agentcore_kit.delivery import mcp_client
from agentcore_kit.testing.tool_client import Served

pytestmark = [pytest.mark.dimension, pytest.mark.security]

FORGED = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsImV4cCI6OTk5OTk5OTk5OX0."


def test_nobody_gets_in_without_a_token(served: Served) -> None:
    with pytest.raises(mcp_client.NoAnswer, match=r"HTTP 40[13]"):
        mcp_client.list_tools(served.url, "")


def test_nobody_gets_in_with_a_forged_token(served: Served) -> None:
    with pytest.raises(mcp_client.NoAnswer, match=r"HTTP 40[13]"):
        mcp_client.list_tools(served.url, FORGED)


def test_an_error_says_nothing_of_the_inside(served: Served) -> None:
    said = str(served.call("getMarketData", {"region": "'; DROP TABLE market; --", "dataType": "revenue"}))
    assert "DROP TABLE" not in said
    assert "Traceback" not in said
