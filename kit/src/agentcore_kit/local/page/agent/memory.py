"""What the agent's memory holds for whoever asks: their records by strategy, as far as the agent may read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from opentelemetry.instrumentation.utils import suppress_instrumentation
from starlette.requests import Request

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.local.memory_server.namespaces import resolve
from agentcore_kit.local.page.agent.asker import asker
from agentcore_kit.serving.memory import memory_client, safe_id
from agentcore_kit.serving.settings import AgentSettings

_DENIED = "AccessDeniedException"
_AT_ONCE = 20
"""How many records are read at once; the page asks for more."""


def memory(settings: AgentSettings, request: Request, _: Any) -> dict[str, Any]:
    """Return the memory's id, under which name it knows the user, and its strategies; no id where there is no memory.

    Raises:
        BodyRefused: When there is no usable token.
        CommandError: When the memory cannot be asked.
    """
    user = asker(settings, request).user_id
    if settings.environment.memory is None:
        return {"id": None, "user": user}
    found = _strategies(settings)
    return {"id": settings.environment.memory.id, "user": user, "actor": safe_id(user), "strategies": [*found.values()]}


def records(settings: AgentSettings, request: Request, body: Any) -> dict[str, Any]:
    """Return a page of the user's records of one `strategy`, as the service has them, or why it refuses them.

    Raises:
        BodyRefused: When there is no usable token.
        ConfigError: When there is no such strategy.
        CommandError: When the memory cannot be asked.
    """
    user = asker(settings, request).user_id
    found = _strategies(settings) if settings.environment.memory else {}
    strategy, token = found.get(body.get("strategy")), body.get("nextToken")
    if strategy is None or not isinstance(token, str | None):
        raise ConfigError([f"strategy: one of {', '.join(found) or 'a memory, which this agent has not'}"])
    if "{actorId}" not in strategy["namespaceTemplate"].partition("{sessionId}")[0]:
        return {"refused": "It keeps the records of all users together; they are not shown here."}
    wanted = {
        "memoryId": settings.environment.memory and settings.environment.memory.id,
        "namespacePath": _namespace(strategy, safe_id(user)),
        "memoryStrategyId": strategy["id"],
        "maxResults": _AT_ONCE,
        **({"nextToken": token} if token else {}),
    }
    with _asking():
        try:
            page = memory_client(settings).list_memory_records(**wanted)
        except ClientError as error:
            if error.response["Error"]["Code"] != _DENIED:
                raise
            return {"refused": error.response["Error"]["Message"]}
    more = {"nextToken": page["nextToken"]} if page.get("nextToken") else {}
    return {"memoryRecordSummaries": [_plain(one) for one in page["memoryRecordSummaries"]], **more}


def _strategies(settings: AgentSettings) -> dict[Any, dict[str, str]]:
    """Return the strategies of the memory by id, in the words of the page of a memory."""
    chosen = settings.environment.memory
    with _asking():
        client = memory_client(settings, "bedrock-agentcore-control")
        found = client.get_memory(memoryId=chosen and chosen.id)["memory"].get("strategies", [])
    return {
        each["strategyId"]: {
            "id": each["strategyId"],
            "name": each["name"],
            "type": each["type"],
            "description": each.get("description", ""),
            "namespaceTemplate": (each.get("namespaceTemplates") or each.get("namespaces") or ["/"])[0],
        }
        for each in found
    }


def _namespace(strategy: dict[str, str], actor: str) -> str:
    """Return where a strategy keeps an actor's records: its namespace up to what differs by session."""
    return resolve(strategy["namespaceTemplate"].partition("{sessionId}")[0], actor, "", strategy["id"])


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as the service sends it: times in seconds since 1970."""
    return {name: value.timestamp() if isinstance(value, datetime) else value for name, value in record.items()}


@contextmanager
def _asking() -> Iterator[None]:
    """Ask the memory without a trace of it, and say what to do when it does not answer."""
    try:
        with suppress_instrumentation():
            yield
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"the memory failed: {error}", "start it with make dev in its repository") from None
