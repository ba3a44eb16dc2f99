"""What the rehearsal makes of a tool's results."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentcore_kit.local.rehearsal import tool_fakes


@pytest.mark.parametrize(
    ("result", "wrong"),
    [
        ({"value": 14.5, "unit": "days", "final": True}, {"value": 30.0, "unit": "days", "final": True}),
        ({"rows": [{"count": 1}]}, {"rows": [{"count": 3}]}),
        ({"manager": "E1002", "known": True}, {"manager": "not E1002", "known": True}),
    ],
)
def test_a_result_has_other_figures_or_other_words(result: dict[str, Any], wrong: dict[str, Any]) -> None:
    said = json.loads(tool_fakes.distorted(json.dumps({"result": {"structuredContent": result}}).encode()))
    assert said["result"]["structuredContent"] == wrong
    assert json.loads(said["result"]["content"][0]["text"]) == wrong


def test_an_error_stays_one() -> None:
    reply = {"result": {"structuredContent": {"error": {"status": 404}}, "isError": True}}
    assert json.loads(tool_fakes.distorted(json.dumps(reply).encode())) == reply
