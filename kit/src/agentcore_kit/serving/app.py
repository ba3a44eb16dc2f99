"""The agent's HTTP server: the AgentCore Runtime contract, `POST /invocations` and `GET /ping` on port 8080.

Every session in the cloud starts a new microVM, so each user waits for this start. Only what opens the port is imported
here; the agent itself is loaded right after the port is open, or with the first request, which waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from bedrock_agentcore.runtime import BedrockAgentCoreApp, BedrockAgentCoreContext, RequestContext
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.runtime.health import shortage, unhealthy
from agentcore_kit.runtime.proxies import exempt_loopback
from agentcore_kit.runtime.threads import DaemonThreads
from agentcore_kit.serving.body import CHECKED, CheckedRequests
from agentcore_kit.serving.cors import CrossOrigin
from agentcore_kit.serving.hang_up import EndsOnHangUp
from agentcore_kit.serving.headers import CheckedHeaders

if TYPE_CHECKING:
    from agentcore_kit.serving.service import Service
    from agentcore_kit.serving.settings import AgentSettings

OTHER_SETTINGS = "agentcore_kit.settings"
"""Where the page of `kit dev` puts settings with another model into a request's scope. Nothing of a request itself can:
a server fills the scope, and no server in the cloud has that page before it."""

_OPENING_SECONDS = 0.1
"""What the server needs from its start-up hook to its first answer to a ping."""

_CLOSING_SECONDS = 2.0
"""How long closing the connections may take at the end."""

_TURN_THREADS, _SERVER_THREADS = 256, 8
"""How many calls may block at once: of models, tools and memories, and of the server itself."""


class AgentApp(BedrockAgentCoreApp):
    """The ASGI application of one agent.

    Attributes:
        build_agent: Names the function that builds the agent of a session, as `module:function`.
        on_request: Names the function that sees each request before it is answered, as `module:function`.
        log_formatter: Names the function that returns the formatter of log lines, as `module:function`.
    """

    def __init__(self, build_agent: str, on_request: str | None, log_formatter: str | None) -> None:
        edges = [
            Middleware(EndsOnHangUp),
            Middleware(CrossOrigin, origins=self._origins),
            Middleware(CheckedHeaders),
            Middleware(CheckedRequests, settings=self._settings),
        ]
        super().__init__(lifespan=self._lifespan, middleware=edges)
        self.build_agent, self.on_request, self.log_formatter = build_agent, on_request, log_formatter
        self._loading: Future[Service] = Future()
        self._started = Lock()
        self._threads: DaemonThreads | None = None
        self.entrypoint(self._invoke)

    def run(self, port: int | None = None, host: str | None = None, **options: Any) -> None:
        """Serve until told to stop: then requests that are being answered have `DRAIN_SECONDS`.

        Args:
            port: Where to listen; `PORT`, else 8080, where it is left out.
            host: The address to listen on; in a container all, else this machine's own.
            options: Further options of uvicorn.
        """
        from agentcore_kit.runtime.logging import begin_logging

        begin_logging()
        from agentcore_kit.runtime.http_server import serve
        from agentcore_kit.runtime.settings import own_address

        port = port or int(os.environ.get("PORT", "8080"))
        serve(self, self._drain, port=port, host=host or own_address(), **options)

    def start_loading(self) -> None:
        """Load the agent in the background; a second call does nothing."""
        if self._started.acquire(blocking=False):
            Thread(target=self.load, name="load-agent", daemon=True).start()

    def load(self) -> None:
        """Import and configure the agent. When that fails the process ends, as it must not look healthy."""
        from agentcore_kit.runtime import metrics

        try:
            from agentcore_kit.serving.service import Service

            self._loading.set_result(Service.of_app(self))
        except BaseException as error:
            wrong = isinstance(error, ConfigError)  # says all there is to say; a stack would hide it
            logging.getLogger(__name__).error("the agent cannot start: %s", error, exc_info=None if wrong else error)
            metrics.emit("the agent cannot start", {"Errors": 1}, kind="start")
            self._loading.set_exception(error)
            os.kill(os.getpid(), signal.SIGTERM)

    @asynccontextmanager
    async def _lifespan(self, _: object) -> AsyncIterator[None]:
        """Load the agent after the port is open, and close its connections at the end."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(DaemonThreads(_SERVER_THREADS, "server"))
        loop.call_later(_OPENING_SECONDS, self.start_loading)
        yield
        try:
            async with asyncio.timeout(_CLOSING_SECONDS):
                if service := self._running():
                    await asyncio.to_thread(service.close)
        except TimeoutError:
            logging.getLogger(__name__).warning("a connection does not close; the process ends without it")

    def _running(self) -> Service | None:
        """Return the service, if it is loaded."""
        return self._loading.result() if self._loading.done() and not self._loading.exception() else None

    def _drain(self, seconds: float) -> None:
        """Let the turns that there are end within so many seconds."""
        if service := self._running():
            service.drain(seconds)

    async def _loaded(self) -> Service:
        self.start_loading()
        loading = self._loading
        return loading.result() if loading.done() else await asyncio.shield(asyncio.wrap_future(loading))

    def _handle_ping(self, request: Request) -> JSONResponse:
        """Answer as the SDK does, but 503 when the process could not answer another request, so that it is replaced."""
        if why := shortage():
            logging.getLogger(__name__).error("cannot serve: %s", why)
            return unhealthy(why)
        status: JSONResponse = super()._handle_ping(request)  # type: ignore[no-untyped-call]
        return status

    async def _settings(self) -> AgentSettings | None:
        """Return the agent's settings; None where it cannot start, which `_invoke` then says."""
        try:
            return (await self._loaded()).settings
        except Exception:
            return None

    async def _origins(self) -> list[str]:
        """Return which pages may call the agent."""
        settings = await self._settings()
        return settings.environment.cors.origins if settings else []

    async def _invoke(self, _: Any, context: RequestContext) -> Any:
        """Answer one request: a JSON body, or server-sent events when the payload asks for a stream."""
        self._use_own_threads()
        try:
            service = await self._loaded()
            from agentcore_kit.serving import request_metrics

            request: Any = context.request
            checked = request.scope[CHECKED]  # its body was read and checked before the SDK
            if isinstance(checked, Response):
                request_metrics.refused(checked.status_code, {"requestId": BedrockAgentCoreContext.get_request_id()})
                return checked
            if isinstance(checked, Exception):
                raise checked
            if other := request.scope.get(OTHER_SETTINGS):
                service = await asyncio.to_thread(service.with_settings, other)
            # All headers: the SDK's own selection leaves out those of tracing.
            return await service.respond(checked, request.headers)
        except Exception as error:
            from agentcore_kit.serving import request_metrics
            from agentcore_kit.serving.errors import failure_of

            request_id = BedrockAgentCoreContext.get_request_id()
            logging.getLogger(__name__).exception("request %s failed", request_id)
            failure = failure_of(error)
            request_metrics.failed(failure, {"requestId": request_id})
            return JSONResponse(failure.body(str(request_id)), status_code=failure.status)

    def _use_own_threads(self) -> None:
        """Let what blocks in turns run in threads that hold up neither other turns nor the end of the process."""
        if self._threads is None:
            self._threads = DaemonThreads(_TURN_THREADS, "turn")
            asyncio.get_running_loop().set_default_executor(self._threads)


def create_app(build_agent: str, *, on_request: str | None = None, log_formatter: str | None = None) -> AgentApp:
    """Return the server of an agent. Nothing of the agent is imported before the port is open.

    Args:
        build_agent: Names the function that builds the agent of a session, for example `agent.agent:build_agent`. It
            is called with an `AgentSession` and returns a `strands.Agent`. Hooks of a session and of its tool calls are
            Strands' own: `Agent(hooks=[…])`.
        on_request: Names a function that is called with the verified `Caller` and the prompt of each request before it
            is answered, for example `agent.hooks:on_request`. To refuse, it raises `RequestRefused` with what the
            caller is told. It runs on the event loop, so one that waits for something is a coroutine function.
        log_formatter: Names a function that returns a `logging.Formatter` for all log lines, for example
            `agent.logs:formatter`. It is called with a function that returns the ids of the current request.

    Returns:
        The ASGI application, whose `run()` serves it.

    Example:
        >>> app = create_app("agent.agent:build_agent", on_request="agent.hooks:on_request")

        and in `src/agent/hooks.py`:

        >>> def on_request(caller: Caller, prompt: str) -> None:
        ...     if not caller.claims.get("department"):
        ...         raise RequestRefused("your account has no department; ask the service desk for one")
    """
    exempt_loopback()
    return AgentApp(build_agent, on_request, log_formatter)
