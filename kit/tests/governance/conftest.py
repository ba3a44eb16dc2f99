"""A platform repository with repositories of all kinds beside it, and the organisation's registry, emulated."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.registry import Descriptor
from agentcore_kit.delivery.tool_record import McpDescriptor
from agentcore_kit.local.aws_emulator.cloud import AccountRegion, Cloud, access_key
from agentcore_kit.local.aws_emulator.server import Server, serving
from tests.repositories import KINDS, generate

REGISTRY = "registry/a1B2c3D4e5F6"
DIGEST = "sha256:" + "a" * 64

DOCUMENTED = {
    "name": "claims___getClaim",
    "description": "Reads one claim of insurance.\n\nUse when the user asks about a claim.\n\nReturns: its status.\n\n"
    "Errors: 404 when there is no such claim: tell the user.",
    "inputSchema": {
        "type": "object",
        "properties": {"claim": {"type": "string", "description": "The number of the claim, for example C-17"}},
        "required": ["claim"],
    },
    "outputSchema": {
        "type": "object",
        "properties": {"status": {"type": "string", "description": "open, paid or refused"}},
    },
}


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a repository of each kind, as the template makes them."""
    folder = tmp_path_factory.mktemp("generated")
    for kind in KINDS:
        made = generate(tmp_path_factory.mktemp(kind), kind)
        shutil.copytree(made, folder / made.name, ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    return folder


@pytest.fixture
def clones(generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a repository of each kind; the platform's is the one that commands work in."""
    folder = tmp_path / "clones"
    shutil.copytree(generated, folder)
    platform = folder / "example-platform"
    declare(platform, "components.yaml", "components", [])
    declare(platform, "use-cases.yaml", "useCases", [use_case("UC-0042")])
    monkeypatch.chdir(platform)
    return folder


def use_case(name: str, expires: str = "2999-12-31", **other: Any) -> dict[str, Any]:
    """Return an approved use case of the register."""
    about = {"id": name, "name": "Reports", "owner": "analytics@example.com", "risk": "limited"}
    approval = {"approvedBy": "AI board", "approvedOn": date(2026, 1, 15), "expires": date.fromisoformat(expires)}
    return {**about, **approval, "monthlyBudgetUsd": 500, **other}


def component(name: str, kind: str = "Tool", **other: Any) -> dict[str, Any]:
    """Return an entry of components.yaml."""
    about = {"name": name, "kind": kind, "owner": "analytics-team@example.com", "costCenter": "CC-1234"}
    where = {"useCaseId": "UC-0042", "monthlyBudgetUsd": 100, "environments": ["dev", "preprod", "prod"]}
    return {**about, **where, **other}


def declare(platform: Path, file: str, key: str, found: Sequence[dict[str, Any]]) -> None:
    """Write a list that the platform declares."""
    (platform / file).write_text(yaml.safe_dump({key: [*found]}, sort_keys=False), encoding="utf-8")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving(Cloud()) as server:
        yield server


@dataclass
class Registered:
    """The organisation's registry, and who is signed in."""

    cloud: Cloud
    context: DeploymentContext
    monkeypatch: pytest.MonkeyPatch

    @property
    def place(self) -> AccountRegion:
        """The account of the shared services."""
        return self.cloud.at(self.context.account, self.context.region)

    @property
    def control(self) -> Any:
        """A client of the registry."""
        return self.context.client("agent-registry-control")

    @property
    def arn(self) -> str:
        return self.place.parameters.values[names.REGISTRY]

    def add(
        self, name: str, descriptor: Descriptor, version: str = "1.0.0", *, submit: bool = True, **tags: str
    ) -> str:
        """Write a record as a component's pipeline does, and return its id."""
        made = self.control.create_registry_record(
            registryId=self.arn,
            name=name,
            description=f"Reads and files the claims of {name}.",
            recordType=descriptor.record_type,
            recordVersion=version,
            descriptors=descriptor.whole(),
            tags={"owner": "analytics-team@example.com", "cost-center": "CC-1234", "use-case-id": "UC-0042"}
            | {key.replace("_", "-"): value for key, value in tags.items()},
        )
        record = str(made["recordArn"].rpartition("/")[2])
        self.control.get_registry_record(registryId=self.arn, recordId=record)
        if submit:
            self.control.submit_registry_record_for_approval(registryId=self.arn, recordId=record)
        return record

    def status(self, record: str) -> tuple[str, str]:
        """Return the state of a record, and why it is in it."""
        found = self.control.get_registry_record(registryId=self.arn, recordId=record)
        return found["status"], found.get("statusReason", "")

    def tested_image(self, name: str, digest: str = DIGEST, **findings: int) -> None:
        """Let the component have an image that passed pre-production, and was scanned."""
        images = self.place.images
        images.repositories.setdefault(name, {})
        images.push(name, digest, f"passed-preprod-{'d' * 12}-{digest[7:19]}")
        images.findings[digest] = findings


def tool_record(*tools: dict[str, Any], **beside: Any) -> McpDescriptor:
    """Return what the registry is told of tools."""
    server = {
        "name": "com.example/claims",
        "description": "Claims",
        "version": "1.0.0",
        "_meta": {"io.modelcontextprotocol.registry/publisher-provided": {"gateway": "company-tools", **beside}},
    }
    return McpDescriptor("MCP", "mcpServer", json.dumps(server), "2025-12-11", json.dumps({"tools": tools}))


@pytest.fixture(scope="session")
def clients() -> dict[tuple[str, str], Any]:
    """Return the clients made so far, by service and region: making them takes most of the time."""
    return {}


@pytest.fixture
def registered(
    clones: Path, server: Server, clients: dict[tuple[str, str], Any], monkeypatch: pytest.MonkeyPatch
) -> Registered:
    """Return the registry as it is found from the environment `shared` of the platform repository."""
    server.cloud = cloud = Cloud()
    manifest = load_manifest()
    context = DeploymentContext(manifest, read_environment("shared", manifest))
    place = cloud.at(context.account, context.region)
    arn = place.arn("agent-registry", REGISTRY)
    place.parameters.values[names.REGISTRY] = arn
    place.service("agent-registry-control").registries.add(arn)
    variables = {
        "AWS_ENDPOINT_URL": server.address,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ACCESS_KEY_ID": access_key(context.account),
        "AWS_SECRET_ACCESS_KEY": "testing",
        "CI": "true",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    make = DeploymentContext.client

    def kept(here: DeploymentContext, service: str, region: str = "") -> Any:
        key = (service, region or here.region)
        if key not in clients:
            clients[key] = make(here, service, region)
        return clients[key]

    monkeypatch.setattr(DeploymentContext, "client", kept)
    return Registered(cloud, context, monkeypatch)


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody in a folder, and return what it printed."""
    command = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
