"""Every line that an agent's server writes is JSON, whoever wrote it. Marked `integration`."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from agentcore_kit.runtime.telemetry import local_defaults
from tests.homes import environment_of, home_in
from tests.noise import check, log_of

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
    taken = socket.create_server(("127.0.0.1", 0))
    port = str(taken.getsockname()[1]) if wrong == "port" else "0"
    if wrong == "manifest":
        (home / "manifest.yaml").write_text("kind: Agent\n")
    if wrong == "module":
        (home / "src" / "agent" / "agent.py").write_text("import there_is_none")
    env = environment_of(home) | local_defaults() | {"PORT": port, "LOG_LEVEL": "LOUD" if wrong == "level" else "INFO"}
    done = subprocess.run(
        [sys.executable, "-m", "agent.app"], cwd=home, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    taken.close()
    lines = (done.stdout + done.stderr).splitlines()
    assert lines
    assert all(line.startswith("{") and line.endswith("}") for line in lines), lines
    assert done.returncode
