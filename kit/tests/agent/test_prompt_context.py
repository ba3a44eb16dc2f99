"""The date is told at the end of the prompt, behind what a provider may cache, and is stored nowhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from strands import Agent

from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving import AgentSession
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.test_turn import ask

CACHED = [{"text": "You help."}, {"cachePoint": {"type": "default"}}]


class Listening(OfflineModel):
    """Keeps the prompts that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.prompts: list[Any] = []

    async def stream(self, *arguments: Any, **options: Any) -> Any:
        self.prompts.append(options["system_prompt_content"])
        async for event in super().stream(*arguments, **options):
            yield event


@pytest.mark.parametrize("prompt", ["You help.", CACHED, None], ids=["text", "blocks", "none"])
def test_the_date_ends_the_prompt(settings: AgentSettings, alice: Caller, prompt: Any) -> None:
    def build_agent(session: AgentSession) -> Agent:
        return Agent(system_prompt=prompt, plugins=session.plugins, **session.options)

    model = Listening()
    service = Service(settings, model, build_agent)
    for _ in range(2):
        assert ask(service, alice, "Hello?")[-1]["type"] == "result"
    service.close()
    team = [{"text": prompt}] if isinstance(prompt, str) else prompt or []
    date = {"text": f"<context>Today is {settings.today()} ({settings.today():%A}).</context>"}
    assert model.prompts == [[*team, date]] * 2
    stored = "".join(path.read_text() for path in settings.sessions.rglob("*.json"))
    assert "Hello?" in stored
    assert "Today is" not in json.dumps(stored)
