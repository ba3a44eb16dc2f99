"""A chat ends at Ctrl-C, whatever it is doing."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from functools import partial
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

import pytest

from agentcore_kit.local import ask
from agentcore_kit.runtime.identity import Caller

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
