"""Infrastructure: who may call the agent, what it may do, and who pays. cfn-lint checks the rest in `make check`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.decode import cfn_yaml

from ops.document import ROOT

TEMPLATES = {path.stem: dict(cfn_yaml.load(str(path))) for path in sorted((ROOT / "infra").glob("*.yaml"))}
TAGS = {"owner", "cost-center", "use-case-id"}

# Actions that AWS lets nobody limit to a resource, and the one that is limited by what calls it.
REVIEWED = {
    "SignInToRegistry": "no resource type",
    "FindLogGroups": "lists; the service looks for its group among all",
    "SendTraces": "no resource type",
    "SendMetrics": "no resource type; limited to a namespace",
    "InvokeModelThroughProfile": "a profile routes to other regions; limited to calls through that profile",
}


def resources() -> Iterator[tuple[str, dict[str, Any]]]:
    for template in TEMPLATES.values():
        yield from template["Resources"].items()


def statements() -> Iterator[dict[str, Any]]:
    """Yield all that the role grants, also what is only granted under a condition."""
    for policy in TEMPLATES["role"]["Resources"]["ExecutionRole"]["Properties"]["Policies"]:
        policy = policy["Fn::If"][1] if "Fn::If" in policy else policy
        yield from policy["PolicyDocument"]["Statement"]


def test_every_resource_says_who_owns_and_pays() -> None:
    for name, resource in resources():
        tags = resource["Properties"]["Tags"]
        keys = {tag["Key"] for tag in tags} if isinstance(tags, list) else set(tags)
        assert keys >= TAGS, name


def test_the_role_grants_no_wildcard_that_was_not_reviewed() -> None:
    for statement in statements():
        resource = statement["Resource"]
        open_ends = [text for text in map(str, resource if isinstance(resource, list) else [resource]) if "*" in text]
        named = [text for text in open_ends if "${RuntimeName}-*" not in text]
        assert not named or statement["Sid"] in REVIEWED, statement
        actions = statement["Action"]
        assert not any("*" in action for action in (actions if isinstance(actions, list) else [actions]))


def test_a_model_in_another_region_is_reached_through_the_one_profile_only() -> None:
    (through,) = [each for each in statements() if each["Sid"] == "InvokeModelThroughProfile"]
    (profile,) = through["Condition"]["StringEquals"].values()
    assert profile["Fn::Sub"].endswith(":inference-profile/${ModelId}")


def test_the_agent_gets_the_token_that_the_runtime_has_verified() -> None:
    runtime = TEMPLATES["runtime"]["Resources"]["Runtime"]["Properties"]
    assert "Authorization" in runtime["RequestHeaderConfiguration"]["RequestHeaderAllowlist"]
    assert "CustomJWTAuthorizer" in runtime["AuthorizerConfiguration"]


def test_callers_stay_on_a_version_until_they_are_moved() -> None:
    endpoint = TEMPLATES["runtime"]["Resources"]["LiveEndpoint"]["Properties"]
    assert endpoint["AgentRuntimeVersion"] == {"Ref": "EndpointVersion"}


def test_only_an_image_by_digest_is_deployed() -> None:
    assert "@sha256:" in TEMPLATES["runtime"]["Parameters"]["ImageUri"]["AllowedPattern"]
