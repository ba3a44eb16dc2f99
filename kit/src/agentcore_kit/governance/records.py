"""The records of the organisation's registry, as a person who decides on them or searches among them needs them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentcore_kit.delivery import registry
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.names import REGISTRY
from agentcore_kit.tool_contract.definitions import Definition

PENDING, APPROVED, REJECTED = "PENDING_APPROVAL", "APPROVED", "REJECTED"
"""States of a record, as the service names them."""

_PUBLISHER = "io.modelcontextprotocol.registry/publisher-provided"
"""Where the description of an MCP server has what its format has no field for."""


@dataclass(frozen=True)
class RegistryEntry:
    """A record of the registry.

    Attributes:
        record: As GetRegistryRecord returns it.
        tags: The tags of the record.
        content: What its primary descriptor says; empty when that is no JSON object.
        tools: The tools that it lists, by the names that agents see.
    """

    record: Mapping[str, Any]
    tags: Mapping[str, str]
    content: Mapping[str, Any] = field(default_factory=dict)
    tools: tuple[Definition, ...] = ()

    @property
    def name(self) -> str:
        """The component's name."""
        return str(self.record["name"])

    @property
    def version(self) -> str:
        """The version that the record describes."""
        return str(self.record.get("recordVersion", ""))

    @property
    def status(self) -> str:
        """Its state, as the service names it."""
        return str(self.record["status"])

    @property
    def reason(self) -> str:
        """Why it is in this state, in the words of who decided; empty when nobody has said why."""
        return str(self.record.get("statusReason") or "")

    @property
    def description(self) -> str:
        """What the component does."""
        return str(self.record.get("description") or "")

    @property
    def kind(self) -> str:
        """Agent, Tool or Memory; the type in the registry of a record that another program has made."""
        of_type = {"AGENT": "Agent", "MCP": "Tool"}
        if self.record["recordType"] == "CUSTOM" and "eventExpiryDays" in self.content:
            return "Memory"
        return of_type.get(self.record["recordType"], str(self.record["recordType"]))

    @property
    def owner(self) -> str:
        """Who answers for the component; empty when nobody is named."""
        return self._fact("owner", "owner")

    @property
    def cost_center(self) -> str:
        """Who pays; empty when it is not said."""
        return self._fact("costCenter", "cost-center")

    @property
    def use_case_id(self) -> str:
        """The use case that it is for; empty when it is not said."""
        return self._fact("useCaseId", "use-case-id")

    @property
    def beside(self) -> Mapping[str, Any]:
        """What a tool says of itself besides the server's description: gateway, prefix, compliance, deprecation."""
        meta = self.content.get("_meta")
        found = meta.get(_PUBLISHER) if isinstance(meta, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    def _fact(self, key: str, tag: str) -> str:
        """Return a fact: of the registry's own metadata, else of the tags, else of what the descriptor says."""
        metadata = self.record.get("customMetadata")
        found = metadata.get(key) if isinstance(metadata, Mapping) else None
        return str(found or self.tags.get(tag) or self.content.get(key) or self.beside.get(key) or "")


def home(context: DeploymentContext) -> registry.Registry:
    """Return the registry that is published in an environment.

    Raises:
        CommandError: When there is none.
    """
    found = registry.home(context)
    if found is None:
        raise CommandError(
            f"account {context.account} has no SSM parameter {REGISTRY} in {context.region}, so no registry is known",
            f"kit deploy --env {context.name} makes or publishes it; or name another environment",
        )
    return found


def entries(context: DeploymentContext, **filters: str) -> list[RegistryEntry]:
    """Return records of the registry, by name.

    Args:
        context: An environment in which a registry is published.
        filters: What the records must have: `status`, `name` or `recordType`, as ListRegistryRecords takes them.

    Raises:
        CommandError: When there is no registry.
    """
    found = home(context)
    wanted = [{"name": name, "values": [value]} for name, value in filters.items()]
    pages = found.control.get_paginator("list_registry_records").paginate(registryId=found.arn, filters=wanted)
    listed = [one for page in pages for one in page["registryRecords"]]
    listed = [one for one in listed if one["name"] == filters.get("name", one["name"])]
    return sorted((read(found, one["recordId"]) for one in listed), key=lambda one: (one.name, one.version))


def read(home: registry.Registry, record_id: str) -> RegistryEntry:
    """Return a record in full, with its tags."""
    record = home.control.get_registry_record(registryId=home.arn, recordId=record_id)
    record.pop("ResponseMetadata", None)
    tags = home.control.list_tags_for_resource(resourceArn=record["recordArn"]).get("tags", {})
    descriptors = record.get("descriptors") or {}
    primary = next((one for one in descriptors.values() if isinstance(one, Mapping)), {})
    tools = primary.get("additionalData", {}).get("tools", {}).get("data", "")
    listed = _object(tools).get("tools")
    return RegistryEntry(record, tags, _object(primary.get("data", "")), tuple(map(_tool, listed or ())))


def _object(text: str) -> dict[str, Any]:
    """Return a JSON object; an empty one for everything else, as others write records as well."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _tool(said: Any) -> Definition:
    """Return the definition of a tool with the fields that the others here read."""
    given = said if isinstance(said, dict) else {}
    return {
        **given,
        "name": str(given.get("name", "")),
        "description": str(given.get("description") or ""),
        "inputSchema": given.get("inputSchema") or {},
    }
