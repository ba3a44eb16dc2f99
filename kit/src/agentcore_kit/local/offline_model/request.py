"""What a user said, and the values that a text offers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from agentcore_kit.local.offline_model import dates, speech
from agentcore_kit.local.offline_model.text import Token, tokens

_QUOTED = re.compile(r"\"([^\"]+)\"|“([^“”]+)”|(?<!\w)'([^']{2,})'(?!\w)")


class Candidate(NamedTuple):
    """A value that a text offers, and where it stands."""

    value: Any
    start: int
    end: int
    sure: bool = True  # whether it can be nothing else, so that it speaks for a tool


@dataclass
class Request:
    """What the user said, on what day, and the text around it, which is searched for identifiers only."""

    text: str
    today: date
    context: str = ""
    agreed: bool = False  # the user was offered what they asked about, and wants it

    @cached_property
    def asks_how(self) -> bool:
        """Whether it asks how something is done: then nothing is to be done yet."""
        return not self.agreed and speech.asks_how(self.text)

    @cached_property
    def asks_rule(self) -> bool:
        """Whether it asks how something is done or whether it is allowed."""
        return self.asks_how or speech.asks_permission(self.text)

    @cached_property
    def asks_fact(self) -> bool:
        """Whether it asks how things are: a tool that changes something is then hardly meant."""
        return not self.agreed and speech.asks_fact(self.text)

    @cached_property
    def tokens(self) -> list[Token]:
        """Its meaningful words."""
        return tokens(self.text)

    @cached_property
    def mentions(self) -> list[dates.Mention]:
        """The periods it mentions."""
        return dates.find(self.text, self.today)

    @cached_property
    def quoted(self) -> list[Candidate]:
        """What it puts in quotation marks."""
        return [Candidate(next(filter(None, m.groups())), *m.span()) for m in _QUOTED.finditer(self.text)]


def overlaps(start: int, end: int, spans: list[tuple[int, int]]) -> bool:
    """Whether a stretch of text touches one of several."""
    return any(start < other_end and other_start < end for other_start, other_end in spans)
