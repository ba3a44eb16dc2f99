"""What an entry of components.yaml gets: the roles that its own repository would print, images, profiles, a bridge."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from agentcore_kit.delivery.platform import component_roles, models
from agentcore_kit.local.aws_emulator.iam_policies import Document, Request, trusts
from agentcore_kit.local.aws_protocol.service_rules import check_parameters
from tests.platform.entries import contexts, entry
from tests.platform.templates import ACCOUNT, MODEL, OTHER, PROFILE, REGION, SHARED, infra, resolved
from tests.repositories import generate

PRINT = """
import json, sys
from agentcore_kit.delivery.context import open_context
from agentcore_kit.delivery.delivery_roles import template
from agentcore_kit.delivery.pipeline import of_context
places = {name: open_context(name) for name in ("dev", "preprod", "prod")}
places["shared"] = open_context("preprod", "shared")
print(json.dumps({name: template(of_context(context)) for name, context in places.items()}))
"""


def own_templates(folder: Path, kind: str) -> dict[str, Any]:
    """Return the templates that `kit delivery-roles` prints in a repository of a kind, by account."""
    repository = generate(folder, kind.lower())
    done = subprocess.run([sys.executable, "-c", PRINT], cwd=repository, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("kind", ["Agent", "Tool", "Memory"])
def test_an_entry_makes_the_roles_that_the_repository_itself_prints(kind: str, tmp_path: Path) -> None:
    own = own_templates(tmp_path, kind)
    for name, context in contexts().items():
        made = component_roles.template(entry(kind), context)
        if made is None:
            assert own[name]["Resources"] == {}, name
            continue
        made = json.loads(json.dumps(made))
        for resource in made["Resources"].values():
            if resource["Type"] == "AWS::IAM::Role":
                bounded = resource["Properties"].pop("PermissionsBoundary")
                assert bounded == f"arn:aws:iam::{context.account}:policy/agentops-delivery-boundary"
                resource["Properties"].pop("Tags")
        for resource in own[name]["Resources"].values():
            resource["Properties"].pop("Tags", None)
        assert made == own[name], name


@pytest.mark.parametrize(
    ("kind", "field", "statement"),
    [
        ("Agent", {"memory": "analyst-memory"}, "UseMemory"),
        ("Agent", {"canaryGateway": "company-tools"}, "SplitCallers"),
        ("Agent", {"vpc": True}, "Network"),
        ("Agent", {"role": "arn:aws:iam::123456789012:role/team"}, "GiveRoleOfTeam"),
        ("Agent", {"testUsers": "users"}, "ReadTestUsers"),
        ("Tool", {"target": "lambda", "inbound": "iam"}, "ChangeFunction"),
        ("Tool", {"inbound": "iam"}, "TestTools"),
        ("Tool", {"gateways": ["company-tools"]}, "ActOnGateway"),
    ],
)
def test_a_field_of_the_entry_gives_its_right_and_without_it_there_is_none(
    kind: str, field: dict[str, Any], statement: str
) -> None:
    context = contexts()["prod"]
    without: dict[str, Any] = {name: [] for name in field if name == "gateways"}
    assert statement in sids(component_roles.template(entry(kind, **field), context))
    assert statement not in sids(component_roles.template(entry(kind, **without), context))


def sids(template: Any) -> set[str]:
    """Return the names of all statements of the policies in a template."""
    return {
        statement["Sid"]
        for resource in template["Resources"].values()
        for statement in resource["Properties"].get("PolicyDocument", {}).get("Statement", ())
    }


def test_a_component_has_nothing_where_it_is_not_deployed() -> None:
    only = entry("Memory", environments=["preprod", "prod"])
    assert component_roles.template(only, contexts()["dev"]) is None
    assert component_roles.template(only, contexts()["shared"]) is None, "a memory has no image"


PULL, PUSH = "ecr:BatchGetImage", "ecr:PutImage"
DELIVERY = "arn:aws:iam::{}:role/agentops-deliver-market-data"


@pytest.mark.parametrize(
    ("action", "who", "context", "allowed"),
    [
        (PULL, ACCOUNT, {}, True),
        (PULL, OTHER, {}, False),
        (PULL, "lambda.amazonaws.com", {"aws:sourcearn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:x"}, True),
        (PULL, "lambda.amazonaws.com", {"aws:sourcearn": f"arn:aws:lambda:{REGION}:{OTHER}:function:x"}, False),
        (PUSH, "lambda.amazonaws.com", {"aws:sourcearn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:x"}, False),
        (PUSH, "333333333333", {"aws:principalarn": DELIVERY.format("333333333333")}, True),
        (PUSH, "333333333333", {"aws:principalarn": "arn:aws:iam::333333333333:role/agentops-deliver-other"}, False),
        (PUSH, "333333333333", {"aws:principalarn": "arn:aws:iam::333333333333:role/admin"}, False),
        (PUSH, ACCOUNT, {"aws:principalarn": DELIVERY.format(ACCOUNT)}, False),
        (PUSH, OTHER, {"aws:principalarn": DELIVERY.format(OTHER)}, False),
        ("ecr:DeleteRepository", "333333333333", {"aws:principalarn": DELIVERY.format("333333333333")}, False),
        ("ecr:SetRepositoryPolicy", ACCOUNT, {}, False),
    ],
)
def test_images_are_pulled_by_environments_and_passed_by_pre_production_alone(
    action: str, who: str, context: dict[str, str], allowed: bool
) -> None:
    given = {
        "ComponentName": "market-data",
        "EnvironmentAccounts": f"{ACCOUNT},333333333333",
        "PreproductionAccount": "333333333333",
    }
    images = resolved(infra("component/shared"), given, SHARED)["Images"]["Properties"]
    assert images["ImageTagMutability"] == "IMMUTABLE"
    assert images["ImageScanningConfiguration"] == {"ScanOnPush": True}
    policy: Document = images["RepositoryPolicyText"]
    arn = f"arn:aws:ecr:{REGION}:{SHARED}:repository/market-data"
    assert trusts(policy, Request(action, arn, context), [who]) is allowed


def workload(**given: str) -> dict[str, dict[str, Any]]:
    """Return the resources of a component in a workload account."""
    return resolved(
        infra("component/workload"),
        {
            "ComponentName": "market-data",
            "EnvironmentName": "prod",
            "RuntimeName": "market_data_prod",
            "Kind": "Agent",
            "ModelSources": models.profile_sources(contexts()["prod"], [MODEL, PROFILE]),
            "MonthlyBudgetUsd": "100",
            "AlarmTopicArn": "arn:topic",
            "Repository": "example-org/market-data",
            **given,
        },
    )


def test_an_agent_gets_a_profile_of_each_allowed_model_with_its_name_on_it() -> None:
    profiles = [one for one in workload().values() if one["Type"] == "AWS::Bedrock::ApplicationInferenceProfile"]
    account = contexts()["prod"].account
    assert {one["Properties"]["InferenceProfileName"]: one["Properties"]["ModelSource"] for one in profiles} == {
        "amazon-nova-lite-v1-0-1a2b3c4d": {"CopyFrom": f"arn:aws:bedrock:{REGION}::foundation-model/{MODEL}"},
        "global-anthropic-claude-sonnet-4-6-1a2b3c4d": {
            "CopyFrom": f"arn:aws:bedrock:{REGION}:{account}:inference-profile/{PROFILE}"
        },
    }
    assert all({"Key": "component", "Value": "market-data"} in one["Properties"]["Tags"] for one in profiles)
    assert not [one for one in workload(Kind="Tool").values() if "Profile" in one["Type"]]


def test_bedrock_takes_the_names_of_profiles_however_long_those_of_component_and_model_are() -> None:
    name, model = "a" * 40, "global.anthropic.claude-haiku-4-5-20251001-v1:0"
    made = workload(ComponentName=name, ModelSources=models.profile_sources(contexts()["prod"], [model]))
    profile = next(one for one in made.values() if one["Type"] == "AWS::Bedrock::ApplicationInferenceProfile")
    asked = {key[0].lower() + key[1:]: profile["Properties"][key] for key in ("InferenceProfileName", "Description")}
    source = {"copyFrom": profile["Properties"]["ModelSource"]["CopyFrom"]}
    bedrock = botocore.session.get_session().get_service_model("bedrock")
    check_parameters(bedrock.operation_model("CreateInferenceProfile"), {**asked, "modelSource": source})


def test_the_bridge_passes_on_the_alarms_of_its_component_and_is_there_only_where_it_is_declared() -> None:
    assert not [name for name, one in workload().items() if one["Type"].startswith("AWS::Events::")]
    found = workload(DispatchTokenSecretName="/agentops/github/market-data")
    rule = found["AlarmChanged"]["Properties"]
    assert rule["EventPattern"]["detail"] == {"alarmName": [{"prefix": "market_data_prod-"}]}
    sent = rule["Targets"][0]["InputTransformer"]["InputTemplate"]
    for name, value in {"alarm": "a", "state": "ALARM", "at": "now", "region": REGION, "account": ACCOUNT}.items():
        sent = sent.replace(f"<{name}>", json.dumps(value))
    body = json.loads(sent)
    assert body["event_type"] == "rollback"
    assert set(body["client_payload"]) == {"environment", "alarm", "state", "at", "region", "account"}
    assert found["Dispatches"]["Properties"]["InvocationEndpoint"].endswith("/repos/example-org/market-data/dispatches")


def test_the_test_client_is_copied_where_there_is_a_pool_and_an_empty_secret_elsewhere() -> None:
    assert "SecretString" not in workload()["TestClient"]["Properties"]
    copied = workload(TestClientSecretName="/agentops/identity/test-client")["TestClient"]["Properties"]
    assert copied["SecretString"] == "{{resolve:secretsmanager:/agentops/identity/test-client}}"
    assert "TestClient" not in workload(Kind="Memory")
