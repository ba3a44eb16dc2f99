"""Threads for calls that block. A call that never returns keeps its thread and nothing else: the process still ends."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Lock, Semaphore, Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class DaemonThreads(ThreadPoolExecutor):
    """A pool whose threads hold up neither `shutdown` nor the end of the interpreter.

    The standard library's joins its threads in both, so that one call of a tool that hangs would keep the process.
    """

    def __init__(self, number: int, name: str) -> None:
        """Make a pool without threads; each call makes one while there are fewer than `number`, and none is idle."""
        super().__init__(number, thread_name_prefix=name)
        self._name, self._number, self._made = name, number, 0
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._free = Semaphore(0)
        self._making = Lock()

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Call a function in a thread, as soon as one is free."""
        future: Future[R] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._calls.put(call)
        with self._making:
            if not self._free.acquire(blocking=False) and self._made < self._number:
                self._made += 1
                Thread(target=self._work, name=f"{self._name}-{self._made}", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads that are idle, and each other one when its call returns. Waits for none."""
        with self._making:
            for _ in range(self._made):
                self._calls.put(None)
            self._made = self._number

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            del call  # it holds its result
            self._free.release()
