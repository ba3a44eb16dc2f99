"""The agent's HTTP server: the AgentCore Runtime contract, `POST /invocations` and `GET /ping` on port 8080.

Every session in the cloud starts a new microVM, so each user waits for this start. Only what opens the port is imported
here; the agent itself is loaded in the background as soon as the port is open, and the first request waits for it.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from bedrock_agentcore.runtime import BedrockAgentCoreApp, RequestContext

if TYPE_CHECKING:
    from agent.wiring.service import Service


@cache
def load_service() -> Service:
    """Import and configure the agent, once a process."""
    from agent.wiring.service import Service

    return Service.from_files()


_loading = threading.Lock()


def service() -> Service:
    """Return the service; a caller that comes while it loads waits for it instead of loading it again."""
    with _loading:
        return load_service()


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """Load the agent after the port is open, and close its connections at the end."""
    preload = threading.Thread(target=service, name="load-agent", daemon=True)
    asyncio.get_running_loop().call_soon(preload.start)
    yield
    if load_service.cache_info().currsize:
        await asyncio.to_thread(load_service().close)


app = BedrockAgentCoreApp(lifespan=lifespan)


@app.entrypoint
async def invoke(payload: Any, context: RequestContext) -> Any:
    """Answer one request: a JSON body, or server-sent events when the payload asks for a stream."""
    ready = await asyncio.to_thread(service)
    return await ready.respond(payload, context.request_headers or {}, context.session_id)


if __name__ == "__main__":
    # Without a log configuration of its own uvicorn logs as everything else does.
    app.run(port=int(os.environ.get("PORT", "8080")), log_config=None)
