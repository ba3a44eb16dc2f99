"""Extraction without understanding: what is said is kept as it is said.

It stands in where it matters where records are, how long and who reaches them, and not what is worth keeping.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentcore_kit.config.memory import Strategy
from agentcore_kit.local.memory_server.extraction import Change, Message
from agentcore_kit.local.memory_server.extraction.rules import Rules
from agentcore_kit.local.memory_server.store import Record


class Verbatim:
    """Keeps what was said so far in a session, for every strategy."""

    label = "word for word"

    def extract(
        self, strategy: Strategy, messages: Sequence[Message], earlier: Sequence[Message], known: Sequence[Record]
    ) -> list[Change]:
        """Return one record."""
        return [Change("\n".join(message.text for message in [*earlier, *messages]))]


class RulesOrVerbatim:
    """Keeps what the rules understand; of what they do not, in whatever language it is, what was said."""

    label = "rules, or word for word"

    def extract(
        self, strategy: Strategy, messages: Sequence[Message], earlier: Sequence[Message], known: Sequence[Record]
    ) -> list[Change]:
        """Return what new messages change."""
        found = Rules().extract(strategy, messages, earlier, known)
        return found or Verbatim().extract(strategy, messages, earlier, known)
