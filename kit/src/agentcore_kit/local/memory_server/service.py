"""The operations of AgentCore Memory: one method each, with parameters that the service's model has accepted."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5

from agentcore_kit.config.memory import Strategy
from agentcore_kit.local.aws_protocol.wire import ApiError
from agentcore_kit.local.memory_server.extraction import Change, Extractor, Message
from agentcore_kit.local.memory_server.extraction.messages import said
from agentcore_kit.local.memory_server.metadata_filters import MEMBERS, TIMES, check_filter, filtered, metadata_holds
from agentcore_kit.local.memory_server.namespaces import as_path, resolve
from agentcore_kit.local.memory_server.pages import page_of
from agentcore_kit.local.memory_server.settings import Settings, strategy_id
from agentcore_kit.local.memory_server.store import DAY, After, Event, Record, Store, new_record_id
from agentcore_kit.local.memory_server.timestamps import seconds

Parameters = Mapping[str, Any]
Answer = dict[str, Any]

_PURGE_EVERY = 500
_EARLIER = 6
"""How many events before a new one an extractor sees."""

_ATTEMPTS = 8
"""How often it is decided anew what an event teaches, because its conversation or what is known changed meanwhile."""


@dataclass(frozen=True)
class _Seen:
    """What an extractor decides from: the events before, and what is known, by strategy."""

    earlier: list[Event]
    known: Mapping[str, list[Record]]


Learned = Sequence[tuple[str, Change]]
"""What an event changes, each with the id of the strategy."""


class MemoryService:
    """One memory: its configuration, its store, and what extracts. `clock` tells seconds since 1970."""

    def __init__(
        self, settings: Settings, store: Store, extractor: Extractor, clock: Callable[[], float] = time.time
    ) -> None:
        self.settings, self.store, self.extractor, self.clock = settings, store, extractor, clock
        self._strategies = {strategy_id(each): each for each in settings.spec.strategies}
        self._writes = 0
        self.started = clock()
        store.purge(self.started)

    # Short-term memory

    def create_event(self, p: Parameters) -> Answer:
        """Keep what was said, and take from it at once what the strategies want; the service takes about a minute."""
        now, at = self.clock(), seconds(p["eventTimestamp"])
        _plain(p["actorId"])
        token = p.get("clientToken")
        session = p.get("sessionId") or f"session-{uuid5(NAMESPACE_OID, token or uuid4().hex).hex}"
        branch = p.get("branch") or {}
        expires = at + self.settings.spec.event_expiry_days * DAY
        event = Event(
            _event_id(at), p["actorId"], session, at, list(p["payload"]), dict(p.get("metadata", {})),
            branch.get("name"), branch.get("rootEventId"),
        )  # fmt: skip
        messages = said(event.payload, event.metadata) if p.get("extractionMode") != "SKIP" else []
        for attempt in range(1, _ATTEMPTS + 1):
            # What is learned is decided without holding up anybody else; only the last attempt keeps them waiting.
            with self.store.transaction() if attempt == _ATTEMPTS else nullcontext():
                if token and (known := self.store.event_of(event.actor, session, token)):
                    return {"event": self._event(known)}
                seen = self._seen(event, now)
                learned = self._learned(event, messages, seen) if messages else []
                if kept := self._kept(event, expires, token, seen, learned, now):
                    break
        self._purge_sometimes(now)
        return {"event": self._event(kept or event)}

    def get_event(self, p: Parameters) -> Answer:
        return {"event": self._event(self._found_event(p))}

    def list_events(self, p: Parameters) -> Answer:
        """Return a session's events, the newest first; of one branch, or with `includeParentBranches` from its root."""
        actor, session, now, wanted = p["actorId"], p["sessionId"], self.clock(), p.get("filter", {})
        branch, tests = wanted.get("branch"), wanted.get("eventMetadata", [])
        for test in tests:
            check_filter(test, {test["left"]["metadataKey"]: ("stringValue",)})  # of events any key can be filtered by
        with_parents = branch is not None and branch.get("includeParentBranches", False)
        branches = self._lineage(actor, session, branch["name"], now, with_parents=with_parents) if branch else []
        page, token = page_of(
            lambda after, limit: self.store.events(
                actor, session, now, limit=limit, after=after, branches=branches
            ),
            p, _newest, keep=lambda event: all(metadata_holds(test, event.metadata) for test in tests),
        )  # fmt: skip
        shown = [self._event(each, payload=p.get("includePayloads", True)) for each in page]
        return {"events": shown, **token}

    def delete_event(self, p: Parameters) -> Answer:
        event = self._found_event(p)
        self.store.delete_event(event.id)
        return {"eventId": event.id}

    def list_sessions(self, p: Parameters) -> Answer:
        """Return the sessions in which an actor has events; with the last of these a session goes."""
        actor, now = p["actorId"], self.clock()
        page, token = page_of(
            lambda after, limit: self.store.sessions(actor, now, limit=limit, after=after),
            p, lambda each: (each[1], each[0]), (float, str),
        )  # fmt: skip
        shown = [{"sessionId": each[0], "actorId": actor, "createdAt": each[1]} for each in page]
        return {"sessionSummaries": shown, **token}

    def list_actors(self, p: Parameters) -> Answer:
        now = self.clock()
        page, token = page_of(
            lambda after, limit: self.store.actors(now, limit=limit, after=after[0] if after else ""),
            p, lambda each: (each,), (str,),
        )  # fmt: skip
        return {"actorSummaries": [{"actorId": each} for each in page], **token}

    # Long-term memory

    def retrieve_memory_records(self, p: Parameters) -> Answer:
        """Return the records nearest to a query in a namespace, or below a path, best first."""
        where, below = _where(p)
        criteria = p["searchCriteria"]
        top = criteria.get("topK", 10)
        strategy, filters = criteria.get("memoryStrategyId"), criteria.get("metadataFilters", [])
        keep = self._keep(strategy, filters)
        limit = 1000 if filters or strategy else top
        found = self.store.search(criteria["searchQuery"], where, self.clock(), limit, below=below)
        ranked = [each for each in found if keep(each)][:top]

        def key(each: Record) -> tuple[float, float, float]:
            return each.score or 0, *_newest(each)

        def read(after: Any, limit: int) -> list[Record]:
            return [each for each in ranked if after is None or key(each) < after][:limit]

        page, token = page_of(read, p, key, (float, float, float), size=top)
        return {"memoryRecordSummaries": [_record(each, score=True) for each in page], **token}

    def list_memory_records(self, p: Parameters) -> Answer:
        where, below = _where(p)
        now, keep = self.clock(), self._keep(p.get("memoryStrategyId"), p.get("metadataFilters", []))
        page, token = page_of(
            lambda after, limit: self.store.records(where, now, below=below, limit=limit, after=after),
            p, _newest, keep=keep,
        )  # fmt: skip
        return {"memoryRecordSummaries": [_record(each) for each in page], **token}

    def get_memory_record(self, p: Parameters) -> Answer:
        return {"memoryRecord": _record(self._found_record(p))}

    def delete_memory_record(self, p: Parameters) -> Answer:
        record = self._found_record(p)
        self.store.delete_record(record.id)
        return {"memoryRecordId": record.id}

    def batch_create_memory_records(self, p: Parameters) -> Answer:
        """Write records as they are: corrections by hand, or the results of a self-managed strategy."""
        done: list[Answer] = []
        with self.store.transaction():
            for sent in p["records"]:
                now, strategy = self.clock(), sent.get("memoryStrategyId", "none")
                days = p.get("recordExpirySpecification", {}).get("recordExpiryDurationDays", self._days(strategy))
                record = Record(
                    new_record_id(), strategy, (sent["namespaces"] or ["/"])[0], sent["content"]["text"], now,
                    seconds(sent["timestamp"]), None, now + days * DAY if days else None,
                    dict(sent.get("metadata", {})),
                )  # fmt: skip
                self.store.put_record(record)
                done.append(_done(record.id, requestIdentifier=sent["requestIdentifier"]))
        return {"successfulRecords": done, "failedRecords": []}

    def batch_update_memory_records(self, p: Parameters) -> Answer:
        done: list[Answer] = []
        failed: list[Answer] = []
        with self.store.transaction():
            for sent in p["records"]:
                record = self.store.record(sent["memoryRecordId"], self.clock())
                if record is None or sent.get("sourceNamespaces", [record.namespace]) != [record.namespace]:
                    failed.append(_failed(sent["memoryRecordId"]))
                    continue
                record.at = seconds(sent["timestamp"])
                record.text = sent.get("content", {}).get("text", record.text)
                record.namespace = (sent.get("namespaces") or [record.namespace])[0]
                record.strategy = sent.get("memoryStrategyId", record.strategy)
                record.metadata = dict(sent.get("metadata", record.metadata))
                self.store.put_record(record)
                done.append(_done(record.id))
        return {"successfulRecords": done, "failedRecords": failed}

    def batch_delete_memory_records(self, p: Parameters) -> Answer:
        done: list[Answer] = []
        failed: list[Answer] = []
        with self.store.transaction():
            for sent in p["records"]:
                record = self.store.record(sent["memoryRecordId"], self.clock())
                if record is None or sent.get("namespace", record.namespace) != record.namespace:
                    failed.append(_failed(sent["memoryRecordId"]))
                else:
                    self.store.delete_record(record.id)
                    done.append(_done(record.id))
        return {"successfulRecords": done, "failedRecords": failed}

    def list_memory_extraction_jobs(self, _: Parameters) -> Answer:
        """Return the jobs that failed: none, as extraction is a part of writing an event here."""
        return {"jobs": []}

    # The control plane's part that clients of the data plane use

    def get_memory(self, _: Parameters) -> Answer:
        """Return the configuration, as it was deployed to this machine."""
        spec, now = self.settings.spec, self.started
        strategies = [
            {
                "strategyId": key,
                "name": each.name,
                "description": each.description,
                "type": _TYPES.get(each.type, "CUSTOM"),
                "namespaces": [each.namespace_template],
                "namespaceTemplates": [each.namespace_template],
                "createdAt": now,
                "updatedAt": now,
                "status": "ACTIVE",
                **({"recordExpiryDurationDays": each.record_expiry_days} if each.record_expiry_days else {}),
            }
            for key, each in self._strategies.items()
        ]
        keys = [{"key": each.key, "type": each.type} for each in spec.indexed_keys]
        return {
            "memory": {
                **self._about(),
                "name": self.settings.name,
                "description": self.settings.description,
                "eventExpiryDuration": spec.event_expiry_days,
                "strategies": strategies,
                **({"indexedKeys": keys} if keys else {}),
            }
        }

    def list_memories(self, _: Parameters) -> Answer:
        return {"memories": [self._about()]}

    # What the operations share

    def _seen(self, event: Event, now: float) -> _Seen:
        # Of this time too: behind its time and every number.
        after = (event.at, math.inf)
        earlier = self.store.events(event.actor, event.session, now, limit=_EARLIER, after=after)
        known = {}
        for key, namespace in self._namespaces(event).items():
            found = self.store.records(namespace, now, below=False)
            known[key] = [each for each in found if each.strategy == key]
        return _Seen(earlier, known)

    def _learned(self, event: Event, messages: Sequence[Message], seen: _Seen) -> Learned:
        earlier = [message for each in reversed(seen.earlier) for message in said(each.payload, each.metadata)]
        return [
            (key, change)
            for key, known in seen.known.items()
            for change in self.extractor.extract(self._strategies[key], messages, earlier, known)
        ]

    def _kept(
        self, event: Event, expires: float, token: str | None, seen: _Seen, learned: Learned, now: float
    ) -> Event | None:
        """Keep an event and what it teaches, both or none; None when that was decided from what is no longer so."""
        with self.store.transaction():
            if learned and self._seen(event, now) != seen:
                return None  # it could bring back what was forgotten or corrected meanwhile
            if event.branch and event.branch != "main":
                self._check_branch(event, now)
            kept = self.store.add_event(event, expires, token)
            if kept is event:
                namespaces = self._namespaces(event)
                for key, change in learned:
                    self._apply(change, self._strategies[key], key, namespaces[key], event, now)
        return kept

    def _namespaces(self, event: Event) -> dict[str, str]:
        """Return where records of an event are, by the id of the strategy."""
        return {
            key: resolve(each.namespace_template, event.actor, event.session, key)
            for key, each in self._strategies.items()
            if each.type != "selfManaged"  # its own pipeline writes its records
        }

    def _apply(self, change: Change, strategy: Strategy, key: str, namespace: str, event: Event, now: float) -> None:
        for record_id in change.forget:
            self.store.delete_record(record_id)
        if not change.text:
            return
        old = self.store.about(namespace, key, change.topic, now) if change.topic else None
        if old and old.at > event.at:
            return  # what is known is newer
        days = strategy.record_expiry_days
        expires = now + days * DAY if days else None
        created, record_id = (old.created, old.id) if old else (now, new_record_id())
        self.store.put_record(Record(record_id, key, namespace, change.text, created, event.at, change.topic, expires))

    def _check_branch(self, event: Event, now: float) -> None:
        known = [(str(event.branch), None)]
        if self.store.events(event.actor, event.session, now, limit=1, branches=known):
            event.root = self.store.root(event.actor, event.session, str(event.branch), now)
        elif event.root is None:
            raise ApiError("ValidationException", f"branch {event.branch} is new: rootEventId is needed")
        elif not self.store.event(event.actor, event.session, event.root, now):
            raise ApiError("ResourceNotFoundException", f"Event {event.root} does not exist.", 404)

    def _lineage(
        self, actor: str, session: str, name: str, now: float, *, with_parents: bool
    ) -> list[tuple[str, After | None]]:
        """Return a branch, and those it grew from, each up to the event where it did."""
        found: dict[str, After | None] = {name: None}
        while with_parents and (root := self.store.root(actor, session, name, now)):
            event = self.store.event(actor, session, root, now)
            name = (event.branch or "main") if event else name
            if event is None or name in found:
                break
            found[name] = (event.at, event.seq)
        return list(found.items())

    def _found_event(self, p: Parameters) -> Event:
        event = self.store.event(p["actorId"], p["sessionId"], p["eventId"], self.clock())
        if event is None:
            raise ApiError("ResourceNotFoundException", f"Event {p['eventId']} does not exist.", 404)
        return event

    def _found_record(self, p: Parameters) -> Record:
        record = self.store.record(p["memoryRecordId"], self.clock())
        if record is None or p.get("namespace", record.namespace) != record.namespace:
            raise ApiError("ResourceNotFoundException", f"Memory record {p['memoryRecordId']} does not exist.", 404)
        return record

    def _keep(self, strategy: str | None, filters: Sequence[Any]) -> Callable[[Record], bool]:
        """Return what tells whether a record is of a strategy and passes filters, which are checked."""
        members = {each.key: MEMBERS[each.type] for each in self.settings.spec.indexed_keys}
        for test in filters:
            check_filter(test, members | dict.fromkeys(TIMES, ("dateTimeValue",)))
        return lambda each: (
            strategy in (None, each.strategy) and all(metadata_holds(test, filtered(each)) for test in filters)
        )

    def _days(self, strategy: str) -> int | None:
        return self._strategies[strategy].record_expiry_days if strategy in self._strategies else None

    def _purge_sometimes(self, now: float) -> None:
        self._writes += 1
        if self._writes % _PURGE_EVERY == 0:
            self.store.purge(now)

    def _about(self) -> Answer:
        now = self.started
        about = {"arn": self.settings.arn, "id": self.settings.memory_id, "status": "ACTIVE"}
        return {**about, "createdAt": now, "updatedAt": now}

    def _event(self, event: Event, *, payload: bool = True) -> Answer:
        root = {"rootEventId": event.root} if event.root else {}
        return {
            "memoryId": self.settings.memory_id,
            "actorId": event.actor,
            "sessionId": event.session,
            "eventId": event.id,
            "eventTimestamp": event.at,
            "payload": event.payload if payload else [],
            **({"branch": {"name": event.branch, **root}} if event.branch else {}),
            **({"metadata": event.metadata} if event.metadata else {}),
        }


_TYPES = {
    "semantic": "SEMANTIC",
    "summary": "SUMMARIZATION",
    "userPreference": "USER_PREFERENCE",
    "episodic": "EPISODIC",
}


def _record(record: Record, *, score: bool = False) -> Answer:
    found: Answer = {
        "memoryRecordId": record.id,
        "content": {"text": record.text},
        "memoryStrategyId": record.strategy,
        "namespaces": [record.namespace],
        "createdAt": record.created,
        "timestamp": record.at,
    }
    if record.metadata:
        found["metadata"] = record.metadata
    return found | ({"score": record.score} if score and record.score is not None else {})


def _done(record_id: str, **more: str) -> Answer:
    return {"memoryRecordId": record_id, "status": "SUCCEEDED", **more}


def _failed(record_id: str) -> Answer:
    return {"memoryRecordId": record_id, "status": "FAILED", "errorCode": 404, "errorMessage": "no such record"}


def _plain(actor: str) -> None:
    """Refuse an id whose namespaces would lie under another actor's. The consumers' policies refuse it in AWS."""
    if "/" in actor:
        raise ApiError(
            "ValidationException", f"actorId {actor!r} has a slash, so it could reach another actor's records"
        )


def _where(p: Parameters) -> tuple[str, bool]:
    """Return the namespace of a call, or its path, and whether it is a path."""
    if ("namespace" in p) == ("namespacePath" in p):
        raise ApiError("ValidationException", "Exactly one of namespace and namespacePath is needed.")
    where = p.get("namespace") or p["namespacePath"]
    if "*" in where:
        raise ApiError("ValidationException", "Wildcards are not supported in namespaces.")
    return (as_path(where), True) if "namespacePath" in p else (where, False)


def _newest(item: Event | Record) -> After:
    return item.at, item.seq


def _event_id(at: float) -> str:
    return f"{round(at * 1000):019d}#{uuid4().hex[:8]}"
