"""Type commands in process, signed in to the right account of the emulated AWS."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from agentcore_kit import cli
from agentcore_kit.config.environment import Environment
from agentcore_kit.config.manifest import Manifest, load_manifest
from agentcore_kit.delivery import context, polling
from agentcore_kit.local.aws_emulator.cloud import AccountRegion, Cloud, access_key

_CLIENTS: dict[tuple[str | None, ...], Any] = {}
"""Clients made so far, by who is signed in where, region and service: making one takes longer than most commands."""


def ready(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], patience_seconds: float) -> None:
    """Make a shell with these variables in which nobody is signed in yet, clients are kept, and waits take no time."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**variables, "AWS_SECRET_ACCESS_KEY": "testing"}.items():
        monkeypatch.setenv(name, value)
    make = context.DeploymentContext.client

    def kept(here: context.DeploymentContext, service: str, region: str = "") -> Any:
        names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        key = (*map(os.environ.get, names), *here.credentials.values(), region or here.region, service)
        if key not in _CLIENTS:
            _CLIENTS[key] = make(here, service, region)
        return _CLIENTS[key]

    monkeypatch.setattr(context.DeploymentContext, "client", kept)
    monkeypatch.setattr(polling, "_FIRST", 0.001)
    monkeypatch.setattr(polling, "_LONGEST", 0.01)
    monkeypatch.setattr(polling, "PATIENCE_SECONDS", patience_seconds)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    monkeypatch.setattr(context, "ATTEMPTS", 3)


def typed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Type a command where no account is needed; return its exit code and what it printed."""
    capsys.readouterr()
    code = 0
    try:
        cli.main([*arguments])
    except SystemExit as ended:
        code = int(ended.code or 0)
    return (code, *capsys.readouterr())


@dataclass
class Typed:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.out.strip().splitlines()[-1]


@dataclass
class Shell:
    """The emulated AWS, this repository's environments, and a shell in which commands are typed, in this process."""

    cloud: Cloud
    environments: Mapping[str, Any]
    """Each as the model of the repository's kind."""
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def at(self, name: str) -> AccountRegion:
        """Return the account of an environment."""
        environment = self.environments[name]
        return self.cloud.at(str(environment.account), environment.region)

    def type(self, command: str, env: str, *options: str, **variables: str) -> Typed:
        """Type a command in a shell that is signed in to the right account, and has these environment variables."""
        environment = self.environments.get(env)
        account = environment and self.account_of(command, environment)
        with self.monkeypatch.context() as typed:
            if account:
                typed.setenv("AWS_ACCESS_KEY_ID", access_key(str(account)))
            for name, value in variables.items():
                typed.setenv(name, value)
            return self.run(command, *(["--env", env] if env else []), *options)

    def run(self, *arguments: str) -> Typed:
        """Type a command in the shell as it is."""
        self.capsys.readouterr()
        code = 0
        try:
            cli.main([*arguments])
        except SystemExit as ended:
            code = int(ended.code or 0) if not isinstance(ended.code, str) else 1
        out, err = self.capsys.readouterr()
        return Typed(code, out, err)

    def must(self, command: str, env: str, *options: str, **variables: str) -> Typed:
        """Type a command that must succeed."""
        typed = self.type(command, env, *options, **variables)
        assert typed.code == 0, typed.err + typed.out
        return typed

    def account_of(self, command: str, environment: Environment) -> str | None:
        """Return the account that a command acts in."""
        return environment.account

    def registry(self) -> Any:
        """Return the organisation's registry."""
        shared = self.environments["prod"]
        return self.cloud.at(str(shared.shared_account), shared.region).service("agent-registry-control")

    def with_environment(self, name: str, **changes: Any) -> None:
        """Let an environment's file say something else."""
        known = self.environments
        self.environments = {**known, name: known[name].model_copy(update=changes)}
        self.monkeypatch.setattr(context, "read_environment", lambda wanted, *_: self.environments[wanted])

    def with_manifest(self, **changes: Any) -> Manifest:
        """Let the repository have a manifest with another spec or metadata."""
        known = load_manifest()
        raw = known.model_dump(by_alias=True)
        raw["spec"] |= changes.pop("spec", {})
        raw["metadata"] |= changes
        manifest = type(known).model_validate(raw)
        self.monkeypatch.setattr(context, "load_manifest", lambda: manifest)
        return manifest


def refused(typed: Typed, *parts: str, code: int | None = None) -> None:
    """Assert that a command ended as it should: message, next step, exit code (any but 0), and no traceback."""
    assert typed.code != 0 if code is None else typed.code == code, typed.out + typed.err
    assert "Traceback" not in typed.err
    assert "\nnext:  " in typed.err
    for part in parts:
        assert part in typed.err, typed.err
