"""How many requests a user may make: each has a bucket of as many as a minute allows, which fills again steadily."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from time import monotonic

_USERS = 10_000


@dataclass
class _Bucket:
    left: float
    at: float


class UserLimits:
    """Counts the requests of each user."""

    def __init__(self) -> None:
        """Begin with full buckets."""
        self._buckets: dict[str, _Bucket] = {}

    def wait_seconds(self, user: str, per_minute: int) -> int:
        """Count a request, and return 0 where it is allowed, else after how many seconds the next one is.

        Args:
            user: Who makes it.
            per_minute: How many a minute allows, at once or spread.
        """
        now = monotonic()
        bucket = self._buckets.get(user) or _Bucket(per_minute, now)
        bucket.left = min(per_minute, bucket.left + (now - bucket.at) * per_minute / 60)
        bucket.at = now
        if len(self._buckets) >= _USERS and user not in self._buckets:
            self._forget_full(now)
        self._buckets[user] = bucket
        if bucket.left >= 1:
            bucket.left -= 1
            return 0
        return ceil((1 - bucket.left) * 60 / per_minute)

    def _forget_full(self, now: float) -> None:
        """Forget who has made no request for a minute: their buckets are full again."""
        self._buckets = {user: one for user, one in self._buckets.items() if now - one.at < 60}
