"""What is remembered of an endpoint: which versions were good, left or failed, what was begun, and the canary.

These are values: they say how the history changes, and change nothing themselves. `endpoint_state` keeps them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_KEPT = 20  # enough to go back to


class _Remembered(BaseModel):
    """What is written: unknown keys, of a newer kit, are ignored; missing ones, of an older kit, have defaults."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Canary(_Remembered):
    """A share of the callers on another version."""

    version: str
    """What is tried."""
    control: str
    """What was live when it began, which it is compared with."""
    percent: int
    """The share of the sessions that it gets."""
    since: str
    """When it began, as an ISO time in UTC."""
    moved: str = ""
    """When live had been moved last before it, as the service says: by that is known whether it was moved since."""
    decided: Literal["", "promote", "reverse", "stop"] = ""
    """How it ends, once that was begun: typed again after an interruption, the command goes on."""


class Automatic(_Remembered):
    """A step back that no person has asked for, and that no person has answered yet."""

    from_version: str = Field(alias="from")
    to: str
    at: str
    """When it began, as an ISO time in UTC."""
    why: str


class History(_Remembered):
    """What is remembered. Each list has the last one last."""

    good: list[str] = []
    """They passed their smoke test while they were live."""
    left: list[str] = []
    """A rollback, or a canary that was worse, took callers away from them."""
    failed: list[str] = []
    """Their last smoke test failed, of whichever endpoint."""
    untested: str = ""
    """`live` was sent to it, and that has not ended: whoever sent it was interrupted, or is still at it."""
    had: str = ""
    """What callers had before that; nothing when nothing was live."""
    promoted: dict[str, str] = {}
    """When a promotion made a version live, as an ISO time in UTC."""
    canary: Canary | None = None
    automatic: Automatic | None = None
    since: str = ""
    """When the last move of live was begun, as an ISO time in UTC."""
    why: str = ""
    """Why live was moved last."""

    def changed(self, **values: Any) -> History:
        """Return the history with other values."""
        return self.model_copy(update=values)

    def going_to(self, version: str, had: str, why: str) -> History:
        """Return the history once live is to be moved."""
        return self.changed(untested=version, had=had, why=why, since=now())

    def passed(self, version: str, *, promoted: bool) -> History:
        """Return the history after a version has passed its smoke test as what is live.

        Args:
            version: The version.
            promoted: Whether it became live by promotion: going back makes a version no newer.
        """
        good = [*without(self.good, version), version][-_KEPT:]
        known = {name: at for name, at in self.promoted.items() if name in good}
        return self.changed(
            good=good,
            left=without(self.left, version),
            failed=without(self.failed, version),
            promoted={**known, version: self.since} if promoted else known,
            canary=None if self.canary and self.canary.decided else self.canary,
            untested="",
            had="",
        )

    def leaving(self, version: str) -> History:
        """Return the history once callers are to be taken away from a version."""
        return self.changed(good=without(self.good, version), left=[*without(self.left, version), version][-_KEPT:])

    def failing(self, version: str) -> History:
        """Return the history after a version has failed its smoke test."""
        return self.changed(failed=[*without(self.failed, version), version][-_KEPT:])

    def before(self, version: str | None) -> str | None:
        """Return the last good version that is another one: one that has not failed since, if there is any."""
        others = [known for known in reversed(self.good) if known != version]
        return next((known for known in others if known not in self.failed), others[0] if others else None)


def now() -> str:
    """Return the time, as it is remembered."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def clock(moment: str) -> str:
    """Return a remembered time as people read it; empty for none."""
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else ""


def without(versions: list[str], version: str) -> list[str]:
    """Return the versions but for one."""
    return [known for known in versions if known != version]
