"""What each consumer may do: IAM statements with conditions on actor and namespace.

The same statements are deployed as managed policies and enforced by the local memory. It asks them for each record of a
batch; how the service puts the namespaces of a batch into one IAM request is not documented, see infra/README.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentcore_kit.config.memory import EVENTS, Consumer, MemorySpec, Strategy

SERVICE = "bedrock-agentcore"
NAMESPACE, NAMESPACE_PATH, ACTOR = (f"{SERVICE}:{key}" for key in ("namespace", "namespacePath", "actorId"))

READ_EVENTS = ("GetEvent", "ListEvents", "ListSessions")
WRITE_EVENTS = ("CreateEvent", "DeleteEvent")
READ_RECORDS = ("ListMemoryRecords", "RetrieveMemoryRecords")
WRITE_RECORDS = (
    "BatchCreateMemoryRecords",
    "BatchDeleteMemoryRecords",
    "BatchUpdateMemoryRecords",
    "DeleteMemoryRecord",
)

_ID = "?*"
"""Any id, and at least one character: with an empty one, a path would reach all actors."""

_STRATEGY_ID_END = "-" + "?" * 10
"""The service adds ten characters of its own to a strategy's name."""


def statements(spec: MemorySpec, consumer: Consumer, memory: Any) -> list[dict[str, Any]]:
    """Return the statements of a consumer's policy; `memory` is the memory's ARN, or an expression for it."""

    def allow(sid: str, actions: Iterable[str], condition: dict[str, Any] | None = None) -> dict[str, Any]:
        statement = {
            "Sid": sid,
            "Effect": "Allow",
            "Action": [f"{SERVICE}:{action}" for action in actions],
            "Resource": memory,
        }
        return statement | ({"Condition": condition} if condition else {})

    # A slash in an actor's id would make its namespaces lie under another actor's.
    plain = {"StringNotLike": {ACTOR: "*/*"}}
    readable = [spec.strategy(name) for name in consumer.read if name != EVENTS]
    writable = [spec.strategy(name) for name in consumer.write if name != EVENTS]
    found = [allow("SeeConfiguration", ["GetMemory"])]
    if EVENTS in consumer.read:
        found.append(allow("ReadEvents", READ_EVENTS, plain))
    if EVENTS in consumer.write:
        found.append(allow("WriteEvents", WRITE_EVENTS, plain))
    if readable:
        exact = _like(NAMESPACE, [pattern(each) for each in readable])
        below = _like(NAMESPACE_PATH, [path_pattern(each) for each in readable])
        found.append(allow("ReadRecords", ["GetMemoryRecord", *READ_RECORDS], exact))
        found.append(allow("ReadRecordsBelow", READ_RECORDS, below))
    if writable:
        exact = _like(NAMESPACE, [pattern(each) for each in writable])
        found.append(allow("WriteRecords", WRITE_RECORDS, exact))
    return found


def _like(key: str, patterns: list[str]) -> dict[str, Any]:
    """Return the condition that a namespace is one of these. Where a call names none, StringLike does not hold.

    A slash is a character like others to IAM, so an empty part would match any id, and reach all actors as a path.
    """
    return {"StringLike": {key: patterns}, "StringNotLike": {key: "*//*"}}


def pattern(strategy: Strategy) -> str:
    """Return what the namespaces of a strategy look like to IAM."""
    text = strategy.namespace_template.replace("{memoryStrategyId}", f"{strategy.name}{_STRATEGY_ID_END}")
    return text.replace("{actorId}", _ID).replace("{sessionId}", _ID)


def path_pattern(strategy: Strategy) -> str:
    """Return the same for paths: one actor's, with all sessions below it."""
    text = pattern(strategy)
    if strategy.namespace_template.endswith("/{actorId}/{sessionId}/"):
        return text.removesuffix(f"{_ID}/")
    return text
