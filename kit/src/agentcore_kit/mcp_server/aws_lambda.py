"""The same tools behind Lambda, for a gateway target of its own type: the event is the arguments, the context the name.

The gateway calls by IAM, so no user is known: tools that keep rows of users answer 403.
"""

from __future__ import annotations

import asyncio
import logging
from functools import cache
from typing import Any

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.import_string import import_string
from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.mcp_server.errors import Failure, read_failure
from agentcore_kit.mcp_server.server import ToolServer, ToolSettings, build_server
from agentcore_kit.runtime import secrets, telemetry
from agentcore_kit.runtime.logging import configure_logging

LISTING = "tools/list"
"""In the place of a tool's name: the function answers with its version and its tools, as an MCP server lists them."""

logger = logging.getLogger(__name__)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer one call of a gateway.

    Args:
        event: The tool's arguments by name.
        context: Lambda's, whose client context has the tool's name.

    Returns:
        The tool's structured result, or `{"error": …}`; for `LISTING`, `{"version": …, "tools": […]}`.

    Raises:
        RuntimeError: When the tools cannot start, so that Lambda counts an error; the log says why.
    """
    custom = getattr(context.client_context, "custom", None)
    named = custom.get("bedrockAgentCoreToolName") if isinstance(custom, dict) else None
    if not isinstance(named, str):
        return {"error": Failure(400, "the client context names no tool; call it through a gateway").error()}
    if not isinstance(event, dict):
        return {"error": Failure(400, "the event is no object; send the tool's arguments by their names").error()}
    server = _started()
    if secrets.is_due():
        secrets.refresh()
    if named == LISTING:
        listed = _runner().run(server.list_tools())
        tools = [one.model_dump(by_alias=True, exclude_none=True, mode="json") for one in listed]
        return {"version": server.version, "tools": tools}
    result: Any = _runner().run(server.call_tool(named.rpartition(SEPARATOR)[2], event))
    if result.is_error:
        return {"error": read_failure(result.content[0].text)}
    found: dict[str, Any] = result.structured_content
    return found


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


def _started() -> ToolServer:
    """Return the server. What it says of a failure goes to the log alone, as callers are told what a handler raises."""
    try:
        return _server()
    except Exception as error:
        wrong = isinstance(error, ConfigError)  # says all there is to say; a stack would hide it
        logger.error("the tools cannot start: %s", error, exc_info=None if wrong else error)
        raise RuntimeError("the tools cannot start; the cause is in the function's log") from None


@cache
def _server() -> ToolServer:
    settings = ToolSettings.from_files()
    configure_logging(dict)  # the format of the team's own is its code, which may need a secret
    secrets.load(settings.environment)
    app = settings.manifest.spec.code.app
    if formatter := import_string(app).log_formatter:
        configure_logging(dict, formatter)
    telemetry.configure(settings, app.partition(".")[0])
    return build_server(settings)
