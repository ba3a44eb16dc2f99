"""Dimension performance: several callers at once, against the limits of performance.yaml."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles

import pytest
import yaml

from agentcore_kit.mcp_server.contract.definitions import offered
from agentcore_kit.mcp_server.contract.samples import example
from agentcore_kit.testing.tool_client import Served

pytestmark = [pytest.mark.dimension, pytest.mark.performance]

LIMITS: dict[str, dict[str, float]] = yaml.safe_load(
    Path(__file__).with_name("performance.yaml").read_text(encoding="utf-8")
)
READ = next(tool for tool in offered() if tool["annotations"]["readOnlyHint"])


def test_callers_at_once_are_answered_in_time(served: Served) -> None:
    limits = LIMITS["local" if served.home else "remote"]
    arguments = example(READ)
    served.call(READ["name"], arguments)  # the first waits for the start, which is measured elsewhere

    def call(_: int) -> float:
        began = time.perf_counter()
        assert not served.call(READ["name"], arguments).get("isError")
        return (time.perf_counter() - began) * 1000

    callers = int(limits["callers"])
    with ThreadPoolExecutor(callers) as pool:
        took = list(pool.map(call, range(callers * int(limits["calls"]))))
    assert quantiles(took, n=20)[18] <= limits["latencyP95"]
