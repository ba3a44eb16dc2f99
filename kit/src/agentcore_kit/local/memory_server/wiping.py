"""Deleted texts leave the file: SQLite alone keeps copies of rows that it once moved from page to page.

Only a VACUUM writes all pages anew, which takes longer the larger the file is. So it is done once for any number of
deletions: when who deleted finds nothing any more, a while after a deletion, at the end, and at the start after a kill.
"""

from __future__ import annotations

import sqlite3
from threading import Timer
from time import monotonic
from typing import Protocol

_AFTER_SECONDS = 1.0
_SHARE = 0.1
"""How much of the time may go into it."""


class Wiped(Protocol):
    """What can be wiped."""

    def wipe(self) -> None:
        """Wipe it, where something was deleted."""


def mark(db: sqlite3.Connection) -> None:
    """Note in the file, within a transaction, that there is something to wipe."""
    db.execute("PRAGMA user_version = 1")


def is_marked(db: sqlite3.Connection) -> bool:
    """Return whether there is something to wipe."""
    return bool(db.execute("PRAGMA user_version").fetchone()[0])


def wipe(db: sqlite3.Connection) -> None:
    """Write the file anew without what was deleted, also the log."""
    db.execute("VACUUM")
    db.execute("PRAGMA user_version = 0")
    db.execute("PRAGMA wal_checkpoint (TRUNCATE)")


class Schedule:
    """When to wipe by itself: a second after a deletion, and in a tenth of the time at the most."""

    def __init__(self, wiped: Wiped) -> None:
        self._wiped = wiped
        self._not_before = 0.0
        self._timer: Timer | None = None

    def later(self) -> None:
        """Wipe soon, unless that is planned already."""
        if self._timer is None:
            self._timer = Timer(max(_AFTER_SECONDS, self._not_before - monotonic()), self._run)
            self._timer.daemon = True
            self._timer.start()

    def took(self, seconds: float) -> None:
        """Note how long it took."""
        self._not_before = monotonic() + seconds / _SHARE

    def stop(self) -> None:
        """Plan nothing more."""
        if self._timer:
            self._timer.cancel()

    def _run(self) -> None:
        self._timer = None
        self._wiped.wipe()
