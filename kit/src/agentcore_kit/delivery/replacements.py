"""What a change set says of resources, in one line each; and what CloudFormation could not replace, told before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError

NAMES: Mapping[str, str] = {
    "AWS::BedrockAgentCore::Memory": "Name",
    "AWS::BedrockAgentCore::OnlineEvaluationConfig": "OnlineEvaluationConfigName",
    "AWS::BedrockAgentCore::Runtime": "AgentRuntimeName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Parameter": "Name",
}
"""The property that names a resource in its account, of the types that the kit's templates have or a team may add."""


def change_line(change: Mapping[str, Any]) -> str:
    """Return what happens to a resource, in one line: what changes, whether it is replaced, what stays.

    Args:
        change: The `ResourceChange` of a change set.
    """
    about = f" ({', '.join(changed)})" if (changed := _changed(change)) else ""
    kind, policy = change["ResourceType"].partition("::")[2], str(change.get("PolicyAction", ""))
    fate = {"True": ", REPLACED", "Conditional": ", REPLACED if its new value differs"}.get(
        change.get("Replacement", ""), ""
    )
    if policy.endswith("Retain"):
        fate += ": the old one stays in the account" if fate else "; it stays in the account"
    return f"{change['Action'].lower()} {change['LogicalResourceId']}, {kind}{about}{fate}"


def refuse_taken_names(stack: str, file: str, body: str, changes: Iterable[Mapping[str, Any]]) -> None:
    """Do nothing unless a resource would be replaced and keep its name.

    CloudFormation makes the new resource before it deletes the old one, so the name would be taken, and the whole
    change undone.

    Args:
        stack: Name of the stack.
        file: Its template in infra/.
        body: The template's text.
        changes: Each `ResourceChange` of the change set.

    Raises:
        CommandError: With the resource, and what to do.
    """
    resources = read_template(body)["Resources"]
    for change in changes:
        name, property_name = change["LogicalResourceId"], NAMES.get(change["ResourceType"])
        is_named = property_name in resources.get(name, {}).get("Properties", {})
        changed = _changed(change)
        if change.get("Replacement") == "True" and is_named and property_name not in changed:
            raise CommandError(
                f"{stack}: this change replaces {name} ({', '.join(changed)}), which keeps its {property_name}: "
                "CloudFormation makes the new one before it deletes the old one, and the name is taken; "
                "the stack stays as it is",
                f"give {name} another {property_name} in infra/{file}, or take back what changes its "
                f"{', '.join(changed)}",
                WRONG_INPUT,
            )


def _changed(change: Mapping[str, Any]) -> list[str]:
    """Return the properties that change, or which other part of a resource does."""
    return sorted({one["Target"].get("Name") or one["Target"]["Attribute"] for one in change.get("Details", [])})
