"""Each large family of models is asked as it wants to be: a question, a follow-up, and a tool that fails."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from strands import Agent, tool

from agentcore_kit.config.agent import ModelSettings
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving import AgentSession
from agentcore_kit.serving.models import build_model
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.conftest import BuildAgent
from tests.agent.providers import FAMILIES, Family, serving
from tests.agent.test_turn import agent_with, ask
from tests.domains import Domain, Exchange


def asking(settings: AgentSettings, family: Family, url: str) -> AgentSettings:
    """Return settings whose model is that of a family, as an environment file would have it."""
    model = ModelSettings.model_validate(
        {"provider": "openai-compatible", "id": family.model, "baseUrl": url, **family.settings}
    )
    return replace(settings, environment=settings.environment.model_copy(update={"model": model}))


def result_of(events: list[dict[str, Any]], refusals: list[str]) -> dict[str, Any]:
    assert not refusals
    assert events[-1]["type"] == "result", events[-1]
    return events[-1]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_asked_as_it_wants_to_be(
    name: str,
    settings: AgentSettings,
    build_agent: BuildAgent,
    alice: Caller,
    domain: Domain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    follow_up = Exchange("And a third time?", domain.asked.input)
    after = Exchange("Is it well again?", domain.asked.input)
    wanted = (domain.asked, follow_up, after)
    with serving(FAMILIES[name], domain.tool, wanted) as endpoint:
        there = asking(settings, FAMILIES[name], endpoint.url)
        service = Service(there, build_model(there), build_agent)
        result = result_of(ask(service, alice, domain.asked.question), endpoint.refusals)
        assert domain.figure in result["answer"]
        assert {call["name"] for call in result["toolCalls"]} == {domain.tool}
        assert result["usage"]["totalTokens"] == 30
        assert domain.figure in result_of(ask(service, alice, follow_up.question), endpoint.refusals)["answer"]
        with monkeypatch.context() as patch:
            patch.setattr(f"agent.tools.backend.{domain.backend_method}", Mock(side_effect=ZeroDivisionError))
            result = result_of(ask(service, alice, follow_up.question), endpoint.refusals)
            assert {call["status"] for call in result["toolCalls"]} == {"error"}
        service.close()
        # The stored conversation is asked the same way.
        service = Service(there, build_model(there), build_agent)
        assert domain.figure in result_of(ask(service, alice, after.question), endpoint.refusals)["answer"]
        service.close()
        prompts = {json.dumps(request["messages"][0]) for request in endpoint.requests}
        assert "Today is" in json.dumps(endpoint.requests[-1]["messages"][0]), "also after a tool's result"
        assert len(prompts) == 1, "what comes first is the same in all requests, so that it can be cached"


@pytest.mark.parametrize("name", FAMILIES)
def test_a_conversation_that_another_model_began_goes_on(
    name: str, settings: AgentSettings, build_agent: BuildAgent, alice: Caller, domain: Domain
) -> None:
    after = Exchange("And once more?", domain.asked.input)
    odd = Family("kimi-k2", (), call_id=lambda number: f"functions.{domain.tool}:{number}", calls_at_once=2)
    with serving(odd, domain.tool, (domain.asked,)) as endpoint:
        there = asking(settings, odd, endpoint.url)
        service = Service(there, build_model(there), build_agent)
        result_of(ask(service, alice, domain.asked.question), endpoint.refusals)
        service.close()
    family = replace(
        FAMILIES[name], rules=tuple(rule for rule in FAMILIES[name].rules if rule.__name__ != "reasoning_comes_back")
    )
    with serving(family, domain.tool, (after,)) as endpoint:
        there = asking(settings, family, endpoint.url)
        service = Service(there, build_model(there), build_agent)
        assert domain.figure in result_of(ask(service, alice, after.question), endpoint.refusals)["answer"]
        service.close()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_tool_that_says_nothing_and_an_agent_without_tools_are_taken(
    name: str, settings: AgentSettings, alice: Caller
) -> None:
    @tool(name="doNothing")
    def do_nothing() -> str:
        """Does nothing."""
        return ""

    wanted = (Exchange("Do nothing.", {}),)
    with serving(FAMILIES[name], "doNothing", wanted) as endpoint:
        there = asking(settings, FAMILIES[name], endpoint.url)
        service = Service(there, build_model(there), agent_with(do_nothing))
        result_of(ask(service, alice, "Do nothing."), endpoint.refusals)
        service.close()

        def without_tools(session: AgentSession) -> Agent:
            return Agent(plugins=session.plugins, **session.options)

        service = Service(replace(there, state=there.state / "other"), build_model(there), without_tools)
        assert result_of(ask(service, alice, "Hello?"), endpoint.refusals)["answer"] == "Hello."
        service.close()
