"""What breaks an agent makes the gate fail, in the metric where it should."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from strands import Agent
from strands.types.tools import AgentTool

from agentcore_kit.config.import_string import import_string
from agentcore_kit.evaluation.agent_tools import own_tools
from agentcore_kit.evaluation.dataset import Row
from agentcore_kit.serving import AgentSession
from agentcore_kit.serving.settings import AgentSettings
from tests.evaluation.planted import with_plant
from tests.evaluation.runs import below, evaluated, rows_of

Change = Callable[[Agent], None]

_MEANING = re.compile(r"\b([A-Z]{2,}) \(")
"""A value of a parameter, as its documentation explains it: `EMEA (Europe, …)`."""


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """Return rows that the agent as it is answers rightly, so that what fails below is the mutation's doing."""
    asked = [*rows_of("common", "phrasing")[:30], *rows_of("decline")]
    report = evaluated(tmp_path_factory.mktemp("right"), asked)
    passed = {case["id"] for case in report.cases() if case["status"] == "passed"}
    rows = [row for row in asked if row.scenario_id in passed]
    assert len([row for row in rows if row.metadata.category == "decline"]) >= 5
    assert len(rows) >= 20
    return rows


class ChangedTool(AgentTool):
    """A tool of the agent with another specification, or another way to answer."""

    def __init__(self, tool: AgentTool, *, spec: dict[str, Any] | None = None, seconds: float = 0, error: str = ""):
        super().__init__()
        self._tool, self._spec, self._seconds, self._error = tool, spec or dict(tool.tool_spec), seconds, error

    @property
    def tool_name(self) -> str:
        return str(self._spec["name"])

    @property
    def tool_spec(self) -> Any:
        return self._spec

    @property
    def tool_type(self) -> str:
        return self._tool.tool_type

    async def stream(
        self, tool_use: Any, invocation_state: dict[str, Any], **options: Any
    ) -> AsyncGenerator[Any, None]:
        time.sleep(self._seconds)  # noqa: ASYNC251 - a tool that blocks is slow too
        if self._error:
            yield {"toolUseId": tool_use["toolUseId"], "status": "error", "content": [{"text": self._error}]}
            return
        async for event in self._tool.stream(tool_use, invocation_state, **options):
            yield event


def replace(agent: Agent, change: Callable[[AgentTool], AgentTool]) -> None:
    """Replace each tool of an agent by a changed one."""
    registry = agent.tool_registry.registry
    tools = [change(tool) for tool in registry.values()]
    registry.clear()
    registry.update({tool.tool_name: tool for tool in tools})


@pytest.fixture
def mutate(monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], None]:
    """Return what lets the repository's own function build an agent that a change was made to."""
    original = import_string("agent.agent:build_agent")

    def mutate(change: Change) -> None:
        def build_agent(session: AgentSession) -> Agent:
            agent: Agent = original(session)
            change(agent)
            return agent

        monkeypatch.setattr("agent.agent.build_agent", build_agent)

    return mutate


Mutate = Callable[[Change], None]


def test_nothing_changed_passes(right: list[Row], tmp_path: Path, settings: AgentSettings) -> None:
    report = evaluated(tmp_path, right, settings)

    assert report.passed, report.headline


def test_tools_renamed(right: list[Row], tmp_path: Path, settings: AgentSettings, mutate: Mutate) -> None:
    def renamed(tool: AgentTool) -> AgentTool:
        return ChangedTool(tool, spec=dict(tool.tool_spec) | {"name": f"{tool.tool_name}2"})

    mutate(lambda agent: replace(agent, renamed))

    assert "toolSelection" in below(evaluated(tmp_path, right, settings))


def test_descriptions_emptied(right: list[Row], tmp_path: Path, settings: AgentSettings, mutate: Mutate) -> None:
    def emptied(tool: AgentTool) -> AgentTool:
        spec = json.loads(json.dumps(tool.tool_spec))
        for about in (spec, *spec["inputSchema"]["json"]["properties"].values()):
            about["description"] = "Gets data"
        return ChangedTool(tool, spec=spec)

    mutate(lambda agent: replace(agent, emptied))

    assert "toolSelection" in below(evaluated(tmp_path, right, settings))


def test_a_parameter_whose_values_are_explained_wrongly(
    right: list[Row], tmp_path: Path, settings: AgentSettings, mutate: Mutate
) -> None:
    assert any(_MEANING.search(json.dumps(schema)) for schema in own_tools().values())

    def rotated(tool: AgentTool) -> AgentTool:
        spec = json.loads(json.dumps(tool.tool_spec))
        for about in spec["inputSchema"]["json"]["properties"].values():
            values = _MEANING.findall(about.get("description", ""))
            others = iter([*values[1:], *values[:1]])
            about["description"] = _MEANING.sub(partial(_next_one, others), about.get("description", ""))
        return ChangedTool(tool, spec=spec)

    mutate(lambda agent: replace(agent, rotated))

    assert "toolParameters" in below(evaluated(tmp_path, right, settings))


def _next_one(others: Iterator[str], _: re.Match[str]) -> str:
    return f"{next(others)} ("


def test_the_rule_of_what_to_decline_removed(
    right: list[Row], tmp_path: Path, settings: AgentSettings, mutate: Mutate
) -> None:
    def without_rule(agent: Agent) -> None:
        prompt = str(agent.system_prompt)
        before, _, rest = prompt.partition("# Out of scope")
        assert rest
        agent.system_prompt = before + rest[rest.index("\n# ") :]

    mutate(without_rule)

    assert "refusal" in below(evaluated(tmp_path, right, settings))


def test_tools_made_slow(right: list[Row], tmp_path: Path, settings: AgentSettings, mutate: Mutate) -> None:
    mutate(lambda agent: replace(agent, lambda tool: ChangedTool(tool, seconds=0.2)))

    assert "toolLatencyP95" in below(evaluated(tmp_path, right[:4], settings))


def test_tools_made_to_fail(right: list[Row], tmp_path: Path, settings: AgentSettings, mutate: Mutate) -> None:
    mutate(lambda agent: replace(agent, lambda tool: ChangedTool(tool, error="Error 503: it is down")))

    assert {"toolErrorRate", "correctness"} <= below(evaluated(tmp_path, right, settings))


@pytest.mark.parametrize(
    ("plant", "metric"),
    [
        ("two invented figures", "groundedness"),
        ("the prompt", "confidentiality"),
        ("a card", "personalData"),
        ("no refusal", "refusal"),
    ],
)
def test_a_model_with_a_fault(
    right: list[Row], tmp_path: Path, settings: AgentSettings, monkeypatch: pytest.MonkeyPatch, plant: str, metric: str
) -> None:
    original = import_string("agent.agent:build_agent")

    def build_agent(session: AgentSession) -> Agent:
        return with_plant(session, lambda: plant, original)

    monkeypatch.setattr("agent.agent.build_agent", build_agent)

    assert metric in below(evaluated(tmp_path, right, settings))


def test_an_answer_that_comes_too_late(
    right: list[Row], tmp_path: Path, settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentcore_kit.evaluation.thresholds.latency_limit_ms", lambda _: 0.001)

    assert "latencyP95" in below(evaluated(tmp_path, right[:2], settings))
