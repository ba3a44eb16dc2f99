"""What is particular to a platform: the `spec:` of its manifest, and its part of an environment file.

An environment is an account, and its `purpose` says what is in it: `shared` services, a `workload` account in which
components run, or the `organisation`, whose policies hold for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from agentcore_kit.config.delivery import LOCAL_ENVIRONMENT, Spec
from agentcore_kit.config.environment import Environment
from agentcore_kit.config.loader import Document, Finding, Model
from agentcore_kit.config.manifest import Manifest
from agentcore_kit.config.platform_options import Cognito, LiteLlm, UserDirectory
from agentcore_kit.config.regions import WITH_REGISTRY
from agentcore_kit.config.served import NAME_NEEDS, ImportString, Logs, Name, ParameterName, ParameterValue, Url
from agentcore_kit.config.tool import PREFIX

Purpose = Literal["local", "shared", "workload", "organisation"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

RetentionDays = Logs.model_fields["retention_days"].annotation

RoleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=.*/-]{1,128}$")]
ModelId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]+){0,2}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,4}(-[a-z]+)+-[1-9]$")]
Target = Annotated[str, StringConstraints(pattern=r"^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|[0-9]{12})$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=128)]

_EMAIL = ["platform-team@example.com"]
_OF: dict[str, tuple[str, ...]] = {
    "gateway": ("local", "shared", "workload"),
    "models": ("workload", "organisation"),
    "logRetentionDays": ("shared", "workload"),
    "identity": ("shared", "workload"),
    "cognito": ("workload",),
    "litellm": ("workload",),
    "alarmEmail": ("shared", "workload", "organisation"),
    "approverEmail": ("shared",),
    "registryRegion": ("shared",),
    "organisationId": ("shared", "organisation"),
    "targets": ("organisation",),
    "regions": ("organisation",),
    "exemptRoles": ("organisation",),
}
"""Which purposes a field is for."""

_NEEDED: dict[str, tuple[str, ...]] = {
    "local": ("gateway",),
    "workload": ("models", "gateway"),
    "organisation": ("models", "regions", "organisationId", "targets"),
}
"""Which of these fields a purpose cannot do without."""

_EXAMPLES = {
    "gateway": "{policyMode: LOG_ONLY}",
    "models": "[global.anthropic.claude-sonnet-4-6]",
    "regions": "[eu-central-1]",
    "organisationId": "o-a1b2c3d4e5",
    "targets": "[ou-ab12-cdef3456]",
}

_LOCAL_GATEWAY = ("port", "targets", "timeoutSeconds", "interceptors", "audience")
_DEPLOYED_GATEWAY = ("name", "policyMode", "toolRequestsPerMinute")


class PlatformSpec(Spec):
    """`spec:` of a platform's manifest."""

    approvers: list[RoleName] = Field(
        default=[],
        description="IAM roles of the shared account, with their paths, whose people approve records of the registry; "
        "* for any characters, no e-mail addresses",
        examples=["[aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_AgentApprovers_*]"],
    )


class PlatformManifest(Manifest):
    """`manifest.yaml` of a platform."""

    kind: Literal["Platform"] = Field(description="the kind of component", examples=["Platform"])
    spec: PlatformSpec = Field(description="what is particular to a platform")


class GatewayTarget(Model):
    """An MCP server behind the gateway on this machine."""

    name: str = Field(
        pattern=f"^{PREFIX}$",
        description="the first part of its tools' names: letters, digits, single hyphens",
        examples=["market-data"],
    )
    url: Url = Field(description="where it answers", examples=["http://127.0.0.1:8000/mcp"])


class Interceptors(Model):
    """Functions that see each call before and after the tool, as the gateway's interceptors in AWS do."""

    request: ImportString | None = Field(
        default=None, description="called before, module:name", examples=["interceptors:before"]
    )
    response: ImportString | None = Field(
        default=None, description="called after, module:name", examples=["interceptors:after"]
    )


class Gateway(Model):
    """The gateway of an environment, at which agents call tools. On this machine `kit dev` serves one."""

    name: Name = Field(
        default="company-tools",
        description=f"its name, as manifests of agents and tools have it, {NAME_NEEDS}",
        examples=["company-tools"],
    )
    policy_mode: Literal["LOG_ONLY", "ENFORCE"] = Field(
        default="LOG_ONLY",
        description="LOG_ONLY (what policies would refuse is only logged) or ENFORCE",
        examples=["ENFORCE"],
    )
    requests_per_minute: int = Field(default=600, ge=1, description="of one user", examples=[600])
    tool_requests_per_minute: int = Field(default=6000, ge=1, description="of one tool, by all users", examples=[6000])
    port: int = Field(
        default=8100, ge=1024, le=65535, description="local only: where kit dev serves it", examples=[8100]
    )
    targets: list[GatewayTarget] = Field(
        default=[],
        description="local only: the MCP servers behind it",
        examples=["[{name: market-data, url: 'http://127.0.0.1:8000/mcp'}]"],
    )
    timeout_seconds: float = Field(
        default=30, gt=0, le=300, description="local only: how long a tool may take", examples=[30]
    )
    interceptors: Interceptors = Field(
        default=Interceptors(), description="local only: functions that see each call", examples=["{}"]
    )
    audience: str = Field(
        default="agentcore-local",
        min_length=1,
        description="local only: the audience of tokens that are let in",
        examples=["agentcore-local"],
    )


class PlatformEnvironment(Environment):
    """A platform's environment file: one an account, and one for this machine."""

    purpose: Purpose = Field(
        description="what is in the account: shared, workload or organisation; local for this machine",
        examples=["workload"],
    )
    gateway: Gateway | None = Field(default=None, description="the gateway at which agents call tools")
    models: list[ModelId] = Field(
        default=[],
        description="ids of the models and inference profiles that may be used, as agents write them",
        examples=["[global.anthropic.claude-sonnet-4-6]"],
    )
    identity: UserDirectory | None = Field(default=None, description="who signs users in; or cognito")
    cognito: Cognito | None = Field(default=None, description="a user pool of the platform's own; null: identity")
    litellm: LiteLlm | None = Field(default=None, description="a LiteLLM gateway in front of the models; null: none")
    log_retention_days: RetentionDays = Field(  # type: ignore[valid-type] # the days that CloudWatch knows
        default=90, description="days that logs are kept", examples=[90]
    )
    alarm_email: Email | None = Field(default=None, description="who is told of alarms; null: nobody", examples=_EMAIL)
    approver_email: Email | None = Field(
        default=None, description="who is told of records that wait for approval; null: nobody", examples=_EMAIL
    )
    organisation_id: str | None = Field(
        default=None,
        pattern=r"^o-[a-z0-9]{10,32}$",
        description="the id of the organisation in AWS; null in shared: the accounts are named one by one",
        examples=["o-a1b2c3d4e5"],
    )
    registry_region: Region | None = Field(
        default=None,
        description="the region of the registry; null: this region if it has the registry, else there is none",
        examples=["eu-west-1"],
    )
    targets: list[Target] = Field(
        default=[],
        description="roots, organisational units or accounts that the service control policies are attached to",
        examples=["[ou-ab12-cdef3456]"],
    )
    regions: list[Region] = Field(
        default=[], description="regions in which the accounts may use services", examples=["[eu-central-1]"]
    )
    exempt_roles: list[RoleName] = Field(
        default=["agentops-break-glass"],
        description="IAM roles, with their paths, that the service control policies leave alone; * for any characters",
        examples=["[agentops-break-glass, aws-reserved/sso.amazonaws.com/*AWSReservedSSO_AdministratorAccess_*]"],
    )
    github_provider: Literal["create", "exists"] = Field(
        default="create",
        description="exists: the account has GitHub's OIDC provider from elsewhere, and it is used",
        examples=["exists"],
    )
    parameters: dict[ParameterName, ParameterValue] = Field(
        default={},
        description="{NAME: value}, for parameters of infra/: your own, or in the place of a Default; "
        "a value is text, a number, true or false",
        examples=["{NoncurrentDays: 30}"],
    )

    @classmethod
    def rule_findings(cls, document: Document, name: str, spec: Model | None) -> Iterator[Finding]:
        """Yield the rules between fields that the file breaks."""
        purpose = document.data.get("purpose")
        if purpose not in PURPOSES:
            return
        if (purpose == "local") != (name == LOCAL_ENVIRONMENT):
            yield (
                ("purpose",),
                "must be local in local.yaml, and only there; shared, workload or organisation elsewhere",
            )
            return
        for field, purposes in _OF.items():
            if document.data.get(field) is not None and purpose not in purposes:
                yield (field,), f"has no effect with purpose {purpose}, only with {' or '.join(purposes)}; remove it"
        for field in _NEEDED.get(str(purpose), ()):
            if not document.data.get(field):
                yield (field,), f"missing; with purpose {purpose} it is needed, for example {field}: {_EXAMPLES[field]}"
        if (region := document.data.get("registryRegion")) and str(region) not in WITH_REGISTRY:
            where = ", ".join(sorted(WITH_REGISTRY))
            yield ("registryRegion",), f"{region} has no AWS Agent Registry; one of: {where}"
        yield from _identity_findings(document, str(purpose))
        wrong = _DEPLOYED_GATEWAY if purpose == "local" else _LOCAL_GATEWAY
        for field in document.section("gateway"):
            if field in wrong:
                where = "an environment in AWS" if purpose == "local" else "environments/local.yaml"
                yield ("gateway", field), f"has an effect in {where} only; remove it"


def _identity_findings(document: Document, purpose: str) -> Iterator[Finding]:
    identity, cognito = document.data.get("identity"), document.data.get("cognito")
    if identity is not None and cognito is not None:
        yield ("cognito",), "stands beside identity; users are signed in by one of them: remove the other"
    needed = purpose == "workload" or (purpose == "shared" and document.data.get("gateway") is not None)
    if needed and identity is None and cognito is None:
        other = " or cognito: {domainPrefix: …, callbackUrls: […]}" if purpose == "workload" else ""
        yield ("identity",), f"missing; write identity: {{discoveryUrl: …, clients: […]}}{other}"
