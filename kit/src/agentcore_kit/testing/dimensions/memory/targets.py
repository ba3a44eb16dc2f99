"""The memory under test: a local one, which can be restarted and whose time can pass, or a deployed one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import boto3
from botocore.config import Config

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.memory import MemorySpec
from agentcore_kit.local.memory_server.server import MemoryServer, build, serving
from agentcore_kit.local.memory_server.settings import Settings
from agentcore_kit.local.memory_server.store import DAY
from agentcore_kit.testing.reached import reached

T = TypeVar("T")
TARGET = os.environ.get("TARGET", "local")
LOCAL = TARGET == "local"

PATIENCE_SECONDS = 2.5 * float(os.environ.get("EXTRACTION_SECONDS") or 120)
"""How long the service may take to extract. Usually it is about a minute; the local memory does it at once."""


@dataclass
class Memory:
    """A memory with clients. Every actor here gets a name of its own, and is forgotten in the end."""

    memory_id: str
    spec: MemorySpec
    make_client: Callable[[str, str], Any]
    run: str = field(default_factory=lambda: uuid4().hex[:8])
    server: MemoryServer | None = None
    folder: Path = Path()
    restart: Callable[[], None] = lambda: None
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, caller: str = "owner") -> Any:
        """Return a client of the data plane with the credentials of a caller."""
        return self._client("bedrock-agentcore", caller)

    def control(self) -> Any:
        """Return a client of the control plane."""
        return self._client("bedrock-agentcore-control", "owner")

    def _client(self, service: str, caller: str) -> Any:
        if (service, caller) not in self._clients:
            self._clients[service, caller] = self.make_client(service, caller)
        return self._clients[service, caller]

    def actor(self, name: str) -> str:
        """Return an actor that only this run has."""
        return f"t{self.run}-{name}"

    def say(self, actor: str, session: str, *texts: str, at: datetime | None = None) -> str:
        """Write what the actor says as one event; return its id."""
        payload = [{"conversational": {"content": {"text": text}, "role": "USER"}} for text in texts]
        made = self.client().create_event(
            memoryId=self.memory_id, actorId=actor, sessionId=session, eventTimestamp=at or self.now(), payload=payload
        )
        return str(made["event"]["eventId"])

    def now(self) -> datetime:
        """Return the time that the memory has."""
        return datetime.fromtimestamp(self.server.service.clock(), UTC) if self.server else datetime.now(UTC)

    def events(self, actor: str, session: str) -> list[dict[str, Any]]:
        """Return the events of a session."""
        found: list[dict[str, Any]] = self.client().list_events(
            memoryId=self.memory_id, actorId=actor, sessionId=session
        )["events"]
        return found

    def texts(self, context: str) -> list[str]:
        """Return the texts of all records below a path."""
        found = self.client().list_memory_records(memoryId=self.memory_id, namespacePath=context, maxResults=100)
        return [each["content"]["text"] for each in found["memoryRecordSummaries"]]

    def search(self, query: str, context: str, top: int = 10) -> list[dict[str, Any]]:
        """Return what a search below a path finds, best first."""
        criteria = {"searchQuery": query, "topK": top}
        found: list[dict[str, Any]] = self.client().retrieve_memory_records(
            memoryId=self.memory_id, namespacePath=context, searchCriteria=criteria
        )["memoryRecordSummaries"]
        return found

    def until(self, look: Callable[[], T], done: Callable[[T], bool]) -> T:
        """Look until it is as it should be, or the service had time enough."""
        end = time.monotonic() + (0 if LOCAL else PATIENCE_SECONDS)
        while not done(seen := look()) and time.monotonic() < end:
            time.sleep(5)
        return seen

    def pass_days(self, days: float) -> None:
        """Let time pass. Local only."""
        assert self.server
        now = self.server.service.clock()
        self.server.service.clock = lambda: now + days * DAY


@contextmanager
def local(folder: Path, spec: MemorySpec | None = None) -> Iterator[Memory]:
    """Serve the local memory of this repository, or of another configuration, from a folder."""
    settings = Settings.of(load_manifest(), {})
    if spec:
        settings = Settings(settings.name, settings.description, settings.region, spec, settings.extractor)
    running: list[Any] = []

    def client(service: str, caller: str) -> Any:
        return boto3.client(
            service, region_name=settings.region, endpoint_url=memory.server.address if memory.server else "",
            aws_access_key_id=caller, aws_secret_access_key="any", config=Config(retries={"max_attempts": 0}),
        )  # fmt: skip

    def start() -> None:
        memory._clients.clear()
        running.append(serving(build(settings, folder, 0)))
        memory.server = running[-1].__enter__()

    def restart() -> None:
        clock = memory.server.service.clock if memory.server else time.time
        running.pop().__exit__(None, None, None)
        start()
        if memory.server:
            memory.server.service.clock = clock  # the days that have passed stay passed

    memory = Memory(settings.memory_id, settings.spec, client, folder=folder, restart=restart)
    start()
    try:
        yield memory
    finally:
        running.pop().__exit__(None, None, None)


@contextmanager
def deployed(environment: str) -> Iterator[Memory]:
    """Use the memory of an environment in AWS, and forget everything that was said in the end."""
    from agentcore_kit.delivery.context import open_context
    from agentcore_kit.delivery.memory.changes import deployed as deployed_memory
    from agentcore_kit.delivery.memory.forget import forget_actor

    with reached():
        context = open_context(environment)
        context.check_account()
        found = deployed_memory(context)
        memory = Memory(found["id"], context.manifest.spec, lambda service, _: context.client(service))
    try:
        yield memory
    finally:
        for actor in _actors(memory):
            forget_actor(memory.client(), found, actor)


def _actors(memory: Memory) -> Sequence[str]:
    pages = memory.client().get_paginator("list_actors").paginate(memoryId=memory.memory_id)
    found = (each["actorId"] for page in pages for each in page["actorSummaries"])
    return [actor for actor in found if actor.startswith(memory.actor(""))]
