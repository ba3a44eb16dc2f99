"""The manifest: what the service would refuse, or what would let people reach each other, is found before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.memory import MAX_STRATEGIES, MemorySpec
from agentcore_kit.config.repository import repository_path
from agentcore_kit.delivery.memory import template

GOOD = yaml.safe_load(repository_path("manifest.yaml").read_text(encoding="utf-8"))


PIPELINE = {"topicArn": "arn:aws:sns:eu-central-1:123456789012:memory", "bucket": "memory-payloads"}


def problems(folder: Path, **spec: Any) -> str:
    """Return what is said of a manifest with another spec, with file and line."""
    path = folder / "manifest.yaml"
    path.write_text(yaml.safe_dump({**GOOD, "spec": {**GOOD["spec"], **spec}}, sort_keys=False), encoding="utf-8")
    try:
        load_manifest(path)
    except ConfigError as error:
        return str(error)
    return ""


def strategy(**changes: Any) -> dict[str, Any]:
    wanted = {"type": "semantic", "name": "facts", "description": "Facts.", "namespaceTemplate": "/facts/{actorId}/"}
    return {**wanted, **changes}


def at(template: str, name: str) -> dict[str, Any]:
    return strategy(name=name, namespaceTemplate=template)


def custom(**changes: Any) -> dict[str, Any]:
    more = {"type": "custom", "base": "semantic", "model": "m", "prompts": {"extraction": "README.md"}}
    return strategy(**{**more, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"namespaceTemplate": "/facts/{userId}/"}, "{userId} is no variable of the service"),
        ({"namespaceTemplate": "/facts/"}, "has no {actorId}"),
        ({"namespaceTemplate": "/facts/{sessionId}/"}, "has no {actorId}"),
        ({"namespaceTemplate": "/facts/{actorId}"}, "must begin and end with a slash"),
        ({"namespaceTemplate": "facts/{actorId}/"}, "must begin and end with a slash"),
        ({"namespaceTemplate": "/{actorId}/"}, "must begin with a word of its own"),
        ({"namespaceTemplate": "/facts//{actorId}/"}, "has an empty part"),
        ({"namespaceTemplate": "/facts/u-{actorId}/"}, "a part of its own"),
        ({"namespaceTemplate": "/facts/{actorId}{sessionId}/"}, "a part of its own"),
        ({"namespaceTemplate": "/fäcts/{actorId}/"}, "letters, digits"),
        ({"namespaceTemplate": "/facts/{sessionId}/{actorId}/"}, "has {sessionId} before {actorId}"),
        ({"namespaceTemplate": ["/facts/{actorId}/", "/more/{actorId}/"]}, "exactly one template"),
        ({"namespaceTemplate": "/facts/", "shared": True}, "missing; say why actors may share"),
        ({"shared": True, "reason": "A public glossary."}, "has no effect with {actorId}"),
        ({"recordExpiryDays": 30}, "31 or more"),
        ({"name": "has-hyphen"}, "a letter, then up to 47"),
        ({"name": "events"}, "the conversation itself"),
        ({"type": "summary"}, "has no {sessionId}"),
        ({"type": "custom"}, "a custom strategy needs base, model and prompts"),
        ({"model": "m"}, "is for type custom only"),
        ({"type": "selfManaged"}, "missing; say topicArn and bucket"),
        ({"type": "selfManaged", "selfManaged": {**PIPELINE, "triggers": {}}}, "would never be called"),
    ],
)
def test_a_strategy_that_is_wrong(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    found = problems(tmp_path, strategies=[strategy(**changes)], consumers=[])
    assert said in found
    assert "manifest.yaml:" in found
    assert "spec.strategies[0]" in found


@pytest.mark.parametrize(
    ("prompts", "said"),
    [
        ({"extraction": "prompts/none.md"}, "there is no file prompts/none.md"),
        ({"extraction": "../../etc/hostname"}, "there is no file"),
        ({"reflection": "README.md"}, "base semantic has no such step"),
        ({"extracting": "README.md"}, "no such field; did you mean extraction?"),
    ],
)
def test_a_prompt_must_be_there(tmp_path: Path, prompts: dict[str, str], said: str) -> None:
    assert said in problems(tmp_path, strategies=[custom(prompts=prompts)], consumers=[])


def test_a_prompt_must_be_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifest.yaml").touch()
    (tmp_path / "latin1.md").write_bytes("für".encode("latin-1"))
    found = problems(tmp_path, strategies=[custom(prompts={"extraction": "latin1.md"})], consumers=[])
    assert "latin1.md cannot be read as UTF-8 text" in found


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"strategies": [at(f"/s{n}/{{actorId}}/", f"s{n}") for n in range(7)]}, "7 strategies"),
        ({"strategies": [strategy(), at("/other/{actorId}/", "facts")]}, "another strategy's name"),
        ({"strategies": [strategy(), strategy(name="b")]}, "can reach records of strategy facts"),
        ({"strategies": [strategy(), at("/facts/{actorId}/more/", "b")]}, "can reach records"),
        ({"strategies": [at("/a/{actorId}/", "a"), at("/a/b/{actorId}/", "b")]}, "can reach records"),
        ({"eventExpiryDays": 6}, "7 to 365"),
        ({"eventExpiryDays": 366}, "7 to 365"),
        ({"eventExpiryDays": "90"}, "eventExpiryDays"),
        ({"indexedKeys": [{"key": "a", "type": "STRING"}, {"key": "a", "type": "NUMBER"}]}, "stands here twice"),
        ({"indexedKeys": [{"key": f"k{n}", "type": "STRING"} for n in range(11)]}, "indexedKeys"),
        ({"indexedKeys": [{"key": "a", "type": "TEXT"}]}, "'TEXT' is not known"),
        ({"encryption": "kms"}, "'kms' is not known"),
        ({"consumers": [{"name": "a", "read": ["fact"]}]}, "'fact' is no strategy"),
        ({"consumers": [{"name": "a"}, {"name": "a"}]}, "another consumer's name"),
        ({"consumers": [{"name": "team1"}, {"name": "team-1"}]}, "the same policy in CloudFormation as 'team1'"),
        ({"consumers": [{"name": "x"}, {"name": "published-x"}]}, "the same policy in CloudFormation as 'x'"),
    ],
)  # fmt: skip
def test_a_configuration_that_is_wrong(tmp_path: Path, spec: dict[str, Any], said: str) -> None:
    assert said in problems(tmp_path, **spec)


def test_a_shared_namespace_with_a_reason_is_right(tmp_path: Path) -> None:
    glossary = strategy(name="glossary", namespaceTemplate="/glossary/", shared=True, reason="Terms of the company.")
    assert problems(tmp_path, strategies=[glossary], consumers=[]) == ""


def test_the_limits_are_the_services() -> None:
    """What the manifest accepts is what botocore's model of the service and CloudFormation's schema accept."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    model = botocore.session.get_session().get_service_model("bedrock-agentcore-control")
    create = model.shape_for("CreateMemoryInput").members
    declared = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::BedrockAgentCore::Memory").schema
    expiry = create["eventExpiryDuration"].metadata, declared["properties"]["EventExpiryDuration"]
    field = MemorySpec.model_json_schema()["properties"]["eventExpiryDays"]
    assert field["minimum"] >= max(expiry[0]["min"], expiry[1]["minimum"])
    assert field["maximum"] <= min(expiry[0]["max"], expiry[1]["maximum"])
    semantic = model.shape_for("SemanticMemoryStrategyInput").members
    assert semantic["namespaceTemplates"].metadata == {"min": 1, "max": 1}
    record = declared["definitions"]["RecordExpiryDurationDays"]["minimum"]
    assert (
        record == 31 == model.shape_for("RecordExpirySpecification").members["recordExpiryDurationDays"].metadata["min"]
    )
    assert declared["definitions"]["IndexedKeysList"]["maxItems"] == 10
    assert declared["definitions"]["Prompt"]["maxLength"] == 30_000
    trigger = declared["definitions"]["MessageBasedTriggerInput"]["properties"]["MessageCount"]
    assert (trigger["minimum"], trigger["maximum"]) == (1, 50)
    assert MAX_STRATEGIES == 6


def test_every_kind_of_strategy_becomes_cloudformation(tmp_path: Path) -> None:
    from cfnlint.api import lint
    from cfnlint.config import ManualArgs

    strategies = [
        strategy(),
        strategy(type="summary", name="sums", namespaceTemplate="/sums/{actorId}/{sessionId}/", recordExpiryDays=31),
        strategy(type="userPreference", name="prefs", namespaceTemplate="/prefs/{actorId}/"),
        strategy(type="episodic", name="episodes", namespaceTemplate="/episodes/{actorId}/{sessionId}/"),
        custom(name="mine", namespaceTemplate="/mine/{memoryStrategyId}/{actorId}/"),
        strategy(type="selfManaged", name="own", namespaceTemplate="/own/{actorId}/", selfManaged=PIPELINE),
    ]
    path = tmp_path / "manifest.yaml"
    spec = {**GOOD["spec"], "strategies": strategies, "encryption": "platform"}
    spec["consumers"] = [{"name": "all", "read": [each["name"] for each in strategies], "write": ["mine"]}]
    path.write_text(yaml.safe_dump({**GOOD, "spec": spec}), encoding="utf-8")
    text = template.text(load_manifest(path).spec)
    assert [str(each) for each in lint(text, config=ManualArgs(regions=["eu-central-1"]))] == []


def test_a_memory_that_learns_nothing_becomes_cloudformation_too(tmp_path: Path) -> None:
    from cfnlint.api import lint
    from cfnlint.config import ManualArgs

    path = tmp_path / "manifest.yaml"
    spec = {"eventExpiryDays": 30, "consumers": [{"name": "all", "read": ["events"], "write": ["events"]}]}
    path.write_text(yaml.safe_dump({**GOOD, "spec": spec}), encoding="utf-8")
    text = template.text(load_manifest(path).spec)
    assert [str(each) for each in lint(text, config=ManualArgs(regions=["eu-central-1"]))] == []
