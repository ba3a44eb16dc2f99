"""AWS Agent Registry: one record a component, updated as a new draft, submitted for approval by people.

The organisation has one registry, which few regions have: it is asked in the region that its ARN names. What an edit
does to a record (AWS, "Record lifecycle"): an approved revision stays discoverable until the next one is approved, and
one that waits for approval is discarded. Services `agent-registry-control` and `agent-registry`; those of the same name
inside bedrock-agentcore were withdrawn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.names import REGISTRY, record_metadata, tags
from agentcore_kit.delivery.polling import TookTooLong, wait_until
from agentcore_kit.delivery.ssm import optional

_ARN = re.compile(r"arn:aws[a-z-]*:agent-registry:(?P<region>[a-z0-9-]+):[0-9]{12}:registry/[a-zA-Z0-9]{12,16}")


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


@dataclass(frozen=True)
class Registry:
    """The organisation's registry, and a client in its region."""

    arn: str
    control: Any


def home(context: DeploymentContext) -> Registry | None:
    """Return the registry that the platform publishes in an environment; None where it publishes none.

    Raises:
        CommandError: When what is published is no ARN of a registry.
    """
    arn = optional(context, [REGISTRY]).get(REGISTRY)
    if arn is None:
        return None
    if not (match := _ARN.fullmatch(arn)):
        raise CommandError(
            f"SSM parameter {REGISTRY} of account {context.account} is {arn}, no registry; nothing was changed",
            "the platform repository publishes it: it must be arn:aws:agent-registry:REGION:ACCOUNT:registry/ID",
        )
    return Registry(arn, context.client("agent-registry-control", match["region"]))


def not_published(context: DeploymentContext) -> str:
    """Return why this environment writes no record; an empty text where it does."""
    if not context.publishes:
        publisher = context.manifest.delivery.publisher
        return f"the record is {publisher}'s" if context.is_production else "only production publishes"
    if home(context) is None:
        return f"no registry is published in account {context.account} ({REGISTRY} in {context.region})"
    return ""


def find(context: DeploymentContext) -> dict[str, Any] | None:
    """Return the component's record in full, also one that could not be written; None when there is none."""
    registry = home(context)
    if registry is None:
        return None
    alive = [one for one in _listed(context, registry) if one["status"] != "DEPRECATED"]
    return _settled(context, registry, alive[0]["recordId"]) if alive else None


def published(context: DeploymentContext) -> dict[str, Any] | None:
    """Return the record that this environment has published; None in others, and where the platform has no registry."""
    return find(context) if context.publishes else None


def changes(context: DeploymentContext, record: dict[str, Any] | None, wanted: Descriptor) -> list[str]:
    """Return what publishing would do, one line a change; empty when the record says all this already.

    Args:
        context: An environment that publishes, where `not_published` gives no reason.
        record: The record as `find` returned it.
        wanted: What the component says of itself.

    Raises:
        CommandError: When an approver has rejected exactly this.
    """
    registry, lines = _required(context), _revision(context, record, wanted)
    if lines and (gone := _retired(context, registry)):
        lines = [
            f"remove the retired record {context.component} {gone['recordVersion']}, which has its version",
            *lines,
        ]
    if record and record["status"] != "CREATE_FAILED" and (missing := _missing_tags(context, registry, record)):
        lines.append(f"tag record {context.component}: {', '.join(missing)}")
    return lines


def _revision(context: DeploymentContext, record: dict[str, Any] | None, wanted: Descriptor) -> list[str]:
    """Return what has to be done so that people decide on what the component says now."""
    version = context.manifest.metadata.version
    if record is None:
        return [f"add record {context.component} {version} ({wanted.kind}) and submit it for approval"]
    before, same = record["recordVersion"], _says(context, record, wanted)
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
    moved = f"{before} → {version}" if before != version else f"{version} says something else"
    line = f"new draft of record {context.component}: {moved}, submit for approval"
    if record["status"] == "PENDING_APPROVAL":
        return [line, f"{before}, which waits for approval, is discarded; what was approved before stays discoverable"]
    return [line]


def publish(context: DeploymentContext, record: dict[str, Any] | None, wanted: Descriptor) -> dict[str, Any]:
    """Write the record, tag it and submit it; return it as it is then.

    An approved revision stays discoverable meanwhile.
    """
    registry, about = _required(context), context.manifest.metadata
    lines = _revision(context, record, wanted)
    if lines and (gone := _retired(context, registry)):
        delete(context, gone)
    if record and record["status"] == "CREATE_FAILED":  # nothing to update, but its name and version are taken
        delete(context, record)
        record = None
    if record is None:
        made = registry.control.create_registry_record(
            registryId=registry.arn,
            name=about.name,
            displayName=about.name,
            description=about.description,
            recordType=wanted.record_type,
            recordVersion=about.version,
            descriptors=wanted.whole(),
            customMetadata=record_metadata(context.manifest),
            tags=tags(context.manifest, context.environment),
        )
        record_id = made["recordArn"].rpartition("/")[2]
    else:
        record_id = record["recordId"]
        if missing := _missing_tags(context, registry, record):
            registry.control.tag_resource(resourceArn=record["recordArn"], tags=missing)
        if not lines:
            return record
        if record["status"] != "DRAFT" or not _says(context, record, wanted):
            registry.control.update_registry_record(
                registryId=registry.arn,
                recordId=record_id,
                recordVersion=about.version,
                description=_wrapped(about.description),
                descriptors=wanted.patch(),
                customMetadata=_wrapped(record_metadata(context.manifest)),
            )
    written = _settled(context, registry, record_id)
    if written["status"].endswith("_FAILED"):
        raise CommandError(
            f"the registry could not write record {record_id}: {written.get('statusReason', 'no reason given')}",
            f"correct manifest.yaml, then kit register --env {context.name}",
        )
    registry.control.submit_registry_record_for_approval(registryId=registry.arn, recordId=record_id)
    return _settled(context, registry, record_id)


def delete(context: DeploymentContext, record: dict[str, Any]) -> None:
    """Remove a record. Who may change its status may approve it as well, so a component's pipeline never does that."""
    registry = _required(context)
    registry.control.delete_registry_record(registryId=registry.arn, recordId=record["recordId"])


def _required(context: DeploymentContext) -> Registry:
    registry = home(context)
    if registry is None:
        raise CommandError(
            f"{not_published(context)}; nothing was changed", "the platform repository publishes it: deploy it there"
        )
    return registry


def _listed(context: DeploymentContext, registry: Registry) -> list[dict[str, Any]]:
    """Return the records of the component's name, the retired ones among them."""
    pages = registry.control.get_paginator("list_registry_records").paginate(
        registryId=registry.arn, filters=[{"name": "name", "values": [context.component]}]
    )
    return [one for page in pages for one in page["registryRecords"] if one["name"] == context.component]


def _retired(context: DeploymentContext, registry: Registry) -> dict[str, Any] | None:
    """Return a retired record that has the version which is to be written: name and version are there once."""
    version = context.manifest.metadata.version
    found = (one for one in _listed(context, registry) if one["status"] == "DEPRECATED")
    return next((one for one in found if one["recordVersion"] == version), None)


def _says(context: DeploymentContext, record: dict[str, Any], wanted: Descriptor) -> bool:
    """Return whether a record says what the component says now. One of an earlier release may have no metadata."""
    about, metadata = context.manifest.metadata, record_metadata(context.manifest)
    said = (record["recordVersion"], record.get("description"), record.get("descriptors"))
    same = said == (about.version, about.description, wanted.whole())
    return same and record.get("customMetadata", metadata) == metadata


def _missing_tags(context: DeploymentContext, registry: Registry, record: dict[str, Any]) -> dict[str, str]:
    """Return the tags that a record has not, or with another value. What else it is tagged with stays."""
    known = registry.control.list_tags_for_resource(resourceArn=record["recordArn"]).get("tags", {})
    wanted = tags(context.manifest, context.environment)
    return {name: value for name, value in wanted.items() if known.get(name) != value}


def _settled(context: DeploymentContext, registry: Registry, record_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        found: dict[str, Any] = registry.control.get_registry_record(registryId=registry.arn, recordId=record_id)
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
