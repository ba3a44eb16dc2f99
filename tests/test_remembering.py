"""An agent and a memory of this template together: what a user says once other sessions know, and nobody else.

Every question is a process of its own, so each is a restart of the agent; the memory is restarted in between.
"""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.repository import append, generate
from tests.test_generated import OFFLINE, run

pytestmark = [pytest.mark.generated, pytest.mark.enable_socket]

QUESTION = "What was our revenue in Q1 2025?"


@pytest.fixture(scope="module")
def repositories(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a generated agent that has been set up, and a generated memory, which needs no more than the agent has."""
    folder = tmp_path_factory.mktemp("remembering")
    agent = generate(template, folder, {"kind": "agent", "agent_name": "revenue-agent"})
    memory = generate(template, folder, {"kind": "memory", "agent_name": "analyst-memory"})
    run(agent, "make", "setup", f"PYTHON={sys.executable}")
    return agent, memory


@contextlib.contextmanager
def serving(memory: Path, python: Path, port: int) -> Iterator[None]:
    """Serve the memory as `make dev` does, until the end of the block."""
    command = [str(python), "-m", "agentcore_kit", "dev", "--port", str(port)]
    process = subprocess.Popen(command, cwd=memory, env={**os.environ, **OFFLINE}, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/ping"):
                break
            assert process.poll() is None, "the memory ended"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(120)


def ask(agent: Path, question: str, user: str, session: str = "") -> list[str]:
    """Ask as a user in a process of its own, and return the regions that were looked up, sorted: calls run at once."""
    command = [".venv/bin/kit", "ask", "--user", user, *(["--session", session] if session else []), "--", question]
    done = subprocess.run(
        command, cwd=agent, env={**os.environ, **OFFLINE}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted(re.findall(r"getQuarterlyRevenue\(region=(\w+)", done.stdout))


def test_it_remembers_a_preference_across_sessions_and_restarts_and_for_one_user(
    repositories: tuple[Path, Path],
) -> None:
    agent, memory = repositories
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"id": "analyst_memory-localstore", "endpoint": f"http://127.0.0.1:{port}"}
    manifest = agent / "manifest.yaml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("  memory: null", "  memory: analyst-memory"), encoding="utf-8")
    append(agent / "environments/local.yaml", f"memory: {settings}")
    python = agent / ".venv/bin/python"

    with serving(memory, python, port):
        assert ask(agent, QUESTION, "alice") == ["AMER", "APAC", "EMEA"]
        ask(agent, "My default region is APAC.", "alice", "a-conversation-on-a-monday-in-november")
    with serving(memory, python, port):
        assert ask(agent, QUESTION, "alice") == ["APAC"]
        ask(agent, "When I say home market, I mean AMER.", "alice")
        assert ask(agent, QUESTION, "bob") == ["AMER", "APAC", "EMEA"]
    with serving(memory, python, port):
        assert ask(agent, QUESTION, "alice") == ["APAC"]
        assert ask(agent, "What was the revenue of the home market in Q1 2025?", "alice") == ["AMER"]
        assert ask(agent, "and in Q2 2025?", "alice", "a-conversation-on-a-monday-in-november") == ["APAC"]
        assert ask(agent, QUESTION, "bob") == ["AMER", "APAC", "EMEA"]
