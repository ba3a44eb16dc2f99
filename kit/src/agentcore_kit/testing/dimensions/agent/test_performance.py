"""Dimension performance: several users at once, against `alarms.latencyP95Ms` of the environment file."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest

from agentcore_kit.evaluation.dataset import Row
from agentcore_kit.evaluation.summary import percentile
from agentcore_kit.evaluation.thresholds import latency_limit_ms
from agentcore_kit.testing.agent_client import Client, new_session
from agentcore_kit.testing.busy import measured
from agentcore_kit.testing.options import DimensionOptions

pytestmark = pytest.mark.dimension

USERS = 8
QUESTIONS_OF_A_USER = 3
MOST_FAILED = 0.01
"""The share of requests that may fail: one in a hundred, which of the few here is none."""


@dataclass(frozen=True)
class Load:
    """What the users measured, in milliseconds, and how many of their requests failed."""

    latencies: list[float]
    failed: int


@pytest.fixture(scope="module")
def load(client: Client, smoke: list[Row], options: DimensionOptions) -> Load:
    """Let all users ask at once, each in a conversation of its own."""
    questions = [turn.input for row in smoke for turn in row.turns]
    client.ask(questions[0])  # the first request waits for the start

    def converse(_: int) -> list[float | None]:
        session, measured = new_session(), list[float | None]()
        for index in range(QUESTIONS_OF_A_USER):
            began = time.perf_counter()
            try:
                good = client.post({"prompt": questions[index % len(questions)]}, session).status_code == 200
            except httpx.HTTPError:
                good = False
            measured.append((time.perf_counter() - began) * 1000 if good else None)
        return measured

    with measured() as busy, ThreadPoolExecutor(USERS) as pool:
        found = [value for values in pool.map(converse, range(USERS)) for value in values]
    # A machine that is busy with other things is no slow agent. What is deployed has a machine of its own.
    factor = busy.factor if options.is_local else 1
    good = [value / factor for value in found if value is not None]
    return Load(good, len(found) - len(good))


def test_answers_come_within_the_limit_of_the_environment(load: Load, options: DimensionOptions) -> None:
    environment = options.environment().name
    limit, p95 = latency_limit_ms(environment), percentile(load.latencies, 95)
    assert limit is not None
    assert p95 is not None, "no request was answered"
    assert p95 <= limit, f"P95 is {p95:.0f} ms; alarms.latencyP95Ms of environments/{environment}.yaml is {limit:.0f}"


def test_no_user_is_turned_away(load: Load) -> None:
    assert load.failed / (load.failed + len(load.latencies)) <= MOST_FAILED
