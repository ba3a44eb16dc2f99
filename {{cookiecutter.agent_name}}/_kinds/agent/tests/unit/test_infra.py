"""Infrastructure: who may call the agent, what roles may do, who pays, what is encrypted.

cfn-lint and checkov see the rest in `make check`; checkov knows IAM and logs, but none of AgentCore's resources.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ops.document import ROOT
from tests.standin.templates import read_template

INFRA = sorted((ROOT / "infra").glob("*.yaml"))
TEMPLATES = {path.stem: read_template(path.read_text(encoding="utf-8")) for path in INFRA}
TAGS = {"owner", "cost-center", "use-case-id"}

# Everything that the roles grant. Whoever adds an action adds it here, and a reviewer sees it.
GRANTED = {
    ("role", "PullImage"): {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
    ("role", "SignInToRegistry"): {"ecr:GetAuthorizationToken"},
    ("role", "WriteLogsAndSpans"): {
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    },
    ("role", "FindLogGroups"): {"logs:DescribeLogGroups"},
    ("role", "SendTraces"): {
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    },
    ("role", "SendMetrics"): {"cloudwatch:PutMetricData"},
    ("role", "InvokeModel"): {"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"},
    ("role", "InvokeModelThroughProfile"): {"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"},
    ("role", "UseMemory"): {
        "bedrock-agentcore:CreateEvent",
        "bedrock-agentcore:GetEvent",
        "bedrock-agentcore:ListEvents",
        "bedrock-agentcore:ListSessions",
        "bedrock-agentcore:GetMemory",
        "bedrock-agentcore:ListMemoryRecords",
        "bedrock-agentcore:RetrieveMemoryRecords",
    },
    ("role", "ApplyGuardrail"): {"bedrock:ApplyGuardrail"},
    ("evaluation", "FindLogGroups"): {"logs:DescribeLogGroups"},
    ("evaluation", "ReadSessions"): {"logs:StartQuery"},
    ("evaluation", "ReadQueryResults"): {"logs:GetQueryResults"},
    ("evaluation", "WriteResults"): {"logs:CreateLogStream", "logs:PutLogEvents"},
    ("evaluation", "IndexSpans"): {"logs:DescribeIndexPolicies", "logs:PutIndexPolicy"},
    ("evaluation", "JudgeWithModels"): {"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"},
}

# Resources with a wildcard, each with the reason for which it was accepted.
REVIEWED = {
    ("role", "SignInToRegistry"): "no resource type",
    ("role", "WriteLogsAndSpans"): "the service adds its own id and the endpoint to the runtime's name",
    ("role", "FindLogGroups"): "lists; the service looks for its group among all",
    ("role", "SendTraces"): "no resource type",
    ("role", "SendMetrics"): "no resource type; limited to a namespace",
    ("role", "InvokeModelThroughProfile"): "a profile routes to other regions; limited to calls through that profile",
    ("evaluation", "FindLogGroups"): "lists; the service looks for its groups among all",
    ("evaluation", "ReadSessions"): "the endpoints of this runtime only",
    ("evaluation", "ReadQueryResults"): "no resource type; the id of the query is the key",
    ("evaluation", "IndexSpans"): "the log group of all spans, its streams, and the endpoints of this runtime",
    ("evaluation", "JudgeWithModels"): "the service chooses the model of its built-in evaluators",
}


def resources(kind: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for concern, template in TEMPLATES.items():
        for name, resource in template["Resources"].items():
            if resource["Type"].startswith(kind):
                yield f"{concern}.{name}", resource


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all that the roles grant, also what is only granted under a condition, with the template's name."""
    for name, role in resources("AWS::IAM::Role"):
        for policy in role["Properties"]["Policies"]:
            policy = policy["Fn::If"][1] if "Fn::If" in policy else policy
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name.partition(".")[0], statement


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_every_resource_says_who_owns_and_pays() -> None:
    for name, resource in resources():
        tags = resource["Properties"]["Tags"]
        keys = {tag["Key"] for tag in tags} if isinstance(tags, list) else set(tags)
        assert keys >= TAGS, name


def test_the_roles_grant_exactly_these_actions() -> None:
    found = {(name, statement["Sid"]): set(many(statement["Action"])) for name, statement in statements()}
    assert found == GRANTED
    assert not [action for actions in GRANTED.values() for action in actions if "*" in action]
    assert {resource["Type"] for _, resource in resources("AWS::IAM::")} == {"AWS::IAM::Role"}, "or it grants unseen"
    assert not [key for _, statement in statements() for key in statement if key.startswith("Not")]


def test_no_wildcard_resource_that_was_not_reviewed() -> None:
    open_ended = {
        (name, statement["Sid"])
        for name, statement in statements()
        if any("*" in str(resource) for resource in many(statement["Resource"]))
    }
    assert open_ended == set(REVIEWED)


def test_roles_are_assumed_by_agentcore_of_this_account_only() -> None:
    for name, role in resources("AWS::IAM::Role"):
        (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "bedrock-agentcore.amazonaws.com"}, name
        assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}, name
        assert "PermissionsBoundary" in role["Properties"], name
        assert "ManagedPolicyArns" not in role["Properties"], name


def test_a_model_in_another_region_is_reached_through_the_one_profile_only() -> None:
    (through,) = [each for _, each in statements() if each["Sid"] == "InvokeModelThroughProfile"]
    (profile,) = through["Condition"]["StringEquals"].values()
    assert profile["Fn::Sub"].endswith(":inference-profile/${ModelId}")


def test_logs_end_some_day_and_can_be_encrypted_with_the_platforms_key() -> None:
    found = list(resources("AWS::Logs::LogGroup"))
    assert len(found) == 4
    for name, group in found:
        assert {"RetentionInDays", "KmsKeyId"} <= set(group["Properties"]), name
        assert group["DeletionPolicy"] == group["UpdateReplacePolicy"] == "Retain", name


def test_every_alarm_reaches_somebody() -> None:
    found = dict(resources("AWS::CloudWatch::Alarm"))
    wanted = ("Errors", "Latency", "Throttles", "Tokens", "Cost", "Score")
    assert {name.partition(".")[2] for name in found} == set(wanted)
    for name, alarm in found.items():
        assert alarm["Properties"]["AlarmActions"]["Fn::If"][0] == "HasTopic", name


def test_the_agent_gets_the_token_that_the_runtime_has_verified() -> None:
    runtime = TEMPLATES["runtime"]["Resources"]["Runtime"]["Properties"]
    assert "Authorization" in runtime["RequestHeaderConfiguration"]["RequestHeaderAllowlist"]
    assert "CustomJWTAuthorizer" in runtime["AuthorizerConfiguration"]


def test_no_deployment_can_move_callers() -> None:
    endpoints = dict(resources("AWS::BedrockAgentCore::RuntimeEndpoint"))
    assert list(endpoints) == ["endpoint.LiveEndpoint"], "in a stack of its own, which no deployment updates"


def test_only_an_image_by_digest_is_deployed() -> None:
    assert "@sha256:" in TEMPLATES["runtime"]["Parameters"]["ImageUri"]["AllowedPattern"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_secret_is_in_a_template(name: str) -> None:
    for parameter in TEMPLATES[name].get("Parameters", {}):
        assert not any(word in parameter.lower() for word in ("password", "secret", "accesskey", "credential"))
