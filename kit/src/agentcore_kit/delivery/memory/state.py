"""A memory's configuration in one form, whoever says it: the service, the manifest, an earlier template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from agentcore_kit.config.memory import MemorySpec
from agentcore_kit.delivery.memory.template import template

_TYPES = {
    "SemanticMemoryStrategy": "SEMANTIC",
    "SummaryMemoryStrategy": "SUMMARIZATION",
    "UserPreferenceMemoryStrategy": "USER_PREFERENCE",
    "EpisodicMemoryStrategy": "EPISODIC",
    "SemanticOverride": "SEMANTIC_OVERRIDE",
    "SummaryOverride": "SUMMARY_OVERRIDE",
    "UserPreferenceOverride": "USER_PREFERENCE_OVERRIDE",
    "EpisodicOverride": "EPISODIC_OVERRIDE",
    "SelfManagedConfiguration": "SELF_MANAGED",
}
"""CloudFormation's words for a strategy, and the service's."""


@dataclass(frozen=True)
class State:
    """What a memory is configured to be. Strategies by name, indexed keys with their types."""

    event_expiry_days: int
    strategies: Mapping[str, Mapping[str, Any]]
    indexed_keys: Mapping[str, str]
    encryption: str


def of_service(memory: Mapping[str, Any]) -> State:
    """Return what GetMemory says."""
    return State(
        int(memory["eventExpiryDuration"]),
        {each["name"]: _deployed(each) for each in memory.get("strategies", [])},
        {each["key"]: each["type"] for each in memory.get("indexedKeys", [])},
        "platform" if memory.get("encryptionKeyArn") else "aws",
    )


def of_manifest(spec: MemorySpec) -> State:
    """Return what the manifest says."""
    return _of_template(template(spec))


def of_template(text: str) -> State:
    """Return what a template, as YAML, says."""
    return _of_template(yaml.safe_load(text))


def namespace_template(strategy: Mapping[str, Any]) -> str:
    """Return where a strategy, as the service has it, keeps its records."""
    return str((strategy.get("namespaceTemplates") or strategy.get("namespaces") or [""])[0])


def _of_template(template: Mapping[str, Any]) -> State:
    memory = template["Resources"]["Memory"]["Properties"]
    strategies = [next(iter(each.items())) for each in memory.get("MemoryStrategies", [])]
    return State(
        int(memory["EventExpiryDuration"]),
        {about["Name"]: _declared(kind, about) for kind, about in strategies},
        {each["Key"]: each["Type"] for each in memory.get("IndexedKeys", [])},
        "platform" if "EncryptionKeyArn" in memory else "aws",
    )


def _deployed(strategy: Mapping[str, Any]) -> dict[str, Any]:
    own = strategy.get("configuration", {}) if strategy["type"] == "CUSTOM" else {}
    found = {
        "type": own.get("type", strategy["type"]),
        "namespaceTemplate": namespace_template(strategy),
        "description": strategy.get("description"),
        "recordExpiryDays": strategy.get("recordExpiryDurationDays"),
    }
    for step in ("extraction", "consolidation", "reflection"):
        for override in own.get(step, {}).get(f"custom{step.capitalize()}Configuration", {}).values():
            found |= _instructions(step, override)
    return found | _pipeline(own.get("selfManagedConfiguration"))


def _declared(kind: str, about: Mapping[str, Any]) -> dict[str, Any]:
    own: Mapping[str, Any] = {}
    if kind == "CustomMemoryStrategy":
        ((kind, own),) = about["Configuration"].items()
    found = {
        "type": _TYPES[kind],
        "namespaceTemplate": about["NamespaceTemplates"][0],
        "description": about.get("Description"),
        "recordExpiryDays": about.get("RecordExpirySpecification", {}).get("RecordExpiryDurationDays"),
    }
    if kind == "SelfManagedConfiguration":
        return found | _pipeline(_camel(own))
    for step, override in own.items():
        found |= _instructions(step.lower(), _camel(override))
    return found


def _instructions(step: str, override: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{step} prompt": override.get("appendToPrompt"), f"{step} model": override.get("modelId")}


def _pipeline(own: Mapping[str, Any] | None) -> dict[str, Any]:
    if own is None:
        return {}
    return {
        "topic": own["invocationConfiguration"]["topicArn"],
        "bucket": own["invocationConfiguration"]["payloadDeliveryBucketName"],
        "context messages": own.get("historicalContextWindowSize"),
        "triggers": {name: rule for each in own["triggerConditions"] for name, rule in each.items()},
    }


def _camel(value: Any) -> Any:
    """Return CloudFormation's names as the service writes them."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _camel(item) for name, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value
