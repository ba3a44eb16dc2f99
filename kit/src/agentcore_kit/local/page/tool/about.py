"""What the page says of the tools: how each is documented, what its form asks, and calls to begin with."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from starlette.requests import Request

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.evaluation.dataset import load_dataset
from agentcore_kit.local.page.tool.inputs import inputs
from agentcore_kit.local.page.users import users
from agentcore_kit.mcp_server.server import ToolSettings
from agentcore_kit.tool_contract.definitions import Definition, offered
from agentcore_kit.tool_contract.documentation import ELEMENTS, ambiguous, limits, missing
from agentcore_kit.tool_contract.samples import NoExample, example

_EXAMPLES = 3
"""How many calls of each tool are offered."""


def tools(settings: ToolSettings, _: Request, __: Any) -> dict[str, Any]:
    """Return what this server is, whom one can be, and its tools as a client sees them."""
    about, prefix, found = settings.manifest.metadata, settings.manifest.spec.prefix, offered()
    expected = _expected()
    return {
        "name": about.name,
        "version": about.version,
        "description": about.description,
        "environment": settings.environment.name,
        "users": users(),
        "problems": [*ambiguous(found)],
        "tools": [_tool(one, prefix, expected[one["name"]]) for one in found],
    }


def _tool(tool: Definition, prefix: str, expected: list[dict[str, Any]]) -> dict[str, Any]:
    lacks = missing(tool)
    return {
        **{key: tool[key] for key in ("name", "title", "description", "inputSchema", "annotations") if key in tool},
        "outputSchema": tool.get("outputSchema"),
        "seenAs": f"{prefix}{SEPARATOR}{tool['name']}",
        "elements": [{"name": name, "lacks": lacks.get(name, "")} for name in ELEMENTS],
        "limits": [*limits(tool, prefix)],
        "inputs": inputs(tool),
        "examples": _examples(tool, expected),
    }


def _examples(tool: Definition, expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return arguments to begin with: those that the ground truth expects, else what the schema allows."""
    if expected:
        return expected[:_EXAMPLES]
    try:
        return [example(tool)]
    except NoExample:
        return []


def _expected() -> dict[str, list[dict[str, Any]]]:
    """Return the arguments that the ground truth expects to the letter, each once, by tool; none where it is wrong."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    try:
        for row in load_dataset().rows():
            for call in (call for turn in row.metadata.expect for outcome in turn for call in outcome.calls):
                if not call.match and call.input not in found[call.name]:
                    found[call.name].append(call.input)
    except (ConfigError, OSError):
        found.clear()
    return found
