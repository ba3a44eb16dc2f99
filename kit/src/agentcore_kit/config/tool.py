"""What is particular to a tool: the `spec:` of its manifest, and its part of an environment file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from agentcore_kit.config.delivery import Spec
from agentcore_kit.config.loader import Document, Finding, Model
from agentcore_kit.config.manifest import Manifest
from agentcore_kit.config.regions import WITHOUT_RESOURCE_POLICIES
from agentcore_kit.config.served import (
    NAME_NEEDS,
    ImportString,
    Name,
    ServedAlarms,
    ServedCode,
    ServedEnvironment,
    ServedMonitoring,
    Url,
    served_findings,
)

SEPARATOR = "___"
"""What a gateway puts between prefix and tool name."""

PREFIX = "([0-9a-zA-Z]-?){1,100}"
"""A prefix, which is the name of the tool's target at the gateway, as a pattern."""

LONGEST_NAME = 64
"""With its prefix: what models take as a tool's name. A gateway would take 256."""

# Of every answer to the question what data is behind a tool on a shared gateway.
_COMPLIANCE = {
    "dataClassification": "internal",
    "personalData": "false",
    "retentionDays": "365",
    "dataOwner": "market-data-team@example.com",
}


class Gateway(Model):
    """The gateway through which agents reach the tools."""

    scope: Literal["shared", "application"] = Field(
        description="shared (of the organisation, in the shared account) or application (of one application)",
        examples=["shared"],
    )
    name: Name = Field(
        description=f"its name, {NAME_NEEDS}; the platform publishes its ARN", examples=["company-tools"]
    )


class Auth(Model):
    """How the gateway proves itself to the tools, and whether the user behind a call is known."""

    inbound: Literal["jwt", "iam"] = Field(
        description="what the tools demand: jwt (the user's own token, verified by the Runtime) or iam (the gateway's "
        "AWS credentials; the user is not known)",
        examples=["jwt"],
    )
    outbound: Literal["jwt-passthrough", "gateway-iam-role"] = Field(
        description="what the gateway sends: jwt-passthrough (the user's own token) or gateway-iam-role",
        examples=["jwt-passthrough"],
    )


class Compliance(Model):
    """What data is behind the tools; all of it is needed on a shared gateway."""

    data_classification: Literal["public", "internal", "confidential", "restricted"] | None = Field(
        default=None, description="public, internal, confidential or restricted", examples=["internal"]
    )
    personal_data: bool | None = Field(
        default=None, description="whether results or arguments hold personal data", examples=["false"]
    )
    retention_days: int | None = Field(
        default=None, ge=0, description="days that the tools keep what they are given", examples=[365]
    )
    data_owner: str | None = Field(
        default=None, min_length=3, description="who answers for the data", examples=["market-data-team@example.com"]
    )


def _as_date(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


class Deprecation(Model):
    """The end of the tools: agents are told with every description, and searchers in the registry."""

    removal: Annotated[date, BeforeValidator(_as_date)] = Field(
        description="the day they end, as YYYY-MM-DD", examples=["2027-06-30"]
    )
    use_instead: str = Field(min_length=1, description="what to use from now on", examples=["market-insights"])


class Registry(Model):
    """How the tools appear in AWS Agent Registry."""

    title: str | None = Field(
        default=None, max_length=100, description="the name that people see", examples=["Markets"]
    )
    namespace: str = Field(
        pattern=r"^[a-zA-Z0-9.-]+$",
        description="reverse domain name of the organisation, before the tool's name",
        examples=["com.example"],
    )


class Code(ServedCode):
    """Which of the team's own code is loaded, each named as `module:name`."""

    app: ImportString = Field(
        default="tool.app:app", description="the application that serves it, module:name", examples=["tool.app:app"]
    )


class ToolSpec(Spec):
    """`spec:` of a tool's manifest."""

    code: Code = Field(default=Code(), description="which of the team's own code is loaded")

    target: Literal["runtime", "lambda"] = Field(
        description="where the tools run: runtime (an MCP server) or lambda (the same functions, without a server)",
        examples=["runtime"],
    )
    gateway: Gateway = Field(description="through which agents reach the tools")
    prefix: str = Field(
        pattern=f"^{PREFIX}$",
        description="letters, digits and single hyphens (no underscores): agents see <prefix>___<tool>",
        examples=["market-data"],
    )
    auth: Auth = Field(description="how the gateway proves itself, and whether the user is known")
    compliance: Compliance = Field(default=Compliance(), description="what data is behind the tools")
    registry: Registry = Field(description="how the tools appear in AWS Agent Registry")
    deprecation: Deprecation | None = Field(default=None, description="when the tools end, if they do")


class ToolManifest(Manifest):
    """`manifest.yaml` of a tool."""

    kind: Literal["Tool"] = Field(description="the kind of component", examples=["Tool"])
    spec: ToolSpec = Field(description="what is particular to a tool")

    @classmethod
    def spec_findings(cls, document: Document) -> Iterator[Finding]:
        """Yield the rules between fields that a tool's manifest breaks."""
        spec = document.section("spec")
        yield from _compliance_findings(spec)
        auth, target = _group(spec, "auth"), spec.get("target")
        wanted = {"jwt": "jwt-passthrough", "iam": "gateway-iam-role"}.get(str(auth.get("inbound")))
        if wanted and auth.get("outbound") != wanted:
            yield ("spec", "auth", "outbound"), f"must be {wanted} with inbound {auth['inbound']}"
        if target == "lambda" and auth.get("inbound") == "jwt":
            yield ("spec", "auth", "inbound"), "must be iam with target lambda, which gets no token of the user"


def _compliance_findings(spec: Mapping[str, object]) -> Iterator[Finding]:
    if _group(spec, "gateway").get("scope") != "shared":
        return
    said = _group(spec, "compliance")
    for name, example in _COMPLIANCE.items():
        if said.get(name) is None:
            need = "missing; every tool on a shared gateway says what data is behind it"
            yield ("spec", "compliance", name), f"{need}; for example {name}: {example}"


def _group(values: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}


class Alarms(ServedAlarms):
    """Above which figures, measured on live, an alarm goes off."""


class ToolEnvironment(ServedEnvironment):
    """A tool's part of an environment file."""

    endpoint: Url | None = Field(
        default=None,
        description="where the gateway reaches the tools; null: the Runtime that is deployed here",
        examples=["https://tools.example.com/mcp"],
    )
    alarms: Alarms = Field(default=Alarms(), description="when an alarm goes off")
    monitoring: ServedMonitoring = Field(
        default=ServedMonitoring(), description="when the version before may be put back without a person"
    )

    @classmethod
    def rule_findings(cls, document: Document, name: str, spec: Model | None) -> Iterator[Finding]:
        """Yield the rules between fields that a tool's environment file breaks."""
        yield from served_findings(document, name == "local")
        endpoint = document.data.get("endpoint")
        if isinstance(endpoint, str) and endpoint.startswith("http:"):
            yield ("endpoint",), "must begin with https:, as the users' tokens are sent to it"
        if isinstance(spec, ToolSpec) and spec.target == "lambda" and endpoint is not None:
            yield ("endpoint",), "has no effect with target lambda in manifest.yaml; remove it"
        if isinstance(spec, ToolSpec) and name != "local" and spec.target == "runtime" and spec.auth.inbound == "iam":
            region = document.data.get("region")
            if region in WITHOUT_RESOURCE_POLICIES:
                need = "set auth.inbound in manifest.yaml to jwt and auth.outbound to jwt-passthrough"
                why = "has no AgentCore resource policies, which keep all but the gateway away with auth.inbound iam"
                yield ("region",), f"{region} {why}; {need}, or choose another region"
