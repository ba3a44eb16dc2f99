"""Who may call a tool's runtime past its authorizer: a resource policy says so, which all versions have in common."""

from __future__ import annotations

from agentcore_kit.config.tool import ToolEnvironment, ToolManifest
from agentcore_kit.delivery import endpoint_state, names, ssm, stacks
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError

_PARAMETER = "GatewayRoleArn"


def refuse_other_callers(context: DeploymentContext[ToolManifest, ToolEnvironment]) -> None:
    """Do nothing when a deployment leaves those who call the live version as they are, or nothing is live.

    Raises:
        CommandError: When it would shut them out, or let others in, while the version before is still live.
    """
    state = endpoint_state.find(context)
    if state is None or state.live is None:
        return
    role = names.gateway_role(context.manifest.spec.gateway.name)
    by_role = context.manifest.spec.auth.inbound == "iam"
    wanted = ssm.optional(context, [role]).get(role, "") if by_role else ""
    stack = stacks.describe(context, names.stack(context.component, context.name, "runtime")) or {}
    known = stacks.parameters(stack)
    if known.get(_PARAMETER, wanted) == wanted:
        return
    before, now = known[_PARAMETER] or "whoever has a user's token", wanted or "whoever has a user's token"
    raise CommandError(
        f"the runtime's resource policy is of all its versions: version {state.live} is called by {before}, and this "
        f"deployment would leave it to {now} before it is promoted; nothing was changed",
        "deliver it as another component (metadata.name), move the agents to it, then kit destroy this one; or take "
        f"back what auth.inbound and gateway.name of manifest.yaml were; or, with a pause, kit destroy --env "
        f"{context.name} first",
        WRONG_INPUT,
    )
