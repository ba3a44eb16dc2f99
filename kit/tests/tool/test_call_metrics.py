"""What running tools count of their calls: lines of the log that CloudWatch makes metrics of. Marked `integration`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp_types import CallToolResult, TextContent

from agentcore_kit.mcp_server.call_metrics import called
from agentcore_kit.mcp_server.errors import Code, Failure
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.testing.server_process import running
from agentcore_kit.tool_contract.definitions import offered
from tests.homes import home_in

SERVICE = "market_data_prod.live"


def emitted(text: str) -> list[dict[str, Any]]:
    """Return the metrics in a log, each as one line."""
    return [json.loads(line) for line in text.splitlines() if '"_aws"' in line]


@pytest.mark.integration
def test_a_running_server_counts_requests_and_calls(tmp_path: Path) -> None:
    home = home_in(tmp_path / "home")
    with running(home, "tool.app:app", OTEL_RESOURCE_ATTRIBUTES=f"service.name={SERVICE}") as address:
        token = issue_development_token("tester", home / ".local")
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
        for method, params in (
            ("tools/list", {}),
            ("tools/call", {"name": offered()[0]["name"], "arguments": {"x": 1}}),
        ):
            call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            assert httpx.post(f"{address}/mcp", json=call, headers=headers).status_code == 200
    lines = emitted((home / "server.log").read_text(encoding="utf-8"))  # it has stopped: each request is counted
    requests = [one for one in lines if "Requests" in one]
    (refused,) = [one for one in lines if "Calls" in one]
    assert len(requests) == 2
    assert (refused["Errors"], refused["Refused"]) == (0, 1)
    assert refused["CallMs"] > 0
    about = refused["_aws"]["CloudWatchMetrics"][0]
    assert (about["Namespace"], about["Dimensions"]) == ("agentops/market_data_prod", [["service.name"]])


@pytest.mark.parametrize(
    ("code", "kind"), [(500, "internal_error"), (503, "unavailable"), (429, ""), (400, ""), (404, "")]
)
def test_only_the_tools_own_failures_are_errors(
    code: Code, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"service.name={SERVICE}")
    called(Failure(code, "why").result(), 12.345)
    (line,) = emitted(capsys.readouterr().err)
    assert (line["Errors"], line.get("kind", "")) == (int(bool(kind)), kind)
    wanted = [["service.name"], ["service.name", "kind"]] if kind else [["service.name"]]
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == wanted


def test_in_lambda_the_function_is_the_service(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OTEL_RESOURCE_ATTRIBUTES", raising=False)
    done = CallToolResult(content=[TextContent(type="text", text="fine")])
    called(done, 1.0)
    assert not emitted(capsys.readouterr().err)  # on a laptop
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "market_data_prod")
    called(done, 1.0)
    (line,) = emitted(capsys.readouterr().err)
    assert line["service.name"] == SERVICE
    failed = CallToolResult(content=[TextContent(type="text", text="no failure of the kit's form")], is_error=True)
    called(failed, 1.0)
    assert emitted(capsys.readouterr().err)[0]["kind"] == "internal_error"
