"""Entries of components.yaml, and the environments of the platform in which tests ask for their roles."""

from __future__ import annotations

from typing import Any

from agentcore_kit.config.components import Component
from agentcore_kit.delivery.context import DeploymentContext, open_context

ENTRIES: dict[str, dict[str, Any]] = {
    "Agent": {"gateways": ["company-tools"]},
    "Tool": {"gateways": ["company-tools"]},
    "Memory": {},
}


def entry(kind: str, **more: Any) -> Component:
    """Return an entry of a kind, named as the repository that tests generate of it."""
    return Component.model_validate(
        {
            "name": f"example-{kind.lower()}",
            "kind": kind,
            "owner": "platform-team",
            "costCenter": "CC-1",
            "useCaseId": "UC-1",
            "monthlyBudgetUsd": 100,
            "environments": ["dev", "preprod", "prod"],
            **ENTRIES[kind],
            **more,
        }
    )


def contexts() -> dict[str, DeploymentContext]:
    """Return the environments of this platform that components have something in."""
    return {name: open_context(name) for name in ("shared", "dev", "preprod", "prod")}
