"""What goes wrong in any kind: a clear message, an exit code other than 0, the next step named."""

from __future__ import annotations

from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.cloud import access_key
from tests.delivery.runtime_world import World
from tests.delivery.shell import refused

ALARM, DASHBOARD = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"


def test_no_credentials(world: World) -> None:
    world.monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for command in ("deploy", "register", "status", "destroy"):
        refused(world.run(command, "--env", "prod"), "there are no AWS credentials", "aws sso login", code=3)


def test_credentials_of_nobody(world: World) -> None:
    world.monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAEXPIRED")
    refused(world.run("deploy", "--env", "prod"), "not valid", "aws sso login")


def test_the_wrong_account(world: World) -> None:
    world.release()
    before = len(world.cloud.calls)
    world.monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key(str(world.environments["dev"].account)))
    for command in ("deploy", "status", "destroy"):
        refused(
            world.run(command, "--env", "prod"),
            f"of account {world.environments['dev'].account}",
            "prod is account",
            "prod.yaml",
        )
    made = {call.operation for call in world.cloud.calls[before:]}
    assert made <= {"GetCallerIdentity"}, "nothing else may be called with the wrong credentials"


def failing(world: World, kind: str, why: str) -> None:
    """Let the next resource of a type fail, wherever it is made."""
    world.cloud.plan_fault(kind, "ServiceQuotaExceededException", why)


def test_a_first_creation_that_fails_leaves_no_stack_and_its_reason_is_told(world: World) -> None:
    world.ready()
    failing(world, DASHBOARD, "too many dashboards")
    told = world.type("deploy", "dev")
    refused(told, "-observability was not made: Dashboard: too many dashboards", "nothing of it is left", code=3)
    assert not [name for name in world.at("dev").stacks.stacks if name.endswith("-observability")]
    world.must("deploy", "dev")


def test_what_is_left_of_a_first_creation_goes_with_the_next_deployment(world: World) -> None:
    world.ready()
    failing(world, DASHBOARD, "too many dashboards")
    world.cloud.plan_fault("DeleteStack", "AccessDenied", "not allowed")
    refused(world.type("deploy", "dev"), "too many dashboards", "what is left of the stack", code=3)
    (name,) = (name for name in world.at("dev").stacks.stacks if name.endswith("-observability"))
    assert world.at("dev").stacks.stacks[name].status == "ROLLBACK_COMPLETE"
    plan = world.must("plan", "dev")
    assert f"{name}: made anew, as its first creation failed; nothing is in it" in plan.out
    assert world.at("dev").stacks.stacks[name].status == "ROLLBACK_COMPLETE", "a plan changes nothing"
    deployed = world.must("deploy", "dev")
    assert f"stack {name}, left by its failed first creation, was removed" in deployed.out
    assert world.at("dev").stacks.stacks[name].status == "CREATE_COMPLETE"


def test_the_reason_is_that_of_this_operation(world: World) -> None:
    world.ready()
    world.must("deploy", "dev")
    stack = next(one for name, one in world.at("dev").stacks.stacks.items() if name.endswith("-observability"))
    for why in ("two weeks ago", "today"):
        world.with_manifest(costCenter=f"cost-{why[:3]}")
        failing(world, ALARM, why)
        refused(world.type("deploy", "dev"), f"{stack.name}: UPDATE_ROLLBACK_COMPLETE: ", why, code=3)
    assert "two weeks ago" not in world.type("deploy", "dev").err
    stack.status = "UPDATE_ROLLBACK_FAILED"
    stuck = world.type("deploy", "dev")
    refused(stuck, "is in UPDATE_ROLLBACK_FAILED", "continue-update-rollback", "live keeps serving")
    assert "two weeks ago" not in stuck.err


def test_status_needs_no_registry(world: World) -> None:
    world.release()
    del world.at("prod").parameters.values[names.REGISTRY]
    assert "live" in world.must("status", "prod").last


def test_lasting_throttling(world: World) -> None:
    world.release()
    world.cloud.plan_fault("DescribeStacks", "Throttling", "Rate exceeded", times=9)
    refused(world.type("deploy", "prod"), "AWS refuses further calls", "Rate exceeded", "type the same again", code=3)


def test_a_job_cancelled_after_the_change_set_was_made(world: World) -> None:
    world.ready()
    world.cloud.plan_fault("ExecuteChangeSet", "AccessDenied", "cancelled here")
    refused(world.type("deploy", "dev"), "may not do that", "platform team")
    assert "nothing to change" not in world.must("deploy", "dev").out
