"""The connection to one gateway: every call bounded, unusable tools left out, and no foreign error told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from math import ceil
from threading import Lock, current_thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from strands.tools.mcp import MCPClient
from strands.tools.mcp.mcp_agent_tool import MCPAgentTool
from strands.types.exceptions import MCPClientInitializationError

from agentcore_kit.config.agent import GatewayLimits
from agentcore_kit.serving.errors import tool_error
from agentcore_kit.serving.gateway_listing import Listing, leave_out_broken, read_listing
from agentcore_kit.serving.gateway_status import refused_call
from agentcore_kit.serving.tool_content import named, with_structured

if TYPE_CHECKING:
    import httpx2

logger = logging.getLogger(__name__)

THREAD = "gateway-connection"
"""What the thread of an open connection is called."""


class GatewayClient(MCPClient):
    """An MCP client of one session, with that session's token: connections are never shared.

    An open connection takes a thread and four descriptors, so it is closed while nobody asks, and the next call opens
    it anew. Each call is bounded, of an agent and of a search, which a plugin makes: MCP's own limit is minutes.

    Attributes:
        listing: The tools as they were listed last.
        refused: The last HTTP status of 400 or more since the last call began; None where there was none.
        is_searched: Whether its tools are searched with each request, so that nobody keeps their list.
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
        self.listing, self.is_searched = Listing(), False
        self.refused: int | None = None
        self._url, self._auth, self._limits = url, auth, limits
        self._left_out: list[str] = []
        self._listed_at = float("-inf")
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
            self._left_out = leave_out_broken(session)
            if self.listing.tools:
                from mcp.types import ListToolsResult

                # What the session knew of the tools, or it would list them again with the first call.
                session._absorb_tool_listing(ListToolsResult(tools=self.listing.tools), complete=True)
            self._is_resting = False  # only now other calls may use it

    def _stay_open(self, _: object) -> None:
        with suppress(RuntimeError):  # it could not be opened
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
        """Serve the connection; run what was scheduled as it ended, or asyncio reports that as an error."""
        super()._background_task()
        self._background_thread_event_loop.run_until_complete(asyncio.sleep(0))  # type: ignore[union-attr]
        if self._close_exception and self._init_future.done() and not self._init_future.exception():
            logger.warning("the connection to the gateway at %s broke off", self._url, exc_info=self._close_exception)

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
            asyncio.timeout(limits.connect_seconds) as self._opening,
            create_mcp_http_client(auth=self._auth, timeout=patience) as client,
            streamable_http_client(self._url, http_client=client) as streams,
        ):
            client.event_hooks["response"].append(self._note_status)
            # Called by the loop that has opened it: who waits for that may wake long after, on a busy machine.
            self._init_future.add_done_callback(self._stay_open)
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
        """Return the tools of all pages that came in time; `listing` says more of them.

        Args:
            seconds: How long the pages may take.

        Raises:
            TimeoutError: When there was none in time.
        """
        self._listed_at = monotonic()
        self._left_out.clear()
        session = self._background_thread_session
        self.listing = self._invoke_on_background_thread(read_listing(session, self._url, seconds)).result()
        self.listing.broken = list(self._left_out)
        return [MCPAgentTool(tool, self) for tool in self.listing.tools]

    def has_other_tools(self) -> bool:
        """Whether the gateway lists other tools than before; asked after `retrySeconds`, or when a call has failed."""
        known = self.listing
        if known.is_cut or self.is_searched or monotonic() - self._listed_at < self._limits.retry_seconds:
            return False
        try:
            while not self._begin_call():
                self.connect()
            try:
                self.list_all_tools(0.9 * self._limits.connect_seconds)
            finally:
                self._end_call()
        except Exception as error:  # it may fail in any way; the session goes on with the tools that it has
            logger.warning("the tools of the gateway at %s could not be listed anew: %s", self._url, error)
            self._listed_at = monotonic()
        if self.listing.is_cut:  # too slow this once; more is known
            self.listing = known
        return not self.listing.has_same_tools(known)

    def _handle_tool_execution_error(self, tool_use_id: str, exception: Exception) -> Any:
        """Log what a call raised, and tell model and caller only that it failed: it may hold addresses or a secret."""
        self._listed_at = float("-inf")  # perhaps the gateway does not have the tool any longer
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
