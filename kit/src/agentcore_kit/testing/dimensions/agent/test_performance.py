"""Dimension performance: several users at once, against the limits of performance.yaml."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx
import pytest
import yaml

from agentcore_kit.testing.agent_client import Client, new_session

pytestmark = [pytest.mark.dimension, pytest.mark.performance]

LIMITS: dict[str, dict[str, float]] = yaml.safe_load(
    Path(__file__).with_name("performance.yaml").read_text(encoding="utf-8")
)
QUESTIONS = ["What was our revenue in EMEA in Q1 2025?", "and APAC?", "and AMER?"]


@pytest.fixture(scope="module")
def load(client: Client) -> dict[str, Any]:
    """Let all users ask at once and return what they measured."""
    limits = LIMITS["local" if client.local else "remote"]
    client.ask(QUESTIONS[0])  # the first request waits for the start, which is measured elsewhere

    def converse(_: int) -> list[float | None]:
        session, measured = new_session(), list[float | None]()
        for question in QUESTIONS[: int(limits["questions"])]:
            began = time.perf_counter()
            try:
                good = client.post({"prompt": question}, session).status_code == 200
            except httpx.HTTPError:
                good = False
            measured.append((time.perf_counter() - began) * 1000 if good else None)
        return measured

    began = time.perf_counter()
    with ThreadPoolExecutor(int(limits["users"])) as pool:
        found = [value for values in pool.map(converse, range(int(limits["users"]))) for value in values]
    good = [value for value in found if value is not None]
    cuts = quantiles(good, n=20) if len(good) > 1 else [0.0] * 19
    return {
        "limits": limits,
        "latencyP50": cuts[9],
        "latencyP95": cuts[18],
        "errorRate": 1 - len(good) / len(found),
        "perSecond": len(found) / (time.perf_counter() - began),
    }


@pytest.mark.parametrize("metric", ["latencyP50", "latencyP95", "errorRate"])
def test_stays_below_its_limit(load: dict[str, Any], metric: str) -> None:
    assert load[metric] <= load["limits"][metric]


def test_answers_enough_at_once(load: dict[str, Any]) -> None:
    assert load["perSecond"] >= load["limits"]["minPerSecond"]
