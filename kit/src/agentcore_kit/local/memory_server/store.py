"""Events and records in SQLite: one file, write-ahead log, full-text index; every call is one transaction."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

from agentcore_kit.local.memory_server.namespaces import levels

DAY = 86_400.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, actor TEXT NOT NULL, session TEXT NOT NULL, at REAL NOT NULL,
    expires REAL NOT NULL, branch TEXT, root TEXT, payload TEXT NOT NULL, metadata TEXT NOT NULL, token TEXT,
    UNIQUE (actor, session, token));
CREATE INDEX IF NOT EXISTS events_of ON events (actor, session, at);
CREATE INDEX IF NOT EXISTS events_end ON events (expires);
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, strategy TEXT NOT NULL, namespace TEXT NOT NULL,
    text TEXT NOT NULL, topic TEXT, created REAL NOT NULL, at REAL NOT NULL, expires REAL,
    metadata TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS records_in ON records (namespace, at);
CREATE INDEX IF NOT EXISTS records_end ON records (expires) WHERE expires IS NOT NULL;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (scope, body, tokenize = 'porter unicode61');
"""

_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "me",
        "my",
        "of",
        "on",
        "or",
        "our",
        "please",
        "s",
        "shall",
        "should",
        "so",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "they",
        "this",
        "to",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)
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


_EVENT = "id, actor, session, at, payload, metadata, branch, root, events.seq"
_RECORD = "id, strategy, namespace, text, created, at, topic, expires, metadata"
_READ = f"{_RECORD}, records.seq"


def new_record_id() -> str:
    """Return an id as the service makes them."""
    return f"mem-{uuid.uuid4()}"


def words(text: str) -> list[str]:
    """Return the words of a query that can tell records apart."""
    found = re.findall(r"[^\W_]+", text.lower())
    return [word for word in dict.fromkeys(found) if word not in _STOP][:64]


class Store:
    """The database. Safe to use from several threads; one writes at a time."""

    def __init__(self, path: Path | str) -> None:
        """Open the database of a path, or one in memory for `:memory:`."""
        self._lock = RLock()
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # NORMAL: after a power cut the last writes may be gone, but the file is whole.
        # secure_delete: what is deleted is overwritten, not only no longer found.
        pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;"
        self._db.executescript(f"{pragmas} {_SCHEMA}")
        self._deleted = False

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

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
                if self._deleted:
                    self._db.execute("INSERT INTO words (words) VALUES ('optimize')")  # or the index keeps their words
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                self._deleted = False
                raise
            if self._deleted:
                self._db.execute("PRAGMA wal_checkpoint (TRUNCATE)")  # or the log keeps deleted texts
                self._deleted = False

    # Events

    def add_event(self, event: Event, expires: float, token: str | None = None) -> Event:
        """Add an event; return the one there is when its client token was used before in this session."""
        with self.transaction():
            same = "actor = ? AND session = ? AND token = ?"
            if token and (known := self._events(same, event.actor, event.session, token)):
                return known[0]
            self._db.execute(
                "INSERT INTO events (id, actor, session, at, expires, branch, root, payload, metadata, token)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    event.id, event.actor, event.session, event.at, expires, event.branch, event.root,
                    json.dumps(event.payload), json.dumps(event.metadata), token,
                ),
            )  # fmt: skip
        return event

    def event(self, event_id: str) -> Event | None:
        """Return an event by its id."""
        found = self._events("id = ?", event_id)
        return found[0] if found else None

    def events(self, actor: str, session: str, now: float) -> list[Event]:
        """Return the events of a session that have not expired, the newest first."""
        return self._events("actor = ? AND session = ? AND expires > ? ORDER BY at DESC, seq DESC", actor, session, now)

    def delete_event(self, event_id: str) -> None:
        """Delete an event."""
        with self.transaction():
            self._deleted = True
            self._db.execute("DELETE FROM events WHERE id = ?", (event_id,))

    def sessions(self, actor: str, now: float) -> list[tuple[str, float]]:
        """Return the sessions in which an actor has events: id, and when it began; the newest first."""
        sql = "SELECT session, MIN(at) FROM events WHERE actor = ? AND expires > ? GROUP BY session ORDER BY 2 DESC, 1"
        return [(row[0], row[1]) for row in self._rows(sql, actor, now)]

    def actors(self, now: float) -> list[str]:
        """Return all actors who have events."""
        return [row[0] for row in self._rows("SELECT DISTINCT actor FROM events WHERE expires > ? ORDER BY actor", now)]

    def _events(self, where: str, *values: object) -> list[Event]:
        rows = self._rows(f"SELECT {_EVENT} FROM events WHERE {where}", *values)  # noqa: S608 - no text of users
        return [_event(row) for row in rows]

    # Records

    def put_record(self, record: Record) -> None:
        """Add a record, or change the one with its id."""
        with self.transaction():
            known = self._rows("SELECT seq FROM records WHERE id = ?", record.id)
            values = (
                record.id, record.strategy, record.namespace, record.text, record.created, record.at, record.topic,
                record.expires, json.dumps(record.metadata),
            )  # fmt: skip
            if known:
                self._deleted = True
                changes = ", ".join(f"{name} = ?" for name in _RECORD.split(", "))
                self._db.execute(f"UPDATE records SET {changes} WHERE seq = ?", (*values, known[0][0]))  # noqa: S608
                self._db.execute("DELETE FROM words WHERE rowid = ?", known[0])
                seq = known[0][0]
            else:
                sql = f"INSERT INTO records ({_RECORD}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
                seq = self._db.execute(sql, values).lastrowid
            scope = " ".join(_scope(path) for path in levels(record.namespace))
            self._db.execute("INSERT INTO words (rowid, scope, body) VALUES (?, ?, ?)", (seq, scope, record.text))

    def record(self, record_id: str, now: float) -> Record | None:
        """Return a record by its id, unless it has expired."""
        found = self._records("id = ? AND (expires IS NULL OR expires > ?)", record_id, now)
        return found[0] if found else None

    def delete_record(self, record_id: str) -> bool:
        """Delete a record; return whether there was one."""
        with self.transaction():
            known = self._rows("SELECT seq FROM records WHERE id = ?", record_id)
            for (seq,) in known:
                self._deleted = True
                self._db.execute("DELETE FROM records WHERE seq = ?", (seq,))
                self._db.execute("DELETE FROM words WHERE rowid = ?", (seq,))
        return bool(known)

    def records(self, path: str, now: float, *, below: bool, limit: int = -1) -> list[Record]:
        """Return the records of a namespace, or with `below` of all that lie under a path; the newest first."""
        # A range of names, which the index serves: from the path to just behind everything that begins with it.
        where, values = ("namespace = ?", [path]) if not below else ("namespace >= ? AND namespace < ?", _range(path))
        sql = f"{where} AND (expires IS NULL OR expires > ?) ORDER BY at DESC, seq DESC LIMIT ?"
        return self._records(sql, *values, now, limit)

    def about(self, namespace: str, strategy: str, topic: str, now: float) -> Record | None:
        """Return what is known about a topic in a namespace."""
        where = "namespace = ? AND strategy = ? AND topic = ? AND (expires IS NULL OR expires > ?)"
        found = self._records(f"{where} ORDER BY at DESC LIMIT 1", namespace, strategy, topic, now)
        return found[0] if found else None

    def search(self, query: str, path: str, now: float, limit: int, *, below: bool) -> list[Record]:
        """Return the records nearest to a query, best first, with scores from 0 to 1.

        Those that share words with it come first, ranked by how rare the words are; then the newest of the rest.
        """
        wanted = words(query)
        found = self._matching(wanted, path, now, below=below) if wanted else []
        best = sorted(_scored(found, wanted), key=lambda each: (each.score, each.at, each.seq), reverse=True)[:limit]
        if len(best) < limit:
            known = {record.id for record in best}
            rest = self.records(path, now, below=below, limit=limit + len(best))
            for record in [each for each in rest if each.id not in known][: limit - len(best)]:
                record.score = NEAREST
                best.append(record)
        return best

    def _matching(self, wanted: Sequence[str], path: str, now: float, *, below: bool) -> list[Record]:
        either = " OR ".join(f'"{word}"' for word in wanted)
        match = f'scope : "{_scope(path)}" AND body : ({either})'
        inside, values = ("namespace = ?", [path]) if not below else ("namespace >= ? AND namespace < ?", _range(path))
        sql = (
            f"SELECT {_READ} FROM words JOIN records ON seq = words.rowid WHERE words MATCH ? AND {inside}"  # noqa: S608
            " AND (expires IS NULL OR expires > ?) ORDER BY words.rowid DESC LIMIT ?"
        )
        return [_record(row) for row in self._rows(sql, match, *values, now, _CANDIDATES)]

    def _records(self, where: str, *values: object) -> list[Record]:
        rows = self._rows(f"SELECT {_READ} FROM records WHERE {where}", *values)  # noqa: S608 - no text of users
        return [_record(row) for row in rows]

    # Both

    def purge(self, now: float) -> int:
        """Delete for good what has expired; return how much that was."""
        with self.transaction():
            gone = [row[0] for row in self._rows("SELECT id FROM records WHERE expires <= ?", now)]
            for record_id in gone:
                self.delete_record(record_id)
            events = self._db.execute("DELETE FROM events WHERE expires <= ?", (now,)).rowcount
            self._deleted = self._deleted or events > 0
            return len(gone) + events

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


def _range(path: str) -> list[str]:
    return [path, f"{path[:-1]}0"]  # "0" is the character after "/"


def _scope(path: str) -> str:
    """Return the word that stands for a path in the index."""
    return f"p{hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest()[:16]}x"


def _scored(records: list[Record], wanted: Sequence[str]) -> Iterator[Record]:
    """Yield records with how well they match: the share of the query's words they have, rare ones weighing more."""
    stems = {_stem(word) for word in wanted}
    having = [stems & {_stem(word) for word in re.findall(r"[^\W_]+", record.text.lower())} for record in records]
    weights: Mapping[str, float] = {
        stem: 1.0 / (1 + sum(stem in each for each in having) / (1 + len(records))) for stem in stems
    }
    total = sum(weights.values()) or 1.0
    for record, each in zip(records, having, strict=True):
        share = sum(weights[stem] for stem in each) / total
        record.score = round(NEAREST + (1 - NEAREST) * share**0.5, 4)
        yield record


def _stem(word: str) -> str:
    """Return a word without its commonest endings, so that `projects` finds `project`."""
    for ending in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word[: -len(ending)]
    return word
