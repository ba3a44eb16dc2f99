"""A tool's declaration: its name, its effect, and what it does when it is slow, busy, or its backend fails."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial, wraps
from typing import Any, Literal, TypeVar, get_type_hints

from mcp_types import CallToolResult, ToolAnnotations
from pydantic import BaseModel, Field, TypeAdapter

from agentcore_kit.mcp_server.errors import Failure
from agentcore_kit.mcp_server.identity import calling, required_caller
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.runtime.retries import TRANSIENT, Threads, retried

logger = logging.getLogger(__name__)

Effect = Literal["read", "change", "remove"]
_CACHED_ANSWERS = 1024
F = TypeVar("F", bound=Callable[..., Any])


class Misdeclared(TypeError):
    """A declaration that would do harm, or that no server could offer; the message says what would be right."""


class Aged(BaseModel):
    """Base of a result that may be an earlier one, given again because the backend is unavailable."""

    ageSeconds: float = Field(
        default=0, description="0 when read just now; else how old the figures are, as their source is unavailable"
    )


@dataclass(frozen=True)
class Tool:
    """One tool as it was declared; `run` is its function with all that was declared around it."""

    name: str
    title: str
    function: Callable[..., Any]
    effect: Effect
    idempotent: bool
    timeout_seconds: float
    attempts: int
    budget_seconds: float
    fall_back_seconds: float
    at_once: int
    running: list[None] = field(default_factory=list, repr=False)
    answers: OrderedDict[str, tuple[float, Any]] = field(default_factory=OrderedDict, repr=False)

    @cached_property
    def caller_parameter(self) -> str | None:
        """The parameter that takes the caller, if the tool has one. It is no part of the tool's schema."""
        return next((name for name, hint in get_type_hints(self.function).items() if hint is Caller), None)

    @cached_property
    def is_async(self) -> bool:
        """Whether the function is a coroutine function; others run in a thread."""
        return inspect.iscoroutinefunction(self.function)

    @cached_property
    def threads(self) -> Threads:
        """The tool's own threads: a backend that hangs takes them from no other tool."""
        return Threads(self.at_once)

    @property
    def busy(self) -> int:
        """How many tries are under way, those that timed out included until their thread ends."""
        return len(self.running) + self.threads.busy

    @property
    def annotations(self) -> ToolAnnotations:
        """What clients are told of the effect."""
        return ToolAnnotations(
            title=self.title,
            read_only_hint=self.effect == "read",
            destructive_hint=self.effect == "remove",
            idempotent_hint=self.idempotent,
            open_world_hint=False,
        )

    @cached_property
    def run(self) -> Callable[..., Any]:
        """Return the function that the server calls: the caller filled in, failures put into results."""

        @wraps(self.function)
        async def run(**arguments: Any) -> Any:
            try:
                return await self._answer(arguments)
            except Failure as failure:
                return failure.result()
            except (Exception, asyncio.CancelledError, KeyboardInterrupt):
                raise
            except BaseException as error:  # would end the server
                raise RuntimeError(f"{type(error).__name__} instead of an answer") from error

        signature = inspect.signature(self.function, eval_str=True)
        kept = [one for name, one in signature.parameters.items() if name != self.caller_parameter]
        run.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in kept} | {"return": signature.return_annotation}
        return run

    async def _answer(self, arguments: dict[str, Any]) -> Any:
        if self.caller_parameter:
            arguments = arguments | {self.caller_parameter: required_caller()}
        if self.busy >= self.at_once:  # with calls that hang too, so an earlier answer is as good as when they fail
            busy = f"{self.name} is busy with {self.at_once} calls; try again in a second"
            return self._earlier(arguments, Failure(429, busy))
        try:
            answer = await retried(partial(self._once, arguments), self.attempts, self.budget_seconds)
        except TRANSIENT as error:
            logger.warning("%s is unavailable: %s", self.name, type(error).__name__)
            unavailable = f"the service behind {self.name} is unavailable; try again in a few minutes"
            return self._earlier(arguments, Failure(503, unavailable))
        if self.fall_back_seconds:
            self.answers[_key(arguments)] = (time.monotonic(), answer)
            if len(self.answers) > _CACHED_ANSWERS:
                self.answers.popitem(last=False)
        return answer

    async def _once(self, arguments: dict[str, Any]) -> Any:
        if self.busy >= self.at_once:  # never at the first try, for which there was a place
            raise TimeoutError(f"no place for a further try: {self.at_once} are under way")
        if not self.is_async:
            return await self.threads.run(partial(self.function, **arguments), self.timeout_seconds)
        self.running.append(None)
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await self.function(**arguments)
        finally:
            self.running.pop()

    def _earlier(self, arguments: dict[str, Any], otherwise: Failure) -> Any:
        at, answer = self.answers.get(_key(arguments), (0.0, None))
        age = time.monotonic() - at
        if answer is None or age > self.fall_back_seconds:
            raise otherwise
        return answer.model_copy(update={"ageSeconds": round(age, 1)})


TOOLS: dict[str, Tool] = {}
"""The tools by name, in the order in which they were declared."""


def tool(
    name: str,
    *,
    title: str,
    effect: Effect,
    idempotent: bool = True,
    timeout_seconds: float = 2.0,
    attempts: int = 3,
    budget_seconds: float = 5.0,
    fall_back_seconds: float = 0,
    at_once: int = 64,
) -> Callable[[F], F]:
    """Declare a function as a tool. Blocking functions run off the event loop.

    Args:
        name: What agents see behind the prefix: a verb and a noun.
        title: What people see.
        effect: read, change, or remove (which clients may ask their user about first).
        idempotent: Whether a second call with the same arguments changes nothing more.
        timeout_seconds: How long one try may take.
        attempts: How many tries an unavailable backend gets, with random waits between them.
        budget_seconds: After this no further try is begun; the last one may take its time.
        fall_back_seconds: How old an earlier answer may be that is given instead, with its age; 0 for none.
        at_once: How many tries may run together; one more is told that the tool is busy. One that timed out counts
            until its thread ends, so give the backend's own client a time-out as well.

    Raises:
        Misdeclared: when a declaration would do harm: what is not idempotent must not be tried again, an earlier
            answer can only be given where its age can be told, and who asks must not be told by an argument.
    """

    def declare(function: F) -> F:
        if name in TOOLS:
            raise Misdeclared(f"tool {name} is declared twice")
        if attempts > 1 and not idempotent:
            raise Misdeclared(f"tool {name} is not idempotent, so it must not be tried again: attempts=1")
        _refuse_hints(name, get_type_hints(function, include_extras=True))
        aged = get_type_hints(function).get("return")
        if fall_back_seconds and (effect != "read" or not (isinstance(aged, type) and issubclass(aged, Aged))):
            raise Misdeclared(f"tool {name} falls back on earlier answers, so it must only read, and return an Aged")
        TOOLS[name] = Tool(
            name, title, function, effect, idempotent, timeout_seconds, attempts, budget_seconds, fall_back_seconds,
            at_once,
        )  # fmt: skip
        return function

    return declare


def _refuse_hints(name: str, hints: dict[str, Any]) -> None:
    """Raise Misdeclared for what pydantic cannot read or write, as Caller within another type, and for two callers."""
    for parameter, hint in hints.items():
        try:
            if hint is not Caller or parameter == "return":
                TypeAdapter(hint)
        except TypeError as error:
            raise Misdeclared(f"tool {name}: {parameter}: {error}; who asks is a parameter of type Caller") from None
    if sum(hint is Caller for hint in hints.values()) > 1:
        raise Misdeclared(f"tool {name} takes more than one Caller; one parameter of type Caller is who asks")


def _key(arguments: dict[str, Any]) -> str:
    """Return what an answer is kept under: the arguments, and the user where the tool knows one."""
    plain = {name: one.user_id if isinstance(one, Caller) else one for name, one in arguments.items()}
    return json.dumps(plain, sort_keys=True, default=str)


__all__ = ["TOOLS", "Aged", "CallToolResult", "Caller", "Failure", "Misdeclared", "Tool", "calling", "tool"]
