"""What an agent and a tool both say of where they are served: identity, traces, network, logs, alarms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from agentcore_kit.config.environment import Environment
from agentcore_kit.config.loader import Document, Finding, Model
from agentcore_kit.config.prices import OwnPrice, Price, price_of

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=48)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/@?#]+(/[^\s?#]*)?$")]
ImportString = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$")]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,255}$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=128)]
SecretName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}(#[^#\s]{1,128})?$")]
NAME_NEEDS = "lower-case letters, digits and single hyphens"

KEY = r"\bsk-[\w-]{16,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|hf_)[\w-]{16,}"
"""What keys of well-known services look like."""

_KEY = re.compile(rf"{KEY}|-----BEGIN [A-Z ]*PRIVATE KEY-----")
_SECRET_WORDS = ("PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIALS", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY")
_SHORTEST_SECRET = 8

RESERVED_PREFIXES = ("AWS_", "AGENT_", "OTEL_", "PYTHON", "LAMBDA_", "LD_", "EVAL_")
RESERVED = {"CI", "DEVELOPMENT_SECRETS", "DOCKER_CONTAINER", "HOME", "PATH", "PORT", "USER", "VIRTUAL_ENV"}
"""What the process's environment already has for AWS, Python, OpenTelemetry and the kit."""


def _as_parameter(value: object) -> object:
    """Read a number, true or false as CloudFormation takes it: as text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


ParameterValue = Annotated[str, BeforeValidator(_as_parameter)]


class ServedCode(Model):
    """Which of the team's own code is loaded, as far as an agent and a tool are alike."""

    evaluators: ImportString = Field(
        default="evals.evaluators:EVALUATORS",
        description="the list of what is measured, module:name",
        examples=["evals.evaluators:EVALUATORS"],
    )


class Identity(Model):
    """How the component knows who is asking."""

    mode: Literal["development", "runtime"] = Field(
        description="development (a local secret signs tokens) or runtime (AgentCore has verified the token)",
        examples=["runtime"],
    )
    discovery_url: str | None = Field(
        default=None,
        pattern=r"^(https://|http://(127\.0\.0\.1|localhost):)\S+/\.well-known/openid-configuration$",
        description="the OpenID Connect discovery document of who signs users in; null: what the platform publishes, "
        "in local nobody but kit token; http only in local, for the gateway of a platform on this machine",
        examples=["https://login.example.com/.well-known/openid-configuration"],
    )
    clients: list[str] = Field(
        default=[], description="client ids whose tokens are accepted; with no audience either: the platform's"
    )
    audience: list[str] = Field(default=[], description="audiences whose tokens are accepted")


class Telemetry(Model):
    """What traces contain."""

    record_content: bool = Field(
        description="whether prompts, answers and tool contents go into traces: true or false", examples=["false"]
    )


class Network(Model):
    """Private subnets, for what must reach a VPC; without them the network is public."""

    subnets: list[str] = Field(default=[], description="ids of subnets", examples=["[subnet-0a1b2c3d]"])
    security_groups: list[str] = Field(default=[], description="ids of security groups", examples=["[sg-0a1b2c3d]"])


class Logs(Model):
    """How long logs stay, and under which key."""

    retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 3653] = (
        Field(default=90, description="days that logs and spans are kept", examples=[90])
    )
    encrypted: bool = Field(
        default=False, description="whether with the platform's KMS key instead of CloudWatch's own", examples=["true"]
    )


class ServedAlarms(Model):
    """Above which figures, measured on live, an alarm goes off."""

    errors: int = Field(
        default=5,
        ge=1,
        description="requests in five minutes that fail in the component or the Runtime; callers' mistakes are none",
        examples=[5],
    )
    latency_p95_ms: int = Field(
        default=5000,
        ge=1,
        description="P95 of the latency in ms: until the first text of an answer or a tool's result for the alarm; "
        "for the performance tests and the evaluation of the whole answer",
        examples=[5000],
    )
    throttles: int = Field(default=1, ge=1, description="refused requests in five minutes", examples=[1])


class ServedMonitoring(Model):
    """When an alarm or monitoring may put the version before back without a person."""

    automatic_hours: float = Field(
        default=48,
        ge=0,
        description="hours after its promotion in which an alarm or monitoring may take callers away from a version; "
        "0: never without a person",
        examples=[48],
    )


class ServedEnvironment(Environment):
    """The environment file of an agent or a tool, as far as they are alike."""

    identity: Identity = Field(description="how the component knows who is asking")
    telemetry: Telemetry = Field(description="what traces contain")
    network: Network = Field(default=Network(), description="private subnets, if any")
    role: str | None = Field(
        default=None,
        pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/.+$",
        description="an execution role of your own; null: infra/role.yaml makes one with the least it needs",
        examples=["arn:aws:iam::123456789012:role/agents"],
    )
    permissions_boundary: bool = Field(
        default=False, description="whether roles get the platform's permissions boundary", examples=["true"]
    )
    logs: Logs = Field(default=Logs(), description="how long logs stay, and under which key")
    test_users: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}$",
        description="the name of a secret in Secrets Manager with the sign-in of test users, as whom rows are asked",
        examples=["/agentops/components/my-agent/preprod/test-users"],
    )
    parameters: dict[ParameterName, ParameterValue] = Field(
        default={},
        description="values of parameters that you have added to infra/*.yaml; text, a number, true or false",
        examples=["{WatchListTable: watch-lists}"],
    )
    variables: dict[VariableName, ParameterValue] = Field(
        default={},
        description="environment variables of the process, names in upper case; what the shell has set comes first",
        examples=["{LOG_DETAIL: high}"],
    )
    secrets: dict[VariableName, SecretName] = Field(
        default={},
        description="environment variables that get the value of a secret in AWS Secrets Manager, by its name, or of a "
        "key in one that is JSON (name#key); in local the shell has them",
        examples=["{OPENAI_API_KEY: my-agent/openai}"],
    )
    prices: dict[str, OwnPrice] = Field(
        default={},
        description="USD for a million tokens, by the id of a model or of an evaluator of AgentCore, where you pay "
        "another price than the kit's list has, or it has none",
        examples=["{llama3.1: {input: 0.2, output: 0.6}}"],
    )

    def price(self, model: str) -> Price | None:
        """Return what a model, or an evaluator of AgentCore, costs here; None where that is not known."""
        return price_of(model, self.prices, self.name)


def served_findings(document: Document, is_local: bool) -> Iterator[Finding]:
    """Yield the rules that this part of an environment file breaks."""
    network = document.section("network")
    if bool(network.get("subnets")) != bool(network.get("securityGroups")):
        missing = "securityGroups" if network.get("subnets") else "subnets"
        yield ("network", missing), "missing; a VPC needs both subnets and securityGroups"
    mode = document.section("identity").get("mode")
    if is_local and mode == "runtime":
        yield ("identity", "mode"), "must be development in local, where no Runtime has verified the token"
    if not is_local and mode == "development":
        yield ("identity", "mode"), "must be runtime: a deployed component must not trust a local secret"
    discovery = str(document.section("identity").get("discoveryUrl") or "")
    if not is_local and discovery.startswith("http:"):
        yield ("identity", "discoveryUrl"), "must be https: nothing of this machine is reached from AWS"
    yield from _variable_findings(document)


def _variable_findings(document: Document) -> Iterator[Finding]:
    """Yield names that are taken, and values that look like secrets: they would stand in git."""
    variables, secrets = document.section("variables"), document.section("secrets")
    for group in ("variables", "secrets"):
        for name in document.section(group):
            if name in RESERVED or name.startswith(RESERVED_PREFIXES):
                taken = ", ".join([f"{prefix}*" for prefix in RESERVED_PREFIXES] + sorted(RESERVED))
                yield (group, name), f"is a reserved name; choose one that is none of {taken}"
    for name in variables.keys() & secrets.keys():
        yield ("variables", name), "stands under secrets too; remove one"
    for name, value in variables.items():
        named = name.endswith(_SECRET_WORDS) and isinstance(value, str) and len(value) >= _SHORTEST_SECRET
        if named or _KEY.search(str(value)):
            need = "put it into AWS Secrets Manager and name it under secrets"
            yield ("variables", name), f"looks like a secret, and this file is in git; {need}: {{{name}: its-name}}"
    for name, value in secrets.items():
        if _KEY.search(str(value)):
            need = "write the name that it has in AWS Secrets Manager"
            yield ("secrets", name), f"is a secret itself, and this file is in git; {need}, and replace the key"
