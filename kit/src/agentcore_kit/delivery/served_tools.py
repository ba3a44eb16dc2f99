"""What the deployed tools say of themselves: the version that a server has, and the tools that it lists."""

from __future__ import annotations

from dataclasses import dataclass

from agentcore_kit.delivery import endpoints, lambda_function, mcp_client, names
from agentcore_kit.delivery.access_token import token
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.invoke import invocation_url
from agentcore_kit.tool_contract.definitions import Definition


@dataclass(frozen=True)
class ServedTools:
    """The tools of a deployed version.

    Attributes:
        version: Of the component, as its manifest had it.
        tools: As the server lists them.
    """

    version: str
    tools: list[Definition]


def served_tools(context: DeploymentContext, endpoint: str = names.LIVE) -> ServedTools:
    """Return what the server behind an endpoint lists, or the function, which has no endpoints.

    Raises:
        CommandError: When it does not answer.
    """
    if lambda_function.is_chosen(context):
        return ServedTools(*lambda_function.listed(context, lambda_function.deployed(context)))
    url = invocation_url(context, endpoints.runtime(context).arn, endpoint)
    who = context.kind.access(context, token(context))
    try:
        return ServedTools(mcp_client.server_version(url, who), mcp_client.list_tools(url, who))
    except mcp_client.NoAnswer as error:
        raise CommandError(
            f"the server behind endpoint {endpoint} does not list its tools: {error}",
            f"kit smoke --env {context.name} --endpoint {endpoint}",
        ) from None
