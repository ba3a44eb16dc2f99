"""Policies in AWS: what is enforced changes by one step only, and no policy comes before the tool that it names."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.delivery.context import open_context
from agentcore_kit.delivery.platform import policies
from agentcore_kit.local.aws_emulator.cloud import access_key
from agentcore_kit.local.aws_emulator.gateways import Target
from tests.platform.conftest import PlatformShell

STACK = "example-platform-dev-policies"


@pytest.fixture
def dev(platform: PlatformShell) -> PlatformShell:
    """Return a shell in a platform whose gateway in dev has the target market-data, which one policy names."""
    Path("policies/market_customers.cedar").unlink()
    platform.must("deploy", "shared")
    platform.must("deploy", "dev")
    register(platform, "market-data")
    monkeypatch = platform.monkeypatch
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key(str(platform.environments["dev"].account)))
    return platform


def bring() -> None:
    """Do what a deployment does with policies, its last part."""
    policies.bring(open_context("dev"))


def register(platform: PlatformShell, name: str, status: str = "READY") -> None:
    (gateway,) = platform.at("dev").gateways.gateways.values()
    gateway.targets[name] = Target(f"TARGET{len(gateway.targets):04d}", {"name": name}, status)


def deployed(platform: PlatformShell) -> Mapping[str, tuple[str, str]]:
    """Return mode and text of each policy that is there, by its name in the engine."""
    stack = platform.at("dev").stacks.stacks.get(STACK)
    resources: Mapping[str, Any] = read_template(stack.body)["Resources"] if stack else {}
    found = [one["Properties"] for one in resources.values()]
    return {one["Name"]: (one["EnforcementMode"], one["Definition"]["Cedar"]["Statement"]) for one in found}


def modes(platform: PlatformShell) -> list[tuple[str, str]]:
    return sorted((name.rpartition("_")[0], mode) for name, (mode, _) in deployed(platform).items())


def test_what_is_enforced_changes_by_activation_only(dev: PlatformShell) -> None:
    assert deployed(dev) == {}
    first = dev.must("deploy", "dev")
    assert "policy market_data_readers_" in first.out
    assert "policy claims_over_one_million is left out: the gateway has no target examples that is ready" in first.out
    assert "kit register --env dev" in first.out
    assert "kit policies --activate --env dev" in first.out
    assert modes(dev) == [("market_data_readers", "LOG_ONLY")]
    ((_, text),) = deployed(dev).values()
    assert "${gateway}" not in text
    assert ":gateway/company-tools-" in text
    assert text in dev.must("policies", "dev", "--render").out

    # Activated: enforced, and nothing is left to do.
    assert "LOG_ONLY -> ACTIVE" in dev.must("policies", "dev", "--activate").out
    assert modes(dev) == [("market_data_readers", "ACTIVE")]
    assert "nothing to change" in dev.must("policies", "dev", "--activate").out
    assert "nothing to change" in dev.must("deploy", "dev").out

    # Its target is away for a while: it stays.
    register(dev, "market-data", "UPDATING")
    bring()
    dev.must("policies", "dev", "--activate")
    assert modes(dev) == [("market_data_readers", "ACTIVE")]
    register(dev, "market-data")

    # Changed: the new text is not enforced unseen, and comes beside the old one.
    before = deployed(dev)
    dev.edit("policies/market_data_readers.cedar", '"junior-analyst", ', "")
    refused = dev.type("policies", "dev", "--activate")
    assert (refused.code, "not deployed as LOG_ONLY yet" in refused.err) == (3, True)
    assert deployed(dev) == before
    bring()
    assert modes(dev) == [("market_data_readers", "ACTIVE"), ("market_data_readers", "LOG_ONLY")]
    assert before.items() <= deployed(dev).items()
    dev.must("policies", "dev", "--activate")
    assert modes(dev) == [("market_data_readers", "ACTIVE")]
    assert before.keys().isdisjoint(deployed(dev))

    # Without a file: enforced until the next activation; with none left the stack goes.
    for file in Path("policies").glob("*.cedar"):
        file.unlink()
    bring()
    assert modes(dev) == [("market_data_readers", "ACTIVE")]
    assert "delete, was ACTIVE" in dev.must("policies", "dev", "--activate").out
    assert STACK not in dev.at("dev").stacks.stacks


def test_a_wrong_policy_stops_a_deployment_and_destroy_takes_policies_first(dev: PlatformShell, tmp_path: Path) -> None:
    register(dev, "examples")
    bring()
    assert len(deployed(dev)) == len(list(Path("policies").glob("*.cedar")))
    file = tmp_path / "policies.yaml"
    file.write_text(dev.at("dev").stacks.stacks[STACK].body, encoding="utf-8")
    lint = [str(Path(sys.executable).with_name("cfn-lint")), "-r", "eu-central-1", "us-east-1", "--", str(file)]
    assert subprocess.run(lint, check=False, capture_output=True, text=True).stdout == ""

    dev.edit("policies/market_data_readers.cedar", "getMarketData", "getMarketDate")
    before = deployed(dev)
    refused = dev.type("deploy", "dev")
    assert (refused.code, deployed(dev)) == (2, before)
    assert "policies/market_data_readers.cedar:6: " in refused.err

    (gateway,) = dev.at("dev").gateways.gateways.values()
    gateway.targets.clear()
    out = dev.must("destroy", "dev").out
    assert out.index(f"delete stack {STACK}") < out.index("delete stack example-platform-dev-gateway")
    assert STACK not in dev.at("dev").stacks.stacks
