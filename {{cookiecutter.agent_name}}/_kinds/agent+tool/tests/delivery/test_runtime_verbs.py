"""The verbs from a commit to production and back, run unmodified against the stand-in."""

from __future__ import annotations

from ops.delivery import names
from tests.delivery.world import COMMIT, SECOND, THIRD, World
from tests.standin.docker import digest_of


def test_build_pushes_a_commit_once(world: World) -> None:
    first, again = world.must("build", "dev"), world.must("build", "dev")
    assert digest_of(COMMIT) in first.last
    assert digest_of(COMMIT) in again.last
    assert "nothing to change" in again.out
    assert "build and push" in first.out


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
    world.ready(THIRD)
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


def test_status_reads_the_service(world: World) -> None:
    assert "nothing is deployed" in world.must("status", "dev").last
    world.release(COMMIT, "dev")
    (runtime,) = world.at("dev").runtimes.runtimes.values()
    runtime.versions.append(runtime.versions[0])
    runtime.endpoints[names.LIVE].live = runtime.endpoints[names.LIVE].target = "2"
    assert "live: version 2" in world.must("status", "dev").last, "what is live is read, not guessed"


def test_online_evaluation_is_switched_on_once(world: World) -> None:
    world.release(COMMIT)
    assert "DISABLED → ENABLED" in world.must("online", "prod").out
    assert "nothing to change" in world.must("online", "prod").out
    assert "DISABLED;" in world.must("online", "prod", OFF="1").last
