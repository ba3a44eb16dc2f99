"""The templates of the platform as CloudFormation resolves them, and requests against the policies in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agentcore_kit.config.infrastructure import Template, read_template
from agentcore_kit.local.aws_emulator.iam_conditions import as_list
from agentcore_kit.local.aws_emulator.iam_policies import Document, Request
from agentcore_kit.local.aws_emulator.templates import Resolver, transformed
from tests.repositories import TEMPLATE

REGION, ACCOUNT, SHARED, OTHER = "eu-central-1", "222222222222", "111111111111", "999999999999"
KINDS_FOLDER = TEMPLATE / "{{cookiecutter.agent_name}}" / "_kinds"
OWNERSHIP = {"Owner": "platform-team", "CostCenter": "CC-1", "UseCaseId": "UC-1"}
MODEL, PROFILE = "amazon.nova-lite-v1:0", "global.anthropic.claude-sonnet-4-6"
MODEL_ARN = f"arn:aws:bedrock:{REGION}::foundation-model/{MODEL}"
PROFILE_ARN = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/{PROFILE}"


def infra(name: str) -> Template:
    """Return a template of this repository: `workload/boundary` for infra/workload/boundary.yaml."""
    return read_template(Path(f"infra/{name}.yaml").read_text(encoding="utf-8"))


def of_kind(kind: str, name: str) -> Template:
    """Return a template of another kind of repository: `agent`, `role` for its infra/role.yaml."""
    return read_template((KINDS_FOLDER / kind / "infra" / f"{name}.yaml").read_text(encoding="utf-8"))


def resolved(template: Template, given: Mapping[str, str], account: str = ACCOUNT) -> dict[str, dict[str, Any]]:
    """Return the resources of a template whose conditions hold, with their properties resolved.

    Args:
        template: As plain data.
        given: Values of its parameters; those of ownership are added. A default is taken for what is left out.
        account: The account that it is deployed in.
    """
    known = {**OWNERSHIP, **given}
    parameters = {
        name: str(known[name] if name in known else about["Default"])
        for name, about in template.get("Parameters", {}).items()
    }
    pseudo = {
        "AWS::Region": REGION,
        "AWS::AccountId": account,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{account}:stack/test/1a2b3c4d-0000-11ee-8000-0a1b2c3d4e5f",
    }

    def attribute(name: str, which: str) -> str:
        about = template["Resources"].get(name, {})
        if about.get("Type") == "AWS::Logs::LogGroup" and which == "Arn":
            return f"arn:aws:logs:{REGION}:{account}:log-group:/agentops/evaluations/{name}:*"
        return f"arn:aws:test:{REGION}:{account}:{name}/{which}"

    def resolver(of: Template) -> Resolver:
        return Resolver(of, parameters, pseudo, attribute, lambda name: name, "test")

    template = transformed(template, resolver(template))
    now = resolver(template)
    return {
        name: {**about, "Properties": now.value(about.get("Properties", {}))}
        for name, about in template["Resources"].items()
        if "Condition" not in about or now.condition(about["Condition"])
    }


def policies(role: Mapping[str, Any]) -> list[Document]:
    """Return the policies that stand in a role."""
    return [one["PolicyDocument"] for one in role["Properties"].get("Policies", ())]


def requests(document: Document, concrete: Mapping[str, str]) -> Iterator[Request]:
    """Yield a request for each action and resource that a policy allows.

    Args:
        document: The policy.
        concrete: What stands for a wildcard resource, by its end; other wildcards become letters.
    """
    for statement in as_list(document["Statement"]):
        context = _context(statement.get("Condition", {}))
        for action in as_list(statement["Action"]):
            for resource in as_list(statement["Resource"]):
                yield Request(action, _one(resource, concrete), context)


def _one(resource: str, concrete: Mapping[str, str]) -> str:
    for end, arn in concrete.items():
        if resource.endswith(end):
            return arn
    return resource if resource == "*" else resource.replace("??????", "a1B2c3").replace("*", "x")


def _context(conditions: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return keys of a request for which conditions hold."""
    return {
        key.lower(): str(as_list(value)[0]).replace("??????", "a1B2c3").replace("?*", "x").replace("*", "x")
        for operator, keys in conditions.items()
        if "Not" not in operator
        for key, value in keys.items()
    }
