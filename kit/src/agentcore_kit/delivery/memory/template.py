"""The memory's CloudFormation template, made from the manifest when it is deployed; `kit render` shows it."""

from __future__ import annotations

from typing import Any

import yaml

from agentcore_kit.config.memory import MemorySpec, SelfManaged, Strategy, policy_ids
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.memory.policies import statements

_PROPERTIES = {
    "semantic": "SemanticMemoryStrategy",
    "summary": "SummaryMemoryStrategy",
    "userPreference": "UserPreferenceMemoryStrategy",
    "episodic": "EpisodicMemoryStrategy",
}
_OVERRIDES = {
    "semantic": "SemanticOverride",
    "summary": "SummaryOverride",
    "userPreference": "UserPreferenceOverride",
    "episodic": "EpisodicOverride",
}
_TAGS = {"owner": {"Ref": "Owner"}, "cost-center": {"Ref": "CostCenter"}, "use-case-id": {"Ref": "UseCaseId"}}
_LIST_TAGS = [{"Key": key, "Value": value} for key, value in _TAGS.items()]


def text(spec: MemorySpec) -> str:
    """Return the template as YAML. It has nothing of the component's identity, which comes as parameters."""
    return yaml.dump(template(spec), Dumper=_Dumper, sort_keys=False, width=110)


def template(spec: MemorySpec) -> dict[str, Any]:
    """Return the template."""
    has_boundary = {"HasBoundary": {"Fn::Not": [{"Fn::Equals": [{"Ref": "PermissionsBoundary"}, ""]}]}}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "An AgentCore Memory, who may do what with it, and where others find it",
        "Parameters": _parameters(spec),
        **({"Conditions": has_boundary} if needs_role(spec) else {}),
        "Resources": {**_memory(spec), **_role(spec), **_consumers(spec), **_published(spec)},
        "Outputs": {
            "MemoryId": {"Value": {"Fn::GetAtt": ["Memory", "MemoryId"]}},
            "MemoryArn": {"Value": {"Fn::GetAtt": ["Memory", "MemoryArn"]}},
        },
    }


def memory_properties(spec: MemorySpec) -> dict[str, Any]:
    """Return the properties of the memory that the manifest decides, as CloudFormation and the service know them."""
    found: dict[str, Any] = {
        "EventExpiryDuration": spec.event_expiry_days,
        "MemoryStrategies": [_strategy(each) for each in spec.strategies],
    }
    if spec.indexed_keys:
        found["IndexedKeys"] = [{"Key": key.key, "Type": key.type} for key in spec.indexed_keys]
    return found


def _strategy(strategy: Strategy) -> dict[str, Any]:
    common: dict[str, Any] = {
        "Name": strategy.name,
        "Description": strategy.description,
        "NamespaceTemplates": [strategy.namespace_template],
    }
    if strategy.record_expiry_days is not None:
        common["RecordExpirySpecification"] = {"RecordExpiryDurationDays": strategy.record_expiry_days}
    if strategy.type in _PROPERTIES:
        return {_PROPERTIES[strategy.type]: common}
    override = _self_managed(strategy.self_managed) if strategy.self_managed else _override(strategy)
    return {"CustomMemoryStrategy": {**common, "Configuration": override}}


def _override(strategy: Strategy) -> dict[str, Any]:
    steps = strategy.prompts.model_dump(exclude_none=True) if strategy.prompts else {}
    return {
        _OVERRIDES[strategy.kind]: {
            step.capitalize(): {
                "AppendToPrompt": (repository_root() / file).read_text(encoding="utf-8").strip(),
                "ModelId": strategy.model,
            }
            for step, file in steps.items()
        }
    }


def _self_managed(own: SelfManaged) -> dict[str, Any]:
    wanted = {
        "MessageBasedTrigger": {"MessageCount": own.triggers.messages},
        "TokenBasedTrigger": {"TokenCount": own.triggers.tokens},
        "TimeBasedTrigger": {"IdleSessionTimeout": own.triggers.idle_seconds},
    }
    return {
        "SelfManagedConfiguration": {
            "HistoricalContextWindowSize": own.context_messages,
            "InvocationConfiguration": {"TopicArn": own.topic_arn, "PayloadDeliveryBucketName": own.bucket},
            "TriggerConditions": [{name: rule} for name, rule in wanted.items() if None not in rule.values()],
        }
    }


def _memory(spec: MemorySpec) -> dict[str, Any]:
    properties = {
        "Name": {"Ref": "MemoryName"},
        "Description": {"Ref": "MemoryDescription"},
        **memory_properties(spec),
        "Tags": _TAGS,
    }
    if spec.encryption == "platform":
        properties["EncryptionKeyArn"] = {"Ref": "EncryptionKeyArn"}
    if needs_role(spec):
        properties["MemoryExecutionRoleArn"] = {"Fn::GetAtt": ["ExecutionRole", "Arn"]}
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}  # what people said is never lost by a mistake
    return {"Memory": {"Type": "AWS::BedrockAgentCore::Memory", **kept, "Properties": properties}}


def needs_role(spec: MemorySpec) -> bool:
    """Return whether the service must act in this account: with models of it, or for a pipeline of its own."""
    return any(each.type in ("custom", "selfManaged") for each in spec.strategies)


def _role(spec: MemorySpec) -> dict[str, Any]:
    """Return the role that the service works with where a strategy is custom; none otherwise."""
    if not needs_role(spec):
        return {}
    allowed: list[dict[str, Any]] = []
    if any(each.type == "custom" for each in spec.strategies):
        models = ["arn:${AWS::Partition}:bedrock:*::foundation-model/*"]
        models += ["arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:inference-profile/*"]
        actions = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
        allowed.append(_allow("InvokeModels", actions, [{"Fn::Sub": arn} for arn in models]))
    if pipelines := [each.self_managed for each in spec.strategies if each.self_managed]:
        buckets = [{"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{own.bucket}/*"} for own in pipelines]
        allowed.append(_allow("TellPipelines", ["sns:Publish"], [own.topic_arn for own in pipelines]))
        allowed.append(_allow("DeliverToPipelines", ["s3:PutObject"], buckets))
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }
    properties = {
        "AssumeRolePolicyDocument": _document([trust]),
        "PermissionsBoundary": _boundary(),
        "Policies": [{"PolicyName": "extraction", "PolicyDocument": _document(allowed)}],
        "Tags": _LIST_TAGS,
    }
    return {"ExecutionRole": {"Type": "AWS::IAM::Role", "Properties": properties}}


def _consumers(spec: MemorySpec) -> dict[str, Any]:
    arn = {"Fn::GetAtt": ["Memory", "MemoryArn"]}
    return {
        policy_ids(each.name)[0]: {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "Description": f"What {each.name} may do with the memory",
                "PolicyDocument": _document(statements(spec, each, arn)),
            },
        }
        for each in spec.consumers
    }


def _published(spec: MemorySpec) -> dict[str, Any]:
    """Return the SSM parameters by which other repositories find the memory and their policy."""
    found = {
        "PublishedId": _parameter("id", {"Fn::GetAtt": ["Memory", "MemoryId"]}),
        "PublishedArn": _parameter("arn", {"Fn::GetAtt": ["Memory", "MemoryArn"]}),
    }
    for each in spec.consumers:
        policy, published = policy_ids(each.name)
        found[published] = _parameter(f"consumers/{each.name}/policy-arn", {"Ref": policy})
    return found


def _parameter(name: str, value: dict[str, Any]) -> dict[str, Any]:
    path = {"Fn::Sub": f"/agentops/memories/${{Component}}/${{EnvironmentName}}/{name}"}
    return {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Name": path, "Value": value, "Tags": _TAGS},
    }


def _parameters(spec: MemorySpec) -> dict[str, Any]:
    names = ["MemoryName", "MemoryDescription", "Component", "EnvironmentName", "Owner", "CostCenter", "UseCaseId"]
    found: dict[str, Any] = {name: {"Type": "String"} for name in names}
    found["MemoryName"]["AllowedPattern"] = "[a-zA-Z][a-zA-Z0-9_]{0,47}"
    if needs_role(spec):
        found["PermissionsBoundary"] = {"Type": "String", "Default": ""}
    if spec.encryption == "platform":
        found["EncryptionKeyArn"] = {"Type": "String", "AllowedPattern": "arn:[a-z-]+:kms:.+"}
    return found


def _allow(sid: str, actions: list[str], resource: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _document(allowed: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": allowed}


def _boundary() -> dict[str, Any]:
    return {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}


class _Dumper(yaml.SafeDumper):
    """YAML that people review: no aliases, and lists indented."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)
