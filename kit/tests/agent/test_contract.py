"""Requests: what is accepted, and that a refusal names the field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentcore_kit.serving.invocation import MAX_PROMPT_CHARACTERS, BadRequest, parse_invocation, session_id_or_new


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (None, "payload"),
        ([], "payload"),
        ("text", "payload"),
        ({}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \n\t"}, "prompt"),
        ({"prompt": "x" * (MAX_PROMPT_CHARACTERS + 1)}, "prompt"),
        ({"prompt": "hi", "stream": "yes"}, "stream"),
        ({"prompt": "hi", "user_id": "root"}, "user_id"),
    ],
)
def test_a_wrong_payload_is_refused_by_field(payload: Any, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_invocation(json.dumps(payload).encode())
    assert refused.value.field == field
    assert refused.value.message


def test_a_right_payload() -> None:
    assert parse_invocation(b'{"prompt": " Wie geht\'s? ' + "報告".encode() + b' "}').prompt == " Wie geht's? 報告 "
    assert parse_invocation(b'{"prompt": "hi", "stream": true}').stream


@pytest.mark.parametrize("header", ["", "short", "x" * 32, "x" * 257, "x" * 40 + "\n", "with space" * 5])
def test_a_session_id_that_the_runtime_would_refuse(header: str) -> None:
    with pytest.raises(BadRequest):
        session_id_or_new(header)


def test_session_ids() -> None:
    assert session_id_or_new("x" * 33) == "x" * 33
    assert len(session_id_or_new(None)) >= 33
    assert session_id_or_new(None) != session_id_or_new(None)
