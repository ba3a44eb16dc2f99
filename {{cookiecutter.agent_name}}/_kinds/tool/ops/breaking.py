"""What in a new version of the tools would break agents that use the one before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ops.offer import Definition


def breaking(before: Sequence[Definition], after: Sequence[Definition]) -> list[str]:
    """Return every breaking change, one line each: what agents send must still be taken, what they read still come."""
    now = {tool["name"]: tool for tool in after}
    found: list[str] = []
    for old in before:
        name = old["name"]
        if name not in now:
            found.append(f"{name}: the tool is gone")
            continue
        new = now[name]
        found += [f"{name}: {line}" for line in _inputs(old["inputSchema"], new["inputSchema"])]
        found += [f"{name}: {line}" for line in _outputs(old.get("outputSchema", {}), new.get("outputSchema", {}))]
    return found


def _inputs(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before:
        if name not in after:
            yield f"parameter {name} is gone"
        elif lost := _values(before[name]) - _values(after[name]) if _values(after[name]) else set():
            yield f"parameter {name} no longer takes {', '.join(sorted(map(str, lost)))}"
        elif _values(after[name]) and not _values(before[name]):
            yield f"parameter {name} takes only {', '.join(sorted(map(str, _values(after[name]))))} now"
        elif _type(before[name]) != _type(after[name]):
            yield f"parameter {name}: {_type(before[name])} → {_type(after[name])}"
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"parameter {name} is required now"


def _outputs(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before:
        if name not in after:
            yield f"result field {name} is gone"
        elif _type(before[name]) != _type(after[name]):
            yield f"result field {name}: {_type(before[name])} → {_type(after[name])}"


def _values(schema: dict[str, Any]) -> set[Any]:
    return set(schema.get("enum", []))


def _type(schema: dict[str, Any]) -> str:
    return str(schema.get("type") or schema.get("anyOf") or schema.get("$ref") or "any")
