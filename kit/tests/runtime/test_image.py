"""The component as its image has it: nothing of development is there, and nothing asks for it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import httpx
import jwt
import pytest

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.config.repository import repository_path
from tests.homes import home_in
from tests.runtime.imports import imported_by_production

KIT = ("checks", "cli", "delivery", "evaluation", "kinds", "local", "testing", "tool_contract")
"""What of the kit is for development and delivery."""

START = """
import runpy
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ABSENT or any(name.startswith(f"{one}.") for one in ABSENT):
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)

sys.meta_path.insert(0, Absent())
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
"""Runs `-m MODULE` as Python itself does, in a process in which some modules cannot be imported."""


def pinned(name: str) -> set[str]:
    """Return the distributions that a requirement file has."""
    return set(re.findall(r"^([a-z0-9-]+)==", repository_path(name).read_text(encoding="utf-8"), re.MULTILINE))


@cache
def installed() -> dict[str, set[str]]:
    """Return the distributions that each top-level module is of, by names as requirement files have them."""
    found = packages_distributions()
    return {module: {re.sub(r"[._]+", "-", name).lower() for name in of} for module, of in found.items()}


def absent() -> set[str]:
    """Return the modules that are installed for development and not in the image."""
    production, development = pinned("requirements.txt"), pinned("requirements-dev.txt")
    only = {module for module, of in installed().items() if of & development and not of & production}
    return only | {f"agentcore_kit.{name}" for name in KIT}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return a folder with what the image has, and a program that makes everything else impossible to import."""
    home = home_in(tmp_path)
    (home / "start.py").write_text(f"ABSENT = {sorted(absent())!r}\n{START}")
    return home


def environment(home: Path, port: int) -> dict[str, str]:
    """Return the variables that the Dockerfile sets, for production, and what keeps the process on this machine."""
    text = repository_path("Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    (line,) = re.findall(r"^ENV (.+)$", text, re.MULTILINE)
    variables = dict(pair.replace('"', "").split("=", 1) for pair in line.split())
    local = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{home / 'src'}:{home}",
        "DOCKER_CONTAINER": "",  # it would listen on every address
        "PORT": str(port),
        "AGENT_ENV": "prod",
        "AWS_REGION": "eu-central-1",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:9",
        **{f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")},
    }
    return os.environ | variables | local


@contextmanager
def started(home: Path) -> Iterator[tuple[httpx.Client, Path]]:
    """Start the component by the image's own command; yield a client with a user's token, and the log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (line,) = re.findall(r"^CMD (.+)$", repository_path("Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    instrument, _, *arguments = re.findall(r'"(.+?)"', line)
    command = [str(Path(sys.executable).with_name(instrument)), sys.executable, "start.py", *arguments]
    log = home / "server.log"
    claims = {"sub": "alice", "exp": time.time() + 1000}
    token = jwt.encode(claims, "k" * 32)  # the Runtime has verified it
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=home, env=environment(home, port), stderr=file)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
                wait_for(client, process, log)
                yield client, log
        finally:
            process.terminate()
            process.wait(timeout=120)


def wait_for(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until it answers."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            assert client.get("/ping").json()["status"].startswith("Healthy")
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


@pytest.mark.integration
def test_it_serves_without_what_is_for_development(image: Path) -> None:
    with started(image) as (client, log):
        if repository_kind() == "Agent":
            answer = client.post("/invocations", json={"prompt": "hello"})
            assert (answer.status_code, answer.json()["error"][:24]) == (503, "the model is unavailable")
            assert "Could not connect to the endpoint" in log.read_text(), "it came as far as the model, which is away"
        else:
            call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
            assert client.post("/mcp", json=call).json()["result"]["tools"]
        assert "is not in the image" not in log.read_text()


@pytest.mark.parametrize(
    "module", ["agentcore_kit.local.offline_model", "agentcore_kit.testing.plugin", "typer", "pytest", "cfnlint"]
)
def test_what_is_for_development_is_absent_there(image: Path, module: str) -> None:
    """Else the test above would show nothing."""
    (image / "src" / "asking.py").write_text(f"import {module}")
    run = subprocess.run(
        [sys.executable, "start.py", "-m", "asking"],
        cwd=image, env=environment(image, 0), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "is not in the image" in run.stderr


@pytest.mark.parametrize("module", sorted(imported_by_production(repository_kind())))
def test_what_production_imports_is_in_requirements(module: str) -> None:
    assert installed()[module] & pinned("requirements.txt"), f"{module} is not in requirements.txt"
