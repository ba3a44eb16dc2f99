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
SHOWN = ("name", "displayName", "description", "recordType", "descriptors", "recordVersion", "customMetadata")


def _now() -> datetime:
    return datetime.now(UTC)


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
    created: datetime = field(default_factory=_now)
    tags: dict[str, str] = field(default_factory=dict)


class Registry:
    """`agent-registry-control`. Registries live in the shared account; their policy lets the others in."""

    def __init__(self, place: AccountRegion) -> None:
        self.place = place
        self.registries: set[str] = set()
        """The ARNs of the registries that are here."""
        self.records: dict[str, Record] = {}
        self.made = 1
        """The number of the next record: that of one that was removed is not given again."""
        self.unwritable = ""
        """Why nothing can be written now."""

    def create_registry_record(self, p: Mapping[str, Any]) -> dict[str, Any]:
        home = self._home(p["registryId"])
        draft = {name: p[name] for name in SHOWN if name in p}
        draft.setdefault("recordVersion", "1.0.0")
        _check(draft)
        self._refuse_taken(p["registryId"], draft)
        record_id = f"rec{home.made:09d}"
        home.made += 1
        record = Record(record_id, f"{p['registryId']}/record/{record_id}", p["registryId"], draft)
        self.place.cloud.iam.tags[record.arn] = record.tags = dict(p.get("tags", {}))
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
        full = [one for one in full if wanted.get("status", one["status"]) == one["status"]]
        return {"registryRecords": [{k: v for k, v in one.items() if k not in _ONLY_WHOLE} for one in full]}

    def update_registry_record(self, p: Mapping[str, Any]) -> dict[str, Any]:
        record = self._record(p)
        if record.status in ("DEPRECATED", "CREATING", "UPDATING", "CREATE_FAILED"):
            raise ApiError("ConflictException", f"A record in state {record.status} cannot be updated.", 409)
        draft = {**record.draft, **{name: _patched(p[name]) for name in SHOWN if name in p}}
        _check(draft)
        self._refuse_taken(p["registryId"], draft, record)
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
        allowed = {"PENDING_APPROVAL": ("APPROVED", "REJECTED"), "REJECTED": ("APPROVED",), "APPROVED": ("REJECTED",)}
        if record.status == "DEPRECATED" or p["status"] not in (*allowed.get(record.status, ()), "DEPRECATED"):
            raise ApiError("ConflictException", f"{record.status} cannot become {p['status']}.", 409)
        record.status, record.reason = p["status"], p["statusReason"]
        if record.status == "APPROVED":
            record.approved = dict(record.draft)
        return {name: self._full(record)[name] for name in (*_IDS, "status", "statusReason", "updatedAt")}

    def delete_registry_record(self, p: Mapping[str, Any]) -> dict[str, Any]:
        del self._home(p["registryId"]).records[self._record(p).id]
        return {}

    def tag_resource(self, p: Mapping[str, Any]) -> dict[str, Any]:
        self._tagged(p).tags |= p["tags"]
        return {}

    def list_tags_for_resource(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return {"tags": dict(self._tagged(p).tags)}

    def _tagged(self, p: Mapping[str, Any]) -> Record:
        registry, _, record = p["resourceArn"].partition("/record/")
        return self._record({"registryId": registry, "recordId": record})

    def _refuse_taken(self, registry: str, draft: Mapping[str, Any], own: Record | None = None) -> None:
        for other in self._home(registry).records.values():
            same = (other.draft["name"], other.draft["recordVersion"]) == (draft["name"], draft["recordVersion"])
            if other is not own and same:
                raise ApiError("ConflictException", f"A record {draft['name']} {draft['recordVersion']} exists.", 409)

    def _home(self, registry: str) -> Registry:
        account, region = registry.split(":")[4], registry.split(":")[3]
        if region != self.place.region:  # another region knows nothing of it, or has no such service at all
            raise ApiError("ResourceNotFoundException", f"There is no registry {registry} in {self.place.region}.", 404)
        home: Registry = self.place.cloud.at(account, region).service("agent-registry-control")
        if registry not in home.registries:
            raise ApiError("ResourceNotFoundException", f"There is no registry {registry}.", 404)
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


_LONGEST = 128
"""The characters of a value of custom metadata."""
_IDS = ("registryArn", "recordArn", "recordId")
_ONLY_WHOLE = ("descriptors", "statusReason", "customMetadata")


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
    for name, value in draft.get("customMetadata", {}).items():
        if not isinstance(value, bool) and not (isinstance(value, str) and len(value) <= _LONGEST):
            raise ApiError("ValidationException", f"The value of {name} is no text of up to {_LONGEST} characters.")
    try:
        json.loads(descriptor["data"])
    except (KeyError, ValueError):
        raise ApiError("ValidationException", f"The data of {name} is no JSON.") from None
