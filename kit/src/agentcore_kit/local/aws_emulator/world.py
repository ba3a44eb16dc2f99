"""What is around a repository: the organisation's accounts as the platform leaves them, and a shell in one of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from agentcore_kit.config.environment import Environment, read_environment
from agentcore_kit.config.manifest import Manifest, load_manifest, repository_kind
from agentcore_kit.delivery import names
from agentcore_kit.delivery.context import DeploymentContext, Owner
from agentcore_kit.local.aws_emulator import platform_roles
from agentcore_kit.local.aws_emulator.cloud import AccountRegion, Cloud, access_key
from agentcore_kit.local.aws_emulator.gateways import SHARED
from agentcore_kit.local.aws_emulator.iam import AUDIENCE

_OWN: Owner = "environment"
_SHARED: Owner = "shared"

ISSUER = "https://login.example.com/.well-known/openid-configuration"


_OF_CONSUMERS = [
    "bedrock-agentcore:GetMemory",
    "bedrock-agentcore:CreateEvent",
    "bedrock-agentcore:ListEvents",
    "bedrock-agentcore:ListSessions",
    "bedrock-agentcore:ListMemoryRecords",
    "bedrock-agentcore:RetrieveMemoryRecords",
]
"""What a memory allows an agent that it names as a consumer."""


def environments() -> dict[str, Environment]:
    """Return the environments of this repository that are in AWS, in the order in which a version reaches them."""
    manifest = load_manifest()
    return {name: read_environment(name, manifest) for name in manifest.delivery.environments}


def prepared(cloud: Cloud) -> None:
    """Publish in every account what the platform repository publishes there, and make the component's secrets."""
    manifest = load_manifest()
    wanted = getattr(manifest.spec, "gateway", None)  # only some kinds have one
    gateway = wanted.name if wanted else SHARED
    known = environments()
    accounts = [str(one.account) for one in known.values()]
    before = str(known[manifest.delivery.preproduction].account)
    for environment in known.values():
        place = cloud.at(str(environment.account), environment.region)
        shared = f"{environment.region}:{environment.shared_account}"
        place.parameters.values |= {
            names.DISCOVERY_URL: ISSUER,
            names.CLIENTS: "web-client,test-client",
            names.LOG_KEY: place.arn("kms", "key/0a1b2c3d"),
            names.BOUNDARY: f"arn:aws:iam::{place.account}:policy/{platform_roles.BOUNDARY}",
            names.REGISTRY: f"arn:aws:agent-registry:{shared}:registry/a1B2c3D4e5F6",
            names.ALARM_TOPIC: place.arn("sns", "alarms"),
            names.AB_TEST_ROLE: f"arn:aws:iam::{place.account}:role/{platform_roles.AB_TEST}",
            names.gateway_arn("assistants"): place.arn("bedrock-agentcore", "gateway/assistants-a1b2c3d4e5"),
            names.gateway_arn(
                gateway
            ): f"arn:aws:bedrock-agentcore:{shared}:gateway/{gateway}-{environment.name}-a1b2c3d4e5",
            names.gateway_role(gateway): f"arn:aws:iam::{environment.shared_account}:role/{gateway}",
            names.GATEWAY_TARGETS_ROLE: (
                f"arn:aws:iam::{environment.shared_account}:role/{platform_roles.GATEWAY_TARGETS}"
            ),
        }
        _publish_for_agents(place, manifest, environment.name)
        for reference in getattr(environment, "secrets", {}).values():
            place.secrets.make(reference)
        shared_place = cloud.at(str(environment.shared_account), environment.region)
        shared_place.gateways.add(f"{gateway}-{environment.name}")
        shared_place.images.repositories.setdefault(manifest.metadata.name, {})
        shared_place.service("agent-registry-control").registries.add(place.parameters.values[names.REGISTRY])
        platform_roles.in_account(place, gateway)
        platform_roles.in_shared_account(shared_place, place.account, gateway)
        platform_roles.share(shared_place, accounts, before, manifest.metadata.name)


def _publish_for_agents(place: AccountRegion, manifest: Manifest, environment: str) -> None:
    """Publish what other repositories publish for an agent: the gateways and the memory that its manifest names."""
    values, agent = place.parameters.values, manifest.metadata.name
    for gateway in getattr(getattr(manifest.spec, "tools", None), "gateways", ()):
        values[names.gateway_url(gateway)] = (
            f"https://{gateway}.gateway.bedrock-agentcore.{place.region}.amazonaws.com/mcp"
        )
    if memory := getattr(manifest.spec, "memory", None):
        known = f"{names.snake(memory, environment)}-a1B2c3D4e5"
        arn = place.arn("bedrock-agentcore", f"memory/{known}")
        policy = f"arn:aws:iam::{place.account}:policy/{memory}-{environment}-memory-Consumer"
        place.cloud.iam.account(place.account).policies[policy] = platform_roles.policy(_OF_CONSUMERS, arn)
        values[names.memory_id(memory, environment)] = known
        values[names.memory_arn(memory, environment)] = arn
        values[names.memory_policy(memory, environment, agent)] = policy


def shell(address: str, account: str | None, token: str) -> dict[str, str]:
    """Return the variables of a shell that is signed in to an account of the emulator, or to none."""
    variables = {
        "AWS_ENDPOINT_URL": address,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "EVAL_TOKEN": token,
        "CI": "true",
    }
    if account:
        variables |= {"AWS_ACCESS_KEY_ID": access_key(account), "AWS_SECRET_ACCESS_KEY": "testing"}
    return variables


def subject(environment: str = "") -> str:
    """Return the subject of a job's OIDC token.

    Args:
        environment: The GitHub environment that the job names; empty for a job without one, which runs for `main`.
    """
    about = load_manifest().metadata
    repository = f"repo:{about.github_org}/{about.name}"
    return f"{repository}:environment:{environment}" if environment else f"{repository}:ref:refs/heads/main"


def pipeline_roles(cloud: Cloud) -> None:
    """Make in every account the roles that the component's pipeline assumes there."""
    manifest = load_manifest()
    for environment in environments().values():
        for owner, account in ((_OWN, environment.account), (_SHARED, environment.shared_account)):
            context = DeploymentContext(manifest, environment, owner)
            platform_roles.for_pipeline(cloud.at(str(account), environment.region), context)


def sign_in(cloud: Cloud, role: str, subject: str, session: str = "rehearsal") -> dict[str, str]:
    """Return the variables of a shell that a job of the pipeline has signed in to AWS with its OIDC token.

    Args:
        cloud: The emulated AWS.
        role: The ARN of the role, as `kit identity` prints it.
        subject: The subject of the job's token.
        session: The name of the role's session.

    Raises:
        ApiError: When there is no such role, or its trust policy does not let the job in.
    """
    if cloud.iam.role(role) is None and repository_kind() != "Platform":  # a platform makes them itself
        pipeline_roles(cloud)  # most tests need none of them, and they take a while
    key = cloud.iam.assume_with_token(role, session, {"sub": subject, "aud": AUDIENCE})
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "testing", "AWS_SESSION_TOKEN": "testing"}


def with_docker(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with a `docker` on the path that pushes to the emulator."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "docker"
    stand_in = Path(__file__).with_name("docker.py")
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{stand_in}" "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return {**variables, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
