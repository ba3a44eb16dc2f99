"""What was said in an event: plain conversation, or a Strands message that the session manager wrote as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from agentcore_kit.local.memory_server.extraction import Message

_STATE = "stateType"
"""The metadata of events in which a session manager keeps its own state, which nobody said."""


def said(payload: Iterable[Mapping[str, Any]], metadata: Mapping[str, Any]) -> list[Message]:
    """Return the messages of an event in which somebody says something."""
    if _STATE in metadata:
        return []
    found = []
    for item in payload:
        if spoken := item.get("conversational"):
            found.append(Message(spoken["role"], _text(spoken["content"]["text"])))
        elif isinstance(item.get("blob"), str):  # a long message: its text and its role as JSON
            pair = _parsed(item["blob"])
            if isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair):
                found.append(Message(pair[1].upper(), _text(pair[0])))
    return [message for message in found if message.text]


def _text(written: str) -> str:
    """Return the words of a message; of a Strands message those of its text blocks, not its tool calls and results."""
    parsed = _parsed(written) if written.startswith("{") else None
    message = parsed.get("message") if isinstance(parsed, dict) else None
    if not isinstance(message, dict) or not isinstance(message.get("content"), list):
        return written.strip()
    texts = [str(block["text"]) for block in message["content"] if isinstance(block, dict) and "text" in block]
    return "\n".join(texts).strip().encode(errors="replace").decode()  # JSON in JSON can hold half a character


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # which is no message, but may be somebody's text
        return None
