"""Agent Registry: records from draft to approved or rejected, a new draft over an approved revision, discovery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion

SCHEMAS = {"a2aAgentCard": "0.3", "mcpServer": "2025-12-11"}
PRIMARY = {"AGENT": {"a2aAgentCard", "custom"}, "MCP": {"mcpServer", "custom"}, "CUSTOM": {"custom"}}
SHOWN = ("name", "displayName", "description", "recordType", "descriptors", "recordVersion")


@dataclass
class Record:
    """A record: its draft, and the revision that was approved last."""

    id: str
    arn: str
    registry: str
    draft: dict[str, Any]
    status: str = "CREATING"
    reason: str = ""
    approved: dict[str, Any] | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


class Registry:
    """`agent-registry-control`. Registries live in the shared account; their policy lets the others in."""

    def __init__(self, place: AccountRegion) -> None:
        self.place = place
        self.records: dict[str, Record] = {}
        self.unwritable = ""
        """Why nothing can be written now."""

    def create_registry_record(self, p: Mapping[str, Any]) -> dict[str, Any]:
        home = self._home(p["registryId"])
        draft = {name: p[name] for name in SHOWN if name in p}
        draft.setdefault("recordVersion", "1.0.0")
        _check(draft)
        for other in home.records.values():
            if (other.draft["name"], other.draft["recordVersion"]) == (draft["name"], draft["recordVersion"]):
                raise ApiError("ConflictException", f"A record {draft['name']} {draft['recordVersion']} exists.", 409)
        record_id = f"rec{len(home.records) + 1:09d}"
        record = Record(record_id, f"{p['registryId']}/record/{record_id}", p["registryId"], draft)
        home.records[record_id] = record
        return {"recordArn": record.arn, "status": record.status}

    def get_registry_record(self, p: Mapping[str, Any]) -> dict[str, Any]:
        record = self._record(p)
        if record.status in ("CREATING", "UPDATING"):
            record.reason = self._home(p["registryId"]).unwritable
            record.status = record.status.replace("ING", "E_FAILED") if record.reason else "DRAFT"
        return self._full(record)

    def list_registry_records(self, p: Mapping[str, Any]) -> dict[str, Any]:
        wanted = {one["name"]: one["values"][0] for one in p.get("filters", [])}
        records = self._home(p["registryId"]).records.values()
        found = [record for record in records if wanted.get("name", record.draft["name"]) == record.draft["name"]]
        full = [self._full(record) for record in found]
        return {"registryRecords": [{k: v for k, v in one.items() if k not in _ONLY_WHOLE} for one in full]}

    def update_registry_record(self, p: Mapping[str, Any]) -> dict[str, Any]:
        record = self._record(p)
        if record.status in ("DEPRECATED", "PENDING_APPROVAL", "CREATING", "UPDATING", "CREATE_FAILED"):
            raise ApiError("ConflictException", f"A record in state {record.status} cannot be updated.", 409)
        draft = {**record.draft, **{name: _patched(p[name]) for name in SHOWN if name in p}}
        _check(draft)
        record.draft, record.status, record.reason = draft, "UPDATING", ""
        return self._full(record)

    def submit_registry_record_for_approval(self, p: Mapping[str, Any]) -> dict[str, Any]:
        record = self._record(p)
        if record.status not in ("DRAFT", "REJECTED"):
            raise ApiError("ConflictException", f"A record in state {record.status} cannot be submitted.", 409)
        record.status = "PENDING_APPROVAL"
        return {name: self._full(record)[name] for name in (*_IDS, "status", "updatedAt")}

    def update_registry_record_status(self, p: Mapping[str, Any]) -> dict[str, Any]:
        record = self._record(p)
        allowed = {"PENDING_APPROVAL": ("APPROVED", "REJECTED"), "APPROVED": ("DEPRECATED",)}
        if p["status"] not in allowed.get(record.status, ()):
            raise ApiError("ConflictException", f"{record.status} cannot become {p['status']}.", 409)
        record.status, record.reason = p["status"], p["statusReason"]
        if record.status == "APPROVED":
            record.approved = dict(record.draft)
        return {name: self._full(record)[name] for name in (*_IDS, "status", "statusReason", "updatedAt")}

    def delete_registry_record(self, p: Mapping[str, Any]) -> dict[str, Any]:
        del self._home(p["registryId"]).records[self._record(p).id]
        return {}

    def _home(self, registry: str) -> Registry:
        account, region = registry.split(":")[4], registry.split(":")[3]
        home: Registry = self.place.cloud.at(account, region).service("agent-registry-control")
        return home

    def _record(self, p: Mapping[str, Any]) -> Record:
        found = self._home(p["registryId"]).records.get(p["recordId"].rpartition("/")[2])
        if found is None:
            raise ApiError("ResourceNotFoundException", f"No record {p['recordId']}.", 404)
        return found

    def _full(self, record: Record) -> dict[str, Any]:
        reason = {"statusReason": record.reason} if record.reason else {}
        return {
            **record.draft,
            **reason,
            "registryArn": record.registry,
            "recordArn": record.arn,
            "recordId": record.id,
            "status": record.status,
            "createdAt": record.created,
            "updatedAt": datetime.now(UTC),
        }


_IDS = ("registryArn", "recordArn", "recordId")
_ONLY_WHOLE = ("descriptors", "statusReason")


def _patched(value: Any) -> Any:
    """Take `{"optionalValue": …}` off a PATCH, at every level."""
    if isinstance(value, Mapping):
        if set(value) == {"optionalValue"}:
            return _patched(value["optionalValue"])
        return {name: _patched(item) for name, item in value.items()}
    return value


def _check(draft: Mapping[str, Any]) -> None:
    descriptors = draft["descriptors"]
    if len(descriptors) != 1 or not set(descriptors) <= PRIMARY.get(draft["recordType"], set()):
        raise ApiError("ValidationException", f"{draft['recordType']} needs exactly one of its primary descriptors.")
    ((name, descriptor),) = descriptors.items()
    if name in SCHEMAS and descriptor.get("dataSchemaVersion") != SCHEMAS[name]:
        raise ApiError("ValidationException", f"{name} has no schema version {descriptor.get('dataSchemaVersion')!r}.")
    try:
        json.loads(descriptor["data"])
    except (KeyError, ValueError):
        raise ApiError("ValidationException", f"The data of {name} is no JSON.") from None
