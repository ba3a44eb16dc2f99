"""Tools that a test adds to the starter's: with parameters of every kind, hostile, failing, slow."""

from __future__ import annotations

from tests.local.browsers import MARKUP

SOURCE = f'''

from typing import Any

from pydantic import BaseModel


class Echo(BaseModel):
    """What was sent."""

    sent: dict[str, Any] = Field(description="the arguments as they arrived, by their names")


@tool("echoArguments", title="Echo", effect="read")
def echo_arguments(
    words: str,
    count: int = 1,
    ratio: float | None = None,
    flag: bool = False,
    kind: Literal["a", "b"] = "a",
    tags: list[str] | None = None,
) -> Echo:
    """Returns what it was given."""
    return Echo(sent=dict(words=words, count=count, ratio=ratio, flag=flag, kind=kind, tags=tags))


@tool("sayMarkup", title={MARKUP!r}, effect="read")
def say_markup() -> Echo:
    {MARKUP!r}
    return Echo(sent={{"found": {MARKUP!r}}})


@tool("failAlways", title="Fails", effect="read")
def fail_always(how: Literal["told", "broken", "unavailable"] = "told") -> Echo:
    """Fails."""
    if how == "broken":
        raise ValueError("the cause")
    raise Failure(409 if how == "told" else 503, {MARKUP!r})


@tool("waitLong", title="Waits", effect="read")
async def wait_long() -> Echo:
    """Waits."""
    import asyncio

    await asyncio.sleep(20)
    return Echo(sent={{}})


@tool("sayMuch", title="Large", effect="read")
def say_much() -> Echo:
    """Returns a large result."""
    return Echo(sent={{"large": "y" * 2_000_000}})
'''
"""What is written at the end of `src/tool/tools.py`."""
