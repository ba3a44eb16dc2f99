"""Where a team's own code is called: for each request, session and tool call, and for each line of the log."""

from __future__ import annotations

import logging
from typing import Any

import jwt
import pytest
from starlette.testclient import TestClient

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.runtime.settings import STATE
from agentcore_kit.serving.app import AgentApp, create_app
from agentcore_kit.serving.invocation import SESSION_HEADER
from agentcore_kit.serving.service import Service

HERE = "tests.agent.extensions"
BUILD_AGENT = f"{HERE}:build_agent"


def post(app: AgentApp, prompt: str, *, session: str = "s", token: str = "", stream: bool = False) -> Any:
    headers = {
        "Authorization": f"Bearer {token or issue_development_token('alice', STATE)}",
        SESSION_HEADER: session.ljust(33, "-"),
    }
    with TestClient(app) as client:
        return client.post("/invocations", json={"prompt": prompt, "stream": stream}, headers=headers)


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_can_be_refused_and_the_caller_is_told_why(stream: bool) -> None:
    app = create_app(BUILD_AGENT, on_request=f"{HERE}:on_request")
    refused = post(app, "How many boxes are there?", stream=stream)
    assert refused.status_code == 403
    assert refused.json() == {"error": "your account has no department; ask the service desk for one"}


def test_a_request_that_is_not_refused_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentcore_kit.runtime.identity._verify_development_token", lambda *_: None)
    claims = {**jwt.decode(issue_development_token("alice", STATE), options={"verify_signature": False})}
    token = jwt.encode(claims | {"department": "sales"}, "k" * 32)
    app = create_app(BUILD_AGENT, on_request=f"{HERE}:on_request")
    answered = post(app, "How many boxes are there?", token=token)
    assert answered.status_code == 200, answered.text
    assert "7" in answered.json()["answer"]


def test_what_sees_a_request_may_wait() -> None:
    app = create_app(BUILD_AGENT, on_request=f"{HERE}:on_request_that_waits")
    assert post(app, "How many boxes? data:image/png", session="waits").status_code == 403
    assert post(app, "How many boxes are there?", session="waits").status_code == 200


def test_log_lines_have_the_form_that_the_team_gives_them(capsys: pytest.CaptureFixture[str]) -> None:
    app = create_app(BUILD_AGENT, log_formatter=f"{HERE}:formatter")
    post(app, "How many boxes are there?", session="logged")
    assert f"INFO [{'logged'.ljust(33, '-')}] answered after" in capsys.readouterr().err


def test_hooks_of_a_session_see_its_begin_and_each_tool_call(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(BUILD_AGENT)
    with caplog.at_level(logging.INFO, logger=HERE), TestClient(app) as client:
        headers = {"Authorization": f"Bearer {issue_development_token('alice', STATE)}"}
        bodies = [
            client.post(
                "/invocations",
                json={"prompt": "How many boxes are there?"},
                headers=headers | {SESSION_HEADER: session.ljust(33, "-")},
            ).json()
            for session in ("first", "first", "second")
        ]
    calls = [body["toolCalls"][0] for body in bodies]
    assert [call["status"] for call in calls] == ["success", "error", "success"], "one call a session"
    assert calls[1]["result"] == "this session has used up its tool calls"
    assert [record.getMessage() for record in caplog.records if record.name == HERE] == ["session of alice"] * 2


def test_a_name_that_names_nothing_is_told_when_the_server_starts() -> None:
    for wrong in (create_app(f"{HERE}:nothing"), create_app(BUILD_AGENT, on_request=f"{HERE}:nothing")):
        with pytest.raises(ConfigError, match="has no nothing; define it there"):
            Service.of_app(wrong)
