"""What answers behind the emulated AWS where a container would run, and what a kind must have for that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import httpx

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.local.aws_emulator.cloud import Answer

Responder = Callable[[str, Mapping[str, str], bytes], Answer]
"""Answers a request for the container of an image: called with the image, the headers and the body."""


@dataclass(frozen=True)
class Component:
    """The component on this machine, as the rehearsal uses it.

    Attributes:
        answer: What answers its requests.
        token: A user's token that it accepts.
        variables: Environment variables that commands are given.
        options: What is added to a command besides what the workflow types, by the command's name.
    """

    answer: Responder
    token: str
    variables: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Fakes(Protocol):
    """What the module `<kind>_fakes` has."""

    def answer(self, image: str, headers: Mapping[str, str], body: bytes, /) -> Answer:
        """Answer as the component does, without one."""

    def real(self, home: Path, /) -> AbstractContextManager[Component]:
        """Start the component in a folder with this repository's files."""

    def loosen(self, home: Path, /) -> None:
        """Give the thresholds of a folder's repository the room that a machine with other work to do needs."""


class ServedFakes(Fakes, Protocol):
    """What the module of a kind has besides, whose component answers requests."""

    def question(self, body: bytes, /) -> str:
        """Return what a request asks, however it is sent; empty when it asks nothing."""

    def distorted(self, content: bytes, /) -> bytes:
        """Return an answer with other figures, or in other words where it has none."""


def fakes() -> ServedFakes:
    """Return what is of this repository's kind; a memory has no more than `Fakes`."""
    return cast(ServedFakes, import_module(f"agentcore_kit.local.rehearsal.{repository_kind().lower()}_fakes"))


def forwarded_to(url: str) -> Responder:
    """Return what passes each request on to a server on this machine."""

    def forward(_: str, headers: Mapping[str, str], body: bytes) -> Answer:
        kept = {name: value for name, value in headers.items() if name.lower() not in ("host", "content-length")}
        reply = httpx.post(url, content=body, headers=kept, timeout=60)
        return reply.status_code, reply.headers.get("content-type", "application/json"), reply.content, {}

    return forward
