"""A repository with the organisation around it: the emulated AWS, a docker, and waits that take no time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.local.aws_emulator.server import Server, serving
from agentcore_kit.local.aws_emulator.world import environments, prepared, shell, with_docker
from agentcore_kit.local.rehearsal.component import fakes
from tests.delivery.memory_world import World as MemoryWorld
from tests.delivery.runtime_world import World
from tests.delivery.shell import ready


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Serve at one address for all tests, so that clients can be kept: making them takes most of the time."""
    with serving(Cloud()) as server:
        yield server


@pytest.fixture
def cloud() -> Cloud:
    """Return AWS as the platform leaves it."""
    cloud = Cloud(agent=fakes().answer)
    prepared(cloud)
    return cloud


@pytest.fixture
def world(
    cloud: Cloud,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> World | MemoryWorld:
    """Return everything, with waits that take no time."""
    server.cloud = cloud
    ready(monkeypatch, with_docker(tmp_path / "bin", shell(server.address, None, "a.b.c")), patience_seconds=2.0)
    made = MemoryWorld if repository_kind() == "Memory" else World
    return made(cloud, environments(), monkeypatch, capsys)


@pytest.fixture
def second_region(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a copy of the repository that is delivered to a second region and account of production as well."""
    copy = tmp_path / "two-regions"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__", ".*_cache"))
    prod = yaml.safe_load((copy / "environments" / "prod.yaml").read_text(encoding="utf-8"))
    prod |= {"name": "prod-us", "region": "us-east-1", "account": "210987654321"}
    (copy / "environments" / "prod-us.yaml").write_text(yaml.safe_dump(prod), encoding="utf-8")
    manifest = copy / "manifest.yaml"
    text = manifest.read_text(encoding="utf-8")
    delivery = "spec:\n  delivery: {production: [prod, prod-us]} # one after the other\n"
    manifest.write_text(text.replace("spec:\n", delivery), encoding="utf-8")
    monkeypatch.chdir(copy)
    return copy


@pytest.fixture
def regions(second_region: Path, world: World | MemoryWorld) -> World | MemoryWorld:
    """Return everything around the repository with two regions of production."""
    if isinstance(world, MemoryWorld):
        world.with_manifest(spec={"delivery": {"production": ["prod", "prod-us"]}})
    return world
