"""Monitoring of the live tools."""

from __future__ import annotations

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import monitor, names
from agentcore_kit.local.aws_emulator.docker import digest_of
from tests.delivery.runtime_world import SECOND, World
from tests.delivery.shell import refused


@pytest.fixture
def live(world: World) -> World:
    """Return the world with a version live in production, behind the gateway."""
    world.release()
    world.must("register", "prod")
    return world


def runtime_name() -> str:
    return names.snake(load_manifest().metadata.name, "prod")


def counted(world: World, metric: str, *values: float) -> None:
    """Let the tools have counted something."""
    world.at("prod").metrics.add(metric, f"{runtime_name()}.live", *values)


def served(world: World, metric: str, value: float) -> None:
    """Let the Runtime have counted something."""
    world.at("prod").metrics.add(metric, f"{runtime_name()}::live", value)


def test_tools_that_answer_are_no_alarm(live: World) -> None:
    said = live.must("monitor", "prod")
    assert "the tools answer, within their limits" in said.last
    assert "live: version 1" in said.out


@pytest.mark.parametrize(("metric", "value"), [("CallMs", 9000.0), ("Errors", 999.0)])
def test_what_the_tools_measure_beyond_a_limit_is_said(live: World, metric: str, value: float) -> None:
    counted(live, metric, value)
    refused(live.type("monitor", "prod"), f"{value:.0f}", "kit rollback --env prod", code=1)
    assert f"{value:.0f}" in monitor.report_path().read_text(encoding="utf-8")


def test_errors_of_the_runtime_count_and_callers_mistakes_do_not(live: World) -> None:
    served(live, "SystemErrors", 999.0)
    refused(live.type("monitor", "prod"), "999 failed requests in 6 hours, 0 of them in the tools", code=1)
    live.at("prod").metrics.points.clear()
    counted(live, "Refused", 999.0)
    counted(live, "Requests", 999.0)
    served(live, "Invocations", 2000.0)
    served(live, "UserErrors", 999.0)
    live.must("monitor", "prod")


def test_traffic_that_the_tools_have_not_counted_is_said(live: World) -> None:
    served(live, "Invocations", 50.0)
    refused(live.type("monitor", "prod"), "is blind", "metric Requests of", code=3)
    counted(live, "Requests", 50.0)
    live.must("monitor", "prod")


def test_a_container_that_answers_nobody_is_said(live: World) -> None:
    served(live, "Invocations", 50.0)
    served(live, "UserErrors", 50.0)
    refused(live.type("monitor", "prod"), "none of 50 requests was answered", code=3)


def test_tools_that_do_not_answer_are_said(live: World) -> None:
    live.cloud.broken_images.add(digest_of("a" * 40))
    refused(live.type("monitor", "prod"), "HTTP 500")


def test_it_says_what_is_newer(live: World) -> None:
    live.ready(SECOND)
    live.must("deploy", "prod")
    assert "newer than live 2" in live.must("monitor", "prod").out
