"""The file of the store: opened, proved, and written anew from its rows where an index or a page is damaged."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path

from agentcore_kit.local.memory_server.wiping import is_marked, wipe
from agentcore_kit.runtime.private import close_to_others, private_file, private_folder

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, actor TEXT NOT NULL, session TEXT NOT NULL, at REAL NOT NULL,
    expires REAL NOT NULL, branch TEXT, root TEXT, payload TEXT NOT NULL, metadata TEXT NOT NULL, token TEXT,
    UNIQUE (actor, session, token));
CREATE INDEX IF NOT EXISTS events_of ON events (actor, session, at, seq, expires);
CREATE INDEX IF NOT EXISTS events_end ON events (expires);
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, strategy TEXT NOT NULL, namespace TEXT NOT NULL,
    text TEXT NOT NULL, topic TEXT, created REAL NOT NULL, at REAL NOT NULL, expires REAL,
    metadata TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS records_in ON records (namespace, at, seq);
CREATE INDEX IF NOT EXISTS records_about ON records (namespace, strategy, topic);
CREATE INDEX IF NOT EXISTS records_end ON records (expires) WHERE expires IS NOT NULL;
"""
_COLUMNS = {
    "events": "seq, id, actor, session, at, expires, branch, root, payload, metadata, token",
    "records": "seq, id, strategy, namespace, text, topic, created, at, expires, metadata",
}
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOG = ("-wal", "-shm")


class StoreInUse(RuntimeError):
    """The file has to be written anew, and another process has it open."""


def opened(path: Path | str) -> sqlite3.Connection:
    """Return a connection to a sound store; one whose file is damaged or of an earlier release is written anew.

    Args:
        path: The file, made where there is none; `:memory:` for one without a file.

    Raises:
        StoreInUse: When it has to be written anew while another process has it open.
    """
    if path == ":memory:":
        return connected(path)
    path = Path(path)
    private_folder(path.parent)
    for log in _LOG:
        close_to_others(Path(f"{path}{log}"))
    if private_file(path).stat().st_size and not sound(path):
        _write_anew(path)
    db = connected(path)
    if is_marked(db):  # a process was killed before
        wipe(db)
    return db


def sound(path: Path | str) -> bool:
    """Return whether tables and indexes of a file are whole and agree, and none is of an earlier release."""
    db = sqlite3.connect(path, isolation_level=None)
    try:
        tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        if not {row[0] for row in db.execute(tables)} <= _COLUMNS.keys():
            return False
        return bool(db.execute("PRAGMA integrity_check (1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        if not says_damaged(error):
            raise
        return False
    finally:
        db.close()


def says_damaged(error: sqlite3.DatabaseError) -> bool:
    """Return whether an error says that the file is damaged, and not for example that the disk is full."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def connected(path: Path | str) -> sqlite3.Connection:
    """Return a connection to a file as it is."""
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    # NORMAL: after a power cut the last writes may be gone, but the file is whole.
    # secure_delete: what is deleted is overwritten where it is, and soon wiped wherever it was.
    pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;"
    db.executescript(f"{pragmas} {SCHEMA}")
    return db


def _write_anew(path: Path) -> None:
    """Copy all rows that can be read into a new file, which then takes the place of this one.

    The rows are read without an index. Where some cannot be read, the damaged file is kept beside the new one.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    old = sqlite3.connect(path, isolation_level=None)
    target = sqlite3.connect(private_file(new), isolation_level=None)
    try:
        _take(old, path)
        target.executescript(f"PRAGMA journal_mode = DELETE; {SCHEMA} BEGIN;")
        copied = [_copy(old, target, table) for table in _COLUMNS]  # of both, also where one is damaged
        target.execute("COMMIT")
    finally:
        target.close()
        old.close()  # which also puts the log into the file
    log = [Path(f"{path}{end}") for end in _LOG]
    if not all(copied):
        kept = path.with_name(f"{path.name}.damaged")
        for each in (path, *log):
            beside = kept.with_name(each.name.replace(path.name, kept.name))
            beside.unlink(missing_ok=True)
            if each.exists():
                os.link(each, beside)
        print(
            f"memory: {path} is damaged; what could be read is served, and the damaged file is kept as {kept}. "
            "Delete it when nothing in it is needed: what is forgotten from now on stays in it.",
            file=sys.stderr,
        )
    for each in log:
        each.unlink(missing_ok=True)
    new.replace(path)


def _take(db: sqlite3.Connection, path: Path) -> None:
    """Make sure that nobody else has the file open, who would go on to write to the old one."""
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
    except sqlite3.DatabaseError as error:
        if says_damaged(error):
            return  # not even its head can be read
        raise StoreInUse(
            f"{path} has to be repaired, and another process has it open: stop the other `kit dev`"
        ) from None


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> bool:
    """Copy the rows of a table, from both ends where some between cannot be read; return whether all were read."""
    columns = _COLUMNS[table]
    marks = ", ".join("?" * len(columns.split(", ")))
    for order in ("ASC", "DESC"):
        try:
            for row in old.execute(f"SELECT {columns} FROM {table} NOT INDEXED ORDER BY seq {order}"):  # noqa: S608
                new.execute(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", row)  # noqa: S608
        except sqlite3.DatabaseError:
            continue
        return order == "ASC"
    return False
