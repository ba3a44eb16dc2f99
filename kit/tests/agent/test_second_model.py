"""The same agent with a second model, as the page of `kit dev` asks it: made once, and ended with the server."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from threading import Barrier
from typing import Any

from agentcore_kit.config.agent import ModelSettings
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.service import Service
from tests.local.agent.two_models import ONE, endpoint


def test_what_a_second_model_answers_ends_with_the_server(service: Service, alice: Caller) -> None:
    with endpoint() as models:
        models.together = Barrier(2)  # nobody comes: it never answers to the end
        chosen = ModelSettings.model_validate({"provider": "openai-compatible", "id": ONE, "baseUrl": models.address})
        environment = service.settings.environment.model_copy(update={"model": chosen})
        settings = replace(service.settings, environment=environment)
        second = service.with_settings(settings)
        assert service.with_settings(settings) is second
        assert second.with_settings(settings) is second
        assert service.with_settings(service.settings) is service

        async def asked() -> list[dict[str, Any]]:
            events = []
            async for event in second.ask("Hello?", alice, "s" * 33):
                events.append(event)
                if event["type"] == "text":
                    service.drain(0.2)
            return events

        events = asyncio.run(asked())
        models.together.abort()
    assert (events[0]["model"]["id"], events[-1]["type"], events[-1]["status"]) == (ONE, "error", 503)
