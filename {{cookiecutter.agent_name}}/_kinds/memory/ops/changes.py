"""What a change of configuration does to what is remembered already: kept, unreachable, deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.delivery import names, stacks
from ops.delivery.place import Place
from ops.delivery.stop import Stop
from ops.spec import Spec, Strategy

_TYPES = {
    "semantic": "SEMANTIC",
    "summary": "SUMMARIZATION",
    "userPreference": "USER_PREFERENCE",
    "episodic": "EPISODIC",
    "custom": "CUSTOM",
    "selfManaged": "CUSTOM",
}


@dataclass(frozen=True)
class Effect:
    """What happens to existing records or events, and whether somebody loses something by it."""

    text: str
    loses: bool = False


def deployed_id(place: Place) -> str:
    """Return the id of the deployed memory. Raises Stop when there is none."""
    found = stacks.outputs(place, names.stack(place.component, place.name, "memory")).get("MemoryId")
    if found is None:
        raise Stop(f"{place.name} has no memory yet", f"make deploy ENV={place.name}")
    return found


def current(place: Place) -> dict[str, Any] | None:
    """Return the memory's configuration as the service has it; None when nothing is deployed."""
    found = stacks.outputs(place, names.stack(place.component, place.name, "memory")).get("MemoryId")
    if found is None:
        return None
    memory: dict[str, Any] = place.client("bedrock-agentcore-control").get_memory(memoryId=found)["memory"]
    return memory


def effects(now: Mapping[str, Any], wanted: Spec) -> list[Effect]:
    """Return what deploying a configuration does to what the memory holds."""
    return [*_expiry(now, wanted), *_strategies(now, wanted), *_keys(now, wanted), *_encryption(now, wanted)]


def _expiry(now: Mapping[str, Any], wanted: Spec) -> Iterator[Effect]:
    before, after = now["eventExpiryDuration"], wanted.event_expiry_days
    if after < before:
        yield Effect(f"events: deleted after {after} days instead of {before}; older ones are lost", loses=True)
    elif after > before:
        yield Effect(f"events: kept for {after} days instead of {before}; those there already keep their own end")


def _strategies(now: Mapping[str, Any], wanted: Spec) -> Iterator[Effect]:
    known = {each["name"]: each for each in now.get("strategies", [])}
    for strategy in wanted.strategies:
        if strategy.name in known:
            yield from _strategy(known[strategy.name], strategy)
        else:
            yield Effect(f"{strategy.name}: new; taken from events from now on, not from earlier ones")
    kept = {each.name for each in wanted.strategies}
    for name, each in known.items():
        if name not in kept:
            place = _template(each)
            text = f"{name}: no longer extracted; its records stay in {place}, where no consumer may read them"
            yield Effect(text, loses=True)


def _strategy(now: Mapping[str, Any], wanted: Strategy) -> Iterator[Effect]:
    name, before, after = wanted.name, _template(now), wanted.namespace_template
    if before != after:
        yield Effect(f"{name}: new records go to {after}; those in {before} become unreachable", loses=True)
    old, new = now.get("recordExpiryDurationDays"), wanted.record_expiry_days
    if new is not None and (old is None or new < old):
        until = f"{old} days" if old else "for ever"
        text = f"{name}: records deleted after {new} days instead of kept {until}"
        yield Effect(f"{text}; older ones are lost", loses=True)
    elif old != new:
        yield Effect(f"{name}: records kept {f'for {new} days' if new else 'for ever'} instead of {old} days")
    if now["type"] != _TYPES[wanted.type]:
        text = f"{name}: replaced, as its type changes ({now['type']} → {_TYPES[wanted.type]})"
        yield Effect(f"{text}; records stay, and are not merged with new ones", loses="{memoryStrategyId}" in after)
    elif before == after and old == new:
        yield Effect(f"{name}: records are kept")


def _keys(now: Mapping[str, Any], wanted: Spec) -> Iterator[Effect]:
    before = {each["key"]: each["type"] for each in now.get("indexedKeys", [])}
    after = {each.key: each.type for each in wanted.indexed_keys}
    for key, kind in before.items():
        if after.get(key) != kind:
            yield Effect(f"indexed key {key}: cannot be removed or changed; the service will refuse it", loses=True)
    for key in [key for key in after if key not in before]:
        yield Effect(f"indexed key {key}: new; can never be removed")


def _encryption(now: Mapping[str, Any], wanted: Spec) -> Iterator[Effect]:
    before = "platform" if now.get("encryptionKeyArn") else "aws"
    if before != wanted.encryption:
        text = f"encryption: {before} → {wanted.encryption} replaces the memory"
        yield Effect(f"{text}; everything in it is lost", loses=True)


def _template(strategy: Mapping[str, Any]) -> str:
    return str((strategy.get("namespaceTemplates") or strategy.get("namespaces") or [""])[0])


def differences(now: Mapping[str, Any], wanted: Spec, description: str) -> list[str]:
    """Return every difference between what is deployed and what the repository says."""
    found = [] if now.get("description") == description else [f"description: {now.get('description')!r}"]
    if now["eventExpiryDuration"] != wanted.event_expiry_days:
        found.append(f"eventExpiryDays: {now['eventExpiryDuration']} deployed, {wanted.event_expiry_days} here")
    there = {each["name"]: _shown(each) for each in now.get("strategies", [])}
    here = {each.name: _wanted(each) for each in wanted.strategies}
    for name in sorted(there.keys() | here.keys()):
        if name not in here:
            found.append(f"strategy {name}: deployed, and not here")
        elif name not in there:
            found.append(f"strategy {name}: here, and not deployed")
        else:
            pairs = [(key, there[name][key], here[name][key]) for key in here[name]]
            found += [f"strategy {name}: {key} {a!r} deployed, {b!r} here" for key, a, b in pairs if a != b]
    old = {each["key"]: each["type"] for each in now.get("indexedKeys", [])}
    new = {each.key: each.type for each in wanted.indexed_keys}
    if old != new:
        found.append(f"indexedKeys: {old} deployed, {new} here")
    encryption = "platform" if now.get("encryptionKeyArn") else "aws"
    if encryption != wanted.encryption:
        found.append(f"encryption: {encryption} deployed, {wanted.encryption} here")
    return found


def _shown(strategy: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": strategy["type"],
        "namespaceTemplate": _template(strategy),
        "description": strategy.get("description"),
        "recordExpiryDays": strategy.get("recordExpiryDurationDays"),
    }


def _wanted(strategy: Strategy) -> dict[str, Any]:
    return {
        "type": _TYPES[strategy.type],
        "namespaceTemplate": strategy.namespace_template,
        "description": strategy.description,
        "recordExpiryDays": strategy.record_expiry_days,
    }
