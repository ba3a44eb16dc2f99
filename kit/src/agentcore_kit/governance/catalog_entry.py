"""What the catalog says of one component, from its record in the registry or from its repository."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentcore_kit.governance.last_evaluation import last_evaluation
from agentcore_kit.governance.neighbours import PLATFORM, Neighbour, repositories
from agentcore_kit.governance.records import RegistryEntry
from agentcore_kit.governance.similarity import Similar
from agentcore_kit.local.offline_model.text import humanise
from agentcore_kit.tool_contract.definitions import Definition

SHOWN_KINDS = ("Agent", "Tool", "Memory")

NOT_ASKED = "unknown, as no registry was asked"
STATES = {
    "APPROVED": "approved",
    "PENDING_APPROVAL": "waits for approval",
    "REJECTED": "rejected",
    "DRAFT": "draft",
    "DEPRECATED": "retired",
}
"""The states of a record in words; others are shown as the service names them."""

_SECTION = re.compile(r"^## (?P<name>\S+)\n+(?P<said>.*?)(?=^\||^No parameters\.|^#|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Offer:
    """What a component can do: a tool, a skill of an agent, or what a memory keeps."""

    name: str
    description: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    """The JSON schema of a tool's parameters."""


@dataclass(frozen=True)
class CatalogEntry:
    """One component.

    Attributes:
        name: The component's name.
        kind: Agent, Tool or Memory; the record's type for one that no repository of this template has made.
        description: What it does.
        owner: Who answers for it.
        cost_center: Who pays.
        use_case_id: The use case that it is for.
        version: The version that is described.
        approval: Whether it is approved, in words.
        reason: Why, in the words of who decided.
        offers: Its tools, skills, or strategies.
        compliance: What data is behind it, by the names of the manifest's fields.
        deprecated: When it ends and what to use instead; empty when it does not end.
        provides: What others name to use it: a gateway for tools, itself for a memory.
        prefix: What a gateway puts before its tools' names.
        uses: What it uses: the gateways and the memory that it names.
        consumers: Who uses it, as far as this catalog knows.
        evaluation: What its last evaluation measured; empty when that is not known.
        score: The share of right cases in it, from 0 to 1; None when that is not known.
        source: Where this was read: a folder, or the registry.
        problem: Why a part of this is not known.
        samples: Programs that call it, by title.
        similar: The components that say nearly the same of themselves.
    """

    name: str
    kind: str
    description: str = ""
    owner: str = ""
    cost_center: str = ""
    use_case_id: str = ""
    version: str = ""
    approval: str = NOT_ASKED
    reason: str = ""
    offers: tuple[Offer, ...] = ()
    compliance: Mapping[str, Any] = field(default_factory=dict)
    deprecated: str = ""
    provides: str = ""
    prefix: str = ""
    uses: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    evaluation: str = ""
    score: float | None = None
    source: str = ""
    problem: str = ""
    samples: Mapping[str, str] = field(default_factory=dict)
    similar: tuple[Similar, ...] = ()

    @property
    def text(self) -> str:
        """All that the component says of what it does, which duplicates are found by."""
        return "\n".join([self.description, *(f"{one.name}: {one.description}" for one in self.offers)])

    @property
    def data_facts(self) -> list[tuple[str, str]]:
        """What data is behind it, in words: `personalData: true` is Personal data, yes."""
        words = {True: "yes", False: "no"}
        return [
            (humanise(name).capitalize(), words[value] if isinstance(value, bool) else str(value))
            for name, value in self.compliance.items()
            if value is not None
        ]


def of_record(entry: RegistryEntry) -> CatalogEntry:
    """Return what a record of the registry says."""
    content, beside = entry.content, entry.beside
    return CatalogEntry(
        name=entry.name,
        kind=entry.kind,
        description=entry.description,
        owner=entry.owner,
        cost_center=entry.cost_center,
        use_case_id=entry.use_case_id,
        version=entry.version,
        approval=STATES.get(entry.status, entry.status),
        reason=entry.reason,
        offers=tuple(_of_tools(entry.tools))
        or tuple(_offers(content, "skills"))
        or tuple(_offers(content, "strategies")),
        compliance=_mapping(beside.get("compliance")),
        deprecated=_end(_mapping(beside.get("deprecation"))),
        provides=str(beside.get("gateway") or "") if entry.kind == "Tool" else entry.name,
        consumers=tuple(one.name for one in _offers(content, "consumers")),
        source="registry",
    )


def of_repository(found: Neighbour) -> CatalogEntry:
    """Return what a repository says of its component."""
    spec, tested = found.section("spec"), last_evaluation(found.path)
    gateway = str(found.section("spec", "gateway").get("name") or "")
    prefix = str(spec.get("prefix") or "")
    named = found.section("spec", "tools").get("gateways")
    uses = [*(named if isinstance(named, list) else []), spec.get("memory")]
    return CatalogEntry(
        name=found.name,
        kind=found.kind or "unknown",
        description=found.text("description"),
        owner=found.text("owner"),
        cost_center=found.text("costCenter"),
        use_case_id=found.text("useCaseId"),
        version=found.text("version"),
        offers=_offers_of(found, prefix),
        compliance=found.section("spec", "compliance"),
        deprecated=_end(found.section("spec", "deprecation")),
        provides=gateway if found.kind == "Tool" else found.name,
        prefix=prefix,
        uses=tuple(str(one) for one in uses if one),
        consumers=tuple(one.name for one in _offers(spec, "consumers")),
        evaluation=f"{tested.headline} ({tested.date}, {tested.environment})" if tested else "",
        score=tested.score if tested else None,
        source=found.path.name,
        problem=found.problem,
    )


def of_clones(folder: Path) -> list[CatalogEntry]:
    """Return what the components say whose repositories are directly below a folder.

    Raises:
        ConfigError: When the folder cannot be read.
    """
    return [of_repository(one) for one in repositories(folder) if one.kind != PLATFORM]


def _offers_of(found: Neighbour, prefix: str) -> tuple[Offer, ...]:
    match found.kind:
        case "Tool":
            return tuple(_recorded_tools(found.path, prefix))
        case "Memory":
            return tuple(_offers(found.section("spec"), "strategies"))
    return tuple(_offers(found.section("spec", "registry"), "skills"))


def _recorded_tools(path: Path, prefix: str) -> Iterator[Offer]:
    """Yield the tools of a repository, of its recorded contract and its generated page: no code of it is run."""
    try:
        tools = json.loads((path / "tests" / "contract.json").read_text(encoding="utf-8"))["tools"]
        named = {str(one["name"]): _mapping(one.get("inputSchema")) for one in tools}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    try:
        page = (path / "docs" / "tools.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        page = ""
    said = {match["name"]: match["said"].strip() for match in _SECTION.finditer(page)}
    for name, schema in named.items():
        yield Offer(f"{prefix}___{name}" if prefix else name, said.get(name, ""), schema)


def _of_tools(tools: Sequence[Definition]) -> Iterator[Offer]:
    for one in tools:
        yield Offer(one["name"], one["description"], _mapping(one["inputSchema"]))


def _offers(content: Mapping[str, Any], key: str) -> Iterator[Offer]:
    """Yield what stands in a list of groups, each with a name and maybe a description."""
    found = content.get(key)
    for one in found if isinstance(found, list) else ():
        if isinstance(one, Mapping):
            said = one.get("description") or one.get("type") or ""
            yield Offer(str(one.get("name") or one.get("id") or ""), str(said))


def _end(said: Mapping[str, Any]) -> str:
    return f"ends on {said['removal']}; use {said.get('useInstead')}" if said.get("removal") else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
