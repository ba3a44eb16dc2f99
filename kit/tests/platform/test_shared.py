"""The account of the shared services: what is published, and who may come in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.delivery import names
from agentcore_kit.delivery.context import open_context
from agentcore_kit.delivery.platform.concerns import concerns
from agentcore_kit.local.aws_emulator.iam_policies import Policies, Request, reason_denied, trusts
from tests.platform.templates import ACCOUNT, OTHER, REGION, SHARED, infra, policies, resolved

ACCOUNTS = {"WorkloadAccounts": f"{ACCOUNT},{OTHER}"}
EVERYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def published(name: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return what a template publishes: SSM parameters and their values."""
    made = resolved(infra(f"shared/{name}"), given, SHARED)
    found = [one["Properties"] for one in made.values() if one["Type"] == "AWS::SSM::Parameter"]
    return {one["Name"]: one["Value"] for one in found}


REGISTRY = f"arn:aws:agent-registry:eu-west-1:{SHARED}:registry/abcdefghijkl"
SINK = f"arn:aws:oam:{REGION}:{SHARED}:sink/1"


def test_the_shared_account_publishes_what_others_look_for() -> None:
    given = {"RegistryArn": REGISTRY, "SinkArn": SINK, **ACCOUNTS}
    assert published("names", given) == {names.REGISTRY: REGISTRY, "/agentops/monitoring/sink-arn": SINK}
    assert published("names", given | {"RegistryArn": ""}) == {"/agentops/monitoring/sink-arn": SINK}
    assert list(published("alarms", {})) == [names.ALARM_TOPIC]
    gateway = {
        "GatewayName": "company-tools",
        "DiscoveryUrl": "https://issuer.example/.well-known/openid-configuration",
        "Clients": "one,two",
        "PolicyMode": "ENFORCE",
        "RequestsPerMinute": "600",
        "ToolRequestsPerMinute": "6000",
        **ACCOUNTS,
    }
    assert {*published("gateway", gateway)} == {
        names.gateway_arn("company-tools"),
        names.gateway_url("company-tools"),
        names.gateway_role("company-tools"),
        names.GATEWAY_TARGETS_ROLE,
    }


def test_published_names_are_read_by_the_accounts_that_are_named_and_nothing_else_is() -> None:
    reader = resolved(infra("shared/names"), {"RegistryArn": "", "SinkArn": SINK, **ACCOUNTS}, SHARED)["Reader"]
    trust = reader["Properties"]["AssumeRolePolicyDocument"]
    assert trusts(trust, Request("sts:AssumeRole"), [ACCOUNT])
    assert not trusts(trust, Request("sts:AssumeRole"), ["333333333333"])
    name = f"arn:aws:ssm:{REGION}:{SHARED}:parameter{{}}"
    decided = Policies(policies(reader))
    assert reason_denied(decided, Request("ssm:GetParameters", name.format(names.REGISTRY))) is None
    assert reason_denied(decided, Request("ssm:GetParameters", name.format("/other"))) is not None
    assert reason_denied(decided, Request("ssm:PutParameter", name.format(names.REGISTRY))) is not None


def test_a_record_waits_for_a_person_and_accounts_that_publish_cannot_approve() -> None:
    made = resolved(infra("shared/registry"), {**ACCOUNTS, "ApproverEmail": "board@example.com"}, SHARED)
    registry, share = made["Registry"]["Properties"], made["Share"]["Properties"]
    assert registry["ApprovalConfiguration"] == {"AutoApprovalRules": []}
    schema = json.loads(registry["CustomMetadataSchemaConfiguration"]["DefaultSchema"])
    assert {"owner", "costCenter", "useCaseId"} <= schema["properties"].keys()
    assert "required" not in schema  # records of earlier releases have tags alone
    assert share["Principals"] == [ACCOUNT, OTHER]
    assert [one.rpartition("/")[2] for one in share["PermissionArns"]] == ["AWSRAMPermissionAgentRegistryForPublisher"]
    rule = made["Waiting"]["Properties"]
    assert rule["EventPattern"]["detail-type"] == ["Registry Record State changed to Pending Approval"]
    assert made["Subscription"]["Properties"]["Endpoint"] == "board@example.com"


@pytest.mark.parametrize(
    ("who", "context", "allowed"),
    [
        ([ACCOUNT], {}, True),
        (["333333333333"], {}, False),
        ([ACCOUNT], {"oam:resourcetypes": ["AWS::ApplicationSignals::Service"]}, False),
    ],
)
def test_accounts_that_are_named_link_themselves_to_the_sink(
    who: list[str], context: Mapping[str, Any], allowed: bool
) -> None:
    sink = resolved(infra("shared/monitoring"), ACCOUNTS, SHARED)["Sink"]["Properties"]
    known = {"oam:resourcetypes": ["AWS::CloudWatch::Metric", "AWS::Logs::LogGroup", "AWS::XRay::Trace"], **context}
    assert trusts(sink["Policy"], Request("oam:CreateLink", "*", known), who) == allowed


def test_of_an_organisation_its_accounts_link_themselves_and_no_other() -> None:
    sink = resolved(infra("shared/monitoring"), ACCOUNTS | {"OrganisationId": "o-abcdefghij"}, SHARED)["Sink"]
    types = {"oam:resourcetypes": ["AWS::CloudWatch::Metric"]}
    for organisation, allowed in (("o-abcdefghij", True), ("o-0123456789", False)):
        request = Request("oam:CreateLink", "*", types | {"aws:principalorgid": organisation})
        assert trusts(sink["Properties"]["Policy"], request, ["333333333333"]) == allowed


@pytest.mark.parametrize(
    ("regions", "expected"),
    [("us-east-1", ["us-east-1"]), ("us-east-1,eu-west-1,us-west-2", ["us-east-1", "eu-west-1", "us-west-2"])],
)
def test_images_are_copied_to_each_region_of_an_environment(regions: str, expected: list[str]) -> None:
    made = resolved(infra("shared/images"), {"ReplicationRegions": regions}, SHARED)
    rules = made["Replication"]["Properties"]["ReplicationConfiguration"]["Rules"]
    assert [(one["RegistryId"], one["Region"]) for one in rules[0]["Destinations"]] == [
        (SHARED, one) for one in expected
    ]


def test_images_are_scanned_and_stay_where_all_environments_are_in_one_region() -> None:
    made = resolved(infra("shared/images"), {}, SHARED)
    assert [*made] == ["Scanning"]
    assert made["Scanning"]["Properties"]["Rules"][0]["ScanFrequency"] == "SCAN_ON_PUSH"


PIPELINE = f"arn:aws:iam::{ACCOUNT}:role/agentops-deliver-my-agent"


@pytest.mark.parametrize(
    ("who", "role", "action", "key", "secure", "allowed"),
    [
        (ACCOUNT, PIPELINE, "s3:PutObject", "components/my-agent/x", "true", True),
        (ACCOUNT, PIPELINE, "s3:PutObject", "components/my-agent/x", "false", False),
        (ACCOUNT, PIPELINE, "s3:PutObject", "elsewhere/x", "true", False),
        (ACCOUNT, PIPELINE, "s3:DeleteObjectVersion", "components/my-agent/x", "true", False),
        (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/developer", "s3:PutObject", "components/my-agent/x", "true", False),
        ("333333333333", PIPELINE, "s3:PutObject", "components/my-agent/x", "true", False),
    ],
)
def test_pipelines_write_artifacts_and_delete_none(
    who: str, role: str, action: str, key: str, secure: str, allowed: bool
) -> None:
    policy = resolved(infra("shared/artifacts"), ACCOUNTS, SHARED)["BucketPolicy"]["Properties"]["PolicyDocument"]
    arn = f"arn:aws:test:{REGION}:{SHARED}:Bucket/Arn/{key}"
    request = Request(action, arn, {"aws:principalarn": role, "aws:securetransport": secure})
    assert (reason_denied(Policies([EVERYTHING], resource=policy, across=True), request, [who]) is None) == allowed


@pytest.mark.parametrize(("role", "allowed"), [(PIPELINE, True), (PIPELINE + "2", False)])
def test_only_tools_that_are_let_in_change_the_targets_of_the_shared_gateway(role: str, allowed: bool) -> None:
    given = {
        "GatewayName": "company-tools",
        "DiscoveryUrl": "https://issuer.example/.well-known/openid-configuration",
        "Clients": "one",
        "PolicyMode": "ENFORCE",
        "RequestsPerMinute": "600",
        "ToolRequestsPerMinute": "6000",
        "TargetWriters": PIPELINE,
        **ACCOUNTS,
    }
    trust = resolved(infra("shared/gateway"), given, SHARED)["TargetsRole"]["Properties"]["AssumeRolePolicyDocument"]
    assert trusts(trust, Request("sts:AssumeRole", "*", {"aws:principalarn": role}), [ACCOUNT]) == allowed


def test_each_account_has_the_registry_of_the_shared_account_that_its_file_names(repository: Path) -> None:
    shared = repository / "environments" / "shared.yaml"
    second = shared.read_text(encoding="utf-8").replace("name: shared\n", "name: shared-us\n")
    second = second.replace("111122223333", "999988887777").replace("region: 'eu-central-1'", "region: us-east-1")
    (repository / "environments" / "shared-us.yaml").write_text(second, encoding="utf-8")
    for file, old, new in (
        ("manifest.yaml", "production: [shared, ", "production: [shared, shared-us, "),
        ("environments/dev.yaml", "sharedAccount: '111122223333'", "sharedAccount: '999988887777'"),
    ):
        path = repository / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    regions = {
        name: [one.region for one in concerns(open_context(name)) if one.name == "registry"]
        for name in ("shared", "shared-us", "dev", "prod")
    }
    assert regions == {"shared": [], "shared-us": ["us-east-1"], "dev": ["eu-central-1"], "prod": []}
