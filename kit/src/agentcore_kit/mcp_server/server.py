"""The MCP server: the declared tools behind the SDK's, with every failure in the one structured form."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from inspect import getdoc
from itertools import islice
from time import perf_counter
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import InvalidSignature, ToolError, UnexpectedToolError
from mcp_types import CallToolResult, InputRequiredResult
from pydantic import PydanticUserError, ValidationError

from agentcore_kit.config.import_string import import_string
from agentcore_kit.config.tool import ToolEnvironment, ToolManifest
from agentcore_kit.mcp_server.call_metrics import called
from agentcore_kit.mcp_server.declarations import TOOLS, Misdeclared, logger
from agentcore_kit.mcp_server.errors import Failure
from agentcore_kit.runtime import masking
from agentcore_kit.runtime.arguments import unknown_arguments
from agentcore_kit.runtime.settings import Settings

_METHODS = {"ping", "server/discover", "tools/list", "tools/call"}
"""What is served. The SDK would also announce prompts, resources and changes of them, of which there are none."""

_NAMED = 5
"""How many unknown arguments of one call are named."""


@dataclass(frozen=True)
class ToolSettings(Settings):
    """The manifest, the environment, and the folder for local state."""

    manifest: ToolManifest
    environment: ToolEnvironment


class ToolServer(MCPServer[Any]):
    """The SDK's server of tools alone; what it would tell of a failure in prose, it tells as data too."""

    def __init__(self, name: str, *, version: str, instructions: str) -> None:
        super().__init__(name, version=version, instructions=instructions, log_level="INFO")
        handlers = self._lowlevel_server._request_handlers  # the SDK announces what it has a handler of
        for method in handlers.keys() - _METHODS:
            del handlers[method]
        self._schemas: dict[str, Any] = {}  # of all tools, read once: no tool is added while it serves

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Return the result of a tool, which may be a failure, without the values of secrets."""
        began = perf_counter()
        result = _without_secrets(await self._called(name, arguments, context))
        called(result, (perf_counter() - began) * 1000)
        return result

    async def _called(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None
    ) -> CallToolResult | InputRequiredResult:
        if name not in TOOLS:
            return Failure(404, f"there is no tool {name[:64]!r}; there are {', '.join(TOOLS)}").result()
        if not self._schemas:
            self._schemas = {one.name: one.input_schema for one in await self.list_tools()}
        if unknown := list(islice(unknown_arguments(arguments, self._schemas[name]), _NAMED)):
            return Failure(400, "; ".join(unknown)).result()
        try:
            result = await super().call_tool(name, arguments, context)
            if isinstance(result, CallToolResult) and (why := await asyncio.to_thread(_not_json, result)):
                logger.error("tool %s answered what is no JSON: %s", name, why)
                return _failed(name)
            return result
        except UnexpectedToolError:
            logger.exception("tool %s failed", name)
            return _failed(name)
        except ToolError as error:
            return Failure(400, _wrong(error.__cause__) or str(error)).result()


def _failed(name: str) -> CallToolResult:
    return Failure(500, f"{name} failed; the cause is in the server's log").result()


def _not_json(result: CallToolResult) -> str:
    """Return why no client can read a structured result, without its values; empty when all can.

    NaN and infinity would become null, which strict clients throw for, and half of a surrogate pair has no UTF-8.
    """
    try:
        json.dumps(result.structured_content, allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:  # in its own words it repeats the text
        return error.reason
    except ValueError as error:
        return str(error)
    return ""


def _without_secrets(result: CallToolResult | InputRequiredResult) -> CallToolResult | InputRequiredResult:
    if not masking.is_needed():
        return result
    shown = masking.mask_value(written := result.model_dump(mode="json", by_alias=True))
    return result if shown == written else type(result).model_validate(shown)


def build_server(settings: ToolSettings) -> ToolServer:
    """Return the server with all tools that the application's module declares.

    Raises:
        Misdeclared: When there is one that it cannot offer.
    """
    import_string(settings.manifest.spec.code.app).load()
    server = ToolServer(settings.name, version=settings.manifest.metadata.version, instructions=settings.description)
    end = settings.manifest.spec.deprecation
    notice = f"\n\nDeprecated: ends on {end.removal}; use {end.use_instead} instead." if end else ""
    for one in TOOLS.values():
        described = f"{getdoc(one.function)}{notice}"
        try:
            server.add_tool(one.run, one.name, one.title, described, one.annotations, structured_output=True)
        except (InvalidSignature, PydanticUserError) as error:
            raise Misdeclared(f"tool {one.name}: {error}") from error
    return server


def _wrong(error: BaseException | None) -> str:
    """Return which arguments are wrong and what is needed, without what was sent: it is the caller's."""
    if not isinstance(error, ValidationError):
        return ""
    found = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)
