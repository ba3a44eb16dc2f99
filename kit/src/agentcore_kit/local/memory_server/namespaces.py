"""Namespaces: from a template and ids to where a record is, and which of them lie below a path."""

from __future__ import annotations

ROOT = "/"


def resolve(template: str, actor: str, session: str, strategy_id: str) -> str:
    """Return the namespace that a template makes of these ids."""
    values = {"actorId": actor, "sessionId": session, "memoryStrategyId": strategy_id}
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template


def levels(namespace: str) -> list[str]:
    """Return the paths that a namespace lies below, itself last: `/`, `/facts/`, `/facts/alice/`."""
    found = [ROOT]
    for part in namespace.strip("/").split("/"):
        if part:
            found.append(f"{found[-1]}{part}/")
    return found


def as_path(text: str) -> str:
    """Return a path with its closing slash, so that `/facts/actor1` does not reach `/facts/actor10/`."""
    return levels(text)[-1]
