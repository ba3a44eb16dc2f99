"""Infrastructure: who may do what, who pays, what is encrypted. What a kind has of its own is in `tests/agreed.py`.

cfn-lint and checkov see the rest in `make check`; checkov knows IAM and logs, but none of AgentCore's resources.
"""

from __future__ import annotations

import pytest

from agentcore_kit.testing.infrastructure import agent_agreed
from agentcore_kit.testing.infrastructure.agent_agreed import ALARMS, LOG_GROUPS, UNTAGGED
from agentcore_kit.testing.templates import TEMPLATES, many, resources, statements

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
    **agent_agreed.GRANTED,
}

# Resources with a wildcard, each with the reason for which it was accepted.
REVIEWED = {
    ("role", "SignInToRegistry"): "no resource type",
    ("role", "WriteLogsAndSpans"): "the service adds its own id and the endpoint to the runtime's name",
    ("role", "FindLogGroups"): "lists; the service looks for its group among all",
    ("role", "SendTraces"): "no resource type",
    ("role", "SendMetrics"): "no resource type; limited to a namespace",
    **agent_agreed.REVIEWED,
}


def test_every_resource_says_who_owns_and_pays() -> None:
    for name, resource in resources():
        if resource["Type"] in UNTAGGED:
            continue
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


def test_roles_are_assumed_by_their_service_for_this_account_only() -> None:
    for name, role in resources("AWS::IAM::Role"):
        (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        service = "lambda" if name.startswith("lambda.") else "bedrock-agentcore"
        assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}, name
        assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}, name
        assert "PermissionsBoundary" in role["Properties"], name
        assert "ManagedPolicyArns" not in role["Properties"], name


def test_logs_end_some_day_and_can_be_encrypted_with_the_platforms_key() -> None:
    found = list(resources("AWS::Logs::LogGroup"))
    assert len(found) == LOG_GROUPS
    for name, group in found:
        assert {"RetentionInDays", "KmsKeyId"} <= set(group["Properties"]), name
        assert (group["DeletionPolicy"], group["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name


def test_every_alarm_reaches_somebody() -> None:
    found = dict(resources("AWS::CloudWatch::Alarm"))
    assert {name.partition(".")[2] for name in found} == set(ALARMS)
    for name, alarm in found.items():
        assert alarm["Properties"]["AlarmActions"]["Fn::If"][0] == "HasTopic", name


def test_no_deployment_can_move_callers() -> None:
    endpoints = dict(resources("AWS::BedrockAgentCore::RuntimeEndpoint"))
    assert list(endpoints) == ["endpoint.LiveEndpoint"], "in a stack of its own, which no deployment updates"


def test_only_an_image_by_digest_is_deployed() -> None:
    assert "@sha256:" in TEMPLATES["runtime"]["Parameters"]["ImageUri"]["AllowedPattern"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_secret_is_in_a_template(name: str) -> None:
    for parameter in TEMPLATES[name].get("Parameters", {}):
        assert not any(word in parameter.lower() for word in ("password", "secret", "accesskey", "credential"))
