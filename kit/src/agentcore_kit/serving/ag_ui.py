"""AG-UI 1.0: a request as front ends of that protocol send it, and the events of a turn as they read them.

Source of the shapes: the protocol's schema, https://docs.ag-ui.com/concepts/events. The conversation is kept by the
agent, so of the messages that a front end sends only the last is read. Its tools, state and context are not used: what
an agent may do is decided in its repository.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

_LONGEST_ID = 1024
_SUMMARY = ("requestId", "stopReason", "usage", "modelCalls", "latencyMs", "timeToFirstTokenMs", "notices", "model")
"""What of a turn's last event is the result of the run."""


class RunInput(BaseModel):
    """The payload of a run. Fields that the agent does not use may be there."""

    model_config = ConfigDict(extra="ignore", strict=True)

    thread_id: str = Field(alias="threadId", min_length=1, max_length=_LONGEST_ID)
    run_id: str = Field(alias="runId", min_length=1, max_length=_LONGEST_ID)
    messages: list[dict[str, Any]] = Field(min_length=1)

    @property
    def prompt(self) -> str:
        """What the user says: the text of the last message; empty where it is not the user's."""
        last = self.messages[-1]
        if last.get("role") != "user":
            return ""
        content = last.get("content")
        if isinstance(content, str):
            return content
        parts = content if isinstance(content, list) else []
        return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))

    @property
    def session_id(self) -> str:
        """The session of the thread, for a request that names none. No two threads have the same."""
        return f"thread-{hashlib.sha256(self.thread_id.encode()).hexdigest()}"


async def translated(
    events: AsyncGenerator[dict[str, Any], None], run: RunInput
) -> AsyncGenerator[dict[str, Any], None]:
    """Yield the events of a turn as those of a run.

    Results of tools come at the end: what a guardrail withholds is known no earlier. A snapshot of the messages puts
    them in their places; it also takes back text that became void.

    Args:
        events: Those of `Service.ask`.
        run: What was asked.
    """
    told = _Run(run)
    async with aclosing(events):
        async for event in events:
            for one in told.events(event):
                yield one


class _Run:
    """What was told of a run so far."""

    def __init__(self, run: RunInput) -> None:
        self._ids = {"threadId": run.thread_id, "runId": run.run_id}
        self._given = run.messages
        self._messages: list[dict[str, Any]] = []  # that the run adds
        self._said: dict[str, Any] | None = None  # the assistant's message that grows
        self._is_open = False  # whether it is still told text
        self._calls: list[tuple[str, str, Any]] = []  # id, name and input of the calls without a result

    def events(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what an event of the turn is in AG-UI."""
        match event["type"]:
            case "start":
                yield {"type": "RUN_STARTED", **self._ids, "protocolVersion": "1.0"}
            case "text":
                yield from self._text(event["text"])
            case "tool":
                yield from self._call(event["name"], event["input"])
            case "retry" | "blocked":
                yield from self._close()
                yield self._without_void()
            case "result":
                yield from self._result(event)
            case "error":
                yield from self._close()
                yield {"type": "RUN_ERROR", "message": event["error"], "code": str(event["status"])}

    def _text(self, text: str) -> Iterator[dict[str, Any]]:
        if not text:
            return
        said = self._said
        if not said or not self._is_open:
            said = self._begin()  # what a model says after it has called tools is a message of its own
            self._is_open = True
            yield {"type": "TEXT_MESSAGE_START", "messageId": said["id"], "role": "assistant"}
        said["content"] = said.get("content", "") + text
        yield {"type": "TEXT_MESSAGE_CONTENT", "messageId": said["id"], "delta": text}

    def _begin(self) -> dict[str, Any]:
        """Return a new message of the assistant, which is the last one."""
        self._said = {"id": str(uuid4()), "role": "assistant"}
        self._messages.append(self._said)
        return self._said

    def _close(self) -> Iterator[dict[str, Any]]:
        if self._is_open and self._said:
            yield {"type": "TEXT_MESSAGE_END", "messageId": self._said["id"]}
        self._is_open = False

    def _call(self, name: str, given: Any) -> Iterator[dict[str, Any]]:
        yield from self._close()
        said = self._said or self._begin()
        call_id, arguments = str(uuid4()), json.dumps(given, ensure_ascii=False)
        function = {"name": name, "arguments": arguments}
        said.setdefault("toolCalls", []).append({"id": call_id, "type": "function", "function": function})
        self._calls.append((call_id, name, given))
        yield {"type": "TOOL_CALL_START", "toolCallId": call_id, "toolCallName": name, "parentMessageId": said["id"]}
        yield {"type": "TOOL_CALL_ARGS", "toolCallId": call_id, "delta": arguments}
        yield {"type": "TOOL_CALL_END", "toolCallId": call_id}

    def _without_void(self) -> dict[str, Any]:
        """Return the messages without the text that became void, which is that of the last one."""
        if self._said and "toolCalls" not in self._said:
            self._messages.remove(self._said)
            self._said = None
        return self._snapshot()

    def _snapshot(self) -> dict[str, Any]:
        return {"type": "MESSAGES_SNAPSHOT", "messages": [*self._given, *self._messages]}

    def _result(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if not self._is_open and event["answer"]:
            yield from self._text(event["answer"])
        yield from self._close()
        for call in event["toolCalls"]:
            yield from self._tool_message(call)
        if event["toolCalls"]:
            yield self._snapshot()
        summary = {name: event[name] for name in _SUMMARY if name in event}
        used = {} if event["usage"]["estimated"] else {"usage": [_usage(event)]}
        yield {"type": "RUN_FINISHED", **self._ids, "result": summary, "outcome": {"type": "success"}, **used}

    def _tool_message(self, call: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Tell the result of a call, and put it behind the message that made the call."""
        known = [one for one in self._calls if one[1:] == (call["name"], call["input"])]
        known = known or [one for one in self._calls if one[1] == call["name"]]
        if not known:  # what the model called by a name that no tool can have
            return
        self._calls.remove(known[0])
        call_id, result = known[0][0], call["result"]
        content = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
        message = {"id": str(uuid4()), "role": "tool", "toolCallId": call_id, "content": content}
        failed = {"error": content} if call["status"] == "error" else {}
        at = next(number for number, one in enumerate(self._messages) if _makes(one, call_id))
        while at + 1 < len(self._messages) and self._messages[at + 1]["role"] == "tool":
            at += 1
        self._messages.insert(at + 1, {**message, **failed})
        yield {"type": "TOOL_CALL_RESULT", "messageId": message["id"], "toolCallId": call_id, "content": content}


def _makes(message: dict[str, Any], call_id: str) -> bool:
    return any(one["id"] == call_id for one in message.get("toolCalls", ()))


def _usage(event: dict[str, Any]) -> dict[str, Any]:
    model, tokens = event["model"], event["usage"]
    counted = {name: tokens[name] for name in ("inputTokens", "outputTokens", "totalTokens")}
    return {"provider": model["provider"], "model": model["id"], **counted}
