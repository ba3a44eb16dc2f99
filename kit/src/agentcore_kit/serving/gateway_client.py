"""The connection to one gateway: every call bounded, unusable tools left out, and no foreign error told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from math import ceil
from threading import Lock, current_thread
from typing import TYPE_CHECKING, Any

from strands.tools.mcp import MCPClient
from strands.tools.mcp.mcp_agent_tool import MCPAgentTool
from strands.types.exceptions import MCPClientInitializationError

from agentcore_kit.config.agent import GatewayLimits
from agentcore_kit.serving.errors import tool_error
from agentcore_kit.serving.gateway_status import refused_call
from agentcore_kit.serving.tool_content import named, with_structured

if TYPE_CHECKING:
    import httpx2
    from mcp.types import Tool

logger = logging.getLogger(__name__)

THREAD = "gateway-connection"
"""What the thread of an open connection is called."""

MAX_PAGES = 100
"""How many pages of a gateway's list of tools are read: one that has no end must not hold a thread for ever."""


class GatewayClient(MCPClient):
    """An MCP client of one session, with that session's token: connections are never shared.

    An open connection takes a thread and four descriptors, so it is closed while nobody asks, and the next call opens
    it anew. Each call is bounded, of an agent and of a search, which a plugin makes: MCP's own limit is minutes.

    Attributes:
        broken: The names of tools that were left out because of their schema.
        refused: The last HTTP status of 400 or more since the last call began; None where there was none.
        is_cut: Whether the gateway's list of tools was longer than it may be, so that some are missing.
    """

    def __init__(self, url: str, auth: httpx2.Auth, application: str, limits: GatewayLimits) -> None:
        """Make the client of a gateway; it is not connected.

        Args:
            url: The gateway's.
            auth: What puts the caller's token into each request.
            application: The agent's name.
            limits: How long it may take.
        """
        super().__init__(
            self._transport, startup_timeout=ceil(limits.connect_seconds) + 1, application_name=application
        )
        self.broken: list[str] = []
        self.is_cut = False
        self.refused: int | None = None
        self._url, self._auth, self._limits = url, auth, limits
        self._tools: list[Tool] = []
        self._turning = Lock()  # held while the connection is opened or closed
        self._counting = Lock()  # held for an instant
        self._calls, self._is_resting, self._has_ended = 0, True, False

    @property
    def is_lost(self) -> bool:
        """Whether the connection broke off, which one that was closed while nobody asked did not."""
        return not self._is_resting and not self._is_session_active()

    def connect(self) -> None:
        """Open the connection, unless it is open.

        Raises:
            Exception: When the gateway does not answer in time, or in no way that is MCP.
        """
        with self._turning:
            if self._has_ended or self.is_lost:
                raise MCPClientInitializationError("the connection to the gateway was lost")
            if not self._is_resting:
                return
            try:
                self.start()  # closes itself when it fails
            except BaseException:
                self._is_resting = False
                raise
            session: Any = self._background_thread_session
            self._background_thread_event_loop.call_soon_threadsafe(self._stay_open)  # type: ignore[union-attr]
            if self._tools:
                from mcp.types import ListToolsResult

                # What the session knew of the tools, or it would list them again with the first call.
                session._absorb_tool_listing(ListToolsResult(tools=self._tools), complete=True)
            self._is_resting = False  # only now other calls may use it

    def _stay_open(self) -> None:
        with suppress(RuntimeError):  # it was closed meanwhile
            self._opening.reschedule(None)

    def rest(self) -> None:
        """Close the connection until the next call; not while there is one."""
        with self._turning:
            with self._counting:
                if self._calls or self._has_ended or not self._is_session_active():
                    return
                self._is_resting = True
            self._disconnect()

    def end(self) -> None:
        """Close the connection for good."""
        with self._turning:
            self._has_ended = True
            self._disconnect()

    def _disconnect(self) -> None:
        try:
            self.stop(None, None, None)
        except Exception:
            logger.debug("closing a connection that is dead already", exc_info=True)

    def _background_task(self) -> None:
        """Serve the connection. What its loop was told as it ended still runs: asyncio calls that an error else."""
        super()._background_task()
        self._background_thread_event_loop.run_until_complete(asyncio.sleep(0))  # type: ignore[union-attr]

    @asynccontextmanager
    async def _transport(self) -> AsyncIterator[Any]:
        """Open the streams of a connection. A gateway that takes it and then is silent does not hold its thread."""
        import httpx2
        from mcp.client.streamable_http import streamable_http_client
        from mcp.shared._httpx_utils import create_mcp_http_client

        current_thread().name = THREAD
        limits = self._limits
        patience = httpx2.Timeout(limits.connect_seconds, read=max(limits.connect_seconds, limits.call_seconds) + 1)
        async with (
            asyncio.timeout(limits.connect_seconds) as self._opening,  # until `connect` knows that it is open
            create_mcp_http_client(auth=self._auth, timeout=patience) as client,
            streamable_http_client(self._url, http_client=client) as streams,
        ):
            client.event_hooks["response"].append(self._note_status)
            try:
                yield streams
            finally:
                client.timeout = httpx2.Timeout(limits.connect_seconds)  # for the goodbye

    async def call_tool_async(self, tool_use_id: str, *arguments: Any, **options: Any) -> Any:
        """Call a tool for the agent."""
        options["read_timeout_seconds"] = timedelta(seconds=self._limits.call_seconds)
        try:
            while not self._begin_call():
                await asyncio.to_thread(self.connect)
        except Exception as error:
            return self._handle_tool_execution_error(tool_use_id, error)
        try:
            return await super().call_tool_async(tool_use_id, *arguments, **options)
        finally:
            self._end_call()

    def call_tool_sync(self, tool_use_id: str, *arguments: Any, **options: Any) -> Any:
        """Call a tool for a search."""
        options["read_timeout_seconds"] = timedelta(seconds=self._limits.connect_seconds)
        try:
            while not self._begin_call():
                self.connect()
        except Exception as error:
            return self._handle_tool_execution_error(tool_use_id, error)
        try:
            return super().call_tool_sync(tool_use_id, *arguments, **options)
        finally:
            self._end_call()

    def _begin_call(self) -> bool:
        """Return whether the connection is open, and then keep it so until the call ends."""
        with self._counting:
            if self._is_resting or self._has_ended or not self._is_session_active():
                return False
            self._calls += 1
            if self._calls == 1:
                self.refused = None
            return True

    def _end_call(self) -> None:
        with self._counting:
            self._calls -= 1

    def list_all_tools(self, seconds: float) -> list[MCPAgentTool]:
        """Return the tools of all pages that came in time. One that no model takes is left out, named in `broken`.

        Args:
            seconds: How long the pages may take.

        Raises:
            TimeoutError: When there was none in time.
        """
        self._check_listings()
        self._invoke_on_background_thread(self._read_pages(seconds)).result()
        return [MCPAgentTool(tool, self) for tool in self._tools]

    async def _read_pages(self, seconds: float) -> None:
        from mcp.types import PaginatedRequestParams

        session: Any = self._background_thread_session
        found: dict[str, Tool] = {}
        cursors: list[str | None] = [None]
        pages = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while cursors[-1] not in cursors[:-1] and pages < MAX_PAGES:
                    cursor = cursors[-1]
                    page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor) if cursor else None)
                    pages += 1
                    for tool in page.tools:
                        found.setdefault(tool.name, tool)
                    self._tools = list(found.values())
                    if not page.next_cursor:
                        return
                    cursors.append(page.next_cursor)
        if not pages:
            raise TimeoutError("its list of tools did not come in time")
        self.is_cut = True
        logger.warning(
            "the list of tools at %s has no end, or comes too slowly: left after %d pages in %.1f s; going on with "
            "the %d tools on them",
            self._url, pages, seconds, len(found),
        )  # fmt: skip

    def _check_listings(self) -> None:
        """See the tools before the session does, which refuses a whole page for one of them."""
        dispatcher: Any = self._background_thread_session._dispatcher  # type: ignore[union-attr]
        send = dispatcher.send_raw_request

        async def checked(method: str, *arguments: Any, **options: Any) -> Any:
            answer = await send(method, *arguments, **options)
            if method == "tools/list" and isinstance(answer.get("tools"), list):
                answer["tools"] = [tool for tool in answer["tools"] if self._can_be_offered(tool)]
            return answer

        dispatcher.send_raw_request = checked

    def _can_be_offered(self, tool: Any) -> bool:
        from jsonschema import Draft202012Validator, SchemaError

        schema = tool.get("inputSchema") if isinstance(tool, dict) else None
        try:
            if isinstance(schema, dict) and schema.get("type") == "object":
                Draft202012Validator.check_schema(schema)
                return True
            why = "is none of an object"
        except SchemaError as error:
            why = error.message
        name = str(tool.get("name")) if isinstance(tool, dict) else "without a name"
        logger.warning("left out tool %s: its schema %s", name, why)
        self.broken.append(name)
        return False

    def _handle_tool_execution_error(self, tool_use_id: str, exception: Exception) -> Any:
        """Log what a call raised, and tell model and caller only that it failed: it may hold addresses or a secret."""
        if self.refused:
            return {"toolUseId": tool_use_id, **refused_call(self.refused)}
        logger.error("a call of a gateway's tool failed", exc_info=exception)
        if "timed out" in str(exception).lower():
            return {"toolUseId": tool_use_id, **tool_error(504, "the tool timed out; try again later")}
        return {
            "toolUseId": tool_use_id,
            **tool_error(503, "the tool cannot be called; its operators find the cause in the log"),
        }

    def map_mcp_content_to_tool_result_content(self, content: Any) -> Any:
        """Return content as a block of a message; what none can hold is named in one."""
        try:
            block = super().map_mcp_content_to_tool_result_content(content)
        except KeyError:  # a picture in a format that no model takes
            block = None
        return block or named(content)

    def _handle_tool_result(self, tool_use_id: str, call_tool_result: Any) -> Any:
        result = super()._handle_tool_result(tool_use_id, call_tool_result)
        result["content"] = with_structured(result["content"], result.get("structuredContent"))
        return result

    async def _note_status(self, response: httpx2.Response) -> None:
        """Note that a request was refused. 405 is how a server says that it sends nothing of its own accord."""
        if response.status_code >= 400 and response.status_code != 405:
            self.refused = response.status_code
            logger.warning("a gateway answered with HTTP status %s", response.status_code)
