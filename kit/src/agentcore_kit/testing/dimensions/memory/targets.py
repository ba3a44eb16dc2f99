"""The memory under test: a local one, which can be restarted and whose time can pass, or a deployed one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import boto3
from botocore.config import Config

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.memory import MemorySpec, Strategy
from agentcore_kit.delivery.memory.forget import actor_paths, forget_actor
from agentcore_kit.delivery.memory.state import namespace_template
from agentcore_kit.evaluation.memory_dataset import Case, dataset_path, load
from agentcore_kit.local.memory_server.extraction import Extractor
from agentcore_kit.local.memory_server.extraction.verbatim import Verbatim
from agentcore_kit.local.memory_server.server import MemoryServer, serving
from agentcore_kit.local.memory_server.service import MemoryService
from agentcore_kit.local.memory_server.settings import Settings
from agentcore_kit.local.memory_server.store import DAY, Store
from agentcore_kit.testing.reached import reached

T = TypeVar("T")


def strategies() -> list[Strategy]:
    """Return the strategies of the manifest whose records are taken from conversations."""
    return [each for each in load_manifest().spec.strategies if each.type != "selfManaged"]


@cache
def conversations() -> Sequence[Case]:
    """Return the conversations of the dataset."""
    return load(dataset_path(), load_manifest().spec.strategies)


def conversation(strategy: str) -> Case:
    """Return the shortest conversation of the dataset that a strategy is expected to keep something of."""
    found = [case for case in conversations() if case.expected.get(strategy)]
    return min(found, key=lambda case: (len(case.sessions), sum(len(session.turns) for session in case.sessions)))


@dataclass
class Memory:
    """A memory with clients. Every actor here gets a name of its own; in AWS all are forgotten in the end."""

    spec: MemorySpec
    make_client: Callable[[str, str], Any]
    seconds: float = 0.0
    """How long the service may take to extract; the local memory does it at once."""
    run: str = field(default_factory=lambda: uuid4().hex[:8])
    server: MemoryServer | None = None
    folder: Path = Path()
    restart: Callable[[], None] = lambda: None
    memory_id: str = ""
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def local(self) -> bool:
        """Whether it is the one on this machine."""
        return self.server is not None

    def client(self, caller: str = "owner") -> Any:
        """Return a client of the data plane with the credentials of a caller."""
        return self._client("bedrock-agentcore", caller)

    def described(self) -> Mapping[str, Any]:
        """Return the memory as GetMemory describes it."""
        control = self._client("bedrock-agentcore-control", "owner")
        found: Mapping[str, Any] = control.get_memory(memoryId=self.memory_id)["memory"]
        return found

    def _client(self, service: str, caller: str) -> Any:
        if (service, caller) not in self._clients:
            self._clients[service, caller] = self.make_client(service, caller)
        return self._clients[service, caller]

    def actor(self, name: str) -> str:
        """Return an actor that only this run has."""
        return f"t{self.run}-{name}"

    def say(self, actor: str, session: str, *texts: str, role: str = "USER", at: datetime | None = None) -> str:
        """Write what is said as one event; return its id."""
        payload = [{"conversational": {"content": {"text": text}, "role": role}} for text in texts]
        made = self.client().create_event(
            memoryId=self.memory_id, actorId=actor, sessionId=session, eventTimestamp=at or self.now(), payload=payload
        )
        return str(made["event"]["eventId"])

    def hold(self, actor: str, case: Case) -> dict[str, list[str]]:
        """Hold a conversation of the dataset as an actor; return the ids of its events by session, the newest first."""
        said: dict[str, list[str]] = {}
        begin = self.now()
        for session in case.sessions:
            for turn in session.turns:
                at = begin + timedelta(milliseconds=sum(map(len, said.values())))
                said.setdefault(session.id, []).insert(0, self.say(actor, session.id, turn.text, role=turn.role, at=at))
        return said

    def now(self) -> datetime:
        """Return the time that the memory has."""
        return datetime.fromtimestamp(self.server.service.clock(), UTC) if self.server else datetime.now(UTC)

    def events(self, actor: str, session: str) -> list[dict[str, Any]]:
        """Return the events of a session, the newest first."""
        found: list[dict[str, Any]] = self.client().list_events(
            memoryId=self.memory_id, actorId=actor, sessionId=session
        )["events"]
        return found

    def namespace(self, strategy: str, actor: str, session: str) -> str:
        """Return where a strategy keeps the records of an actor's session."""
        about = next(each for each in self.described()["strategies"] if each["name"] == strategy)
        template = namespace_template(about).replace("{memoryStrategyId}", about["strategyId"])
        return template.replace("{actorId}", actor).replace("{sessionId}", session)

    def path(self, strategy: str, actor: str) -> str:
        """Return the path below which a strategy keeps an actor's records; those of all actors where they share."""
        shared = self.namespace(strategy, "{", "{").partition("{")[0]
        return actor_paths(self.described(), actor).get(strategy, shared)

    def records(self, path: str) -> dict[str, str]:
        """Return the records below a path: their texts by their ids."""
        found = self.client().list_memory_records(memoryId=self.memory_id, namespacePath=path, maxResults=100)
        return {each["memoryRecordId"]: each["content"]["text"] for each in found["memoryRecordSummaries"]}

    def texts(self, path: str) -> list[str]:
        """Return the texts of all records below a path."""
        return list(self.records(path).values())

    def search(self, query: str, path: str, top: int = 10) -> list[dict[str, Any]]:
        """Return what a search below a path finds, best first."""
        criteria = {"searchQuery": query, "topK": top}
        found: list[dict[str, Any]] = self.client().retrieve_memory_records(
            memoryId=self.memory_id, namespacePath=path, searchCriteria=criteria
        )["memoryRecordSummaries"]
        return found

    def until(self, look: Callable[[], T], done: Callable[[T], object] = bool) -> T:
        """Look until it is as it should be, or the service had time enough."""
        end = time.monotonic() + self.seconds
        while not done(seen := look()) and time.monotonic() < end:
            time.sleep(min(5, self.seconds))
        return seen

    def pass_days(self, days: float) -> None:
        """Let time pass. Local only."""
        assert self.server
        now = self.server.service.clock()
        self.server.service.clock = lambda: now + days * DAY


@contextmanager
def local(folder: Path, spec: MemorySpec | None = None, extractor: Extractor | None = None) -> Iterator[Memory]:
    """Serve the local memory from a folder.

    Args:
        folder: Where it keeps what was said.
        spec: A configuration; that of this repository where it is left out.
        extractor: What extracts; word for word where it is left out.
    """
    settings = Settings.of(load_manifest(), {})
    if spec:
        settings = replace(settings, spec=spec)
    running: list[Any] = []

    def client(service: str, caller: str) -> Any:
        return boto3.client(
            service, region_name=settings.region, endpoint_url=memory.server.address if memory.server else "",
            aws_access_key_id=caller, aws_secret_access_key="any",  # noqa: S106 - the local memory asks for none
            config=Config(retries={"max_attempts": 0}),
        )  # fmt: skip

    def start() -> None:
        memory._clients.clear()
        service = MemoryService(settings, Store(folder / "memory.sqlite"), extractor or Verbatim())
        running.append(serving(MemoryServer(service, settings.policies(), 0)))
        memory.server = running[-1].__enter__()

    def restart() -> None:
        clock = memory.server.service.clock if memory.server else time.time
        running.pop().__exit__(None, None, None)
        start()
        if memory.server:
            memory.server.service.clock = clock  # the days that have passed stay passed

    memory = Memory(settings.spec, client, folder=folder, restart=restart, memory_id=settings.memory_id)
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

    with reached():
        context = open_context(environment)
        context.check_account()
        found = deployed_memory(context)
        seconds = 2.5 * context.environment.extraction_seconds  # usually it is about a minute
        memory = Memory(
            context.manifest.spec, lambda service, _: context.client(service), seconds, memory_id=found["id"]
        )
    try:
        yield memory
    finally:
        for actor in _actors(memory):
            forget_actor(memory.client(), found, actor)


def _actors(memory: Memory) -> Sequence[str]:
    pages = memory.client().get_paginator("list_actors").paginate(memoryId=memory.memory_id)
    found = (each["actorId"] for page in pages for each in page["actorSummaries"])
    return [actor for actor in found if actor.startswith(memory.actor(""))]
