"""The budgets of use cases, as a CloudFormation template: people are told before and when a use case costs too much.

They are where costs come together: in the management account, or where a billing view of the organisation is shared.
Costs are told apart by the tag `use-case-id`, which has to be switched on as a cost allocation tag there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from agentcore_kit.config.use_cases import UseCase
from agentcore_kit.delivery.names import TAG_PARAMETERS

TAG = "use-case-id"

WARNINGS: tuple[tuple[str, int], ...] = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""When people are told: of what was spent, or will be by the end of the month, how many percent of the budget."""

_ACCOUNT = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
_OF_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
_BUDGETS = {"Service": "budgets.amazonaws.com"}


def template(use_cases: Sequence[UseCase]) -> dict[str, Any]:
    """Return the template, as plain data; its parameters are Owner, CostCenter, UseCaseId, AlarmEmail, BillingViewArn.

    Args:
        use_cases: The entries of use-cases.yaml.
    """
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Budgets of use cases, and whom they tell - made of use-cases.yaml",
        "Parameters": {
            **{name: {"Type": "String"} for name in TAG_PARAMETERS.values()},
            "AlarmEmail": {"Type": "String", "Default": "", "Description": "Who is told by e-mail; empty for nobody."},
            "BillingViewArn": {
                "Type": "String",
                "Default": "",
                "Description": "A billing view of the whole organisation that the management account shares with this "
                "one; empty in the management account itself.",
            },
        },
        "Conditions": {
            "HasEmail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]},
            "HasView": {"Fn::Not": [{"Fn::Equals": [{"Ref": "BillingViewArn"}, ""]}]},
        },
        "Resources": {**_topic(), **{_logical(one): _budget(one) for one in use_cases}},
        "Outputs": {"BudgetTopicArn": {"Value": {"Ref": "Topic"}}},
    }


def _tags() -> list[dict[str, Any]]:
    return [{"Key": key, "Value": {"Ref": name}} for key, name in TAG_PARAMETERS.items()]


def _budget(use_case: UseCase) -> dict[str, Any]:
    """Return the budget of a use case.

    It has no name: CloudFormation replaces a budget when its warnings change, and a name would be taken until then.
    """
    return {
        "Type": "AWS::Budgets::Budget",
        "Properties": {
            "Budget": {
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": use_case.monthly_budget_usd, "Unit": "USD"},
                "CostFilters": {"TagKeyValue": [f"user:{TAG}${use_case.id}"]},
                "BillingViewArn": {"Fn::If": ["HasView", {"Ref": "BillingViewArn"}, {"Ref": "AWS::NoValue"}]},
            },
            "NotificationsWithSubscribers": [
                {
                    "Notification": {
                        "NotificationType": kind,
                        "ComparisonOperator": "GREATER_THAN",
                        "Threshold": percent,
                        "ThresholdType": "PERCENTAGE",
                    },
                    "Subscribers": [{"SubscriptionType": "SNS", "Address": {"Ref": "Topic"}}],
                }
                for kind, percent in WARNINGS
            ],
            "ResourceTags": [
                {"Key": "owner", "Value": use_case.owner},
                {"Key": "cost-center", "Value": {"Ref": "CostCenter"}},
                {"Key": TAG, "Value": use_case.id},
            ],
        },
    }


def _topic() -> dict[str, Any]:
    """Return whom the budgets tell: a topic, its key and policy, and the subscription where an address is given."""
    key = _statements(
        {
            "Sid": "AccountDecides",
            "Effect": "Allow",
            "Principal": {"AWS": _ACCOUNT},
            "Action": "kms:*",
            "Resource": "*",
        },
        _by_budgets("BudgetsEncrypt", ["kms:Decrypt", "kms:GenerateDataKey*"], "*"),
    )
    policy = _statements(_by_budgets("BudgetsTell", "sns:Publish", {"Ref": "Topic"}))
    about = {"Description": "What budgets tell", "EnableKeyRotation": True, "KeyPolicy": key, "Tags": _tags()}
    return {
        "Key": {
            "Type": "AWS::KMS::Key",
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": about,
        },
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": "agentops-budgets", "KmsMasterKeyId": {"Ref": "Key"}, "Tags": _tags()},
        },
        "TopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {"Topics": [{"Ref": "Topic"}], "PolicyDocument": policy},
        },
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "HasEmail",
            "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}},
        },
    }


def _statements(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [*statements]}


def _by_budgets(sid: str, action: str | list[str], resource: Any) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": _BUDGETS,
        "Action": action,
        "Resource": resource,
        "Condition": _OF_THIS_ACCOUNT,
    }


def _logical(use_case: UseCase) -> str:
    """Return a name for a budget in the template, which is the same whatever stands before it in the register."""
    digest = hashlib.sha256(use_case.id.encode()).hexdigest()[:6]
    return f"Budget{re.sub('[^A-Za-z0-9]', '', use_case.id)}{digest}"
