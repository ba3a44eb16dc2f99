"""What goes wrong in any kind: a clear message, an exit code other than 0, the next step named."""

from __future__ import annotations

from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.cloud import access_key
from tests.delivery.runtime_world import World
from tests.delivery.shell import refused


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


def test_a_stack_that_was_never_made(world: World) -> None:
    world.release(env="dev")
    stacks = world.at("dev").stacks.stacks
    name = next(iter(stacks))
    stacks[name].status = "ROLLBACK_COMPLETE"
    refused(world.type("deploy", "dev"), f"stack {name} is in ROLLBACK_COMPLETE", "delete-stack", "live keeps serving")


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
