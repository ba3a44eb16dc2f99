"""The commands that a memory has of its own: what a change loses, promotion, going back, drift, forgetting."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery import commits
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.memory import commands, revision
from agentcore_kit.delivery.names import MEMORY_KEY
from tests.delivery.memory_world import COMMIT, SECOND, THIRD, World
from tests.delivery.shell import refused
from tests.delivery.template_world import git

FOURTH = "d" * 40
FLOWS = ("deliver", "rollback")


def strategies(world: World, **changes: Any) -> list[dict[str, Any]]:
    """Return the manifest's strategies as written, with changes of the first."""
    found = world.check_out(COMMIT).spec.model_dump(by_alias=True)["strategies"]
    return [{**found[0], **changes}, *found[1:]]


def say(world: World, env: str, actor: str) -> Any:
    """Say something to the memory of an environment; return its service."""
    service = world.at(env).service("bedrock-agentcore")
    said = {"conversational": {"role": "USER", "content": {"text": "I'm working on the Atlas project."}}}
    service.create_event(
        {"memoryId": world.memory(env)["id"], "actorId": actor, "sessionId": "s1",
         "eventTimestamp": datetime.now(UTC).timestamp(), "payload": [said]}
    )  # fmt: skip
    return service


def test_a_release_is_published_for_its_consumers(world: World) -> None:
    world.release("dev")
    values = world.at("dev").parameters.values
    name = world.check_out(COMMIT).metadata.name
    assert values[f"/agentops/memories/{name}/dev/id"] == world.memory("dev")["id"]
    assert values[f"/agentops/memories/{name}/dev/consumers/assistant/policy-arn"].startswith("arn:aws:iam::")


def test_plan_says_what_happens_to_what_is_remembered(world: World) -> None:
    world.release("dev")
    assert "facts: records are kept" in world.must("plan", "dev").out
    fewer = strategies(world, namespaceTemplate="/known/{actorId}/")[:2]
    world.check_out(SECOND, eventExpiryDays=30, strategies=fewer, consumers=[])
    said = world.must("plan", "dev")
    assert "! events: deleted after 30 days instead of 90" in said.out
    assert "! facts: new records go to /known/{actorId}/; those in /facts/{actorId}/ become unreachable" in said.out
    assert "! summaries: no longer extracted" in said.out
    assert "- preferences: records are kept" in said.out
    assert "--allow-loss" in said.last


def test_a_change_that_loses_something_needs_a_word(world: World) -> None:
    world.release("dev")
    world.check_out(SECOND, eventExpiryDays=30)
    refused(world.type("deploy", "dev"), "loses what is remembered", "deleted after 30 days", "--allow-loss", code=1)
    assert world.memory("dev")["eventExpiryDuration"] == 90
    world.must("deploy", "dev", "--allow-loss")
    assert world.memory("dev")["eventExpiryDuration"] == 30


def test_a_change_that_loses_nothing_needs_none(world: World) -> None:
    world.release("dev")
    world.check_out(SECOND, eventExpiryDays=180)
    world.must("deploy", "dev")
    assert world.memory("dev")["eventExpiryDuration"] == 180


def test_rollback_brings_the_configuration_back_and_keeps_what_was_learned(world: World) -> None:
    world.release("dev")
    world.check_out(SECOND, eventExpiryDays=180)
    world.release("dev")
    service = say(world, "dev", "alice")
    back = world.must("rollback", "dev", "--allow-loss")
    assert f"configuration {COMMIT[:12]} is active again" in back.last
    assert world.memory("dev")["eventExpiryDuration"] == 90
    criteria = {"memoryId": world.memory("dev")["id"], "namespacePath": "/facts/alice/"}
    assert len(service.list_memory_records(criteria)["memoryRecordSummaries"]) == 1
    refused(world.type("rollback", "dev"), "no earlier good configuration", "--version")


def test_rollback_loses_nothing_without_a_word(world: World) -> None:
    world.check_out(COMMIT, eventExpiryDays=30)
    world.release("dev")
    world.check_out(SECOND, eventExpiryDays=365)
    world.release("dev")
    refused(world.type("rollback", "dev"), "loses what is remembered", "kit rollback --env dev --allow-loss")
    assert world.memory("dev")["eventExpiryDuration"] == 365
    world.must("rollback", "dev", "--allow-loss")
    assert world.memory("dev")["eventExpiryDuration"] == 30


def released(world: World, *revisions: str) -> None:
    """Release commits to dev that differ in nothing but their consumers."""
    for number, each in enumerate(revisions):
        deployed(world, each, f"reader-{number}")
        world.must("promote", "dev")


def deployed(world: World, named: str, consumer: str) -> None:
    """Deploy a commit to dev, with another consumer."""
    world.check_out(named, consumers=[{"name": consumer, "read": ["facts"]}])
    world.must("deploy", "dev")


def test_rollback_leaves_what_was_deployed_and_never_promoted(world: World) -> None:
    released(world, COMMIT, SECOND, THIRD)
    deployed(world, FOURTH, "other")
    assert f"configuration {THIRD[:12]} is active again" in world.must("rollback", "dev").last
    assert f"configuration {SECOND[:12]} is active again" in world.must("rollback", "dev").last


def test_rollback_never_goes_forward_to_what_was_left(world: World) -> None:
    released(world, COMMIT, SECOND, THIRD)
    world.must("rollback", "dev", "--version", SECOND)
    assert f"configuration {COMMIT[:12]} is active again" in world.must("rollback", "dev").last
    refused(world.type("rollback", "dev"), "no earlier good configuration")
    world.must("rollback", "dev", "--version", THIRD)
    refused(world.type("rollback", "dev"), "no earlier good configuration")


def test_rollback_after_one_that_failed_goes_on_from_there(world: World) -> None:
    released(world, COMMIT, SECOND, THIRD)
    world.cloud.plan_fault("ExecuteChangeSet", "ValidationException", "not now", times=1)
    refused(world.type("rollback", "dev"), "not now")
    world.cloud.plan_fault("CreateEvent", "ValidationException", "no such strategy", times=1)
    refused(world.type("rollback", "dev"), "no such strategy")
    assert f"configuration {COMMIT[:12]} is active again" in world.must("rollback", "dev").last


def test_rollback_changes_something_when_two_good_commits_have_one_configuration(world: World) -> None:
    released(world, COMMIT, SECOND)
    world.templates[THIRD] = world.templates[SECOND]
    world.monkeypatch.setattr(commands, "commit", lambda: THIRD)
    world.must("promote", "dev")
    assert f"configuration {COMMIT[:12]} is active again" in world.must("rollback", "dev").last


def test_a_version_is_a_tag_or_the_beginning_of_a_commit_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    revision.git("init", "--quiet")
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    revision.git(*who, "commit", "--quiet", "--allow-empty", "--message", "First")
    revision.git(*who, "tag", "--annotate", "v1", "--message", "First")
    head = revision.commit()
    assert [revision.in_full(named) for named in ("v1", head[:8], head)] == [head] * 3
    with pytest.raises(CommandError, match="commit v2 is not in this clone"):
        revision.in_full("v2")


def test_a_person_rolls_back_and_who_may_go_back_has_the_history() -> None:
    flows = {
        name: yaml.safe_load((repository_root() / f".github/workflows/{name}.yml").read_text("utf-8")) for name in FLOWS
    }
    assert set(flows["rollback"][True]) == {"workflow_dispatch"}  # YAML reads `on` as true
    jobs = [job["steps"] for flow in flows.values() for job in flow["jobs"].values()]
    back = [steps for steps in jobs if re.search(r"/kit (promote|rollback) ", str([each.get("run") for each in steps]))]
    assert len(back) == 3
    for steps in back:
        assert steps[0]["with"]["fetch-depth"] == 0


def test_promote_wants_what_is_checked_out_to_be_deployed(world: World) -> None:
    refused(world.type("promote", "dev"), "nothing is deployed", "kit deploy", code=3)
    world.release("dev")
    world.check_out(SECOND, eventExpiryDays=180)
    refused(world.type("promote", "dev"), "another configuration", "kit deploy")


def test_promote_puts_the_last_good_one_back_when_the_test_fails(world: World) -> None:
    world.release("dev")
    described = strategies(world, description="Other words.")
    world.check_out(SECOND, strategies=described)
    world.must("deploy", "dev")
    world.cloud.plan_fault("CreateEvent", "ValidationException", "no such strategy", times=1)
    refused(world.type("promote", "dev"), "no such strategy", f"configuration {COMMIT[:12]} is back")
    assert world.memory("dev")["strategies"][0]["description"] != "Other words."


def test_promote_goes_back_by_itself_only_where_nothing_is_lost(world: World) -> None:
    world.release("dev")
    world.check_out(SECOND, eventExpiryDays=365)
    world.must("deploy", "dev")
    world.cloud.plan_fault("CreateEvent", "ValidationException", "no such strategy", times=1)
    meant = f"kit rollback --env dev --version {COMMIT} --allow-loss"
    refused(world.type("promote", "dev"), "no such strategy", "was not brought back", meant)
    assert world.memory("dev")["eventExpiryDuration"] == 365
    world.must("rollback", "dev", "--version", COMMIT, "--allow-loss")
    assert world.memory("dev")["eventExpiryDuration"] == 90
    refused(world.type("rollback", "dev"), "no earlier good configuration")


@pytest.mark.parametrize("operation", ["ExecuteChangeSet", "CreateChangeSet"])
def test_promote_says_what_failed_first_when_going_back_fails_too(world: World, operation: str) -> None:
    released(world, COMMIT)
    deployed(world, SECOND, "other")
    world.cloud.plan_fault("CreateEvent", "ValidationException", "no such strategy", times=1)
    world.cloud.plan_fault(operation, "ValidationException", "not now", times=1)
    refused(world.type("promote", "dev"), "no such strategy; going back to aaaaaaaaaaaa failed too", "not now")


def test_promote_says_what_failed_first_when_the_earlier_commit_is_not_there(world: World) -> None:
    released(world, COMMIT)
    deployed(world, SECOND, "other")
    world.cloud.plan_fault("CreateEvent", "ValidationException", "no such strategy", times=1)
    world.monkeypatch.setattr(commands, "template_at", revision.template_at)
    refused(world.type("promote", "dev"), "no such strategy", "commit aaaaaaaaaaaa is not in this clone", "--unshallow")


def custom(base: str) -> dict[str, Any]:
    """Return a strategy with instructions of its own."""
    return {
        "type": "custom", "name": "mine", "description": "Mine.", "namespaceTemplate": "/mine/{actorId}/",
        "base": base, "model": "m", "prompts": {"extraction": "README.md"},
    }  # fmt: skip


def test_drift_and_plan_see_a_custom_strategys_instructions(world: World) -> None:
    world.check_out(COMMIT, strategies=[custom("semantic")], consumers=[])
    world.release("dev")
    assert "as this repository says" in world.must("drift", "dev").last
    memory = world.at("dev").service("bedrock-agentcore-control").memories[world.memory("dev")["id"]]
    override = memory["strategies"][0]["configuration"]["extraction"]["customExtractionConfiguration"]
    override["semanticExtractionOverride"] = {"appendToPrompt": "Keep everything.", "modelId": "other"}
    refused(world.type("drift", "dev"), "extraction prompt 'Keep everything.' deployed", "extraction model 'other'")
    assert "other instructions (extraction prompt, extraction model)" in world.must("plan", "dev").out
    world.check_out(SECOND, strategies=[custom("episodic")], consumers=[])
    assert "replaced, as its type changes (SEMANTIC_OVERRIDE → EPISODIC_OVERRIDE)" in world.must("plan", "dev").out


def test_a_self_managed_strategy_is_compared_too(world: World) -> None:
    topic, bucket = "arn:aws:sns:eu-central-1:123456789012:memory", "memory-payloads"
    own = {"type": "selfManaged", "selfManaged": {"topicArn": topic, "bucket": bucket}}
    world.check_out(COMMIT, strategies=strategies(world, **own)[:1], consumers=[])
    world.release("dev")
    assert "as this repository says" in world.must("drift", "dev").last
    memory = world.at("dev").service("bedrock-agentcore-control").memories[world.memory("dev")["id"]]
    pipeline = memory["strategies"][0]["configuration"]["selfManagedConfiguration"]
    pipeline["triggerConditions"] = [{"messageBasedTrigger": {"messageCount": 50}}]
    refused(world.type("drift", "dev"), "triggers {'messageBasedTrigger': {'messageCount': 50}} deployed")


def test_a_memory_that_was_deleted_by_hand_is_called_that(world: World) -> None:
    world.release("dev")
    world.at("dev").service("bedrock-agentcore-control").memories.clear()
    for command in ("plan", "drift", "smoke", "promote", "status", "deploy"):
        refused(
            world.type(command, "dev"), "was deleted, with all that it held", "kit destroy --env dev, then kit deploy"
        )
    world.must("destroy", "dev")
    world.release("dev")


def test_a_first_deployment_that_fails_leaves_no_memory(world: World) -> None:
    world.cloud.plan_fault("AWS::SSM::Parameter", "ParameterLimitExceeded", "too many parameters")
    refused(
        world.type("deploy", "dev"), "-memory was not made: ", "too many parameters", "nothing of it is left", code=3
    )
    assert world.at("dev").service("bedrock-agentcore-control").memories == {}
    world.release("dev")


def with_key(world: World, env: str, key: str = "first") -> str:
    """Let the platform publish a key for memories; return it."""
    arn = world.at(env).arn("kms", f"key/{key}")
    world.at(env).parameters.values[MEMORY_KEY] = arn
    return arn


@pytest.mark.parametrize("command", ["plan", "deploy", "deploy --allow-loss"])
def test_a_change_that_replaces_the_memory_is_refused_before_anything_happens(world: World, command: str) -> None:
    world.release("dev")
    with_key(world, "dev")
    before = world.memory("dev")
    world.check_out(SECOND, encryption="platform")
    told = world.type(*command.split()[:1], "dev", *command.split()[1:])
    refused(told, f"the encryption of memory {before['id']} cannot be changed (aws → platform)", code=2)
    refused(told, "all that it holds is lost", f"delete-memory --memory-id {before['id']}", "spec.encryption")
    assert world.memory("dev") == before


def test_a_rollback_that_replaces_the_memory_is_refused_too(world: World) -> None:
    with_key(world, "dev")
    world.check_out(SECOND, encryption="platform")
    world.release("dev")
    world.check_out(COMMIT)
    before = dict(world.at("dev").parameters.values)
    told = world.type("rollback", "dev", "--version", COMMIT, "--allow-loss")
    refused(told, "cannot be changed (platform → aws)", code=2)
    assert world.at("dev").parameters.values == before, "nor is anything forgotten that was good"
    assert "encryptionKeyArn" in world.memory("dev")


def test_a_memory_keeps_the_key_that_it_was_made_with(world: World) -> None:
    key = with_key(world, "dev")
    world.check_out(COMMIT, encryption="platform")
    world.release("dev")
    with_key(world, "dev", "second")
    world.check_out(SECOND, encryption="platform", eventExpiryDays=180)
    assert f"the memory keeps its key {key}" in world.must("plan", "dev").out
    world.must("deploy", "dev")
    assert (world.memory("dev")["encryptionKeyArn"], world.memory("dev")["eventExpiryDuration"]) == (key, 180)


def test_destroy_leaves_the_memory_and_says_so_and_a_new_one_needs_the_name(world: World) -> None:
    world.release("dev")
    kept = world.memory("dev")["id"]
    gone = world.must("destroy", "dev")
    assert f"memory {kept} stays, with all that it holds" in gone.last
    assert world.memory("dev")["id"] == kept
    for command in ("plan", "deploy"):
        left = f"memory {kept}, which an earlier stack left, has the name"
        refused(world.type(command, "dev"), left, f"delete-memory --memory-id {kept}", code=3)
    world.at("dev").service("bedrock-agentcore-control").memories.clear()
    world.release("dev")
    assert world.memory("dev")["id"] != kept


def test_drift_is_any_difference(world: World) -> None:
    world.release("dev")
    assert "as this repository says" in world.must("drift", "dev").last
    memory = world.at("dev").service("bedrock-agentcore-control").memories[world.memory("dev")["id"]]
    memory["eventExpiryDuration"] = 365
    memory["strategies"][0]["namespaceTemplates"] = ["/everybody/"]
    refused(
        world.type("drift", "dev"),
        "eventExpiryDays: 365 deployed, 90 here",
        "'/everybody/' deployed",
        "drift.md",
        code=1,
    )


def test_forgetting_in_an_environment_is_proved(world: World) -> None:
    world.release("dev")
    service = say(world, "dev", "alice")
    say(world, "dev", "alice2")
    told = world.must("forget", "dev", "--actor", "alice")
    assert "delete 1 events and 2 records of actor alice" in told.out
    assert "nothing of actor alice is left" in told.last
    memory_id = world.memory("dev")["id"]
    left = {"memoryId": memory_id, "namespacePath": "/facts/alice2/"}
    assert len(service.list_memory_records(left)["memoryRecordSummaries"]) == 1
    assert service.list_events({"memoryId": memory_id, "actorId": "alice2", "sessionId": "s1"})["events"]


def test_forgetting_finds_what_is_kept_by_strategy(world: World) -> None:
    first = strategies(world, namespaceTemplate="/strategies/{memoryStrategyId}/actors/{actorId}/")[:1]
    world.check_out(COMMIT, strategies=first, consumers=[])
    world.release("dev")
    service = say(world, "dev", "alice")
    assert "delete 1 events and 1 records" in world.must("forget", "dev", "--actor", "alice").out
    everything = {"memoryId": world.memory("dev")["id"], "namespacePath": "/"}
    assert service.list_memory_records(everything)["memoryRecordSummaries"] == []


def test_forgetting_refuses_what_it_cannot_prove(world: World) -> None:
    world.release("dev")
    say(world, "dev", "alice")
    memory = world.at("dev").service("bedrock-agentcore-control").memories[world.memory("dev")["id"]]
    memory["strategies"][0]["namespaceTemplates"] = ["/facts/{sessionId}/{actorId}/"]
    refused(world.type("forget", "dev", "--actor", "alice"), "strategy facts", "cannot be found", "nothing was deleted")
    refused(world.type("forget", "dev", "--actor", "alice/s1"), "it has a slash")


def test_forgetting_asks_before_production_and_wants_a_name(world: World) -> None:
    world.release("prod")
    say(world, "prod", "alice")
    refused(world.type("forget", "prod", "--actor", "alice", CI=""), "production is changed only after a yes")
    refused(world.type("forget", "prod"), "--actor is missing", code=2)


def test_an_old_run_of_the_workflow_replaces_nothing_newer_and_a_rollback_is_known(
    world: World, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet")
    for subject in ("One", "Two", "Three"):
        git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", subject)
    one, two, three = git(tmp_path, "rev-list", "--reverse", "HEAD").split()
    world.monkeypatch.setattr(commits, "repository_root", lambda: tmp_path)
    for checked_out in (one, two):
        git(tmp_path, "checkout", "--quiet", checked_out)
        world.check_out(checked_out, eventExpiryDays=60 if checked_out == two else 30)
        world.must("newer", "prod")
        world.release()
    git(tmp_path, "checkout", "--quiet", one)
    refused(world.type("newer", "prod"), f"commit {one[:12]} is older than {two[:12]}, which is live", code=1)
    world.must("rollback", "prod", "--allow-loss")
    assert "is live already" in world.must("newer", "prod").last
    git(tmp_path, "checkout", "--quiet", two)
    refused(world.type("newer", "prod"), f"commit {two[:12]} was delivered before, and was left", code=1)
    git(tmp_path, "checkout", "--quiet", three)
    world.must("newer", "prod")
