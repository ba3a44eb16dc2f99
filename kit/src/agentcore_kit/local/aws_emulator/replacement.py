"""What CloudFormation replaces: the properties that are fixed once a resource is made, and what a change leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentcore_kit.local.aws_emulator.resource_schemas import create_only

UNKNOWN = "{{"
"""How a value begins that is known only when another resource has been made."""


def replaced_by(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the properties that differ and cannot be changed in place: with one, a new resource takes its place.

    Args:
        kind: The type of the resource.
        before: Its properties as it is.
        after: Its properties as the template wants them.
    """
    differing = [path for path in create_only(kind) if _at(before, path) != _at(after, path)]
    return sorted({path[0] for path in differing})


def _at(properties: Any, path: Sequence[str]) -> Any:
    for name in path:
        properties = properties.get(name) if isinstance(properties, Mapping) else None
    return properties


def modification(kind: str, before: Mapping[str, Any], after: Mapping[str, Any], policy: str) -> dict[str, Any]:
    """Return what a change set says of a resource that changes: whether it is replaced, and by which properties.

    Args:
        kind: The type of the resource.
        before: Its properties as it is.
        after: Its properties as the template wants them; the same as before where only tags of the stack change.
        policy: Its UpdateReplacePolicy: Retain, Delete, Snapshot.
    """
    changed = sorted(name for name in {**before, **after} if before.get(name) != after.get(name))
    fixed = replaced_by(kind, before, after)
    known = [name for name in fixed if UNKNOWN not in repr(after.get(name))]
    replacement = "True" if known else "Conditional" if fixed else "False"
    details = [
        {
            "Target": {
                "Attribute": "Properties",
                "Name": name,
                "RequiresRecreation": "Always" if name in known else "Conditionally" if name in fixed else "Never",
            },
            "Evaluation": "Dynamic" if UNKNOWN in repr(after.get(name)) else "Static",
        }
        for name in changed
    ] or [{"Target": {"Attribute": "Tags", "RequiresRecreation": "Never"}, "Evaluation": "Static"}]
    action = {"PolicyAction": f"ReplaceAnd{policy}"} if known else {}
    return {"Replacement": replacement, "Details": details, **action}
