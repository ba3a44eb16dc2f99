"""Events and records in SQLite: one file, write-ahead log; every call is one transaction.

There is no full-text index: a search compares the words of the records below its path, which are those of one person
as a rule. So no index has to be kept in order, and no word outlives its record in one.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import Any

from agentcore_kit.local.memory_server.repair import StoreInUse, connected, opened, says_damaged
from agentcore_kit.local.memory_server.wiping import Schedule, mark, wipe

DAY = 86_400.0

_STOP_WORDS = (
    "a an and are as at be been but by can could did do does for from had has have how i if in into is it "
    "its me my of on or our please s shall should so that the their them then there they this to us was "
    "we were what when where which who why will with would you your"
)
_STOP = frozenset(_STOP_WORDS.split())
_CANDIDATES = 400
"""How many records that share a word with the query are compared; the newest, where there are more."""

NEAREST = 0.25
"""The score of a record without a word in common: as with a vector index, a search returns the nearest there are."""


@dataclass
class Event:
    """One event of a conversation. Times in seconds since 1970."""

    id: str
    actor: str
    session: str
    at: float
    payload: list[Any]
    metadata: dict[str, Any] = field(default_factory=dict)
    branch: str | None = None
    root: str | None = None
    seq: int = 0


@dataclass
class Record:
    """One long-term record. `topic` is what it is about: a newer one about the same replaces it."""

    id: str
    strategy: str
    namespace: str
    text: str
    created: float
    at: float
    topic: str | None = None
    expires: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    score: float | None = None
    seq: int = 0


_EVENT = "id, actor, session, at, payload, metadata, branch, root, seq"
_RECORD = "id, strategy, namespace, text, created, at, topic, expires, metadata"
_READ = f"{_RECORD}, seq"

After = tuple[float, float]
"""Behind what a page begins, the newest first: time and number of the last one of the page before."""


def new_record_id() -> str:
    """Return an id as the service makes them."""
    return f"mem-{uuid.uuid4()}"


def words(text: str) -> list[str]:
    """Return the words of a query that can tell records apart."""
    return [word for word in dict.fromkeys(_words(text)) if word not in _STOP][:64]


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


class Store:
    """The database. Safe to use from several threads; one writes at a time."""

    def __init__(self, path: Path | str) -> None:
        """Open the database of a path, or one in memory for `:memory:`.

        Raises:
            StoreInUse: When the file has to be repaired while another process has it open.
        """
        self._path = path
        self._lock = RLock()
        self._db = opened(path)
        self._deleted = False
        self.asked = False
        """Whether something was deleted because a call said so, which may now look whether it is gone."""
        self._schedule = Schedule(self)

    def close(self) -> None:
        """Close the file. Nothing that was deleted is left in it."""
        self._schedule.stop()
        with self._lock:
            if self._deleted:
                self._wipe()
            self._deleted = False
            self._db.close()

    def wipe(self) -> None:
        """Write the file anew without what was deleted, where something was."""
        with self._lock:
            if self._deleted and not self._db.in_transaction:
                self._wipe()

    def gone(self) -> None:
        """Wipe what was deleted by a call; for when somebody looked for something and found nothing."""
        if self.asked:
            self.wipe()

    def _wipe(self) -> None:
        began = monotonic()
        try:
            if self._path != ":memory:":
                wipe(self._db)
            self._deleted = self.asked = False
        except sqlite3.DatabaseError as error:  # a full disk, or a damaged file, which the next call repairs
            print(f"memory: deleted texts are still in {self._path}: {error}", file=sys.stderr)
        self._schedule.took(monotonic() - began)

    def repaired(self, error: sqlite3.DatabaseError) -> bool:
        """Write a damaged file anew from its rows; return whether what failed can be tried again."""
        if not says_damaged(error) or self._path == ":memory:":
            return False
        with self._lock:
            self._db.close()
            try:
                self._db = opened(self._path)
            except StoreInUse:
                self._db = connected(self._path)
                return False
        return True

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of a block or nothing of it. Blocks may be nested."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk or a damaged file ends it
                    self._db.execute("ROLLBACK")
                raise
            if self._deleted:
                self._schedule.later()

    def _delete(self, sql: str, *values: object) -> int:
        """Delete rows; return how many. What was in them is wiped soon."""
        with self.transaction():
            gone = self._db.execute(sql, values).rowcount
            if gone:
                self._deleted = True
                mark(self._db)
        return gone

    # Events

    def add_event(self, event: Event, expires: float, token: str | None = None) -> Event:
        """Add an event; return the one there is when its client token was used before in this session."""
        with self.transaction():
            if token and (known := self.event_of(event.actor, event.session, token)):
                return known
            self._db.execute(
                "INSERT INTO events (id, actor, session, at, expires, branch, root, payload, metadata, token)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    event.id, event.actor, event.session, event.at, expires, event.branch, event.root,
                    json.dumps(event.payload), json.dumps(event.metadata), token,
                ),
            )  # fmt: skip
        return event

    def event(self, actor: str, session: str, event_id: str, now: float) -> Event | None:
        """Return an event of a session by its id, unless it has expired."""
        found = self._events("id = ? AND actor = ? AND session = ? AND expires > ?", event_id, actor, session, now)
        return found[0] if found else None

    def event_of(self, actor: str, session: str, token: str) -> Event | None:
        """Return the event that was written with a client token."""
        found = self._events("actor = ? AND session = ? AND token = ?", actor, session, token)
        return found[0] if found else None

    def events(
        self, actor: str, session: str, now: float, *, limit: int = -1, after: After | None = None,
        branches: Sequence[tuple[str, After | None]] = (),
    ) -> list[Event]:  # fmt: skip
        """Return the events of a session that have not expired, the newest first.

        Args:
            actor: Whose they are.
            session: In which they were said.
            now: In seconds since 1970.
            limit: How many at most; all where it is left out.
            after: Begin behind the event of this time and number.
            branches: Only those of these branches, each from an event on where one is named, itself included.
        """
        where, values = "actor = ? AND session = ? AND expires > ?", [actor, session, now]
        if after:
            where, values = f"{where} AND (at, seq) < (?, ?)", [*values, *after]
        if branches:
            parts = []
            for name, newest in branches:
                parts.append("COALESCE(branch, 'main') = ?" + (" AND (at, seq) <= (?, ?)" if newest else ""))
                values += [name, *(newest or ())]
            where = f"{where} AND ({' OR '.join(parts)})"
        return self._events(f"{where} ORDER BY at DESC, seq DESC LIMIT ?", *values, limit)

    def root(self, actor: str, session: str, branch: str, now: float) -> str | None:
        """Return the id of the event that a branch grew from; None where there is no such branch, or it has none."""
        where = "actor = ? AND session = ? AND expires > ? AND COALESCE(branch, 'main') = ? AND root IS NOT NULL"
        found = self._rows(f"SELECT root FROM events WHERE {where} LIMIT 1", actor, session, now, branch)  # noqa: S608
        return str(found[0][0]) if found else None

    def delete_event(self, event_id: str) -> None:
        """Delete an event."""
        self._delete("DELETE FROM events WHERE id = ?", event_id)

    def sessions(
        self, actor: str, now: float, *, limit: int = -1, after: tuple[float, str] | None = None
    ) -> list[tuple[str, float]]:
        """Return the sessions in which an actor has events: id, and when it began; the newest first."""
        behind, values = ("HAVING (-MIN(at), session) > (?, ?)", [-after[0], after[1]]) if after else ("", [])
        sql = (
            "SELECT session, MIN(at) FROM events INDEXED BY events_of WHERE actor = ? AND expires > ?"  # noqa: S608
            f" GROUP BY session {behind} ORDER BY 2 DESC, 1 LIMIT ?"
        )
        return [(row[0], row[1]) for row in self._rows(sql, actor, now, *values, limit)]

    def actors(self, now: float, *, limit: int = -1, after: str = "") -> list[str]:
        """Return the actors who have events, by name."""
        sql = "SELECT DISTINCT actor FROM events WHERE actor > ? AND expires > ? ORDER BY actor LIMIT ?"
        return [row[0] for row in self._rows(sql, after, now, limit)]

    def _events(self, where: str, *values: object) -> list[Event]:
        rows = self._rows(f"SELECT {_EVENT} FROM events WHERE {where}", *values)  # noqa: S608 - no text of users
        return [_event(row) for row in rows]

    # Records

    def put_record(self, record: Record) -> None:
        """Add a record, or change the one with its id."""
        values = (
            record.id, record.strategy, record.namespace, record.text, record.created, record.at, record.topic,
            record.expires, json.dumps(record.metadata),
        )  # fmt: skip
        changes = ", ".join(f"{name} = ?" for name in _RECORD.split(", "))
        with self.transaction():
            changed = self._db.execute(f"UPDATE records SET {changes} WHERE id = ?", (*values, record.id))  # noqa: S608
            if not changed.rowcount:
                sql = f"INSERT INTO records ({_RECORD}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
                self._db.execute(sql, values)

    def record(self, record_id: str, now: float) -> Record | None:
        """Return a record by its id, unless it has expired."""
        found = self._records("id = ? AND (expires IS NULL OR expires > ?)", record_id, now)
        return found[0] if found else None

    def delete_record(self, record_id: str) -> bool:
        """Delete a record; return whether there was one."""
        return self._delete("DELETE FROM records WHERE id = ?", record_id) > 0

    def records(
        self, path: str, now: float, *, below: bool, limit: int = -1, after: After | None = None
    ) -> list[Record]:
        """Return the records of a namespace, or with `below` of all that lie under a path; the newest first.

        Args:
            path: The namespace, or the path.
            now: In seconds since 1970.
            below: Whether it is a path.
            limit: How many at most; all where it is left out.
            after: Begin behind the record of this time and number.
        """
        where, values = _inside(path, now, below=below)
        if after:
            where, values = f"{where} AND (at, seq) < (?, ?)", [*values, *after]
        return self._records(f"{where} ORDER BY at DESC, seq DESC LIMIT ?", *values, limit)

    def about(self, namespace: str, strategy: str, topic: str, now: float) -> Record | None:
        """Return what is known about a topic in a namespace."""
        where = "namespace = ? AND strategy = ? AND topic = ? AND (expires IS NULL OR expires > ?)"
        found = self._records(f"{where} ORDER BY at DESC LIMIT 1", namespace, strategy, topic, now)
        return found[0] if found else None

    def search(self, query: str, path: str, now: float, limit: int, *, below: bool) -> list[Record]:
        """Return the records nearest to a query, best first, with scores from 0 to 1.

        Those that share words with it come first, ranked by how rare the words are; then the newest of the rest.
        """
        wanted = {_stem(word) for word in words(query)}
        found = _scored(self._sharing(wanted, path, now, below=below), wanted) if wanted else []
        best = sorted(found, key=lambda each: (each.score, each.at, each.seq), reverse=True)[:limit]
        if len(best) < limit:
            known = {record.id for record in best}
            rest = self.records(path, now, below=below, limit=limit + len(best))
            for record in [each for each in rest if each.id not in known][: limit - len(best)]:
                record.score = NEAREST
                best.append(record)
        return best

    def _sharing(self, wanted: set[str], path: str, now: float, *, below: bool) -> list[tuple[Record, set[str]]]:
        """Return the records that share words with a query, each with those."""
        where, values = _inside(path, now, below=below)
        found: list[tuple[Record, set[str]]] = []
        for row in self._rows(f"SELECT {_READ} FROM records WHERE {where} ORDER BY seq DESC", *values):  # noqa: S608
            text = row[3].lower()
            if not any(stem in text for stem in wanted):  # which is quicker than to take the text apart
                continue
            if shared := wanted & {_stem(word) for word in _words(text)}:
                found.append((_record(row), shared))
                if len(found) == _CANDIDATES:
                    break
        return found

    def _records(self, where: str, *values: object) -> list[Record]:
        rows = self._rows(f"SELECT {_READ} FROM records WHERE {where}", *values)  # noqa: S608 - no text of users
        return [_record(row) for row in rows]

    # Both

    def purge(self, now: float) -> int:
        """Delete for good what has expired; return how much that was."""
        with self.transaction():
            return sum(self._delete(f"DELETE FROM {each} WHERE expires <= ?", now) for each in ("events", "records"))  # noqa: S608

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()


def _event(row: tuple[Any, ...]) -> Event:
    event_id, actor, session, at, payload, metadata, branch, root, seq = row
    return Event(event_id, actor, session, at, json.loads(payload), json.loads(metadata), branch, root, seq)


def _record(row: tuple[Any, ...]) -> Record:
    record_id, strategy, namespace, text, created, at, topic, expires, metadata, seq = row
    about = (created, at, topic, expires, json.loads(metadata))
    return Record(record_id, strategy, namespace, text, *about, seq=seq)


def _inside(path: str, now: float, *, below: bool) -> tuple[str, list[Any]]:
    """Return the condition of what lies in a namespace or under a path, and has not expired."""
    # A range of names, which the index serves: from the path to just behind everything that begins with it.
    where, values = ("namespace = ?", [path]) if not below else ("namespace >= ? AND namespace < ?", _range(path))
    return f"{where} AND (expires IS NULL OR expires > ?)", [*values, now]


def _range(path: str) -> list[str]:
    return [path, f"{path[:-1]}0"]  # "0" is the character after "/"


def _scored(found: Sequence[tuple[Record, set[str]]], wanted: set[str]) -> Iterator[Record]:
    """Yield records with how well they match: the share of the query's words they have, rare ones weighing more."""
    having = [shared for _, shared in found]
    weights = {stem: 1.0 / (1 + sum(stem in each for each in having) / (1 + len(having))) for stem in wanted}
    total = sum(weights.values()) or 1.0
    for record, shared in found:
        share = sum(weights[stem] for stem in shared) / total
        record.score = round(NEAREST + (1 - NEAREST) * share**0.5, 4)
        yield record


def _stem(word: str) -> str:
    """Return a word without its commonest endings, so that `projects` finds `project`."""
    for ending in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word[: -len(ending)]
    return word
