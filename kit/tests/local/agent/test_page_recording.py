"""What is kept of a turn that the page asked, however it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.local.page.agent import recording
from agentcore_kit.local.page.agent.conversations import Conversations
from agentcore_kit.local.page.agent.parts import parts
from agentcore_kit.local.page.parts import NotThere
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.serving.invocation import SESSION_HEADER
from agentcore_kit.serving.settings import AgentSettings

SESSION = "page-0123456789012345678901234567890123"
USAGE = {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 1100}
RESULT = {"type": "result", "answer": "Done.", "usage": USAGE}
QUESTION = b'{"prompt": "What <b>now</b>?"}'
DEEP = b"[" * 100_000


def event(**of: Any) -> bytes:
    return b"data: " + json.dumps(of).encode() + b"\n\n"


def asked(
    conversations: Conversations,
    status: int,
    *parts: bytes,
    hang_up: bool = False,
    body: bytes = QUESTION,
    settings: Callable[[], AgentSettings] = AgentSettings.from_files,
    beside: Callable[[], object] = lambda: None,
) -> list[dict[str, Any]]:
    """Ask an agent that answers so, from the page; with `hang_up` the caller leaves before the answer's end.

    `beside` is called by the event loop as soon as it has time for it, once the answer came.

    Returns the sessions that there are when the caller has the whole answer.
    """

    async def agent(_: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})
        for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        asyncio.get_running_loop().call_soon(beside)
        if hang_up:
            raise asyncio.CancelledError
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            seen.extend(conversations.all())

    seen: list[dict[str, Any]] = []
    token = issue_development_token("kim", conversations._folder.parent)
    names = {"authorization": f"Bearer {token}", SESSION_HEADER.lower(): SESSION}
    headers = [(name.encode(), value.encode()) for name, value in names.items()]

    async def turn() -> None:
        whole = recording.recorded(agent, conversations, settings)
        await whole({"type": "http", "headers": headers}, receive, send)

    try:
        asyncio.run(turn())
    except asyncio.CancelledError:
        assert hang_up
    return seen


@pytest.fixture
def kept(tmp_path: Path) -> Conversations:
    return Conversations(tmp_path / "page")


def test_a_stopped_turn_has_what_had_come(kept: Conversations) -> None:
    asked(kept, 200, event(type="start"), event(type="text", text="So "), event(type="text", text="far"), hang_up=True)
    (turn,) = kept.session(SESSION)["turns"]
    assert (turn["user"], turn["last"]) == ("kim", {"type": "stopped", "text": "So far"})


def test_events_may_come_in_any_parts(kept: Conversations) -> None:
    whole = event(type="text", text="Grüße\u2028") + event(**RESULT)
    asked(kept, 200, *(whole[at : at + 1] for at in range(len(whole))))
    assert kept.session(SESSION)["turns"][0]["last"] == RESULT


@pytest.mark.parametrize(("status", "kind"), [(403, "refused"), (503, "error"), (500, "error")])
def test_a_refusal_and_a_failure_are_kept_as_what_they_are(status: int, kind: str, kept: Conversations) -> None:
    asked(kept, status, b'{"error": "not you"}')
    (turn,) = kept.session(SESSION)["turns"]
    assert turn["last"] == {"type": kind, "status": status, "error": "not you"}


@pytest.mark.parametrize("status", [400, 401, 413])
def test_a_wrong_request_is_no_turn(status: int, kept: Conversations) -> None:
    asked(kept, status, b'{"error": "wrong"}')
    with pytest.raises(NotThere):
        kept.session(SESSION)


def test_a_full_disk_costs_the_record_and_not_the_turn(
    kept: Conversations, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept, "append", full)
    asked(kept, 200, event(**RESULT))
    assert "No space left" in caplog.text


def test_a_line_that_was_cut_short_costs_only_itself(kept: Conversations) -> None:
    asked(kept, 200, event(**RESULT))
    (file,) = kept._folder.iterdir()
    file.write_bytes(b'{"session": "x", "quest\n\xff\xfe\n[1]\n' + file.read_bytes())
    assert len(kept.session(SESSION)["turns"]) == 1
    assert [one["turns"] for one in kept.all()] == [1]
    asked(kept, 200, event(**RESULT))
    assert [one["turns"] for one in kept.all()] == [2], "the list sees what was added"


def test_an_answer_of_ten_megabytes_is_kept_whole(kept: Conversations) -> None:
    asked(kept, 200, event(**RESULT | {"answer": "é" * 5_000_000}))
    assert len(kept.session(SESSION)["turns"][0]["last"]["answer"]) == 5_000_000


def test_conversations_are_the_owners_alone(kept: Conversations) -> None:
    asked(kept, 200, event(**RESULT))
    (file,) = kept._folder.iterdir()
    assert (kept._folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_turn_costs_what_the_price_of_the_model_says(kept: Conversations, repository: Path) -> None:
    asked(kept, 200, event(**RESULT))
    assert kept.all()[0]["usd"] is None, "the offline model has no price"
    kept._path(SESSION).unlink()
    with (repository / "environments" / "local.yaml").open("a") as file:
        file.write("\nprices:\n  offline: {input: 3.0, output: 15.0}\n")
    asked(kept, 200, event(**RESULT))
    assert kept.all()[0]["usd"] == pytest.approx(0.0045)


def test_what_only_failed_turns_cost_is_not_known(kept: Conversations, repository: Path) -> None:
    with (repository / "environments" / "local.yaml").open("a") as file:
        file.write("\nprices:\n  offline: {input: 3.0, output: 15.0}\n")
    asked(kept, 503, b'{"error": "not now"}')
    assert kept.all()[0]["usd"] is None
    asked(kept, 200, event(**RESULT))
    assert kept.all()[0]["usd"] == pytest.approx(0.0045)


def test_a_file_that_is_wrong_meanwhile_costs_the_price_and_not_the_turn(
    kept: Conversations, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong() -> AgentSettings:
        raise ConfigError(["environments/local.yaml: model: missing"])

    asked(kept, 200, event(**RESULT), settings=wrong)
    assert (kept.session(SESSION)["turns"][0]["last"], kept.all()[0]["usd"]) == (RESULT, None)
    assert "model: missing" in caplog.text


def test_the_settings_are_those_that_the_server_began_with(repository: Path) -> None:
    page = parts()
    assert page.settings().name == "example-agent"
    (repository / "environments" / "local.yaml").write_text("model: [")
    assert page.settings().name == "example-agent"


def test_keeping_a_turn_holds_up_no_other_request(kept: Conversations, monkeypatch: pytest.MonkeyPatch) -> None:
    others, append, answered = Event(), kept.append, list[bool]()

    def slow(*of: Any) -> None:
        answered.append(others.wait(10))
        append(*of)

    monkeypatch.setattr(kept, "append", slow)
    asked(kept, 200, event(**RESULT), beside=others.set)
    assert answered == [True]


def test_who_has_the_whole_answer_finds_the_turn(kept: Conversations) -> None:
    assert [one["turns"] for one in asked(kept, 200, event(**RESULT))] == [1]


def test_what_is_nested_too_deeply_is_no_turn_and_an_answer_that_is_no_answer(kept: Conversations) -> None:
    asked(kept, 200, event(**RESULT), body=b'{"prompt": ' + DEEP)
    assert kept.all() == []
    asked(kept, 200, event(type="text", text="So far"), b"data: " + DEEP + b"\n\n")
    assert kept.session(SESSION)["turns"][0]["last"] == {"type": "stopped", "text": "So far"}
    with kept._path(SESSION).open("ab") as file:
        file.write(DEEP)
    assert [one["turns"] for one in kept.all()] == [1]
