"""IAM's decision on policies as its documentation describes it: effects, patterns, conditions, boundaries."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore_kit.local.aws_emulator.iam_conditions import conditions_hold
from agentcore_kit.local.aws_emulator.iam_policies import Policies, Request, reason_denied, trusts

BUCKET = "arn:aws:s3:::bucket"


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    """Return a policy of one statement, about all actions and resources where nothing else is given."""
    written: dict[str, Any] = {"Effect": effect, **elements}
    if "NotAction" not in written:
        written.setdefault("Action", "*")
    if "NotResource" not in written:
        written.setdefault("Resource", "*")
    return {"Version": "2012-10-17", "Statement": [written]}


def allowed(request: Request, *policies: dict[str, Any], boundary: dict[str, Any] | None = None) -> bool:
    return reason_denied(Policies(policies, boundary), request) is None


def test_nothing_is_allowed_that_no_statement_allows() -> None:
    assert not allowed(Request("s3:GetObject", BUCKET))
    assert not allowed(Request("s3:GetObject", BUCKET), statement(Action="s3:PutObject"))


def test_an_explicit_deny_wins_wherever_it_is() -> None:
    request = Request("s3:GetObject", BUCKET)
    assert not allowed(request, statement(), statement("Deny", Action="s3:*"))
    assert reason_denied(Policies([statement(), statement("Deny")]), request) == (
        "with an explicit deny in an identity-based policy"
    )


@pytest.mark.parametrize(
    ("written", "action", "matches"),
    [
        ("s3:GetObject", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),  # the prefix and the name of an action have no case
        ("s3:*Object", "s3:GetObject", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("s3:Get*", "s3:PutObject", False),
        ("*", "sqs:SendMessage", True),
        (["s3:PutObject", "s3:GetObject"], "s3:GetObject", True),
    ],
)
def test_actions(written: Any, action: str, matches: bool) -> None:
    assert allowed(Request(action, BUCKET), statement(Action=written)) is matches
    assert allowed(Request(action, BUCKET), statement(NotAction=written)) is not matches


@pytest.mark.parametrize(
    ("written", "resource", "matches"),
    [
        ("arn:aws:s3:::bucket", BUCKET, True),
        ("arn:aws:s3:::Bucket", BUCKET, False),  # names of resources have case
        ("arn:aws:ssm:*:111122223333:parameter/app/*", "arn:aws:ssm:eu-west-1:111122223333:parameter/app/x/y", True),
        ("arn:aws:ssm:*:111122223333:parameter/app/*", "arn:aws:ssm:eu-west-1:444455556666:parameter/app/x", False),
        ("arn:aws:logs:*:*:log-group:/app-*", "arn:aws:logs:eu-west-1:1:log-group:/app-x:log-stream:y", True),
        ("arn:aws:iam::*-x:role/y", "arn:aws:iam::1:z-x:role/y", False),  # within a segment no colon is passed
        ("arn:aws:iam::1:role/a-?", "arn:aws:iam::1:role/a-bc", False),
        ("arn:aws:iam::1:role/a-*", "*", False),  # an action that knows no resource needs `*`
    ],
)
def test_resources(written: str, resource: str, matches: bool) -> None:
    assert allowed(Request("x:Y", resource), statement(Resource=written)) is matches
    assert allowed(Request("x:Y", resource), statement(NotResource=written)) is not matches


def test_variables_of_a_policy_are_filled_in_and_without_a_value_match_nothing() -> None:
    policy = statement(Resource="arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*")
    own, other = "arn:aws:s3:::bucket/red/x", "arn:aws:s3:::bucket/blue/x"
    assert allowed(Request("s3:GetObject", own, {"aws:principaltag/team": "red"}), policy)
    assert not allowed(Request("s3:GetObject", other, {"aws:principaltag/team": "red"}), policy)
    assert not allowed(Request("s3:GetObject", own), policy)
    with_default = statement(Resource="arn:aws:s3:::bucket/${aws:PrincipalTag/team, 'red'}/*")
    assert allowed(Request("s3:GetObject", own), with_default)


@pytest.mark.parametrize(
    ("operator", "written", "context", "holds"),
    [
        ("StringEquals", {"aws:RequestTag/Project": ["a", "b"]}, {"aws:requesttag/project": "b"}, True),
        ("StringEquals", {"aws:RequestTag/Project": "a"}, {"aws:requesttag/project": "A"}, False),
        ("StringEquals", {"aws:RequestTag/Project": "a"}, {}, False),
        ("StringEqualsIgnoreCase", {"k": "a"}, {"k": "A"}, True),
        ("StringNotEquals", {"k": ["a", "b"]}, {"k": "b"}, False),  # of several values none may match
        ("StringNotEquals", {"k": ["a", "b"]}, {"k": "c"}, True),
        ("StringNotEquals", {"k": "a"}, {}, True),  # a missing key is not equal
        ("StringLike", {"k": "repo:org/*:environment:prod"}, {"k": "repo:org/x:environment:prod"}, True),
        ("StringLike", {"k": "repo:org/*"}, {}, False),
        ("StringNotLike", {"k": "*/*"}, {"k": "a/b"}, False),
        ("StringNotLike", {"k": "*/*"}, {}, True),
        ("StringEqualsIfExists", {"k": "a"}, {}, True),
        ("StringEqualsIfExists", {"k": "a"}, {"k": "b"}, False),
        ("StringLikeIfExists", {"k": "a*"}, {}, True),
        ("ForAllValues:StringEquals", {"aws:TagKeys": ["a", "b"]}, {"aws:tagkeys": ["a"]}, True),
        ("ForAllValues:StringEquals", {"aws:TagKeys": ["a", "b"]}, {"aws:tagkeys": ["a", "c"]}, False),
        ("ForAllValues:StringEquals", {"aws:TagKeys": ["a"]}, {}, True),  # so a Null condition belongs to it
        ("ForAnyValue:StringEquals", {"aws:TagKeys": ["a", "b"]}, {"aws:tagkeys": ["c", "b"]}, True),
        ("ForAnyValue:StringEquals", {"aws:TagKeys": ["a"]}, {}, False),
        ("ForAllValues:StringNotEquals", {"aws:TagKeys": ["a"]}, {"aws:tagkeys": ["b", "a"]}, False),
        ("ForAnyValue:StringNotEquals", {"aws:TagKeys": ["a"]}, {"aws:tagkeys": ["b", "a"]}, True),
        ("Null", {"aws:TagKeys": "true"}, {}, True),
        ("Null", {"aws:TagKeys": "false"}, {}, False),
        ("Null", {"aws:TagKeys": "false"}, {"aws:tagkeys": ["a"]}, True),
        ("ArnLike", {"k": "arn:aws:iam::*:role/a-*"}, {"k": "arn:aws:iam::1:role/a-b"}, True),
        ("ArnLike", {"k": "arn:aws:iam:*"}, {"k": "arn:aws:iam::1:role/a-b"}, False),  # six parts, each by itself
        ("ArnEquals", {"k": "arn:aws:sns:*:1:t"}, {"k": "arn:aws:sns:eu-west-1:1:t"}, True),
        ("ArnNotLike", {"k": "arn:aws:iam::1:role/a"}, {}, True),
        ("Bool", {"aws:SecureTransport": "true"}, {"aws:securetransport": "true"}, True),
        ("Bool", {"aws:SecureTransport": True}, {"aws:securetransport": "false"}, False),
        ("BoolIfExists", {"aws:MultiFactorAuthPresent": "false"}, {}, True),
        ("NumericLessThanEquals", {"s3:max-keys": "10"}, {"s3:max-keys": "10"}, True),
        ("NumericLessThan", {"s3:max-keys": 10}, {"s3:max-keys": "10"}, False),
        ("NumericEquals", {"k": "10"}, {"k": "ten"}, False),
        ("DateGreaterThan", {"aws:CurrentTime": "2020-01-01T00:00:00Z"}, {"aws:currenttime": "2020-01-02"}, True),
        ("DateLessThan", {"aws:CurrentTime": "2020-01-01T00:00:00Z"}, {"aws:currenttime": "1577836801"}, False),
        ("IpAddress", {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]}, {"aws:sourceip": "203.0.113.9"}, True),
        ("NotIpAddress", {"aws:SourceIp": "192.0.2.0/24"}, {"aws:sourceip": "192.0.2.9"}, False),
    ],
)  # fmt: skip
def test_conditions(operator: str, written: Any, context: dict[str, Any], holds: bool) -> None:
    assert conditions_hold({operator: written}, context) is holds


def test_all_operators_and_all_keys_must_hold() -> None:
    block = {"StringEquals": {"a": "1", "b": "2"}, "Null": {"c": "true"}}
    assert conditions_hold(block, {"a": "1", "b": "2"})
    assert not conditions_hold(block, {"a": "1", "b": "3"})
    assert not conditions_hold(block, {"a": "1", "b": "2", "c": "4"})


def test_an_operator_that_iam_does_not_know_is_an_error() -> None:
    with pytest.raises(KeyError, match="StringContains"):
        conditions_hold({"StringContains": {"a": "1"}}, {"a": "1"})


def test_a_boundary_allows_nothing_and_limits_everything() -> None:
    request, boundary = Request("s3:GetObject", BUCKET), statement(Action="s3:*")
    assert allowed(request, statement(), boundary=boundary)
    assert not allowed(request, boundary=boundary)
    assert not allowed(Request("iam:CreateUser"), statement(), boundary=boundary)
    assert reason_denied(Policies([statement()], boundary), Request("iam:CreateUser")) == (
        "because no permissions boundary allows the iam:CreateUser action"
    )
    assert not allowed(request, statement(), boundary=statement("Deny"))


def test_a_resource_of_another_account_must_let_one_in_too() -> None:
    request, who = Request("ecr:PutImage", "arn:aws:ecr:eu-west-1:2:repository/x"), ["arn:aws:iam::1:root"]
    shared = statement(Principal={"AWS": who}, Action="ecr:PutImage")
    assert reason_denied(Policies([statement()], None, shared, across=True), request, who) is None
    assert reason_denied(Policies([statement()], None, shared, across=True), request, ["arn:aws:iam::3:root"]) == (
        "because no resource-based policy allows the ecr:PutImage action"
    )
    assert reason_denied(Policies([], None, shared, across=True), request, who) == (
        "because no identity-based policy allows the ecr:PutImage action"
    )


def test_who_may_assume_a_role() -> None:
    provider = "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"
    conditions = {"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:org/x:environment:prod"}}
    document = {
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": conditions,
        }
    }

    def asked(subject: str, *principals: str, action: str = "sts:AssumeRoleWithWebIdentity") -> bool:
        context = {"token.actions.githubusercontent.com:sub": subject}
        return trusts(document, Request(action, "arn:aws:iam::1:role/x", context), principals)

    assert asked("repo:org/x:environment:prod", provider)
    assert not asked("repo:org/x:environment:preprod", provider)
    assert not asked("repo:org/x:environment:prod", "arn:aws:iam::2:oidc-provider/token.actions.githubusercontent.com")
    assert not asked("repo:org/x:environment:prod", provider, action="sts:AssumeRole")
