"""Wait for a service, looking often at first and less often later."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 1200.0
"""How long a stack or an endpoint may take. Both usually take one to three minutes."""

_FIRST, _LONGEST, _GROWTH = 0.2, 10.0, 1.6


class TookTooLong(Exception):
    """What was waited for did not happen in time."""


def wait_until(look: Callable[[], T], done: Callable[[T], bool]) -> T:
    """Look until it is done, and return what was seen last. Raises TookTooLong."""
    deadline, pause = time.monotonic() + PATIENCE_SECONDS, _FIRST
    while not done(seen := look()):
        if time.monotonic() + pause > deadline:
            raise TookTooLong
        time.sleep(pause)
        pause = min(pause * _GROWTH, _LONGEST)
    return seen
