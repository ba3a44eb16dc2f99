"""The recorded answers of a gateway, served as an MCP server: what an agent's tests and evaluation have in its place.

A recording is a file of the agent's repository, `evals/gateways/<gateway>.json`, which `kit record --gateway` writes.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.repository import relative, repository_path
from agentcore_kit.evaluation.users import declared_users
from agentcore_kit.local.served_app import served
from agentcore_kit.runtime.identity import claims_of

Answer = Callable[[str, dict[str, Any], str], Awaitable[dict[str, Any]]]
"""Returns the result of a call as MCP has it: called with the tool's name, the arguments, and the caller's token."""

_PATH = "/mcp"
_token: ContextVar[str] = ContextVar("token_of_a_call", default="")


@dataclass
class Recording:
    """What a gateway offered, and what it answered.

    Attributes:
        gateway: Its name in the manifest.
        tools: The tools as MCP lists them.
        calls: The results of calls, by what they are found under.
    """

    gateway: str
    tools: list[dict[str, Any]] = field(default_factory=list)
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def schemas(self) -> dict[str, Mapping[str, Any]]:
        """The JSON schema of the parameters of each tool, by name."""
        return {tool["name"]: tool["inputSchema"] for tool in self.tools}

    def note(
        self, tool: str, arguments: Mapping[str, Any], claims: Mapping[str, Any], result: Mapping[str, Any]
    ) -> None:
        """Keep the result of a call; the same call made again replaces it."""
        call = {"tool": tool, "arguments": dict(arguments), **({"claims": dict(claims)} if claims else {})}
        self.calls[_key(tool, arguments, claims)] = {**call, "result": dict(result)}

    async def answer(self, tool: str, arguments: dict[str, Any], token: str) -> dict[str, Any]:
        """Return what was recorded for a call, else an error that says how to record it."""
        found = self.calls.get(_key(tool, arguments, recorded_claims(token)))
        if found:
            result: dict[str, Any] = found["result"]
            return result
        text = f"Error 404: this call was not recorded; with {self.gateway} running, record it: {command(self.gateway)}"
        return {"isError": True, "content": [{"type": "text", "text": text}]}

    def write(self) -> Path:
        """Write the file, in an order that does not depend on that of the calls, and return its path."""
        path = recording_path(self.gateway)
        path.parent.mkdir(parents=True, exist_ok=True)
        calls = [self.calls[key] for key in sorted(self.calls)]
        tools = sorted(self.tools, key=lambda tool: str(tool["name"]))
        text = json.dumps({"tools": tools, "calls": calls}, indent=1, ensure_ascii=False)
        path.write_text(f"{text}\n", encoding="utf-8")
        return path


def recording_path(gateway: str) -> Path:
    """Return where the answers of a gateway are recorded."""
    return repository_path("evals", "gateways", f"{gateway}.json")


def command(gateway: str) -> str:
    """Return what is typed to record a gateway."""
    return f"kit record --gateway {gateway}"


def read_recording(gateway: str) -> Recording | None:
    """Return what was recorded of a gateway; None where nothing was.

    Raises:
        ConfigError: When the file is not one that `kit record` has written.
    """
    path = recording_path(gateway)
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        recording = Recording(gateway, [{**tool, "inputSchema": dict(tool["inputSchema"])} for tool in found["tools"]])
        for call in found["calls"]:
            recording.note(call["tool"], call["arguments"], call.get("claims", {}), call["result"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        wrong = f"is no recording ({type(error).__name__}: {error})"
        raise ConfigError([f"{relative(path)}:1: {wrong}; write it anew: {command(gateway)}"]) from None
    return recording


def recorded_claims(token: str) -> dict[str, Any]:
    """Return what a result may depend on besides the arguments: of a caller's claims, those of `evals/users.yaml`."""
    told = {claim for user in (declared_users() or {}).values() for claim in user.claims} - {"given_name"}
    return {claim: value for claim, value in sorted(claims_of(token).items()) if claim in told}


@contextmanager
def serving(tools: Sequence[Mapping[str, Any]], answer: Answer, name: str) -> Iterator[str]:
    """Serve tools over MCP on this machine.

    Args:
        tools: As MCP lists them.
        answer: Answers calls.
        name: Of the server.

    Yields:
        The URL of the MCP endpoint.
    """
    from mcp.server.lowlevel import Server
    from mcp_types import CallToolResult, ListToolsResult, Tool

    listed = [Tool.model_validate(tool) for tool in tools]

    async def list_tools(*_: Any) -> ListToolsResult:
        return ListToolsResult(tools=listed)

    async def call_tool(_: Any, call: Any) -> CallToolResult:
        return CallToolResult.model_validate(await answer(call.name, call.arguments or {}, _token.get()))

    server: Any = Server(name, on_list_tools=list_tools, on_call_tool=call_tool)
    app = server.streamable_http_app(streamable_http_path=_PATH, json_response=True, stateless_http=True)

    async def with_token(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"").decode(errors="replace")
            _token.set(given.removeprefix("Bearer "))
        await app(scope, receive, send)

    with served(with_token, name) as address:
        yield f"{address}{_PATH}"


def _key(tool: str, arguments: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return json.dumps([tool, arguments, claims], sort_keys=True, ensure_ascii=False)
