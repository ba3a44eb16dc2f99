"""The contract between repositories: every name that one gives and another needs, in which account, and what makes it.

The texts come from `delivery/names.py` wherever code asks AWS for them. Words in `<…>` stand for the name of a
component, an environment, a gateway, a guardrail or a consumer. `docs/conventions.md` shows the table, and
`kit doctor` says which of them are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agentcore_kit.config.delivery import APPROVAL, REGISTRY_ENVIRONMENT
from agentcore_kit.delivery import names
from agentcore_kit.delivery.invoke import SESSION_HEADER

NameType = Literal[
    "SSM parameter", "role", "OIDC provider", "ECR repository", "secret", "stack", "log group", "tag", "header",
    "baggage key", "GitHub environment",
]  # fmt: skip
Account = Literal["environment", "shared", "both", "GitHub", "-"]

PARAMETER: NameType = "SSM parameter"
ROLE: NameType = "role"
SECRET: NameType = "secret"  # noqa: S105 - the word, not one
REPOSITORY: NameType = "ECR repository"
PROVIDER: NameType = "OIDC provider"

AGENT, TOOL, MEMORY, PLATFORM = "Agent", "Tool", "Memory", "Platform"
SERVED, COMPONENTS = (AGENT, TOOL), (AGENT, TOOL, MEMORY)
PEOPLE = "people"
"""Reads a name where no code does: whoever writes a caller, or looks something up."""

_C, _E = "<component>", "<environment>"
_ARN = r"arn:aws[a-z-]*:"


@dataclass(frozen=True)
class Name:
    """A name that crosses repositories.

    Attributes:
        name: The name, with `<…>` for what differs.
        type: What it is the name of.
        account: Where it is: the environment's account, that of the shared services, both, GitHub; `-` for what travels
            with a request or a resource.
        given_by: The kinds of repository that make it.
        needed_by: The kinds that read it, or people.
        when: When it must be there.
        made_by: The command, and in which repository it is typed.
        form: What a parameter's value must look like, as a regular expression.
    """

    name: str
    type: NameType
    account: Account
    given_by: tuple[str, ...]
    needed_by: tuple[str, ...]
    when: str
    made_by: str
    form: str = ".+"

    def matches(self, text: str) -> bool:
        """Return whether a text is this name, with anything but `/` for each `<…>`."""
        pattern = "".join("[^/]+" if part.startswith("<") else re.escape(part) for part in _parts(self.name))
        return re.fullmatch(pattern, text) is not None


def _parts(name: str) -> list[str]:
    return re.split(r"(<[a-z-]+>)", name)


def _platform(name: str, needed_by: tuple[str, ...], when: str, form: str, account: Account = "environment") -> Name:
    where = "shared" if account == "shared" else "<environment>"
    return Name(name, PARAMETER, account, (PLATFORM,), needed_by, when, f"platform: kit deploy --env {where}", form)


def _parameters() -> Iterator[Name]:
    always = "deploy"
    yield _platform(
        names.DISCOVERY_URL, SERVED, f"{always}, unless identity.discoveryUrl is set",
        r"https://\S+/\.well-known/openid-configuration",
    )  # fmt: skip
    yield _platform(
        names.CLIENTS, SERVED, f"{always}, unless identity.clients or audience is set", r"[^\s,]+(,[^\s,]+)*"
    )
    yield _platform(names.LOG_KEY, SERVED, f"{always}, where logs.encrypted", rf"{_ARN}kms:\S+:key/\S+")
    yield _platform(
        names.BOUNDARY, COMPONENTS, f"{always}, where permissionsBoundary", rf"{_ARN}iam::[0-9]{{12}}:policy/\S+"
    )
    yield _platform(names.ALARM_TOPIC, COMPONENTS, "optional: without it alarms tell nobody", rf"{_ARN}sns:\S+")
    yield _platform(
        names.REGISTRY, COMPONENTS, "register, in production", rf"{_ARN}agent-registry:\S+:registry/[A-Za-z0-9]{{12,16}}",  # noqa: E501
        "both",
    )  # fmt: skip
    for name, form in zip(names.guardrail("<guardrail>"), ("[a-z0-9]+", r"[1-9][0-9]*|DRAFT"), strict=True):
        yield _platform(name, (AGENT,), f"{always}, where spec.guardrail names it", form)
    gateway = rf"{_ARN}bedrock-agentcore:\S+:gateway/\S+"
    yield _platform(
        names.gateway_url("<gateway>"), (AGENT,), f"{always}, where spec.tools.gateways names it", r"https://\S+"
    )
    yield _platform(names.gateway_arn("<gateway>"), SERVED, "register of a tool; canary of an agent", gateway)
    role = rf"{_ARN}iam::[0-9]{{12}}:role/\S+"
    yield _platform(
        names.gateway_role("<gateway>"), (TOOL,), f"{always}, where auth.inbound is iam or target is lambda", role
    )
    yield _platform(names.GATEWAY_TARGETS_ROLE, (TOOL,), "register, where gateway.scope is shared", role)
    yield _platform(names.AB_TEST_ROLE, (AGENT,), "canary", role)
    yield _platform(
        names.MEMORY_KEY, (MEMORY,), f"{always}, where spec.encryption is platform", rf"{_ARN}kms:\S+:key/\S+"
    )
    yield _platform(names.SINK, (PLATFORM,), "deploy of other accounts", rf"{_ARN}oam:\S+", "shared")
    memory = "memory: kit deploy --env <environment>"
    of_memory = (
        (names.memory_id("<component>", _E), (AGENT,), "deploy, where spec.memory names it"),
        (names.memory_arn("<component>", _E), (PEOPLE,), "never by code: for policies that people write"),
        (names.memory_policy("<component>", _E, "<consumer>"), (AGENT,), "deploy, where spec.memory names it"),
    )
    for name, needed_by, when in of_memory:
        yield Name(name, PARAMETER, "environment", (MEMORY,), needed_by, when, memory)
    for name in names.component_runtime(_C, _E):
        made = "agent or tool: kit promote --env <environment>"
        yield Name(name, PARAMETER, "environment", SERVED, (PEOPLE,), "never by code: for whoever calls it", made)


def _others() -> Iterator[Name]:
    deploy, people = "platform: kit deploy --env <environment>", "a person: kit github-setup --reviewers …"
    shared = "platform: kit onboard <component>, then kit deploy --env shared"
    onboarded = "platform: kit onboard <component>, then kit deploy --env <environment>"
    own = (PLATFORM,)
    yield Name(names.OIDC, PROVIDER, "both", own, (*COMPONENTS, PLATFORM), "every job", deploy)
    yield Name(
        names.delivery_role(_C), ROLE, "both", own, (*COMPONENTS, PLATFORM), "every job of the pipeline", onboarded
    )
    yield Name(names.register_role(_C), ROLE, "environment", own, (AGENT, MEMORY), "the job registry", onboarded)
    yield Name(
        names.PLATFORM_READER, ROLE, "shared", own, own, "deploy of other accounts", "platform: kit deploy --env shared"
    )
    yield Name(_C, REPOSITORY, "shared", own, SERVED, "build, deploy", shared)
    yield Name(
        names.test_client(_C, _E),
        SECRET,
        "environment",
        own,
        SERVED,
        "smoke, gate; not where auth.inbound is iam",
        onboarded,
    )
    yield Name(
        names.litellm_key(_C, _E), SECRET, "environment", own, (PEOPLE,), "where the platform has litellm", onboarded
    )
    yield Name(
        "/agentops/identity/test-client", SECRET, "environment", own, own, "where the platform has cognito", deploy
    )
    yield Name("/agentops/litellm/admin-key", SECRET, "environment", own, own, "where the platform has litellm", deploy)
    yield Name(
        "/agentops/evaluations/<runtime>", "log group", "environment", (AGENT,), (AGENT, PLATFORM), "monitor, dashboards",  # noqa: E501
        "agent: kit deploy --env <environment>",
    )  # fmt: skip
    yield Name(
        "/agentops/litellm", "log group", "environment", own, (PEOPLE,), "where the platform has litellm", deploy
    )
    yield Name(
        names.stack(_C, _E, "*"), "stack", "environment", COMPONENTS, (*COMPONENTS, PLATFORM), "roles bound by name",
        "the repository itself: kit deploy --env <environment>",
    )  # fmt: skip
    for tag in ("owner", "cost-center", "use-case-id", "component", "environment"):
        yield Name(tag, "tag", "-", (*COMPONENTS, PLATFORM), (PLATFORM, PEOPLE), "every resource", "each: kit deploy")
    for environment in ("<pre-production>", REGISTRY_ENVIRONMENT, APPROVAL, "<production>"):
        yield Name(environment, "GitHub environment", "GitHub", (PEOPLE,), (*COMPONENTS, PLATFORM), "every job", people)
    yield Name(SESSION_HEADER, "header", "-", (PEOPLE,), (AGENT,), "every request", "the caller")
    yield Name(
        "Authorization",
        "header",
        "-",
        (PEOPLE, AGENT),
        SERVED,
        "every request, except with AWS credentials",
        "the caller",
    )
    for header in ("traceparent", "baggage"):
        yield Name(header, "header", "-", (PEOPLE, AGENT), SERVED, "one trace through all", "the caller")
    yield Name("session.id", "baggage key", "-", (AGENT,), (TOOL, PLATFORM), "every call of a tool", "the agent")


CONTRACT: tuple[Name, ...] = (*_parameters(), *_others())
"""All of them, what AWS's parameter store has first."""


def declared(text: str, kind: str = PARAMETER) -> Name | None:
    """Return the declaration of a concrete name, or one with `<…>` in it; None for a name that nobody has declared.

    Args:
        text: The name, as code or a template has it.
        kind: What it is the name of.
    """
    return next((one for one in CONTRACT if one.type == kind and one.matches(text)), None)


def table() -> str:
    """Return the names as a table in Markdown: `docs/conventions.md` has it."""
    lines = ["| name | what | account | made by | needed by | when |", "|---|---|---|---|---|---|"]
    lines += [
        f"| `{one.name}` | {one.type} | {one.account} | {one.made_by.replace('|', '/')} | "
        f"{', '.join(one.needed_by).lower()} | {one.when} |"
        for one in CONTRACT
    ]
    return "\n".join(lines)
