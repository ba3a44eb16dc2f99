"""The service control policies: a table of what they refuse whoever it is, and of what they leave alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentcore_kit.delivery.delivery_roles import PUBLISHED, _listed, policies
from agentcore_kit.delivery.pipeline import Pipeline, Place, stage_facts
from agentcore_kit.delivery.platform.exempt import is_exempt
from agentcore_kit.delivery.platform.models import organisation_parameters
from agentcore_kit.local.aws_emulator.iam_policies import Document, Policies, Request, reason_denied
from tests.platform.conftest import PlatformShell
from tests.platform.templates import ACCOUNT, REGION, infra, resolved

LONGEST = 5120
"""The characters that a service control policy may have."""

PLATFORM = "agentops-platform"
EXEMPT = yaml.safe_load(Path("environments/organisation.yaml").read_text(encoding="utf-8"))["exemptRoles"]
"""As a generated repository has it."""

GIVEN = {
    "Targets": "ou-ab12-11111111,ou-ab12-22222222",
    **organisation_parameters(
        "aws", ["global.anthropic.claude-sonnet-4-6", "eu.amazon.nova-pro-v1:0", "amazon.nova-lite-v1:0"]
    ),
    "Regions": "eu-central-1,eu-west-1",
    "PlatformName": PLATFORM,
    "Approvers": "agentops-approver,aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_AIBoard_*",
    "ExemptRoles": ",".join(EXEMPT),
}
EVERYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
TAGS = {"aws:requesttag/owner": "finance", "aws:requesttag/cost-center": "CC-1", "aws:requesttag/use-case-id": "UC-1"}

AGENT, PIPELINE, PLATFORM_ROLE, BREAK_GLASS, APPROVER = (
    "financial-agent-prod-role-ExecutionRole-1",
    "agentops-deliver-financial-agent",
    f"agentops-deliver-{PLATFORM}",
    "agentops-break-glass",
    "agentops-approver",
)
ADMINISTRATOR = "aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_AdministratorAccess_0123456789abcdef"
US_ADMINISTRATOR = ADMINISTRATOR.replace("eu-central-1/", "")
"""A role of IAM Identity Center in us-east-1, whose path has no region."""


def bedrock(rest: str, region: str = REGION) -> str:
    """Return the ARN of a model (`:foundation-model/…`) or of a profile (`ACCOUNT:inference-profile/…`)."""
    return f"arn:aws:bedrock:{region}:{rest}"


SONNET = "anthropic.claude-sonnet-4-6"
GLOBAL, OWN = (
    bedrock(f"{ACCOUNT}:inference-profile/global.{SONNET}"),
    bedrock(f"{ACCOUNT}:application-inference-profile/abcdef"),
)
INVOKE = "bedrock:InvokeModel"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"


def documents() -> dict[str, Document]:
    """Return the service control policies, by their names in the template."""
    found = resolved(infra("organisation/service-control-policies"), GIVEN)
    return {name: one["Properties"]["Content"] for name, one in found.items()}


def refused(who: str, action: str, resource: str, context: Mapping[str, Any], of: Sequence[Document]) -> bool:
    """Return whether the policies refuse it to a role that may do everything otherwise."""
    known = {"aws:requestedregion": REGION, "aws:principalarn": f"{ROLE}/{who}", **context}
    return reason_denied(Policies([EVERYTHING], organisation=of), Request(action, resource, known)) is not None


Row = tuple[str, str, str, str, dict[str, Any]]
"""The statement that refuses it, who wants what of which resource, and what is known of the request."""

CREATE = "bedrock-agentcore:CreateGateway"
REFUSED: list[Row] = [
    ("AllowedModels", AGENT, INVOKE, bedrock(":foundation-model/meta.llama4-maverick-17b"), {}),
    ("AllowedModels", AGENT, "bedrock:InvokeModelWithResponseStream", bedrock(f":foundation-model/{SONNET}"), {}),
    ("AllowedModels", AGENT, INVOKE, bedrock(f"{ACCOUNT}:inference-profile/us.meta.llama4"), {}),
    ("AllowedModels", AGENT, INVOKE, bedrock(":foundation-model/x"), {
        "bedrock:inferenceprofilearn": bedrock(f"{ACCOUNT}:inference-profile/us.x")}),
    ("ProfilesOfThePlatform", PIPELINE, "bedrock:CreateInferenceProfile", OWN, TAGS),
    ("NoOtherWayToModels", AGENT, "bedrock-mantle:CreateInference", "*", {}),
    ("AllowedRegions", AGENT, "lambda:InvokeFunction", "*", {"aws:requestedregion": "us-east-1"}),
    ("AllowedRegions", PIPELINE, "bedrock-agentcore:CreateAgentRuntime", "*", {
        **TAGS, "aws:requestedregion": "ap-south-1"}),
    ("AllowedRegions", AGENT, INVOKE, bedrock(":foundation-model/amazon.nova-lite-v1:0", "us-east-1"), {
        "aws:requestedregion": "us-east-1"}),
    ("NeedsOwner", PIPELINE, "bedrock-agentcore:CreateAgentRuntime", "*", TAGS | {"aws:requesttag/owner": None}),
    ("NeedsCostCenter", PIPELINE, "bedrock-agentcore:CreateMemory", "*", TAGS | {"aws:requesttag/cost-center": None}),
    ("NeedsUseCase", PLATFORM_ROLE, CREATE, "*", TAGS | {"aws:requesttag/use-case-id": None}),
    ("TagsStay", PIPELINE, "bedrock-agentcore:UntagResource", "*", {"aws:tagkeys": ["note", "owner"]}),
    ("GatewaysKnowTheirCallers", PLATFORM_ROLE, CREATE, "*", {
        **TAGS, "bedrock-agentcore:gatewayauthorizertype": "NONE"}),
    ("GatewaysKnowTheirCallers", PIPELINE, "bedrock-agentcore:UpdateGateway", "*", {
        "bedrock-agentcore:gatewayauthorizertype": "AUTHENTICATE_ONLY"}),
    ("PipelinesSayWhoMayCall", "developer", "bedrock-agentcore:PutResourcePolicy", "*", {}),
    ("ApproversApprove", PIPELINE, "agent-registry:UpdateRegistryRecordStatus", "*", {}),
    ("TheTrailGoesOn", PLATFORM_ROLE, "cloudtrail:StopLogging", "*", {}),
    ("TheTrailGoesOn", PIPELINE, "cloudtrail:PutEventSelectors", "*", {}),
    ("MonitoringSeesAll", PIPELINE, "oam:DeleteLink", "*", {}),
    ("MonitoringSeesAll", "developer", "logs:DeleteDeliverySource", "*", {}),
    ("MonitoringSeesAll", AGENT, "xray:UpdateTraceSegmentDestination", "*", {}),
    ("LogsStay", "developer", "logs:DeleteLogGroup", f"{LOGS}:/aws/bedrock-agentcore/runtimes/x-live", {}),
    ("LogsStay", AGENT, "logs:DeleteLogStream", f"{LOGS}:aws/spans:log-stream:default", {}),
    ("PlatformRoles", "developer", "iam:CreateRole", f"{ROLE}/agentops-deliver-mine", {}),
    ("PlatformRoles", PIPELINE, "iam:PutRolePolicy", f"{ROLE}/agentops-deliver-other", {}),
    ("PlatformRoles", PIPELINE, "iam:UpdateAssumeRolePolicy", f"{ROLE}/agentops-break-glass", {}),
    ("PlatformRoles", "developer", "iam:DeleteOpenIDConnectProvider",
     f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com", {}),
]  # fmt: skip

LEFT_ALONE: list[tuple[str, str, str, dict[str, Any]]] = [
    (AGENT, INVOKE, bedrock(":foundation-model/amazon.nova-lite-v1:0"), {}),
    (AGENT, INVOKE, GLOBAL, {}),
    (AGENT, INVOKE, OWN, {}),
    # What a global profile calls: the model in another region, which the request calls unspecified.
    (AGENT, INVOKE, bedrock(f":foundation-model/{SONNET}", ""), {
        "aws:requestedregion": "unspecified", "bedrock:inferenceprofilearn": GLOBAL}),
    (AGENT, INVOKE, bedrock(f":foundation-model/{SONNET}", "eu-north-1"), {
        "aws:requestedregion": "eu-north-1", "bedrock:inferenceprofilearn": OWN}),
    (PLATFORM_ROLE, "bedrock:CreateInferenceProfile", OWN, TAGS),
    (PLATFORM_ROLE, "budgets:ModifyBudget", "*", {"aws:requestedregion": "us-east-1"}),
    (PIPELINE, "iam:CreateRole", f"{ROLE}/financial-agent-prod-role", {"aws:requestedregion": "us-east-1"}),
    (PIPELINE, "bedrock-agentcore:CreateAgentRuntime", "*", TAGS),
    (PIPELINE, "bedrock-agentcore:UntagResource", "*", {"aws:tagkeys": ["note"]}),
    (PLATFORM_ROLE, CREATE, "*", {**TAGS, "bedrock-agentcore:gatewayauthorizertype": "CUSTOM_JWT"}),
    (PIPELINE, "bedrock-agentcore:PutResourcePolicy", "*", {}),
    (APPROVER, "agent-registry:UpdateRegistryRecordStatus", "*", {}),
    (PIPELINE, "agent-registry:CreateRegistryRecord", "*", {"aws:requestedregion": "eu-west-1"}),
    (PLATFORM_ROLE, "oam:DeleteLink", "*", {}),
    (PIPELINE, "logs:DeleteLogGroup", f"{LOGS}:/aws/bedrock-agentcore/runtimes/x-live", {}),
    ("developer", "logs:DeleteLogGroup", f"{LOGS}:/my/own", {}),
    (PLATFORM_ROLE, "iam:CreateRole", f"{ROLE}/agentops-deliver-other", {}),
]  # fmt: skip


@pytest.mark.parametrize(("sid", "who", "action", "resource", "context"), REFUSED)
def test_what_is_refused_is_refused_by_one_statement(
    sid: str, who: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    known = {key: value for key, value in context.items() if value is not None}
    assert refused(who, action, resource, known, [*documents().values()])
    assert not refused(who, action, resource, known, [_without(one, sid) for one in documents().values()])


@pytest.mark.parametrize(("who", "action", "resource", "context"), LEFT_ALONE)
def test_what_the_work_needs_is_left_alone(who: str, action: str, resource: str, context: dict[str, Any]) -> None:
    assert not refused(who, action, resource, context, [*documents().values()])


@pytest.mark.parametrize("who", [BREAK_GLASS, ADMINISTRATOR, US_ADMINISTRATOR])
@pytest.mark.parametrize(("sid", "_who", "action", "resource", "context"), REFUSED)
def test_who_is_exempt_is_bound_by_nothing(
    who: str, sid: str, _who: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    known = {key: value for key, value in context.items() if value is not None}
    assert not refused(who, action, resource, known, [*documents().values()]), sid


@pytest.mark.parametrize(
    ("caller", "exempt"),
    [
        ("assumed-role/agentops-break-glass/ana", True),
        ("assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/ana", True),
        ("assumed-role/AWSReservedSSO_PowerUserAccess_0123456789abcdef/ana", False),
        ("assumed-role/deployer/agentops-break-glass", False),
        ("user/agentops-break-glass", False),
        ("root", False),
    ],
)
def test_who_deploys_is_exempt_by_the_name_of_the_role(caller: str, exempt: bool) -> None:
    assert is_exempt(f"arn:aws:sts::{ACCOUNT}:{caller}", EXEMPT) == exempt


def test_a_person_is_told_before_the_policies_bind_them(platform: PlatformShell) -> None:
    """Said of a change of the policies only, and not in the pipeline, whose role they leave alone."""
    said = "is not among exemptRoles of environments/organisation.yaml"
    platform.must("deploy", "shared")
    assert said not in platform.must("plan", "organisation").out
    platform.edit("environments/organisation.yaml", "AWSReservedSSO_AdministratorAccess_*", "AWSReservedSSO_Ops_*")
    told = platform.must("plan", "organisation").out
    assert f"who is signed in (arn:aws:sts::{platform.at('organisation').account}:assumed-role/AWSReservedSSO_" in told
    assert said in told
    assert said not in platform.must("plan", "organisation", CI="true").out
    platform.must("deploy", "organisation")
    assert said not in platform.must("plan", "organisation").out


@pytest.mark.parametrize("kind", ["Agent", "Tool", "Memory"])
def test_a_pipeline_is_refused_nothing_that_it_does_with_its_record(kind: str) -> None:
    facts = frozenset(stage_facts(kind, bounded=True, preproduction=False, publisher=True))
    place = Place("prod", ACCOUNT, ACCOUNT, REGION, facts)
    pipeline = Pipeline("financial-agent", kind, "example-org/financial-agent", ACCOUNT, REGION, (place,), "prod")
    allowed = {
        action
        for which in ("deliver", "register")
        for policy in policies(pipeline, which, dict.fromkeys(PUBLISHED, "arn")).values()
        for statement in policy["Statement"]
        for action in _listed(statement["Action"])
        if action.startswith("agent-registry:")
    }
    assert "agent-registry:DeleteRegistryRecord" in allowed
    assert not [one for one in allowed if refused(PIPELINE, one, "*", {}, [*documents().values()])]


def test_every_statement_refuses_something_in_the_table() -> None:
    sids = {statement["Sid"] for document in documents().values() for statement in document["Statement"]}
    assert sids == {row[0] for row in REFUSED}


def test_the_policies_fit_into_what_an_organisation_takes() -> None:
    lengths = {name: len(json.dumps(one, separators=(",", ":"))) for name, one in documents().items()}
    assert max(lengths.values()) < LONGEST * 0.9, lengths  # room for models and regions of a team's own
    assert len(lengths) <= 4  # of five that a target takes; FullAWSAccess is one


def test_the_trail_is_of_all_accounts_and_keeps_the_calls_of_the_services() -> None:
    made = resolved(infra("organisation/audit"), {"OrganisationId": "o-abcdefghij"})
    trail = made["Trail"]["Properties"]
    data = {
        field["Equals"][0]
        for selector in trail["AdvancedEventSelectors"]
        for field in selector["FieldSelectors"]
        if field["Field"] == "resources.type"
    }
    assert data == {f"AWS::BedrockAgentCore::{one}" for one in ("Gateway", "Memory", "Runtime", "RuntimeEndpoint")}
    assert all(
        trail[one] for one in ("IsOrganizationTrail", "IsMultiRegionTrail", "EnableLogFileValidation", "IsLogging")
    )


@pytest.mark.parametrize(
    ("account", "action", "key", "allowed"),
    [
        (ACCOUNT, "s3:PutObject", "AWSLogs/o-abcdefghij/1/x", True),
        (ACCOUNT, "s3:PutObject", "elsewhere/x", False),
        ("999999999999", "s3:PutObject", "AWSLogs/o-abcdefghij/1/x", False),
        (ACCOUNT, "s3:DeleteObject", "AWSLogs/o-abcdefghij/1/x", False),
    ],
)
def test_only_the_trail_writes_into_its_bucket(account: str, action: str, key: str, allowed: bool) -> None:
    made = resolved(infra("organisation/audit"), {"OrganisationId": "o-abcdefghij"})
    policy = made["BucketPolicy"]["Properties"]["PolicyDocument"]
    context = {
        "aws:sourcearn": f"arn:aws:cloudtrail:{REGION}:{account}:trail/agentops-audit",
        "s3:x-amz-acl": "bucket-owner-full-control",
        "aws:securetransport": "true",
    }
    arn = f"arn:aws:test:{REGION}:{ACCOUNT}:Bucket/Arn/{key}"
    decided = Policies([EVERYTHING], resource=policy, across=True)
    assert (reason_denied(decided, Request(action, arn, context), ["cloudtrail.amazonaws.com"]) is None) == allowed


def _without(document: Document, sid: str) -> Document:
    return {**document, "Statement": [one for one in document["Statement"] if one["Sid"] != sid]}
