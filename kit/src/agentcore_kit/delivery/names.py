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

DELIVERY_ROLE = "agentops-delivery"
"""The role that the pipeline assumes by OIDC, in each account. The platform makes it."""

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


def memory(component: str, environment: str) -> str:
    """Return below which a component keeps parameters of its own in an environment."""
    return f"/agentops/components/{component}/{environment}/"


def test_client(component: str, environment: str) -> str:
    """Return the secret of the OAuth client that smoke tests and evaluation sign in with."""
    return f"{memory(component, environment)}test-client"


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


def passed_tag(dataset: str, digest: str) -> str:
    """Return the image tag that says: this image passed pre-production with this version of the dataset."""
    return f"passed-preprod-{dataset[:12]}-{digest.removeprefix('sha256:')[:12]}"
