"""What a guardrail blocks is in no trace and no log of the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.agent.providers import http_server
from tests.agent.test_guardrails import ANSWER, BAD, INPUT_BLOCKED, OUTPUT_BLOCKED, calling
from tests.agent.test_models import BEDROCK
from tests.agent.test_server import running, wait_for_trace, walk
from tests.domains import Domain
from tests.homes import home_in

pytestmark = pytest.mark.integration

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-central-1"}


@pytest.mark.parametrize("blocked", ["question", "result", "answer", "nothing"])
def test_what_is_blocked_is_in_no_trace_and_no_log(
    tmp_path: Path, domain: Domain, monkeypatch: pytest.MonkeyPatch, blocked: str
) -> None:
    (field, value) = domain.result
    secret = str(value) if blocked == "result" else BAD

    def answer(request: Any) -> tuple[int, str, bytes]:
        last = json.dumps(request["messages"][-1])
        reply = ANSWER
        if blocked == "question":
            reply = INPUT_BLOCKED
        elif "toolResult" not in last:
            reply = calling(domain.tool, domain.asked.input)
        elif blocked != "nothing":
            reply = INPUT_BLOCKED if blocked == "result" else OUTPUT_BLOCKED
        return 200, "application/vnd.amazon.eventstream", reply

    home = home_in(tmp_path / "home")
    trace_id = "2af7651916cd43dd8448eb211c80319d"
    with http_server(answer) as url:
        guarded = {"AGENT_GUARDRAIL_ID": "a1b2c3d4", "AGENT_GUARDRAIL_VERSION": "3"}
        endpoint = {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url.removesuffix("/v1")}
        for name, text in {**BEDROCK, **KEYS, **guarded, **endpoint}.items():
            monkeypatch.setenv(name, text)
        with running(home) as server:
            said = f"{domain.asked.question} {BAD}" if blocked == "question" else domain.asked.question
            body = server.post({"prompt": said}, traceparent=f"00-{trace_id}-b7ad6b7169203331-01").json()
            root = next(iter(wait_for_trace(home, trace_id)))
        log = (home / "server.log").read_text()
    spans = list(walk(root))
    names = [span.name for span in spans]
    assert root.name == "POST /invocations"
    assert "chat" in names
    recorded = (home / ".local" / "traces" / "spans.jsonl").read_text()
    if blocked == "nothing":
        assert field in recorded
        assert domain.asked.question in recorded
        return
    assert body["stopReason"] == "guardrail_intervened"
    assert secret not in recorded
    assert secret not in log
    assert secret not in json.dumps(body)
    assert domain.asked.question not in recorded, "of such a turn there is no content"
    assert "[withheld: blocked by a guardrail]" in recorded
