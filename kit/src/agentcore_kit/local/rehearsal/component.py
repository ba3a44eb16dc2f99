"""What stands behind the stand-in for AWS where a container would run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from agentcore_kit.local.aws_emulator.cloud import Answer

Behind = Callable[[str, Mapping[str, str], bytes], Answer]
"""Answers for the container of an image."""


@dataclass(frozen=True)
class Real:
    """The component on this machine: what answers, the token it accepts, and the variables that `gate` is given."""

    answer: Behind
    token: str
    variables: Mapping[str, str]


def forwarded_to(url: str) -> Behind:
    """Return what passes each request on to a server on this machine."""

    def forward(_: str, headers: Mapping[str, str], body: bytes) -> Answer:
        kept = {name: value for name, value in headers.items() if name.lower() not in ("host", "content-length")}
        reply = httpx.post(url, content=body, headers=kept, timeout=60)
        return reply.status_code, reply.headers.get("content-type", "application/json"), reply.content, {}

    return forward
