"""The CloudFormation templates of `infra/`, which the team may extend, and the parameters that they ask for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import yaml

from agentcore_kit.config.repository import repository_path

Template = Mapping[str, Any]
"""A template as plain data: `!Ref x` is `{"Ref": "x"}`, `!Sub x` is `{"Fn::Sub": "x"}`, and so on."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # which one, depends on the wheel
    """YAML with CloudFormation's short tags."""


def _tag(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: node.value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _tag)


@cache  # reading takes longer than all that is done with it
def read_template(text: str) -> Template:
    """Return a template as plain data, from its text."""
    loaded: Template = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    return loaded


def templates() -> dict[str, Template]:
    """Return the templates of this repository by name: `role` for `infra/role.yaml`."""
    files = sorted(repository_path("infra").glob("*.yaml"))
    return {file.stem: read_template(file.read_text(encoding="utf-8")) for file in files}


def missing_parameters(concern: str, template: Template, known: Collection[str], environment: str) -> list[str]:
    """Return which parameters of a template have no value, one line each, with the file to write it in.

    Args:
        concern: The template's name: `role` for `infra/role.yaml`.
        template: The template.
        known: The parameters that have a value.
        environment: The environment's name.
    """
    return [
        f"environments/{environment}.yaml: parameters.{name}: missing, and infra/{concern}.yaml has no Default for it; "
        f"add here parameters: {{{name}: …}}, or a Default there"
        for name, about in template.get("Parameters", {}).items()
        if "Default" not in about and name not in known
    ]


def superfluous_parameters(given: Mapping[str, Collection[str]], own: Collection[str], environment: str) -> list[str]:
    """Return which values under `parameters` of an environment file have no effect, one line each.

    Args:
        given: The parameters that the kit has values for, by template.
        own: The names under `parameters`.
        environment: The environment's name.
    """
    asked = {name for template in templates().values() for name in template.get("Parameters", {})}
    by_the_kit = {name for names in given.values() for name in names}
    file = f"environments/{environment}.yaml"
    return [
        f"{file}: parameters.{name}: follows from manifest.yaml and the rest of this file; remove it"
        if name in by_the_kit
        else f"{file}: parameters.{name}: no template in infra/ has this parameter; correct it or remove it"
        for name in own
        if name in by_the_kit or name not in asked
    ]


def secret_arns(partition: str, region: str, account: str, secrets: Mapping[str, str]) -> list[str]:
    """Return the ARNs that a role may read, each with the six characters that the service adds to a secret's name.

    Args:
        partition: `aws`, `aws-cn` or `aws-us-gov`.
        region: Where the component runs, and reads its secrets.
        account: The account in which it runs.
        secrets: `secrets` of the environment file.
    """
    names = sorted({reference.partition("#")[0] for reference in secrets.values()})
    return [f"arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-??????" for name in names]
