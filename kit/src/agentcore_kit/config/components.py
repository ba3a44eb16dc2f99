"""The repositories that a platform lets in: `components.yaml`, one entry a component; its resources follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from agentcore_kit.config.delivery import EnvironmentName
from agentcore_kit.config.loader import Document, FieldPath, Finding, Model, check, parse
from agentcore_kit.config.manifest import ComponentName, OwnerText, TagText
from agentcore_kit.config.repository import repository_path
from agentcore_kit.config.served import NAME_NEEDS, Name
from agentcore_kit.config.use_cases import entries

COMPONENTS = "components.yaml"
"""The file of the list."""

_OF_THE_PLATFORM = "agentops-"
"""How the names of the platform's own roles, policies and services begin, which its boundary guards by that."""

_ONLY: Mapping[str, tuple[str, ...]] = {
    "memory": ("Agent",),
    "canaryGateway": ("Agent",),
    "target": ("Tool",),
    "inbound": ("Tool",),
    "gateways": ("Agent", "Tool"),
    "vpc": ("Agent", "Tool"),
    "role": ("Agent", "Tool"),
    "testUsers": ("Agent", "Tool"),
    "alarmBridge": ("Agent", "Tool"),
}
"""Fields that only components of these kinds have."""


class Component(Model):
    """One repository that is let in: who owns it, where it may be deployed, what it may use and cost.

    The optional fields say the same as the component's own manifest and environment files; the rights of its pipeline
    follow from them.
    """

    name: ComponentName = Field(
        description="metadata.name of its manifest: lower-case letters and digits, words joined by one hyphen",
        examples=["financial-analytics-agent"],
    )
    kind: Literal["Agent", "Tool", "Memory"] = Field(description="the kind of component", examples=["Agent"])
    owner: OwnerText = Field(description="an e-mail address or a GitHub team", examples=["finance"])
    cost_center: TagText = Field(description="who pays: a tag on all that it has", examples=["CC-1234"])
    use_case_id: TagText = Field(description="the id of an entry of use-cases.yaml", examples=["UC-0042"])
    monthly_budget_usd: int = Field(
        ge=1, description="US dollars a month, in each environment, before people are told", examples=[500]
    )
    environments: list[EnvironmentName] = Field(
        min_length=1,
        description="where it may be deployed: environments with purpose workload",
        examples=["[dev, preprod, prod]"],
    )
    repository: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$",
        description="its repository on GitHub; null: the platform's organisation, and its name",
        examples=["example-org/financial-analytics-agent"],
    )
    gateways: list[Name] = Field(
        default=[],
        description=f"gateways that an agent uses or a tool may register at, {NAME_NEEDS}",
        examples=["[company-tools]"],
    )
    memory: str | None = Field(
        default=None, description="agents: the name of the memory that it uses", examples=["analyst-memory"]
    )
    canary_gateway: Name | None = Field(
        default=None, description="agents: the gateway that splits its callers for a canary", examples=["company-tools"]
    )
    target: Literal["runtime", "lambda"] = Field(
        default="runtime", description="tools: what serves it, as spec.target of its manifest", examples=["runtime"]
    )
    inbound: Literal["jwt", "iam"] = Field(
        default="jwt", description="tools: how the gateway signs in, as spec.auth.inbound", examples=["jwt"]
    )
    vpc: bool = Field(default=False, description="whether it runs in a VPC", examples=["true"])
    role: str | None = Field(
        default=None,
        pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/.+$",
        description="an execution role of the team's own, as its environment files name it",
        examples=["arn:aws:iam::123456789012:role/agents"],
    )
    test_users: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}$",
        description="the secret with the sign-in of its test users, as testUsers of its environment files",
        examples=["/agentops/components/my-agent/preprod/test-users"],
    )
    alarm_bridge: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}$",
        description="the secret with a GitHub token, with which an alarm in production starts its rollback workflow",
        examples=["/agentops/github/dispatch-token"],
    )


class Components(Model):
    """`components.yaml`."""

    components: list[Component] = Field(description="the repositories that are let in, one entry a component")

    def of_environment(self, environment: str) -> list[Component]:
        """Return those that may be deployed to an environment, in the order of the file."""
        return [one for one in self.components if environment in one.environments]


def load_components(path: Path | None = None) -> Components:
    """Return the list, checked by itself; `agentcore_kit.config.platform_files` checks it against the other files.

    Args:
        path: The file; the repository's own where it is left out.

    Raises:
        ConfigError: With file, line and field of every problem, and what would be right.
    """
    document = parse(path or repository_path(COMPONENTS))
    return check(document, Components, component_findings(document))


def component_findings(document: Document) -> Iterator[Finding]:
    """Yield the rules between fields that the list breaks."""
    seen: dict[str, int] = {}
    for number, entry in entries(document, "components"):
        path: FieldPath = ("components", number)
        name, kind = str(entry.get("name") or ""), entry.get("kind")
        if name and name in seen:
            yield (*path, "name"), f"{name} is the name of entry {seen[name] + 1} too; a component stands here once"
        seen.setdefault(name, number)
        if name.startswith(_OF_THE_PLATFORM):
            yield (*path, "name"), f"{name} begins with {_OF_THE_PLATFORM}, as what is the platform's; choose another"
        for field, kinds in _ONLY.items():
            if entry.get(field) and kind in ("Agent", "Tool", "Memory") and kind not in kinds:
                yield (*path, field), f"is of kind {' or '.join(kinds)} only; remove it, or correct kind"
