"""What a change of configuration does to what is remembered already: kept, unreachable, deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from agentcore_kit.delivery import names, stacks
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError, error_code
from agentcore_kit.delivery.memory.state import State

_PLAIN = ("type", "namespaceTemplate", "description", "recordExpiryDays")
"""What every strategy has; the rest are a custom one's instructions."""


@dataclass(frozen=True)
class Effect:
    """What happens to existing records or events, and whether somebody loses something by it."""

    text: str
    loses: bool = False


def deployed(context: DeploymentContext) -> dict[str, Any]:
    """Return the memory as the service has it.

    Raises:
        CommandError: When there is none.
    """
    memory = current(context)
    if memory is None:
        raise CommandError(f"nothing is deployed in {context.name}", f"kit deploy --env {context.name}")
    return memory


def current(context: DeploymentContext) -> dict[str, Any] | None:
    """Return the memory as the service has it; None when nothing is deployed.

    Raises:
        CommandError: When it was deleted, and its stack was not.
    """
    found = stacks.outputs(context, names.stack(context.component, context.name, "memory")).get("MemoryId")
    if found is None:
        return None
    try:
        memory: dict[str, Any] = context.client("bedrock-agentcore-control").get_memory(memoryId=found)["memory"]
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        raise CommandError(
            f"memory {found} of {context.name} was deleted, with all that it held; its stack is still there",
            f"a new, empty one: kit destroy --env {context.name}, then kit deploy --env {context.name}",
        ) from None
    return memory


def effects(now: State, wanted: State) -> list[Effect]:
    """Return what deploying a configuration does to what the memory holds."""
    return [*_expiry(now, wanted), *_strategies(now, wanted), *_keys(now, wanted)]


def _expiry(now: State, wanted: State) -> Iterator[Effect]:
    before, after = now.event_expiry_days, wanted.event_expiry_days
    if after < before:
        yield Effect(f"events: deleted after {after} days instead of {before}; older ones are lost", loses=True)
    elif after > before:
        yield Effect(f"events: kept for {after} days instead of {before}; those there already keep their own end")


def _strategies(now: State, wanted: State) -> Iterator[Effect]:
    for name, strategy in wanted.strategies.items():
        if name in now.strategies:
            yield from _strategy(name, now.strategies[name], strategy)
        else:
            yield Effect(f"{name}: new; taken from events from now on, not from earlier ones")
    for name in [name for name in now.strategies if name not in wanted.strategies]:
        template = now.strategies[name]["namespaceTemplate"]
        text = f"{name}: no longer extracted; its records stay in {template}, where no consumer may read them"
        yield Effect(f"{text} and `kit forget` does not look", loses=True)


def _strategy(name: str, now: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Effect]:
    before, after = now["namespaceTemplate"], wanted["namespaceTemplate"]
    if before != after:
        text = f"{name}: new records go to {after}; those in {before} become unreachable"
        yield Effect(f"{text}, also for `kit forget`", loses=True)
    old, new = now["recordExpiryDays"], wanted["recordExpiryDays"]
    if new is not None and (old is None or new < old):
        until = f"{old} days" if old else "for ever"
        text = f"{name}: records deleted after {new} days instead of kept {until}"
        yield Effect(f"{text}; older ones are lost", loses=True)
    elif old != new:
        yield Effect(f"{name}: records kept {f'for {new} days' if new else 'for ever'} instead of {old} days")
    instructions = [key for key in _different(now, wanted) if key not in _PLAIN]
    if now["type"] != wanted["type"]:
        text = f"{name}: replaced, as its type changes ({now['type']} → {wanted['type']})"
        yield Effect(f"{text}; records stay, and are not merged with new ones", loses="{memoryStrategyId}" in after)
    elif instructions:
        yield Effect(f"{name}: records are kept; new ones come from other instructions ({', '.join(instructions)})")
    elif before == after and old == new:
        yield Effect(f"{name}: records are kept")


def _keys(now: State, wanted: State) -> Iterator[Effect]:
    for key, kind in now.indexed_keys.items():
        if wanted.indexed_keys.get(key) != kind:
            yield Effect(f"indexed key {key}: cannot be removed or changed; the service will refuse it", loses=True)
    for key in [key for key in wanted.indexed_keys if key not in now.indexed_keys]:
        yield Effect(f"indexed key {key}: new; can never be removed")


def differences(now: State, wanted: State) -> list[str]:
    """Return every difference between what is deployed and what the repository says of the memory itself."""
    found = []
    if now.event_expiry_days != wanted.event_expiry_days:
        found.append(f"eventExpiryDays: {now.event_expiry_days} deployed, {wanted.event_expiry_days} here")
    for name in sorted(now.strategies.keys() | wanted.strategies.keys()):
        if name not in wanted.strategies:
            found.append(f"strategy {name}: deployed, and not here")
        elif name not in now.strategies:
            found.append(f"strategy {name}: here, and not deployed")
        else:
            there, here = now.strategies[name], wanted.strategies[name]
            for key in _different(there, here):
                said = f"{_shown(there.get(key))} deployed, {_shown(here.get(key))} here"
                found.append(f"strategy {name}: {key} {said}")
    if now.indexed_keys != wanted.indexed_keys:
        found.append(f"indexedKeys: {now.indexed_keys} deployed, {wanted.indexed_keys} here")
    if now.encryption != wanted.encryption:
        found.append(f"encryption: {now.encryption} deployed, {wanted.encryption} here")
    return found


def _different(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return [key for key in {**one, **other} if one.get(key) != other.get(key)]


def _shown(value: Any) -> str:
    """Return a value for one line; of a prompt its beginning."""
    long = isinstance(value, str) and len(value) > 60
    return f"{value[:40]!r}… ({len(value)} characters)" if long else repr(value)
