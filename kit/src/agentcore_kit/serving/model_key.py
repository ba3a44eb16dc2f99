"""The key of an OpenAI-compatible endpoint, from a secret that may get another value while the process runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from math import inf
from typing import Any

import httpx
from openai import DEFAULT_TIMEOUT, DefaultAsyncHttpxClient
from strands.models.openai import OpenAIModel

from agentcore_kit.runtime import secrets
from agentcore_kit.runtime.deadline import seconds_left
from agentcore_kit.serving.models import CONNECT_SECONDS

_UNAUTHORIZED = 401


class _NewestKey(httpx.Auth):
    """Sends the key, and when the endpoint no longer knows it, reads it again and sends the new one, once."""

    def __init__(self, variable: str) -> None:
        self.variable = variable

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send one request."""
        sent = os.environ[self.variable]
        request.headers["Authorization"] = f"Bearer {sent}"
        response = yield request
        if response.status_code != _UNAUTHORIZED:
            return
        if os.environ[self.variable] == sent:  # else another request has read the new one meanwhile
            await asyncio.to_thread(secrets.refresh)
        if os.environ[self.variable] != sent:
            request.headers["Authorization"] = f"Bearer {os.environ[self.variable]}"
            yield request


class KeyedModel(OpenAIModel):
    """A model whose key is in an environment variable.

    Attributes:
        key_variable: Its name; None where `client_args` has all that the endpoint wants.
    """

    key_variable: str | None = None

    def _resolve_client_args(self) -> dict[str, Any]:
        """Return the arguments of the client of one request."""
        # Retries are the turn's (model_stream). A little more than what is left of the turn, so that it ends the call.
        seconds = seconds_left(DEFAULT_TIMEOUT.read or inf) + 1
        arguments: dict[str, Any] = {
            "max_retries": 0,
            "timeout": httpx.Timeout(seconds, connect=CONNECT_SECONDS),
            **super()._resolve_client_args(),
        }
        if self.key_variable is None:
            return arguments
        client = DefaultAsyncHttpxClient(auth=_NewestKey(self.key_variable))  # OpenAI's client closes it
        return {**arguments, "api_key": os.environ[self.key_variable], "http_client": client}
