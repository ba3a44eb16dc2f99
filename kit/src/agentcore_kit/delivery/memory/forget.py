"""`forget`: delete everything of one person, here or in AWS, and prove it by searching."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import typer

from agentcore_kit.delivery.errors import GATE_NOT_PASSED, WRONG_INPUT, CommandError, reported_errors
from agentcore_kit.delivery.memory.state import namespace_template
from agentcore_kit.local.memory_server.settings import PORT

Memory = Mapping[str, Any]
"""A memory as GetMemory describes it."""

_BATCH = 100


def forget(
    actor: Annotated[str, typer.Option(help="The person's actor id, as the agent writes it.")] = "",
    env: Annotated[str, typer.Option(help="An environment in AWS; empty: the memory that `kit dev` serves.")] = "",
    port: Annotated[int, typer.Option(help="Where `kit dev` serves.")] = PORT,
) -> None:
    """Delete all events and records of an actor. Exit code 1 when something is still there afterwards."""
    with reported_errors():
        if not actor:
            raise CommandError("--actor is missing: who is to be forgotten", "kit forget --actor ID", WRONG_INPUT)
        if "/" in actor:  # a part of somebody's records, or those of everybody
            raise CommandError(f"{actor} is no actor id: it has a slash", "kit forget --actor ID", WRONG_INPUT)
        client, memory, confirm = _deployed(env) if env else _local(port)
        events, records = found(client, memory, actor)
        print(f"plan:\n  - delete {len(events)} events and {len(records)} records of actor {actor} in {memory['id']}")
        if events or records:
            confirm()
        forget_actor(client, memory, actor)
        print(f"= nothing of actor {actor} is left in {memory['id']}: no event, no record, and no search finds any")


def forget_actor(client: Any, memory: Memory, actor: str) -> None:
    """Delete everything of an actor, then look again.

    Args:
        client: Of the data plane.
        memory: As the service has it: where records are is for it to say, whatever the manifest says by now.
        actor: The actor's id.

    Raises:
        CommandError: When something is left.
    """
    memory_id = memory["id"]
    for _ in range(3):  # what is extracted meanwhile is deleted in the next round
        events, records = found(client, memory, actor)
        if not events and not records:
            break
        for session, event in events:
            client.delete_event(memoryId=memory_id, actorId=actor, sessionId=session, eventId=event)
        for start in range(0, len(records), _BATCH):
            batch = [{"memoryRecordId": each, "namespace": where} for each, where in records[start : start + _BATCH]]
            client.batch_delete_memory_records(memoryId=memory_id, records=batch)
    events, records = found(client, memory, actor)
    paths = actor_paths(memory, actor).values()
    searched = [text for path in paths for text in _search(client, memory_id, path, actor)]
    if events or records or searched:
        left = f"{len(events)} events, {len(records)} records, {len(searched)} hits of a search"
        raise CommandError(
            f"something of actor {actor} is still there: {left}", "type the same again in a minute", GATE_NOT_PASSED
        )


def found(client: Any, memory: Memory, actor: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the events of an actor, each with its session before it, and its records, each with its namespace."""
    memory_id = memory["id"]
    events = [(session, event) for session in _sessions(client, memory_id, actor)
              for event in _events(client, memory_id, actor, session)]  # fmt: skip
    records: list[tuple[str, str]] = []
    for path in actor_paths(memory, actor).values():
        pages = client.get_paginator("list_memory_records").paginate(memoryId=memory_id, namespacePath=path)
        records += [
            (one["memoryRecordId"], one["namespaces"][0]) for page in pages for one in page["memoryRecordSummaries"]
        ]
    return events, records


def actor_paths(memory: Memory, actor: str) -> dict[str, str]:
    """Return the path below which an actor's records are, by strategy. Namespaces that actors share are not among them.

    Raises:
        CommandError: For a template that gives one actor no path, as what cannot be looked for may still be there.
    """
    paths = {}
    for strategy in memory.get("strategies", []):
        template = namespace_template(strategy).replace("{memoryStrategyId}", strategy["strategyId"])
        head, variable, _ = template.partition("{actorId}")
        if variable and "{" in head:
            raise CommandError(
                f"strategy {strategy['name']} keeps records in {template}, where one actor's cannot be found",
                "nothing was deleted; put {actorId} first in its template, and delete what is in the old one by hand",
            )
        if variable:
            paths[strategy["name"]] = f"{head}{actor}/"
    return paths


def _sessions(client: Any, memory_id: str, actor: str) -> Iterator[str]:
    pages = client.get_paginator("list_sessions").paginate(memoryId=memory_id, actorId=actor)
    yield from (one["sessionId"] for page in pages for one in page["sessionSummaries"])


def _events(client: Any, memory_id: str, actor: str, session: str) -> Iterator[str]:
    pages = client.get_paginator("list_events").paginate(
        memoryId=memory_id, actorId=actor, sessionId=session, includePayloads=False
    )
    yield from (one["eventId"] for page in pages for one in page["events"])


def _search(client: Any, memory_id: str, path: str, actor: str) -> list[str]:
    criteria = {"searchQuery": f"everything about {actor}", "topK": 100}
    hits = client.retrieve_memory_records(memoryId=memory_id, namespacePath=path, searchCriteria=criteria)
    return [one["memoryRecordId"] for one in hits["memoryRecordSummaries"]]


def _local(port: int) -> tuple[Any, Memory, Callable[[], None]]:
    import boto3
    from botocore.exceptions import EndpointConnectionError

    from agentcore_kit.local.memory_server.settings import Settings

    settings, address = Settings.from_files(), f"http://127.0.0.1:{port}"
    client, control = (
        boto3.client(
            service, region_name=settings.region, endpoint_url=address,
            aws_access_key_id="owner", aws_secret_access_key="local",  # noqa: S106 - the local memory asks for none
        )
        for service in ("bedrock-agentcore", "bedrock-agentcore-control")
    )  # fmt: skip
    try:
        memory = control.get_memory(memoryId=settings.memory_id)["memory"]
    except EndpointConnectionError:
        raise CommandError(
            f"no local memory answers at {address}", "kit dev, in another terminal; or --env …, for one in AWS"
        ) from None
    return client, memory, lambda: None


def _deployed(env: str) -> tuple[Any, Memory, Callable[[], None]]:
    from agentcore_kit.delivery import output
    from agentcore_kit.delivery.context import open_context
    from agentcore_kit.delivery.memory.changes import deployed

    context = open_context(env)
    output.header("forget", context)
    context.check_account()
    return context.client("bedrock-agentcore"), deployed(context), lambda: output.confirm(context)
