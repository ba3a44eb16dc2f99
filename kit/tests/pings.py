"""How long a server takes to say that it is well while something is asked of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx


def longest_ping(url: str, ask: Callable[[], object], is_well: Callable[[httpx.Response], bool]) -> float:
    """Ping a server while it is asked something; return how many seconds the longest ping took.

    Args:
        url: The address of its `/ping`.
        ask: Asks, and returns when the answer is there.
        is_well: Whether an answer to a ping says that the server is well.

    Raises:
        AssertionError: When an answer does not.
    """
    asked = threading.Event()

    def ping() -> float:
        longest = 0.0
        with httpx.Client(timeout=100) as client:
            while not asked.is_set():
                began = time.perf_counter()
                answer = client.get(url)
                longest = max(longest, time.perf_counter() - began)
                assert is_well(answer), answer.text
                time.sleep(0.01)
        return longest

    with ThreadPoolExecutor(1) as pool:
        pinging = pool.submit(ping)
        try:
            ask()
        finally:
            asked.set()
        return pinging.result()
