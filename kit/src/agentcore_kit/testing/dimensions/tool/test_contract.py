"""Dimension contract: what was recorded of the tools still holds. `kit record` records anew."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from agentcore_kit.testing.tool_client import Served
from agentcore_kit.tool_contract.breaking_changes import breaking
from agentcore_kit.tool_contract.recorded_calls import Recorded, of_tools, recorded

pytestmark = pytest.mark.dimension

CALLS = recorded()


def test_every_tool_has_recorded_calls(served: Served) -> None:
    assert {tool["name"] for tool in served.tools()} == {one.tool for one in CALLS}


def test_no_tool_breaks_those_who_use_it(served: Served) -> None:
    assert breaking(of_tools(), served.tools()) == []


@pytest.mark.parametrize("one", CALLS, ids=lambda one: f"{one.tool}-{one.error or 'answers'}")
def test_a_recorded_call_answers_alike(served: Served, one: Recorded) -> None:
    result = served.call(one.tool, one.arguments)
    content: dict[str, Any] = result["structuredContent"]
    assert result.get("isError", False) == bool(one.error)
    if one.error:
        assert content["error"]["kind"] == one.error
    else:
        schema = next(tool["outputSchema"] for tool in of_tools() if tool["name"] == one.tool)
        jsonschema.validate(content, schema)
