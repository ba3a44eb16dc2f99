"""What `kit doctor` says of what parameters name: whether guardrail, gateway and registry work, and traces arrive."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from agentcore_kit.delivery import names, registry
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.doctor_looks import Asked, Row, state_of
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.ssm import optional

TRACES = "CloudWatch Transaction Search"
_PLATFORM = "platform: kit deploy --env <environment>"


def states(context: DeploymentContext) -> Iterator[Row]:
    """Yield how what is published works, as far as it is published; what is not is said of the parameter already.

    Args:
        context: The environment of a component.
    """
    spec, kind = context.manifest.spec, context.manifest.kind
    guardrail = names.guardrail(spec.guardrail) if getattr(spec, "guardrail", None) else ()
    gateways = [name for name in context.kind.needed_later(context) if name.startswith("/agentops/gateways/")]
    try:
        found = optional(context, [*guardrail, *gateways])
    except ClientError:
        return  # the parameters' own rows say that they cannot be read
    if guardrail and found.keys() >= set(guardrail):
        yield _guardrail(context, spec.guardrail, *(found[name] for name in guardrail))
    for name in gateways:
        if name in found:
            yield _gateway(context, name, found[name])
    if context.publishes:
        yield from _registry(context)
    if kind != "Memory":
        yield traces(context)
    model = getattr(getattr(context.environment, "model", None), "id", "")
    if model:
        detail = "whether the account may use it shows with the first call: kit smoke makes one"
        yield Row(model, "model", "not checked", detail, required=False)


def traces(context: DeploymentContext) -> Row:
    """Return whether traces of this account and region can be searched, without which nobody sees them."""

    def find() -> str:
        now = context.client("xray").get_trace_segment_destination()
        on = (now.get("Destination"), now.get("Status")) == ("CloudWatchLogs", "ACTIVE")
        return "" if on else f"it is off: traces go to {now.get('Destination')}, {now.get('Status')}"

    return state_of(context, Asked(TRACES, "setting", made_by=_PLATFORM), "xray", find)


def gateway_state(context: DeploymentContext, gateway_id: str) -> str:
    """Return what is wrong with a gateway of the account; empty for one that is ready."""
    control = context.client("bedrock-agentcore-control")
    now = control.get_gateway(gatewayIdentifier=gateway_id)["status"]
    return "" if now == "READY" else f"it is {now}"


def _guardrail(context: DeploymentContext, name: str, guardrail: str, version: str) -> Row:
    def find() -> str:
        now = context.client("bedrock").get_guardrail(guardrailIdentifier=guardrail, guardrailVersion=version)
        return "" if now["status"] == "READY" else f"version {version} is {now['status']}"

    asked = Asked(name, "guardrail", made_by=_PLATFORM)
    return state_of(context, asked, "bedrock", find)


def _gateway(context: DeploymentContext, name: str, arn: str) -> Row:
    about = name.split("/")[3]
    if arn.split(":")[4:5] != [context.account]:
        detail = "it is in another account: register looks, with the role that the platform publishes"
        return Row(about, "gateway", "not checked", detail, required=False)
    asked = Asked(about, "gateway", made_by=_PLATFORM)
    return state_of(context, asked, "bedrock-agentcore-control", lambda: gateway_state(context, arn.rpartition("/")[2]))


def _registry(context: DeploymentContext) -> Iterator[Row]:
    try:
        home = registry.home(context)
    except CommandError:
        return  # the parameter's own row says that its value is of no registry
    if home is not None:
        asked = Asked(home.arn, "registry", made_by="platform: kit deploy --env shared, which shares it")

        def find() -> str:
            home.control.list_registry_records(registryId=home.arn, maxResults=1)
            return ""

        yield state_of(context, asked, "agent-registry-control", find, home.arn.split(":")[3])
