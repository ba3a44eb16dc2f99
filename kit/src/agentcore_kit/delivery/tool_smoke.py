"""The smoke test of tools: every tool that only reads is called, as the endpoint lists it."""

from __future__ import annotations

import json

from agentcore_kit.delivery import endpoints, mcp_client, names
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, CommandError
from agentcore_kit.delivery.invoke import invocation_url
from agentcore_kit.mcp_server.declarations import TOOLS
from agentcore_kit.tool_contract.definitions import offered
from agentcore_kit.tool_contract.samples import example, example_by_schema


def ask(context: DeploymentContext, runtime_arn: str, endpoint: str, who: str | mcp_client.Signed) -> None:
    """List the tools of an endpoint, and call those that only read.

    Args:
        context: The environment.
        runtime_arn: The runtime.
        endpoint: The endpoint's name.
        who: A user's token, or what signs requests with AWS credentials.

    Raises:
        CommandError: With the first that is wrong.
    """
    url = invocation_url(context, runtime_arn, endpoint)
    try:
        listed = mcp_client.list_tools(url, who)
        missing = {tool["name"] for tool in offered()} - {tool["name"] for tool in listed}
        if missing and _is_newest(context, endpoint):
            raise mcp_client.NoAnswer(f"it does not offer {', '.join(sorted(missing))}")
        for tool in listed:
            if tool.get("annotations", {}).get("readOnlyHint") and not _needs_a_user(tool["name"], who):
                known = tool in offered()
                arguments = example(tool) if known else example_by_schema(tool)
                call = {"name": tool["name"], "arguments": arguments}
                result = mcp_client.request(url, who, "tools/call", call)
                if result.get("isError"):
                    raise mcp_client.NoAnswer(f"{tool['name']} failed: {json.dumps(result.get('content'))[:200]}")
    except mcp_client.NoAnswer as error:
        raise CommandError(
            f"the smoke test of {endpoint} failed: {error}", f"kit status --env {context.name}", GATE_NOT_PASSED
        ) from None


def _is_newest(context: DeploymentContext, endpoint: str) -> bool:
    """Return whether an endpoint serves the version that was deployed last."""
    found = endpoints.runtime(context)
    now = endpoints.state(context, found.id, endpoint)
    return endpoint == names.NEWEST or (now is not None and now.live == found.newest)


def _needs_a_user(tool: str, who: str | mcp_client.Signed) -> bool:
    """Return whether a tool may keep rows of users, where none is known; one that is not checked out may."""
    return not isinstance(who, str) and (tool not in TOOLS or TOOLS[tool].caller_parameter is not None)
