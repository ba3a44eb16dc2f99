"""Where a component runs, and with what: `environments/<name>.yaml`, one file an environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from agentcore_kit.config.loader import ROOT, Document, ConfigError, Finding, check, parse
from agentcore_kit.config.manifest import Manifest
from agentcore_kit.config.agent import EnvironmentFields, apply_variables, environment_findings

ENVIRONMENTS = ROOT / "environments"

EnvironmentName = Literal["local", "dev", "preprod", "prod"]
NAMES: tuple[EnvironmentName, ...] = get_args(EnvironmentName)

Account = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
_ACCOUNT_NEEDS = "the 12 digits of an AWS account, in quotes"
_ACCOUNTS = {"account": "'123456789012'", "sharedAccount": "'111122223333'"}


class Environment(EnvironmentFields):
    """One environment. `account` and `shared_account` are None locally, where nothing touches AWS."""

    name: EnvironmentName = Field(description="the name of the file without .yaml", examples=["dev"])
    account: Account | None = Field(
        default=None, description=f"{_ACCOUNT_NEEDS}; null in local", examples=[_ACCOUNTS["account"]]
    )
    region: str = Field(
        pattern=r"^[a-z]{2,4}(-[a-z]+)+-[1-9]$", description="the code of an AWS region", examples=["eu-central-1"]
    )
    shared_account: Account | None = Field(
        default=None,
        description=f"{_ACCOUNT_NEEDS}: where images, registry and shared gateways are",
        examples=[_ACCOUNTS["sharedAccount"]],
    )


def environment_name(variables: Mapping[str, str] = os.environ) -> EnvironmentName:
    """Return the environment that `AGENT_ENV` chooses; local when it is not set.

    Raises:
        DocumentError: when there is no such environment.
    """
    wanted = variables.get("AGENT_ENV") or "local"
    for name in NAMES:
        if name == wanted:
            return name
    from agentcore_kit.config.explain import choose

    raise ConfigError([f"AGENT_ENV: {wanted!r} is no environment; {choose(wanted, NAMES)}"])


def load_environment(manifest: Manifest, variables: Mapping[str, str] = os.environ) -> Environment:
    """Return the environment that the process runs in, with what variables override.

    Raises:
        DocumentError: with every problem's file and line, or variable, its field, and what would be right.
    """
    return read_environment(environment_name(variables), manifest, variables)


def read_environment(
    name: EnvironmentName,
    manifest: Manifest | None,
    variables: Mapping[str, str] | None = None,
    folder: Path = ENVIRONMENTS,
) -> Environment:
    """Return an environment by name, checked against the manifest where there is one.

    Raises:
        DocumentError: as for `load_environment`.
    """
    document = parse(folder / f"{name}.yaml")
    if variables:
        apply_variables(document, variables)
    spec = manifest.spec if manifest else None
    findings = [*_account_findings(document, name), *environment_findings(document, name, spec)]
    return check(document, Environment, findings)


def _account_findings(document: Document, name: EnvironmentName) -> Iterator[Finding]:
    if "name" in document.data and document.data["name"] != name:
        yield ("name",), f"must be {name}, as the file is named"
    for key, example in _ACCOUNTS.items():
        value = document.data.get(key)
        if type(value) in (int, float):
            text = document.texts[key,]
            yield (key,), f"{text} without quotes is a number, which loses its leading zeros; write '{text}'"
        elif name == "local" and value is not None:
            yield (key,), "must be null or left out in local, where nothing touches AWS"
        elif name != "local" and value is None:
            yield (key,), f"missing; needed: {_ACCOUNT_NEEDS}; for example {key}: {example}"
