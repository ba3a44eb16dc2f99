"""The component as its image starts it, where `/tmp` alone takes files and the user owns nothing of the image."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.config.repository import repository_path
from agentcore_kit.delivery.invoke import SESSION_HEADER
from agentcore_kit.runtime import settings
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.testing.server_process import answers
from tests.confined import WAYS, confined
from tests.homes import free_port, home_in


@contextmanager
def started(way: str, image: Path) -> Iterator[httpx.Client]:
    """Start the component by the image's own command; yield a client with a user's token."""
    kept = image / ".local"  # as the Dockerfile makes it, for another user
    kept.mkdir()
    token = issue_development_token("alice", kept)
    for made in (kept, *kept.iterdir()):
        made.chmod(0o755)
    (line,) = re.findall(r"^CMD (.+)$", repository_path("Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    instrument, *command = re.findall(r'"(.+?)"', line)
    port = free_port()
    variables = os.environ | {
        "PORT": str(port),
        "AGENT_ENV": "local",
        "DEVELOPMENT_SECRETS": ".local",
        "HOME": "/nowhere",
        **{f"OTEL_{kind}_EXPORTER": "none" for kind in ("TRACES", "METRICS", "LOGS")},
    }
    start = confined(way, image, [str(Path(sys.executable).with_name(instrument)), *command], variables)
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    process = subprocess.Popen(start.command, cwd=start.folder, env=start.variables, start_new_session=True)
    try:
        assert answers(f"http://127.0.0.1:{port}/ping", process)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
            yield client
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=20)


@pytest.mark.integration
@pytest.mark.parametrize("way", WAYS)
def test_it_keeps_what_it_keeps_in_the_temporary_folder(way: str, tmp_path: Path, usual_umask: None) -> None:
    image = home_in(tmp_path / "image")
    with started(way, image) as client:
        kept = sorted((image / ".local").iterdir())
        for _ in "once", "again":
            if repository_kind() == "Agent":
                said = {"prompt": "What was our revenue in Q2 2025?"}
                answer = client.post("/invocations", json=said, headers={SESSION_HEADER: "s" * 40})
                assert answer.status_code == 200, answer.text
            else:
                watch = {"name": "addWatchedMarket", "arguments": {"region": "EMEA", "dataType": "revenue"}}
                call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": watch}
                answer = client.post("/mcp", json=call)
                assert '"isError":true' not in answer.text.replace(" ", ""), answer.text
    assert sorted((image / ".local").iterdir()) == kept


def test_state_goes_where_a_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings.state_folder() == Path(".local")
    monkeypatch.setenv("AGENT_STATE", "/mnt/data")
    assert settings.state_folder() == Path("/mnt/data")
