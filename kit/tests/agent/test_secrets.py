"""An agent with secrets: there before its code is loaded, never in what it writes; a start says what is missing."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from strands import Agent, tool

from agentcore_kit.local import ask
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.runtime import masking, secrets
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving import AgentSession, RequestRefused
from agentcore_kit.serving.app import create_app
from agentcore_kit.serving.body import CheckedRequest
from agentcore_kit.serving.invocation import Invocation
from agentcore_kit.serving.masked_events import masked
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests import dev_secrets
from tests.agent.conftest import caller
from tests.dev_secrets import VALUE, copy_with_secret, in_dev, process_without_secrets, put

PROBE = f"""{dev_secrets.PROBE}
def build_agent(session):
    raise RuntimeError("never called")
def formatter(ids):
    import logging
    return logging.Formatter("own format %(message)s")
"""


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with process_without_secrets(monkeypatch):
        yield


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return copy_with_secret(tmp_path, monkeypatch, PROBE)


@pytest.fixture
def cloud(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with in_dev(monkeypatch) as cloud:
        yield cloud


def seen() -> Any:
    """Return what the team's code found when it was imported."""
    return sys.modules["probe"].SEEN


@pytest.mark.parametrize("function", ["probe:build_agent", "agent.agent:build_agent"])
def test_in_aws_they_are_there_before_any_code_of_the_team(cloud: Cloud, function: str) -> None:
    put(cloud, VALUE)
    formatter = None if function.startswith("probe") else "probe:formatter"
    Service.of_app(create_app(function, log_formatter=formatter))
    assert seen() == {"CRM_KEY": VALUE, "LOG_DETAIL": "high"}


def test_on_the_laptop_the_shell_has_the_secret(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_KEY", VALUE)
    Service.of_app(create_app("probe:build_agent"))
    assert seen() == {"CRM_KEY": VALUE, "LOG_DETAIL": "high"}


def test_a_start_without_the_secret_ends_with_one_line(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _, signal: ended.append(signal))
    create_app("probe:build_agent").load()
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert line["level"] == "ERROR"
    assert line["message"].startswith("the agent cannot start: secret team/crm for CRM_KEY (environment dev, ")
    assert "next: make it: aws secretsmanager create-secret" in line["message"]
    assert "exception" not in line
    assert ended, "a process that cannot answer must not look healthy"
    assert "probe" not in sys.modules


def test_another_failure_at_the_start_still_shows_its_stack(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "kill", lambda *_: None)
    create_app("no_such_module:build_agent").load()
    assert "Traceback" in capsys.readouterr().err


@tool
def look_up(customer: str) -> dict[str, Any]:
    """Look a customer up, and say too much.

    Args:
        customer: The customer's name.
    """
    return {"customer": customer, "header": f"Bearer {VALUE}"}


@tool
def fail(customer: str) -> dict[str, Any]:
    """Fail, and say too much.

    Args:
        customer: The customer's name.
    """
    raise RuntimeError(f"401 for {VALUE}")


class Chatty:
    """A model that calls a tool, and then says all that it was told."""

    stateful = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.told: list[Any] = []

    def get_config(self) -> dict[str, Any]:
        return {"model_id": "chatty"}

    def update_config(self, **_: Any) -> None:
        """Change nothing."""

    async def stream(self, messages: Any, *_: Any, **__: Any) -> AsyncGenerator[Any, None]:
        self.told.append(json.loads(json.dumps(messages)))
        yield {"messageStart": {"role": "assistant"}}
        if any("toolResult" in block for block in messages[-1]["content"]):
            for piece in ("It is ", VALUE[:7], VALUE[7:], ", I think."):
                yield {"contentBlockDelta": {"delta": {"text": piece}}}
            yield {"contentBlockStop": {}}
            yield {"messageStop": {"stopReason": "end_turn"}}
        else:
            yield {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "1", "name": self.name}}}}
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps({"customer": VALUE})}}}}
            yield {"contentBlockStop": {}}
            yield {"messageStop": {"stopReason": "tool_use"}}
        yield {
            "metadata": {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1}}
        }


def talkative(settings: AgentSettings, name: str) -> tuple[Service, Chatty]:
    """Return an agent that says what it should not."""
    masking.register("CRM_KEY", VALUE)
    model = Chatty(name)

    def build_agent(session: AgentSession) -> Agent:
        return Agent(model=session.model, tools=[look_up, fail], callback_handler=None)

    return Service(settings, model, build_agent), model  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["look_up", "fail"])
def test_no_event_of_a_turn_has_a_secret(
    settings: AgentSettings, name: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    service, model = talkative(settings, name)

    async def turn() -> list[dict[str, Any]]:
        return [event async for event in service.ask("Hello", caller(settings, "alice"), "s" * 40)]

    events = asyncio.run(turn())
    assert events[-1]["type"] == "result"
    text = "".join(event["text"] for event in events if event["type"] == "text")
    assert text == events[-1]["answer"] == "It is [secret CRM_KEY], I think."
    assert events[-1]["toolCalls"][0]["name"] == name
    assert VALUE not in json.dumps(events)
    (result,) = [block["toolResult"] for block in model.told[-1][-1]["content"] if "toolResult" in block]
    assert VALUE not in json.dumps(result), "neither the model nor what keeps the conversation is told"


def test_a_refusal_has_no_secret(settings: AgentSettings) -> None:
    service, _ = talkative(settings, "look_up")

    def refuse(*_: Any) -> None:
        raise RequestRefused(f"the CRM says 401 for {VALUE}")

    service.on_request = refuse
    request = CheckedRequest(Invocation(prompt="Hi"), caller(settings, "alice"), "s" * 33)
    answer: Any = asyncio.run(service.respond(request, {}))
    assert json.loads(answer.body) == {"error": "the CRM says 401 for [secret CRM_KEY]"}


def test_what_a_person_is_shown_has_none(settings: AgentSettings, capsys: pytest.CaptureFixture[str]) -> None:
    service, _ = talkative(settings, "look_up")
    asyncio.run(ask._one(service, "Hello", Caller("alice"), "s" * 40, as_json=False))
    asyncio.run(ask._one(service, "Hello", Caller("alice"), "t" * 40, as_json=True))
    shown = capsys.readouterr().out
    assert shown.count("[secret CRM_KEY]") >= 2
    assert VALUE not in shown


def test_what_is_held_back_comes_before_the_next_event() -> None:
    masking.register("CRM_KEY", VALUE)

    async def turn() -> AsyncGenerator[dict[str, Any], None]:
        for text in ("It is ", VALUE[:5]):
            yield {"type": "text", "text": text}
        yield {"type": "tool", "name": "look_up", "input": {}}
        yield {"type": "text", "text": f"{VALUE}!"}
        yield {"type": "summary", "answer": "done"}

    async def shown() -> list[Any]:
        return [event.get("text", event["type"]) async for event in masked(turn())]

    assert asyncio.run(shown()) == ["It is ", VALUE[:5], "tool", "[secret CRM_KEY]!", "summary"]


def test_a_request_has_the_newest_value(settings: AgentSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    service, _ = talkative(replace(settings), "look_up")
    read: list[str] = []
    monkeypatch.setattr(secrets, "is_due", lambda: True)
    monkeypatch.setattr(secrets, "refresh", lambda: read.append("again"))
    asyncio.run(service.respond(CheckedRequest(Invocation(prompt="Hi"), Caller("alice"), "s" * 33), {}))
    assert read == ["again"]


def test_a_repositorys_tests_have_its_variables_and_no_secret_of_the_shell(repository: Path) -> None:
    (repository / "tests" / "test_probe.py").write_text(
        "import os\nfrom probe import SEEN\n\n\ndef test_probe():\n"
        "    assert SEEN['LOG_DETAIL'] == 'high'\n    assert 'CRM_KEY' not in os.environ\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/test_probe.py"]
    shell_of_a_developer = {**os.environ, "CRM_KEY": VALUE, "PYTHONPATH": str(repository / "src")}
    done = subprocess.run(command, capture_output=True, text=True, env=shell_of_a_developer, check=False)
    assert done.returncode == 0, done.stdout
    assert "secrets: the tests run without CRM_KEY" in done.stdout


def test_a_local_run_that_needs_no_secret_says_in_one_line_that_it_has_none(repository: Path) -> None:
    command = [sys.executable, "-m", "agentcore_kit", "dataset"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["CRM_KEY is not set, so this runs without it; what needs it: export CRM_KEY=…"]
