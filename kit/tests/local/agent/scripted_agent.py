"""An agent whose answers are a test's own, behind the page: hostile, slow, large, refused, failing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from agentcore_kit.local.page.app import Page, page_address
from agentcore_kit.local.served_app import served
from tests.local.browsers import MARKUP

USAGE = {"inputTokens": 1200, "outputTokens": 34, "totalTokens": 1234, "estimated": False}
HUGE = 10_000_000


def result(answer: str, *calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the last event of a turn."""
    about = {"stopReason": "end_turn", "usage": USAGE, "modelCalls": 2, "latencyMs": 12.0, "timeToFirstTokenMs": 3.0}
    return {"type": "result", "answer": answer, "toolCalls": [*calls], "notices": [], **about, **more}


def call(output: Any, status: str = "success") -> dict[str, Any]:
    """Return a call of a tool as the last event tells of it."""
    return {"name": "lookUp", "input": {"item": MARKUP}, "status": status, "result": output, "durationMs": 4.2}


def text(words: str) -> dict[str, Any]:
    """Return a piece of an answer."""
    return {"type": "text", "text": words}


MARKDOWN = """# Revenue of *EMEA*

It grew **by 4.3 %**, see `total_revenue_usd` and [the report](https://reports.example/q3).
Second line with snake_case_name and 2 * 3 * 4.

- first
  - nested **bold**
- second

3. third
4. fourth

| Region | Million USD |
|:-------|------------:|
| EMEA   | 556.2       |
| APAC   | **455.9**   |

```python
print("<b>not bold</b>")
```

> quoted
"""
HOSTILE = """**<img src=x onerror="document.title='taken'">** <b>b</b> ![i](http://elsewhere.example/i.png)
[run](javascript:document.title='taken') [data](data:text/html,<script>1</script>) [//](//elsewhere.example)
# <script>document.title='taken'</script>

| <i>a</i> | [x](JAVASCRIPT:1) |
|---|---|
| `<u>` | [ok](https://ok.example/?a="onmouseover=1) |
"""
NOISE = "".join(("*_`[!\\|>-#" * 40)[at % 11 :] + "\n" * (at % 3) for at in range(190))

TOOL = {"type": "tool", "name": "lookUp", "input": {"item": MARKUP}}
ANSWERS: dict[str, list[dict[str, Any]]] = {
    "markup": [TOOL, text(MARKUP), result(MARKUP, call({"found": MARKUP}))],
    "markdown": [text(MARKDOWN[:60]), text(MARKDOWN[60:]), result(MARKDOWN)],
    "hostile": [text(HOSTILE), result(HOSTILE)],
    "noise": [text(NOISE), result(NOISE)],
    "fails": [TOOL, text("No."), result("No.", call("Error 503: not now", "error"), notices=["The result was cut."])],
    "retry": [text("Half an"), {"type": "retry"}, text("Whole answer."), result("Whole answer.")],
    "blocked": [
        text("Secret"), {"type": "blocked"}, text("I may not say that."),
        result("I may not say that.", stopReason="guardrail_intervened"),
    ],
    "confirm": [TOOL, text("Shall I?"), result("Shall I?", stopReason="interrupt")],
    "error": [{"type": "error", "error": "the model is not there", "status": 503, "requestId": "r-1"}],
    "huge": [TOOL, text("x" * HUGE), result("x" * HUGE, call("y" * HUGE))],
}  # fmt: skip
"""What is answered to a question, by the question."""


@dataclass
class Scripted:
    """What was asked, and whether a caller hung up."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer as the agent's server does."""
        if scope["type"] != "http":
            return
        message = await receive()
        prompt = json.loads(message.get("body") or b"{}").get("prompt", "")
        self.asked.append({"prompt": prompt, "headers": dict(scope["headers"])})
        if prompt == "refuse":
            await self._send(send, 403, b'{"error": "only on weekdays"}')
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        events = ANSWERS.get(prompt, [text("First words. "), text("All."), result("First words. All.")])
        if prompt == "slow":
            await self._event(send, text("First words. "))
            while message["type"] != "http.disconnect":
                message = await receive()
            self.left.set()
            return
        for event in events:
            await self._event(send, event)
        await send({"type": "http.response.body", "body": b""})

    async def _event(self, send: Any, event: dict[str, Any]) -> None:
        body = f"data: {json.dumps(event)}\n\n".encode()
        await send({"type": "http.response.body", "body": body, "more_body": True})

    async def _send(self, send: Any, status: int, body: bytes) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def scripted_page() -> Iterator[tuple[str, Scripted]]:
    """Serve the page before a scripted agent; yield the address that `make dev` would print, and the agent."""
    agent = Scripted()
    with served(Page(agent), "page") as address:
        port = int(address.rpartition(":")[2])
        yield page_address(port), agent
