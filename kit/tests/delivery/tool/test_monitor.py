"""Monitoring of the live tools."""

from __future__ import annotations

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names, tool_monitor
from agentcore_kit.local.aws_emulator.docker import digest_of
from tests.delivery.runtime_world import World
from tests.delivery.shell import refused


@pytest.fixture
def live(world: World) -> World:
    """Return the world with a version live in production."""
    world.release()
    return world


def test_tools_that_answer_are_no_alarm(live: World) -> None:
    assert "the tools answer, within their limits" in live.must("monitor", "prod").last


@pytest.mark.parametrize(("metric", "value"), [("Latency", 9000.0), ("SystemErrors", 999.0)])
def test_what_is_beyond_a_limit_is_said(live: World, metric: str, value: float) -> None:
    name = f"{names.snake(load_manifest().metadata.name, 'prod')}::live"
    live.at("prod").metrics.values[(metric, name)] = [value]
    refused(live.type("monitor", "prod"), f"{value:.0f}", "kit rollback --env prod")
    assert f"{value:.0f}" in tool_monitor.report_path().read_text(encoding="utf-8")


def test_tools_that_do_not_answer_are_said(live: World) -> None:
    live.cloud.broken_images.add(digest_of("a" * 40))
    refused(live.type("monitor", "prod"), "HTTP 500")
