"""The commands from a commit to production and back, run unmodified against the emulated AWS."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from io import BytesIO
from urllib.request import Request

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import access_token, names
from agentcore_kit.local.aws_emulator.cloud import Answer
from agentcore_kit.local.aws_emulator.docker import digest_of
from agentcore_kit.local.rehearsal.component import fakes
from tests.delivery.runtime_world import COMMIT, SECOND, THIRD, World


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
    for command in ("deploy", "promote", "deploy", "promote"):
        assert "nothing to change" in world.must(command, "dev").out
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
    assert "version 1 is live again" in world.must("rollback", "prod", "--version", "1").last
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
    assert "kit gate --env preprod" in refused.err
    assert not world.at("prod").stacks.stacks
    world.passed(COMMIT)
    world.must("deploy", "prod")
    (runtime,) = world.at("prod").runtimes.runtimes.values()
    uri = runtime.versions[0]["AgentRuntimeArtifact"]["ContainerConfiguration"]["ContainerUri"]
    assert uri.endswith(f"@{digest_of(COMMIT)}")


def test_two_environments_share_an_account_and_a_region(world: World) -> None:
    world.with_environment("preprod", account=world.environments["dev"].account)
    world.release(COMMIT, "dev")
    world.release(SECOND, "preprod")
    assert len({runtime.name for runtime in world.at("dev").runtimes.runtimes.values()}) == 2


def test_what_a_destroyed_component_leaves_is_not_in_the_way_of_the_next(world: World) -> None:
    world.release(COMMIT, "dev")
    world.must("destroy", "dev")
    assert world.at("dev").logs.events, "logs stay"
    world.release(COMMIT, "dev")
    assert world.live("dev") == "1"


def test_a_role_of_your_own_is_used_and_none_is_made(world: World) -> None:
    role = f"arn:aws:iam::{world.environments['dev'].account}:role/agents"
    world.with_environment("dev", role=role)
    world.release(COMMIT, "dev")
    (runtime,) = world.at("dev").runtimes.runtimes.values()
    assert runtime.versions[0]["RoleArn"] == role
    assert not [name for name in world.at("dev").stacks.stacks if name.endswith("-role")]
    world.must("destroy", "dev")
    assert not world.at("dev").stacks.stacks


def test_the_test_client_signs_in_for_the_smoke_test(world: World) -> None:
    asked: list[Request] = []
    heard: list[str] = []

    def signs_in(request: Request, timeout: float) -> BytesIO:
        asked.append(request)
        return BytesIO(b'{"access_token": "of-the-test-client", "expires_in": 300}')

    def listens(image: str, headers: Mapping[str, str], body: bytes) -> Answer:
        heard.append(headers["Authorization"])
        return fakes().answer(image, headers, body)

    client = {"tokenUrl": "https://login.example.com/token", "clientId": "tester", "clientSecret": "of-tests"}
    name = names.test_client(load_manifest().metadata.name, "dev")
    world.at("dev").secrets.values[name] = json.dumps(client | {"scope": "agents/invoke"})
    world.monkeypatch.delenv("EVAL_TOKEN")
    world.monkeypatch.setattr(access_token, "urlopen", signs_in)
    world.cloud.agent = listens
    world.release(COMMIT, "dev")
    assert set(heard) == {"Bearer of-the-test-client"}
    request = asked[0]
    assert request.full_url == client["tokenUrl"]
    assert request.data == b"grant_type=client_credentials&scope=agents%2Finvoke"
    assert request.get_header("Authorization") == f"Basic {b64encode(b'tester:of-tests').decode()}"


def test_status_reads_the_service(world: World) -> None:
    assert "nothing is deployed" in world.must("status", "dev").last
    world.release(COMMIT, "dev")
    (runtime,) = world.at("dev").runtimes.runtimes.values()
    runtime.versions.append(runtime.versions[0])
    runtime.endpoints[names.LIVE].live = runtime.endpoints[names.LIVE].target = "2"
    assert "live: version 2" in world.must("status", "dev").last, "what is live is read, not guessed"


def test_status_as_json_says_which_versions_there_are(world: World) -> None:
    said = json.loads(world.must("status", "prod", "--json").out)
    assert (said["release"], said["registry"]) == ({"live": None, "newest": None, "good": []}, None)
    world.release(COMMIT)
    world.ready(SECOND)
    world.must("deploy", "prod")
    world.must("register", "prod")
    said = json.loads(world.must("status", "prod", "--json").out)
    release = said["release"]
    assert {name: release[name] for name in ("live", "newest", "good", "left", "failed", "newer")} == {
        "live": "1", "newest": "2", "good": ["1"], "left": [], "failed": [], "newer": ["2"],
    }  # fmt: skip
    assert (release["commit"], release["canary"], release["untested"], release["why"]) == (
        COMMIT,
        None,
        None,
        "promoted",
    )
    assert said["registry"] == {"version": "0.1.0", "status": "PENDING_APPROVAL"}


@pytest.mark.parametrize("command", ["build", "smoke", "gate", "promote", "rollback", "monitor"])
def test_a_command_of_releases_needs_an_environment_in_aws(world: World, command: str) -> None:
    refused = world.type(command, "produktion")
    assert refused.code == 2
    assert "--env produktion is no environment in AWS" in refused.err
    assert "prod" in refused.err
    assert not world.cloud.calls
