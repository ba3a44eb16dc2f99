"""The gateway as one application: the issuer's documents, the door, and fastmcp's server of the targets' tools."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastmcp import FastMCP
from fastmcp.server.auth import AccessToken, RemoteAuthProvider, TokenVerifier
from mcp_types import Tool
from pydantic import AnyHttpUrl
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse

from agentcore_kit.local.gateway.audit import Audit
from agentcore_kit.local.gateway.decisions import Enforcer, MayCall, PolicyEnforcement
from agentcore_kit.local.gateway.direct_calls import DirectCalls
from agentcore_kit.local.gateway.door import MCP_PATH, Door
from agentcore_kit.local.gateway.interceptors import Interceptors
from agentcore_kit.local.gateway.issuer import DISCOVERY_PATH, KEYS_PATH, Issuer, TokenRefused, issuer_url
from agentcore_kit.local.gateway.provider import GatewayTools
from agentcore_kit.local.gateway.settings import LOOK_SECONDS
from agentcore_kit.local.gateway.targets import GATEWAY_INFO
from agentcore_kit.local.served_app import served
from agentcore_kit.policies.engine import PolicySet

if TYPE_CHECKING:
    from agentcore_kit.config.platform import Gateway

PING_PATH = "/ping"


@dataclass
class Sources:
    """Where the gateway has what it works by; each is asked with every request, so what is saved holds soon.

    Attributes:
        settings: Returns the gateway's section of the environment file.
        policies: Returns the policies.
        interceptors: Returns the team's functions around requests.
        state: The folder for local state.
        recorded: Returns the tools that `policies/tools` has of a target, for as long as it was never reached.
    """

    settings: Callable[[], Gateway]
    policies: Callable[[], PolicySet]
    interceptors: Callable[[], Interceptors]
    state: Path
    recorded: Callable[[str], list[Tool]]


class _Verifier(TokenVerifier):
    """Verifies tokens by the issuer's keys."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__()
        self._issuer = issuer

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return what a token says; None where it is not to be let in."""
        try:
            claims = self._issuer.verify(token)
        except TokenRefused:
            return None
        subject = str(claims["sub"])
        expires = int(claims["exp"])
        return AccessToken(
            token=token, client_id=subject, scopes=[], subject=subject, claims=claims, expires_at=expires
        )


def build(sources: Sources, url: str) -> Any:
    """Return the ASGI application.

    Args:
        sources: Where it has what it works by.
        url: Its address, which is the issuer's too.
    """
    issuer = Issuer(sources.state, url, sources.settings().audience)
    issuer.public_keys()  # the first start makes the first key
    audit = Audit(sources.state)
    may_call = MayCall(sources.policies)
    tools = GatewayTools(sources.settings, may_call, sources.recorded)
    auth = RemoteAuthProvider(_Verifier(issuer), [AnyHttpUrl(url)], url)
    enforcer = Enforcer(sources.policies, audit)
    enforcement = PolicyEnforcement(enforcer, may_call, tools)
    server = FastMCP(
        **GATEWAY_INFO, auth=auth, providers=[tools], middleware=[enforcement], mask_error_details=True,
        lifespan=partial(_looking, sources, tools),
    )  # fmt: skip
    direct = DirectCalls(tools, enforcer)

    @server.custom_route(DISCOVERY_PATH, ["GET"])
    async def discovery(_: Request) -> JSONResponse:
        return JSONResponse(issuer.discovery())

    @server.custom_route(KEYS_PATH, ["GET"])
    async def keys(_: Request) -> JSONResponse:
        return JSONResponse(issuer.public_keys())

    @server.custom_route(PING_PATH, ["GET"])
    async def ping(_: Request) -> JSONResponse:
        down = [target.name for target in tools.targets().values() if target.is_down]
        return JSONResponse({"status": "Healthy", "targets": sorted(tools.targets()), "down": sorted(down)})

    door = Middleware(
        Door, settings=sources.settings, hooks=sources.interceptors, direct=direct, issuer=issuer, audit=audit
    )
    return server.http_app(
        MCP_PATH, middleware=[door], json_response=True, stateless_http=True, host_origin_protection="auto"
    )


@asynccontextmanager
async def _looking(sources: Sources, tools: GatewayTools, _: Any) -> AsyncIterator[dict[str, Any]]:
    """Say which targets do not answer, and while the gateway runs what is wrong in a file as soon as it is saved."""

    async def look() -> None:
        await tools.look()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for read in (sources.settings, sources.policies, sources.interceptors):
                read()

    task = asyncio.create_task(look())
    try:
        yield {}
    finally:
        task.cancel()


@contextmanager
def serving(sources: Sources, port: int = 0) -> Iterator[str]:
    """Serve the gateway in a thread of this process, for tests and measurements.

    Args:
        sources: Where it has what it works by.
        port: Where to listen; a free one where it is left out.

    Yields:
        Its address, without `/mcp`.
    """
    if not port:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    with served(build(sources, issuer_url(port)), "gateway", port) as address:
        yield address
