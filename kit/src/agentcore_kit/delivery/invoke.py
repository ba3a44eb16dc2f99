"""Call a deployed component over HTTPS with a user's token, which is what its JWT authorizer accepts."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from agentcore_kit.delivery.context import DeploymentContext

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
TIMEOUT_SECONDS = 60.0


@cache  # reading the machine's certificates for each request would take longer than the request
def client() -> httpx.Client:
    """Return the client that deployed components are asked with."""
    return httpx.Client(timeout=TIMEOUT_SECONDS)


def invocation_url(context: DeploymentContext, runtime_arn: str, endpoint: str = "") -> str:
    """Return where an endpoint of a runtime is invoked; where none is named, the newest version answers."""
    base = context.client("bedrock-agentcore").meta.endpoint_url
    url = f"{base}/runtimes/{quote(runtime_arn, safe='')}/invocations"
    return f"{url}?qualifier={quote(endpoint, safe='')}" if endpoint else url


def invoke(
    context: DeploymentContext,
    runtime_arn: str,
    endpoint: str,
    token: str,
    payload: dict[str, Any],
    session_id: str = "",
) -> httpx.Response:
    """Post one request to an endpoint, in a new session where none is named.

    Raises:
        httpx.HTTPError: When nobody answers.
    """
    return client().post(
        invocation_url(context, runtime_arn, endpoint),
        json=payload,
        headers={"Authorization": f"Bearer {token}", SESSION_HEADER: session_id or f"smoke-{uuid4()}"},
    )
