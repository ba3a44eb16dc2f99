"""What is behind the stand-in for AWS: the tools as they answer in this process, the server itself, and a worse one."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from agentcore_kit.local.aws_emulator.cloud import EXTENSIONS, AccountRegion, Answer
from agentcore_kit.local.rehearsal.component import Behind, Real, forwarded_to
from agentcore_kit.local.rehearsal.loosened_thresholds import loosen
from agentcore_kit.mcp_server.aws_lambda import handler
from agentcore_kit.mcp_server.contract.definitions import offered
from agentcore_kit.mcp_server.identity import calling
from agentcore_kit.mcp_server.server import ToolSettings, build_server
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.testing.tool_client import local_tools

__all__ = ["Behind", "Real", "answer", "loosen", "real", "worse"]


def answer(_: str, __: Mapping[str, str], body: bytes) -> Answer:
    """Answer as the server does, without one; the real one is behind the stand-in in the rehearsal."""
    call = json.loads(body)
    result = {"tools": offered()} if call["method"] == "tools/list" else asyncio.run(_called(call["params"]))
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
            said = handler(json.loads(p["Payload"]), SimpleNamespace(client_context=client))
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
def real(home: Path) -> Iterator[Real]:
    """Start the server in a folder with this repository's files."""
    with local_tools(home) as served:
        yield Real(forwarded_to(served.url), str(served.token), {})


def worse(tools: Behind, digest: str) -> Behind:
    """Return the same tools, except that one image has wrong figures for every region but EMEA.

    The tests ask for EMEA, so they pass: it takes the evaluation to find this.
    """

    def distorted(image: str, headers: Mapping[str, str], body: bytes) -> Answer:
        status, kind, content, more = tools(image, headers, body)
        if image.rpartition("@")[2] == digest and b"tools/call" in body and b"EMEA" not in body:
            said = json.loads(content)
            for result in [said["result"]["structuredContent"]] if "result" in said else []:
                if "value" in result:
                    result["value"] = 987.6
                    said["result"]["content"] = [{"type": "text", "text": json.dumps(result)}]
            content = json.dumps(said).encode()
        return status, kind, content, more

    return distorted
