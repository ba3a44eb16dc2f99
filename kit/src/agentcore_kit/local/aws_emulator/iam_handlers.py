"""What CloudFormation does in the name of its caller: the calls of each resource's handler, and what IAM is asked.

Which actions a handler may call is in the schemas that cfn-lint carries (`handlers.create.permissions` and so on).
Those that it calls for a property alone are left out where the template does not have it, as they are in AWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agentcore_kit.local.aws_emulator import any_resource
from agentcore_kit.local.aws_emulator.iam import tag_keys, tags_in
from agentcore_kit.local.aws_emulator.iam_actions import parameter_arn, passed
from agentcore_kit.local.aws_emulator.iam_conditions import like
from agentcore_kit.local.aws_emulator.iam_policies import Request
from agentcore_kit.local.aws_emulator.resource_schemas import permissions

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion

_NEVER = "-"

_ONLY_WITH = {
    "*:Tag*": "Tags",
    "*:AddTags*": "Tags",
    "*:Untag*": _NEVER,  # only an update that takes tags away
    "*:RemoveTags*": _NEVER,
    "autoloop:*": _NEVER,  # logs of other services than this one
    "codewhisperer:*": _NEVER,
    "workmail:*": _NEVER,
    "bedrock-agentcore:*RecordExpiry*": "RecordExpirySpecification",
    "bedrock-agentcore:PassCapacityProvider": "CapacityProvider",
    "ec2:*": "Subnets",
    "elasticfilesystem:*": "FileSystemConfigs",
    "firehose:*": "DataProtectionPolicy",
    "firehose:TagDeliveryStream": "DataProtectionPolicy",
    "iam:*RolePermissionsBoundary": "PermissionsBoundary",
    "iam:*RolePolicy": "Policies",
    "iam:AttachGroupPolicy": "Groups",
    "iam:AttachRolePolicy": "ManagedPolicyArns",
    "iam:AttachUserPolicy": "Users",
    "iam:CreateServiceLinkedRole": "Subnets",
    "iam:DeleteRolePermissionsBoundary": _NEVER,  # only an update that takes it away
    "iam:DetachGroupPolicy": "Groups",
    "iam:DetachRolePolicy": "ManagedPolicyArns",
    "iam:DetachUserPolicy": "Users",
    "iam:PassRole": "Role",
    "iam:UpdateAssumeRolePolicy": "AssumeRolePolicyDocument",
    "iam:UpdateRole": "MaxSessionDuration",
    "iam:UpdateRoleDescription": "Description",
    "kms:*": "Key",
    "lambda:*CodeSigning*": "CodeSigningConfigArn",
    "lambda:*Concurrency": "ReservedConcurrentExecutions",
    "lambda:*LayerVersion*": "Layers",
    "lambda:*RecursionConfig": "RecursiveLoop",
    "lambda:*RuntimeManagementConfig": "RuntimeManagementConfig",
    "lambda:*ScalingConfig": "FunctionScalingConfig",
    "lambda:AssociateRuntimeAlias": _NEVER,
    "lambda:PassCapacityProvider": "CapacityProvider",
    "logs:*BearerToken*": "BearerTokenAuthenticationEnabled",
    "logs:*DataProtectionPolicy": "DataProtectionPolicy",
    "logs:*DeletionProtection": "DeletionProtectionEnabled",
    "logs:*IndexPolic*": "FieldIndexPolicies",
    "logs:*KmsKey": "KmsKeyId",
    "logs:*LogDelivery": "DataProtectionPolicy",
    "logs:*ResourcePolic*": "ResourcePolicyDocument",
    "logs:*RetentionPolicy": "RetentionInDays",
    "s3:*": "S3",
    "s3files:*": "FileSystemConfigs",
    "s3tables:*": "MetadataTableConfiguration",
    "vpc-lattice:*": "PrivateEndpoint",
}
"""By pattern of the action: what the name of a property must have in it, that is given, or changed by an update."""

_NAMED_BY = {
    "AWS::BedrockAgentCore::Memory": ("Name", "-a1B2c3D4e5"),
    "AWS::BedrockAgentCore::OnlineEvaluationConfig": ("OnlineEvaluationConfigName", "-a1B2c3D4e5"),
    "AWS::BedrockAgentCore::Runtime": ("AgentRuntimeName", "-a1B2c3D4e5"),
    "AWS::CloudWatch::Alarm": ("AlarmName", ""),
    "AWS::CloudWatch::Dashboard": ("DashboardName", ""),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", ""),
    "AWS::IAM::Role": ("RoleName", ""),
    "AWS::Logs::LogGroup": ("LogGroupName", ""),
    "AWS::SSM::Parameter": ("Name", ""),
}
"""By type: the property that names a resource, and what the service adds to it."""

_MADE_WITH = {
    "AWS::BedrockAgentCore::Runtime": {"bedrock-agentcore:CreateAgentRuntimeEndpoint"},
    "AWS::BedrockAgentCore::OnlineEvaluationConfig": {"lambda:GetFunction", "lambda:InvokeFunction"},
}
"""What a type's handlers list, and is not called: the service itself makes the endpoint DEFAULT, and only an evaluator
that is a Lambda function needs that function."""

_WITHOUT_RESOURCE = (
    "bedrock:CreateGuardrail",
    "bedrock-agentcore:CreatePolicyEngine",
    "cognito-idp:CreateUserPool",
    "kms:CreateKey",
    "oam:CreateSink",
    "ram:CreateResourceShare",
    "bedrock-agentcore:CreateAgentRuntime",
    "bedrock-agentcore:CreateMemory",
    "bedrock-agentcore:CreateOnlineEvaluationConfig",
    "bedrock-agentcore:CreateGateway",
)
"""Creations that know no resource yet."""


@dataclass(frozen=True)
class Handled:
    """A resource that a handler makes, changes or removes.

    Attributes:
        verb: `create`, `update` or `delete`.
        type: The resource's type.
        properties: As the template gives them, resolved.
        name: What `Ref` gives; where it is not there yet, the name it has without one of its own.
        before: Its properties before an update.
        tags: Of the stack; the resource gets them too.
        arn: Of the resource, that it has or will have, where its type is none of those that are told apart here.
    """

    verb: str
    type: str
    properties: Mapping[str, Any]
    name: str
    before: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    arn: str = ""

    @property
    def physical(self) -> str:
        """The resource's name, id or ARN, as IAM is asked for it."""
        property_name, end = _NAMED_BY.get(self.type, ("", ""))
        given = self.properties.get(property_name)
        return f"{given}{end}" if given else self.name

    @property
    def attached(self) -> list[str]:
        """The managed policies that a role has."""
        return [str(arn) for arn in self.properties.get("ManagedPolicyArns", ())]

    @property
    def given(self) -> frozenset[str]:
        """The names of the properties for which the handler calls something."""
        if self.verb != "update":
            return frozenset(_names(self.properties)) | ({"Tags"} if self.tags else set())
        known = {*self.properties, *self.before}
        changed = {
            name: self.properties.get(name) for name in known if self.properties.get(name) != self.before.get(name)
        }
        return frozenset(_names(changed))


def allow(place: AccountRegion, handled: Handled) -> None:
    """Raise ApiError unless who has called CloudFormation may do what a handler does; an administrator may."""
    caller = place.cloud.caller
    if caller is not None and caller.role:
        place.cloud.iam.check(caller, requests_for(place, handled), code="AccessDenied")


def requests_for(place: AccountRegion, handled: Handled) -> Iterator[Request]:
    """Yield what IAM is asked while a handler works."""
    tags = {**handled.tags, **tags_in(handled.properties.get("Tags"))}
    context = {
        "aws:requestedregion": place.region,
        "aws:viaawsservice": "true",
        "aws:calledvia": ["cloudformation.amazonaws.com"],
        "aws:calledviafirst": "cloudformation.amazonaws.com",
        "aws:calledvialast": "cloudformation.amazonaws.com",
    }
    for action in permissions(handled.type, handled.verb):
        if action in _MADE_WITH.get(handled.type, ()) or not _is_called(action, handled.given):
            continue
        if action == "iam:PassRole":
            service = any_resource.service_of(handled.type)
            for arn in _roles(handled.properties):
                request = passed(service, arn, place.region)
                yield Request(request.action, arn, {**context, **request.context})
            continue
        known = {**context, **(tag_keys(tags) if _gives_tags(action) else {}), **_of_role(place, action, handled)}
        if action.startswith("kms:"):  # the service uses the key in the caller's name
            known["kms:viaservice"] = f"bedrock-agentcore.{place.region}.amazonaws.com"
        for arn in _resources(place, action, handled):
            if action == "iam:AttachRolePolicy":
                attached = [one for one in handled.attached if one not in handled.before.get("ManagedPolicyArns", ())]
                yield from (Request(action, arn, {**known, "iam:policyarn": policy}) for policy in attached)
                continue
            yield Request(action, arn, known)
    yield from _attachments(place, handled, context)


_ATTACHING = {"AWS::IAM::ManagedPolicy": ("Attach", "Detach"), "AWS::IAM::Policy": ("Put", "Delete")}
"""What the handlers of policies call for each role under `Roles` that is new there, and that is there no longer."""


def _attachments(place: AccountRegion, handled: Handled, context: Mapping[str, Any]) -> Iterator[Request]:
    """Yield what IAM is asked for the roles that a policy's own template gives it to, or takes it from."""
    if handled.type not in _ATTACHING:
        return
    gives, takes = _ATTACHING[handled.type]
    now = [] if handled.verb == "delete" else [*map(str, handled.properties.get("Roles", ()))]
    before = handled.properties if handled.verb == "delete" else handled.before
    known = [*map(str, before.get("Roles", ()))]
    policy = handled.physical if handled.physical.startswith("arn:") else iam_arn(place, f"policy/{handled.physical}")
    changed = [(gives, name) for name in now if name not in known] + [(takes, one) for one in known if one not in now]
    for verb, name in changed:
        arn = iam_arn(place, f"role/{name}")
        role = place.cloud.iam.role(arn)
        asked = {**context, "iam:policyarn": policy}
        if role is not None and role.boundary:
            asked["iam:permissionsboundary"] = role.boundary
        yield Request(f"iam:{verb}RolePolicy", arn, asked)


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _names(inner)
    elif isinstance(value, list):
        for each in value:
            yield from _names(each)


def _is_called(action: str, given: frozenset[str]) -> bool:
    needed = [name for pattern, name in _ONLY_WITH.items() if like(pattern, action)]
    # The most particular pattern decides: `iam:AttachRolePolicy` before `iam:*RolePolicy`.
    exact = _ONLY_WITH.get(action)
    needed = [exact] if exact else needed[:1]
    return all(any(name in one for one in given) for name in needed)


def _gives_tags(action: str) -> bool:
    return action.partition(":")[2].startswith(("Create", "Tag", "AddTags", "Put"))


def _roles(properties: Mapping[str, Any]) -> list[str]:
    return [str(value) for name, value in properties.items() if name.endswith(("RoleArn", "Role"))]


def iam_arn(place: AccountRegion, resource: str) -> str:
    """Return the ARN of something in the account's IAM, such as `role/name`."""
    return f"arn:aws:iam::{place.account}:{resource}"


def _of_role(place: AccountRegion, action: str, handled: Handled) -> dict[str, str]:
    """Return the condition keys of IAM's own actions: the boundary that a role has or will have."""
    if handled.type != "AWS::IAM::Role":
        return {}
    role = place.cloud.iam.role(iam_arn(place, f"role/{handled.physical}"))
    gives = handled.verb != "delete" and action in ("iam:CreateRole", "iam:PutRolePermissionsBoundary")
    boundary = handled.properties.get("PermissionsBoundary") if gives or role is None else role.boundary
    return {"iam:permissionsboundary": str(boundary)} if boundary else {}


def _resources(place: AccountRegion, action: str, handled: Handled) -> list[str]:
    prefix, properties, physical = action.partition(":")[0], handled.properties, handled.physical
    if prefix == "kms" and not handled.type.startswith("AWS::KMS::"):
        return [str(value) for name, value in properties.items() if name.endswith(("KeyArn", "KeyId"))]
    elsewhere = prefix == "s3" and not handled.type.startswith("AWS::S3::")
    if action in _WITHOUT_RESOURCE or elsewhere or prefix in ("ec2", "vpc-lattice"):
        return ["*"]
    own = physical if physical.startswith("arn:") else ""
    match handled.type:
        case "AWS::BedrockAgentCore::Runtime":
            directory = place.arn("bedrock-agentcore", "workload-identity-directory/default")
            if "WorkloadIdentity" in action:
                return [directory, f"{directory}/workload-identity/{physical.rpartition('/')[2]}"]
            return [own or place.arn("bedrock-agentcore", f"runtime/{physical}")]
        case "AWS::BedrockAgentCore::RuntimeEndpoint":
            runtime = place.arn("bedrock-agentcore", f"runtime/{properties['AgentRuntimeId']}")
            endpoint = f"{runtime}/runtime-endpoint/{properties['Name']}"
            if action.endswith(":CreateAgentRuntimeEndpoint"):
                return [runtime]
            return [endpoint] if "Tag" in action else [runtime, endpoint]
        case "AWS::BedrockAgentCore::OnlineEvaluationConfig" if prefix == "bedrock-agentcore":
            return [own or place.arn(prefix, f"online-evaluation-config/{physical}")]
        case "AWS::BedrockAgentCore::ResourcePolicy":
            return [str(properties["ResourceArn"])]
        case "AWS::BedrockAgentCore::Memory":
            return [own or place.arn("bedrock-agentcore", f"memory/{physical}")]
        case "AWS::IAM::Role":
            return [iam_arn(place, f"role/{physical}")]
        case "AWS::IAM::ManagedPolicy":
            return [own or iam_arn(place, f"policy/{physical}")]
        case "AWS::SSM::Parameter":
            return [parameter_arn(place, physical)]
        case "AWS::Lambda::Function" | "AWS::Lambda::Permission" | "AWS::Lambda::Version" | "AWS::Lambda::Alias":
            name = str(properties.get("FunctionName", physical))
            return [name if name.startswith("arn:") else place.arn("lambda", f"function:{name}")]
        case "AWS::SNS::TopicPolicy":
            return [str(one) for one in properties["Topics"]]
        case "AWS::SNS::Subscription":
            return [str(properties["TopicArn"])]
        case "AWS::S3::Bucket" | "AWS::S3::BucketPolicy" if not action.endswith(":ListAllMyBuckets"):
            return [f"arn:aws:s3:::{properties.get('Bucket', properties.get('BucketName', physical))}"]
        case "AWS::CloudWatch::Dashboard":
            return [f"arn:aws:cloudwatch::{place.account}:dashboard/{physical}"]
        case "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm":
            return [place.arn("cloudwatch", f"alarm:{physical}")]
    if prefix == "logs":
        group = str(properties.get("LogGroupName", physical))
        if "Describe" in action:
            return [place.arn("logs", "log-group::log-stream:")]
        return [place.arn("logs", f"log-group:{group}")]
    return [handled.arn] if handled.arn.split(":")[2:3] == [prefix] else ["*"]
