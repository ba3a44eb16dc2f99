"""A chat ends at Ctrl-C, whatever it is doing; what failed is said."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import time
from collections.abc import AsyncIterator
from functools import partial
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

import pytest
from rich.console import Console

from agentcore_kit.local import ask
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.errors import INTERNAL, TOO_LONG, Failure, refused_by_model

interrupt = partial(os.kill, os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("moment", ["in a turn", "as a turn ends", "just after it"])
def test_ctrl_c_ends_a_chat_at_any_moment(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event loop that handles the signal itself loses it at one of these moments, and breaks at another."""
    typed = iter(["hello"])

    def typing(_prompt: str) -> str:
        for line in typed:
            return line
        time.sleep(5)
        pytest.fail("Ctrl-C was lost")

    class Agent:
        settings = SimpleNamespace(name="agent")
        describe_model = Mock(return_value={"label": ""})
        admit = AsyncMock()

        async def ask(self, *_: object) -> AsyncIterator[dict[str, Any]]:
            if moment == "in a turn":
                interrupt()
                await asyncio.sleep(5)
                pytest.fail("the turn went on")
            await asyncio.to_thread(int)  # as tools that are plain functions do
            yield {"type": "text", "text": "hi"}
            interrupt() if moment == "as a turn ends" else asyncio.get_running_loop().call_soon(interrupt)
            yield {"type": "error", "error": {}}

    monkeypatch.setattr(ask.console, "input", typing)
    monkeypatch.setattr(ask, "_show_error", Mock())
    ask._chat(cast(Any, Agent()), Caller("alice"), "s" * 33)


@pytest.mark.parametrize(
    ("failure", "says", "hint"),
    [
        (INTERNAL, "The request failed. The log above says why.", True),
        (TOO_LONG, "The request failed: the question and what belongs to it do not fit", False),
        (refused_by_model(throttled=False, retry_after=15), "The request failed: the model is unavailable", True),
    ],
    ids=["unknown", "too long", "unavailable"],
)
def test_what_failed_is_said_as_to_any_caller(
    failure: Failure, says: str, hint: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = io.StringIO()
    monkeypatch.setattr(ask, "console", Console(file=output, width=500))
    model = SimpleNamespace(provider="bedrock", id="a-model", api_key=None, base_url=None)
    service = SimpleNamespace(settings=SimpleNamespace(environment=SimpleNamespace(model=model)))
    ask._show_error(cast(Any, service), {"type": "error", **failure.body("r1")})
    assert says in output.getvalue()
    assert ("Check your AWS credentials" in output.getvalue()) == hint
