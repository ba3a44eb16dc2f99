"""Where data comes from and is kept: an embedded SQLite database, behind the interface a team replaces with its own."""

from __future__ import annotations

import csv
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

_SAMPLE = Path(__file__).parent / "data" / "market.csv"
_TABLES = """
CREATE TABLE IF NOT EXISTS market (
    region TEXT, data_type TEXT, value REAL, unit TEXT, change_percent REAL, period TEXT,
    PRIMARY KEY (region, data_type)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS watched (
    user_id TEXT, region TEXT, data_type TEXT, PRIMARY KEY (user_id, region, data_type)
) WITHOUT ROWID;
"""

Market = tuple[str, str]
"""One market indicator: its region and its type of data."""


class NotFound(LookupError):
    """There is no such indicator; asking again will not help."""


class Unavailable(ConnectionError):
    """The backend cannot answer now; asking again may help."""


@dataclass(frozen=True)
class Indicator:
    """One industry indicator: `value` in `unit`, for `period` (YYYY-QN), and its change on the year in percent."""

    value: float
    unit: str
    change_percent: float
    period: str


class Backend(Protocol):
    """What the tools need. Calls may block: they run off the event loop, with a time-out.

    All raise Unavailable when asking again may help. Rows belong to a user, and every call about them names the user.
    """

    def market(self, region: str, data_type: str) -> Indicator:
        """Return the latest indicator. Raises NotFound."""

    def watched(self, user_id: str) -> list[Market]:
        """Return what a user watches, in a fixed order."""

    def watch(self, user_id: str, market: Market) -> bool:
        """Put a market on a user's list; return whether it was not there."""

    def unwatch(self, user_id: str, market: Market) -> bool:
        """Take a market off a user's list; return whether it was there."""


class SqliteBackend:
    """The starter's backend: invented sample figures, and watch lists in a file.

    A Runtime's disk lives as long as its session, so in the cloud a watch list needs a database of your own.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; it is made with the first call."""
        self._path = path
        self._lock = Lock()
        self._opened: sqlite3.Connection | None = None

    def market(self, region: str, data_type: str) -> Indicator:
        """Return the latest indicator. Raises NotFound."""
        where = "SELECT value, unit, change_percent, period FROM market WHERE region = ? AND data_type = ?"
        found, _ = self._run(where, region, data_type)
        if not found:
            raise NotFound(f"there is no {data_type} indicator for {region}")
        return Indicator(*found[0])

    def watched(self, user_id: str) -> list[Market]:
        """Return what a user watches, in a fixed order."""
        return self._run("SELECT region, data_type FROM watched WHERE user_id = ? ORDER BY 1, 2", user_id)[0]

    def watch(self, user_id: str, market: Market) -> bool:
        """Put a market on a user's list; return whether it was not there."""
        return self._run("INSERT OR IGNORE INTO watched VALUES (?, ?, ?)", user_id, *market)[1] > 0

    def unwatch(self, user_id: str, market: Market) -> bool:
        """Take a market off a user's list; return whether it was there."""
        where = "DELETE FROM watched WHERE user_id = ? AND region = ? AND data_type = ?"
        return self._run(where, user_id, *market)[1] > 0

    def _run(self, statement: str, *values: str) -> tuple[list[Any], int]:
        """Return the rows found, and how many were changed."""
        with self._lock:
            try:
                database = self._database()
                with database:
                    cursor = database.execute(statement, values)
                    return cursor.fetchall(), cursor.rowcount
            except sqlite3.OperationalError as error:
                raise Unavailable(str(error)) from error

    def _database(self) -> sqlite3.Connection:
        if self._opened is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            opened = sqlite3.connect(self._path, timeout=1.0, check_same_thread=False)
            opened.executescript(_TABLES)
            with opened, _SAMPLE.open(encoding="utf-8", newline="") as file:
                rows = [tuple(row.values()) for row in csv.DictReader(file)]
                opened.executemany("INSERT OR REPLACE INTO market VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._opened = opened
        return self._opened
