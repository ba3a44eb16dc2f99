"""Extraction: from what was said to what is worth remembering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agentcore_kit.config.memory import Strategy
from agentcore_kit.local.memory_server.store import Record


@dataclass(frozen=True)
class Message:
    """One message of a conversation. Roles as the service has them: USER, ASSISTANT, TOOL, OTHER."""

    role: str
    text: str


@dataclass(frozen=True)
class Change:
    """What happens to the records of a namespace.

    `text` is written; where `topic` is known already it takes the place of what was known. `forget` names records to
    delete.
    """

    text: str = ""
    topic: str | None = None
    forget: tuple[str, ...] = field(default=())


class Extractor(Protocol):
    """Something that decides what to remember."""

    label: str
    """What it is, for logs and reports."""

    def extract(
        self, strategy: Strategy, messages: Sequence[Message], earlier: Sequence[Message], known: Sequence[Record]
    ) -> list[Change]:
        """Return what new messages change; `earlier` are those before them in the session, the oldest first."""
        ...
