"""A conversation as turns: what the user said, which tools were called with what result, what was answered.

The offline model keeps no state: all it knows about a conversation is read here from its messages, each time.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from strands.types.content import Messages
from strands.types.tools import ToolResult

_LONGEST = 2000  # characters of a text that are read: nobody asks for so much, and reading takes time
_TAGGED = re.compile(r"<([A-Za-z][\w-]*)\b[^<>]*>(?:(?!<\1\b).)*?</\1>", re.S)
_CONTEXT = re.compile(r"<context>(?:(?!<context>).)*?</context>", re.S)
_FIRST_NAME = re.compile(r"\bfirst name is \"?([^\W\d_][\w'-]*)", re.I)
_TODAY = re.compile(
    r"\b(?:today(?:'s date)?(?: is|:)|current date(?: is|:)?)\s*(\d{4})-(\d{2})-(\d{2})(?:\s*\([^()]*\))?\.?", re.I
)


@dataclass
class Call:
    """One tool call and what came of it."""

    identifier: str
    name: str
    input: dict[str, Any]
    value: Any = None  # the result: JSON where it is JSON, else text
    failed: bool = False  # the tool said so


@dataclass
class Turn:
    """A user's message and all that followed it."""

    text: str
    calls: list[Call] = field(default_factory=list)
    reply: str = ""

    @property
    def asked_back(self) -> bool:
        """Whether the answer was a question for something missing."""
        return not self.calls and self.reply.rstrip().endswith("?")


@dataclass
class Conversation:
    """Everything said so far; the last turn is the one to answer."""

    turns: list[Turn]
    today: date
    context: str  # what was put into the messages beside the user's words

    @property
    def user_name(self) -> str:
        """The user's first name, if the context gives it."""
        match = _FIRST_NAME.search(self.context)
        return match[1] if match else ""


def read(messages: Messages, system_prompt: str) -> Conversation:
    """Reads messages. What stands in tags, and "Today is 2026-11-16 (Monday).", is not the user's words.

    The context, which is the date and the user's name, is in the prompt, or else in the messages.
    """
    turns: list[Turn] = []
    context: list[str] = []
    for message in messages:
        blocks = message["content"]
        texts = [block["text"] for block in blocks if "text" in block]
        results = [block["toolResult"] for block in blocks if "toolResult" in block]
        if message["role"] == "assistant":
            turns = turns or [Turn("")]
            uses = [block["toolUse"] for block in blocks if "toolUse" in block]
            turns[-1].calls += [Call(use["toolUseId"], use["name"], use["input"] or {}) for use in uses]
            turns[-1].reply = "\n".join(texts) or turns[-1].reply
            continue
        said = "\n".join(filter(None, [_own_words(text, context) for text in texts]))
        if results and turns:
            _attach(turns[-1], results)
        elif said or not turns:
            turns.append(Turn(said))
    told = [match.group() for match in _CONTEXT.finditer(system_prompt)]
    if told:  # then only that tells date and name, as what a user writes may look like it; a memory's words stay
        context = [each for each in context if not each.startswith("<context>") and not _TODAY.search(each)]
    told = context + told
    return Conversation(turns or [Turn("")], _today("\n".join([system_prompt, *told])), "\n".join(told))


def _own_words(text: str, context: list[str]) -> str:
    text = text[:_LONGEST]
    context += [match.group() for match in _TAGGED.finditer(text)] + [match.group() for match in _TODAY.finditer(text)]
    return _TODAY.sub("", _TAGGED.sub("", text)).strip()


def _attach(turn: Turn, results: list[ToolResult]) -> None:
    found = {result["toolUseId"]: result for result in results}
    for call in turn.calls:
        result = found.get(call.identifier)
        if result:
            values = [_value(dict(part)) for part in result["content"]]
            call.value = values[0] if len(values) == 1 else values
            told = isinstance(call.value, dict) and bool(call.value.get("error")) and len(call.value) <= 3
            call.failed = result["status"] == "error" or told


def _today(context: str) -> date:
    """The last date given, else the clock's."""
    for year, month, day in reversed(_TODAY.findall(context)):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return datetime.now(UTC).date()


def _value(part: dict[str, Any]) -> Any:
    if "json" in part:
        return part["json"]
    text = str(part.get("text", ""))
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
