"""Where a component runs, and with what: `environments/<name>.yaml`, one file an environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from agentcore_kit.config.delivery import LOCAL_ENVIRONMENT, EnvironmentName, environment_names
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.import_string import import_string
from agentcore_kit.config.loader import Document, Finding, Model, check, parse
from agentcore_kit.config.manifest import Manifest, repository_kind
from agentcore_kit.config.repository import repository_path

Account = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
_ACCOUNT_NEEDS = "the 12 digits of an AWS account, in quotes"
_ACCOUNTS = {"account": "'123456789012'", "sharedAccount": "'111122223333'"}


_MODELS: dict[str, str] = {
    "Agent": "agentcore_kit.config.agent:AgentEnvironment",
    "Tool": "agentcore_kit.config.tool:ToolEnvironment",
    "Memory": "agentcore_kit.config.memory:MemoryEnvironment",
    "Platform": "agentcore_kit.config.platform:PlatformEnvironment",
}


class Environment(Model):
    """What an environment file of any kind has. Locally both accounts are None, as nothing there touches AWS."""

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
    delivery_role: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_+=,.@-]{1,64}$",
        description="the name of the role that the pipeline assumes, in this account and the shared one, for all that "
        "it does; null: agentops-deliver-<component>, and agentops-register-<component> for the registry's record",
        examples=["agentops-delivery"],
    )

    @classmethod
    def apply_variables(cls, document: Document, variables: Mapping[str, str]) -> None:
        """Let environment variables override the file in one process; a kind that has such variables overrides it."""

    @classmethod
    def rule_findings(cls, document: Document, name: str, spec: Model | None) -> Iterator[Finding]:
        """Yield the rules between fields that a file breaks; a kind that has such overrides this.

        Args:
            document: The parsed file.
            name: The environment's name.
            spec: The manifest's `spec`, when that is right.
        """
        yield from ()


def environment_name(variables: Mapping[str, str] = os.environ) -> str:
    """Return the environment that `AGENT_ENV` chooses; local when it is not set.

    Raises:
        ConfigError: When there is no such environment.
    """
    wanted, known = variables.get("AGENT_ENV") or LOCAL_ENVIRONMENT, environment_names()
    if wanted in known:
        return wanted
    from agentcore_kit.config.explain import choose

    raise ConfigError([f"AGENT_ENV: {wanted!r} is no environment; {choose(wanted, known)}"])


def load_environment(manifest: Manifest, variables: Mapping[str, str] = os.environ) -> Environment:
    """Return the environment that the process runs in, with what variables override, as the model of its kind.

    Raises:
        ConfigError: With file and line, or variable, and field of every problem, and what would be right.
    """
    return read_environment(environment_name(variables), manifest, variables)


def read_environment(
    name: str,
    manifest: Manifest | None,
    variables: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Environment:
    """Return an environment by name.

    Args:
        name: Which one.
        manifest: What it is checked against; None where that is wrong itself, and the file is to be checked alone.
        variables: Environment variables that may override values of the file; None for none.
        folder: Where the environment files are; the repository's own where it is left out.

    Raises:
        ConfigError: As for `load_environment`.
    """
    document = parse((folder or repository_path("environments")) / f"{name}.yaml")
    model = environment_model(manifest)
    if variables:
        model.apply_variables(document, variables)
    spec = manifest.spec if manifest else None
    return check(document, model, [*_account_findings(document, name), *model.rule_findings(document, name, spec)])


def environment_model(manifest: Manifest | None = None) -> type[Environment]:
    """Return the model of the environment files of the manifest's kind; of this repository's where there is none."""
    model: type[Environment] = import_string(_MODELS[manifest.kind if manifest else repository_kind()])
    return model


def _account_findings(document: Document, name: str) -> Iterator[Finding]:
    if "name" in document.data and document.data["name"] != name:
        yield ("name",), f"must be {name}, as the file is named"
    for key, example in _ACCOUNTS.items():
        value = document.data.get(key)
        if type(value) in (int, float):
            text = document.texts[key,]
            yield (key,), f"{text} without quotes is a number, which loses its leading zeros; write '{text}'"
        elif name == LOCAL_ENVIRONMENT and value is not None:
            yield (key,), "must be null or left out in local, where nothing touches AWS"
        elif name != LOCAL_ENVIRONMENT and value is None:
            yield (key,), f"missing; needed: {_ACCOUNT_NEEDS}; for example {key}: {example}"
