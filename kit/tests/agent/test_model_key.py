"""The key of an OpenAI-compatible endpoint: from a secret, the newest at once, and none where none is named."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from agentcore_kit.config.agent import AgentEnvironment
from agentcore_kit.config.environment import load_environment
from agentcore_kit.runtime import masking, secrets
from agentcore_kit.runtime.secrets import SecretUnavailable
from agentcore_kit.serving.models import build_model
from agentcore_kit.serving.settings import AgentSettings

OLD, NEW = "first-key-of-the-team", "second-key-of-the-team"
KEY = "GATEWAY_KEY"


@dataclass
class Endpoint:
    """An endpoint that knows one key."""

    key: str = OLD
    seen: list[str] = field(default_factory=list)
    url: str = ""
    refused: Callable[[], object] = field(default=lambda: None)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """Serve one on this machine."""
    known = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            known.seen.append(self.headers["Authorization"])
            right = self.headers["Authorization"] == f"Bearer {known.key}"
            if not right:
                known.refused()
            part: dict[str, Any] = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
            said = part | {"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": "stop"}]}
            body = f"data: {json.dumps(said)}\n\ndata: [DONE]\n\n" if right else '{"error": {"message": "no such key"}}'
            self.send_response(200 if right else 401)
            self.send_header("Content-Type", "text/event-stream" if right else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.url = f"http://127.0.0.1:{server.server_port}/v1"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield known
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Know no secret after the test."""
    yield
    masking.forget()


def chosen(settings: AgentSettings, endpoint: Endpoint, key: str | None, names: dict[str, str]) -> AgentSettings:
    """Return settings with a model behind the endpoint."""
    variables = {
        "AGENT_MODEL_PROVIDER": "openai-compatible",
        "AGENT_MODEL_ID": "m",
        "AGENT_MODEL_BASE_URL": endpoint.url,
    }
    environment = load_environment(settings.manifest, variables)
    assert isinstance(environment, AgentEnvironment)
    model = environment.model.model_copy(update={"api_key": key})
    return replace(settings, environment=environment.model_copy(update={"model": model, "secrets": names}))


def ask(settings: AgentSettings) -> str:
    """Return what the model says."""
    model = build_model(settings)

    async def said() -> str:
        asked = model.stream([{"role": "user", "content": [{"text": "Hi"}]}])
        parts = [event.get("contentBlockDelta", {}).get("delta", {}).get("text", "") async for event in asked]
        return "".join(parts)

    return asyncio.run(said())


@contextmanager
def store(monkeypatch: pytest.MonkeyPatch, values: list[str]) -> Iterator[list[str]]:
    """Let the secret have one value after the other, each time it is read again."""

    def refresh() -> bool:
        value = values.pop(0)
        changed = os.environ[KEY] != value
        monkeypatch.setenv(KEY, value)
        return changed

    monkeypatch.setattr(secrets, "refresh", refresh)
    yield values


@pytest.mark.parametrize(("key", "variable"), [(KEY, KEY), (None, "OPENAI_API_KEY")])
def test_the_key_is_the_secret_that_the_environment_names(
    settings: AgentSettings, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, key: str | None, variable: str
) -> None:
    monkeypatch.setenv(variable, OLD)
    assert ask(chosen(settings, endpoint, key, {variable: "team/gateway"})) == "Hello"
    assert endpoint.seen == [f"Bearer {OLD}"]


def test_without_a_secret_nothing_is_needed(
    settings: AgentSettings, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    endpoint.key = "not-needed"
    assert ask(chosen(settings, endpoint, None, {})) == "Hello"


def test_the_shells_own_key_is_taken_and_kept_out_of_logs(
    settings: AgentSettings, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", OLD)
    assert ask(chosen(settings, endpoint, None, {})) == "Hello"
    assert masking.mask(OLD) == "[secret OPENAI_API_KEY]"


def test_one_that_is_not_set_is_told_with_what_to_type(
    settings: AgentSettings, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY, raising=False)
    with pytest.raises(SecretUnavailable, match=f"export {KEY}=…"):
        build_model(chosen(settings, endpoint, KEY, {KEY: "team/gateway"}))


def test_a_new_key_is_taken_at_once_when_the_old_one_is_refused(
    settings: AgentSettings, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, OLD)
    endpoint.key = NEW
    with store(monkeypatch, [NEW]) as left:
        assert ask(chosen(settings, endpoint, KEY, {KEY: "team/gateway"})) == "Hello"
    assert endpoint.seen == [f"Bearer {OLD}", f"Bearer {NEW}"]
    assert not left


def test_a_key_that_another_request_has_read_meanwhile_is_not_read_again(
    settings: AgentSettings, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, OLD)
    endpoint.key = NEW
    endpoint.refused = lambda: monkeypatch.setenv(KEY, NEW)
    with store(monkeypatch, [OLD]) as left:
        assert ask(chosen(settings, endpoint, KEY, {KEY: "team/gateway"})) == "Hello"
    assert endpoint.seen == [f"Bearer {OLD}", f"Bearer {NEW}"]
    assert left == [OLD]


def test_a_key_that_is_simply_wrong_is_not_sent_again(
    settings: AgentSettings, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, OLD)
    endpoint.key = "another one"
    with store(monkeypatch, [OLD]), pytest.raises(Exception, match="no such key"):
        ask(chosen(settings, endpoint, KEY, {KEY: "team/gateway"}))
    assert endpoint.seen == [f"Bearer {OLD}"]
