"""Clients that are not Python's list and call every tool of `make dev`, and are shown what a failed call says.

They hold results against the schemas of the tools more strictly than the MCP SDK of Python does.
"""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from agentcore_kit.testing.tool_client import Served
from agentcore_kit.tool_contract.definitions import Definition, offered
from agentcore_kit.tool_contract.samples import example
from tests.tool.foreign_clients import install, with_inspector, with_typescript

pytestmark = pytest.mark.integration

WRONG = {"noSuchArgument": "x"}


@pytest.fixture(scope="module", autouse=True)
def _clients() -> None:
    install()


def assert_answered(tool: Definition, result: dict[str, Any]) -> None:
    """Hold the result of a right call against the tool's schema, and its text against the structured result."""
    assert not result.get("isError"), result
    jsonschema.validate(result["structuredContent"], tool["outputSchema"])
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]


def assert_refused(result: dict[str, Any], code: int) -> None:
    """Hold the result of a wrong call against what is documented: the text alone, which is JSON."""
    assert result.get("isError"), result
    assert "structuredContent" not in result
    (block,) = result["content"]
    error = json.loads(block["text"])["error"]
    assert (error["code"], error["retryable"]) == (code, False)
    assert error["message"]


@pytest.mark.parametrize(("generation", "version"), [(1, "2025-11-25"), (2, "2026-07-28")])
def test_the_typescript_sdk_lists_and_calls_every_tool(dev: Served, generation: int, version: str) -> None:
    right = [{"name": tool["name"], "arguments": example(tool)} for tool in offered()]
    wrong = [{"name": tool["name"], "arguments": WRONG} for tool in offered()]
    unknown = {"name": "noSuchTool", "arguments": {}}
    found = with_typescript(generation, dev.url, str(dev.token), [*right, *wrong, unknown])
    assert found["version"] == version
    assert [tool["name"] for tool in found["tools"]] == [tool["name"] for tool in offered()]
    answers = found["answers"]
    for tool, answer in zip(offered(), answers[: len(right)], strict=True):
        assert_answered(tool, answer)
    for answer in answers[len(right) : -1]:
        assert_refused(answer, 400)
    assert_refused(answers[-1], 404)


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_lists_and_calls_every_tool(dev: Served, era: str) -> None:
    code, listed = with_inspector(era, dev.url, str(dev.token), "--method", "tools/list", "--strict")
    assert code == 0, "no schema is one that some client cannot take"
    assert [tool["name"] for tool in listed["tools"]] == [tool["name"] for tool in offered()]
    call = ("--method", "tools/call", "--tool-args-json")
    for tool in offered():
        named = ("--tool-name", tool["name"])
        _, answer = with_inspector(era, dev.url, str(dev.token), *call, json.dumps(example(tool)), *named)
        assert_answered(tool, answer)
        _, answer = with_inspector(era, dev.url, str(dev.token), *call, json.dumps(WRONG), *named)
        assert_refused(answer, 400)
