"""`kit dev` of a platform: serve the gateway on this machine, by the repository's targets and policies."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

import typer

from agentcore_kit.config.platform import Gateway
from agentcore_kit.config.tool import SEPARATOR

NOISY = ("fastmcp", "httpx2", "httpcore2", "mcp", "sse_starlette", "uvicorn.error")


def dev() -> None:
    """Serve the gateway locally; policies and targets are read again when they are saved.

    The port is `gateway.port` of environments/local.yaml.
    """
    from agentcore_kit.local.dev_server import check_free
    from agentcore_kit.local.gateway.settings import read_gateway
    from agentcore_kit.runtime.settings import own_address

    gateway = read_gateway()
    host = own_address()
    again = f"Choose another: gateway.port of environments/local.yaml, for example {gateway.port + 1}"
    check_free(host, gateway.port, again)
    typer.echo("Starting the gateway; it says when it can be called.")
    serve(host, gateway)


def serve(host: str, gateway: Gateway) -> None:
    """Serve until told to stop.

    Args:
        host: The address to listen on.
        gateway: The gateway's section of the environment file.
    """
    from agentcore_kit.local.gateway.issuer import issuer_url
    from agentcore_kit.local.gateway.repository import sources
    from agentcore_kit.local.gateway.server import build
    from agentcore_kit.local.span_recording import record_server_spans
    from agentcore_kit.runtime import http_server
    from agentcore_kit.runtime.logging import begin_logging
    from agentcore_kit.runtime.settings import STATE

    terminal = sys.stdout  # what is printed from now on is a line of the log
    begin_logging()
    quiet()
    record_server_spans("gateway", STATE)
    app = build(sources(), issuer_url(gateway.port))
    with suppress(KeyboardInterrupt):
        http_server.serve(app, on_start=lambda: typer.echo(_told(gateway), file=terminal), host=host, port=gateway.port)


def quiet() -> None:
    """Let the libraries log warnings only, and in the one form of all lines."""
    for name in NOISY:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.WARNING)


def _told(gateway: Gateway) -> str:
    """Return what is printed at the start."""
    from agentcore_kit.local.gateway.issuer import DISCOVERY_PATH, issuer_url

    url = issuer_url(gateway.port)
    targets = "\n".join(f"  {target.name}{SEPARATOR}…  {target.url}" for target in gateway.targets)
    none = "  none yet; name some under gateway.targets of environments/local.yaml, it is read when you save it"
    return f"""Serving the gateway {gateway.name} on {url}/mcp; stop with Ctrl-C. Its tools are those of

{targets or none}

The policies know the tools of policies/tools; another target is added with kit policies --refresh NAME --from URL.

A user's token, by which policies/*.cedar decide:

  kit token --user ana --claim role=analyst

The tools that this user may call:

  curl -s {url}/mcp -H "Authorization: Bearer $(kit token --user ana --claim role=analyst)" \\
    -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\
    -d '{{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}}'

For an agent to use it, in environments/local.yaml of its repository:

  gateways:
    {gateway.name}: {url}/mcp

For the agent and the tools to accept its users' tokens, in environments/local.yaml of each:

  identity:
    mode: development
    discoveryUrl: {url}{DISCOVERY_PATH}

Each decision is a line of .local/gateway/audit.jsonl; policies and targets are read again when you save them.
"""
