"""The running server: the AgentCore HTTP contract, users kept apart, restarts, traces. Marked `integration`."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentcore_kit.local.spans import Span, read_traces
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.runtime.telemetry import local_defaults
from agentcore_kit.serving.invocation import SESSION_HEADER
from tests.domains import Domain
from tests.homes import environment_of, free_port, home_in, instrumented

pytestmark = pytest.mark.integration


class Server:
    """A running agent, and how to ask it."""

    def __init__(self, url: str, home: Path, process: subprocess.Popen[bytes]) -> None:
        self.home, self.process = home, process
        self.client = httpx.Client(base_url=url, timeout=30)

    def headers(self, user: str, session: str) -> dict[str, str]:
        token = issue_development_token(user, self.home / ".local")
        return {"Authorization": f"Bearer {token}", SESSION_HEADER: session.ljust(33, "-")}

    def post(self, payload: Any, user: str = "alice", session: str = "one", **headers: str) -> httpx.Response:
        return self.client.post("/invocations", json=payload, headers=self.headers(user, session) | headers)

    def ask(self, prompt: str, user: str = "alice", session: str = "one") -> dict[str, Any]:
        response = self.post({"prompt": prompt}, user, session)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body


@contextmanager
def running(home: Path, before: Sequence[str] = ()) -> Iterator[Server]:
    """Start the agent as the image does, in a folder with this repository's files and state of its own.

    `before` stands before the command, as `sh -c 'ulimit …; exec "$0" "$@"'` does.
    """
    port = free_port()
    env = environment_of(home) | local_defaults() | {"PORT": str(port)}
    log = (home / "server.log").open("a")
    process = subprocess.Popen([*before, *instrumented("agent.app")], cwd=home, env=env, stderr=log)
    server = Server(f"http://127.0.0.1:{port}", home, process)
    try:
        wait_until_it_answers(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=120)
        log.close()


def wait_until_it_answers(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            # The port is open before the agent is loaded; only a loaded one refuses who has no token.
            if server.client.post("/invocations", json={}).status_code == 401:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{(server.home / 'server.log').read_text()}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(home_in(tmp_path_factory.mktemp("agent"))) as server:
        yield server


def test_ping(server: Server) -> None:
    assert server.client.get("/ping").json()["status"] == "Healthy"


def test_plain_answer(server: Server, domain: Domain) -> None:
    response = server.post({"prompt": domain.asked.question})
    assert response.headers["content-type"] == "application/json"
    assert response.headers[SESSION_HEADER] == "one".ljust(33, "-")
    body = response.json()
    assert domain.figure in body["answer"]
    assert body["toolCalls"][0]["input"] == domain.asked.input


def test_streamed_answer(server: Server, domain: Domain) -> None:
    response = server.post({"prompt": domain.asked.question, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line.removeprefix("data: ")) for line in response.text.splitlines() if line]
    assert [event["type"] for event in events][:2] == ["start", "tool"]
    assert events[-1]["type"] == "result"
    assert domain.figure in events[-1]["answer"]


def test_refusals_name_the_field_and_show_no_stack(server: Server) -> None:
    wrong = server.post({"promt": "hello"})
    assert (wrong.status_code, wrong.json()["field"]) == (400, "prompt")
    assert server.post({"prompt": "hello"}, session="x" * 300).status_code == 400
    assert server.client.post("/invocations", content=b"{", headers=server.headers("a", "b")).status_code == 400
    missing = server.client.post("/invocations", json={"prompt": "hello"})
    assert missing.status_code == 401
    assert missing.headers["WWW-Authenticate"] == "Bearer"
    assert "Traceback" not in wrong.text + missing.text


def test_identity_never_comes_from_the_payload(server: Server) -> None:
    assert server.post({"prompt": "hello", "user_id": "bob"}).status_code == 400


def inputs(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [call["input"] for call in body["toolCalls"]]


def test_two_users_with_one_session_id_share_nothing(server: Server, domain: Domain) -> None:
    first, following = domain.conversations[0]
    server.ask(first.question, "alice", "guessed")
    assert following.input not in inputs(server.ask(following.question, "mallory", "guessed"))
    assert inputs(server.ask(following.question, "alice", "guessed")) == [following.input]


def test_concurrent_sessions_do_not_mix(server: Server, domain: Domain) -> None:
    def converse(number: int) -> None:
        for exchange in domain.conversations[number % len(domain.conversations)]:
            answer = server.ask(exchange.question, f"user-{number}", "shared-name")
            assert inputs(answer) == [exchange.input]

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(converse, range(24)))


def test_a_conversation_survives_a_restart(tmp_path: Path, domain: Domain) -> None:
    first, following = domain.conversations[0]
    home = home_in(tmp_path)
    with running(home) as server:
        server.ask(first.question)
    with running(home) as server:
        assert inputs(server.ask(following.question)) == [following.input]


def test_the_trace_continues_the_callers_and_logs_carry_its_id(server: Server, domain: Domain) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    server.post({"prompt": domain.asked.question}, session="traced", traceparent=f"00-{trace_id}-b7ad6b7169203331-01")
    root = next(iter(wait_for_trace(server.home, trace_id)))
    spans = list(walk(root))
    names = [span.name for span in spans]
    assert root.name == "POST /invocations"
    assert f"execute_tool {domain.tool}" in names
    assert names.count("chat") == 2
    assert {span.attributes["session.id"] for span in spans} == {"traced".ljust(33, "-")}
    (value, *_) = domain.asked.input.values()
    assert value in json.dumps([span.events for span in spans if span.name.startswith("execute_tool")])
    lines = [json.loads(line) for line in (server.home / "server.log").read_text().splitlines() if line[0] == "{"]
    assert any(line.get("traceId") == trace_id and "traced" in line.get("sessionId", "") for line in lines)


def test_content_stays_out_of_spans_where_the_environment_says_so(tmp_path: Path, domain: Domain) -> None:
    home = home_in(tmp_path)
    local = home / "environments" / "local.yaml"
    local.write_text(local.read_text().replace("recordContent: true", "recordContent: false"))
    trace_id = "1af7651916cd43dd8448eb211c80319d"
    with running(home) as server:
        answer = server.post({"prompt": domain.asked.question}, traceparent=f"00-{trace_id}-b7ad6b7169203331-01")
        assert domain.figure in answer.json()["answer"]
        wait_for_trace(home, trace_id)
    recorded = (home / ".local" / "traces" / "spans.jsonl").read_text()
    assert f"execute_tool {domain.tool}" in recorded
    prompt = (home / "src" / "agent" / "prompt.md").read_text(encoding="utf-8").splitlines()
    for content in (*domain.content, *filter(None, prompt)):
        assert content not in recorded


def wait_for_trace(home: Path, trace_id: str) -> list[Span]:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        roots = read_traces(home / ".local" / "traces" / "spans.jsonl").get(trace_id, [])
        if any(root.name == "POST /invocations" for root in roots):
            return roots
        time.sleep(0.1)
    raise AssertionError(f"no trace {trace_id} was written")


def walk(span: Span) -> Iterator[Span]:
    yield span
    for child in span.children:
        yield from walk(child)
