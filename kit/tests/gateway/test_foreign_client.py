"""A client that is not Python's, the Inspector's command line, uses the gateway with a token, and not without."""

from __future__ import annotations

import pytest

from agentcore_kit.local.gateway.search import SEARCH_TOOL
from tests.gateway.conftest import Running
from tests.gateway.targets import Target
from tests.tool.foreign_clients import install, run_node, with_inspector

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_sees_and_calls_what_its_user_may(gateway: Running, claims: Target, era: str) -> None:
    install()
    ana, ben = gateway.user("ana", department="finance"), gateway.user("ben", department="sales")
    for user, tools in ((ana, ["claims___read", "claims___settle"]), (ben, ["claims___read"])):
        code, listed = with_inspector(era, user.url, user.token, "--method", "tools/list")
        assert code == 0
        assert sorted(tool["name"] for tool in listed["tools"]) == [*tools, SEARCH_TOOL]
    settle = ("--method", "tools/call", "--tool-name", "claims___settle", "--tool-args-json", '{"amount": 10}')
    _, settled = with_inspector(era, ana.url, ana.token, *settle)
    assert settled["structuredContent"] == {"tool": "settle", "user": "ana", "amount": 10}
    archive = ("--method", "tools/call", "--tool-name", "claims___read", "--tool-args-json", '{"amount": 2020}')
    _, refused = with_inspector(era, ben.url, ben.token, *archive)
    assert refused["isError"] is True
    assert "archive_is_closed" in refused["content"][0]["text"]
    assert [call.user for call in claims.calls] == ["ana"]
    expired = gateway.user("ana", seconds=-1, department="finance")
    header = f"Authorization: Bearer {expired.token}"
    options = ("--transport", "http", "--protocol-era", era, "--header", header, "--method", "tools/list")
    done = run_node("node_modules/.bin/mcp-inspector", "--cli", expired.url, *options)
    assert done.returncode != 0
    assert "claims___read" not in done.stdout
