"""`kit dev` and `kit token` of a platform's repository, as a newcomer types them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from agentcore_kit.config.repository import repository_root
from agentcore_kit.local.spans import read_traces
from agentcore_kit.runtime.telemetry import SPAN_FILE
from agentcore_kit.testing.server_process import answers
from tests.gateway.client import User
from tests.gateway.targets import Target
from tests.gateway.test_targets import eventually
from tests.homes import free_port

pytestmark = pytest.mark.integration


def kit(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the kit in a repository."""
    command = [sys.executable, "-m", "agentcore_kit", *words]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def target() -> Iterator[Target]:
    """Return a target that runs."""
    target = Target(["getMarketData"])
    with target.running():
        yield target


@pytest.fixture
def home(tmp_path: Path, target: Target) -> Path:
    """Return a copy of what the gateway reads of the repository, on a port of the test's own."""
    home = tmp_path / "platform"
    home.mkdir()
    for name in ("environments", "policies"):
        shutil.copytree(repository_root() / name, home / name)
    (home / "manifest.yaml").write_text((repository_root() / "manifest.yaml").read_text())
    path = home / "environments" / "local.yaml"
    local = yaml.safe_load(path.read_text())
    local["gateway"] |= {"port": free_port(), "targets": [{"name": "market-data", "url": target.url}]}
    path.write_text(yaml.safe_dump(local))
    return home


@pytest.fixture
def port(home: Path) -> int:
    """Return where the gateway is served."""
    return int(yaml.safe_load((home / "environments" / "local.yaml").read_text())["gateway"]["port"])


def test_it_serves_by_the_files_of_the_repository_and_tells_what_to_do_next(
    home: Path, port: int, target: Target
) -> None:
    address = f"http://127.0.0.1:{port}"
    with (home / "server.log").open("w") as log:
        command = [sys.executable, "-u", "-m", "agentcore_kit", "dev"]
        server = subprocess.Popen(command, cwd=home, stdout=log, stderr=log, start_new_session=True)
    try:
        assert answers(f"{address}/ping", server), (home / "server.log").read_text()
        told = (home / "server.log").read_text()
        for part in (f"{address}/mcp", "kit token", f"{address}/.well-known/openid-configuration", target.url):
            assert part in told
        assert "\n  kit token --user ana" in told, "as text that can be copied, not as a line of the log"
        typed = kit(home, "token", "--user", "ana", "--claim", "department=finance", "--expires", "30m")
        user = User(f"{address}/mcp", typed.stdout.strip())
        nobody = User(f"{address}/mcp", kit(home, "token", "--user", "ben").stdout.strip())
        (home / "policies" / "own_rule.cedar").write_text(
            '@id("own_rule")\npermit(principal is AgentCore::OAuthUser, '
            'action == AgentCore::Action::"market-data___getMarketData", '
            'resource == AgentCore::Gateway::"${gateway}")\n'
            'when { principal.hasTag("department") && principal.getTag("department") == "finance" };'
        )
        arguments = {"region": "EMEA", "dataType": "revenue"}
        assert eventually(lambda: user.call("market-data___getMarketData", **arguments)["isError"] is False)
        assert nobody.call("market-data___getMarketData", **arguments)["isError"] is True
        kit(home, "token", "--rotate")
        assert user.call("market-data___getMarketData", **arguments)["isError"] is False
        spans = home / ".local" / SPAN_FILE
        assert eventually(lambda: spans.exists() and len(read_traces(spans)) > 1)
    finally:
        os.killpg(server.pid, signal.SIGINT)
        assert server.wait(timeout=120) == 0
    assert "Traceback" not in (home / "server.log").read_text()


def test_a_port_that_is_taken_is_told(home: Path, port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = kit(home, "dev")
    assert done.returncode == 3
    assert "gateway.port of environments/local.yaml" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--claim", "iss=http://elsewhere"), "--claim iss="),
        (("--claim", "department"), "must be NAME=VALUE"),
        (("--expires", "12"), "for example 12h"),
        (("--expires", "31d"), "at most 30d"),
    ],
)
def test_wrong_words_are_told(home: Path, words: tuple[str, ...], said: str) -> None:
    done = kit(home, "token", *words)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())
    assert done.stdout == ""
