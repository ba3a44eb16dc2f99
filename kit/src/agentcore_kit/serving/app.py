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
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from agentcore_kit.serving.service import Service


_loading: Future[Service] = Future()
_started = Lock()
_OPENING_SECONDS = 0.1
"""What the server needs from its start-up hook to its first answer to a ping."""


def start_loading() -> None:
    """Load the agent in the background; a second call does nothing."""
    if _started.acquire(blocking=False):
        Thread(target=load, name="load-agent", daemon=True).start()


def load() -> None:
    """Import and configure the agent. When that fails the process ends, as it must not look healthy."""
    try:
        from agentcore_kit.serving.service import Service

        _loading.set_result(Service.from_files())
    except BaseException as error:
        logging.getLogger(__name__).exception("the agent cannot start")
        _loading.set_exception(error)
        os.kill(os.getpid(), signal.SIGTERM)


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """Load the agent after the port is open, and close its connections at the end."""
    asyncio.get_running_loop().call_later(_OPENING_SECONDS, start_loading)
    yield
    if _loading.done() and not _loading.exception():
        await asyncio.to_thread(_loading.result().close)


app = BedrockAgentCoreApp(lifespan=lifespan)


@app.entrypoint
async def invoke(payload: Any, context: RequestContext) -> Any:
    """Answer one request: a JSON body, or server-sent events when the payload asks for a stream."""
    start_loading()
    try:
        service = _loading.result() if _loading.done() else await asyncio.shield(asyncio.wrap_future(_loading))
        # The SDK's own selection leaves out the tracing headers, but has Authorization in one spelling.
        headers = (dict(context.request.headers) if context.request else {}) | (context.request_headers or {})
        return await service.respond(payload, headers, context.session_id)
    except Exception:
        request_id = BedrockAgentCoreContext.get_request_id()
        logging.getLogger(__name__).exception("request %s failed", request_id)
        return JSONResponse({"error": "internal error", "requestId": request_id}, status_code=500)


if __name__ == "__main__":
    # Without a log configuration of its own uvicorn logs as everything else does.
    app.run(port=int(os.environ.get("PORT", "8080")), log_config=None)
