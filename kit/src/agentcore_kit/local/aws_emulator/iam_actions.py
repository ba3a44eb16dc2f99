"""What IAM is asked for a call of the API: the action, the resources, and the condition keys of the request.

Actions and resources are those of the Service Authorization Reference: an action is the operation's name after the
service's prefix, with the exceptions below; its resources are those that the parameters name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agentcore_kit.local.aws_emulator.iam import tag_keys, tags_in
from agentcore_kit.local.aws_emulator.iam_conditions import as_list
from agentcore_kit.local.aws_emulator.iam_policies import Request

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion

_PREFIXES = {"monitoring": "cloudwatch"}
"""By the name that signs a service's requests, where the prefix of its actions is another."""

_ACTIONS = {"lambda:Invoke": "lambda:InvokeFunction"}

PUSH = tuple(
    f"ecr:{name}"
    for name in (
        "BatchCheckLayerAvailability",
        "InitiateLayerUpload",
        "UploadLayerPart",
        "CompleteLayerUpload",
        "PutImage",
    )
)
"""What who pushes an image with docker must be allowed."""

_FOR_EVERYBODY = {"sts:GetCallerIdentity"}

_RESOURCES: dict[str, dict[str, str]] = {
    "agent-registry": {"registryId": "registry/{registryId}", "resourceArn": ""},
    "bedrock-agentcore": {
        "abTestId": "ab-test/{abTestId}",
        "agentRuntimeId": "runtime/{agentRuntimeId}",
        "endpointName": "runtime/{agentRuntimeId}/runtime-endpoint/{endpointName}",
        "evaluatorId": "evaluator/{evaluatorId}",
        "gatewayIdentifier": "gateway/{gatewayIdentifier}",
        "memoryId": "memory/{memoryId}",
        "onlineEvaluationConfigId": "online-evaluation-config/{onlineEvaluationConfigId}",
        "resourceArn": "",
    },
    "ecr": {"repositoryName": "repository/{repositoryName}"},
    "lambda": {"FunctionName": "function:{FunctionName}"},
    "logs": {"logGroupName": "log-group:{logGroupName}"},
    "secretsmanager": {"SecretId": "secret:{SecretId}-a1B2c3"},
    "sts": {"RoleArn": ""},
}
"""By prefix: the parameters that name a resource, and its ARN after the account; empty for one that is an ARN."""

_WITHOUT_RESOURCE = ("bedrock-agentcore:List", "bedrock-agentcore:Create", "logs:DescribeLogGroups")
"""Actions that know no resource whatever their parameters are; those below do know the one they work in."""

_IN = ("Gateway", "Memory", "Events", "Sessions", "Endpoint", "Event", "Actors")
"""What bedrock-agentcore lists or creates within a resource."""

_KEYS = {
    "bedrock-agentcore": ("actorId", "sessionId", "namespace", "namespacePath", "strategyId"),
    "cloudformation": ("ChangeSetName", "RoleARN"),
    "secretsmanager": ("SecretId", "VersionStage"),
    "ssm": ("Overwrite", "Recursive"),
    "sts": ("RoleSessionName", "ExternalId", "SourceIdentity"),
}
"""Parameters that are condition keys `prefix:name`."""

_PASSES_ROLE = ("bedrock-agentcore", "cloudformation", "lambda")
_ROLES = ("roleArn", "RoleARN", "Role", "evaluationExecutionRoleArn", "memoryExecutionRoleArn")


def requests_of(place: AccountRegion, operation: Any, sent: Mapping[str, Any]) -> Iterator[Request]:
    """Yield what IAM is asked for a call: once for each resource, and for each role that is passed.

    Args:
        place: The account and region that are called.
        operation: botocore's model of the operation.
        sent: Its parameters.
    """
    prefix = _PREFIXES.get(operation.service_model.signing_name, operation.service_model.signing_name)
    action = f"{prefix}:{operation.name}"
    action = _ACTIONS.get(action, action)
    if action in _FOR_EVERYBODY:
        return
    context = {"aws:requestedregion": place.region, **tag_keys(tags_in(sent.get("Tags", sent.get("tags"))))}
    for name in _KEYS.get(prefix, ()):
        if name in sent:
            value = sent[name]
            context[f"{prefix}:{name.lower()}"] = str(value).lower() if isinstance(value, bool) else value
    for arn in _resources(place, prefix, action, sent):
        yield Request(action, arn, context)
    if prefix in _PASSES_ROLE:
        for name in _ROLES:
            if name in sent:
                yield passed(prefix, str(sent[name]), place.region)


def passed(prefix: str, role: str, region: str) -> Request:
    """Return what IAM is asked when a role is given to a service.

    Args:
        prefix: The service's, for example `lambda`.
        role: The role's ARN.
        region: Where it is.
    """
    context = {"iam:passedtoservice": f"{prefix}.amazonaws.com", "aws:requestedregion": region}
    return Request("iam:PassRole", role, context)


def _resources(place: AccountRegion, prefix: str, action: str, sent: Mapping[str, Any]) -> Sequence[str]:
    if prefix == "ssm":
        names = [*sent.get("Names", ()), *(sent[name] for name in ("Name", "Path") if name in sent)]
        return [parameter_arn(place, name) for name in names] or ["*"]
    if prefix == "cloudformation":
        return [_stack(place, str(sent["StackName"]))] if "StackName" in sent else ["*"]
    if "recordId" in sent:
        return [_within(f"{sent['registryId']}/record/", str(sent["recordId"]))]
    if action == "logs:DescribeLogGroups":
        return [place.arn("logs", "log-group::log-stream:")]
    if prefix == "bedrock-agentcore" and action.startswith(_WITHOUT_RESOURCE) and not any(one in action for one in _IN):
        return ["*"]
    account = str(sent.get("registryId", place.account)) if prefix == "ecr" else place.account
    start = place.arn(prefix, "").replace(place.account, account)
    found = [
        _within(start + form.partition("{")[0], str(value), form.format_map(sent).removeprefix(form.partition("{")[0]))
        for name, form in _RESOURCES.get(prefix, {}).items()
        if name in sent
        for value in as_list(sent[name])
    ]
    return found or ["*"]


def _within(start: str, value: str, rest: str = "") -> str:
    """Return an ARN: the value itself where it is one."""
    return value if value.startswith("arn:") else start + (rest or value)


def parameter_arn(place: AccountRegion, name: str) -> str:
    """Return the ARN of an SSM parameter."""
    return place.arn("ssm", f"parameter/{name.removeprefix('/')}")


def _stack(place: AccountRegion, name: str) -> str:
    if name.startswith("arn:"):
        return name
    known = place.stacks.stacks.get(name)
    return known.id if known else place.arn("cloudformation", f"stack/{name}/*")
