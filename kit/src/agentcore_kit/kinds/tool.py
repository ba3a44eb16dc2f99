"""What delivery must know of a tool: its stacks and their parameters, its smoke test, what the registry is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from shlex import quote
from typing import TYPE_CHECKING, Any

from agentcore_kit.config.manifest import Manifest
from agentcore_kit.config.tool import ToolEnvironment, ToolManifest
from agentcore_kit.delivery import (
    endpoints,
    gateway_targets,
    images,
    lambda_function,
    mcp_client,
    names,
    output,
    published,
    ssm,
    tool_callers,
    tool_compatibility,
    tool_smoke,
    tool_synchronization,
)
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.regions import partition
from agentcore_kit.delivery.registry import Descriptor
from agentcore_kit.delivery.rights import Rights
from agentcore_kit.delivery.secret_check import secret_parameter
from agentcore_kit.delivery.served_tools import ServedTools, served_tools
from agentcore_kit.delivery.tool_record import descriptor_of
from agentcore_kit.kinds.base import Delivered, Output, Parameters, ReleaseData, RuntimeKind
from agentcore_kit.tool_contract.definitions import offered
from agentcore_kit.tool_contract.samples import example

if TYPE_CHECKING:
    from agentcore_kit.evaluation.target import Target

ToolContext = DeploymentContext[ToolManifest, ToolEnvironment]


class ToolKind(RuntimeKind[ToolContext]):
    """A tool: serves tools to agents, as an MCP server or as a Lambda function."""

    port = 8000

    def stack_names(self, context: ToolContext) -> list[str]:
        """Return the names of the tools' stacks, in the order in which they are made."""
        concerns = ["role", "runtime", "observability", "endpoint", "lambda", published.CONCERN]
        return [names.stack(context.component, context.name, concern) for concern in concerns]

    def needed(self, context: ToolContext) -> list[str]:
        """Return the gateway's role or who signs users in, keys and boundary, as far as they are asked for."""
        environment, spec = context.environment, context.manifest.spec
        wanted: list[str] = []
        if spec.auth.inbound == "iam":
            wanted.append(names.gateway_role(spec.gateway.name))
        elif not environment.identity.clients and not environment.identity.audience:
            wanted.append(names.CLIENTS)
        if spec.target == "runtime" and environment.identity.discovery_url is None:
            wanted.append(names.DISCOVERY_URL)
        wanted += [names.LOG_KEY] * environment.logs.encrypted
        wanted += [names.BOUNDARY] * environment.permissions_boundary
        return wanted

    def needed_later(self, context: ToolContext) -> list[str]:
        """Return what registration needs."""
        return gateway_targets.needed(context)

    def published(self, context: ToolContext) -> dict[str, str]:
        """Return what the deployment needs of the platform, and the alarm topic if there is one."""
        wanted = self.needed(context)
        found = ssm.required(context, wanted) if wanted else {}
        return found | ssm.optional(context, [names.ALARM_TOPIC])

    def template_parameters(
        self, context: ToolContext, release: str, published: Mapping[str, str], output: Output
    ) -> Parameters:
        """Return what follows from manifest, environment file and platform, by template."""
        if lambda_function.is_chosen(context):
            return {"lambda": _lambda(context, published, release)}
        role = {} if context.environment.role else {"role": _role(context, published)}
        return {
            **role,
            "runtime": _runtime(context, published, release, output),
            "observability": _observability(context, published, output),
        }

    def allow(self, context: ToolContext, release: str) -> None:
        """Refuse what has not passed pre-production where it must have, and a function that would break agents.

        A function is live with its deployment, so it is compared before that.

        Raises:
            CommandError: When callers may not get it.
        """
        super().allow(context, release)
        if not lambda_function.is_chosen(context):
            tool_callers.refuse_other_callers(context)
            return
        if _is_checked_out(context, release):
            new = ServedTools(context.manifest.metadata.version, offered())
            tool_compatibility.refuse_breaking(context, new, tool_compatibility.contract(context))
        else:
            short = images.digest_in(release)[:19]
            output.step(f"image {short} is not that of the commit, so its tools cannot be listed before it is live")

    def deployed(self, context: ToolContext, release: str) -> str:
        """Return what a deployment has made. A version of the Runtime is not live by that; a function is."""
        if lambda_function.is_chosen(context):
            short = images.digest_in(release)[:19]
            return f"function deployed ({short}), {self.live(context)}; next: kit promote --env {context.name}"
        return super().deployed(context, release)

    def live(self, context: ToolContext) -> str:
        """Return what callers get."""
        return lambda_function.live(context) if lambda_function.is_chosen(context) else super().live(context)

    def status(self, context: ToolContext) -> list[str]:
        """Return what is live, and of the Runtime the versions besides."""
        return [lambda_function.live(context)] if lambda_function.is_chosen(context) else super().status(context)

    def delivered(self, context: ToolContext) -> list[Delivered]:
        """Return the commit of the function's image, or those of the Runtime's versions."""
        if not lambda_function.is_chosen(context):
            return super().delivered(context)
        found = lambda_function.find(context)
        commit = images.commit_of(context, found.digest) if found else ""
        return [Delivered(commit, "live")] if commit else []

    def release_data(self, context: ToolContext) -> ReleaseData:
        """Return the image of the function, or the versions of the Runtime."""
        if lambda_function.is_chosen(context):
            found = lambda_function.find(context)
            return {"live": found.digest if found else None}
        return super().release_data(context)

    def access(self, context: ToolContext, token: str) -> str | mcp_client.Signed:
        """Return what opens the deployed tools: a user's token, or where auth.inbound is iam, AWS credentials."""
        return mcp_client.Signed(context.region) if context.manifest.spec.auth.inbound == "iam" else token

    def smoke(self, context: ToolContext, runtime_arn: str, endpoint: str, token: str) -> None:
        """List the tools of an endpoint, and call those that only read.

        The newest version must offer what is checked out; an earlier one, after a rollback, has tools of its own.

        Raises:
            CommandError: With the first that is wrong.
        """
        tool_smoke.ask(context, runtime_arn, endpoint, self.access(context, token))

    def before_promotion(self, context: ToolContext, version: str) -> None:
        """Refuse a version of the Runtime that would break agents, unless its major version says that it does.

        Only the newest version can be asked before callers get it. An earlier one has been behind the gateway before.

        Raises:
            CommandError: When agents would break, or the version does not list its tools.
        """
        newest = endpoints.runtime(context).newest
        if version == newest:
            known = tool_compatibility.contract(context)
            tool_compatibility.refuse_breaking(context, served_tools(context, names.NEWEST), known)
        else:
            output.step(
                f"version {version} is not the newest ({newest}), so its tools cannot be listed before it is live"
            )

    def after_move(self, context: ToolContext, version: str) -> None:
        """Bring the gateway's target to the tools of the version that is live.

        Raises:
            CommandError: When that is not possible; the version stays live.
        """
        tool_synchronization.bring_to_live(context, version)

    def evaluation_variables(self, context: ToolContext) -> dict[str, str]:
        """Return the region to sign requests for, where AWS credentials open the tools."""
        return {"EVAL_SIGNED": context.region} if context.manifest.spec.auth.inbound == "iam" else {}

    def example_request(self, port: int, token: str) -> str:
        """Return a command that calls the first tool of a server on this machine."""
        tool = offered()[0]
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool["name"], "arguments": example(tool)},
        }
        return (
            f"  curl -s http://127.0.0.1:{port}/mcp -H 'Authorization: Bearer {token}' \\\n"
            "    -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\\n"
            f"    -d {quote(json.dumps(call))}"
        )

    def build_target(self, where: str, day: date | None = None) -> Target:
        """Return whom an evaluation asks: an agent with nothing but these tools, from this repository or a URL."""
        from agentcore_kit.evaluation import tool_targets

        return tool_targets.build_target(where, day)

    def tool_schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the JSON schema of the parameters of each tool, by name."""
        from agentcore_kit.evaluation import tool_targets

        return tool_targets.own_tools()

    def descriptor(self, manifest: Manifest) -> Descriptor:
        """Return what the registry is told: the server's description, and its tools."""
        return descriptor_of(manifest, offered())


def _is_checked_out(context: ToolContext, release: str) -> bool:
    """Return whether an image is that of the commit that is checked out, which may have none."""
    try:
        return images.find(context).digest == images.digest_in(release)
    except CommandError:
        return False


def _base(context: ToolContext) -> dict[str, str]:
    return {"RuntimeName": names.snake(context.component, context.name), **names.tag_parameters(context.manifest)}


def _role(context: ToolContext, found: Mapping[str, str]) -> dict[str, str]:
    registry = f"{context.region}:{context.environment.shared_account}"
    return {
        **_base(context),
        "RepositoryArn": f"arn:{partition(context.region)}:ecr:{registry}:repository/{context.component}",
        "SecretArns": secret_parameter(context),
        "PermissionsBoundary": found.get(names.BOUNDARY, ""),
    }


def _runtime(context: ToolContext, found: Mapping[str, str], image: str, output: Output) -> dict[str, str]:
    environment, spec = context.environment, context.manifest.spec
    identity, network = environment.identity, environment.network
    clients = ",".join(identity.clients) or ("" if identity.audience else found.get(names.CLIENTS, ""))
    return {
        **_base(context),
        "EnvironmentName": context.name,
        "ImageUri": image,
        "RoleArn": environment.role or output("role", "RoleArn"),
        "DeliveryRoleArn": names.delivery_role_arn(context.component, environment, partition(context.region)),
        "GatewayRoleArn": found.get(names.gateway_role(spec.gateway.name), ""),
        "DiscoveryUrl": identity.discovery_url or found[names.DISCOVERY_URL],
        "AllowedClients": clients,
        "AllowedAudience": ",".join(identity.audience),
        "Subnets": ",".join(network.subnets),
        "SecurityGroups": ",".join(network.security_groups),
        "Rights": Rights.of_parameters({"SecretArns": secret_parameter(context)}).text(),
        "LogRetentionDays": str(environment.logs.retention_days),
        "LogKeyArn": found.get(names.LOG_KEY, ""),
    }


def _observability(context: ToolContext, found: Mapping[str, str], output: Output) -> dict[str, str]:
    limits = context.environment.alarms
    return {
        **_base(context),
        "RuntimeArn": output("runtime", "RuntimeArn"),
        "RuntimeId": output("runtime", "RuntimeId"),
        "AlarmTopicArn": found.get(names.ALARM_TOPIC, ""),
        "MaxErrors": str(limits.errors),
        "MaxLatencyMs": str(limits.latency_p95_ms),
        "MaxThrottles": str(limits.throttles),
    }


def _lambda(context: ToolContext, found: Mapping[str, str], image: str) -> dict[str, str]:
    return {
        **_base(context),
        "EnvironmentName": context.name,
        "ImageUri": image,
        "GatewayRoleArn": found[names.gateway_role(context.manifest.spec.gateway.name)],
        "SecretArns": secret_parameter(context),
        "Rights": Rights.of_parameters({"SecretArns": secret_parameter(context)}).text(),
        "PermissionsBoundary": found.get(names.BOUNDARY, ""),
        "LogRetentionDays": str(context.environment.logs.retention_days),
        "LogKeyArn": found.get(names.LOG_KEY, ""),
    }
