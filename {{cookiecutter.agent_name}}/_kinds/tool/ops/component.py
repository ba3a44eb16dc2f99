"""What delivery must know of a tool: its stacks and their parameters, its smoke test, what the registry is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from urllib.parse import urlencode

from ops import function, mcp
from ops.delivery import image, names, parameters, runtime
from ops.delivery import stacks as formation
from ops.delivery.bearer import VARIABLE
from ops.delivery.calls import invocation_url
from ops.delivery.place import Place
from ops.delivery.registry import Descriptor
from ops.delivery.runtime import allow, release
from ops.delivery.stacks import Stack
from ops.delivery.stop import Stop
from ops.document import ROOT
from ops.manifest import Manifest
from ops.offer import offered
from ops.record import descriptor_of
from ops.samples import example
from tool.wiring.declare import TOOLS

__all__ = [
    "allow", "deployed", "descriptor", "evaluate", "extras", "live", "release", "smoke", "stack_names", "stacks",
    "status",
]  # fmt: skip


def stack_names(place: Place) -> list[str]:
    """Return the names of the tools' stacks, in the order in which they are made."""
    concerns = ["role", "runtime", "observability", "endpoint", "lambda"]
    return [names.stack(place.component, place.name, concern) for concern in concerns]


def stacks(place: Place, release: str) -> list[Stack]:
    """Return the stacks that a deployment brings, in order. `live` is not among them: promotion makes and moves it."""
    found = _published(place)
    if function.is_chosen(place):
        all_of_them = {"lambda": _lambda(place, found, release)}
    else:
        all_of_them = {} if place.environment.role else {"role": _role(place, found)}
        all_of_them |= {"runtime": _runtime(place, found, release), "observability": _observability(place, found)}
    about = names.tags(place.manifest, place.environment)
    return [
        Stack(names.stack(place.component, place.name, concern), f"{concern}.yaml", values, about)
        for concern, values in all_of_them.items()
    ]


def deployed(place: Place, release: str) -> str:
    """Return what a deployment has made. A version of the Runtime is not live by that; a function is."""
    if function.is_chosen(place):
        return f"function deployed ({image.digest_in(release)[:19]}), {live(place)}; next: make smoke ENV={place.name}"
    return runtime.deployed(place, release)


def live(place: Place) -> str:
    """Return what callers get."""
    return function.live(place) if function.is_chosen(place) else runtime.live(place)


def status(place: Place) -> list[str]:
    """Return what is live, and of the Runtime the versions besides."""
    return [function.live(place)] if function.is_chosen(place) else runtime.status(place)


def access(place: Place, token: str) -> str | mcp.Signed:
    """Return what opens the deployed tools: a user's token, or where auth.inbound is iam, AWS credentials."""
    return mcp.Signed(place.region) if place.manifest.spec.auth.inbound == "iam" else token


def evaluate(place: Place, url: str, token: str, date: str) -> int:
    """Run `eval` as it is typed, against the deployed tools; return its exit code (0 passed, 1 below threshold …)."""
    command = [sys.executable, "-m", "ops", "eval", "--target", url, *(["--date", date] if date else [])]
    variables = os.environ | {"AGENT_ENV": place.name, VARIABLE: token}
    if place.manifest.spec.auth.inbound == "iam":
        variables["EVAL_SIGNED"] = place.region
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode  # noqa: S603


def smoke(place: Place, runtime_arn: str, endpoint: str, token: str) -> None:
    """List the tools of an endpoint, and call those that only read. Raises Stop with the first that is wrong."""
    url = f"{invocation_url(place, runtime_arn)}?{urlencode({'qualifier': endpoint})}"
    who = access(place, token)
    try:
        listed = {tool["name"] for tool in mcp.list_tools(url, who)}
        if missing := {tool["name"] for tool in offered()} - listed:
            raise mcp.NoAnswer(f"it does not offer {', '.join(sorted(missing))}")
        for tool in offered():
            own_rows = TOOLS[tool["name"]].caller_parameter and not isinstance(who, str)  # of a user, who is not known
            if tool["annotations"]["readOnlyHint"] and not own_rows:
                call = {"name": tool["name"], "arguments": example(tool)}
                result = mcp.request(url, who, "tools/call", call)
                if result.get("isError"):
                    raise mcp.NoAnswer(f"{tool['name']} failed: {json.dumps(result.get('structuredContent'))[:200]}")
    except mcp.NoAnswer as error:
        raise Stop(f"the smoke test of {endpoint} failed: {error}", f"make status ENV={place.name}") from None


def extras(place: Place) -> list[tuple[str, Callable[[], object]]]:
    """Return what is there besides the stacks: nothing."""
    return []


def descriptor(manifest: Manifest) -> Descriptor:
    """Return what the registry is told: the server's description, and its tools."""
    return descriptor_of(manifest, offered())


def _published(place: Place) -> dict[str, str]:
    """Return what the platform publishes and these tools need; Stop names all that is missing at once."""
    environment, spec = place.environment, place.manifest.spec
    wanted: list[str] = []
    if spec.auth.inbound == "iam":
        wanted.append(names.gateway_role(spec.gateway.name))
    elif not environment.identity.clients and not environment.identity.audience:
        wanted.append(names.CLIENTS)
    if spec.target == "runtime" and environment.identity.discovery_url is None:
        wanted.append(names.DISCOVERY_URL)
    wanted += [names.LOG_KEY] * environment.logs.encrypted
    wanted += [names.BOUNDARY] * environment.permissions_boundary
    found = parameters.required(place, wanted) if wanted else {}
    return found | parameters.optional(place, [names.ALARM_TOPIC])


def _base(place: Place) -> dict[str, str]:
    about = place.manifest.metadata
    return {
        "RuntimeName": names.snake(place.component, place.name),
        "Owner": about.owner,
        "CostCenter": about.cost_center,
        "UseCaseId": about.use_case_id,
    }


def _role(place: Place, found: dict[str, str]) -> dict[str, str]:
    partition = "aws-cn" if place.region.startswith("cn-") else "aws-us-gov" if "-gov-" in place.region else "aws"
    registry = f"{place.region}:{place.environment.shared_account}"
    return {
        **_base(place),
        "RepositoryArn": f"arn:{partition}:ecr:{registry}:repository/{place.component}",
        "PermissionsBoundary": found.get(names.BOUNDARY, ""),
    }


def _runtime(place: Place, found: dict[str, str], image: str) -> dict[str, str]:
    environment, spec = place.environment, place.manifest.spec
    identity, network = environment.identity, environment.network
    clients = ",".join(identity.clients) or ("" if identity.audience else found.get(names.CLIENTS, ""))
    return {
        **_base(place),
        "EnvironmentName": place.name,
        "ImageUri": image,
        "RoleArn": environment.role or _output(place, "role", "RoleArn"),
        "GatewayRoleArn": found.get(names.gateway_role(spec.gateway.name), ""),
        "DiscoveryUrl": identity.discovery_url or found[names.DISCOVERY_URL],
        "AllowedClients": clients,
        "AllowedAudience": ",".join(identity.audience),
        "Subnets": ",".join(network.subnets),
        "SecurityGroups": ",".join(network.security_groups),
        "LogRetentionDays": str(environment.logs.retention_days),
        "LogKeyArn": found.get(names.LOG_KEY, ""),
    }


def _observability(place: Place, found: dict[str, str]) -> dict[str, str]:
    limits = place.environment.alarms
    return {
        **_base(place),
        "RuntimeArn": _output(place, "runtime", "RuntimeArn"),
        "RuntimeId": _output(place, "runtime", "RuntimeId"),
        "AlarmTopicArn": found.get(names.ALARM_TOPIC, ""),
        "MaxErrors": str(limits.errors),
        "MaxLatencyMs": str(limits.latency_p95_ms),
        "MaxThrottles": str(limits.throttles),
    }


def _lambda(place: Place, found: dict[str, str], image: str) -> dict[str, str]:
    return {
        **_base(place),
        "EnvironmentName": place.name,
        "ImageUri": image,
        "GatewayRoleArn": found[names.gateway_role(place.manifest.spec.gateway.name)],
        "PermissionsBoundary": found.get(names.BOUNDARY, ""),
        "LogRetentionDays": str(place.environment.logs.retention_days),
        "LogKeyArn": found.get(names.LOG_KEY, ""),
    }


def _output(place: Place, concern: str, key: str) -> str:
    name = names.stack(place.component, place.name, concern)
    return formation.outputs(place, name).get(key, formation.UNKNOWN)
