"""AWS Agent Registry: one record a component, updated as a new draft, submitted for approval by people.

Services `agent-registry-control` and `agent-registry`; those of the same name inside bedrock-agentcore were withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.names import REGISTRY
from agentcore_kit.delivery.polling import TookTooLong, wait_until
from agentcore_kit.delivery.ssm import optional, required


@dataclass(frozen=True)
class Descriptor:
    """What a component says of itself: exactly one primary descriptor, its content JSON text (at most 100 KiB)."""

    record_type: str
    kind: str
    data: str
    schema_version: str = ""

    def whole(self) -> dict[str, Any]:
        """Return it as CreateRegistryRecord takes it."""
        version = {"dataSchemaVersion": self.schema_version} if self.schema_version else {}
        return {self.kind: {"data": self.data, **version}}

    def patch(self) -> dict[str, Any]:
        """Return it as UpdateRegistryRecord takes it, which wraps every value."""
        version = {"dataSchemaVersion": _wrapped(self.schema_version)} if self.schema_version else {}
        return _wrapped({self.kind: _wrapped({"data": _wrapped(self.data), **version})})


def find(context: DeploymentContext) -> dict[str, Any] | None:
    """Return the component's record in full, also one that could not be written; None when there is none."""
    registry = required(context, [REGISTRY])[REGISTRY]
    control = context.client("agent-registry-control")
    pages = control.get_paginator("list_registry_records").paginate(
        registryId=registry, filters=[{"name": "name", "values": [context.component]}]
    )
    found = [one for page in pages for one in page["registryRecords"] if one["name"] == context.component]
    alive = [one for one in found if one["status"] != "DEPRECATED"]
    return _settled(context, registry, alive[0]["recordId"]) if alive else None


def published(context: DeploymentContext) -> dict[str, Any] | None:
    """Return the record that this environment has published; None in others, and where the platform has no registry."""
    return find(context) if context.publishes and optional(context, [REGISTRY]) else None


def changes(context: DeploymentContext, record: dict[str, Any] | None, wanted: Descriptor) -> list[str]:
    """Return what publishing would do, one line a change; empty when the record says all this already."""
    version = context.manifest.metadata.version
    if record is None:
        return [f"add record {context.component} {version} ({wanted.kind}) and submit it for approval"]
    same = (
        record["recordVersion"] == version
        and record.get("description") == context.manifest.metadata.description
        and record.get("descriptors") == wanted.whole()
    )
    match record["status"]:
        case "CREATE_FAILED":
            return [f"add record {context.component} {version} again, as it could not be written, and submit it"]
        case "PENDING_APPROVAL" | "APPROVED" if same:
            return []
        case "DRAFT" if same:
            return [f"submit record {context.component} {version} for approval"]
        case "REJECTED" if same:
            raise CommandError(
                f"record {context.component} {version} was rejected: {record.get('statusReason') or 'no reason given'}",
                f"change what the approver asks for in manifest.yaml, then kit register --env {context.name}",
            )
        case "PENDING_APPROVAL":
            raise CommandError(
                f"record {context.component} {record['recordVersion']} waits for approval and cannot be changed before",
                f"ask the approver to decide, then kit register --env {context.name}",
            )
        case _:
            return [
                f"new draft of record {context.component}: {record['recordVersion']} → {version}, submit for approval"
            ]


def publish(context: DeploymentContext, record: dict[str, Any] | None, wanted: Descriptor) -> dict[str, Any]:
    """Write the record and submit it; return it as it is then. An approved revision stays discoverable meanwhile."""
    registry = required(context, [REGISTRY])[REGISTRY]
    control, about = context.client("agent-registry-control"), context.manifest.metadata
    if record and record["status"] == "CREATE_FAILED":  # nothing to update, but its name and version are taken
        delete(context, record)
        record = None
    if record is None:
        made = control.create_registry_record(
            registryId=registry,
            name=about.name,
            displayName=about.name,
            description=about.description,
            recordType=wanted.record_type,
            recordVersion=about.version,
            descriptors=wanted.whole(),
        )
        record_id = made["recordArn"].rpartition("/")[2]
    else:
        record_id = record["recordId"]
        if record["status"] != "DRAFT" or record.get("descriptors") != wanted.whole():
            control.update_registry_record(
                registryId=registry,
                recordId=record_id,
                recordVersion=about.version,
                description=_wrapped(about.description),
                descriptors=wanted.patch(),
            )
    written = _settled(context, registry, record_id)
    if written["status"].endswith("_FAILED"):
        raise CommandError(
            f"the registry could not write record {record_id}: {written.get('statusReason', 'no reason given')}",
            f"correct manifest.yaml, then kit register --env {context.name}",
        )
    control.submit_registry_record_for_approval(registryId=registry, recordId=record_id)
    return _settled(context, registry, record_id)


def retire(context: DeploymentContext, record: dict[str, Any], reason: str) -> None:
    """Say for good that an approved record is not to be used; remove one that nobody has approved."""
    if record["status"] != "APPROVED":
        delete(context, record)
        return
    context.client("agent-registry-control").update_registry_record_status(
        registryId=required(context, [REGISTRY])[REGISTRY],
        recordId=record["recordId"],
        status="DEPRECATED",
        statusReason=reason,
    )


def delete(context: DeploymentContext, record: dict[str, Any]) -> None:
    """Remove a record."""
    registry = required(context, [REGISTRY])[REGISTRY]
    context.client("agent-registry-control").delete_registry_record(registryId=registry, recordId=record["recordId"])


def _settled(context: DeploymentContext, registry: str, record_id: str) -> dict[str, Any]:
    control = context.client("agent-registry-control")

    def look() -> dict[str, Any]:
        found: dict[str, Any] = control.get_registry_record(registryId=registry, recordId=record_id)
        found.pop("ResponseMetadata", None)
        return found

    try:
        return wait_until(look, lambda seen: seen["status"] not in ("CREATING", "UPDATING"))
    except TookTooLong:
        raise CommandError(
            f"record {record_id} is still being written", f"kit register --env {context.name}, in a while"
        ) from None


def _wrapped(value: Any) -> dict[str, Any]:
    return {"optionalValue": value}
