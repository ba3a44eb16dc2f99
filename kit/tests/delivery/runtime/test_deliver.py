"""The deliver workflow: production comes last, and somebody approves."""

from __future__ import annotations

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.local.rehearsal.workflow import Step, steps
from tests.delivery.test_workflows import WORKFLOWS

TESTED = [
    ("build", "build"),
    *(("preproduction", name) for name in ("deploy", "smoke", "dimensions", "gate", "promote")),
]
GUARDED = {
    "Agent": [
        *TESTED,
        ("register", "register"),
        *(("production (prod)", name) for name in ("newer", "deploy", "smoke", "promote", "online")),
    ],
    "Tool": [
        *TESTED,
        ("preproduction", "register"),
        *(("production (prod)", name) for name in ("newer", "deploy", "smoke", "promote", "register")),
    ],
}
"""The commands of delivery by kind, in the order in which each guards those after it."""


def test_there_are_these_workflows_and_two_of_them_never_sign_in() -> None:
    known = {path.stem: "configure-aws-credentials" in path.read_text(encoding="utf-8") for path in WORKFLOWS}
    assert known == {"ci": False, "deliver": True, "monitor": True, "rollback": True, "template-update": False}


def test_production_comes_after_every_guard() -> None:
    order = [(step.job, step.command) for step in steps()]
    guarded = GUARDED[repository_kind()]
    assert [order.index(key) for key in guarded] == sorted(order.index(key) for key in guarded)
    assert [command for _, command in order].count("build") == 1, "built once; what passed is what is promoted"


def test_production_waits_for_an_approval() -> None:
    order = [step.job for step in steps()]
    assert order.index("approval") < order.index("production (prod)")


def test_a_job_is_signed_in_to_the_environment_that_its_commands_name() -> None:
    found = {step.command: step for step in steps() if step.job in ("build", "preproduction")}
    assert found["build"] == Step("build", ("build", "--env", "preprod"), "preprod", shared=True)
    assert found["smoke"] == Step(
        "preproduction", ("smoke", "--env", "preprod", "--endpoint", "DEFAULT"), "preprod", environment="preprod"
    )
    for step in steps():
        if "--env" in step.arguments:
            assert step.arguments[step.arguments.index("--env") + 1] == step.env, step


def test_production_asks_the_newest_version_before_callers_get_it_and_live_afterwards() -> None:
    asked = [step.arguments for step in steps() if step.job == "production (prod)"]
    newest, live = ("smoke", "--env", "prod", "--endpoint", "DEFAULT"), ("smoke", "--env", "prod")
    assert asked.index(newest) < asked.index(("promote", "--env", "prod")) < asked.index(live)


def test_whether_a_commit_is_newer_is_asked_of_the_environment() -> None:
    (newer,) = [step for step in steps() if step.command == "newer"]
    assert newer == Step("production (prod)", ("newer", "--env", "prod"), "prod", environment="prod")
