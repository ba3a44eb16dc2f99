"""What a component publishes of itself for others: its runtime, the endpoint that callers use, its URL, its caller.

They are resources of a stack of its own, which a promotion makes, as before the first one nobody could be reached; so
it also comes to components that were deployed before there was one.
"""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from agentcore_kit.delivery import endpoints, names, output, ssm, stacks
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError, as_command_error
from agentcore_kit.delivery.invoke import invocation_url

CONCERN = "published"
"""The last word of the stack's name."""

_TEMPLATE = Path(__file__).with_name("published.yaml")
"""It is the kit's: nothing in it is for a team to change."""


def publish(context: DeploymentContext) -> None:
    """Let others find what callers get, after a promotion; do nothing where all is published already.

    It raises nothing: callers have what was promoted. When it cannot be done, it is said, and the next promotion does
    it.
    """
    try:
        stacks.bring(context, _stack(context))
    except (CommandError, ClientError, BotoCoreError) as error:
        output.step(
            f"where others find it could not be published ({as_command_error(error).message}); the next promotion "
            "publishes it"
        )


def _calling_gateway(context: DeploymentContext) -> str:
    """Return the role of the gateway that calls with AWS credentials; an empty text where users' tokens count."""
    spec = context.manifest.spec
    auth = getattr(spec, "auth", None)  # only a tool is called by a gateway
    if auth is None or auth.inbound != "iam":
        return ""
    name = names.gateway_role(spec.gateway.name)
    return ssm.required(context, [name])[name]


def _stack(context: DeploymentContext) -> stacks.Stack:
    arn = endpoints.runtime(context).arn
    values = {
        "Component": context.component,
        "EnvironmentName": context.name,
        "RuntimeArn": arn,
        "Endpoint": names.LIVE,
        "Url": invocation_url(context, arn, names.LIVE),
        "GatewayRoleArn": _calling_gateway(context),
        **names.tag_parameters(context.manifest),
    }
    name = names.stack(context.component, context.name, CONCERN)
    tags = names.tags(context.manifest, context.environment)
    return stacks.Stack(name, _TEMPLATE.name, values, tags, _TEMPLATE.read_text(encoding="utf-8"))
