"""What is around a repository: the organisation's accounts as the platform leaves them, and a shell in one of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from agentcore_kit.config.environment import Environment, read_environment
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.cloud import Cloud, access_key
from agentcore_kit.local.aws_emulator.gateways import SHARED

ISSUER = "https://login.example.com/.well-known/openid-configuration"


def environments() -> dict[str, Environment]:
    """Return the environments of this repository that are in AWS, in the order in which a version reaches them."""
    manifest = load_manifest()
    return {name: read_environment(name, manifest) for name in manifest.delivery.environments}


def prepared(cloud: Cloud) -> None:
    """Publish in every account what the platform repository publishes there, and make the component's secrets."""
    manifest = load_manifest()
    wanted = getattr(manifest.spec, "gateway", None)  # only some kinds have one
    gateway = wanted.name if wanted else SHARED
    for environment in environments().values():
        place = cloud.at(str(environment.account), environment.region)
        shared = f"{environment.region}:{environment.shared_account}"
        place.parameters.values |= {
            names.DISCOVERY_URL: ISSUER,
            names.CLIENTS: "web-client,test-client",
            names.LOG_KEY: place.arn("kms", "key/0a1b2c3d"),
            names.BOUNDARY: f"arn:aws:iam::{place.account}:policy/agentops-boundary",
            names.REGISTRY: f"arn:aws:agent-registry:{shared}:registry/a1B2c3D4e5F6",
            names.ALARM_TOPIC: place.arn("sns", "alarms"),
            names.AB_TEST_ROLE: f"arn:aws:iam::{place.account}:role/ab-test",
            names.gateway_arn("assistants"): place.arn("bedrock-agentcore", "gateway/assistants-a1b2c3d4e5"),
            names.gateway_arn(
                gateway
            ): f"arn:aws:bedrock-agentcore:{shared}:gateway/{gateway}-{environment.name}-a1b2c3d4e5",
            names.gateway_role(gateway): f"arn:aws:iam::{environment.shared_account}:role/{gateway}",
            names.GATEWAY_TARGETS_ROLE: f"arn:aws:iam::{environment.shared_account}:role/agentops-gateway-targets",
        }
        for reference in getattr(environment, "secrets", {}).values():
            place.secrets.make(reference)
        shared_place = cloud.at(str(environment.shared_account), environment.region)
        shared_place.gateways.add(f"{gateway}-{environment.name}")
        shared_place.images.repositories.setdefault(manifest.metadata.name, {})


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


def with_docker(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with a `docker` on the path that pushes to the emulator."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "docker"
    stand_in = Path(__file__).with_name("docker.py")
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{stand_in}" "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return {**variables, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
