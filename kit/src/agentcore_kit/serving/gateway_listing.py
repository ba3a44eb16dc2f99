"""A gateway's list of tools: read page by page within a time, and without those that no model takes."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.types import Tool

MAX_PAGES = 100
"""How many pages of a gateway's list of tools are read: one that has no end must not hold a thread for ever."""

logger = logging.getLogger(__name__)


@dataclass
class Listing:
    """The tools of a gateway as they were listed.

    Attributes:
        tools: Those that can be offered to a model.
        broken: The names of those that were left out because of their schema.
        is_cut: Whether the list was longer than it may be, so that some are missing.
    """

    tools: list[Tool] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    is_cut: bool = False

    def has_same_tools(self, other: Listing) -> bool:
        """Whether another listing has the same tools, in whatever order, with the same descriptions and schemas."""
        return {tool.name: tool for tool in self.tools} == {tool.name: tool for tool in other.tools}


async def read_listing(session: Any, url: str, seconds: float) -> Listing:
    """Return the tools of all pages that came in time.

    Args:
        session: The MCP session with the gateway.
        url: The gateway's, for the log.
        seconds: How long the pages may take.

    Raises:
        TimeoutError: When there was none in time.
    """
    from mcp.types import PaginatedRequestParams

    listing = Listing()
    found: dict[str, Tool] = {}
    cursors: list[str | None] = [None]
    pages, began = 0, monotonic()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while cursors[-1] not in cursors[:-1] and pages < MAX_PAGES:
                cursor = cursors[-1]
                page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor) if cursor else None)
                pages += 1
                for tool in page.tools:
                    found.setdefault(tool.name, tool)
                listing.tools = list(found.values())
                if not page.next_cursor:
                    return listing
                cursors.append(page.next_cursor)
    if not pages:
        raise TimeoutError("its list of tools did not come in time")
    listing.is_cut = True
    logger.warning(
        "the list of tools at %s has no end, or comes too slowly: left after %d pages in %.1f s; going on with the %d "
        "tools on them",
        url, pages, monotonic() - began, len(found),
    )  # fmt: skip
    return listing


def leave_out_broken(session: Any) -> list[str]:
    """See the tools of a session before it does, which refuses a whole page for one that is broken.

    Args:
        session: The MCP session with the gateway.

    Returns:
        The names of the tools that are left out; it grows with each list that is read.
    """
    dispatcher = session._dispatcher
    send = dispatcher.send_raw_request
    left_out: list[str] = []

    def is_usable(tool: Any) -> bool:
        if (why := _why_broken(tool)) is None:
            return True
        name = str(tool.get("name")) if isinstance(tool, dict) else "without a name"
        logger.warning("left out tool %s: its schema %s", name, why)
        left_out.append(name)
        return False

    async def checked(method: str, *arguments: Any, **options: Any) -> Any:
        answer = await send(method, *arguments, **options)
        if method == "tools/list" and isinstance(answer.get("tools"), list):
            answer["tools"] = [tool for tool in answer["tools"] if is_usable(tool)]
        return answer

    dispatcher.send_raw_request = checked
    return left_out


def _why_broken(tool: Any) -> str | None:
    """Return what is wrong with a tool's schema; None where a model can take it."""
    from jsonschema import Draft202012Validator, SchemaError

    schema = tool.get("inputSchema") if isinstance(tool, dict) else None
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return "is none of an object"
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return str(error.message)
    return None
