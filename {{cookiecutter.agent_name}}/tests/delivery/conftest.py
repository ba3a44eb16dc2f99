"""A repository with the organisation around it: the stand-in for AWS, a commit, a docker, verbs typed in process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops import __main__ as program
from ops.delivery import image, names, place, wait
from ops.environment import Environment
from tests.standin.cloud import Answer, Cloud, Place, access_key
from tests.standin.docker import digest_of
from tests.standin.images import Images
from tests.standin.server import Server, serving
from tests.standin.world import environments, prepared, shell, with_docker

COMMIT, SECOND, THIRD = "a" * 40, "b" * 40, "c" * 40
CALLS_A_TOOL = b'{"answer": "556.2", "toolCalls": [{"name": "getQuarterlyRevenue", "status": "success"}]}'
DECLINES = b'{"answer": "I cannot share that.", "toolCalls": []}'


def agent(_: str, __: Mapping[str, str], body: bytes) -> Answer:
    """Answer as the starter does; the real one is behind the stand-in in the rehearsal."""
    return 200, "application/json", CALLS_A_TOOL if b"revenue" in body else DECLINES, {}


@dataclass
class Typed:
    """What a verb printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.out.strip().splitlines()[-1]


@dataclass
class World:
    """The stand-in, this repository's environments, and a shell."""

    cloud: Cloud
    environments: Mapping[str, Environment]
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    revision: str = COMMIT

    def at(self, name: str) -> Place:
        """Return the account of an environment."""
        environment = self.environments[name]
        return self.cloud.at(str(environment.account), environment.region)

    def type(self, verb: str, env: str, **variables: str) -> Typed:
        """Type a verb in a shell that is signed in to the right account."""
        environment = self.environments.get(env)
        account = environment and (environment.shared_account if verb == "build" else environment.account)
        with self.monkeypatch.context() as typed:
            if account:
                typed.setenv("AWS_ACCESS_KEY_ID", access_key(str(account)))
            for name, value in {"ENV": env, **variables}.items():
                typed.setenv(name, value)
            return self.run(verb)

    def run(self, verb: str) -> Typed:
        """Type a verb in the shell as it is."""
        self.capsys.readouterr()
        code = 0
        try:
            program.main([verb])
        except SystemExit as ended:
            code = int(ended.code or 0) if not isinstance(ended.code, str) else 1
        out, err = self.capsys.readouterr()
        return Typed(code, out, err)

    def must(self, verb: str, env: str, **variables: str) -> Typed:
        """Type a verb that must succeed."""
        typed = self.type(verb, env, **variables)
        assert typed.code == 0, typed.err + typed.out
        return typed

    def commit(self, revision: str) -> str:
        """Make a commit, push its image as `build` does, and return the image's digest."""
        self.revision = revision
        name, images = self._images()
        images.push(name, digest_of(revision), revision)
        return digest_of(revision)

    def passed(self, revision: str) -> None:
        """Mark the image of a commit as one that passed pre-production."""
        digest = digest_of(revision)
        name, images = self._images()
        images.push(name, digest, names.passed_tag(image.dataset_version(), digest))

    def _images(self) -> tuple[str, Images]:
        shared = self.environments["prod"]
        images = self.cloud.at(str(shared.shared_account), shared.region).images
        (name,) = images.repositories
        return name, images

    def release(self, revision: str, env: str = "prod") -> None:
        """Bring a commit to an environment, all the way."""
        self.commit(revision)
        self.passed(revision)
        self.must("deploy", env)
        self.must("promote", env)

    def live(self, env: str) -> str | None:
        """Return the version that callers of an environment get."""
        runtimes = list(self.at(env).runtimes.runtimes.values())
        live = runtimes[0].endpoints.get(names.LIVE) if runtimes else None
        return live.live if live else None


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Serve at one address for all tests, so that clients can be kept: making them takes most of the time."""
    with serving(Cloud()) as server:
        yield server


@pytest.fixture(scope="session")
def clients() -> dict[tuple[str | None, ...], Any]:
    """Return the clients made so far, by who is signed in, region and service."""
    return {}


@pytest.fixture
def cloud() -> Cloud:
    """Return AWS as the platform leaves it."""
    cloud = Cloud(agent=agent)
    prepared(cloud)
    return cloud


@pytest.fixture
def world(
    cloud: Cloud,
    server: Server,
    clients: dict[tuple[str | None, ...], Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> World:
    """Return everything, with waits that take no time."""
    make = place.Place.client

    def kept(here: place.Place, service: str) -> Any:
        signed_in = [os.environ.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
        key = (*signed_in, here.region, service)
        if key not in clients:
            clients[key] = make(here, service)
        return clients[key]

    server.cloud = cloud
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    variables = with_docker(tmp_path / "bin", shell(server.address, None, "a.b.c"))
    for name, value in {**variables, "AWS_SECRET_ACCESS_KEY": "testing"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(place.Place, "client", kept)
    monkeypatch.setattr(wait, "_FIRST", 0.001)
    monkeypatch.setattr(wait, "_LONGEST", 0.01)
    monkeypatch.setattr(wait, "PATIENCE_SECONDS", 2.0)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    monkeypatch.setattr(place, "ATTEMPTS", 3)
    made = World(cloud, environments(), monkeypatch, capsys)
    monkeypatch.setattr(image, "commit", lambda: made.revision)
    return made
