"""The names that repositories agree on: SSM parameters of the platform, roles, stacks, image tags."""

from __future__ import annotations

from agentcore_kit.config.environment import Environment
from agentcore_kit.config.manifest import Manifest

# What the platform publishes in each account and region.
DISCOVERY_URL = "/agentops/identity/discovery-url"
CLIENTS = "/agentops/identity/clients"
LOG_KEY = "/agentops/kms/logs-key-arn"
BOUNDARY = "/agentops/iam/permissions-boundary-arn"
REGISTRY = "/agentops/registry/arn"
ALARM_TOPIC = "/agentops/alarms/topic-arn"
AB_TEST_ROLE = "/agentops/roles/ab-test-arn"
GATEWAY_TARGETS_ROLE = "/agentops/roles/gateway-targets-arn"
MEMORY_KEY = "/agentops/kms/memory-key-arn"
SINK = "/agentops/monitoring/sink-arn"
OIDC = "token.actions.githubusercontent.com"
"""GitHub's identity provider, as the accounts know it."""
PLATFORM_READER = "agentops-platform-reader"
"""The role of the shared account that the platform's other accounts read what is published there with."""


def delivery_role(component: str) -> str:
    """Return the role that the component's pipeline assumes by OIDC, in each account. The platform makes it."""
    return f"agentops-deliver-{component}"


def delivery_role_arn(component: str, environment: Environment, partition: str) -> str:
    """Return the ARN of the role that the pipeline assumes in an environment's account."""
    name = environment.delivery_role or delivery_role(component)
    return f"arn:{partition}:iam::{environment.account}:role/{name}"


def register_role(component: str) -> str:
    """Return the role that writes the component's record in the registry before production is approved, and no more."""
    return f"agentops-register-{component}"


LIVE, NEWEST = "live", "DEFAULT"
"""Endpoints: what callers use, and the one that every runtime has, which always follows the newest version."""

CANARY = "canary"


def guardrail(name: str) -> tuple[str, str]:
    """Return where the platform publishes the id and the version of a guardrail."""
    return f"/agentops/guardrails/{name}/id", f"/agentops/guardrails/{name}/version"


def gateway_role(name: str) -> str:
    """Return where the platform publishes the ARN of a gateway's role, which calls what is behind it."""
    return f"/agentops/gateways/{name}/role-arn"


def gateway_arn(name: str) -> str:
    """Return where the platform publishes the ARN of a gateway."""
    return f"/agentops/gateways/{name}/arn"


def gateway_url(name: str) -> str:
    """Return where the platform publishes the URL of a gateway, at which agents call its tools."""
    return f"/agentops/gateways/{name}/url"


def memory_id(component: str, environment: str) -> str:
    """Return where a memory component publishes the id of its memory."""
    return f"/agentops/memories/{component}/{environment}/id"


def memory_arn(component: str, environment: str) -> str:
    """Return where a memory component publishes the ARN of its memory."""
    return f"/agentops/memories/{component}/{environment}/arn"


def memory_policy(component: str, environment: str, consumer: str) -> str:
    """Return where a memory component publishes the ARN of the policy of what a consumer may do with its memory."""
    return f"/agentops/memories/{component}/{environment}/consumers/{consumer}/policy-arn"


def memory(component: str, environment: str) -> str:
    """Return below which a component keeps parameters of its own in an environment."""
    return f"/agentops/components/{component}/{environment}/"


def test_client(component: str, environment: str) -> str:
    """Return the secret of the OAuth client that smoke tests and evaluation sign in with."""
    return f"{memory(component, environment)}test-client"


def component_runtime(component: str, environment: str) -> tuple[str, str, str]:
    """Return where an agent or tool publishes its runtime's ARN, the endpoint that callers use, and its URL."""
    below = memory(component, environment)
    return f"{below}runtime-arn", f"{below}endpoint", f"{below}url"


def litellm_key(component: str, environment: str) -> str:
    """Return the secret of the key that an agent calls the platform's LiteLLM gateway with."""
    return f"{memory(component, environment)}litellm-key"


def snake(component: str, environment: str) -> str:
    """Return the name of the Runtime: both words, as neither may have hyphens. At most 48 characters."""
    return f"{component}_{environment}".replace("-", "_")


def stack(component: str, environment: str, concern: str) -> str:
    """Return the name of a stack. It has the environment, so two of them can share an account and a region."""
    return f"{component}-{environment}-{concern}"


def tags(manifest: Manifest, environment: Environment) -> dict[str, str]:
    """Return the tags of every resource. The owner may be a team: a tag may have its `@` and `/`."""
    about = manifest.metadata
    return {
        "owner": about.owner,
        "cost-center": about.cost_center,
        "use-case-id": about.use_case_id,
        "component": about.name,
        "environment": environment.name,
    } | {name: value for name, value in about.tags.items() if value}


def record_metadata(manifest: Manifest) -> dict[str, str]:
    """Return the metadata of a component's record, by the fields of the registry's schema."""
    about = manifest.metadata
    return {"owner": about.owner, "costCenter": about.cost_center, "useCaseId": about.use_case_id}


TAG_PARAMETERS = {"owner": "Owner", "cost-center": "CostCenter", "use-case-id": "UseCaseId"}
"""The parameters of a template that it tags its resources with, by the names of the tags."""


def tag_parameters(manifest: Manifest) -> dict[str, str]:
    """Return the values of those parameters of a template that it tags its resources with."""
    about = manifest.metadata
    return {"Owner": about.owner, "CostCenter": about.cost_center, "UseCaseId": about.use_case_id}


def evaluation(component: str, environment: str) -> str:
    """Return the name of the online evaluations; the template writes `e_` or `c_` before it, and 48 are allowed."""
    return snake(component, environment)[:46]


def passed_tag(dataset: str, digest: str) -> str:
    """Return the image tag that says: this image passed pre-production with this version of the dataset."""
    return f"passed-preprod-{dataset[:12]}-{digest.removeprefix('sha256:')[:12]}"
