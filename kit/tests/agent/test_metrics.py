"""What a running agent counts of its requests: lines of the log that CloudWatch makes metrics of."""

from __future__ import annotations

import asyncio
import json
import subprocess
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery.names import snake
from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.errors import BROKE_OFF, FULL, TOO_LONG, TurnFailed, out_of_time, refused_by_model
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from agentcore_kit.testing.agent_client import Client, local_agent
from tests.homes import environment_of, free_port, home_in, instrumented

QUESTION = {"prompt": "What can you do?"}


def service() -> str:
    return f"{snake(load_manifest().metadata.name, 'prod')}.live"


def lines(agent: Client) -> list[dict[str, Any]]:
    """Return the metrics in the log, each as one line."""
    assert agent.home
    text = (agent.home / "server.log").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if '"_aws"' in line]


@pytest.mark.integration
def test_each_request_is_counted_by_how_it_ended(tmp_path: Path) -> None:
    resource = f"cloud.platform=aws_bedrock_agentcore,service.name={service()}"
    with local_agent(home_in(tmp_path / "home"), OTEL_RESOURCE_ATTRIBUTES=resource) as agent:
        answered = agent.post(QUESTION)
        assert agent.post({"prompt": ""}).status_code == 400
        rating = agent.post({"feedback": {"score": 0.0, "requestId": answered.json()["requestId"]}})
        assert rating.json() == {"feedback": "kept"}
        wrong = agent.post({"feedback": {"score": 7}})
        assert (wrong.status_code, wrong.json()["field"]) == (400, "feedback.score")
    turn, refused, rated, also_refused = lines(agent)  # it has stopped: each request is counted
    assert {one["service.name"] for one in (turn, refused, rated)} == {service()}
    about = turn["_aws"]["CloudWatchMetrics"][0]
    assert about["Namespace"] == f"agentops/{service().removesuffix('.live')}"
    assert about["Dimensions"] == [["service.name"]]
    named = {one["Name"] for one in about["Metrics"]}
    assert {"Requests", "Errors", "Turns", "TimeToFirstTokenMs", "TurnMs", "InputTokens"} <= named
    assert "CostUsd" not in named, "the offline model has no price"
    assert all(isinstance(turn[name], int | float) for name in named)
    assert 0 < turn["TimeToFirstTokenMs"] <= turn["TurnMs"]
    assert turn["requestId"] == answered.json()["requestId"]
    assert (turn["Errors"], refused["Errors"], refused["Refused"]) == (0, 0, 1)
    assert "kind" not in refused  # no error of the agent, so none of its kinds
    assert also_refused["Refused"] == 1
    assert (rated["Feedback"], rated["ratedRequestId"]) == (0.0, answered.json()["requestId"])


@pytest.mark.integration
def test_on_a_laptop_the_log_has_no_metrics(tmp_path: Path) -> None:
    with local_agent(home_in(tmp_path / "home")) as agent:
        agent.post(QUESTION)
    assert not lines(agent)


@pytest.mark.integration
def test_an_agent_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    home = home_in(tmp_path / "home")
    (home / "src" / "agent" / "agent.py").write_text("import there_is_none", encoding="utf-8")
    variables = environment_of(home) | {
        "PORT": str(free_port()),
        "OTEL_RESOURCE_ATTRIBUTES": f"service.name={service()}",
    }
    done = subprocess.run(
        instrumented("agent.app"), cwd=home, env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    (line,) = [json.loads(each) for each in done.stderr.splitlines() if '"_aws"' in each]
    assert (line["Errors"], line["kind"]) == (1, "start")


class Raises(OfflineModel):
    """A model that fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def stream(self, *_: Any, **__: Any) -> Any:
        raise self.error
        yield


FAILURES = {
    "internal": RuntimeError("a bug"),
    "timeout": TurnFailed(out_of_time(5)),
    "throttled": TurnFailed(refused_by_model(True, 1)),
    "model": TurnFailed(refused_by_model(False, 1)),
    "capacity": TurnFailed(FULL),
}


def asked(settings: AgentSettings, model: OfflineModel, build_agent: Any, events: int = 0) -> dict[str, Any]:
    """Ask once, and hang up after so many events; 0 for none too few. Return the last event."""

    async def ask() -> dict[str, Any]:
        seen: list[dict[str, Any]] = []
        turn = Service(settings, model, build_agent).ask("hello", Caller("alice"), "s" * 33)
        async with aclosing(turn):
            async for event in turn:
                seen.append(event)
                if len(seen) == events:
                    break
        return seen[-1]

    return asyncio.run(ask())


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = [json.loads(each) for each in capsys.readouterr().err.splitlines() if '"_aws"' in each]
    return dict(line)


@pytest.fixture
def in_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell the process its endpoint, as AgentCore Runtime does."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"service.name={service()}")


@pytest.mark.usefixtures("in_runtime")
@pytest.mark.parametrize("kind", FAILURES)
def test_what_fails_is_an_error_of_its_kind(
    kind: str, settings: AgentSettings, build_agent: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(settings, Raises(FAILURES[kind]), build_agent)["type"] == "error"
    line = counted(capsys)
    assert (line["Requests"], line["Errors"], line["kind"]) == (1, 1, kind)
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service.name"], ["service.name", "kind"]]


@pytest.mark.usefixtures("in_runtime")
def test_what_only_the_caller_can_mend_is_no_error(
    settings: AgentSettings, build_agent: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert BROKE_OFF.kind == "model"
    asked(settings, Raises(TurnFailed(TOO_LONG)), build_agent)
    line = counted(capsys)
    assert (line["Errors"], line["Refused"]) == (0, 1)


@pytest.mark.usefixtures("in_runtime")
def test_a_caller_who_hangs_up_is_counted_and_no_error(
    settings: AgentSettings, build_agent: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(settings, OfflineModel(), build_agent, events=2)
    line = counted(capsys)
    assert (line["Requests"], line["Errors"], "Turns" in line) == (1, 0, False)
