"""The deliver workflow: production comes last, and somebody approves."""

from __future__ import annotations

from agentcore_kit.local.rehearsal.stage import steps
from agentcore_kit.testing.infrastructure.agent_agreed import GUARDED
from tests.delivery.test_workflows import WORKFLOWS


def test_there_are_these_workflows_and_two_of_them_never_sign_in() -> None:
    known = {path.stem: "configure-aws-credentials" in path.read_text(encoding="utf-8") for path in WORKFLOWS}
    assert known == {"ci": False, "deliver": True, "monitor": True, "rollback": True, "template-update": False}


def test_production_comes_after_every_guard() -> None:
    order = [(step.job, step.verb) for step in steps()]
    assert [order.index(key) for key in GUARDED] == sorted(order.index(key) for key in GUARDED)
    assert [verb for _, verb in order].count("build") == 1, "built once; what passed is what is promoted"


def test_production_waits_for_an_approval() -> None:
    order = [step.job for step in steps()]
    assert order.index("approval") < order.index("prod")
    assert {step.env for step in steps() if step.job == "prod"} == {"prod"}
