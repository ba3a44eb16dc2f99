"""`kit dev` of a copy of the repository, as an engineer starts it, and who opens its page."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from agentcore_kit.config.repository import repository_root
from agentcore_kit.local.page.app import KEY_HEADER
from agentcore_kit.serving.invocation import SESSION_HEADER
from agentcore_kit.testing.server_process import answers
from tests.homes import environment_of, free_port

_START_SECONDS = 60.0


@dataclass
class Page:
    """The page of a component that `kit dev` serves.

    Attributes:
        address: `http://127.0.0.1:<port>`.
        key: What the printed address has behind `#key=`.
        home: The copy of the repository.
    """

    address: str
    key: str
    home: Path

    @property
    def opened(self) -> str:
        """The address that was printed."""
        return f"{self.address}/#key={self.key}"

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask below `/page/api/`, as the page does."""
        return httpx.get(f"{self.address}/page/api/{path}", headers={KEY_HEADER: self.key, **headers}, timeout=60)

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """Send something below `/page/api/`, as the page does."""
        url = f"{self.address}/page/api/{path}"
        return httpx.post(url, json=body, headers={KEY_HEADER: self.key, **headers}, timeout=60)

    def headers(self, user: str, session: str, trace: str = "") -> dict[str, str]:
        """Return the headers of a question that the page asks."""
        token = self.post("token", {"user": user}).json()["token"]
        traced = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"} if trace else {}
        return {"Authorization": f"Bearer {token}", SESSION_HEADER: session, KEY_HEADER: self.key, **traced}

    def ask(self, question: str, user: str = "developer", session: str = "", trace: str = "") -> list[dict[str, Any]]:
        """Ask as the page does, and return the events."""
        headers = self.headers(user, session or new_session(), trace)
        body = {"prompt": question, "stream": True}
        answered = httpx.post(f"{self.address}/invocations", json=body, headers=headers, timeout=60)
        return [json.loads(line.removeprefix("data: ")) for line in answered.text.splitlines() if line]


def new_session() -> str:
    """Return the id of a new session, as the page makes them."""
    return f"page-{uuid4()}"


@contextmanager
def page_of(
    folder: Path, added: Mapping[str, str] | None = None, replaced: Mapping[str, tuple[str, str]] | None = None
) -> Iterator[Page]:
    """Serve a copy of the repository in a folder, as `make dev` does, and stop it at the end as Ctrl-C does.

    Args:
        folder: Where the copy is made.
        added: What is written at the end of files of the copy, by their paths.
        replaced: What stands in files of the copy, and what takes its place, by their paths.
    """
    home = folder / repository_root().name
    shutil.copytree(repository_root(), home, ignore=shutil.ignore_patterns(".local", ".venv", "vendor", "__pycache__"))
    for path, (old, new) in (replaced or {}).items():
        text = (home / path).read_text(encoding="utf-8")
        assert old in text
        (home / path).write_text(text.replace(old, new), encoding="utf-8")
    for path, text in (added or {}).items():
        with (home / path).open("a", encoding="utf-8") as file:
            file.write(text)
    with dev(home) as (address, log):
        yield Page(address, printed(log, r"#key=(\S+)"), home)


@contextmanager
def dev(home: Path) -> Iterator[tuple[str, Path]]:
    """Run `kit dev` in a copy of the repository, and stop it at the end as Ctrl-C does.

    Args:
        home: The copy.

    Yields:
        The address, which answers, and the file with what is printed.
    """
    port, log = free_port(), home / "server.log"
    command = [sys.executable, "-u", "-m", "agentcore_kit", "dev", "--port", str(port)]
    with log.open("w") as file:
        server = subprocess.Popen(
            command, cwd=home, env=environment_of(home), stdout=file, stderr=file, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        assert answers(f"{address}/ping", server), log.read_text()
        yield address, log
    finally:
        os.killpg(server.pid, signal.SIGINT)
        server.wait(timeout=60)


def printed(log: Path, pattern: str) -> str:
    """Wait until something is printed, and return its group."""
    deadline = time.monotonic() + _START_SECONDS
    while not (found := re.search(pattern, log.read_text())):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    return found[1]
