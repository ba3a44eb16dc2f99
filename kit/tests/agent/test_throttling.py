"""A model that is throttled or down: one budget of retries for a turn, then an answer that says when to try again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from agentcore_kit.serving.models import build_model
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.providers import Family, http_server
from tests.agent.served import Served, served
from tests.agent.test_model_failures import BEDROCK_WHOLE, CALL, HALF, WHOLE, frame, pay
from tests.agent.test_models import BEDROCK, chosen_by
from tests.agent.test_providers import asking
from tests.agent.test_turn import agent_with, with_limits
from tests.homes import free_port

pytestmark = pytest.mark.integration

PLAIN = Family("a-model", ())
Answer = tuple[int, str, bytes]


def refusal(status: int, code: str) -> Answer:
    body = {"__type": code, "message": "no", "error": {"message": "no", "code": code}}
    return status, "application/json", json.dumps(body).encode()


EVENTS = "application/vnd.amazon.eventstream"
THROTTLED = refusal(429, "ThrottlingException")
THROTTLED_LATE = (200, EVENTS, frame("messageStart", {"role": "assistant"}) + frame(
    "throttlingException", {"message": "no"}, "exception"
))  # fmt: skip
DOWN = refusal(503, "ServiceUnavailableException")
BROKEN = refusal(500, "InternalServerException")
OVERLOADED = refusal(529, "overloaded_error")
NOT_READY = refusal(429, "ModelNotReadyException")
WRONG = refusal(400, "ValidationException")
OPENAI_WHOLE, OPENAI_CALL, OPENAI_HALF = (200, *WHOLE), (200, *CALL), (200, *HALF)

Serve = Callable[..., tuple[Served, list[Any]]]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentcore_kit.serving.model_stream.PAUSE_SECONDS", 0.01)


def with_model(settings: AgentSettings, provider: str, url: str, patch: pytest.MonkeyPatch) -> AgentSettings:
    """Return settings that name a model of a provider at an address."""
    if provider == "bedrock":
        patch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url.removesuffix("/v1"))
        return chosen_by(settings, BEDROCK)
    return asking(settings, PLAIN, url)


@pytest.fixture
def serve(settings: AgentSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Return what serves an agent whose model gives these answers, the last one for ever, and what it was asked."""
    with ExitStack() as opened:

        def started(provider: str, *answers: Answer, retry_after: str = "", **turn: Any) -> tuple[Served, list[Any]]:
            requests: list[Any] = []

            def answer(request: Any) -> Answer:
                requests.append(request)
                return answers[min(len(requests), len(answers)) - 1]

            headers = {"Retry_After": retry_after} if retry_after else {}
            url = opened.enter_context(http_server(answer, **headers))
            there = with_limits(with_model(settings, provider, url, monkeypatch), {"turn": turn})
            service = Service(there, build_model(there), agent_with(pay))
            return opened.enter_context(served(service, monkeypatch)), requests

        yield started


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("provider", "answer", "status"),
    [
        ("bedrock", THROTTLED, 429),
        ("bedrock", THROTTLED_LATE, 429),
        ("bedrock", DOWN, 503),
        ("bedrock", BROKEN, 503),
        ("bedrock", NOT_READY, 503),
        ("openai", THROTTLED, 429),
        ("openai", DOWN, 503),
        ("openai", OVERLOADED, 503),
    ],
)
def test_when_the_retries_are_used_up_the_caller_is_told_when_to_ask_again(
    serve: Serve, provider: str, answer: Answer, status: int, stream: bool
) -> None:
    agent, requests = serve(provider, answer)
    told, body, headers = agent.ask("How many?", stream=stream)
    assert told == status
    assert body["retryAfterSeconds"] >= 1
    assert str(body["retryAfterSeconds"]) in body["error"]
    assert body["requestId"]
    if not stream:
        assert headers["Retry-After"] == str(body["retryAfterSeconds"])
    assert len(requests) == 1 + agent.service.settings.environment.limits.turn.max_retries == 5


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("provider", "answers"),
    [
        ("bedrock", [THROTTLED, DOWN, (200, EVENTS, BEDROCK_WHOLE)]),
        ("bedrock", [THROTTLED_LATE, (200, EVENTS, BEDROCK_WHOLE)]),
        ("openai", [THROTTLED, BROKEN, OPENAI_HALF, OPENAI_WHOLE]),
    ],
)
def test_what_passes_is_answered(serve: Serve, provider: str, answers: list[Answer], stream: bool) -> None:
    agent, requests = serve(provider, *answers)
    told, body, _ = agent.ask("How many?", stream=stream)
    assert (told, body["answer"].rstrip(".")) == (200, "It is 7")
    assert len(requests) == len(answers)


def test_the_budget_is_one_for_all_model_calls_of_a_turn_and_full_again_in_the_next(serve: Serve) -> None:
    agent, requests = serve(
        "openai", THROTTLED, OPENAI_CALL, DOWN, OPENAI_CALL, OPENAI_HALF, OPENAI_WHOLE, maxRetries=2
    )
    told, body, _ = agent.ask("How many?")
    assert told == 502, body
    assert len(requests) == 5
    assert agent.ask("How many?")[0] == 200, "the conversation goes on"


def test_users_have_budgets_of_their_own(serve: Serve) -> None:
    agent, requests = serve("bedrock", THROTTLED, maxRetries=3)
    with ThreadPoolExecutor(2) as callers:
        told = [callers.submit(agent.ask, "How many?", user) for user in ("alice", "bob")]
        assert [each.result()[0] for each in told] == [429, 429]
    assert len(requests) == 2 * 4


@pytest.mark.parametrize("provider", ["bedrock", "openai"])
def test_who_says_when_to_try_again_is_not_asked_before(serve: Serve, provider: str) -> None:
    agent, requests = serve(provider, THROTTLED, retry_after="1000")
    told, body, headers = agent.ask("How many?")
    assert (told, body["retryAfterSeconds"], headers["Retry-After"]) == (429, 1000, "1000")
    assert len(requests) == 1


@pytest.mark.parametrize("provider", ["bedrock", "openai"])
def test_what_asking_again_does_not_help_is_asked_once(serve: Serve, provider: str) -> None:
    agent, requests = serve(provider, WRONG)
    assert agent.ask("How many?")[0] == 500
    assert len(requests) == 1


@pytest.mark.parametrize("provider", ["bedrock", "openai"])
def test_nobody_at_the_address_of_the_model(
    settings: AgentSettings, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    there = with_model(settings, provider, f"http://127.0.0.1:{free_port()}/v1", monkeypatch)
    with served(Service(there, build_model(there), agent_with(pay)), monkeypatch) as agent:
        told, body, headers = agent.ask("How many?")
        assert (told, headers["Retry-After"]) == (503, str(body["retryAfterSeconds"]))
