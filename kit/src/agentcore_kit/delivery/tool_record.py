"""What AWS Agent Registry is told of the tools: an MCP server's description, and the tools that it serves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentcore_kit.config.manifest import Manifest
from agentcore_kit.delivery.registry import Descriptor
from agentcore_kit.tool_contract.definitions import Definition

SERVER_SCHEMA, TOOLS_SCHEMA = "2025-12-11", "2025-11-25"
"""Versions of server.json, and of MCP, whose tool definitions these are."""


@dataclass(frozen=True)
class McpDescriptor(Descriptor):
    """A descriptor with the list of tools beside it."""

    tools: str = ""

    def whole(self) -> dict[str, Any]:
        found = super().whole()
        found[self.kind] |= {"additionalData": {"tools": {"data": self.tools, "dataSchemaVersion": TOOLS_SCHEMA}}}
        return found

    def patch(self) -> dict[str, Any]:
        found = super().patch()
        tools = {"data": {"optionalValue": self.tools}, "dataSchemaVersion": {"optionalValue": TOOLS_SCHEMA}}
        inner = found["optionalValue"][self.kind]["optionalValue"]
        inner["additionalData"] = {"optionalValue": {"tools": {"optionalValue": tools}}}
        return found


def descriptor_of(manifest: Manifest, tools: Sequence[Definition]) -> McpDescriptor:
    """Return the descriptor of a version's tools, by the names that agents see."""
    about, spec = manifest.metadata, manifest.spec
    server = {
        "$schema": f"https://static.modelcontextprotocol.io/schemas/{SERVER_SCHEMA}/server.schema.json",
        "name": f"{spec.registry.namespace}/{about.name}",
        "title": spec.registry.title or about.name,
        "description": about.description[:100],
        "version": about.version,
        "_meta": {"io.modelcontextprotocol.registry/publisher-provided": _beside(manifest)},
    }
    listed = {"tools": [{**tool, "name": f"{spec.prefix}___{tool['name']}"} for tool in tools]}
    return McpDescriptor("MCP", "mcpServer", _json(server), SERVER_SCHEMA, _json(listed))


def tools_in(record: dict[str, Any] | None) -> list[Definition]:
    """Return the tools that a record lists; none when there is no record."""
    found = (record or {}).get("descriptors", {}).get("mcpServer", {}).get("additionalData", {}).get("tools", {})
    tools: list[Definition] = json.loads(found["data"])["tools"] if found else []
    return [{**tool, "name": tool["name"].rpartition("___")[2]} for tool in tools]


def _beside(manifest: Manifest) -> dict[str, Any]:
    about, spec = manifest.metadata, manifest.spec
    end = spec.deprecation
    return {
        "owner": about.owner,
        "useCaseId": about.use_case_id,
        "gateway": spec.gateway.name,
        "prefix": spec.prefix,
        "compliance": spec.compliance.model_dump(by_alias=True),
        "deprecation": end and {"removal": end.removal.isoformat(), "useInstead": end.use_instead},
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
