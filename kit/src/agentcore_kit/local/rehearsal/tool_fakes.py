"""What is behind the emulated AWS of a tool: the tools as they answer in this process, and the server itself."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.local.aws_emulator.cloud import EXTENSIONS, AccountRegion, Answer
from agentcore_kit.local.rehearsal.component import Component, forwarded_to
from agentcore_kit.local.rehearsal.loosened_thresholds import loosen
from agentcore_kit.mcp_server.aws_lambda import LISTING, handler
from agentcore_kit.mcp_server.identity import calling
from agentcore_kit.mcp_server.server import ToolSettings, build_server
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.testing.tool_client import local_tools
from agentcore_kit.tool_contract.definitions import Definition, offered

__all__ = ["answer", "distorted", "loosen", "question", "real"]


@dataclass(frozen=True)
class Server:
    """What the server in an image says of itself: the component's version, and its tools."""

    version: str
    tools: list[Definition]


SERVERS: dict[str, Server] = {}
"""Servers of other commits than the one that is checked out, by the digest of their image."""


def answer(image: str, _: Mapping[str, str], body: bytes) -> Answer:
    """Answer as the server does, without one; in the rehearsal the real one answers."""
    call = json.loads(body)
    server = SERVERS.get(image.rpartition("@")[2]) or Server(load_manifest().metadata.version, offered())
    result: dict[str, Any]
    match call["method"]:
        case "initialize":
            about = {"name": load_manifest().metadata.name, "version": server.version}
            result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": about}
        case "tools/list":
            result = {"tools": server.tools}
        case _:
            result = asyncio.run(_called(call["params"]))
    said = {"jsonrpc": "2.0", "id": call["id"], "result": result}
    return 200, "application/json", json.dumps(said).encode(), {}


class Functions:
    """Lambda: the tools as the handler answers in this process; an image in `broken_images` fails at its start."""

    def __init__(self, place: AccountRegion) -> None:
        self.place = place
        self.images: dict[str, str] = {}

    def make(self, properties: Mapping[str, Any], _: Mapping[str, str]) -> dict[str, str]:
        """Make or change a function."""
        name = str(properties["FunctionName"])
        arn = self.place.arn("lambda", f"function:{name}")
        self.images[arn] = str(properties["Code"]["ImageUri"])
        return {"": name, "Arn": arn}

    def invoke(self, p: Mapping[str, Any]) -> dict[str, Any]:
        digest = self.images[p["FunctionName"]].rpartition("@")[2]
        if digest in self.place.cloud.broken_images:
            said: dict[str, Any] = {"errorMessage": "exit status 1", "errorType": "Runtime.ExitError"}
        else:
            client = SimpleNamespace(**json.loads(base64.b64decode(p["ClientContext"])))
            server = SERVERS.get(digest)
            if server and client.custom["bedrockAgentCoreToolName"] == LISTING:
                return _invoked({"version": server.version, "tools": server.tools})
            said = handler(json.loads(p["Payload"]), SimpleNamespace(client_context=client))
        return _invoked(said)


def _invoked(said: Any) -> dict[str, Any]:
    return {"StatusCode": 200, "Payload": json.dumps(said).encode()}


def _with_functions(place: AccountRegion) -> None:
    functions = Functions(place)
    place.serve("lambda", functions)
    place.makers["AWS::Lambda::Function"] = functions.make


EXTENSIONS.append(_with_functions)


async def _called(params: dict[str, Any]) -> dict[str, Any]:
    calling.set(Caller("tester"))
    result = await build_server(ToolSettings.from_files()).call_tool(params["name"], params["arguments"])
    return result.model_dump(by_alias=True, exclude_none=True, mode="json")


@contextmanager
def real(home: Path) -> Iterator[Component]:
    """Start the server in a folder with this repository's files."""
    with local_tools(home) as served:
        yield Component(forwarded_to(served.url), str(served.token))


def question(body: bytes) -> str:
    """Return which tool a request calls with what; empty for a request that calls none."""
    call = json.loads(body)
    return json.dumps(call["params"], sort_keys=True) if call.get("method") == "tools/call" else ""


def distorted(content: bytes) -> bytes:
    """Return a result with other figures, or with other words where it has none."""
    said = json.loads(content)
    result = said.get("result", {}).get("structuredContent")
    if result and not said["result"].get("isError"):
        wrong = _changed(result, (int, float))
        wrong = _changed(result, (str,)) if wrong == result else wrong
        text = json.dumps(wrong)
        said["result"] |= {"structuredContent": wrong, "content": [{"type": "text", "text": text}]}
    return json.dumps(said).encode()


def _changed(value: Any, types: tuple[type, ...]) -> Any:
    """Return a value with everything of some types in it changed, of the same type as before."""
    match value:
        case dict():
            return {name: _changed(each, types) for name, each in value.items()}
        case list():
            return [_changed(each, types) for each in value]
        case bool():
            return value
        case int() | float() if int in types:
            return value * 2 + 1
        case str() if str in types:
            return f"not {value}"
    return value
