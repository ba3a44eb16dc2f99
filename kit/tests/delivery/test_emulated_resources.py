"""Resources of any type in the emulated AWS: checked by their schemas, and real where a service is behind them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from agentcore_kit.delivery.names import OIDC
from tests.delivery.runtime_world import World
from tests.delivery.test_aws_emulator import client, refusal
from tests.delivery.test_emulated_stacks import Formation, parameter

SERVICE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "bedrock-agentcore.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
IAM = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}


@pytest.fixture
def formation(world: World) -> Formation:
    """Return CloudFormation without any stack called `stack`."""
    return Formation(world)


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """Return a resource."""
    return {"Type": f"AWS::{kind}", "Properties": properties}


def told(formation: Formation) -> str:
    """Return why the last operation failed."""
    reasons = [one.get("ResourceStatusReason", "") for one in formation.events()]
    return str(next(one for one in reasons if one and one != "User Initiated"))


def published(value: Any) -> dict[str, Any]:
    """Return a parameter that publishes what an expression is."""
    made = parameter("published")
    made["Properties"]["Value"] = value
    return made


@pytest.mark.parametrize(
    ("kind", "properties", "said"),
    [
        ("Bedrock::Guardrail", {"Name": "default"}, "'BlockedInputMessaging' is a required property"),
        ("KMS::Key", {"EnableKeyRotation": "perhaps"}, "#/EnableKeyRotation: 'perhaps' is not of type 'boolean'"),
        ("KMS::Key", {"Rotation": True}, "extraneous key [Rotation] is not permitted"),
        ("ECR::Repository", {"ImageTagMutability": "NEVER"}, "'NEVER' is not one of"),
        ("ECR::Repository", {"RepositoryName": "Large Letters"}, "does not match pattern"),
        ("SNS::Topic", {"TopicArn": "arn:aws:sns:eu-central-1:111122223333:a"}, "read-only properties: TopicArn"),
    ],
)
def test_what_a_schema_does_not_take_is_refused(
    formation: Formation, kind: str, properties: dict[str, Any], said: str
) -> None:
    assert formation.bring({"Wrong": resource(kind, **properties)}, "CREATE") == "ROLLBACK_COMPLETE"
    assert said in told(formation)


def test_texts_are_read_as_numbers_and_truth_values_where_the_schema_wants_them(formation: Formation) -> None:
    key = resource("KMS::Key", EnableKeyRotation="true", RotationPeriodInDays="90", KeyPolicy={"Version": "2012-10-17"})
    assert formation.bring({"Key": key}, "CREATE") == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("wanted", "kind", "properties", "form"),
    [
        ({"Fn::GetAtt": "It.Arn"}, "KMS::Key", {}, r"arn:aws:kms:{region}:{account}:key/[0-9a-f-]{{36}}"),
        ({"Ref": "It"}, "SNS::Topic", {}, r"arn:aws:sns:{region}:{account}:stack-It-\w+"),
        ({"Fn::GetAtt": "It.RepositoryUri"}, "ECR::Repository", {"RepositoryName": "a-b"},
         r"{account}\.dkr\.ecr\.{region}\.amazonaws\.com/a-b"),
        ({"Fn::GetAtt": "It.PolicyEngineId"}, "BedrockAgentCore::PolicyEngine", {"Name": "tools"},
         r"tools-[a-z0-9]{{10}}"),
        ({"Fn::GetAtt": "It.GuardrailId"}, "Bedrock::Guardrail",
         {"Name": "default", "BlockedInputMessaging": "no", "BlockedOutputsMessaging": "no"}, r"[a-z0-9]{{8,}}"),
        ({"Fn::GetAtt": "It.InferenceProfileArn"}, "Bedrock::ApplicationInferenceProfile",
         {"InferenceProfileName": "agent",
          "ModelSource": {"CopyFrom": "arn:aws:bedrock:eu-central-1::foundation-model/m"}},
         r"arn:aws:bedrock:{region}:{account}:application-inference-profile/[\w-]+"),
    ],
)  # fmt: skip
def test_identifiers_and_attributes_have_the_service_s_form(
    formation: Formation, wanted: Any, kind: str, properties: dict[str, Any], form: str
) -> None:
    both = {"It": resource(kind, **properties), "Published": published(wanted)}
    assert formation.bring(both, "CREATE") == "CREATE_COMPLETE", told(formation)
    words = {"region": formation.place.region, "account": formation.place.account}
    assert re.fullmatch(form.format(**words), formation.values()["/test/published"])


def test_an_attribute_that_the_schema_does_not_have_is_refused(formation: Formation) -> None:
    both = {"It": resource("KMS::Key"), "Published": published({"Fn::GetAtt": "It.KeyArn"})}
    assert formation.bring(both, "CREATE") == "ROLLBACK_COMPLETE"
    assert "It.KeyArn is no attribute" in told(formation)


def test_what_is_fixed_when_it_is_made_is_replaced_and_the_rest_is_not(formation: Formation) -> None:
    budget = {"BudgetName": "first", "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    formation.bring({"It": resource("Budgets::Budget", Budget=budget)}, "CREATE")
    (other,) = formation.plan({"It": resource("Budgets::Budget", Budget={**budget, "TimeUnit": "DAILY"})}, "UPDATE")
    assert other["Replacement"] == "False"
    formation.client.delete_change_set(StackName="stack", ChangeSetName="changes")
    (named,) = formation.plan({"It": resource("Budgets::Budget", Budget={**budget, "BudgetName": "second"})}, "UPDATE")
    assert named["Replacement"] == "True"


def test_a_name_that_is_taken_is_refused(formation: Formation) -> None:
    two = {name: resource("CloudWatch::Dashboard", DashboardName="a", DashboardBody="{}") for name in ("One", "Two")}
    assert formation.bring(two, "CREATE") == "ROLLBACK_COMPLETE"
    assert "with identifier 'a' already exists" in told(formation)
    assert formation.place.others == {}


def test_a_type_that_a_region_does_not_have_is_refused_before_anything_is_made(formation: Formation) -> None:
    registry = resource("AgentRegistry::Registry", Name="organisation")
    assert formation.place.region == "eu-central-1"
    said = refusal(lambda: formation.plan({"It": registry}, "CREATE"))
    assert "Unrecognized resource types: [AWS::AgentRegistry::Registry]" in said
    assert "stack" not in formation.place.stacks.stacks


def test_roles_with_names_need_the_capability_for_them(formation: Formation) -> None:
    role = resource("IAM::Role", AssumeRolePolicyDocument=SERVICE)
    named = resource("IAM::Role", AssumeRolePolicyDocument=SERVICE, RoleName="a")
    few = {"Capabilities": ["CAPABILITY_IAM"]}
    assert "[CAPABILITY_IAM]" in refusal(lambda: formation.plan({"It": role}, "CREATE"))
    assert "[CAPABILITY_NAMED_IAM]" in refusal(lambda: formation.plan({"It": named}, "CREATE", **few))
    formation.plan({"It": role}, "CREATE", **few)


def test_a_parameter_that_ssm_has_the_value_of_must_be_there(formation: Formation) -> None:
    def plan() -> Any:
        body = {
            "Parameters": {"Key": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/agentops/kms/key"}},
            "Resources": {"It": published({"Ref": "Key"})},
        }
        of = {"StackName": "stack", "ChangeSetName": "changes", "ChangeSetType": "CREATE"}
        return formation.client.create_change_set(**of, TemplateBody=json.dumps(body))

    assert "Unable to fetch parameters [/agentops/kms/key]" in refusal(plan)
    formation.place.parameters.values["/agentops/kms/key"] = "arn"
    plan()
    formation.client.execute_change_set(StackName="stack", ChangeSetName="changes")
    assert formation.values() == {"/test/published": "arn"}


def test_a_repository_takes_images_and_its_policy_lets_other_accounts_in(formation: Formation, world: World) -> None:
    allow = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "ecr:PutImage"}
    policy = {"Version": "2012-10-17", "Statement": [allow]}
    it = {"It": resource("ECR::Repository", RepositoryName="new", RepositoryPolicyText=policy)}
    formation.bring(it, "CREATE")
    formation.place.images.push("new", f"sha256:{'0' * 64}", "tag")
    arn = formation.place.arn("ecr", "repository/new")
    assert world.cloud.iam.shared[arn] == policy
    formation.client.delete_stack(StackName="stack")
    assert formation.ended() == "DELETE_FAILED", "images are not lost with a stack"
    formation.place.images.repositories["new"].clear()
    formation.client.delete_stack(StackName="stack")
    assert formation.ended() == "DELETE_COMPLETE"
    assert arn not in world.cloud.iam.shared


def test_a_gateway_needs_its_role_and_answers_then(formation: Formation, world: World) -> None:
    def gateway(role: Any) -> dict[str, Any]:
        return resource(
            "BedrockAgentCore::Gateway", Name="tools", AuthorizerType="AWS_IAM", ProtocolType="MCP", RoleArn=role
        )

    nobody = f"arn:aws:iam::{formation.place.account}:role/nobody"
    assert formation.bring({"It": gateway(nobody)}, "CREATE") == "ROLLBACK_COMPLETE"
    assert "role/nobody does not exist" in told(formation)
    formation.client.delete_stack(StackName="stack")
    formation.ended()
    role = resource("IAM::Role", AssumeRolePolicyDocument=SERVICE)
    both = {"Role": role, "It": gateway({"Fn::GetAtt": "Role.Arn"}), "Published": published({"Ref": "It"})}
    assert formation.bring(both, "CREATE", Capabilities=["CAPABILITY_IAM"]) == "CREATE_COMPLETE", told(formation)
    found = client(world, "bedrock-agentcore-control", "dev").get_gateway(
        gatewayIdentifier=formation.values()["/test/published"]
    )
    assert (found["name"], found["status"]) == ("tools", "READY")


def test_an_identity_provider_lets_jobs_in_only_while_it_is_there(formation: Formation, world: World) -> None:
    iam = world.cloud.iam.account(formation.place.account)
    iam.providers.clear()
    provider = resource("IAM::OIDCProvider", Url=f"https://{OIDC}", ClientIdList=["sts.amazonaws.com"])
    formation.bring({"It": provider}, "CREATE", Capabilities=["CAPABILITY_IAM"])
    assert iam.providers == {f"arn:aws:iam::{formation.place.account}:oidc-provider/{OIDC}"}
    formation.client.delete_stack(StackName="stack")
    formation.ended()
    assert iam.providers == set()


def test_a_secret_is_generated_once_and_kept(formation: Formation) -> None:
    def secret(**more: Any) -> dict[str, Any]:
        form = {"SecretStringTemplate": '{"clientId": "a"}', "GenerateStringKey": "clientSecret"}
        return resource("SecretsManager::Secret", Name="/agentops/client", GenerateSecretString=form, **more)

    formation.bring({"It": secret()}, "CREATE")
    values = formation.place.secrets.values
    assert set(json.loads(values["/agentops/client"])) == {"clientId", "clientSecret"}
    values["/agentops/client"] = "rotated"
    formation.bring({"It": secret(Description="Rotated by hand.")})
    assert values["/agentops/client"] == "rotated"


def drift(formation: Formation) -> str:
    """Return what a detection of drift finds."""
    found = formation.client.detect_stack_drift(StackName="stack")["StackDriftDetectionId"]
    seen = formation.client.describe_stack_drift_detection_status(StackDriftDetectionId=found)
    return str(seen["StackDriftStatus"])


def _by_hand(formation: Formation) -> None:
    formation.place.parameters.values["/test/first"] = "2"


def _other(formation: Formation) -> None:
    (properties,) = formation.place.others.values()
    properties["EnableKeyRotation"] = False


def _gone(formation: Formation) -> None:
    del formation.place.parameters.values["/test/first"]


@pytest.mark.parametrize(
    ("change", "name", "status", "paths"),
    [
        (_by_hand, "First", "MODIFIED", ["/Value"]),
        (_other, "Key", "MODIFIED", ["/EnableKeyRotation"]),
        (_gone, "First", "DELETED", []),
    ],
)
def test_drift_is_what_is_there_and_not_in_the_template(
    formation: Formation, change: Callable[[Formation], None], name: str, status: str, paths: list[str]
) -> None:
    formation.bring({"First": parameter("first"), "Key": resource("KMS::Key", EnableKeyRotation=True)}, "CREATE")
    assert drift(formation) == "IN_SYNC"
    change(formation)
    assert drift(formation) == "DRIFTED"
    drifts = formation.client.describe_stack_resource_drifts(
        StackName="stack", StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
    )["StackResourceDrifts"]
    found = [(one["LogicalResourceId"], one["StackResourceDriftStatus"]) for one in drifts]
    assert found == [(name, status)]
    assert [one["PropertyPath"] for one in drifts[0]["PropertyDifferences"]] == paths


def test_a_reference_to_a_secret_is_what_the_secret_has(formation: Formation) -> None:
    def it(reference: str) -> dict[str, Any]:
        return {
            "It": resource("SecretsManager::Secret", Name="/test/copy", SecretString=f"{{{{resolve:{reference}}}}}")
        }

    assert formation.bring(it("secretsmanager:/test/own:SecretString:clientId"), "CREATE") == "ROLLBACK_COMPLETE"
    assert "can't find the specified secret" in told(formation)
    formation.client.delete_stack(StackName="stack")
    formation.ended()
    values = formation.place.secrets.values
    values["/test/own"] = '{"clientId": "a"}'
    formation.bring(it("secretsmanager:/test/own:SecretString:clientId"), "CREATE")
    assert values["/test/copy"] == "a"
    assert drift(formation) == "IN_SYNC"
    formation.bring(it(f"secretsmanager:{formation.place.arn('secretsmanager', 'secret:/test/own-a1B2c3')}"))
    assert values["/test/copy"] == '{"clientId": "a"}'
