"""Type verbs in process, signed in to the right account of the stand-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from agentcore_kit import __main__ as program
from agentcore_kit.config.environment import Environment
from agentcore_kit.config.manifest import Manifest, load_manifest
from agentcore_kit.local.aws_emulator.cloud import AccountRegion, Cloud, access_key


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
class Shell:
    """The stand-in, this repository's environments, and a shell in which verbs are typed, in this process."""

    cloud: Cloud
    environments: Mapping[str, Environment]
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def at(self, name: str) -> AccountRegion:
        """Return the account of an environment."""
        environment = self.environments[name]
        return self.cloud.at(str(environment.account), environment.region)

    def type(self, verb: str, env: str, **variables: str) -> Typed:
        """Type a verb in a shell that is signed in to the right account."""
        environment = self.environments.get(env)
        account = environment and self.account_of(verb, environment)
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

    def account_of(self, verb: str, environment: Environment) -> str | None:
        """Return the account that a verb acts in."""
        return environment.account

    def registry(self) -> Any:
        """Return the organisation's registry."""
        shared = self.environments["prod"]
        return self.cloud.at(str(shared.shared_account), shared.region).service("agent-registry-control")

    def with_environment(self, name: str, **changes: Any) -> None:
        """Let an environment's file say something else."""
        known = self.environments
        self.environments = {**known, name: known[name].model_copy(update=changes)}
        self.monkeypatch.setattr(place, "read_environment", lambda wanted, *_: self.environments[wanted])

    def with_manifest(self, **changes: Any) -> Manifest:
        """Let the repository have a manifest with another spec or metadata."""
        raw = load_manifest().model_dump(by_alias=True)
        raw["spec"] |= changes.pop("spec", {})
        raw["metadata"] |= changes
        manifest = Manifest.model_validate(raw)
        self.monkeypatch.setattr(place, "load_manifest", lambda: manifest)
        return manifest


def refused(typed: Typed, *parts: str) -> None:
    """Assert that a verb ended as it should: message, next step, exit code, and no stack."""
    assert typed.code != 0, typed.out
    assert "Traceback" not in typed.err
    assert "\nnext:  " in typed.err
    for part in parts:
        assert part in typed.err, typed.err
