"""Infrastructure that only a tool has: who may call it."""

from __future__ import annotations

import json

from agentcore_kit.testing.templates import TEMPLATES


def test_the_tools_get_the_token_that_the_runtime_has_verified() -> None:
    runtime = TEMPLATES["runtime"]["Resources"]["Runtime"]["Properties"]
    condition, _, headers = runtime["RequestHeaderConfiguration"]["Fn::If"]
    assert (condition, headers["RequestHeaderAllowlist"]) == ("OnlyGateway", ["Authorization"])
    assert "CustomJWTAuthorizer" in runtime["AuthorizerConfiguration"]["Fn::If"][2]
    assert runtime["ProtocolConfiguration"] == "MCP"


def test_with_iam_only_the_gateways_role_may_call() -> None:
    policy = TEMPLATES["runtime"]["Resources"]["GatewayOnly"]
    assert policy["Condition"] == "OnlyGateway"
    allow, deny = json.loads(policy["Properties"]["Policy"]["Fn::Sub"])["Statement"]
    assert (allow["Effect"], allow["Principal"]) == ("Allow", {"AWS": "${GatewayRoleArn}"})
    assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
    _, pipeline = deny["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
    assert pipeline.endswith(":role/agentops-delivery"), "which tests what it deploys"
    assert TEMPLATES["lambda"]["Resources"]["GatewayMayCall"]["Properties"]["Principal"] == {"Ref": "GatewayRoleArn"}
