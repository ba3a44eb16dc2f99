"""Filters by metadata, of events and records: which the service takes, and what passes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentcore_kit.local.aws_protocol.wire import ApiError
from agentcore_kit.local.memory_server.store import Record
from agentcore_kit.local.memory_server.timestamps import seconds


def check_filter(test: Mapping[str, Any], members: Mapping[str, Sequence[str]]) -> None:
    """Refuse a filter that compares what cannot be compared, as far as the service says so."""
    key, operator = test["left"]["metadataKey"], test["operator"]
    if key not in members:
        raise ApiError("ValidationException", f"{key} is not among the indexed keys")
    if operator in ("EXISTS", "NOT_EXISTS"):
        return
    sent = next(iter(test.get("right", {}).get("metadataValue", {})), "nothing")
    wanted = [each for each in members[key] if each in _OPERANDS[operator]]
    if sent not in wanted:
        needed = " or ".join(wanted) or "another operator"
        raise ApiError("ValidationException", f"{operator} of {key} needs {needed}, and there is {sent}")


def filtered(record: Record) -> dict[str, Any]:
    """Return what a record can be filtered by: its metadata, and its times."""
    times = zip(TIMES, (record.created, record.at), strict=True)
    return {**record.metadata, **{key: {"dateTimeValue": at} for key, at in times}}


def metadata_holds(test: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
    """Whether metadata passes a filter that was checked."""
    value = metadata.get(test["left"]["metadataKey"])
    operator = str(test["operator"])
    if operator in ("EXISTS", "NOT_EXISTS"):
        return (value is not None) == (operator == "EXISTS")
    if value is None:
        return False
    ((member, mine),), ((other, wanted),) = value.items(), test["right"]["metadataValue"].items()
    if operator == "CONTAINS":
        return member in _OPERANDS[operator] and all(
            each in mine for each in (wanted if isinstance(wanted, list) else [wanted])
        )
    if member != other:
        return False
    if member == "dateTimeValue":
        mine, wanted = seconds(mine), seconds(wanted)
    holds: bool = _COMPARE[operator](mine, wanted)
    return holds


TIMES = ("x-amz-agentcore-memory-createdAt", "x-amz-agentcore-memory-updatedAt")
"""The service's own keys, which can be filtered by without being declared."""

MEMBERS = {"STRING": ("stringValue",), "STRINGLIST": ("stringListValue", "stringValue"), "NUMBER": ("numberValue",)}
"""What a filter of an indexed key can have, by the key's type."""

_ANY = ("stringValue", "stringListValue", "numberValue", "dateTimeValue")
_OPERANDS = {
    "EQUALS_TO": _ANY,
    "CONTAINS": ("stringValue", "stringListValue"),
    **dict.fromkeys(("BEFORE", "AFTER"), ("dateTimeValue",)),
    **dict.fromkeys(("GREATER_THAN", "GREATER_THAN_OR_EQUALS", "LESS_THAN", "LESS_THAN_OR_EQUALS"), ("numberValue",)),
}

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "EQUALS_TO": lambda a, b: a == b,
    "BEFORE": lambda a, b: a < b,
    "AFTER": lambda a, b: a > b,
    "GREATER_THAN": lambda a, b: a > b,
    "GREATER_THAN_OR_EQUALS": lambda a, b: a >= b,
    "LESS_THAN": lambda a, b: a < b,
    "LESS_THAN_OR_EQUALS": lambda a, b: a <= b,
}
