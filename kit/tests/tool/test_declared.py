"""What is declared of a tool happens: retries, earlier answers, time-outs, limits, and who calls."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from pydantic import Field

from agentcore_kit.mcp_server import declarations
from agentcore_kit.mcp_server.declarations import Aged, Misdeclared, Tool, tool
from agentcore_kit.mcp_server.errors import read_failure
from agentcore_kit.mcp_server.identity import calling
from agentcore_kit.runtime.identity import Caller


class Price(Aged):
    """A result that may be an earlier one."""

    price: float


@pytest.fixture(autouse=True)
def no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test declare tools of its own."""
    monkeypatch.setattr(declarations, "TOOLS", {})


class Source:
    """A backend that fails as told, or takes its time."""

    def __init__(self, *moments: Exception | float) -> None:
        self.moments = list(moments)
        self.calls = 0

    def read(self, share: str = "") -> Price:
        self.calls += 1
        moment = self.moments.pop(0) if self.moments else 0.0
        if isinstance(moment, Exception):
            raise moment
        time.sleep(moment)
        return Price(price=1.5)


def declared(source: Source, **options: Any) -> Tool:
    def get_price(share: str) -> Price:
        return source.read(share)

    tool("getPrice", title="Price", effect="read", **options)(get_price)
    return declarations.TOOLS["getPrice"]


def run(one: Tool, **arguments: Any) -> Any:
    return asyncio.run(one.run(**arguments or {"share": "A"}))


def error(result: Any) -> dict[str, Any]:
    assert result.is_error
    assert result.structured_content is None, "it would have to be what the output schema says"
    (block,) = result.content
    return dict(read_failure(block.text))


def test_what_is_transient_is_tried_again() -> None:
    source = Source(ConnectionError(), TimeoutError())
    assert run(declared(source)).price == 1.5
    assert source.calls == 3


def test_a_source_that_stays_down_is_said_to_be() -> None:
    source = Source(*[ConnectionError("10.0.0.1 refused")] * 9)
    found = error(run(declared(source, attempts=2)))
    assert (found["code"], found["kind"], found["retryable"]) == (503, "unavailable", True)
    assert "10.0.0.1" not in found["message"]
    assert source.calls == 2


def test_no_try_is_begun_after_the_budget() -> None:
    source = Source(*[ConnectionError()] * 99)
    run(declared(source, attempts=99, budget_seconds=0.3))
    assert 1 < source.calls < 99


def test_an_earlier_answer_is_given_with_its_age_and_only_for_the_same_arguments() -> None:
    source = Source(0.0, *[ConnectionError()] * 9)
    one = declared(source, attempts=1, fall_back_seconds=60)
    assert run(one).ageSeconds == 0
    time.sleep(0.11)
    assert run(one).ageSeconds >= 0.1
    assert error(run(one, share="B"))["code"] == 503


def test_an_answer_that_is_too_old_is_not_given() -> None:
    one = declared(Source(0.0, ConnectionError()), attempts=1, fall_back_seconds=0.01)
    run(one)
    time.sleep(0.02)
    assert error(run(one))["code"] == 503


def test_an_earlier_answer_is_given_too_while_hanging_calls_take_all_places() -> None:
    one = declared(Source(0.0, 2.0), attempts=1, timeout_seconds=0.3, at_once=1, fall_back_seconds=60)

    async def three() -> list[Any]:
        return [await one.run(share="A") for _ in range(3)]

    assert [found.price for found in asyncio.run(three())] == [1.5, 1.5, 1.5]


def test_an_earlier_answer_is_not_given_to_another_user() -> None:
    source = Source(0.0, ConnectionError())

    def get_own_price(caller: Caller) -> Price:
        return source.read()

    tool("getOwnPrice", title="Price", effect="read", attempts=1, fall_back_seconds=60)(get_own_price)
    one = declarations.TOOLS["getOwnPrice"]

    async def as_user(name: str) -> Any:
        calling.set(Caller(name))
        return await one.run()

    assert asyncio.run(as_user("alice")).price == 1.5
    assert error(asyncio.run(as_user("bob")))["code"] == 503


def test_a_slow_try_is_given_up() -> None:
    source = Source(1.0)
    assert run(declared(source, timeout_seconds=0.3)).price == 1.5
    assert source.calls == 2


def test_one_call_too_many_is_told_that_the_tool_is_busy() -> None:
    one = declared(Source(0.2, 0.2), at_once=2)

    async def three() -> list[Any]:
        return await asyncio.gather(*(one.run(share="A") for _ in range(3)))

    *served, refused = asyncio.run(three())
    assert all(found.price == 1.5 for found in served)
    assert error(refused)["kind"] == "busy"
    assert run(one).price == 1.5  # and free again


def test_calls_to_a_backend_that_hangs_are_told_that_it_is_unavailable() -> None:
    answers = threading.Event()

    def get_price(share: str) -> Price:
        answers.wait()
        return Price(price=1.5)

    tool("getPrice", title="Price", effect="read", timeout_seconds=0.1)(get_price)
    one = declarations.TOOLS["getPrice"]

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(one.run(share="A") for _ in range(one.at_once + 1)))

    try:
        *hung, refused = asyncio.run(all_at_once())
    finally:
        answers.set()
    assert Counter(error(found)["code"] for found in hung) == {503: one.at_once}
    assert error(refused)["code"] == 429


def test_a_cancelled_call_frees_its_place_when_its_thread_ends() -> None:
    one = declared(Source(0.2), at_once=1)

    async def cancelled() -> Any:
        running = asyncio.create_task(one.run(share="A"))
        await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return await one.run(share="A")

    assert error(asyncio.run(cancelled()))["kind"] == "busy"
    while one.busy:
        time.sleep(0.05)
    assert run(one).price == 1.5


def test_a_tool_that_hangs_keeps_no_thread_from_another() -> None:
    hanging = declared(Source(*[1.5] * 40), at_once=40, attempts=1, timeout_seconds=0.1)

    def get_day(share: str) -> Price:
        return Price(price=2.5)

    tool("getDay", title="Day", effect="read", attempts=1, timeout_seconds=0.5)(get_day)

    async def both() -> list[Any]:
        hung = await asyncio.gather(*(hanging.run(share="A") for _ in range(40)))
        began = time.monotonic()
        found = [*hung, await declarations.TOOLS["getDay"].run(share="A"), await hanging.run(share="A")]
        assert time.monotonic() - began < 0.5
        return found

    *hung, other, refused = asyncio.run(both())
    assert {error(one)["code"] for one in hung} == {503}
    assert other.price == 2.5
    assert error(refused)["kind"] == "busy"


@pytest.mark.parametrize(
    "odd", [StopIteration, SystemExit, GeneratorExit, KeyboardInterrupt, asyncio.CancelledError, CancelledError]
)
def test_what_is_no_ordinary_exception_is_a_failure_of_the_one_call(odd: type[BaseException]) -> None:
    def get_price(share: str) -> Price:
        raise odd

    tool("getPrice", title="Price", effect="read")(get_price)
    with pytest.raises(RuntimeError, match=f"^{odd.__name__} instead of an answer"):
        run(declarations.TOOLS["getPrice"])


@pytest.mark.parametrize("odd", [StopIteration, SystemExit, GeneratorExit])
def test_nor_does_one_of_a_coroutine_end_the_server(odd: type[BaseException]) -> None:
    async def get_price(share: str) -> Price:
        raise odd

    tool("getPrice", title="Price", effect="read")(get_price)
    with pytest.raises(RuntimeError):
        run(declarations.TOOLS["getPrice"])


def test_a_tool_that_needs_to_know_who_asks_is_not_run_for_nobody() -> None:
    def list_own(caller: Caller) -> Price:
        raise AssertionError(caller)

    tool("listOwn", title="Own", effect="read")(list_own)
    assert error(asyncio.run(declarations.TOOLS["listOwn"].run()))["code"] == 403


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"effect": "change", "idempotent": False}, "must not be tried again"),
        ({"effect": "change", "fall_back_seconds": 60}, "must only read"),
    ],
)
def test_a_declaration_that_would_do_harm_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        tool("setPrice", title="Price", **options)(Source().read)


@dataclass
class Order:
    """Data in which a caller stands."""

    by: Caller


@pytest.mark.parametrize(
    "hints",
    [
        {"caller": Annotated[Caller | None, Field(description="Who asks.")]},
        {"caller": Annotated[Caller, Field(description="Who asks.")]},
        {"order": Order},
        {"caller": Caller, "other": Caller},
        {"return": list[Caller]},
    ],
)
def test_no_argument_can_say_who_asks(hints: dict[str, Any]) -> None:
    def get_price(**_: Any) -> None: ...

    get_price.__annotations__ = hints
    with pytest.raises(Misdeclared, match="of type Caller"):
        tool("getPrice", title="Price", effect="read")(get_price)
