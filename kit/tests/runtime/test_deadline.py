"""Deadlines and threads: what is left is known wherever something waits, and no call that hangs keeps the process."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest
import uvicorn

from agentcore_kit.runtime.deadline import Deadline, seconds_left, until
from agentcore_kit.runtime.http_server import Server
from agentcore_kit.runtime.retries import RetryPolicy
from agentcore_kit.runtime.threads import DaemonThreads


class TooLate(Exception):
    """The time is up."""


class Ending(Exception):
    """The server ends."""


def test_what_is_left_is_known_in_tasks_and_threads_and_nowhere_else() -> None:
    async def run() -> list[float]:
        with until(Deadline(50, TooLate())):
            task = asyncio.create_task(asyncio.to_thread(seconds_left, 100.0))
            left = [seconds_left(100.0), await task, seconds_left(1.0)]
            with until(Deadline(5, TooLate())):
                left.append(seconds_left(100.0))
            left.append(seconds_left(100.0))
        return [*left, seconds_left(100.0)]

    here, in_thread, own, within, after, outside = asyncio.run(run())
    assert 5 < after <= in_thread <= here <= 50
    assert 0 < within <= 5
    assert (own, outside) == (1.0, 100.0)


def test_what_takes_too_long_ends_with_the_error_of_the_deadline() -> None:
    async def run() -> None:
        async with Deadline(0.05, TooLate()).limit():
            await asyncio.Event().wait()

    with pytest.raises(TooLate):
        asyncio.run(run())


def test_a_time_out_within_stays_what_it_is() -> None:
    async def run() -> None:
        async with Deadline(50, TooLate()).limit():
            raise TimeoutError("a backend's own")

    with pytest.raises(TimeoutError, match="own"):
        asyncio.run(run())


@pytest.mark.parametrize(("seconds", "raised"), [(0.05, Ending), (500, TooLate)])
def test_a_deadline_is_shortened_from_another_thread_and_never_made_longer(
    seconds: float, raised: type[Exception]
) -> None:
    async def run() -> None:
        deadline = Deadline(60 if raised is Ending else 0.2, TooLate())
        threading.Timer(0.05, deadline.shorten, (seconds, Ending())).start()
        async with deadline.limit():
            await asyncio.Event().wait()

    with pytest.raises(raised):
        asyncio.run(run())


def test_a_call_of_a_backend_takes_no_longer_than_what_is_left() -> None:
    hanging = threading.Event()

    async def run() -> None:
        with until(Deadline(0.2, TooLate())):
            await RetryPolicy(attempts=1, timeout_seconds=1000).call(hanging.wait, 1000)

    with pytest.raises(TimeoutError):
        asyncio.run(run())
    hanging.set()


def test_a_thread_is_used_again_and_more_calls_than_threads_wait() -> None:
    threads, go = DaemonThreads(2, "few"), threading.Event()
    first = threads.submit(threading.current_thread).result().name
    assert threads.submit(threading.current_thread).result().name == first
    waiting = [threads.submit(go.wait, 60) for _ in range(2)]
    later = threads.submit(sum, [1, 2])
    assert not later.done()
    go.set()
    assert (later.result(60), [each.result(60) for each in waiting]) == (3, [True, True])
    with pytest.raises(ZeroDivisionError):
        threads.submit(divmod, 1, 0).result(60)
    threads.shutdown()


def test_a_call_that_hangs_keeps_neither_the_loop_nor_the_interpreter() -> None:
    code = """
import asyncio, threading
from agentcore_kit.runtime.threads import DaemonThreads

async def run():
    asyncio.get_running_loop().set_default_executor(DaemonThreads(2, "own"))
    hanging = asyncio.ensure_future(asyncio.to_thread(threading.Event().wait))
    await asyncio.sleep(0.1)
    hanging.cancel()

asyncio.run(run())
print("ended")
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert ended.stdout == "ended\n"


def test_the_first_process_of_a_container_ends_at_the_second_signal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[int] = []
    timers: list[Any] = []
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(signal, "raise_signal", lambda _: None)  # as the kernel does for a first process
    monkeypatch.setattr(os, "_exit", ends.append)
    monkeypatch.setattr(threading.Timer, "start", lambda timer: timers.append(timer))
    server = Server(uvicorn.Config(lambda: None), lambda _: None)
    server.handle_exit(signal.SIGTERM, None)
    assert (ends, len(timers), timers[0].daemon) == ([], 1, True), "there is a last resort"
    server.handle_exit(signal.SIGTERM, None)
    assert ends == [128 + signal.SIGTERM]
