"""A certificate that is not trusted is named as one, whatever a library makes of it, with what to do about it."""

from __future__ import annotations

import json
import logging
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import build_opener

import boto3
import httpx
import openai
import pytest
from botocore.config import Config

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.runtime.certificates import certificate_problem
from agentcore_kit.runtime.logging import configure_logging


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve over TLS with a certificate that nobody knows."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 1 -subj /CN=127.0.0.1"
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command.split(), *names], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Say nothing of callers that hang up."""

    with Server(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def _authorities_of_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def _model(address: str) -> None:
    openai.OpenAI(base_url=address, api_key="any", max_retries=0).models.list()


def _memory(address: str) -> None:
    config = Config(retries={"total_max_attempts": 1})
    client = boto3.client("bedrock-agentcore", region_name="eu-central-1", endpoint_url=address, config=config)
    client.list_events(memoryId="memory-0123456789", sessionId="session", actorId="actor")


def _gateway(address: str) -> None:
    from mcp.client.streamable_http import streamable_http_client
    from strands.tools.mcp import MCPClient

    transport: Callable[[], Any] = lambda: streamable_http_client(f"{address}/mcp")  # noqa: E731
    MCPClient(transport).start()


def _sign_in(address: str) -> None:
    build_opener().open(address)  # `urlopen` would keep its certificates and proxies for later tests


CLIENTS: dict[str, Callable[[str], Any]] = {
    "a memory, by botocore": _memory,
    "a sign-in, by urllib": _sign_in,
    "an agent, by httpx": httpx.get,
}
OF_AN_AGENT: dict[str, Callable[[str], Any]] = {"a model, by openai": _model, "a gateway, by MCP": _gateway}
if repository_kind() == "Agent":
    CLIENTS |= OF_AN_AGENT


@pytest.fixture(params=CLIENTS.values(), ids=list(CLIENTS))
def failure(request: pytest.FixtureRequest, address: str) -> Exception:
    """Return what a client raises."""
    with pytest.raises(Exception) as raised:  # noqa: PT011
        request.param(address)
    return raised.value


def test_it_is_found_behind_what_each_client_raises(failure: Exception) -> None:
    said = certificate_problem(failure)
    assert said is not None
    assert said.startswith("a certificate is not trusted (self-signed certificate). Where your company's network")
    assert all(name in said for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"))


@pytest.mark.parametrize("with_stack", [True, False])
def test_the_log_names_it(failure: Exception, with_stack: bool, capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging(dict)
    if with_stack:
        logging.getLogger("any").error("request %s failed", "1", exc_info=failure)
    else:
        logging.getLogger("any").warning("gateway %s is unavailable: %s", "market", failure)
    (line,) = capfd.readouterr().err.splitlines()
    assert "a certificate is not trusted (self-signed" in json.loads(line)["message"]


@pytest.mark.parametrize("error", [httpx.ConnectError("[Errno 111] Connection refused"), None, ValueError("x")])
def test_nothing_else_is_taken_for_it(error: BaseException | None) -> None:
    assert certificate_problem(error) is None


COMMAND = """
import sys
from agentcore_kit import cli
from agentcore_kit.delivery.errors import CommandError, reported_errors

def failing() -> None:
    import httpx
    try:
        httpx.get(sys.argv[1])
    except httpx.HTTPError:
        if sys.argv[2] == "unexpected":
            raise
        with reported_errors():
            raise CommandError("nobody answers", "start it") from None

cli.COMMANDS = (cli.Command("failing", "__main__:failing", "", cli.EVERYDAY),)
cli.main(["failing"])
"""


@pytest.mark.parametrize("how", ["expected", "unexpected"])
def test_every_command_names_it_when_it_stops_at_it(address: str, how: str, tmp_path: Path) -> None:
    script = tmp_path / "command.py"
    script.write_text(COMMAND, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, str(script), address, how], env=os.environ, capture_output=True, text=True, check=False
    )
    assert run.returncode == 3
    assert "cause: a certificate is not trusted (self-signed certificate)." in run.stderr.splitlines()[-1]
    assert ("nobody answers" in run.stderr) is (how == "expected")
