"""Dimension contract: what was recorded of the tools still holds. `kit record` records anew."""

from __future__ import annotations

from datetime import datetime, time

import jsonschema
import pytest

from agentcore_kit.mcp_server.errors import read_failure
from agentcore_kit.testing.tool_client import Served
from agentcore_kit.tool_contract.breaking_changes import breaking
from agentcore_kit.tool_contract.recorded_calls import Recorded, of_tools, recorded

pytestmark = pytest.mark.dimension

CALLS = recorded()


def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def _is_time(value: object) -> bool:
    return not isinstance(value, str) or time.fromisoformat(value).tzinfo is not None


FORMATS = jsonschema.FormatChecker(())
"""What strict clients hold a result against besides types: a time of a day, with or without its date, has a zone."""
FORMATS.checks("date-time", raises=ValueError)(_is_date_time)
FORMATS.checks("time", raises=ValueError)(_is_time)


def test_every_tool_has_recorded_calls(served: Served) -> None:
    assert {tool["name"] for tool in served.tools()} == {one.tool for one in CALLS}


def test_no_tool_breaks_those_who_use_it(served: Served) -> None:
    assert breaking(of_tools(), served.tools()) == []


@pytest.mark.parametrize("one", CALLS, ids=lambda one: f"{one.tool}-{one.error or 'answers'}")
def test_a_recorded_call_answers_alike(served: Served, one: Recorded) -> None:
    result = served.call(one.tool, one.arguments)
    assert result.get("isError", False) == bool(one.error)
    if one.error:
        assert read_failure(result["content"][0]["text"])["kind"] == one.error
    else:
        for tools in (of_tools(), served.tools()):
            schema = next(tool["outputSchema"] for tool in tools if tool["name"] == one.tool)
            jsonschema.validate(result["structuredContent"], schema, format_checker=FORMATS)
