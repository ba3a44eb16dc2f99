"""Serves the page of `kit dev` before an agent that answers at once, with a long session and a long trace.

Run in a generated repository by `page.py`; prints the address of the page, then serves until it is stopped.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import agentcore_kit.local.dev_server  # this and the next are imported when `kit dev` listens
import agentcore_kit.serving.app  # noqa: F401
import uvicorn
from agentcore_kit.local.page.agent.conversations import Conversations
from agentcore_kit.local.page.app import Page, page_address
from agentcore_kit.runtime.settings import STATE
from agentcore_kit.runtime.telemetry import SPAN_FILE

SESSION, TRACE = f"page-{'b' * 36}", "b" * 32
CALL = {"name": "lookUp", "input": {"item": "x"}, "status": "success", "result": {"value": 4.2}, "durationMs": 3.1}
USAGE = {"inputTokens": 900, "outputTokens": 40, "totalTokens": 940, "estimated": False}


def result(answer: str) -> dict[str, Any]:
    """Return the last event of a turn."""
    times = {"latencyMs": 30.0, "timeToFirstTokenMs": 9.0, "modelCalls": 2}
    return {"type": "result", "answer": answer, "stopReason": "end_turn", "toolCalls": [CALL], "usage": USAGE,
            "notices": [], **times}  # fmt: skip


async def agent(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the time at which the first text was sent, in milliseconds since 1970."""
    if scope["type"] != "http":
        return
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    first = f"{time.time() * 1000:.1f} "
    for event in ({"type": "text", "text": first}, {"type": "text", "text": "sent."}, result(f"{first}sent.")):
        await send({"type": "http.response.body", "body": f"data: {json.dumps(event)}\n\n".encode(), "more_body": True})
        await asyncio.sleep(0.02)
    await send({"type": "http.response.body", "body": b""})


def store(turns: int, spans: int) -> None:
    """Write a session of so many turns, whose last has a trace of so many spans."""
    kept = Conversations(STATE / "page")
    for number in range(turns):
        answer = f"Answer {number}. " + "It says a few more words, as answers do. " * 5
        kept.append(SESSION, {"question": f"Question {number}?", "user": "developer", "at": "2026-01-01T10:00:00+00:00",
                              "traceId": TRACE, "usd": None, "last": result(answer)})  # fmt: skip
    path = STATE / SPAN_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(span(number))}\n" for number in range(spans)))


def span(number: int) -> dict[str, Any]:
    """Return the span of a number: its parent is half of it, so all are one tree."""
    return {
        "name": f"step {number}" if number else "POST /invocations",
        "context": {"span_id": f"0x{number:016x}", "trace_id": f"0x{TRACE}"},
        "parent_id": f"0x{(number - 1) // 2:016x}" if number else None,
        "start_time": f"2026-01-01T10:00:{number // 100 % 60:02}.{number % 100:02}0000Z",
        "end_time": "2026-01-01T10:01:00.000000Z",
        "status": {"status_code": "UNSET"},
        "attributes": {"session.id": SESSION},
        "events": [],
    }


def main() -> None:
    """Serve on the port that is given, with so many turns and spans."""
    port, turns, spans = map(int, sys.argv[1:])
    store(turns, spans)
    print(page_address(port), flush=True)
    uvicorn.run(Page(agent), host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    main()
