"""Loopback never goes through a proxy, whichever library asks and however the variables are spelled."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import build_opener

import httpx
import httpx2
import pytest
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.runtime.proxies import exempt_loopback

NOWHERE = "http://127.0.0.1:9"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    class Ok(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Ok) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def _urllib(url: str) -> Any:
    with build_opener().open(url) as reply:  # `urlopen` keeps the proxies of its first call
        return reply.read()


def _botocore(url: str) -> Any:
    session = URLLib3Session(proxies=get_environ_proxies(url))
    return session.send(AWSRequest("GET", url).prepare()).content


def _requests(url: str) -> Any:
    return importlib.import_module("requests").get(url).content


def _aiohttp(url: str) -> Any:
    async def get() -> Any:
        aiohttp = importlib.import_module("aiohttp")
        async with aiohttp.ClientSession(trust_env=True) as session, session.get(url) as reply:
            return await reply.read()

    return asyncio.run(get())


LIBRARIES: dict[str, Callable[[str], Any]] = {
    "urllib": _urllib,
    "botocore": _botocore,
    "requests": _requests,
    "httpx, as the model's client": lambda url: httpx.get(url).content,
    "httpx2, as MCP's client": lambda url: httpx2.get(url).content,
    "aiohttp": _aiohttp,
}


@pytest.mark.parametrize("ask", LIBRARIES.values(), ids=list(LIBRARIES))
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("given", ["", "NO_PROXY", "no_proxy"])
def test_every_library_reaches_this_machine_directly(
    port: int, ask: Callable[[str], Any], host: str, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "https_proxy"):
        monkeypatch.setenv(name, NOWHERE)
    if given:
        monkeypatch.setenv(given, "intranet.example")
    before = os.environ.copy()
    with pytest.raises(Exception, match=r"9|refused|[Pp]roxy"):  # else what follows would show nothing
        ask(f"http://{host}:{port}/")
    try:
        exempt_loopback()
        assert ask(f"http://{host}:{port}/") == b"ok"
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"HTTP_PROXY": NOWHERE}, "127.0.0.1,localhost,::1"),
        (
            {"https_proxy": NOWHERE, "NO_PROXY": "a.example, 10.0.0.0/8"},
            "a.example, 10.0.0.0/8,127.0.0.1,localhost,::1",
        ),
        ({"ALL_PROXY": NOWHERE, "no_proxy": "::1,localhost"}, "::1,localhost,127.0.0.1"),
        ({"http_proxy": NOWHERE, "NO_PROXY": "localhost,127.0.0.1,::1"}, "localhost,127.0.0.1,::1"),
    ],
)
def test_what_the_user_set_stays_and_is_completed_in_both_spellings(given: dict[str, str], expected: str) -> None:
    variables = dict(given)
    exempt_loopback(variables)
    exempt_loopback(variables)
    assert variables == given | {"NO_PROXY": expected, "no_proxy": expected}


def test_each_spelling_keeps_its_own_value() -> None:
    variables = {"HTTP_PROXY": NOWHERE, "NO_PROXY": "a.example", "no_proxy": "b.example"}
    exempt_loopback(variables)
    assert variables["NO_PROXY"] == "a.example,127.0.0.1,localhost,::1"
    assert variables["no_proxy"] == "b.example,127.0.0.1,localhost,::1"


def test_no_proxy_at_all_stays_as_it_is() -> None:
    variables = {"HTTP_PROXY": NOWHERE, "NO_PROXY": "*"}
    exempt_loopback(variables)
    assert variables == {"HTTP_PROXY": NOWHERE, "NO_PROXY": "*", "no_proxy": "*"}


def test_without_a_proxy_in_the_environment_nothing_is_set() -> None:
    """A NO_PROXY alone would hide the proxies that macOS and Windows have in their own settings from Python."""
    variables = {"HTTP_PROXY": "", "NO_PROXY": "a.example"}
    exempt_loopback(variables)
    assert variables == {"HTTP_PROXY": "", "NO_PROXY": "a.example"}


SHOW = "import json, os; print(json.dumps(os.environ.get('no_proxy', '')))"
STARTS = {
    "the command line": "from agentcore_kit import cli\ntry: cli.main(['--help'])\nexcept SystemExit: pass",
    "the server": "import {module}",
    "the tests": "import pytest; pytest.main(['--collect-only', '-q', 'nowhere'])",
}


@pytest.mark.parametrize("start", STARTS)
def test_every_way_to_start_decides_so(start: str) -> None:
    module = "agent.app" if repository_kind() == "Agent" else "tool.app"
    code = STARTS[start].format(module=module)
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\n{SHOW}"],
        env=os.environ | {"HTTP_PROXY": NOWHERE, "PYTHONPATH": "src"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout.splitlines()[-1]) == "127.0.0.1,localhost,::1"
