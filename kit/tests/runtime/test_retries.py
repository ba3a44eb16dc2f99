"""Retries: how often and how long, as the policy of each tool says, and only for what asking again may help against."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from agentcore_kit.runtime.retries import RetryPolicy


class Backend:
    """Fails as told, or takes its time, before it answers."""

    def __init__(self, *moments: Exception | float) -> None:
        self.moments = list(moments)
        self.calls = 0

    def read(self, key: str) -> str:
        self.calls += 1
        moment = self.moments.pop(0) if self.moments else 0.0
        if isinstance(moment, Exception):
            raise moment
        time.sleep(moment)
        return f"value of {key}"


def call(policy: RetryPolicy, backend: Backend) -> str:
    return asyncio.run(policy.call(backend.read, key="a"))


@pytest.mark.parametrize("fault", [ConnectionError, TimeoutError, ConnectionResetError])
def test_what_may_pass_is_tried_again(fault: type[Exception]) -> None:
    backend = Backend(fault(), fault())
    assert call(RetryPolicy(), backend) == "value of a"
    assert backend.calls == 3


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_a_backend_that_stays_down_is_given_up_after_the_attempts_of_the_policy(attempts: int) -> None:
    backend = Backend(*[ConnectionError("down")] * 9)
    with pytest.raises(ConnectionError, match="down"):
        call(RetryPolicy(attempts=attempts), backend)
    assert backend.calls == attempts


def test_a_slow_try_is_given_up_after_the_seconds_of_the_policy_and_made_again() -> None:
    backend = Backend(2.5)
    began = time.monotonic()
    assert call(RetryPolicy(timeout_seconds=0.2), backend) == "value of a"
    assert time.monotonic() - began < 2
    assert backend.calls == 2
    with pytest.raises(TimeoutError):
        call(RetryPolicy(attempts=1, timeout_seconds=0.2), Backend(1.0))


def test_a_longer_limit_lets_a_slow_backend_answer() -> None:
    backend = Backend(2.2)
    assert call(RetryPolicy(timeout_seconds=20.0), backend) == "value of a"
    assert backend.calls == 1


@pytest.mark.parametrize(("fault", "raised"), [(ZeroDivisionError, ZeroDivisionError), (StopIteration, RuntimeError)])
def test_a_programming_error_is_not_tried_again(fault: type[Exception], raised: type[Exception]) -> None:
    backend = Backend(fault())
    with pytest.raises(raised):
        call(RetryPolicy(), backend)
    assert backend.calls == 1


def test_many_calls_at_once_do_not_make_a_healthy_backend_look_slow() -> None:
    backend, policy = Backend(*[0.4] * 80), RetryPolicy(timeout_seconds=1.0)

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(policy.call(backend.read, "a") for _ in range(80)))

    assert asyncio.run(all_at_once()) == ["value of a"] * 80
    assert backend.calls == 80
