"""A gateway with targets and policies of the test's own, and users with tokens of its issuer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.config.platform import Gateway
from agentcore_kit.local.gateway.audit import AUDIT_FILE
from agentcore_kit.local.gateway.issuer import Issuer
from agentcore_kit.local.gateway.repository import recorded
from agentcore_kit.local.gateway.server import Sources, serving
from agentcore_kit.local.gateway.settings import NamedInterceptors, Reloaded
from agentcore_kit.policies.engine import load
from tests.gateway.client import NEW, User
from tests.gateway.finance import FINANCE
from tests.gateway.targets import Target


@dataclass
class Running:
    """A gateway that is served.

    Attributes:
        state: The folder of its local state.
        policies: The folder with its policies.
        settings: Its section of the environment file; a test may replace it while it runs.
        address: Where it is served.
    """

    state: Path
    policies: Path
    settings: Gateway
    address: str = ""

    @property
    def issuer(self) -> Issuer:
        """What issues tokens that the gateway lets in."""
        return Issuer(self.state, self.address, self.settings.audience)

    def permit(self, statements: dict[str, str]) -> None:
        """Save policies, by the names of their files, in the place of those that there are."""
        self.policies.mkdir(exist_ok=True)
        for file in self.policies.glob("*.cedar"):
            file.unlink()
        for name, text in statements.items():
            (self.policies / f"{name}.cedar").write_text(text)

    def describe(self, name: str, target: Target) -> None:
        """Save the description of a target's tools, of which the schema of the policies is made."""
        (self.policies / "tools").mkdir(parents=True, exist_ok=True)
        (self.policies / "tools" / f"{name}.json").write_text(json.dumps({"tools": target.described()}))

    def user(self, name: str = "ana", revision: str = NEW, seconds: float = 600, **claims: str) -> User:
        """Return a user with a token."""
        return User(f"{self.address}/mcp", self.issuer.issue(name, claims=claims, seconds=seconds), revision)

    def change(self, **fields: Any) -> None:
        """Change the settings as if the environment file had been saved."""
        said = self.settings.model_dump(by_alias=True) | fields
        self.settings = Gateway.model_validate(said)

    def audit(self) -> list[dict[str, Any]]:
        """Return the audit's lines."""
        path = self.state / AUDIT_FILE
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return what starts a gateway: called with targets by name, and fields of the environment file."""
    with ExitStack() as stack:

        def starting(targets: dict[str, Target], statements: dict[str, str] = FINANCE, **fields: Any) -> Running:
            named = [{"name": name, "url": target.url} for name, target in targets.items()]
            settings = Gateway.model_validate({"targets": named, "requestsPerMinute": 100_000} | fields)
            gateway = Running(tmp_path / "state", tmp_path / "policies", settings)
            for name, target in targets.items():
                gateway.describe(name, target)
            gateway.permit(statements)
            policies = Reloaded(lambda: gateway.policies.rglob("*.*"), lambda: load(gateway.policies), "policies")
            hooks = NamedInterceptors(lambda: gateway.settings)
            sources = Sources(
                lambda: gateway.settings, policies, hooks, gateway.state, partial(recorded, gateway.policies)
            )
            gateway.address = stack.enter_context(serving(sources))
            return gateway

        yield starting


@pytest.fixture
def claims() -> Iterator[Target]:
    """Return a target that runs, with the tools `settle`, `read` and one that no policy permits, `delete`."""
    target = Target(["settle", "read", "delete"])
    with target.running():
        yield target


@pytest.fixture
def gateway(start: Start, claims: Target) -> Running:
    """Return a gateway with the target `claims`."""
    return start({"claims": claims})
