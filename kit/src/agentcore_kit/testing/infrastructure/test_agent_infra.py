"""Infrastructure that only an agent has."""

from __future__ import annotations

from agentcore_kit.testing.templates import TEMPLATES, statements


def test_a_model_in_another_region_is_reached_through_the_one_profile_only() -> None:
    (through,) = [each for _, each in statements() if each["Sid"] == "InvokeModelThroughProfile"]
    (profile,) = through["Condition"]["StringEquals"].values()
    _, arn, by_id = profile["Fn::If"]
    assert arn == {"Ref": "ModelId"}
    assert by_id["Fn::Sub"].endswith(":inference-profile/${ModelId}")


def test_the_agent_gets_the_token_that_the_runtime_has_verified() -> None:
    runtime = TEMPLATES["runtime"]["Resources"]["Runtime"]["Properties"]
    assert "Authorization" in runtime["RequestHeaderConfiguration"]["RequestHeaderAllowlist"]
    assert "CustomJWTAuthorizer" in runtime["AuthorizerConfiguration"]
