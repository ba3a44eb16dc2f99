"""A user of the gateway, by plain HTTP: what is sent and what is answered is seen as it is on the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

OLD, NEW = "2025-11-25", "2026-07-28"
REVISIONS = (OLD, NEW)


@dataclass
class User:
    """Somebody who calls the gateway with a token.

    Attributes:
        url: The gateway's MCP endpoint.
        token: The user's; empty for none.
        revision: Of MCP, in which the requests are made.
        headers: Further headers of each request.
    """

    url: str
    token: str
    revision: str = NEW
    headers: dict[str, str] = field(default_factory=dict)

    def request(self, method: str, params: dict[str, Any] | None = None, **headers: str) -> httpx.Request:
        """Return a request, as the revision has it."""
        params = dict(params or {})
        sent = {"Accept": "application/json, text/event-stream", **self.headers}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.revision == NEW:
            params["_meta"] = {
                "io.modelcontextprotocol/protocolVersion": NEW,
                "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            }
            sent |= {"MCP-Protocol-Version": NEW, "Mcp-Method": method}
            if "name" in params:
                sent["Mcp-Name"] = params["name"]
        body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        return httpx.Request("POST", self.url, json=body, headers={**sent, **headers})

    def post(self, method: str, params: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        """Return the HTTP response to a request."""
        with httpx.Client(timeout=60, trust_env=False) as client:
            return client.send(self.request(method, params, **headers))

    def result(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of a request."""
        response = self.post(method, params)
        assert response.status_code == 200, response.text
        answer = response.json()
        assert answer["id"] == 7, answer
        found: dict[str, Any] = answer["result"]
        return found

    def tools(self) -> list[str]:
        """Return the names of the tools that the user sees."""
        return sorted(tool["name"] for tool in self.result("tools/list")["tools"])

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return the result of a call."""
        return self.result("tools/call", {"name": tool, "arguments": arguments})


def text_of(result: dict[str, Any]) -> str:
    """Return the text of a result."""
    (block,) = result["content"]
    return str(block["text"])


def failure_of(result: dict[str, Any]) -> dict[str, Any]:
    """Return what a failed call says."""
    assert result["isError"], result
    found: dict[str, Any] = json.loads(text_of(result))["error"]
    return found
