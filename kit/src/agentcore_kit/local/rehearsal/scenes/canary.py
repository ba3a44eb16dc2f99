"""A canary, with promotion and rollback while it runs, and with a control that was changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agentcore_kit.delivery import names
from agentcore_kit.local.rehearsal.callers import GATEWAY
from agentcore_kit.local.rehearsal.scene import AGENT, scene
from agentcore_kit.local.rehearsal.scenes.common import deploy, edit, production, runtime
from agentcore_kit.local.rehearsal.stage import Stage


def results(it: Stage, env: str, sessions: int, live: float, new: float) -> None:
    """Let both versions of the canary have been judged by all evaluators."""
    (test,) = it.at(env).evaluations.tests.values()
    evaluators = it.environments[env].online_evaluation.evaluators  # type: ignore[attr-defined]

    def metric(name: str) -> dict[str, Any]:
        control = {"variantName": "C", "sampleSize": sessions, "mean": live}
        variant = {"variantName": "T1", "sampleSize": sessions, "mean": new, "isSignificant": False}
        arn = f"arn:aws:bedrock-agentcore:::evaluator/{name}"
        return {"evaluatorArn": arn, "controlStats": control, "variantResults": [variant]}

    test["results"] = {"evaluatorMetrics": [metric(name) for name in evaluators]}


def with_gateway(it: Stage) -> None:
    """Let the manifest name the gateway that splits callers."""
    edit(it.home / "manifest.yaml", {"spec": {"canaryGateway": "assistants"}})


@scene("canary", "A canary: no promotion while it runs, a rollback ends it and never leaves what callers had", AGENT)
def canary(it: Stage) -> None:
    """Begin a canary, try to promote, and roll back."""
    first = production()[0]
    with_gateway(it)
    deploy(it, "A version for some callers", first)
    it.must("canary", "--weight", "30", env=first)
    assert it.live(first, names.CANARY) == "2"
    it.must("canary", "--decide", env=first)
    assert it.live(first) == "1", "nothing is decided without sessions"
    it.refused("promote", env=first, because="canary")
    assert it.live(first) == "1", "promotion waits for the canary"
    assert "version 2" in it.must("status", env=first)
    it.must("rollback", env=first)
    assert it.live(first) == "1", "a rollback during a canary leaves the version that callers had"
    assert not any(one["executionStatus"] == "RUNNING" for one in it.at(first).evaluations.tests.values())
    versions = {got.version for got in it.callers.got if got.way == GATEWAY}
    assert versions == {"1", "2"}, f"callers through the gateway got {versions}"


@scene("canary-decides", "A canary that is as good is promoted; one against a control that changed is not", AGENT)
def canary_decides(it: Stage) -> None:
    """Decide a canary after live was moved behind its back, and one with sessions enough."""
    first = production()[0]
    with_gateway(it)
    deploy(it, "A second version", first)
    it.must("canary", "--weight", "30", env=first)
    results(it, first, 2000, 0.9, 0.9)
    endpoint = runtime(it, first).endpoints[names.LIVE]
    known = endpoint.moved
    endpoint.live = endpoint.target = "2"  # somebody has moved it in the console
    endpoint.moved = datetime.now(UTC)
    it.refused("canary", "--decide", env=first, because="live was moved since the canary began")
    endpoint.live, endpoint.target, endpoint.moved = "1", "1", known
    it.must("canary", "--decide", env=first)
    assert it.live(first) == "2", "a canary that is not worse is promoted"
