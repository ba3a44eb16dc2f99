"""The templates of a workload account: keys, topic, gateway, guardrail and names, as AWS takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest.mock import Mock

import botocore.session
import pytest
from cfnlint.api import ManualArgs, lint

from agentcore_kit.config.repository import repository_path
from agentcore_kit.delivery import names
from agentcore_kit.delivery.names import MEMORY_KEY
from agentcore_kit.delivery.platform.removals import Removal
from agentcore_kit.local.aws_emulator.iam_policies import Request, trusts
from agentcore_kit.local.aws_protocol.service_rules import check_parameters
from tests.platform.templates import ACCOUNT, OTHER, REGION, infra, resolved

REGIONS = ["eu-central-1", "us-east-1", "eu-west-1", "us-west-2"]
TEMPLATES = sorted(
    path.relative_to(repository_path("infra")).with_suffix("").as_posix()
    for folder in ("workload", "component")
    for path in repository_path("infra").joinpath(folder).glob("*.yaml")
)
LOGS, CLOUDWATCH, BUDGETS = f"logs.{REGION}.amazonaws.com", "cloudwatch.amazonaws.com", "budgets.amazonaws.com"
AGENT_ROLE = f"arn:aws:iam::{ACCOUNT}:role/example-prod-role-ExecutionRole-1A2B"


def group(account: str, region: str = REGION) -> dict[str, str]:
    """Return what CloudWatch Logs says of a log group that it encrypts."""
    arn = f"arn:aws:logs:{region}:{account}:log-group:/aws/bedrock-agentcore/runtimes/x"
    return {"kms:encryptioncontext:aws:logs:arn": arn}


@pytest.mark.parametrize(
    ("key", "who", "action", "context", "allowed"),
    [
        ("LogKey", LOGS, "kms:Encrypt", group(ACCOUNT), True),
        ("LogKey", LOGS, "kms:Encrypt", group(OTHER), False),
        ("LogKey", LOGS, "kms:Encrypt", group(ACCOUNT, "us-east-1"), False),
        ("LogKey", LOGS, "kms:ScheduleKeyDeletion", group(ACCOUNT), False),
        ("LogKey", AGENT_ROLE, "kms:Decrypt", group(ACCOUNT), False),
        ("AlarmKey", CLOUDWATCH, "kms:GenerateDataKey", {"aws:sourceaccount": ACCOUNT}, True),
        ("AlarmKey", BUDGETS, "kms:Decrypt", {"aws:sourceaccount": ACCOUNT}, True),
        ("AlarmKey", CLOUDWATCH, "kms:GenerateDataKey", {"aws:sourceaccount": OTHER}, False),
        (
            "MemoryKey",
            AGENT_ROLE,
            "kms:Decrypt",
            {"kms:calleraccount": ACCOUNT, "kms:viaservice": f"bedrock-agentcore.{REGION}.amazonaws.com"},
            True,
        ),
        ("MemoryKey", AGENT_ROLE, "kms:Decrypt", {"kms:calleraccount": ACCOUNT}, False),
        (
            "MemoryKey",
            AGENT_ROLE,
            "kms:Decrypt",
            {"kms:calleraccount": OTHER, "kms:viaservice": f"bedrock-agentcore.{REGION}.amazonaws.com"},
            False,
        ),
    ],
)
def test_keys_are_used_by_their_service_for_this_account(
    key: str, who: str, action: str, context: Mapping[str, str], allowed: bool
) -> None:
    policy = resolved(infra("workload/keys"), {})[key]["Properties"]["KeyPolicy"]
    assert trusts(policy, Request(action, "*", context), [who]) is allowed


@pytest.mark.parametrize(
    ("who", "context", "allowed"),
    [
        (CLOUDWATCH, {"aws:sourceaccount": ACCOUNT, "aws:securetransport": "true"}, True),
        (CLOUDWATCH, {"aws:sourceaccount": OTHER, "aws:securetransport": "true"}, False),
        (CLOUDWATCH, {"aws:sourceaccount": ACCOUNT, "aws:securetransport": "false"}, False),
        (AGENT_ROLE, {"aws:securetransport": "true"}, False),
    ],
)
def test_only_alarms_and_budgets_of_the_account_reach_the_topic(
    who: str, context: Mapping[str, str], allowed: bool
) -> None:
    given = {"AlarmKeyArn": "key", "GatewayArn": "arn:gateway", "GatewayId": "company-tools-1"}
    policy = resolved(infra("workload/alarms"), given)["TopicPolicy"]["Properties"]["PolicyDocument"]
    topic = str(policy["Statement"][0]["Resource"])
    assert trusts(policy, Request("sns:Publish", topic, context), [who]) is allowed


def camel(value: Any) -> Any:
    """Return properties of a template as the service's own operation names them."""
    if isinstance(value, list):
        return [camel(one) for one in value]
    if isinstance(value, dict):
        return {
            name if name.startswith("$") else name[0].lower() + name[1:]: float(one) if name == "Rate" else camel(one)
            for name, one in value.items()
        }
    return value


GATEWAY = {
    "GatewayName": "company-tools",
    "DiscoveryUrl": "https://login.example.com/.well-known/openid-configuration",
    "Clients": "portal,tests",
    "PolicyMode": "ENFORCE",
    "RequestsPerMinute": "600",
    "ToolRequestsPerMinute": "6000",
}


@pytest.mark.parametrize(
    ("service", "operation", "template", "given", "resource"),
    [
        ("bedrock", "CreateGuardrail", "guardrails", {"TemplateDigest": "0123456789ab"}, "Guardrail"),
        ("bedrock-agentcore-control", "CreateGateway", "gateway", GATEWAY, "Gateway"),
        ("bedrock-agentcore-control", "CreatePolicyEngine", "gateway", GATEWAY, "Policies"),
        ("bedrock-agentcore-control", "CreateGatewayRateLimit", "gateway", GATEWAY, "LimitOfUser"),
        ("bedrock-agentcore-control", "CreateGatewayRateLimit", "gateway", GATEWAY, "LimitOfTool"),
    ],
)
def test_the_service_takes_what_the_template_asks_for(
    service: str, operation: str, template: str, given: Mapping[str, str], resource: str
) -> None:
    properties = camel(resolved(infra(f"workload/{template}"), given)[resource]["Properties"])
    properties.pop("tags", None)
    given_by_service = {
        "gatewayIdentifier": "company-tools-a1b2c3d4e5",
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/agentops-gateway-company-tools",
    }
    properties |= {name: value for name, value in given_by_service.items() if name in properties}
    if "policyEngineConfiguration" in properties:
        engine = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:policy-engine/agentops-a1b2c3d4e5"
        properties["policyEngineConfiguration"]["arn"] = engine
    model = botocore.session.get_session().get_service_model(service)
    check_parameters(model.operation_model(operation), properties)


def test_a_changed_guardrail_gets_a_new_version_and_keeps_the_old_one() -> None:
    before, after = (resolved(infra("workload/guardrails"), {"TemplateDigest": one * 12})["Version"] for one in "ab")
    assert before["Properties"]["Description"] != after["Properties"]["Description"]  # createOnly: it is replaced
    assert after["UpdateReplacePolicy"] == "Retain"


def test_what_others_read_is_published_in_a_workload_account() -> None:
    given = GATEWAY | {
        "ModelArns": "arn", "ProfileArns": "arn", "SharedAccount": OTHER, "TemplateDigest": "0" * 12,
        "RegistryArn": "arn", "GatewayArn": "arn", "GatewayId": "id", "AlarmKeyArn": "arn", "DomainPrefix": "x",
        "CallbackUrls": "x", "LogRetentionDays": "30", "LogKeyArn": "arn",
    }  # fmt: skip
    published = [
        str(resource["Properties"]["Name"])
        for name in TEMPLATES
        if name.startswith("workload/") and "litellm" not in name
        for resource in resolved(infra(name), given).values()
        if resource["Type"] == "AWS::SSM::Parameter"
    ]
    assert len(published) == len(set(published))
    assert set(published) == {
        names.DISCOVERY_URL, names.CLIENTS, names.LOG_KEY, MEMORY_KEY, names.BOUNDARY, names.REGISTRY,
        names.ALARM_TOPIC, names.AB_TEST_ROLE, names.GATEWAY_TARGETS_ROLE, *names.guardrail("default"),
        names.gateway_arn("company-tools"), names.gateway_url("company-tools"), names.gateway_role("company-tools"),
    }  # fmt: skip


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_region_takes_the_templates(name: str) -> None:
    text = repository_path(f"infra/{name}.yaml").read_text(encoding="utf-8")
    assert [str(one) for one in lint(text, config=ManualArgs(regions=REGIONS))] == []


@pytest.mark.parametrize(
    ("concern", "component"),
    [("component-claims", "claims"), ("roles-claims", "claims"), ("component-roles-tool", "roles-tool"), ("keys", "")],
)
def test_a_stack_is_for_the_component_of_its_name(concern: str, component: str) -> None:
    assert Removal(Mock(), f"agentops-{concern}", concern).component == component
