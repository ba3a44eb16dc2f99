"""The permissions boundary: it allows what roles of agents, tools and memories need, and nothing that widens them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from agentcore_kit.config.memory import MemorySpec
from agentcore_kit.delivery.delivery_roles import LONGEST_POLICY
from agentcore_kit.delivery.memory.template import template as memory_template
from agentcore_kit.local.aws_emulator.iam_conditions import as_list
from agentcore_kit.local.aws_emulator.iam_policies import Document, Policies, Request, reason_denied
from tests.platform.templates import (
    ACCOUNT,
    MODEL_ARN,
    OTHER,
    PROFILE,
    PROFILE_ARN,
    REGION,
    SHARED,
    infra,
    of_kind,
    policies,
    requests,
    resolved,
)

REPOSITORY = f"arn:aws:ecr:{REGION}:{SHARED}:repository/example"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:example-??????"
RUNTIME = {"RuntimeName": "example_prod", "RepositoryArn": REPOSITORY, "SecretArns": SECRET}
AGENT = RUNTIME | {
    "ModelArns": f"{MODEL_ARN},{PROFILE_ARN}",
    "ProfileArns": PROFILE_ARN,
    "MemoryArns": f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:memory/example-a1b2c3d4e5",
    "GuardrailArns": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:guardrail/abc123",
}
EVALUATION = {
    "RuntimeName": "example_prod",
    "EvaluationName": "example_prod",
    "RuntimeId": "example_prod-a1b2c3d4e5",
    "SamplingPercentage": "10",
    "FirstEvaluator": "Builtin.Helpfulness",
}
LAMBDA = {
    "RuntimeName": "example_prod",
    "EnvironmentName": "prod",
    "ImageUri": "image",
    "GatewayRoleArn": "role",
    "SecretArns": SECRET,
}
ALLOWED = {"foundation-model/*": MODEL_ARN, "inference-profile/*": PROFILE_ARN}
UNLISTED_PROFILE = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/eu.example.unlisted-v1:0"
UNLISTED = f"arn:aws:bedrock:{REGION}::foundation-model/example.unlisted-v1:0"
EVERYTHING: Document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}

MEMORY = MemorySpec.model_validate({
    "eventExpiryDays": 90,
    "strategies": [
        {"type": "semantic", "name": "facts", "description": "Facts.", "namespaceTemplate": "/facts/{actorId}/"},
        {"type": "custom", "name": "mine", "description": "Mine.", "namespaceTemplate": "/mine/{actorId}/",
         "base": "semantic", "model": PROFILE, "prompts": {"extraction": "manifest.yaml"}},
        {"type": "selfManaged", "name": "own", "description": "Own.", "namespaceTemplate": "/own/{actorId}/",
         "selfManaged": {"topicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:own", "bucket": "own-payloads"}},
    ],
    "consumers": [{"name": "assistant", "read": ["events", "facts", "own"], "write": ["events", "facts"]}],
})  # fmt: skip
MEMORY_PARAMETERS = {
    "MemoryName": "m",
    "MemoryDescription": "m",
    "Component": "example-memory",
    "EnvironmentName": "prod",
}


@cache
def boundary() -> Document:
    """Return the permissions boundary of an account that allows one model and one inference profile."""
    given = {"ModelArns": f"{MODEL_ARN},{PROFILE_ARN}", "ProfileArns": PROFILE_ARN, "SharedAccount": SHARED}
    document: Document = resolved(infra("workload/boundary"), given)["Boundary"]["Properties"]["PolicyDocument"]
    return document


def why_denied(
    identity: list[Document], request: Request, role: str = "example-prod-role-ExecutionRole-1A"
) -> str | None:
    """Return why a role with the boundary may not do something, None when it may."""
    known = {"aws:principalarn": f"arn:aws:iam::{ACCOUNT}:role/{role}", "aws:resourceaccount": ACCOUNT}
    return reason_denied(
        Policies(identity, boundary()), Request(request.action, request.resource, {**known, **request.context})
    )


def execution_roles() -> Iterator[tuple[str, list[Document], str]]:
    """Yield the roles that templates of components make: a name for the test, its policies, and the role's name."""
    for kind, file, given, role in (
        ("agent", "role", AGENT, "ExecutionRole"),
        ("agent", "evaluation", EVALUATION, "EvaluationRole"),
        ("tool", "role", RUNTIME, "ExecutionRole"),
        ("tool", "lambda", LAMBDA, "FunctionRole"),
    ):
        found = resolved(of_kind(kind, file), given)[role]
        yield f"{kind} {file}", policies(found), f"example-prod-{file}-{role}-1A2B"
    made = resolved(memory_template(MEMORY), MEMORY_PARAMETERS)
    yield "memory role", policies(made["ExecutionRole"]), "example-memory-prod-memory-ExecutionRole-1A2B"
    attached = [one["Properties"] for one in made.values() if one["Type"] == "AWS::IAM::ManagedPolicy"]
    arn = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:memory/m-a1b2c3d4e5"
    text = json.dumps([one["PolicyDocument"] for one in attached])
    text = text.replace(f"arn:aws:test:{REGION}:{ACCOUNT}:Memory/MemoryArn", arn)
    yield "consumer of a memory", json.loads(text), "example-prod-role-ExecutionRole-1A2B"


@pytest.mark.parametrize(("what", "documents", "role"), [pytest.param(*one, id=one[0]) for one in execution_roles()])
def test_the_boundary_allows_what_roles_of_components_allow(what: str, documents: list[Document], role: str) -> None:
    concrete = ALLOWED if what != "agent evaluation" else ALLOWED | {"foundation-model/*": UNLISTED}
    asked = [one for document in documents for one in requests(document, concrete)]
    assert asked
    denied = [(one.action, one.resource, why) for one in asked if (why := why_denied(documents, one, role))]
    assert denied == []


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/example", {}),
        ("iam:DeleteRolePermissionsBoundary", f"arn:aws:iam::{ACCOUNT}:role/example", {}),
        ("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/agentops-boundary", {}),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin", {"iam:passedtoservice": "lambda.amazonaws.com"}),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/agentops-gateway-targets", {}),
        ("organizations:DetachPolicy", "*", {}),
        (
            "cloudformation:UpdateStack",
            f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/platform-prod-keys/1",
            {},
        ),
        ("ssm:PutParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/agentops/registry/arn", {}),
        (
            "bedrock-agentcore:UpdateGateway",
            f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:gateway/company-tools-1",
            {},
        ),
        ("bedrock-agentcore:DeleteMemory", f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:memory/example-1", {}),
        ("logs:DeleteLogGroup", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/bedrock-agentcore/runtimes/x", {}),
        ("kms:ScheduleKeyDeletion", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1", {}),
        ("kms:Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1", {}),
        ("secretsmanager:PutSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:example-a1B2c3", {}),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{OTHER}:secret:example-a1B2c3", {}),
        ("s3:PutObject", "arn:aws:s3:::elsewhere/x", {"aws:resourceaccount": OTHER}),
        ("ecr:PutImage", f"arn:aws:ecr:{REGION}:{SHARED}:repository/example", {}),
        ("ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:{OTHER}:repository/example", {}),
        ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "AWS/Bedrock-AgentCore"}),
        ("bedrock:InvokeModel", UNLISTED, {}),
        ("bedrock:InvokeModel", UNLISTED_PROFILE, {}),
        (
            "bedrock:InvokeModel",
            UNLISTED,
            {"bedrock:inferenceprofilearn": UNLISTED_PROFILE},
        ),
        ("bedrock:CreateInferenceProfile", "*", {}),
    ],
)
def test_the_boundary_refuses_what_would_widen_a_role(action: str, resource: str, context: Mapping[str, str]) -> None:
    assert why_denied([EVERYTHING], Request(action, resource, context)) is not None


def test_a_component_may_call_its_own_inference_profiles() -> None:
    own = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:application-inference-profile/a1b2c3d4e5f6"
    model = "arn:aws:bedrock:eu-north-1::foundation-model/anthropic.claude-sonnet-4-6"
    for request in (
        Request("bedrock:InvokeModel", own),
        Request("bedrock:InvokeModelWithResponseStream", model, {"bedrock:inferenceprofilearn": own}),
    ):
        assert why_denied([EVERYTHING], request) is None
    foreign = {"bedrock:inferenceprofilearn": own.replace(ACCOUNT, OTHER)}
    assert why_denied([EVERYTHING], Request("bedrock:InvokeModel", model, foreign))


def test_nothing_of_iam_is_in_the_boundary_and_no_action_has_a_wildcard() -> None:
    actions = [action for statement in boundary()["Statement"] for action in as_list(statement["Action"])]
    assert {action.partition(":")[0] for action in actions} == {
        "bedrock", "bedrock-agentcore", "cloudwatch", "ecr", "kms", "logs", "s3", "secretsmanager", "sns", "xray",
    }  # fmt: skip
    assert [action for action in actions if "*" in action] == []


def test_the_boundary_is_a_policy_that_iam_takes() -> None:
    assert len(json.dumps(boundary(), separators=(",", ":"))) <= LONGEST_POLICY
