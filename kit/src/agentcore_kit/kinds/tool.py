"""What delivery must know of a tool: its stacks and their parameters, its smoke test, what the registry is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from shlex import quote
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from agentcore_kit.config.manifest import Manifest
from agentcore_kit.config.tool import ToolEnvironment, ToolManifest
from agentcore_kit.delivery import images, lambda_function, mcp_client, names, ssm
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, CommandError
from agentcore_kit.delivery.invoke import invocation_url
from agentcore_kit.delivery.regions import partition
from agentcore_kit.delivery.registry import Descriptor
from agentcore_kit.delivery.secret_check import secret_parameter
from agentcore_kit.delivery.tool_record import descriptor_of
from agentcore_kit.kinds.base import Output, Parameters, ReleaseData, RuntimeKind
from agentcore_kit.mcp_server.declarations import TOOLS
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
        concerns = ["role", "runtime", "observability", "endpoint", "lambda"]
        return [names.stack(context.component, context.name, concern) for concern in concerns]

    def published(self, context: ToolContext) -> dict[str, str]:
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

    def deployed(self, context: ToolContext, release: str) -> str:
        """Return what a deployment has made. A version of the Runtime is not live by that; a function is."""
        if lambda_function.is_chosen(context):
            short = images.digest_in(release)[:19]
            return f"function deployed ({short}), {self.live(context)}; next: kit smoke --env {context.name}"
        return super().deployed(context, release)

    def live(self, context: ToolContext) -> str:
        """Return what callers get."""
        return lambda_function.live(context) if lambda_function.is_chosen(context) else super().live(context)

    def status(self, context: ToolContext) -> list[str]:
        """Return what is live, and of the Runtime the versions besides."""
        return [lambda_function.live(context)] if lambda_function.is_chosen(context) else super().status(context)

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

        Raises:
            CommandError: With the first that is wrong.
        """
        url = f"{invocation_url(context, runtime_arn)}?{urlencode({'qualifier': endpoint})}"
        who = self.access(context, token)
        try:
            listed = {tool["name"] for tool in mcp_client.list_tools(url, who)}
            if missing := {tool["name"] for tool in offered()} - listed:
                raise mcp_client.NoAnswer(f"it does not offer {', '.join(sorted(missing))}")
            for tool in offered():
                own_rows = TOOLS[tool["name"]].caller_parameter and not isinstance(
                    who, str
                )  # of a user, who is not known
                if tool["annotations"]["readOnlyHint"] and not own_rows:
                    call = {"name": tool["name"], "arguments": example(tool)}
                    result = mcp_client.request(url, who, "tools/call", call)
                    if result.get("isError"):
                        raise mcp_client.NoAnswer(f"{tool['name']} failed: {json.dumps(result.get('content'))[:200]}")
        except mcp_client.NoAnswer as error:
            raise CommandError(
                f"the smoke test of {endpoint} failed: {error}", f"kit status --env {context.name}", GATE_NOT_PASSED
            ) from None

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


def _base(context: ToolContext) -> dict[str, str]:
    about = context.manifest.metadata
    return {
        "RuntimeName": names.snake(context.component, context.name),
        "Owner": about.owner,
        "CostCenter": about.cost_center,
        "UseCaseId": about.use_case_id,
    }


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
        "GatewayRoleArn": found.get(names.gateway_role(spec.gateway.name), ""),
        "DiscoveryUrl": identity.discovery_url or found[names.DISCOVERY_URL],
        "AllowedClients": clients,
        "AllowedAudience": ",".join(identity.audience),
        "Subnets": ",".join(network.subnets),
        "SecurityGroups": ",".join(network.security_groups),
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
        "PermissionsBoundary": found.get(names.BOUNDARY, ""),
        "LogRetentionDays": str(context.environment.logs.retention_days),
        "LogKeyArn": found.get(names.LOG_KEY, ""),
    }
