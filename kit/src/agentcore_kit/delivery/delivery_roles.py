"""The roles that a component's pipeline assumes in an account, as a CloudFormation template that the platform deploys.

What they may do is in delivery_roles.yaml: what the deployments of this component call, bounded by its name, or where
the service gives a name only later, by its tag.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
import yaml

from agentcore_kit.delivery import names
from agentcore_kit.delivery.command import Env
from agentcore_kit.delivery.context import open_context
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError, reported_errors
from agentcore_kit.delivery.pipeline import Pipeline, Place, of_context
from agentcore_kit.delivery.regions import partition

Which = Literal["deliver", "register", "build"]
"""A role of delivery_roles.yaml."""

Document = dict[str, Any]
"""An IAM policy as plain data."""

PUBLISHED = {
    "boundary": names.BOUNDARY,
    "gateway-targets": names.GATEWAY_TARGETS_ROLE,
    "ab-test": names.AB_TEST_ROLE,
}
"""The ARNs that the platform publishes in the account: words in braces, and the SSM parameters that have them."""

LONGEST_POLICY = 6144
"""The characters that IAM lets a managed policy have, blanks not counted."""

_STATEMENTS = Path(__file__).with_name("delivery_roles.yaml")
_TRIMMED = 24
"""CloudFormation shortens the name of a stack in the name of a role, to no fewer characters than these."""


def print_template(
    env: Env = "",
    shared: Annotated[bool, typer.Option("--shared", help="Of the account of the shared services.")] = False,
) -> None:
    """Print the CloudFormation template of the roles that the pipeline assumes in an environment's account."""
    with reported_errors():
        context = open_context(env, "shared" if shared else "environment")
        text = template_text(template(of_context(context)))
        print(f"# {context.component}: account {context.account}; made by: kit delivery-roles --env {env}", end="")
        print(f"{' --shared' if shared else ''}\n{text}", end="")


def template_text(made: Mapping[str, Any]) -> str:
    """Return a template as YAML that CloudFormation takes."""
    text: str = yaml.dump(made, Dumper=_Dumper, sort_keys=False, width=120)
    return text


def template(pipeline: Pipeline, boundary: str = "") -> dict[str, Any]:
    """Return the template of the roles that a component's pipeline assumes in an account, as plain data.

    Args:
        pipeline: Whose, and in which account.
        boundary: ARN of the permissions boundary of these roles themselves; empty for none.

    Raises:
        CommandError: When a policy is longer than IAM takes.
    """
    resources: dict[str, Any] = {}
    references = {word: {"Ref": _logical(word)} for word in PUBLISHED}
    for role, found in roles(pipeline).items():
        arns = []
        for which in found:
            for name, document in policies(pipeline, which, references).items():
                logical = f"{_logical(role)}{_logical(name)}"
                _check_length(f"{role}: {name}", document)
                resources[logical] = {
                    "Type": "AWS::IAM::ManagedPolicy",
                    "Properties": {"Description": f"{role}, {name}", "PolicyDocument": document},
                }
                arns.append({"Ref": logical})
        resources[_logical(role)] = {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": role,
                "Description": f"What the pipeline of {pipeline.component} may do in this account",
                "AssumeRolePolicyDocument": trust(pipeline, subjects(pipeline, found)),
                "ManagedPolicyArns": arns,
                **({"PermissionsBoundary": boundary} if boundary else {}),
                "Tags": [{"Key": key, "Value": value} for key, value in pipeline.tags.items()],
            },
        }
    used = str(resources)
    parameters = {
        _logical(word): {"Type": "AWS::SSM::Parameter::Value<String>", "Default": name}
        for word, name in PUBLISHED.items()
        if str(references[word]) in used
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The roles that the pipeline of {pipeline.component} assumes by OIDC",
        **({"Parameters": parameters} if parameters else {}),
        "Resources": resources,
    }


def roles(pipeline: Pipeline) -> dict[str, list[Which]]:
    """Return the roles that the account has, by name, each with what it is for: in one account all of it may meet."""
    delivery, component = names.delivery_role(pipeline.component), pipeline.component
    found: dict[str, list[Which]] = {}
    if pipeline.here:
        found[delivery] = ["deliver"]
    if pipeline.built_here:
        found.setdefault(delivery, []).append("build")
    if any(one.name == pipeline.publisher for one in pipeline.here):
        if pipeline.kind == "Tool":
            found[delivery].append("register")
        else:
            found[names.register_role(component)] = ["register"]
    return found


def subjects(pipeline: Pipeline, which: Sequence[Which]) -> list[str]:
    """Return whose tokens of GitHub a role trusts: jobs of the component's repository, by what they are for."""
    repository = f"repo:{pipeline.repository}"
    found = []
    if "deliver" in which:
        found += [f"{repository}:environment:{one.name}" for one in pipeline.here]
    if "register" in which and pipeline.kind != "Tool":
        found.append(f"{repository}:environment:registry")
    if "build" in which:
        found.append(f"{repository}:ref:refs/heads/main")
    return found


def trust(pipeline: Pipeline, trusted: Sequence[str]) -> Document:
    """Return the trust policy of a role, for jobs of GitHub."""
    provider = f"arn:{partition(pipeline.region)}:iam::{pipeline.account}:oidc-provider/{names.OIDC}"
    return _document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {f"{names.OIDC}:aud": "sts.amazonaws.com", f"{names.OIDC}:sub": [*trusted]},
                },
            }
        ]
    )


def policies(pipeline: Pipeline, which: Which, published: Mapping[str, Any]) -> dict[str, Document]:
    """Return what a role may do, as policies by name.

    Args:
        pipeline: Whose, and in which account; all environments of the component that are in it count.
        which: What the role is for.
        published: A value for each of `PUBLISHED`: an ARN, or an expression of CloudFormation for it.
    """
    here = pipeline.here
    if which == "register":
        here = [one for one in here if one.name == pipeline.publisher]
    if which == "build":
        here = pipeline.built_here[:1]
    places = [(set(one.facts), _words(pipeline, one, published)) for one in here]
    found = {name: list(_statements(written, places)) for name, written in _written()[which].items()}
    return {name: _document(statements) for name, statements in found.items() if statements}


@cache
def _written() -> Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]:
    loaded: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]] = yaml.safe_load(
        _STATEMENTS.read_text(encoding="utf-8")
    )
    return loaded


def _words(pipeline: Pipeline, place: Place, published: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the words in braces stand for in an environment."""
    component, name = pipeline.component, place.name
    return {
        **published,
        "partition": partition(place.region),
        "account": pipeline.account,
        "shared": place.shared_account,
        "region": place.region,
        "component": component,
        "environment": name,
        "runtime": names.snake(component, name),
        "evaluation": names.evaluation(component, name),
        "stack": f"{component}-{name}-"[:_TRIMMED],
        "memory": pipeline.memory,
        "test-users": place.test_users,
        "own-role": place.own_role,
    }


def _statements(
    written: Sequence[Mapping[str, Any]], places: Sequence[tuple[set[str], Mapping[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """Yield the statements of a policy: what two environments have alike is one, with the resources of both."""
    for one in written:
        found: list[dict[str, Any]] = []
        for facts, words in places:
            if not set(one.get("When", ())) <= facts:
                continue
            resources = [_filled(each, words) for each in _listed(one["Resource"])]
            condition = {"Condition": _filled(one["Condition"], words)} if "Condition" in one else {}
            same = next((known for known in found if known.get("Condition") == condition.get("Condition")), None)
            if same is None:
                found.append({"Effect": "Allow", "Action": one["Action"], "Resource": resources, **condition})
            else:
                same["Resource"] += [each for each in resources if each not in same["Resource"]]
        for number, statement in enumerate(found):
            yield {"Sid": f"{one['Sid']}{number + 1 if number else ''}", **statement}


def _filled(value: Any, words: Mapping[str, Any]) -> Any:
    """Return a value with its words in braces replaced; a text that is one word alone becomes what that stands for."""
    if isinstance(value, Mapping):
        return {key: _filled(each, words) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, words) for each in value]
    if value.startswith("{") and value.endswith("}") and value[1:-1] in words:
        return words[value[1:-1]]
    for word, text in words.items():
        value = value.replace(f"{{{word}}}", str(text))
    return value


def _check_length(what: str, document: Document) -> None:
    length = len("".join(str(document).split()))
    if length > LONGEST_POLICY:
        raise CommandError(
            f"policy {what} would have {length:,} characters, and IAM takes {LONGEST_POLICY:,}",
            "deliver some of the environments to other accounts",
            WRONG_INPUT,
        )


def _document(statements: Sequence[Mapping[str, Any]]) -> Document:
    return {"Version": "2012-10-17", "Statement": [*statements]}


def _logical(text: str) -> str:
    return "".join(part.capitalize() for part in text.replace("_", "-").split("-"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class _Dumper(yaml.SafeDumper):
    """YAML without aliases, which CloudFormation does not take."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
