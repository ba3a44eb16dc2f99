"""`kit policies --refresh TARGET --from URL`: the tools of a server that runs become the tools that policies know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.policies.engine import load
from agentcore_kit.policies.refresh import refresh
from tests.gateway.conftest import Running
from tests.gateway.targets import Target


@pytest.mark.parametrize("sessions", [False, True], ids=["2026-07-28", "2025-11-25"])
def test_the_tools_of_a_running_server_are_written_and_kept_once_it_is_down(sessions: bool, tmp_path: Path) -> None:
    target = Target(["settle", "read"], sessions=sessions)
    with target.running():
        file = refresh(tmp_path, "claims", target.url)
    assert json.loads(file.read_text()) == {"tools": target.described()}
    assert {"claims___settle", "claims___read"} <= {*load(tmp_path).files.tools}
    before = file.read_bytes()
    with pytest.raises(ConfigError, match="make dev in its repository"):
        refresh(tmp_path, "claims", target.url)
    assert file.read_bytes() == before


def test_a_server_that_asks_for_a_token_gets_the_one_that_is_given(gateway: Running, tmp_path: Path) -> None:
    url = f"{gateway.address}/mcp"
    with pytest.raises(ConfigError, match="give a token that it accepts: --token"):
        refresh(tmp_path, "claims", url)
    file = refresh(tmp_path, "claims", url, gateway.issuer.issue("ana", claims={"department": "finance"}))
    assert "claims___settle" in file.read_text()
