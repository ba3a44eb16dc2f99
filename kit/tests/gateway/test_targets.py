"""Targets that are down, slow, changed, or of an older revision: theirs fails and says so, the others go on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from agentcore_kit.config.platform import Gateway
from agentcore_kit.local.gateway.connections import Connections
from agentcore_kit.local.gateway.search import SEARCH_TOOL
from tests.gateway.client import failure_of
from tests.gateway.conftest import Running, Start
from tests.gateway.finance import EVERYTHING
from tests.gateway.targets import Target


def eventually(true: Callable[[], bool]) -> bool:
    """Return whether something becomes true, in as long as a loaded machine may take."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.1)
    return False


def pinged(gateway: Running) -> dict[str, Any]:
    """Return what `/ping` answers."""
    found: dict[str, Any] = httpx.get(f"{gateway.address}/ping", trust_env=False).json()
    return found


def test_a_target_with_sessions_may_take_as_long_as_the_gateway_allows() -> None:
    connect: Any = Connections().transport("http://127.0.0.1:9/mcp").httpx_client_factory
    (longest,) = [rule.le for rule in Gateway.model_fields["timeout_seconds"].metadata if hasattr(rule, "le")]
    assert connect().timeout.read >= longest


def test_a_target_that_is_down_costs_its_own_tools_and_comes_back(start: Start, claims: Target) -> None:
    other = Target(["read"])
    gateway = start({"claims": claims, "down": other})
    gateway.permit(EVERYTHING)
    assert eventually(lambda: pinged(gateway)["down"] == ["down"]), "it says so before anybody has asked"
    user = gateway.user()
    assert eventually(lambda: "claims___delete" in user.tools())
    assert "down___read" in user.tools(), "policies/tools has the tools of a target that was never reached"
    failed = failure_of(user.call("down___read", amount=1))
    assert (failed["code"], failed["retryable"]) == (503, True)
    assert other.url in failed["message"]
    assert user.call("claims___read", amount=1)["isError"] is False
    with other.running():
        assert eventually(lambda: bool(user.tools()) and not pinged(gateway)["down"])
        assert user.call("down___read", amount=1)["structuredContent"]["user"] == "ana"
    assert failure_of(user.call("down___read", amount=1))["code"] == 503
    assert "down___read" in user.tools(), "the list is the last that there was, as of a gateway in AWS"
    assert user.call("claims___read", amount=1)["isError"] is False
    with other.running():
        assert eventually(lambda: user.call("down___read", amount=1)["isError"] is False)


def test_a_slow_tool_is_given_up_after_the_time_that_is_set(start: Start, claims: Target) -> None:
    slow = Target(["read"], seconds=2)
    with slow.running():
        gateway = start({"claims": claims, "slow": slow}, timeoutSeconds=0.5)
        gateway.permit(EVERYTHING)
        user = gateway.user()
        assert eventually(lambda: "slow___read" in user.tools())
        failed = failure_of(user.call("slow___read", amount=1))
        assert failed["code"] == 504
        assert "gateway.timeoutSeconds" in failed["message"]
        assert user.call("claims___read", amount=1)["isError"] is False
        assert "slow___read" in user.tools(), "a slow tool is no target that is down"


def test_a_list_of_tools_that_changes_is_seen(gateway: Running, claims: Target) -> None:
    gateway.permit(EVERYTHING)
    user = gateway.user()
    assert eventually(lambda: user.tools() == ["claims___delete", "claims___read", "claims___settle", SEARCH_TOOL])
    claims.tools = ["read", "archive"]
    gateway.describe("claims", claims)
    assert eventually(lambda: user.call("claims___archive", amount=1)["isError"] is False)
    assert eventually(lambda: user.tools() == ["claims___archive", "claims___read", SEARCH_TOOL])


def test_a_target_of_an_older_revision_with_sessions_is_called_as_it_needs(start: Start) -> None:
    old = Target(["read", "settle"], sessions=True)
    with old.running():
        gateway = start({"claims": old})
        user = gateway.user("ana")
        assert user.tools() == ["claims___read", SEARCH_TOOL]
        assert user.call("claims___read", amount=3)["structuredContent"] == {"tool": "read", "user": "ana", "amount": 3}
        assert user.call("claims___read", amount=2020)["isError"] is True
    (call,) = old.calls
    assert call.headers["authorization"] == f"Bearer {user.token}"


@pytest.mark.parametrize(
    "raw", [b"<p>busy</p>", b"[]", b'{"jsonrpc": "2.0", "id": 1, "result": {}}', b'{"jsonrpc": "2.0", "id": 1}']
)
def test_a_result_that_is_none_is_told_and_the_target_stays_up(gateway: Running, claims: Target, raw: bytes) -> None:
    user = gateway.user("ana")
    assert user.call("claims___read", amount=3)["isError"] is False
    claims.raw = raw
    failure = failure_of(user.call("claims___read", amount=3))
    assert (failure["code"], failure["retryable"]) == (502, False)
    assert "may have been done" in failure["message"]
    claims.raw = b""
    assert user.call("claims___read", amount=3)["isError"] is False


def test_fields_of_a_result_that_are_null_are_none(gateway: Running, claims: Target) -> None:
    empty: dict[str, Any] = {"content": [], "_meta": None, "structuredContent": None, "isError": False}
    claims.raw = json.dumps({"jsonrpc": "2.0", "id": 1, "result": empty}).encode()
    assert gateway.user("ana").call("claims___read", amount=3)["content"] == []


def test_targets_that_are_saved_hold_at_once(start: Start, claims: Target) -> None:
    gateway = start({}, {})
    user = gateway.user()
    assert user.tools() == [SEARCH_TOOL]
    gateway.describe("renamed", claims)
    gateway.permit(EVERYTHING)
    gateway.change(targets=[{"name": "renamed", "url": claims.url}])
    assert eventually(lambda: "renamed___read" in user.tools())
    gateway.change(targets=[])
    assert user.tools() == [SEARCH_TOOL]
