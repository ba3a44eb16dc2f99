"""Every line that an agent's server writes is JSON, whoever wrote it. Marked `integration`."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.homes import home_in
from tests.noise import check, check_failing_start, log_of

pytestmark = pytest.mark.integration


def is_loaded(address: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.post(f"{address}/invocations", json={}).status_code == 401  # before it is loaded, it waits
    return False


def test_whatever_is_written_is_a_line_of_json(tmp_path: Path) -> None:
    home = home_in(tmp_path / "home")
    check(log_of("agent.app", home, home / "src" / "agent" / "agent.py", is_loaded))


@pytest.mark.parametrize("wrong", ["port", "manifest", "level", "module"])
def test_a_failing_start_is_told_in_json_too(tmp_path: Path, wrong: str) -> None:
    home = home_in(tmp_path / "home")
    if wrong == "manifest":
        (home / "manifest.yaml").write_text("kind: Agent\n")
    if wrong == "module":
        (home / "src" / "agent" / "agent.py").write_text("import there_is_none")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1]) if wrong == "port" else "0"
        check_failing_start("agent.app", home, PORT=port, LOG_LEVEL="LOUD" if wrong == "level" else "INFO")
