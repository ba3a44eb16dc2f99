"""The verbs from a commit to production and back, run unmodified against the stand-in."""

from __future__ import annotations

import pytest

from ops.delivery import names
from tests.delivery.conftest import COMMIT, SECOND, THIRD, World
from tests.standin.docker import digest_of


def test_build_pushes_a_commit_once(world: World) -> None:
    first, again = world.must("build", "dev"), world.must("build", "dev")
    assert digest_of(COMMIT) in first.last
    assert digest_of(COMMIT) in again.last
    assert "nothing to change" in again.out
    assert "build and push" in first.out


def test_every_verb_says_where_before_what(world: World) -> None:
    world.release(COMMIT, "prod")
    for verb in ("plan", "deploy", "smoke", "promote", "status", "register"):
        lines = world.must(verb, "prod").out.splitlines()
        account, region = world.environments["prod"].account, world.environments["prod"].region
        assert lines[0].startswith(f"{verb}: ")
        assert lines[1].split() == ["environment", "prod", "account", account, "region", region]
        assert lines[-1].startswith("= ")


def test_plan_shows_changes_and_makes_none(world: World) -> None:
    world.commit(COMMIT)
    planned = world.must("plan", "dev")
    assert "add ExecutionRole" in planned.out
    assert "nothing is live" in planned.last
    assert world.at("dev").stacks.stacks.keys() <= {
        s for s in world.at("dev").stacks.stacks if world.at("dev").stacks.stacks[s].status.startswith("DELETE")
    }
    assert not world.cloud.made("ExecuteChangeSet")


def test_deploy_makes_a_version_and_moves_nobody(world: World) -> None:
    world.release(COMMIT, "dev")
    world.commit(SECOND)
    deployed = world.must("deploy", "dev")
    assert "modify Runtime, BedrockAgentCore::Runtime (AgentRuntimeArtifact)" in deployed.out
    assert "version 2 deployed" in deployed.last
    assert "live: version 1" in deployed.last
    assert world.live("dev") == "1"


def test_everything_is_safe_to_type_twice(world: World) -> None:
    world.release(COMMIT, "dev")
    versions = len(next(iter(world.at("dev").runtimes.runtimes.values())).versions)
    for verb in ("deploy", "promote", "deploy", "promote"):
        assert "nothing to change" in world.must(verb, "dev").out
    assert len(next(iter(world.at("dev").runtimes.runtimes.values())).versions) == versions
    assert not world.cloud.made("UpdateAgentRuntimeEndpoint")


def test_promote_then_rollback_and_a_later_deployment_do_not_undo_each_other(world: World) -> None:
    world.release(COMMIT)
    world.release(SECOND)
    assert world.live("prod") == "2"
    assert "version 1 is live again" in world.must("rollback", "prod").last
    assert world.live("prod") == "1"
    world.commit(THIRD)
    world.passed(THIRD)
    world.must("deploy", "prod")
    assert world.live("prod") == "1", "a deployment must never move callers"
    world.must("promote", "prod")
    assert world.live("prod") == "3"
    # Version 2 was left for a reason: it is not what one goes back to.
    assert "version 1 is live again" in world.must("rollback", "prod").last


def test_rollback_to_a_chosen_version(world: World) -> None:
    for revision in (COMMIT, SECOND, THIRD):
        world.release(revision)
    assert "version 1 is live again" in world.must("rollback", "prod", VERSION="1").last
    assert world.live("prod") == "1"


def test_rollback_builds_and_deploys_nothing(world: World) -> None:
    world.release(COMMIT)
    world.release(SECOND)
    before = len(world.cloud.made("CreateChangeSet"))
    world.must("rollback", "prod")
    assert len(world.cloud.made("CreateChangeSet")) == before


def test_production_takes_the_digest_that_passed_and_no_other(world: World) -> None:
    world.commit(COMMIT)
    refused = world.type("deploy", "prod")
    assert refused.code == 1
    assert "has not passed pre-production" in refused.err
    assert "make gate ENV=preprod" in refused.err
    assert not world.at("prod").stacks.stacks
    world.passed(COMMIT)
    world.must("deploy", "prod")
    (runtime,) = world.at("prod").runtimes.runtimes.values()
    uri = runtime.versions[0]["AgentRuntimeArtifact"]["ContainerConfiguration"]["ContainerUri"]
    assert uri.endswith(f"@{digest_of(COMMIT)}")


def test_every_resource_of_a_stack_is_tagged(world: World) -> None:
    world.release(COMMIT, "dev")
    for call in world.cloud.made("CreateChangeSet"):
        tags = {tag["Key"] for tag in call.parameters["Tags"]}
        assert {"owner", "cost-center", "use-case-id", "component", "environment"} <= tags


def test_two_environments_share_an_account_and_a_region(world: World) -> None:
    one = world.environments["dev"]
    shared = {name: e.model_copy(update={"account": one.account}) for name, e in world.environments.items()}
    world.environments = shared
    from ops.delivery import place as places

    def read(name: str, *_: object) -> object:
        return shared[name]

    world.monkeypatch.setattr(places, "read_environment", read)
    world.release(COMMIT, "dev")
    world.release(SECOND, "preprod")
    found = world.at("dev").runtimes.runtimes.values()
    assert len({runtime.name for runtime in found}) == 2


def test_destroy_removes_the_last_things_first(world: World) -> None:
    world.release(COMMIT, "dev")
    gone = world.must("destroy", "dev")
    assert "nothing is live" in gone.last
    assert not world.at("dev").stacks.stacks
    assert not world.at("dev").runtimes.runtimes
    world.must("destroy", "dev")


def test_status_reads_the_service(world: World) -> None:
    assert "nothing is deployed" in world.must("status", "dev").last
    world.release(COMMIT, "dev")
    (runtime,) = world.at("dev").runtimes.runtimes.values()
    runtime.versions.append(runtime.versions[0])
    runtime.endpoints[names.LIVE].live = runtime.endpoints[names.LIVE].target = "2"
    assert "live: version 2" in world.must("status", "dev").last, "what is live is read, not guessed"


def test_production_is_asked_about_unless_in_ci(world: World) -> None:
    world.commit(COMMIT)
    world.passed(COMMIT)
    refused = world.type("deploy", "prod", CI="")
    assert refused.code == 1
    assert "production is changed only after a yes" in refused.err
    assert not world.at("prod").runtimes.runtimes
    assert world.type("deploy", "dev", CI="").code == 0


def test_identity_prints_what_a_workflow_needs(world: World) -> None:
    lines = world.must("identity", "prod").out.splitlines()
    account = world.environments["prod"].account
    assert lines == [
        f"role=arn:aws:iam::{account}:role/agentops-delivery",
        f"region={world.environments['prod'].region}",
    ]


def test_online_evaluation_is_switched_on_once(world: World) -> None:
    world.release(COMMIT)
    assert "DISABLED → ENABLED" in world.must("online", "prod").out
    assert "nothing to change" in world.must("online", "prod").out
    assert "DISABLED;" in world.must("online", "prod", OFF="1").last


@pytest.mark.parametrize("verb", ["build", "plan", "deploy", "promote", "rollback", "status", "destroy"])
def test_a_verb_needs_an_environment_in_aws(world: World, verb: str) -> None:
    for env in ("", "local", "produktion"):
        refused = world.type(verb, env)
        assert refused.code == 2
        assert "ENV=" in refused.err
    assert not world.cloud.calls
