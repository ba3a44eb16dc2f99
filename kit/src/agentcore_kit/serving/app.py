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
from starlette.responses import JSONResponse

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.serving.cors import CrossOrigin
from agentcore_kit.serving.headers import CheckedHeaders

if TYPE_CHECKING:
    from agentcore_kit.serving.service import Service

_OPENING_SECONDS = 0.1
"""What the server needs from its start-up hook to its first answer to a ping."""


class AgentApp(BedrockAgentCoreApp):
    """The ASGI application of one agent.

    Attributes:
        build_agent: Names the function that builds the agent of a session, as `module:function`.
        on_request: Names the function that sees each request before it is answered, as `module:function`.
        log_formatter: Names the function that returns the formatter of log lines, as `module:function`.
    """

    def __init__(self, build_agent: str, on_request: str | None, log_formatter: str | None) -> None:
        edges = [Middleware(CrossOrigin, origins=self._origins), Middleware(CheckedHeaders)]
        super().__init__(lifespan=self._lifespan, middleware=edges)
        self.build_agent, self.on_request, self.log_formatter = build_agent, on_request, log_formatter
        self._loading: Future[Service] = Future()
        self._started = Lock()
        self.entrypoint(self._invoke)

    def run(self, port: int | None = None, host: str | None = None, **options: Any) -> None:
        """Serve until told to stop.

        Args:
            port: Where to listen; `PORT`, else 8080, where it is left out.
            host: The address to listen on; in a container all, else this machine's own.
            options: Further options of uvicorn.
        """
        # Without a log configuration of its own uvicorn logs as everything else does.
        options.setdefault("log_config", None)
        super().run(port=port or int(os.environ.get("PORT", "8080")), host=host, **options)

    def start_loading(self) -> None:
        """Load the agent in the background; a second call does nothing."""
        if self._started.acquire(blocking=False):
            Thread(target=self.load, name="load-agent", daemon=True).start()

    def load(self) -> None:
        """Import and configure the agent. When that fails the process ends, as it must not look healthy."""
        try:
            from agentcore_kit.serving.service import Service

            self._loading.set_result(Service.of_app(self))
        except BaseException as error:
            wrong = isinstance(error, ConfigError)  # says all there is to say; a stack would hide it
            logging.getLogger(__name__).error("the agent cannot start: %s", error, exc_info=None if wrong else error)
            self._loading.set_exception(error)
            os.kill(os.getpid(), signal.SIGTERM)

    @asynccontextmanager
    async def _lifespan(self, _: object) -> AsyncIterator[None]:
        """Load the agent after the port is open, and close its connections at the end."""
        asyncio.get_running_loop().call_later(_OPENING_SECONDS, self.start_loading)
        yield
        if self._loading.done() and not self._loading.exception():
            await asyncio.to_thread(self._loading.result().close)

    async def _loaded(self) -> Service:
        self.start_loading()
        loading = self._loading
        return loading.result() if loading.done() else await asyncio.shield(asyncio.wrap_future(loading))

    async def _origins(self) -> list[str]:
        """Return which pages may call the agent; none where it cannot start, which the request itself then says."""
        try:
            return (await self._loaded()).settings.environment.cors.origins
        except Exception:
            return []

    async def _invoke(self, payload: Any, context: RequestContext) -> Any:
        """Answer one request: a JSON body, or server-sent events when the payload asks for a stream."""
        try:
            service = await self._loaded()
            # The SDK's own selection leaves out the tracing headers, but has Authorization in one spelling.
            headers = (dict(context.request.headers) if context.request else {}) | (context.request_headers or {})
            return await service.respond(payload, headers, context.session_id)
        except Exception:
            request_id = BedrockAgentCoreContext.get_request_id()
            logging.getLogger(__name__).exception("request %s failed", request_id)
            return JSONResponse({"error": "internal error", "requestId": request_id}, status_code=500)


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
    return AgentApp(build_agent, on_request, log_formatter)
